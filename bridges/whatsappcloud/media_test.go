package whatsappcloud

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

func TestFetch(t *testing.T) {
	g := says(t, map[string]string{"/1": refusedCode + `100,"error_subcode":33}}`, "/2": `{"id":"2"}`, "/3": refusedCode + `190}}`, "/4": "<html>", "/5": `{"url":"ftp://x"}`})
	l := openLink(t, bridgetest.NewHost(t), keyBase, g.URL)
	for name, c := range map[string]struct {
		m    core.Media
		gone bool
		ok   bool
	}{
		"by id":                    {core.Media{Provider: "4711", MIME: "image/png"}, false, true},
		"by address, our base":     {core.Media{URL: g.URL + "/files/4711"}, false, true},
		"deleted":                  {core.Media{Provider: "1"}, true, false},
		"no address in the answer": {core.Media{Provider: "2"}, false, false},
		"token expired":            {core.Media{Provider: "3"}, false, false},
		"answer not readable":      {core.Media{Provider: "4"}, false, false},
		"address of another kind":  {core.Media{Provider: "5"}, false, false},
		"id that is a path":        {core.Media{Provider: ".."}, true, false},
		"neither":                  {core.Media{}, true, false},
		"plain http elsewhere":     {core.Media{URL: "http://files.example.com/a"}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := l.Fetch(t.Context(), c.m)
			if (err == nil) != c.ok || errors.Is(err, core.ErrMediaGone) != c.gone {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				return
			}
			defer d.Body.Close()
			if all, err := io.ReadAll(d.Body); string(all) != "bytes" || err != nil || d.Size != 5 {
				t.Errorf("got %q of %d, %v", all, d.Size, err)
			}
		})
	}
}

// TestFetchToken: the token goes to the platform and to where it sends us, and nowhere else.
func TestFetchToken(t *testing.T) {
	var got []string
	other := newGraph(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, "x")
	})
	g := says(t, map[string]string{"/9": `{"url":"` + other.URL + `/f"}`})
	l := openLink(t, bridgetest.NewHost(t), keyBase, g.URL)
	for _, m := range []core.Media{{Provider: "9"}, {URL: other.URL + "/f"}} {
		if d, err := l.Fetch(t.Context(), m); err == nil { // not encrypted, and not the platform's own host
			d.Body.Close()
			t.Errorf("%+v was fetched without encryption", m)
		}
	}
	if len(got) > 0 {
		t.Errorf("a stranger was called with %q", got)
	}
}

func TestUpload(t *testing.T) {
	picture := core.Outgoing{To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindImage, Media: &core.Media{ID: "f1", MIME: "image/png", Name: "ä\"\r\nb.png", Size: 5}}}
	h := bridgetest.NewHost(t)
	h.PutFile("f1", []byte("bytes"))
	g := says(t, nil)
	if _, err := openLink(t, h, keyBase, g.URL).Send(t.Context(), picture); err != nil {
		t.Fatal(err)
	}
	up, sent := g.Calls()[0], g.Calls()[1]
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(string(up.Body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = up.Header
	file, head, err := r.FormFile("file")
	if err != nil {
		t.Fatal(err)
	}
	data, _ := io.ReadAll(file)
	if r.FormValue("messaging_product") != "whatsapp" || r.FormValue("type") != "image/png" || string(data) != "bytes" || head.Header.Get("Content-Type") != "image/png" ||
		head.Filename != `ä"  b.png` {
		t.Errorf("uploaded %v %q as %q", r.Form, data, head.Filename)
	}
	if sent.JSON(t)["image"].(map[string]any)["id"] != "4711" {
		t.Errorf("sent %s", sent.Body)
	}
	for name, c := range map[string]struct {
		answer string
		base   string
		id     core.MediaID
		effect core.Effect
	}{
		"unfit":        {refusedCode + `131053}}`, "", "f1", core.EffectFail},
		"no answer":    {"<html>", "", "f1", core.EffectRetry},
		"no id":        {`{}`, "", "f1", core.EffectRetry},
		"nobody there": {"", "http://127.0.0.1:1", "f1", core.EffectRetry},
		"no file":      {"", "", "f2", core.EffectFail},
	} {
		t.Run(name, func(t *testing.T) {
			g := says(t, map[string]string{"/media": c.answer})
			out := picture
			out.Content.Media = &core.Media{ID: c.id, MIME: "image/png", Size: 5}
			_, err := openLink(t, h, keyBase, cmp.Or(c.base, g.URL)).Send(t.Context(), out)
			if e := core.AsSendError(err); err == nil || e.Outcome != core.Rejected || e.Effect != c.effect || e.Reason == "" {
				t.Errorf("got %+v, want %s", e, c.effect)
			}
		})
	}
}
