package ginapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"

	"rsc.io/qr"
)

// linked makes a link to the pairing page of the office's channel, as it stands on this listener.
func (o *office) linked() string {
	o.t.Helper()
	var made pairLinkView
	o.want(201, "POST", "/channels/wa/pairing/link", "", &made)
	path, ours := strings.CutPrefix(made.URL, o.server.PublicURL)
	if !ours || !made.Until.Equal(o.now.Add(time.Hour)) {
		o.t.Errorf("made %+v", made)
	}
	return o.public + path
}

const jsonType = "application/json"

func TestPairPage(t *testing.T) {
	o := openOffice(t)
	link := o.linked()
	resp, page := o.call("GET", link, "", "Accept-Language", "ar-SA,en;q=0.5")
	if resp.StatusCode != 200 || !strings.Contains(page, `dir="rtl"`) || !strings.Contains(page, ">wa<") || resp.Header.Get("Content-Security-Policy") != pairPolicy ||
		resp.Header.Get("Referrer-Policy") != "no-referrer" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v\n%s", resp.StatusCode, resp.Header, page)
	}
	if o.links.pairing.ID != "" {
		t.Error("looking at the page began a pairing")
	}
	for _, asset := range []string{"page.js", "page.css"} {
		if resp, body := o.call("GET", o.public+"/pair/"+asset, ""); resp.StatusCode != 200 || body == "" {
			t.Errorf("%s: %d", asset, resp.StatusCode)
		}
	}
	if resp, _ := o.call("POST", link+"/begin", `{"phone":"+49"}`, "Content-Type", jsonType); resp.StatusCode != 202 || o.links.pairing.Step.Code != "scan +49" {
		t.Errorf("begin: %d, %+v", resp.StatusCode, o.links.pairing)
	}
	for body, want := range map[string]core.PairingAnswer{`{"id":"p1","credential":{"id":"x"}}`: {Passkey: []byte(`{"id":"x"}`)}, `{"id":"p1","same":true}`: {Agreed: true}, `{"id":"p1"}`: {}} {
		if resp, text := o.call("POST", link+"/answer", body, "Content-Type", jsonType); resp.StatusCode != 204 || fmt.Sprint(o.links.answer) != fmt.Sprint(want) {
			t.Errorf("answer %s: %d %s, %v", body, resp.StatusCode, text, o.links.answer)
		}
	}
	for _, c := range []struct {
		body, contentType string
		status            int
	}{{`{"id":"another"}`, jsonType, 409}, {`{`, jsonType, 422}, {`{}`, "text/plain", 415}, {`"` + strings.Repeat("x", pairBody) + `"`, jsonType, 413}} {
		if resp, text := o.call("POST", link+"/answer", c.body, "Content-Type", c.contentType); resp.StatusCode != c.status {
			t.Errorf("%.20s: %d, want %d: %s", c.body, resp.StatusCode, c.status, text)
		}
	}
}

// TestPairLink: whoever has no link of ours, or one that is over, is told so and gets nothing.
func TestPairLink(t *testing.T) {
	o := openOffice(t)
	o.channel("a", "mail", "acc2", "s")
	if resp, text := o.api(o.key, "POST", "/channels/mail/pairing/link", ""); resp.StatusCode != 422 || !strings.Contains(text, "not paired") {
		t.Errorf("of a channel without a phone: %d %s", resp.StatusCode, text)
	}
	good, in := o.linked(), func(d time.Duration) time.Time { return o.now.Add(d) }
	for name, c := range map[string]struct {
		link   string
		status int
	}{
		"good":              {good, 200},
		"over":              {PairURL(o.public, o.server.MediaKey, "a", "wa", in(0)), 410},
		"cut off":           {good[:len(good)-2], 404},
		"another key":       {PairURL(o.public, bytes.Repeat([]byte("z"), 32), "a", "wa", in(time.Hour)), 404},
		"a link to a file":  {o.public + pairPath + strings.TrimPrefix(o.link("a", "f1", in(time.Hour)), o.public+mediaPath), 404},
		"no channel":        {PairURL(o.public, o.server.MediaKey, "a", "gone", in(time.Hour)), 410},
		"another workspace": {PairURL(o.public, o.server.MediaKey, "b", "wa", in(time.Hour)), 410},
	} {
		resp, page := o.call("GET", c.link, "")
		if resp.StatusCode != c.status || strings.Contains(page, "page.js") != (c.status == 200) || strings.Contains(page, "not good any more") != (c.status != 200) && !strings.Contains(page, "data-words") {
			t.Errorf("%s: %d\n%s", name, resp.StatusCode, page)
		}
		if c.status == 200 {
			continue
		}
		if resp, _ := o.call("POST", c.link+"/begin", `{}`, "Content-Type", jsonType); resp.StatusCode < 400 || o.links.pairing.ID != "" {
			t.Errorf("%s: began, %d", name, resp.StatusCode)
		}
	}
	if resp, _ := o.call("POST", good+"/begin", `{}`, "Content-Type", jsonType, "Sec-Fetch-Site", "cross-site"); resp.StatusCode != 404 || o.links.pairing.ID != "" {
		t.Errorf("from another site: %d", resp.StatusCode)
	}
}

