package inbound_test

import (
	"errors"
	"testing"
	"time"

	"causeway/core"
)

// TestWhoLostTheLeaseStoresNothing: neither alone nor beside others, who do not suffer for it.
func TestWhoLostTheLeaseStoresNothing(t *testing.T) {
	each(t, func(w *world) {
		leases, err := w.store.TakeLeases(w.Context(), "node", []string{"lost", "held"}, time.Hour)
		w.must(err)
		lost, held := leases[0], leases[1]
		w.must(w.store.DropLease(w.Context(), lost))
		if err := w.in.AcceptUnder(w.Context(), lost, w.ch, []core.Event{w.said("alone", "lost")}); !errors.Is(err, core.ErrLeaseLost) {
			w.Errorf("alone: %v", err)
		}
		g, s := w.gated(), w.sending()
		s.start(w.Context(), "first", w.said("first", "0"))
		<-g.entered
		for i, l := range []core.Lease{lost, held} {
			s.all.Go(func() {
				err := w.in.AcceptUnder(w.Context(), l, w.ch, []core.Event{w.said(l.Name, l.Name)})
				s.mu.Lock()
				defer s.mu.Unlock()
				s.outcomes[l.Name] = err
			})
			s.inLine(i + 1)
		}
		close(g.open)
		s.all.Wait()
		equal(w, "first", s.outcome("first"), nil)
		equal(w, "held", s.outcome("held"), nil)
		if err := s.outcome("lost"); !errors.Is(err, core.ErrLeaseLost) {
			w.Errorf("lost: %v", err)
		}
		equal(w, "stored", w.texts(w.only().ID), "0|held")
		equal(w, "dead letters", len(w.dead()), 0)
		w.accept(w.said("lost", "by another")) // its event was not claimed
		equal(w, "stored", w.texts(w.only().ID), "0|held|by another")
	})
}
