package riverqueue_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/riverqueue"
	"causeway/core"
)

const kind core.JobKind = "deliver"

// desk is a node and what tests say about it.
type desk struct {
	testing.TB
	store *gormstore.Store
	queue *riverqueue.Queue
	ws    core.WorkspaceID
}

func newDesk(t testing.TB, address string, o riverqueue.Options) *desk {
	t.Helper()
	d := &desk{TB: t}
	d.store, d.queue = open(t, address, o)
	var err error
	if d.ws, err = d.store.EnsureWorkspace(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *desk) start() {
	d.Helper()
	d.must(d.queue.Start(d.Context()))
	d.Cleanup(d.stop)
}

func (d *desk) stop() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.Context()), 2*time.Minute)
	defer cancel()
	if err := d.queue.Stop(ctx); err != nil {
		d.Errorf("stop: %v", err)
	}
}

func (d *desk) enqueue(keys ...string) {
	d.Helper()
	jobs := make([]core.Job, len(keys))
	for i, k := range keys {
		jobs[i] = core.Job{Kind: kind, Workspace: d.ws, Key: k}
	}
	d.must(d.store.Tx(d.Context(), func(tx core.Tx) error { return tx.Enqueue(d.Context(), jobs...) }))
}

func (d *desk) finish(ctx context.Context, w core.Work) error {
	return d.store.Tx(ctx, func(tx core.Tx) error { return w.Finish(ctx, tx) })
}

// sql changes the database behind the queue's back.
func (d *desk) sql(statement string) {
	d.Helper()
	var err error
	if db := d.store.SQLite(); db != nil {
		_, err = db.ExecContext(d.Context(), statement)
	} else {
		_, err = d.store.Postgres().Exec(d.Context(), statement)
	}
	d.must(err)
}

func (d *desk) until(what string, f func() bool) {
	d.Helper()
	for deadline := time.Now().Add(30 * time.Second); !f(); pause(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.Fatalf("%s did not come to pass: %s", what, d.counts())
		}
	}
}

// pause lets time pass where that is what is tested, or between two looks.
func pause(d time.Duration) { <-time.After(d) }

func (d *desk) counts() string {
	d.Helper()
	all, err := d.queue.Counts(d.Context())
	d.must(err)
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "%s %s %d; ", c.Kind, c.State, c.Jobs)
	}
	return b.String()
}

func (d *desk) hears(c <-chan core.Work) core.Work {
	d.Helper()
	select {
	case w := <-c:
		return w
	case <-time.After(30 * time.Second):
		d.Fatal("no start")
		panic("unreachable")
	}
}

func TestDeadJobs(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		d := newDesk(t, address, riverqueue.Options{})
		var mended atomic.Bool
		starts := make(chan core.Work, 100)
		d.queue.Handle(kind, 2, func(ctx context.Context, w core.Work) error {
			starts <- w
			if mended.Load() {
				return d.finish(ctx, w)
			}
			return fmt.Errorf("the relay \x00 says no: %w", core.ErrDead)
		})
		d.start()
		d.enqueue("a", "b", "c")
		d.until("three dead jobs", func() bool { return d.counts() == "deliver dead 3; " })
		dead, err := d.queue.Dead(t.Context())
		d.must(err)
		if len(dead) != 3 {
			t.Fatalf("%d dead", len(dead))
		}
		byKey := map[string]riverqueue.DeadJob{}
		for _, j := range dead {
			byKey[j.Key] = j
			if j.Kind != kind || j.Workspace != d.ws || j.Attempts != 1 || !strings.HasPrefix(j.Error, "the relay \uFFFD says no") ||
				time.Since(j.Died).Abs() > time.Minute || time.Since(j.Enqueued).Abs() > time.Minute {
				t.Errorf("dead job %+v", j)
			}
		}
		if n, err := d.queue.Waiting(t.Context()); n != 0 || err != nil {
			t.Errorf("waiting: %d, %v", n, err)
		}
		mended.Store(true)
		for range 3 {
			<-starts
		}
		d.must(d.queue.Drop(t.Context(), byKey["a"].ID))
		d.must(d.queue.Retry(t.Context(), byKey["b"].ID))
		if w := d.hears(starts); w.Key != "b" || w.Attempt != 1 {
			t.Errorf("retried: %+v", w)
		}
		for _, f := range []func(context.Context, int64) error{d.queue.Drop, d.queue.Retry} {
			if err := f(t.Context(), byKey["a"].ID); !errors.Is(err, core.ErrNotFound) {
				t.Errorf("what is gone: %v", err)
			}
		}
		d.until("one dead job", func() bool { return d.counts() == "deliver dead 1; " })
		d.stop()
		d.enqueue("c") // alive beside the dead one: retrying that only removes it
		d.must(d.queue.Retry(t.Context(), byKey["c"].ID))
		if got := d.counts(); got != "deliver waiting 1; " {
			t.Errorf("counts: %s", got)
		}
	})
}

