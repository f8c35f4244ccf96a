package twilio

import (
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestNoID: a message that comes without an id is a message still, the same one when the call is repeated, and another one later.
func TestNoID(t *testing.T) {
	h := bridgetest.NewHost(t)
	l := openLink(t, h)
	ids := map[string]bool{}
	for range 3 {
		for range 2 {
			all := receive(t, l, sample("MessageSid", "-", "SmsSid", "-", "Body", "مرحبا"))
			if len(all) != 1 || all[0].Kind != core.EventMessage || all[0].Message.Content.Text != "مرحبا" || all[0].Peer.Identities[0] != ana {
				t.Fatalf("got %+v", all)
			}
			ids[all[0].ID] = true
		}
		h.SetNow(h.Now().Add(10 * time.Minute))
	}
	if len(ids) != 3 {
		t.Errorf("%d messages, want 3", len(ids))
	}
	if all := receive(t, l, sample("MessageSid", "-", "SmsSid", "-", "Body", "-", "From", "-")); len(all) != 1 || all[0].Kind != core.EventOther {
		t.Errorf("nothing said by nobody: got %+v", all)
	}
}

// TestNowhere: a place that is none is not shown as one; what was written with it is.
func TestNowhere(t *testing.T) {
	for _, at := range [][2]string{{"999", "1"}, {"1", "-180.5"}, {"NaN", "1"}, {"Inf", "0"}} {
		all := receive(t, openLink(t, bridgetest.NewHost(t)), sample("From", "whatsapp:+16505551234", "To", "whatsapp:"+ourNumber, "Body", "here", "Latitude", at[0], "Longitude", at[1]))
		if c := all[0].Message.Content; c.Kind != core.KindText || c.Text != "here" {
			t.Errorf("%v: got %+v", at, c)
		}
	}
}