// TestPairPageFollows: the page's stream draws the code, counts what is left by the gateway's clock, and names the cause.
func TestPairPageFollows(t *testing.T) {
	o := openOffice(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.linked()+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func() (step pairStep) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &step); err != nil {
					t.Fatal(err)
				}
				return step
			}
		}
		t.Fatal("the stream ended")
		return step
	}
	if step := next(); step.State != "" {
		t.Errorf("before one has begun: %+v", step)
	}
	_, err = o.links.Pair(t.Context(), "a", "wa", core.PairingWish{})
	if err != nil {
		t.Fatal(err)
	}
	o.links.shows(core.PairingStep{State: core.PairingQR, Code: "https://wa.me/x", Until: noon.Add(20 * time.Second)})
	for step := next(); ; step = next() {
		if step.Left == 0 {
			continue // the toy's first, without an end
		}
		code, err := qr.Encode("https://wa.me/x", qr.L)
		if err != nil || step.Left != 20 || step.Code != "" || drawn(step) != dark(code) {
			t.Errorf("drawn %+v, %v", step, err)
		}
		break
	}
	o.links.shows(core.PairingStep{State: core.PairingFailed, Reason: "Another phone.", Remedy: "Use this one.", Cause: core.PairingOtherPhone})
	if step := next(); step.Cause != core.PairingOtherPhone || step.Reason == "" || step.Remedy == "" {
		t.Errorf("failed: %+v", step)
	}
}

// drawn lists the dark modules of a path, dark those of a code.
func drawn(step pairStep) string {
	var all []string
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(step.Path, -1) {
		var x, y, n int
		_, _ = fmt.Sscan(m[1]+" "+m[2]+" "+m[3], &x, &y, &n)
		for i := range n {
			all = append(all, fmt.Sprint(x+i, y))
		}
	}
	return fmt.Sprint(step.Size, all)
}

func dark(code *qr.Code) string {
	var all []string
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				all = append(all, fmt.Sprint(x+4, y+4))
			}
		}
	}
	return fmt.Sprint(code.Size+8, all)
}

// TestPairPageWords: each language says everything that the page asks for, and each cause has its sentence and its remedy.
func TestPairPageWords(t *testing.T) {
	var words map[string]map[string]string
	file := func(name string) string {
		raw, err := pairFiles.ReadFile("pairpage/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if err := json.Unmarshal([]byte(file("words.json")), &words); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"left_qr": true, "left": true}
	for _, m := range regexp.MustCompile(`(?:\.W|words)\.(\w+)`).FindAllStringSubmatch(file("page.html")+file("page.js"), -1) {
		want[m[1]] = true
	}
	source, err := os.ReadFile("../../core/pairing.go")
	if err != nil {
		t.Fatal(err)
	}
	causes := regexp.MustCompile(`PairingCause = "([\w-]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(causes) == 0 {
		t.Fatal("no causes found for which a pairing fails")
	}
	for _, c := range causes {
		want["failed_"+c[1]], want["remedy_"+c[1]] = true, true
	}
	holes := regexp.MustCompile(`\{\w+\}`)
	for _, lang := range []string{"en", "ar", "ru"} {
		if got, all := slices.Sorted(maps.Keys(words[lang])), slices.Sorted(maps.Keys(want)); !slices.Equal(got, all) {
			t.Errorf("%s says %v,\nwant %v", lang, got, all)
		}
		for name, text := range words[lang] {
			if strings.TrimSpace(text) == "" || fmt.Sprint(holes.FindAllString(text, -1)) != fmt.Sprint(holes.FindAllString(words["en"][name], -1)) {
				t.Errorf("%s: %s is %q", lang, name, text)
			}
		}
	}
}
