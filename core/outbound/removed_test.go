package outbound_test

import (
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// What waits for a channel that is removed fails at once, whatever it waits for, and its author is told; nothing more is taken.
func TestRemoved(t *testing.T) {
	each(t, func(w *world) {
		first := w.writes("parked", "queued")
		w.must(w.out.Pause(w.Context(), w.ws, w.ch.ID))
		w.must(w.deliver())
		w.status("before", first[0].ID, core.StatusParked)
		later := w.request(text("in a week"))
		later.NotBefore = w.now().Add(7 * 24 * time.Hour)
		planned, _, err := w.out.Compose(w.Context(), w.ws, later)
		w.must(err)
		w.must(w.repo.RemoveChannel(w.Context(), w.ch.ID, core.Health{Reason: "It was removed."}))
		w.must(w.store.Tx(w.Context(), func(tx core.Tx) error { return tx.Enqueue(w.Context(), core.WakeJob(w.ws, w.ch.ID)) }))
		w.wake()
		for _, m := range append(first, planned...) {
			m = w.status("removed", m.ID, core.StatusFailed)
			if m.Error == nil || m.Error.Code != string(core.CodeChannelRemoved) || m.Error.Remedy == "" {
				t.Errorf("%q failed with %+v", m.Content.Text, m.Error)
			}
		}
		if n := w.notice(); n.Kind != core.NoticeFailed || !strings.Contains(n.Text, "This channel was removed") {
			t.Errorf("the author is told %+v", n)
		}
		w.must(w.deliver())
		equal(w, "sent", w.link.texts(), "")
		if _, _, err := w.out.Compose(w.Context(), w.ws, w.request(text("x"))); core.CodeOf(err) != core.CodeChannelRemoved {
			t.Errorf("what comes later is answered %v", err)
		}
		d, _, err := w.out.Decide(w.Context(), w.ws, w.request(text("x")))
		w.must(err)
		equal(w, "who asks before is told", d.Code, core.CodeChannelRemoved)
		for what, err := range map[string]error{"pause": w.out.Pause(w.Context(), w.ws, w.ch.ID), "resume": w.out.Resume(w.Context(), w.ws, w.ch.ID)} {
			if core.CodeOf(err) != core.CodeChannelRemoved {
				t.Errorf("%s is answered %v", what, err)
			}
		}
	})
}

// A channel that is removed between the look at the queue and the gate sends nothing.
func TestRemovedUnderWay(t *testing.T) {
	each(t, func(w *world) {
		first := w.writes("too late")
		w.must(w.repo.RemoveChannel(w.Context(), w.ch.ID, core.Health{}))
		w.must(w.deliver())
		w.status("refused by the gate", first[0].ID, core.StatusFailed)
		equal(w, "sent", w.link.texts(), "")
	})
}
