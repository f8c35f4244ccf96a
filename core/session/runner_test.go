package session_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"causeway/core"
)

// emitting stores something each second, and ends at an error.
func emitting(ctx context.Context, h core.Host) error {
	for {
		if err := h.Emit(ctx, core.Event{ID: "1"}); err != nil {
			return err
		}
		if err := h.Save(ctx, "cursor", []byte("1")); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// pass lets synctest's time pass.
func pass(d time.Duration) { <-time.After(d) }

func stop(t *testing.T, n *node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := n.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
	_ = n.m.Close()
}

// runs fails unless the node's sessions began so often and so many run.
func runs(t *testing.T, what string, n *node, times, running int) {
	t.Helper()
	synctest.Wait()
	if a, b := n.bridge.begun(); a != times || b != running {
		t.Errorf("%s: node %s began %d sessions and runs %d, want %d and %d", what, n.bridge.name, a, b, times, running)
	}
}

func TestOneNodeRunsASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(socketChannel(nil))
		a, b := newNode(t, s, "a", emitting), newNode(t, s, "b", emitting)
		a.Start(t.Context())
		synctest.Wait()
		b.Start(t.Context())
		pass(10 * time.Minute)
		runs(t, "for ten minutes", a, 1, 1)
		runs(t, "for ten minutes", b, 0, 0)
		stop(t, a)
		began := time.Now()
		pass(leaseLook)
		runs(t, "after a stop", a, 1, 0)
		runs(t, "after a stop", b, 1, 1)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("a lease that was given back was taken after %v", took)
		}
		stop(t, b)
		if s.refused > 0 {
			t.Errorf("%d writes were refused", s.refused)
		}
	})
}

const leaseLook = 2 * time.Second

// TestNodeLosesTheDatabase: it ends its session before another node can begin one, and takes none up until it is back.
func TestNodeLosesTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(socketChannel(nil))
		a, b := newNode(t, s, "a", untilDone), newNode(t, s, "b", untilDone)
		a.Start(t.Context())
		synctest.Wait()
		b.Start(t.Context())
		pass(time.Minute)
		first := s.holder()
		s.locked(func() { s.away[first] = true })
		cut, ended := time.Now(), time.Time{}
		for {
			synctest.Wait()
			_, inA := a.bridge.begun()
			_, inB := b.bridge.begun()
			if inA+inB > 1 {
				t.Fatal("two nodes run it")
			}
			if inA == 0 && ended.IsZero() {
				ended = time.Now()
			}
			if inB == 1 {
				break
			}
			pass(10 * time.Millisecond)
		}
		if took := time.Since(cut); took > 11*time.Second {
			t.Errorf("taken over after %v", took)
		}
		if time.Since(ended) < time.Second {
			t.Errorf("it was taken over %v after the first had ended it", time.Since(ended))
		}
		s.locked(func() { delete(s.away, first) })
		pass(time.Minute)
		runs(t, "when it is back", a, 1, 0)
		runs(t, "when the first is back", b, 1, 1)
		stop(t, b)
		pass(time.Minute)
		a.m.Refresh(t.Context())
		pass(time.Minute)
		runs(t, "when the second stops", a, 2, 1)
		stop(t, a)
	})
}

// TestNodeThatDoesNotSeeItsEnd: a session that does not heed its context stores nothing once the lease is another's.
func TestNodeThatDoesNotSeeItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(socketChannel(nil))
		deaf := make(chan struct{})
		a := newNode(t, s, "a", func(_ context.Context, h core.Host) error {
			if err := h.Emit(context.Background(), core.Event{ID: "1"}); err != nil {
				t.Errorf("while it is held: %v", err)
			}
			<-deaf
			for what, err := range map[string]error{"emit": h.Emit(context.Background(), core.Event{ID: "2"}), "save": h.Save(context.Background(), "cursor", []byte("2"))} {
				if !errors.Is(err, core.ErrLeaseLost) {
					t.Errorf("%s after it is lost: %v", what, err)
				}
			}
			h.Health(context.Background(), core.Health{Level: core.HealthBad})
			return nil
		})
		b := newNode(t, s, "b", emitting)
		a.Start(t.Context())
		synctest.Wait()
		b.Start(t.Context())
		s.locked(func() { s.away[s.leases["session/c"].Holder] = true })
		pass(30 * time.Second)
		runs(t, "while the first hangs", b, 1, 1)
		close(deaf)
		runs(t, "when it no longer hangs", a, 1, 0)
		if len(s.told) > 0 {
			t.Errorf("it told of health: %+v", s.told)
		}
		if s.stored[0] != "a" || s.stored[1] != "b" || s.values["channel/ccursor"] != "1" {
			t.Errorf("stored: %v, %v", s.stored, s.values)
		}
		stop(t, b)
		stop(t, a)
	})
}

