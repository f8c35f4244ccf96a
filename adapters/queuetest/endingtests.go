package queuetest

import (
	"context"
	"fmt"
	"time"

	"causeway/core"
)

func finishThenNew(b *bench) {
	r, finished, end := newRecord(), make(chan struct{}), make(chan struct{})
	b.queue.Handle(kindA, 4, r.does(func(ctx context.Context, w core.Work) error {
		if err := b.finish(ctx, w); err != nil {
			return err
		}
		if w.Args == nil && r.count() == 1 {
			close(finished)
			<-end
		}
		return nil
	}))
	b.start()
	defer close(end)
	b.enqueue(b.job(kindA, "1"))
	first := await(b, "first start", r.ch)
	await(b, "finish", finished)
	j := b.job(kindA, "1")
	j.Args = []byte(`{"n":1}`)
	b.enqueue(j)
	second := await(b, "second start while the first worker has not returned", r.ch)
	if second.Token <= first.Token || second.Attempt != 1 || string(second.Args) != `{"n":1}` && string(second.Args) != `{"n": 1}` {
		b.Errorf("first %+v, second %+v", first, second)
	}
}

func finishRolledBack(b *bench) {
	r := newRecord()
	b.queue.Handle(kindA, 4, r.does(func(ctx context.Context, w core.Work) error {
		if w.Attempt > 1 {
			return b.finish(ctx, w)
		}
		return b.store.Tx(ctx, func(tx core.Tx) error {
			if err := w.Finish(ctx, tx); err != nil {
				return err
			}
			return errOnPurpose
		})
	}))
	b.start()
	b.enqueue(b.job(kindA, "1"))
	await(b, "first start", r.ch)
	if w := await(b, "second start", r.ch); w.Attempt != 2 {
		b.Errorf("attempt %d", w.Attempt)
	}
}

func later(b *bench) {
	const wait = 300 * time.Millisecond
	r := newRecord()
	b.queue.Handle(kindA, 4, r.does(func(ctx context.Context, w core.Work) error {
		if r.count() <= 3 {
			return fmt.Errorf("not yet: %w", core.Later{After: wait})
		}
		return b.finish(ctx, w)
	}))
	b.start()
	began := time.Now()
	b.enqueue(b.job(kindA, "1"))
	for range 4 {
		if w := await(b, "start", r.ch); w.Attempt != 1 {
			b.Errorf("attempt %d: Later counts", w.Attempt)
		}
	}
	if took := time.Since(began); took < 3*wait-20*time.Millisecond || took > 3*wait+patience/2 {
		b.Errorf("took %v, want about %v", took, 3*wait)
	}
}

func retried(b *bench) {
	r := newRecord()
	b.queue.Handle(kindA, 4, r.does(func(ctx context.Context, w core.Work) error {
		if w.Attempt < 3 {
			return errOnPurpose
		}
		return b.finish(ctx, w)
	}))
	b.start()
	b.enqueue(b.job(kindA, "1"))
	var at [3]time.Time
	for i := range at {
		if w := await(b, "start", r.ch); w.Attempt != i+1 {
			b.Errorf("attempt %d, want %d", w.Attempt, i+1)
		}
		at[i] = time.Now()
	}
	// Only lower bounds: a busy machine may start either late.
	const least, growth = 500 * time.Millisecond, 3
	if first, second := at[1].Sub(at[0]), at[2].Sub(at[1]); first < least || second < growth*least {
		b.Errorf("delays %v, %v: want at least %v, and then %d times as much", first, second, least, growth)
	}
}

func panics(b *bench) {
	r := newRecord()
	b.queue.Handle(kindA, 4, r.does(func(ctx context.Context, w core.Work) error {
		if w.Attempt == 1 {
			panic("on purpose")
		}
		return b.finish(ctx, w)
	}))
	b.start()
	b.enqueue(b.job(kindA, "1"))
	await(b, "start", r.ch)
	if w := await(b, "start after the panic", r.ch); w.Attempt != 2 {
		b.Errorf("attempt %d", w.Attempt)
	}
}

func dead(b *bench) {
	r := newRecord()
	b.queue.Handle(kindA, 4, r.does(func(ctx context.Context, w core.Work) error {
		if r.count() == 1 {
			return fmt.Errorf("no such file: %w", core.ErrDead)
		}
		return b.finish(ctx, w)
	}))
	b.start()
	b.enqueue(b.job(kindA, "1"))
	await(b, "start", r.ch)
	nothing(b, "a dead job started", r.ch, 300*time.Millisecond)
	b.enqueue(b.job(kindA, "1"))
	if w := await(b, "start of the new one", r.ch); w.Attempt != 1 {
		b.Errorf("attempt %d", w.Attempt)
	}
}

func tokens(b *bench) {
	r, finished := newRecord(), make(chan error, 1)
	b.queue.Handle(kindA, 4, r.does(func(ctx context.Context, w core.Work) error {
		if r.count()%2 == 1 {
			return core.Later{After: time.Millisecond}
		}
		err := b.finish(ctx, w)
		finished <- err
		return err
	}))
	b.start()
	var last int64
	for range 10 {
		b.enqueue(b.job(kindA, "1"))
		for range 2 {
			w := await(b, "start", r.ch)
			if w.Token <= last {
				b.Fatalf("token %d after %d", w.Token, last)
			}
			last = w.Token
		}
		b.must(await(b, "finish", finished))
	}
}
