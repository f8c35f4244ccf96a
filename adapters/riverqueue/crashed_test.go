package riverqueue_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/adapters/riverqueue"
	"causeway/core"
)

// TestKilledProcess: what a process that was killed had begun is done by the next, before what came later, and no attempt is counted.
func TestKilledProcess(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		d := newDesk(t, address, riverqueue.Options{})
		d.enqueue("1", "2", "3")
		_, newest := spawn(t, address, 3)
		if got := d.counts(); got != "deliver running 3; " {
			t.Fatalf("after the kill: %s", got)
		}
		d.enqueue("4", "5")
		starts := make(chan core.Work, 10)
		d.queue.Handle(kind, 1, func(ctx context.Context, w core.Work) error {
			starts <- w
			return d.finish(ctx, w)
		})
		d.until("all to be free", func() bool { // on PostgreSQL the server may learn of the death a little later
			d.start()
			d.stop()
			return !strings.Contains(d.counts(), "running")
		})
		d.start()
		for i := range 5 {
			if w := d.hears(starts); w.Key != fmt.Sprint(i+1) || w.Attempt != 1 || w.Token <= newest {
				t.Errorf("start %d: %+v, newest token before %d", i+1, w, newest)
			}
		}
		d.until("end", func() bool { return d.counts() == "" })
	})
}

// TestKillsItsProcess: a job at whose start the process dies each time is dead in the end, and none that ran beside it is.
func TestKillsItsProcess(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		d := newDesk(t, address, riverqueue.Options{})
		d.enqueue("1", "2", "3")
		for range 3 {
			spawn(t, address, 3)
		}
		for range 3 { // now only one suspect at a time runs, in its old place
			if started, _ := spawn(t, address, 1); started[0] != "1" {
				t.Errorf("started %q, want the first suspect", started)
			}
		}
		starts := make(chan core.Work, 10)
		d.queue.Handle(kind, 5, func(ctx context.Context, w core.Work) error {
			starts <- w
			return d.finish(ctx, w)
		})
		d.start()
		for _, key := range []string{"2", "3"} {
			if w := d.hears(starts); w.Key != key || w.Attempt != 1 {
				t.Errorf("start %+v, want %s as if it were new", w, key)
			}
		}
		d.until("one death", func() bool { return d.counts() == "deliver dead 1; " })
		dead, err := d.queue.Dead(t.Context())
		d.must(err)
		if len(dead) != 1 || dead[0].Key != "1" || dead[0].Crashes != 6 || !strings.Contains(dead[0].Error, "the process died each of the 6 times") {
			t.Errorf("dead: %+v", dead)
		}
		d.must(d.queue.Retry(t.Context(), dead[0].ID))
		if w := d.hears(starts); w.Key != "1" || w.Attempt != 1 {
			t.Errorf("retried: %+v", w)
		}
	})
}

// TestClearedOfSuspicion: crashes count only in a row. A start that ends, as it may, begins a new row.
func TestClearedOfSuspicion(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		d := newDesk(t, address, riverqueue.Options{})
		starts := make(chan core.Work, 10)
		d.queue.Handle(kind, 5, func(_ context.Context, w core.Work) error {
			starts <- w
			return core.Later{After: time.Hour}
		})
		for range 2 {
			d.enqueue("1", "2") // forward from an hour later
			spawn(t, address, 2)
			spawn(t, address, 2)
			d.start()
			d.hears(starts)
			d.hears(starts)
			d.until("both to wait", func() bool { return d.counts() == "deliver later 2; " })
			d.stop()
		}
		d.enqueue("1", "2")
		if started, _ := spawn(t, address, 2); !slices.Equal(started, []string{"1", "2"}) { // suspects would not run at once
			t.Errorf("started %q", started)
		}
	})
}
