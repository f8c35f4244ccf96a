package session_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"causeway/core"
)

// paired is a socket that a person joins.
type paired struct {
	connected
	pair func(ctx context.Context, wish core.PairingWish, talk core.PairingTalk) (core.Paired, error)
}

var _ core.PairingLink = (*paired)(nil)

func (l *paired) Pair(ctx context.Context, wish core.PairingWish, talk core.PairingTalk) (core.Paired, error) {
	if _, running := l.of.begun(); running > 0 {
		return core.Paired{}, errors.New("it runs")
	}
	return l.pair(ctx, wish, talk)
}

func (l *paired) Joined(context.Context) error { return l.of.apart }

type joins struct {
	*socket
	pair func(ctx context.Context, wish core.PairingWish, talk core.PairingTalk) (core.Paired, error)
}

func (b joins) Open(_ core.Channel, _ core.Settings, h core.Host) (core.Link, error) {
	return &paired{connected: connected{of: b.socket, host: h}, pair: b.pair}, nil
}

func (s *shelf) SetValueUntil(ctx context.Context, owner, name string, value []byte, _ time.Time) error {
	return s.SetValue(ctx, owner, name, value)
}

func (s *shelf) ChannelByID(ctx context.Context, id core.ChannelID) (core.Channel, error) {
	return s.Channel(ctx, id)
}

// newPairingNode makes a node whose sessions run until they are ended and pair as pair says.
func newPairingNode(t *testing.T, s *shelf, name string, pair func(ctx context.Context, wish core.PairingWish, talk core.PairingTalk) (core.Paired, error)) *node {
	t.Helper()
	b := &socket{name: name, run: untilDone}
	return nodeOf(s, b, joins{b, pair})
}

// shows waits for a state of the pairing, as a node sees it.
func shows(t *testing.T, n *node, want core.PairingState) core.Pairing {
	t.Helper()
	for range 3000 {
		p, err := n.m.Pairing(t.Context(), "w", "c")
		if err != nil {
			t.Fatal(err)
		}
		if p.Step.State == want {
			return p
		}
		pass(time.Second)
	}
	p, _ := n.m.Pairing(t.Context(), "w", "c")
	t.Fatalf("the pairing shows %+v, want %s", p, want)
	return p
}

func asks(t *testing.T, n *node, wish core.PairingWish) core.Pairing {
	t.Helper()
	p, err := n.m.Pair(t.Context(), "w", "c", wish)
	if err != nil || p.ID == "" {
		t.Fatal(p, err)
	}
	return p
}

// talkative shows a code, asks for a passkey and a comparison, and joins.
func talkative(ctx context.Context, wish core.PairingWish, talk core.PairingTalk) (core.Paired, error) {
	if err := talk.Show(ctx, core.PairingStep{State: core.PairingQR, Code: "code for " + wish.Phone}); err != nil {
		return core.Paired{}, err
	}
	select {
	case <-ctx.Done():
		return core.Paired{}, ctx.Err()
	case <-time.After(20 * time.Second):
	}
	if err := talk.Show(ctx, core.PairingStep{State: core.PairingPasskey, Request: []byte(`{"challenge":"x"}`)}); err != nil {
		return core.Paired{}, err
	}
	a, err := talk.Answer(ctx)
	if err != nil {
		return core.Paired{}, err
	}
	if err := talk.Show(ctx, core.PairingStep{State: core.PairingConfirm, Code: string(a.Passkey)}); err != nil {
		return core.Paired{}, err
	}
	if a, err = talk.Answer(ctx); err != nil || !a.Agreed {
		return core.Paired{}, core.Problemf(core.CodeForbidden, "Not agreed.").Remedied("Agree.")
	}
	return core.Paired{Number: "+49"}, nil
}

