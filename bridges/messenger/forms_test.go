package messenger

import (
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

func piece(s string) string {
	return `{"object":"page","entry":[{"id":"` + pageID + `","time":1700000000000,"messaging":[{"sender":{"id":"5678"},"recipient":{"id":"` + pageID + `"},"timestamp":1700000000000,` + s + `}]}]}`
}

// TestForms: what a customer filled in at the platform is a form of theirs; an empty one says nothing.
func TestForms(t *testing.T) {
	for body, want := range map[string]map[string]string{
		`"messaging_feedback":{"feedback_screens":[{"screen_id":0,"questions":{"service":{"type":"csat","payload":"4","follow_up":{"type":"free_form","payload":"Nice"}},"again":{"type":"nps","payload":"9"}}}]}`: {"service": "4", "service, in words": "Nice", "again": "9"},
		`"customer_information":{"screens":[{"screen_id":"0","responses":[{"key":"name","value":"Ana"},{"key":"email","value":""}]}]}`:                                                                             {"name": "Ana"},
		`"messaging_customer_information":{"screens":[{"screen_id":"0","responses":[{"key":"email","value":"ana@home.test"}]}]}`:                                                                                   {"email": "ana@home.test"},
		`"messaging_feedback":{"feedback_screens":[]}`: nil,
	} {
		e := receive(t, openLink(t, bridgetest.NewHost(t)), piece(body))[0]
		if want == nil {
			if e.Kind != core.EventOther {
				t.Errorf("%s: got %+v", body, e)
			}
			continue
		}
		if e.Kind != core.EventMessage || e.Message.Content.Kind != core.KindForm || len(e.Message.Content.Form.Fields) != len(want) || e.Peer.Identities[0] != ana {
			t.Fatalf("%s: got %+v", body, e)
		}
		for name, value := range want {
			if got := e.Message.Content.Form.Fields[name]; got != value {
				t.Errorf("%s: %s is %v, want %s", body, name, got, value)
			}
		}
	}
}

// TestReels: the page on which people see a reel is a link, the reel's own file a film.
func TestReels(t *testing.T) {
	for address, film := range map[string]bool{"https://www.facebook.com/reel/123/": false, "https://instagram.com/reel/abc": false, "https://fb.watch/x": false,
		"https://video.xx.fbcdn.net/v/1.mp4": true, "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1": true} {
		c := receive(t, openLink(t, bridgetest.NewHost(t)), piece(`"message":{"mid":"m1","attachments":[{"type":"reel","payload":{"title":"Bikes","url":"`+address+`"}}]}`))[0].Message.Content
		if film && (c.Kind != core.KindVideo || c.Media.URL != address) || !film && (c.Kind != core.KindText || c.Text != "Bikes\n"+address) {
			t.Errorf("%s: got %+v", address, c)
		}
	}
}
