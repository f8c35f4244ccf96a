package whatsappdevice

import (
	"testing"

	"causeway/core"
)

// TestCalls: a call is a line of the customer's, and one of the business's once somebody takes it on the phone. An answer does not quote it, and nobody
// can read it.
func TestCalls(t *testing.T) {
	r := newRig(t)
	missed := r.ana.Calls(false)
	r.ana.CallEnds(missed, "timeout")
	e := r.message("Called on WhatsApp.")
	if e.Origin != core.OriginCustomer || e.Message.Content.Kind != core.KindSystem || e.At.IsZero() || len(e.Peer.Identities) != 2 || e.ID == "" || e.ID != e.Message.Provider {
		t.Errorf("got %+v", e)
	}
	equal(t, "caller", e.Peer.Identities[0], core.IdentityKey{Scheme: core.SchemeLID, Value: r.ana.LID().User})
	taken := r.ana.Calls(true)
	r.ana.CallEnds(taken, "accepted_elsewhere")
	equal(t, "calls with video", r.message("Called on WhatsApp, with video.").Origin, core.OriginCustomer)
	ours := r.message("Took the call on the phone.")
	equal(t, "who took it", ours.Origin, core.OriginDevice)
	equal(t, "whose call", ours.Peer.Identities[0], e.Peer.Identities[0])
	equal(t, "calls taken", r.count("Took the call on the phone."), 1)
	r.phone.Settled()

	answer := words("You called?")
	answer.Quote = &core.Quote{Provider: e.Message.Provider}
	if _, err := r.send("part-1", answer); err != nil {
		t.Fatal(err)
	}
	equal(t, "quotes", r.ana.Got().Answered(), "")
	_, err := r.link.Act(t.Context(), core.Act{Action: core.ActionRead, Target: e.Message.Provider})
	if e := core.AsSendError(err); err == nil || e.Outcome != core.Rejected {
		t.Errorf("read: %v", err)
	}
}