// TestPairingOnAnotherNode: who asks, on whatever node, sees each step and answers it; the node that has the session does it, and the session rests
// meanwhile.
func TestPairingOnAnotherNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(socketChannel(nil))
		a, b := newPairingNode(t, s, "a", talkative), newPairingNode(t, s, "b", talkative)
		a.Start(t.Context())
		synctest.Wait()
		if _, err := b.m.Pairing(t.Context(), "w", "c"); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("before: %v", err)
		}
		asked := asks(t, b, core.PairingWish{Phone: "+49"})
		p := shows(t, b, core.PairingQR)
		if p.Step.Code != "code for +49" || p.ID != asked.ID {
			t.Errorf("shown: %+v", p)
		}
		runs(t, "while it pairs", a, 1, 0)
		if err := b.m.AnswerPairing(t.Context(), "w", "c", p.ID, core.PairingAnswer{Agreed: true}); core.CodeOf(err) != core.CodeConflict {
			t.Errorf("answered what was not asked: %v", err)
		}
		p = shows(t, b, core.PairingPasskey)
		for _, wrong := range []error{
			b.m.AnswerPairing(t.Context(), "w", "c", "another", core.PairingAnswer{Passkey: []byte(`{}`)}),
			b.m.AnswerPairing(t.Context(), "w", "c", p.ID, core.PairingAnswer{Agreed: true}),
		} {
			if core.CodeOf(wrong) != core.CodeConflict {
				t.Errorf("a wrong answer: %v", wrong)
			}
		}
		if err := b.m.AnswerPairing(t.Context(), "w", "c", p.ID, core.PairingAnswer{Passkey: []byte(`{"id":1}`)}); err != nil {
			t.Error(err)
		}
		p = shows(t, b, core.PairingConfirm)
		if p.Step.Code != `{"id":1}` || p.Seq != 3 {
			t.Errorf("shown: %+v", p)
		}
		if err := b.m.AnswerPairing(t.Context(), "w", "c", p.ID, core.PairingAnswer{Agreed: true}); err != nil {
			t.Error(err)
		}
		if p = shows(t, b, core.PairingDone); p.Step.Account.Number != "+49" {
			t.Errorf("shown: %+v", p)
		}
		pass(time.Minute)
		runs(t, "afterwards", a, 2, 1)
		for _, v := range s.values {
			if strings.Contains(v, "code for") && !strings.Contains(v, "w/pairing/c/") {
				t.Error("a code lies in the database in clear")
			}
		}
		stop(t, a)
	})
}

// TestPairingTakenOver: the node that pairs dies, and another begins the same anew.
func TestPairingTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(socketChannel(nil))
		joined := func(context.Context, core.PairingWish, core.PairingTalk) (core.Paired, error) {
			return core.Paired{Number: "+1"}, nil
		}
		a, b := newPairingNode(t, s, "a", talkative), newPairingNode(t, s, "b", joined)
		a.Start(t.Context())
		synctest.Wait()
		b.Start(t.Context())
		asks(t, b, core.PairingWish{})
		shows(t, b, core.PairingQR)
		stop(t, a)
		if p := shows(t, b, core.PairingDone); p.Step.Account.Number != "+1" {
			t.Errorf("shown: %+v", p)
		}
		pass(time.Minute)
		runs(t, "afterwards", b, 1, 1)
		stop(t, b)
	})
}

