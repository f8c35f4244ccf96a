package queuetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"causeway/core"
)

func parallel(b *bench) {
	var at, most [2]atomic.Int32
	var all sync.WaitGroup
	all.Add(40)
	do := func(i int) core.Worker {
		return func(ctx context.Context, w core.Work) error {
			defer all.Done()
			for n := at[i].Add(1); ; {
				was := most[i].Load()
				if n <= was || most[i].CompareAndSwap(was, n) {
					break
				}
			}
			defer at[i].Add(-1)
			pause(5 * time.Millisecond)
			return b.finish(ctx, w)
		}
	}
	b.queue.Handle(kindA, 3, do(0))
	b.queue.Handle(kindB, 1, do(1))
	for i := range 20 {
		b.enqueue(b.job(kindA, fmt.Sprint(i)), b.job(kindB, fmt.Sprint(i)))
	}
	b.start()
	all.Wait()
	if most[0].Load() != 3 || most[1].Load() != 1 {
		b.Errorf("at once: %d of 3, %d of 1", most[0].Load(), most[1].Load())
	}
}

func stopWaits(b *bench) {
	r, end := newRecord(), make(chan struct{})
	var done atomic.Bool
	b.queue.Handle(kindA, 4, r.does(func(ctx context.Context, w core.Work) error {
		<-end
		if ctx.Err() != nil {
			return ctx.Err()
		}
		done.Store(true)
		return b.finish(ctx, w)
	}))
	b.start()
	b.enqueue(b.job(kindA, "1"))
	await(b, "start", r.ch)
	time.AfterFunc(100*time.Millisecond, func() { close(end) })
	b.stop()
	if !done.Load() {
		b.Error("Stop did not wait for the worker")
	}
	b.enqueue(b.job(kindA, "2"))
	nothing(b, "started after Stop", r.ch, 100*time.Millisecond)
}

func stopHandsBack(b *bench) {
	r := newRecord()
	b.queue.Handle(kindA, 1, r.does(func(ctx context.Context, w core.Work) error {
		if r.count() > 1 {
			return b.finish(ctx, w)
		}
		<-ctx.Done()
		return fmt.Errorf("interrupted: %w", ctx.Err())
	}))
	b.start()
	b.enqueue(b.job(kindA, "1"))
	await(b, "start", r.ch)
	ctx, cancel := context.WithTimeout(b.Context(), 50*time.Millisecond)
	defer cancel()
	switch err := b.queue.Stop(ctx); {
	case !errors.Is(err, context.DeadlineExceeded):
		b.Errorf("stop: %v", err)
	case !strings.Contains(err.Error(), string(kindA)+" 1 for "):
		b.Errorf("stop does not say what ran: %v", err)
	}
	b.enqueue(b.job(kindA, "2"))
	b.start()
	if w := await(b, "start anew", r.ch); w.Attempt != 1 || w.Key != "1" {
		b.Errorf("attempt %d of %s: being stopped counts, or costs its place", w.Attempt, w.Key)
	}
}

// stopWithMuchWaiting: Stop takes as long as what runs, not as what waits, and every job is done once.
func stopWithMuchWaiting(b *bench) {
	const jobs, parallel, slow = 2000, 16, 100 * time.Millisecond
	r, done := newRecord(), newRecord()
	var quick atomic.Bool
	b.queue.Handle(kindA, parallel, r.does(func(ctx context.Context, w core.Work) error {
		if !quick.Load() {
			pause(slow)
		}
		err := b.finish(ctx, w)
		if err == nil {
			done.note(w)
		}
		return err
	}))
	all := make([]core.Job, jobs)
	for i := range all {
		all[i] = b.job(kindA, fmt.Sprint(i))
	}
	b.enqueue(all...)
	b.start()
	for range 2 * parallel {
		await(b, "start", r.ch)
	}
	began := time.Now()
	b.stop()
	if took := time.Since(began); took > 100*slow {
		b.Errorf("stop took %v, a job %v", took, slow)
	}
	if n := r.count(); n > 10*parallel {
		b.Errorf("%d jobs started until Stop returned", n)
	}
	quick.Store(true)
	b.start()
	keys := map[string]bool{}
	for range jobs {
		w := await(b, "end", done.ch)
		keys[w.Key] = true
		if w.Attempt != 1 {
			b.Errorf("attempt %d of %s", w.Attempt, w.Key)
		}
	}
	b.stop()
	if len(keys) != jobs || done.count() != jobs {
		b.Errorf("%d jobs done %d times, want %d once", len(keys), done.count(), jobs)
	}
}

// stopAsks: a worker that would go on for long hands its job back when asked, and has it again, in its old place.
func stopAsks(b *bench) {
	r := newRecord()
	b.queue.Handle(kindA, 1, r.does(func(ctx context.Context, w core.Work) error {
		if r.count() > 1 {
			return b.finish(ctx, w)
		}
		<-w.Stopping
		return fmt.Errorf("in the middle: %w", core.ErrStopping)
	}))
	b.start()
	b.enqueue(b.job(kindA, "1"))
	await(b, "start", r.ch)
	b.stop()
	b.enqueue(b.job(kindA, "2"))
	b.start()
	for _, key := range []string{"1", "2"} {
		if w := await(b, "start anew", r.ch); w.Key != key || w.Attempt != 1 || w.Ending() {
			b.Errorf("got %s, attempt %d, ending %v; want %s as if it were new", w.Key, w.Attempt, w.Ending(), key)
		}
	}
}

func stopTwice(b *bench) {
	r := newRecord()
	b.queue.Handle(kindA, 4, r.does(b.finish))
	b.stop()
	b.start()
	b.enqueue(b.job(kindA, "1"))
	await(b, "start", r.ch)
	b.stop()
	b.stop()
	b.enqueue(b.job(kindA, "2"))
	b.start()
	await(b, "start after the restart", r.ch)
}

func latency(b *bench) {
	const n = 50
	started := make(chan time.Time, 1)
	b.queue.Handle(kindA, 4, func(ctx context.Context, w core.Work) error {
		started <- time.Now()
		return b.finish(ctx, w)
	})
	b.start()
	all := make([]time.Duration, n)
	for i := range n {
		b.enqueue(b.job(kindA, fmt.Sprint(i)))
		committed := time.Now()
		all[i] = await(b, "start", started).Sub(committed)
		pause(10 * time.Millisecond) // a pause, as between messages
	}
	slices.Sort(all)
	b.Logf("commit to start: p50 %v, p90 %v, p99 %v", all[n/2], all[n*9/10], all[n-1])
	if all[n/2] > 400*time.Millisecond { // a queue that only polls takes longer
		b.Errorf("median %v", all[n/2])
	}
}
