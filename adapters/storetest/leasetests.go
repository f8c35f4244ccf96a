package storetest

import (
	"errors"
	"slices"
	"sync"
	"time"

	"causeway/core"
)

const longLease = time.Hour

// takes returns the leases of the names that a holder gets, in their order.
func (w *world) takes(holder string, lasting time.Duration, names ...string) []core.Lease {
	w.Helper()
	got, err := w.store.TakeLeases(w.Context(), holder, names, lasting)
	w.must(err)
	return got
}

// holds reports whether a transaction may still be done under a lease.
func (w *world) holds(l core.Lease) bool {
	w.Helper()
	err := w.store.Tx(w.Context(), func(tx core.Tx) error { return tx.Holds(w.Context(), l) })
	if err != nil && !errors.Is(err, core.ErrLeaseLost) {
		w.Errorf("holds: %v", err)
	}
	return err == nil
}

func leases(w *world) {
	got := w.takes("a", longLease, "one", "two")
	same(w, "taken", got, []core.Lease{{Name: "one", Holder: "a", Fence: 1}, {Name: "two", Holder: "a", Fence: 1}}, nil)
	same(w, "what is left for another", w.takes("b", longLease, "one", "two", "three"), []core.Lease{{Name: "three", Holder: "b", Fence: 1}}, nil)
	kept, err := w.store.RenewLeases(w.Context(), append(got, core.Lease{Name: "three", Holder: "a", Fence: 1}), longLease)
	slices.SortFunc(kept, func(a, b core.Lease) int { return int(a.Name[0]) - int(b.Name[0]) })
	same(w, "renewed", kept, got, err)
	w.must(w.store.DropLease(w.Context(), got[0]))
	if w.holds(got[0]) || !w.holds(got[1]) || !w.holds(core.Lease{}) {
		w.Error("holds: only the lease that was given back is lost")
	}
	kept, err = w.store.RenewLeases(w.Context(), got, longLease)
	same(w, "renewed after giving back", kept, got[1:], err)
	now := w.takes("b", longLease, "one")
	same(w, "taken over", now, []core.Lease{{Name: "one", Holder: "b", Fence: 2}}, nil)
	w.must(w.store.DropLease(w.Context(), got[0])) // who lost it cannot give it away
	if !w.holds(now[0]) || w.holds(got[0]) {
		w.Error("holds: it is the new holder's")
	}
	same(w, "nothing asked for", len(w.takes("a", longLease)), 0, nil)
}

// leaseEnds: when its time is over a lease is lost, also to its holder, who gets a new fence.
func leaseEnds(w *world) {
	got := w.takes("a", time.Microsecond, "one")
	for w.holds(got[0]) { // that microsecond
	}
	kept, err := w.store.RenewLeases(w.Context(), got, longLease)
	same(w, "renewed too late", len(kept), 0, err)
	again := w.takes("a", longLease, "one")
	same(w, "taken anew", again, []core.Lease{{Name: "one", Holder: "a", Fence: 2}}, nil)
	same(w, "taken though held, as after an answer that got lost", w.takes("a", longLease, "one"), []core.Lease{{Name: "one", Holder: "a", Fence: 3}}, nil)
	kept, err = w.store.RenewLeases(w.Context(), again, longLease)
	same(w, "renewed with an old fence", len(kept), 0, err)
}

func leaseRace(w *world) {
	var all sync.WaitGroup
	won := make(chan core.Lease, 50)
	for range 50 {
		all.Go(func() {
			got, err := w.store.TakeLeases(w.Context(), core.NewToken(5), []string{"one", "two"}, longLease)
			if err != nil {
				w.Error(err)
			}
			for _, l := range got {
				won <- l
			}
		})
	}
	all.Wait()
	if len(won) != 2 {
		w.Errorf("two leases were taken %d times", len(won))
	}
}

// leaseFence: who holds a lease in a transaction holds it until the commit, whatever happens to it meanwhile.
func leaseFence(w *world) {
	l := w.takes("a", longLease, "one")[0]
	taken := make(chan core.Lease, 1)
	w.tx(func(tx core.Tx, repo core.Repo) error {
		if err := tx.Holds(w.Context(), l); err != nil {
			return err
		}
		go func() {
			defer close(taken)
			if err := w.store.DropLease(w.Context(), l); err != nil {
				w.Error(err)
			}
			got, err := w.store.TakeLeases(w.Context(), "b", []string{"one"}, longLease)
			if err != nil || len(got) != 1 {
				w.Errorf("taken over: %v, %v", got, err)
				return
			}
			taken <- got[0]
		}()
		select {
		case <-taken:
			w.Error("taken over in the middle of a transaction that holds it")
		case <-time.After(200 * time.Millisecond): // long enough for a takeover that does not wait
		}
		return repo.SetValue(w.Context(), "session", "cursor", []byte("a"))
	})
	if now := <-taken; now.Fence != 2 {
		w.Errorf("taken over: %+v", now)
	}
	got, err := w.repo.Value(w.Context(), "session", "cursor")
	same(w, "what was written before", string(got), "a", err)
}
