package gormstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"causeway/core"
)

// party is a store with a workspace in which many write at once.
type party struct {
	*testing.T
	s  *Store
	ws core.WorkspaceID
}

func newParty(t *testing.T) *party {
	t.Helper()
	s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "x.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ws, err := s.EnsureWorkspace(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	return &party{t, s, ws}
}

func (p *party) set(ctx context.Context, tx core.Tx, i int) error {
	return tx.In(p.ws).SetValue(ctx, "test", fmt.Sprint(i), []byte("x"))
}

func (p *party) has(i int) bool {
	p.Helper()
	v, err := p.s.In(p.ws).Value(p.Context(), "test", fmt.Sprint(i))
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		p.Error(err)
	}
	return len(v) > 0
}

// each runs f for many at once and returns how each ended.
func each(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					errs[i] = fmt.Errorf("panic: %v", v)
				}
			}()
			errs[i] = f(i)
		})
	}
	all.Wait()
	return errs
}

// TestSharedCommit: of many at once, some fail, panic or are called off; the others are stored, and only they.
func TestSharedCommit(t *testing.T) {
	p := newParty(t)
	over, cancel := context.WithCancel(t.Context())
	errs := each(300, func(i int) error {
		ctx := t.Context()
		if i%7 == 6 {
			ctx = over
		}
		if i == 150 {
			cancel()
		}
		return p.s.Tx(ctx, func(tx core.Tx) error {
			if err := p.set(ctx, tx, i); err != nil {
				return err
			}
			switch i % 7 {
			case 4:
				return errors.New("on purpose")
			case 5:
				panic("on purpose")
			}
			return nil
		})
	})
	cancel()
	for i, err := range errs {
		if (err == nil) != p.has(i) {
			t.Errorf("%d: %v, stored %v", i, err, p.has(i))
		}
		if i%7 < 4 && err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// TestSharedCommitIsSeenAfterIt: who is told that it is stored can read it.
func TestSharedCommitIsSeenAfterIt(t *testing.T) {
	p := newParty(t)
	for i, err := range each(200, func(i int) error {
		if err := p.s.Tx(t.Context(), func(tx core.Tx) error { return p.set(t.Context(), tx, i) }); err != nil {
			return err
		}
		if !p.has(i) {
			return errors.New("not seen")
		}
		return nil
	}) {
		if err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// TestSharedCommitUndoneByOne: where the database takes everything back because of one, the others are run again.
func TestSharedCommitUndoneByOne(t *testing.T) {
	p := newParty(t)
	var runs atomic.Int32
	errs := each(120, func(i int) error {
		return p.s.tx(t.Context(), func(tx *transaction) error {
			runs.Add(1)
			if err := p.set(t.Context(), tx, i); err != nil {
				return err
			}
			if i%10 == 9 { // as a full disk does
				if _, err := tx.Exec(t.Context(), "ROLLBACK"); err != nil {
					return err
				}
				return errors.New("on purpose")
			}
			return nil
		})
	})
	for i, err := range errs {
		if want := i%10 != 9; (err == nil) != want || p.has(i) != want {
			t.Errorf("%d: %v, stored %v", i, err, p.has(i))
		}
	}
	t.Logf("%d runs", runs.Load())
}

// TestSharedCommitUndoneUnnoticed: where the database takes everything back and the one whose fault that is goes on as if nothing had happened, nobody is
// told that it is stored.
func TestSharedCommitUndoneUnnoticed(t *testing.T) {
	p := newParty(t)
	errs := each(60, func(i int) error {
		return p.s.tx(t.Context(), func(tx *transaction) error {
			if err := p.set(t.Context(), tx, i); err != nil || i != 30 {
				return err
			}
			_, err := tx.Exec(t.Context(), "ROLLBACK")
			return err
		})
	})
	for i, err := range errs {
		if want := i != 30; (err == nil) != want || p.has(i) != want {
			t.Errorf("%d: %v, stored %v", i, err, p.has(i))
		}
	}
}

// TestTurnNotWanted: who gives up waiting for a turn holds nobody up, even if it comes at that moment.
func TestTurnNotWanted(t *testing.T) {
	p := newParty(t)
	for i, err := range each(400, func(i int) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%20)*100*time.Microsecond)
		defer cancel()
		if i%4 == 0 {
			ctx = t.Context()
		}
		return p.s.Tx(ctx, func(tx core.Tx) error { return p.set(ctx, tx, i) })
	}) {
		if (err == nil) != p.has(i) || i%4 == 0 && err != nil {
			t.Errorf("%d: %v, stored %v", i, err, p.has(i))
		}
	}
	if err := p.s.Tx(t.Context(), func(tx core.Tx) error { return p.set(t.Context(), tx, 1000) }); err != nil || !p.has(1000) {
		t.Errorf("afterwards: %v", err)
	}
}