// TestPairingEnds: it is stopped, another takes its place, the link fails or panics, nobody finishes it. Each says why, and the session goes on.
func TestPairingEnds(t *testing.T) {
	forever := func(ctx context.Context, _ core.PairingWish, talk core.PairingTalk) (core.Paired, error) {
		_ = talk.Show(ctx, core.PairingStep{State: core.PairingQR})
		<-ctx.Done()
		return core.Paired{}, ctx.Err()
	}
	for name, c := range map[string]struct {
		pair func(ctx context.Context, wish core.PairingWish, talk core.PairingTalk) (core.Paired, error)
		then func(t *testing.T, n *node)
		says string
	}{
		"stopped":  {forever, func(t *testing.T, n *node) { shows(t, n, core.PairingQR); _ = n.m.StopPairing(t.Context(), "w", "c") }, "was stopped"},
		"too long": {forever, func(*testing.T, *node) {}, "in time"},
		"problem": {func(context.Context, core.PairingWish, core.PairingTalk) (core.Paired, error) {
			return core.Paired{}, core.Problemf(core.CodeConflict, "The wrong phone.").Remedied("Take the other.")
		}, func(*testing.T, *node) {}, "The wrong phone."},
		"error": {func(context.Context, core.PairingWish, core.PairingTalk) (core.Paired, error) {
			return core.Paired{}, errors.New("secret detail")
		}, func(*testing.T, *node) {}, "in the gateway's log"},
		"panic": {func(context.Context, core.PairingWish, core.PairingTalk) (core.Paired, error) { panic("boom") }, func(*testing.T, *node) {}, "in the gateway's log"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShelf(socketChannel(nil))
				n := newPairingNode(t, s, "a", c.pair)
				n.Start(t.Context())
				asks(t, n, core.PairingWish{})
				c.then(t, n)
				p := shows(t, n, core.PairingFailed)
				if !strings.Contains(p.Step.Reason, c.says) || p.Step.Remedy == "" {
					t.Errorf("it says %q %q, want %q", p.Step.Reason, p.Step.Remedy, c.says)
				}
				pass(time.Minute)
				runs(t, "afterwards", n, n.bridge.times(), 1)
				stop(t, n)
			})
		})
	}
}

func TestAnotherPairing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(socketChannel(nil))
		n := newPairingNode(t, s, "a", talkative)
		n.Start(t.Context())
		asks(t, n, core.PairingWish{Phone: "first"})
		shows(t, n, core.PairingQR)
		second := asks(t, n, core.PairingWish{Phone: "second"})
		p := shows(t, n, core.PairingQR)
		if p.ID != second.ID || p.Step.Code != "code for second" {
			t.Errorf("shown: %+v", p)
		}
		stop(t, n)
	})
}

// TestPairingNobodyDoes: where no node runs sessions, whoever asked is told in the end.
func TestPairingNobodyDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newPairingNode(t, newShelf(socketChannel(nil)), "a", talkative)
		asks(t, n, core.PairingWish{})
		pass(time.Minute)
		shows(t, n, core.PairingWaiting)
		shows(t, n, core.PairingFailed)
		_ = n.m.Close()
	})
}

func TestNotForPairing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newShelf(socketChannel(nil)), "a", untilDone)
		if _, err := n.m.Pair(t.Context(), "w", "c", core.PairingWish{}); core.CodeOf(err) != core.CodeUnsupported {
			t.Errorf("a channel that is not paired: %v", err)
		}
		if _, err := n.m.Pair(t.Context(), "w", "none", core.PairingWish{}); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("no channel: %v", err)
		}
		_ = n.m.Close()
	})
}

// TestTakeBack: a session begins anew when somebody on any node wants its place back, once for each wish; a node that begins later has no need to.
func TestTakeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(socketChannel(nil))
		a, b := newPairingNode(t, s, "a", talkative), newPairingNode(t, s, "b", talkative)
		a.Start(t.Context())
		synctest.Wait()
		runs(t, "at first", a, 1, 1)
		for n := range 2 {
			if err := b.m.TakeBack(t.Context(), "w", "c"); err != nil {
				t.Fatal(err)
			}
			pass(time.Minute)
			runs(t, "after a wish", a, 2+n, 1)
		}
		pass(time.Hour)
		runs(t, "later", a, 3, 1)
		stop(t, a)
		b.Start(t.Context())
		pass(time.Minute)
		runs(t, "on another node", b, 1, 1)
		stop(t, b)
		if err := b.m.TakeBack(t.Context(), "w", "nothing"); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("of no channel: %v", err)
		}
		b.bridge.apart = errors.New("no phone is paired")
		if err := b.m.TakeBack(t.Context(), "w", "c"); !errors.Is(err, b.bridge.apart) {
			t.Errorf("where nothing is joined: %v", err)
		}
	})
}
