package session_test

import (
	"context"
	"testing"
	"testing/synctest"

	"causeway/core"
)

// parting is a socket whose links take leave.
type parting struct {
	*socket
	left func(ctx context.Context, h core.Host)
}

func (p parting) Open(ch core.Channel, s core.Settings, h core.Host) (core.Link, error) {
	l, err := p.socket.Open(ch, s, h)
	if err != nil {
		return nil, err
	}
	return &leaving{l.(*connected), p}, nil
}

type leaving struct {
	*connected
	parting parting
}

func (l *leaving) Leave(ctx context.Context, callback string, staying []core.Channel) error {
	l.parting.left(ctx, l.host)
	if callback != "https://g.example/hooks/c" || len(staying) != 0 {
		return core.Problemf(core.CodeInvalid, "called with %s and %v", callback, staying)
	}
	return nil
}

// TestLeave: the link of a channel that was removed takes leave when its session is over on the node that had it, and may store what that takes.
func TestLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(socketChannel(nil))
		there := newNode(t, s, "a", untilDone)
		there.Start(t.Context())
		synctest.Wait()
		runs(t, "before", there, 1, 1)
		left := 0
		b := &socket{name: "b", run: untilDone}
		here := nodeOf(s, b, parting{b, func(ctx context.Context, h core.Host) {
			left++
			if _, running := there.bridge.begun(); running != 0 {
				t.Error("its session still runs")
			}
			if err := h.Save(ctx, "key", nil); err != nil {
				t.Errorf("it stores nothing: %v", err)
			}
		}})
		s.locked(func() { s.channels = nil })
		over := make(chan error)
		go func() { over <- here.m.Leave(t.Context(), socketChannel(nil), "https://g.example/hooks/c") }()
		pass(2 * leaseLook)
		if left != 0 {
			t.Error("it left while another node ran its session")
		}
		there.m.Refresh(t.Context())
		if err := <-over; err != nil || left != 1 || s.holder() != "" {
			t.Errorf("left %d times, the lease is held by %q: %v", left, s.holder(), err)
		}
		stop(t, there)
	})
}

// TestLeaveAlone: where a node does not end a session, the channel is not left for ever in waiting.
func TestLeaveAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(socketChannel(nil))
		there := newNode(t, s, "a", untilDone)
		there.Start(t.Context())
		synctest.Wait()
		b := &socket{name: "b", run: untilDone}
		here := nodeOf(s, b, parting{b, func(context.Context, core.Host) { t.Error("it left while another node ran its session") }})
		if err := here.m.Leave(t.Context(), socketChannel(nil), ""); core.CodeOf(err) != core.CodeUnavailable {
			t.Errorf("got %v", err)
		}
		stop(t, there)
	})
}
