package whatsappcloud

import (
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta/metatest"
	"causeway/core"
)

const peersFile = "testdata/peers/peers.json"

func TestPeersInbound(t *testing.T) {
	for _, c := range bridgetest.LoadPeers(t, fixtureFolder, peersFile).Cases(t) {
		t.Run(c.Set.Name+"/"+c.Name, func(t *testing.T) {
			_, events, err := bridgetest.Open[*link](t, Bridge{}, bridgetest.NewHost(t), c.With(goodSettings())).Receive(t.Context(), c.Request)
			if len(events) == 0 && err == nil {
				t.Error("nothing came of it")
			}
			for _, e := range events {
				if e.Kind == core.EventMessage && e.Account != "1234567890" {
					t.Errorf("it is for the account %q", e.Account)
				}
			}
			c.Judge(t, bridgetest.OutcomeOf(events, err))
		})
	}
}

// TestEveryPayload: whatever peers and Meta have as samples becomes what the table says, and twice the same.
func TestEveryPayload(t *testing.T) {
	l, became := openLink(t, bridgetest.NewHost(t)), bridgetest.Tally{}
	for _, s := range bridgetest.LoadPeers(t, fixtureFolder, peersFile).Samples(t) {
		t.Run(s.Name, func(t *testing.T) {
			became.Add(s.Keep(t, func() ([]core.Event, error) {
				_, events, err := l.Receive(t.Context(), metatest.Signed(s.Body))
				return events, err
			}))
			if len(s.Fill) == 0 {
				return
			}
			filled := receive(t, l, string(s.Filled()))
			became.Add(filled)
			for _, e := range filled {
				if e.Fault != "" {
					t.Errorf("fault even when filled in: %s", e.Fault)
				}
			}
		})
	}
	became.Want(t, core.EventMessage, core.EventReceipt, core.EventReaction, core.EventEdit, core.EventRevoke, core.EventIdentity, core.EventPreference, core.EventTemplate,
		core.EventAccount, core.EventOther)
}
