package gormstore

import (
	"context"
	"sync/atomic"
	"testing"

	"causeway/core"
)

// TestCheckpointBeginsTheLogAnew: after a checkpoint of a long log, made while others write, the log begins anew, and all is there.
func TestCheckpointBeginsTheLogAnew(t *testing.T) {
	p := newParty(t)
	c := p.s.engine.(*liteEngine).checkpoints
	if err := c.close(); err != nil { // the one of its own accord; the test makes them
		t.Fatal(err)
	}
	c = checkpointing(context.WithoutCancel(t.Context()), p.s.path, c.shared)
	t.Cleanup(func() { _ = c.close() })
	p.s.engine.(*liteEngine).checkpoints = nil

	fill := func() {
		t.Helper()
		err := p.s.Tx(t.Context(), func(tx core.Tx) error {
			return tx.In(p.ws).SetValue(t.Context(), "test", "large", make([]byte, 2*longLog*4096))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	fill()
	var stop atomic.Bool
	writers := make(chan []error)
	go func() {
		writers <- each(8, func(i int) error {
			for n := i; !stop.Load(); n += 8 {
				if err := p.s.Tx(t.Context(), func(tx core.Tx) error { return p.set(t.Context(), tx, n%800) }); err != nil {
					return err
				}
			}
			return nil
		})
	}()
	pages := longLog
	for try := 0; pages >= longLog && try < 100; try++ { // a reader that happens to be at the log's end puts it off
		if err := c.once(t.Context()); err != nil {
			t.Error(err)
		}
		if err := p.s.Tx(t.Context(), func(tx core.Tx) error { return p.set(t.Context(), tx, 0) }); err != nil {
			t.Error(err)
		}
		var err error
		if pages, err = c.move(t.Context()); err != nil {
			t.Error(err)
		}
	}
	stop.Store(true)
	for _, err := range <-writers {
		if err != nil {
			t.Error(err)
		}
	}
	if pages >= longLog {
		t.Errorf("the log has %d pages", pages)
	}
	if !p.has(0) {
		t.Error("what was written is not there")
	}
}

// TestAloneEndsWhatIsShared: who wants to be alone ends the open transaction for those who share it, and keeps nobody out afterwards.
func TestAloneEndsWhatIsShared(t *testing.T) {
	p := newParty(t)
	s := p.s.engine.(*liteEngine).shared
	var inside atomic.Int32
	errs := each(200, func(i int) error {
		if i%10 == 0 {
			return s.alone(t.Context(), func() error {
				if inside.Load() != 0 || s.open != nil {
					t.Error("not alone")
				}
				return nil
			})
		}
		return p.s.Tx(t.Context(), func(tx core.Tx) error {
			inside.Add(1)
			defer inside.Add(-1)
			return p.set(t.Context(), tx, i)
		})
	})
	for i, err := range errs {
		if err != nil {
			t.Errorf("%d: %v", i, err)
		}
		if i%10 != 0 && !p.has(i) {
			t.Errorf("%d was not stored", i)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.alone(gone, func() error { t.Error("alone though called off"); return nil }); err == nil {
		t.Error("no error")
	}
}
