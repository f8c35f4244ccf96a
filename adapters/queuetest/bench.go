package queuetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"causeway/core"
)

// patience bounds what a test waits for. It is long, for machines that are busy; nothing waits it out that works.
const patience = 30 * time.Second

const (
	kindA core.JobKind = "alpha"
	kindB core.JobKind = "beta"
)

// bench is a store and its queue.
type bench struct {
	*testing.T
	store core.Store
	queue core.Queue
	ws    core.WorkspaceID
}

func newBench(t *testing.T, open Open) *bench {
	t.Helper()
	b := &bench{T: t}
	b.store, b.queue = open(t)
	var err error
	if b.ws, err = b.store.EnsureWorkspace(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// start starts the queue and has it stopped before the store is closed.
func (b *bench) start() {
	b.Helper()
	b.must(b.queue.Start(b.Context()))
	b.Cleanup(func() { b.stop() })
}

func (b *bench) stop() {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.Context()), patience)
	defer cancel()
	if err := b.queue.Stop(ctx); err != nil {
		b.Errorf("stop: %v", err)
	}
}

func (b *bench) job(kind core.JobKind, key string) core.Job {
	return core.Job{Kind: kind, Workspace: b.ws, Key: key}
}

func (b *bench) enqueue(jobs ...core.Job) {
	b.Helper()
	b.must(b.tryEnqueue(jobs...))
}

func (b *bench) tryEnqueue(jobs ...core.Job) error {
	return b.store.Tx(b.Context(), func(tx core.Tx) error { return tx.Enqueue(b.Context(), jobs...) })
}

// finish ends a job in a transaction of its own.
func (b *bench) finish(ctx context.Context, w core.Work) error {
	return b.store.Tx(ctx, func(tx core.Tx) error { return w.Finish(ctx, tx) })
}

// await fails the test if nothing comes.
func await[T any](b *bench, what string, c <-chan T) T {
	b.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		b.Fatalf("%s: nothing came", what)
		panic("unreachable")
	}
}

// nothing fails the test if something comes within d.
func nothing[T any](b *bench, what string, c <-chan T, d time.Duration) {
	b.Helper()
	select {
	case v := <-c:
		b.Fatalf("%s: %v", what, v)
	case <-time.After(d):
	}
}

// until polls for something to come true.
func (b *bench) until(what string, f func() bool) {
	b.Helper()
	for deadline := time.Now().Add(patience); !f(); pause(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("%s did not come to pass", what)
		}
	}
}

// pause lets time pass where that is what is tested, or between two looks.
func pause(d time.Duration) { <-time.After(d) }

// record is a worker that tells of its starts, then does as told.
type record struct {
	mu  sync.Mutex
	all []core.Work
	ch  chan core.Work
}

func newRecord() *record { return &record{ch: make(chan core.Work, 10000)} }

func (r *record) note(w core.Work) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, w)
	r.ch <- w
}

func (r *record) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all)
}

// does makes a worker.
func (r *record) does(f func(ctx context.Context, w core.Work) error) core.Worker {
	return func(ctx context.Context, w core.Work) error {
		r.note(w)
		return f(ctx, w)
	}
}
