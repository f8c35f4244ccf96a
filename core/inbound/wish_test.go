package inbound_test

import (
	"testing"
	"time"

	"causeway/core"
)

// silence says what Grace does not want on the channel.
func (w *world) silence() string {
	w.Helper()
	all, err := w.repo.Wishes(w.Context(), w.ch.ID, w.contacts()[0].ID)
	w.must(err)
	said := ""
	for _, x := range all {
		switch {
		case x.Stop && x.Marketing:
			said += "marketing"
		case x.Stop:
			said += "all "
		}
	}
	return said
}

func (w *world) wish(id string, b core.PreferenceBody, keys ...core.IdentityKey) core.Event {
	if keys == nil {
		keys = []core.IdentityKey{phone(grace)}
	}
	return core.Event{Kind: core.EventPreference, ID: id, At: w.clock, Origin: core.OriginCustomer, Peer: core.Peer{Identities: keys}, Preference: &b}
}

func TestPreference(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.wish("p1", core.PreferenceBody{Marketing: true, Stop: true}))
		equal(w, "stop marketing", w.silence(), "marketing")
		w.accept(w.wish("p2", core.PreferenceBody{Stop: true}))
		equal(w, "stop all", w.silence(), "all marketing")
		other := w.channel("other", "200")
		elsewhere, err := w.repo.Wishes(w.Context(), other.ID, w.contacts()[0].ID)
		w.must(err)
		equal(w, "another channel", len(elsewhere), 0)
		w.accept(w.wish("p3", core.PreferenceBody{Marketing: true}), w.wish("p4", core.PreferenceBody{}))
		equal(w, "resume", w.silence(), "")
		equal(w, "conversations", len(w.conversations()), 0)
		equal(w, "jobs", w.jobs(), "")
	})
}

// A wish is confirmed once, and the agents are told once; who says it again changes nothing.
func TestPreferenceConfirmed(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		w.jobs()
		stop := core.PreferenceBody{Stop: true, Confirm: "You get no more messages."}
		w.accept(w.said(id(2), "STOP"), w.wish("w2", stop))
		equal(w, "jobs", w.jobs(), "confirm notify")
		known, err := w.repo.Identities(w.Context(), []core.IdentityKey{phone(grace)})
		w.must(err)
		x, err := w.repo.Wish(w.Context(), w.ch.ID, known[0].ID, false)
		w.must(err)
		equal(w, "what to answer", x.Confirm, stop.Confirm)
		equal(w, "to whom", x.Contact, w.contacts()[0].ID)
		w.accept(w.wish("w2", stop))
		w.accept(w.said(id(3), "STOP"), w.wish("w3", stop))
		equal(w, "said again", w.jobs(), "notify")
		equal(w, "history", w.history(w.only().ID), "opened notice:stopped")
		w.accept(w.wish("w4", core.PreferenceBody{Confirm: "Welcome back."}))
		equal(w, "start", w.jobs(), "confirm notify")
		w.accept(w.wish("w5", core.PreferenceBody{Stop: true}))
		equal(w, "confirmed by the provider", w.jobs(), "notify")
	})
}

// An older word that comes late, and one of imported history, changes nothing that was said since; who never stopped need not be told of a start.
func TestPreferenceLate(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		w.jobs()
		w.accept(w.wish("w1", core.PreferenceBody{Confirm: "Welcome."}))
		equal(w, "a start at first", w.jobs(), "")
		late := w.wish("w2", core.PreferenceBody{Stop: true, Confirm: "Bye."})
		late.At = w.clock.Add(-time.Minute)
		w.accept(late)
		equal(w, "a late stop", w.silence()+w.jobs(), "")
		old := w.wish("w3", core.PreferenceBody{Stop: true, Confirm: "Bye."})
		old.Historic = true
		w.accept(old)
		equal(w, "history", w.silence()+w.jobs(), "all ")
	})
}

// One person's two numbers make their wishes each for itself; a wish by number and id holds for both.
func TestPreferenceOfIdentities(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello", phone(grace), bsuid("GB.1")), w.wish("w1", core.PreferenceBody{Stop: true}, phone(grace), bsuid("GB.1")))
		all, err := w.repo.Wishes(w.Context(), w.ch.ID, w.contacts()[0].ID)
		w.must(err)
		equal(w, "wishes", len(all), 2)
		w.jobs()
		w.accept(w.wish("w2", core.PreferenceBody{Stop: true}, bsuid("GB.1")))
		equal(w, "by the id alone", w.jobs(), "")
	})
}