func TestAttemptsRunOut(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		d := newDesk(t, address, riverqueue.Options{})
		d.queue.Handle(kind, 2, func(context.Context, core.Work) error { return errors.New("still not") })
		d.enqueue("a")
		d.sql("UPDATE river_job SET attempt = max_attempts - 1")
		d.start()
		d.until("death", func() bool { return d.counts() == "deliver dead 1; " })
	})
}

// TestAttemptsDoNotRunOutOnUs: while the database or the place of files is away a job waits, longer and longer, and works when it is back.
func TestAttemptsDoNotRunOutOnUs(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		d := newDesk(t, address, riverqueue.Options{})
		var back atomic.Bool
		starts := make(chan core.Work, 100)
		d.queue.Handle(kind, 2, func(ctx context.Context, w core.Work) error {
			starts <- w
			if back.Load() {
				return d.finish(ctx, w)
			}
			return fmt.Errorf("keep file: %w", core.ErrUnavailable)
		})
		d.enqueue("a")
		d.sql("UPDATE river_job SET attempt = max_attempts - 1")
		d.start()
		for range 3 {
			d.hears(starts)
			d.until("it waits", func() bool { return d.counts() == "deliver retry 1; " })
			if dead, err := d.queue.Dead(t.Context()); err != nil || len(dead) > 0 {
				t.Fatalf("dead: %+v, %v", dead, err)
			}
			d.must(d.queue.Moved(t.Context(), 2*time.Hour))
		}
		back.Store(true)
		d.must(d.queue.Moved(t.Context(), 2*time.Hour))
		d.until("end", func() bool { return d.counts() == "" })
	})
}

// TestAgain: what is enqueued while the same job runs is not lost, whatever the worker returns.
func TestAgain(t *testing.T) {
	for name, first := range map[string]error{"nil": nil, "later": core.Later{After: time.Hour}, "dead": core.ErrDead} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, address string) {
				ended := make(chan riverqueue.Ended, 10)
				d := newDesk(t, address, riverqueue.Options{Ended: func(e riverqueue.Ended) { ended <- e }})
				starts, end := make(chan core.Work, 100), make(chan struct{})
				var n atomic.Int32
				d.queue.Handle(kind, 2, func(context.Context, core.Work) error {
					k := n.Add(1)
					starts <- core.Work{}
					<-end
					if k == 1 {
						return first
					}
					return nil
				})
				d.start()
				d.enqueue("a")
				d.hears(starts)
				d.enqueue("a")
				d.enqueue("a")
				close(end)
				d.hears(starts)
				d.until("end", func() bool { return d.counts() == "" })
				if n.Load() != 2 {
					t.Errorf("%d starts, want 2", n.Load())
				}
				if e := <-ended; name == "nil" && e.Outcome != riverqueue.OutcomeAgain {
					t.Errorf("first outcome: %+v", e)
				}
				if e := <-ended; e.Outcome != riverqueue.OutcomeDone || e.Kind != kind {
					t.Errorf("second outcome: %+v", e)
				}
			})
		})
	}
}

// TestTokensOutliveRows: SQLite gives a deleted row's number out again. A token must not come again with it.
func TestTokensOutliveRows(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		d := newDesk(t, address, riverqueue.Options{})
		starts := make(chan core.Work, 100)
		d.queue.Handle(kind, 2, func(_ context.Context, w core.Work) error {
			starts <- w
			return core.ErrDead
		})
		d.start()
		var last int64
		for range 3 {
			d.enqueue("a")
			w := d.hears(starts)
			if w.Token <= last {
				t.Errorf("token %d after %d", w.Token, last)
			}
			last = w.Token
			d.until("death", func() bool { return d.counts() == "deliver dead 1; " })
			dead, err := d.queue.Dead(t.Context())
			d.must(err)
			d.must(d.queue.Drop(t.Context(), dead[0].ID))
		}
	})
}

// TestWorkerThatDoesNotEnd: Stop comes back, and the job with it.
func TestWorkerThatDoesNotEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		d := newDesk(t, address, riverqueue.Options{})
		starts, end, gone := make(chan core.Work, 100), make(chan struct{}), make(chan struct{})
		d.queue.Handle(kind, 2, func(_ context.Context, w core.Work) error {
			starts <- w
			<-end
			defer close(gone)
			return nil
		})
		d.must(d.queue.Start(t.Context()))
		d.enqueue("a")
		d.hears(starts)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := d.queue.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stop: %v", err)
		}
		if got := d.counts(); got != "deliver waiting 1; " {
			t.Errorf("counts: %s", got)
		}
		close(end) // it comes back late, and changes nothing
		<-gone
		pause(100 * time.Millisecond)
		if got := d.counts(); got != "deliver waiting 1; " {
			t.Errorf("counts after the late return: %s", got)
		}
	})
}
