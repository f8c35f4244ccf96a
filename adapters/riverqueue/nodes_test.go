package riverqueue_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/adapters/riverqueue"
	"causeway/core"
)

// childDatabase names the database to a copy of this test that works on it until it is killed.
const childDatabase = "CAUSEWAY_QUEUE_TEST_CHILD"

// child starts the queue, tells of each start, and never ends a job.
func child(address string) {
	ctx := context.Background()
	fail := func(err error) {
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	s, err := gormstore.Open(ctx, address, gormstore.Options{})
	fail(err)
	q, err := riverqueue.Open(ctx, s, riverqueue.Options{})
	fail(err)
	q.Handle(kind, 5, func(_ context.Context, w core.Work) error {
		fmt.Println("started", w.Key, w.Token)
		select {}
	})
	fail(q.Start(ctx))
	select {}
}

// spawn runs a child and kills it, without a chance to clean up, once it has started n jobs.
func spawn(t *testing.T, address string, n int) (started []string, newest int64) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), childDatabase+"="+address)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range n {
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), "started") {
			t.Fatalf("child: %q", lines.Text())
		}
		var key string
		var token int64
		if _, err := fmt.Sscanf(lines.Text(), "started %s %d", &key, &token); err != nil {
			t.Fatal(err)
		}
		started, newest = append(started, key), max(newest, token)
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	slices.Sort(started)
	return started, newest
}

// TestTakeover: another node takes over within seconds while it works itself.
func TestTakeover(t *testing.T) {
	address := freshstore.Migrated(t)
	d := newDesk(t, address, riverqueue.Options{})
	d.enqueue("1")
	starts := make(chan core.Work, 10)
	d.queue.Handle(kind, 5, func(ctx context.Context, w core.Work) error {
		starts <- w
		return d.finish(ctx, w)
	})
	spawn(t, address, 1)
	began := time.Now()
	d.start()
	d.hears(starts)
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("taken over after %v", took)
	}
}

// TestTwoNodes: jobs are shared, and done once.
func TestTwoNodes(t *testing.T) {
	address := freshstore.Migrated(t)
	a, b := newDesk(t, address, riverqueue.Options{}), newDesk(t, address, riverqueue.Options{})
	const n = 300
	var mu sync.Mutex
	by, times := map[*desk]int{}, map[string]int{}
	for _, d := range []*desk{a, b} {
		d.queue.Handle(kind, 4, func(ctx context.Context, w core.Work) error {
			mu.Lock()
			by[d]++
			times[w.Key]++
			mu.Unlock()
			pause(2 * time.Millisecond)
			return d.finish(ctx, w)
		})
		d.start()
	}
	for i := range n {
		a.enqueue(fmt.Sprint(i))
	}
	a.until("end", func() bool { return a.counts() == "" })
	if len(times) != n || by[a]+by[b] != n || by[a] == 0 || by[b] == 0 {
		t.Errorf("%d jobs in %d + %d starts", len(times), by[a], by[b])
	}
	a.until("two nodes are counted", func() bool { return a.queue.Nodes() == 2 && b.queue.Nodes() == 2 })
	b.stop()
	a.until("the one that stopped is not", func() bool { return a.queue.Nodes() == 1 })
}

// TestOtherNodeHears: a node that did not enqueue is told, it does not only poll.
func TestOtherNodeHears(t *testing.T) {
	address := freshstore.Migrated(t)
	a, b := newDesk(t, address, riverqueue.Options{}), newDesk(t, address, riverqueue.Options{})
	starts := make(chan core.Work, 10)
	b.queue.Handle(kind, 4, func(ctx context.Context, w core.Work) error {
		starts <- w
		return b.finish(ctx, w)
	})
	b.start()
	var all time.Duration
	for i := range 10 {
		pause(20 * time.Millisecond)
		a.enqueue(fmt.Sprint(i))
		began := time.Now()
		b.hears(starts)
		all += time.Since(began)
	}
	if all > 8*time.Second {
		t.Errorf("ten starts took %v", all)
	}
}

