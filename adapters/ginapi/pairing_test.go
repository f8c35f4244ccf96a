package ginapi

import (
	"bufio"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"causeway/core"
)

// TestPairingIsFollowed: the stream tells each step as it comes, and ends with the last.
func TestPairingIsFollowed(t *testing.T) {
	o := openOffice(t)
	if resp, _ := o.api(o.key, "GET", "/channels/wa/pairing/events", ""); resp.StatusCode != 404 {
		t.Errorf("before one has begun: %d", resp.StatusCode)
	}
	o.want(202, "POST", "/channels/wa/pairing", `{"phone":"+49"}`, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.public+apiPath+"/channels/wa/pairing/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+o.key)
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(r) // the contract's client reads to the end first
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", resp.Header)
	}
	lines := bufio.NewScanner(resp.Body)
	next := func(want string) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if !strings.Contains(data, want) {
					t.Errorf("told %s, want %s", data, want)
				}
				return
			}
		}
		t.Errorf("the stream ended before %s", want)
	}
	next(`"state":"qr","code":"scan +49"`)
	o.links.shows(core.PairingStep{State: core.PairingPasskey, Origin: "https://x.example", Request: []byte(`{"challenge": "abc"}`)})
	next(`"request":{"challenge":"abc"}`)
	o.links.shows(core.PairingStep{State: core.PairingDone, Account: core.Paired{Number: "+49", Name: "Shop"}})
	next(`"number":"+49","name":"Shop"`)
	if lines.Scan() && lines.Text() != "" {
		t.Errorf("after the end: %q", lines.Text())
	}
}

func TestPairingPicture(t *testing.T) {
	o := openOffice(t)
	o.want(202, "POST", "/channels/wa/pairing", `{}`, nil)
	resp, body := o.api(o.key, "GET", "/channels/wa/pairing/qr.png", "")
	picture, err := png.Decode(strings.NewReader(body))
	if err != nil || resp.Header.Get("Content-Type") != "image/png" || picture.Bounds().Dx() < 232 {
		t.Errorf("picture %v: %v", resp.Header, err)
	}
	o.links.shows(core.PairingStep{State: core.PairingFinishing})
	if resp, _ := o.api(o.key, "GET", "/channels/wa/pairing/qr.png", ""); resp.StatusCode != 404 {
		t.Errorf("when no code is shown: %d", resp.StatusCode)
	}
}

func TestPairingAnswers(t *testing.T) {
	o := openOffice(t)
	o.want(202, "POST", "/channels/wa/pairing", `{}`, nil)
	o.want(204, "POST", "/channels/wa/pairing/passkey", `{"pairing":"p1","credential":{"id":"x","n":12345678901}}`, nil)
	if got := string(o.links.answer.Passkey); !strings.Contains(got, `"id":"x"`) {
		t.Errorf("handed over %s", got)
	}
	o.want(409, "POST", "/channels/wa/pairing/confirm", `{"pairing":"another","same":true}`, nil)
	o.want(204, "POST", "/channels/wa/pairing/confirm", `{"pairing":"p1","same":true}`, nil)
	if !o.links.answer.Agreed {
		t.Error("not handed over")
	}
	o.want(204, "DELETE", "/channels/wa/pairing", "", nil)
	var p pairingView
	if o.want(200, "GET", "/channels/wa/pairing", "", &p); p.State != core.PairingFailed || p.Remedy == "" {
		t.Errorf("after it was stopped: %+v", p)
	}
}
