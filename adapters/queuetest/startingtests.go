package queuetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"causeway/core"
)

var errOnPurpose = errors.New("on purpose")

func nop(context.Context, core.Work) error { return nil }

func order(b *bench) {
	r := newRecord()
	b.queue.Handle(kindA, 1, r.does(nop))
	b.start()
	for i := range 30 {
		b.enqueue(b.job(kindA, fmt.Sprint(i)))
	}
	for i := range 30 {
		if w := await(b, "start", r.ch); w.Key != fmt.Sprint(i) || w.Workspace != b.ws || w.Kind != kindA || w.Attempt != 1 {
			b.Fatalf("start %d: got %+v", i, w)
		}
	}
}

func withTransaction(b *bench) {
	r := newRecord()
	b.queue.Handle(kindA, 2, r.does(nop))
	b.start()
	err := b.store.Tx(b.Context(), func(tx core.Tx) error {
		b.must(tx.Enqueue(b.Context(), b.job(kindA, "rolled back")))
		return errOnPurpose
	})
	if !errors.Is(err, errOnPurpose) {
		b.Fatal(err)
	}
	b.must(b.store.Tx(b.Context(), func(tx core.Tx) error {
		b.must(tx.Enqueue(b.Context(), b.job(kindA, "kept")))
		err := tx.Try(b.Context(), func() error {
			b.must(tx.Enqueue(b.Context(), b.job(kindA, "undone")))
			return errOnPurpose
		})
		if !errors.Is(err, errOnPurpose) {
			b.Error(err)
		}
		nothing(b, "started before the commit", r.ch, 100*time.Millisecond)
		return nil
	}))
	if w := await(b, "start", r.ch); w.Key != "kept" {
		b.Errorf("got %+v", w)
	}
	nothing(b, "started, though undone", r.ch, 100*time.Millisecond)
}

func notBefore(b *bench) {
	r := newRecord()
	b.queue.Handle(kindA, 2, r.does(nop))
	b.start()
	j, at := b.job(kindA, "in time"), time.Now().Add(700*time.Millisecond)
	j.At = at
	b.enqueue(j)
	await(b, "start", r.ch)
	if off := time.Since(at); off < -5*time.Millisecond || off > 10*time.Second {
		b.Errorf("started %v after its time", off)
	}
}

func beforeStart(b *bench) {
	r := newRecord()
	b.queue.Handle(kindA, 2, r.does(nop))
	b.enqueue(b.job(kindA, "1"))
	b.enqueue(b.job(kindB, "nobody's"))
	b.start()
	await(b, "start", r.ch)
}

func many(b *bench) {
	const n = 600
	r := newRecord()
	b.queue.Handle(kindA, 16, r.does(b.finish))
	b.start()
	var all sync.WaitGroup
	for p := range 6 {
		all.Go(func() {
			for i := range n / 6 {
				if err := b.tryEnqueue(b.job(kindA, fmt.Sprint(p, "-", i))); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	seen := map[string]int{}
	for range n {
		seen[await(b, "start", r.ch).Key]++
	}
	b.stop()
	if len(seen) != n || r.count() != n {
		b.Errorf("%d keys in %d starts, want %d", len(seen), r.count(), n)
	}
}
