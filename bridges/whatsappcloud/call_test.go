package whatsappcloud

import (
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestCallIsNotQuoted: an answer to a call goes out as any text, and nothing is asked of WhatsApp about the call.
func TestCallIsNotQuoted(t *testing.T) {
	g := newGraph(t, nil)
	l := openLink(t, bridgetest.NewHost(t), keyBase, g.URL)
	c := core.Content{Kind: core.KindText, Text: "You called?", Quote: &core.Quote{Provider: "wacid.1"}}
	if _, err := l.Send(t.Context(), core.Outgoing{Key: "key", To: []core.IdentityKey{ana}, Content: c}); err != nil {
		t.Fatal(err)
	}
	if sent := g.Calls()[0].JSON(t); sent["context"] != nil {
		t.Errorf("sent %v", sent)
	}
	_, err := l.Act(t.Context(), core.Act{Action: core.ActionRead, Key: "read", To: []core.IdentityKey{ana}, Target: "wacid.1"})
	if e := core.AsSendError(err); err == nil || e.Effect != core.EffectFail || len(g.Calls()) != 1 {
		t.Errorf("got %+v after %d calls", e, len(g.Calls()))
	}
}
