package riverqueue_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"causeway/adapters/riverqueue"
	"causeway/core"
)

// TestMoved: when the clock is set forward, what is due by then starts, whether it waits for its time or for its next attempt; what is due later waits on.
func TestMoved(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		var ahead atomic.Int64
		now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		d := newDesk(t, address, riverqueue.Options{Now: now})
		starts := make(chan core.Work, 10)
		d.queue.Handle(kind, 5, func(_ context.Context, w core.Work) error {
			starts <- w
			if ahead.Load() == 0 {
				return core.Later{After: 20 * time.Hour}
			}
			return nil
		})
		d.start()
		d.enqueue("failed")
		d.hears(starts)
		d.until("a wait", func() bool { return d.counts() == "deliver later 1; " })
		d.sql(`UPDATE river_job SET state = 'retryable' WHERE state = 'scheduled'`)
		d.must(d.store.Tx(t.Context(), func(tx core.Tx) error {
			return tx.Enqueue(t.Context(), core.Job{Kind: kind, Workspace: d.ws, Key: "tomorrow", At: now().Add(24 * time.Hour)},
				core.Job{Kind: kind, Workspace: d.ws, Key: "next week", At: now().Add(7 * 24 * time.Hour)})
		}))
		ahead.Store(int64(25 * time.Hour))
		d.must(d.queue.Moved(t.Context(), 25*time.Hour))
		started := map[string]bool{d.hears(starts).Key: true, d.hears(starts).Key: true}
		if !started["failed"] || !started["tomorrow"] {
			t.Errorf("started %v", started)
		}
		d.until("the rest", func() bool { return d.counts() == "deliver later 1; " })
	})
}
