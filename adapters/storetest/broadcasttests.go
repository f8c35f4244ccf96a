package storetest

import (
	"sync"

	"causeway/core"
)

// broadcastLock: who has locked a broadcast alone changes it.
func broadcastLock(w *world) {
	w.must(w.repo.AddBroadcast(w.Context(), core.Broadcast{ID: "b", Name: "sale", State: core.BroadcastGoing, Created: noon}))
	other := map[core.BroadcastState]core.BroadcastState{core.BroadcastGoing: core.BroadcastPaused, core.BroadcastPaused: core.BroadcastGoing}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			err := w.store.Tx(w.Context(), func(tx core.Tx) error {
				repo := tx.In(w.ws)
				b, err := repo.LockBroadcast(w.Context(), "b")
				if err != nil {
					return err
				}
				won, err := repo.SetBroadcastState(w.Context(), "b", b.State, other[b.State])
				if err == nil && !won {
					w.Error("changed by another who did not wait")
				}
				return err
			})
			if err != nil {
				w.Error(err)
			}
		})
	}
	all.Wait()
}