func TestSessionIsBegunAgain(t *testing.T) {
	for name, c := range map[string]struct {
		fail   func() error
		told   core.HealthLevel
		reason string
	}{
		"error":  {func() error { return errors.New("reset by peer") }, core.HealthWarning, "The connection to the provider ends again and again."},
		"panic":  {func() error { panic("on purpose") }, core.HealthWarning, "The connection to the provider ends again and again."},
		"no end": {func() error { return nil }, core.HealthWarning, "The connection to the provider ends again and again."},
		"credential": {func() error {
			return &core.SendError{Effect: core.EffectPark, Outcome: core.Rejected, Reason: "The token is not known.", Remedy: "Make another."}
		}, core.HealthBad, "The token is not known."},
		"problem":  {func() error { return core.Problemf(core.CodeForbidden, "The account is closed.") }, core.HealthBad, "The account is closed."},
		"database": {func() error { return core.ErrUnavailable }, core.HealthUnknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShelf(socketChannel(nil))
				fails := 8
				n := newNode(t, s, "a", func(ctx context.Context, h core.Host) error {
					if fails--; fails >= 0 {
						return c.fail()
					}
					return untilDone(ctx, h)
				})
				n.Start(t.Context())
				pass(10 * time.Minute)
				runs(t, "after eight failures", n, 9, 1)
				for i := 2; i < len(n.bridge.starts); i++ {
					before, now := n.bridge.starts[i-1].Sub(n.bridge.starts[i-2]), n.bridge.starts[i].Sub(n.bridge.starts[i-1])
					if now <= before {
						t.Errorf("the wait after failure %d was %v, the one before %v", i, now, before)
					}
				}
				if c.told == core.HealthUnknown {
					if len(s.told) != 0 {
						t.Errorf("told: %+v", s.told)
					}
				} else if len(s.told) != 2 || s.told[0].Level != c.told || s.told[0].Reason != c.reason || s.told[1].Level != core.HealthGood {
					t.Errorf("told: %+v", s.told)
				}
				if s.channels[0].State != core.ChannelActive {
					t.Errorf("in the end the channel is %s", s.channels[0].State)
				}
				stop(t, n)
			})
		})
	}
}

// TestWellInAnOutage: a session that is well again is told as such, though the database is away at the moment when that is clear.
func TestWellInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(socketChannel(nil))
		var fails atomic.Int32
		fails.Store(3)
		n := newNode(t, s, "a", func(ctx context.Context, h core.Host) error {
			if fails.Add(-1) >= 0 {
				return errors.New("reset by peer")
			}
			return untilDone(ctx, h)
		})
		n.Start(t.Context())
		for fails.Load() >= 0 {
			pass(time.Second / 10)
			synctest.Wait()
		}
		pass(time.Until(n.bridge.starts[3].Add(time.Minute - time.Second)))
		holder := s.holder()
		s.locked(func() { s.away[holder] = true })
		pass(2 * time.Second)
		s.locked(func() { delete(s.away, holder) })
		n.m.Refresh(t.Context())
		if h := s.channels[0].Health; h.Level != core.HealthGood || len(s.told) != 2 {
			t.Errorf("the channel is %+v; told: %+v", h, s.told)
		}
		runs(t, "all the while", n, 4, 1)
		stop(t, n)
	})
}

func TestProviderSaysHowLongToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newShelf(socketChannel(nil)), "a", func(context.Context, core.Host) error {
			return &core.SendError{Effect: core.EffectSlow, Retry: time.Hour, Reason: "Too many calls."}
		})
		n.Start(t.Context())
		pass(59 * time.Minute)
		runs(t, "within the hour", n, 1, 0)
		stop(t, n)
	})
}

// TestChannelChanges: the session follows the channel's settings, and does not care whether it may send.
func TestChannelChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(socketChannel(nil))
		n := newNode(t, s, "a", untilDone)
		n.Start(t.Context())
		for _, step := range []struct {
			what           string
			channels       []core.Channel
			times, running int
		}{
			{"at first", s.channels, 1, 1},
			{"paused", []core.Channel{{ID: "c", Workspace: "w", Kind: "socket", State: core.ChannelPaused}}, 1, 1},
			{"parked", []core.Channel{{ID: "c", Workspace: "w", Kind: "socket", State: core.ChannelParked}}, 1, 1},
			{"changed", []core.Channel{socketChannel(map[string]string{"folder": "2"})}, 2, 1},
			{"broken", []core.Channel{socketChannel(map[string]string{"broken": "yes"})}, 2, 0},
			{"mended", []core.Channel{socketChannel(nil)}, 3, 1},
			{"deleted", nil, 3, 0},
		} {
			s.locked(func() { s.channels = step.channels })
			n.m.Refresh(t.Context())
			pass(leaseLook)
			runs(t, step.what, n, step.times, step.running)
			if held := s.holder() != ""; held != (step.running == 1) {
				t.Errorf("%s: the lease is held: %v", step.what, held)
			}
		}
		if n.bridge.most > 1 {
			t.Errorf("%d sessions ran at once", n.bridge.most)
		}
		stop(t, n)
	})
}

// TestHungSession: a stop does not wait for it beyond its time, and says so.
func TestHungSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		n := newNode(t, newShelf(socketChannel(nil)), "a", func(context.Context, core.Host) error { <-hang; return nil })
		n.Start(t.Context())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		switch err := n.Stop(ctx); {
		case !errors.Is(err, context.DeadlineExceeded):
			t.Errorf("stop: %v", err)
		case !strings.Contains(err.Error(), "socket"):
			t.Errorf("stop does not name the channel: %v", err)
		}
		close(hang)
		synctest.Wait()
		runs(t, "in the end", n, 1, 0)
	})
}