// TestElsewhere: what a node leaves to another goes there when its time has come, rather than back and back again to the one that leaves it.
func TestElsewhere(t *testing.T) {
	address := freshstore.Migrated(t)
	a, b := newDesk(t, address, riverqueue.Options{}), newDesk(t, address, riverqueue.Options{})
	var left atomic.Int32
	a.queue.Handle(kind, 4, func(context.Context, core.Work) error {
		left.Add(1)
		return core.Later{After: 20 * time.Millisecond, Elsewhere: true}
	})
	done := make(chan core.Work, 10)
	b.queue.Handle(kind, 4, func(ctx context.Context, w core.Work) error {
		done <- w
		return b.finish(ctx, w)
	})
	a.start()
	for i := range 5 {
		a.enqueue(fmt.Sprint("before ", i))
	}
	a.until("a has left them", func() bool { return left.Load() >= 5 })
	b.start()
	for range 5 {
		b.hears(done)
	}
	left.Store(0)
	for i := range 10 {
		a.enqueue(fmt.Sprint(i))
		b.hears(done)
	}
	if n := left.Load(); n > 30 {
		t.Errorf("ten jobs were left to the other node %d times", n)
	}
}

// TestRobbed: a worker whose job was given to another one can neither finish nor change it.
func TestRobbed(t *testing.T) {
	address := freshstore.Migrated(t)
	a, b := newDesk(t, address, riverqueue.Options{}), newDesk(t, address, riverqueue.Options{})
	type start struct {
		work  core.Work
		goOn  chan struct{}
		ended chan error
	}
	starts := make(chan start, 2)
	for _, d := range []*desk{a, b} {
		d.queue.Handle(kind, 4, func(ctx context.Context, w core.Work) error {
			s := start{w, make(chan struct{}), make(chan error, 1)}
			starts <- s
			<-s.goOn
			err := d.finish(ctx, w)
			s.ended <- err
			return err
		})
	}
	a.start()
	a.enqueue("1")
	zombie := <-starts
	a.sql("UPDATE river_job SET state = 'available'") // as another node would, that believes a to be dead
	a.queue.Committed(nil)
	b.start()
	owner := <-starts // whichever node was quicker
	if owner.work.Token <= zombie.work.Token {
		t.Errorf("tokens %d, %d", zombie.work.Token, owner.work.Token)
	}
	if got := a.counts(); got != "deliver running 1; " {
		t.Fatalf("counts: %s", got)
	}
	close(zombie.goOn)
	if err := <-zombie.ended; err == nil {
		t.Error("the robbed worker finished the job")
	}
	if got := a.counts(); got != "deliver running 1; " {
		t.Errorf("the robbed worker changed the job: %s", got)
	}
	close(owner.goOn)
	if err := <-owner.ended; err != nil {
		t.Error(err)
	}
	a.until("end", func() bool { return a.counts() == "" })
}

// TestOneProcessOnAFile: SQLite has one process that works; a second is refused in words.
func TestOneProcessOnAFile(t *testing.T) {
	address := fresh(t)
	a, b := newDesk(t, address, riverqueue.Options{}), newDesk(t, address, riverqueue.Options{})
	for _, d := range []*desk{a, b} {
		d.queue.Handle(kind, 1, func(context.Context, core.Work) error { return nil })
	}
	a.start()
	if err := b.queue.Start(t.Context()); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("second start: %v", err)
	}
	a.stop()
	b.start()
}

// TestOtherProcessEnqueues: what a command enqueues on SQLite is worked on by the process that serves, soon.
func TestOtherProcessEnqueues(t *testing.T) {
	address := fresh(t)
	a, b := newDesk(t, address, riverqueue.Options{}), newDesk(t, address, riverqueue.Options{})
	starts := make(chan core.Work, 10)
	a.queue.Handle(kind, 1, func(ctx context.Context, w core.Work) error {
		starts <- w
		return a.finish(ctx, w)
	})
	a.start()
	var all time.Duration
	for i := range 4 {
		pause(300 * time.Millisecond)
		b.enqueue(fmt.Sprint(i))
		began := time.Now()
		a.hears(starts)
		all += time.Since(began)
	}
	if all > 6*time.Second {
		t.Errorf("four starts took %v", all)
	}
}

// TestAtByTheClock: Job.At is measured by the queue's clock, and waited for in real time.
func TestAtByTheClock(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		now := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
		d := newDesk(t, address, riverqueue.Options{Now: func() time.Time { return now }})
		for key, at := range map[string]time.Time{"now": now, "past": now.Add(-time.Hour), "later": now.Add(time.Hour)} {
			d.must(d.store.Tx(t.Context(), func(tx core.Tx) error {
				return tx.Enqueue(t.Context(), core.Job{Kind: kind, Workspace: d.ws, Key: key, At: at})
			}))
		}
		if got := d.counts(); got != "deliver later 1; deliver waiting 2; " {
			t.Errorf("counts: %s", got)
		}
	})
}
