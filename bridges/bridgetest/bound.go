package bridgetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"causeway/core"
)

// boundSession: what waits is stored before it is acknowledged, what could not be stored comes again, and a link that is told to stop does.
func (c Case) boundSession(t *testing.T) {
	t.Run("receives", func(t *testing.T) {
		h := NewHost(t)
		_, s := c.stage(t, h)
		s.Say()
		eventually(t, "an acknowledged message", func() bool { return said(h) > 0 && s.Waiting() == 0 })
		s.End()
		whole(t, h.Events())
	})
	t.Run("nothing is acknowledged that is not stored", func(t *testing.T) {
		h := NewHost(t)
		_, s := c.stage(t, h)
		eventually(t, "an end of what comes in at first", func() bool { return s.Waiting() == 0 })
		h.failing(errors.New("the store is down"))
		before, had := h.Tried(), said(h)
		s.Say()
		eventually(t, "a try to store it", func() bool { return h.Tried() > before })
		s.End()
		if s.Waiting() == 0 {
			t.Error("it was acknowledged")
		}
		h.failing(nil)
		s.Again()
		eventually(t, "what was not stored", func() bool { return said(h) > had && s.Waiting() == 0 })
		s.End()
		if n := said(h); n != had+1 {
			t.Errorf("it was stored %d times", n-had)
		}
	})
	t.Run("here", func(t *testing.T) {
		_, s := c.stage(t, NewHost(t))
		if l, ok := s.Link.(core.BoundLink); !ok || !l.Here() {
			t.Error("the session is up, and not here")
		}
		if s.End(); s.Link.(core.BoundLink).Here() {
			t.Error("the session is over, and here")
		}
	})
}

// said counts the messages that were stored.
func said(h *Host) int {
	n := 0
	for _, e := range h.Events() {
		if e.Kind == core.EventMessage && e.Fault == "" {
			n++
		}
	}
	return n
}

// failing has Emit fail from now on, or no more.
func (h *Host) failing(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.EmitError = err
}

// boundFaults: what goes wrong in sending is rejected or unknown, and never the wrong one of the two.
func (c Case) boundFaults(t *testing.T) {
	for _, r := range c.Send.Refusals {
		t.Run(r.Name, func(t *testing.T) {
			c, s := c.stage(t, NewHost(t))
			s.Refuse(r)
			e := c.sendFails(t, t.Context(), s, r.Outcome, r.Effect)
			if e.Code != r.Code || e.Retry < time.Duration(r.AtLeast)*time.Second {
				t.Errorf("got code %q, wait %s; want %q, at least %d s", e.Code, e.Retry, r.Code, r.AtLeast)
			}
		})
	}
	t.Run("no session", func(t *testing.T) {
		c, s := c.stage(t, NewHost(t))
		s.End()
		_ = c.sendFails(t, t.Context(), s, core.Rejected, core.EffectRetry)
	})
	t.Run("no connection", func(t *testing.T) {
		c, s := c.stage(t, NewHost(t))
		s.Down()
		_ = c.sendFails(t, t.Context(), s, core.Rejected, core.EffectRetry)
	})
	t.Run("connection cut after the message", func(t *testing.T) {
		c, s := c.stage(t, NewHost(t))
		s.Cut()
		_ = c.sendFails(t, t.Context(), s, core.Unknown, "")
	})
	t.Run("no answer in time", func(t *testing.T) {
		c, s := c.stage(t, NewHost(t))
		s.Mute()
		err := cutShort(t, s, func(ctx context.Context) error { _, err := s.Link.Send(ctx, c.hello()); return err })
		_ = s.judge(t, err, core.Unknown, "")
	})
	t.Run("no connection in time", func(t *testing.T) {
		c, s := c.stage(t, NewHost(t))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		before := s.Calls()
		_ = c.sendFails(t, ctx, s, core.Rejected, "")
		if s.Calls() > before {
			t.Error("it was sent all the same")
		}
	})
}

// sendFails sends and compares what that fails with. An empty effect is not compared.
func (c Case) sendFails(t *testing.T, ctx context.Context, s *Stage, outcome core.Outcome, effect core.Effect) *core.SendError {
	t.Helper()
	_, err := s.Link.Send(ctx, c.hello())
	return s.judge(t, err, outcome, effect)
}

// judge compares what a send fails with.
func (s *Stage) judge(t *testing.T, err error, outcome core.Outcome, effect core.Effect) *core.SendError {
	t.Helper()
	if err == nil {
		t.Fatal("it was sent")
	}
	e := core.AsSendError(err)
	if e.Outcome != outcome || effect != "" && e.Effect != effect || e.Reason == "" {
		t.Errorf("got %s/%s %q (%s), want %s/%s", e.Outcome, e.Effect, e.Reason, e.Detail, outcome, effect)
	}
	if leaked := Leaks(core.Settings{Secrets: s.Secrets}, err, *e); len(leaked) > 0 {
		t.Errorf("the error shows %v", leaked)
	}
	return e
}

// boundCancel: every call ends soon after its context.
func (c Case) boundCancel(t *testing.T) {
	for _, name := range []string{"send", "fetch", "act"} {
		c, s := c.stage(t, NewHost(t))
		call := c.duties()[name]
		if call == nil {
			s.End()
			continue
		}
		t.Run(name, func(t *testing.T) {
			s.Mute()
			if err := cutShort(t, s, func(ctx context.Context) error { return call(ctx, s.Link) }); err == nil {
				t.Error("a cancelled call succeeded")
			}
		})
		s.End()
	}
}

// cutShort cancels a call as soon as the provider was asked, and returns what it ends with.
func cutShort(t *testing.T, s *Stage, call func(context.Context) error) error {
	t.Helper()
	before := s.Calls()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- call(ctx) }()
	eventually(t, "the provider to be asked", func() bool { return s.Calls() > before })
	cancel()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		t.Fatal("a cancelled call goes on")
		return nil
	}
}

// boundSecrets: what the link keeps for itself is in nothing that it says, whether its provider is well or gone.
func (c Case) boundSecrets(t *testing.T) {
	for name, prepare := range map[string]func(*Stage){"well": func(*Stage) {}, "down": func(s *Stage) { s.Down() }} {
		t.Run(name, func(t *testing.T) {
			h := NewHost(t)
			c, s := c.stage(t, h)
			if len(s.Secrets) == 0 {
				t.Fatal("the stage names no secrets")
			}
			prepare(s)
			said := append(c.everything(t, s.Link), fmt.Sprintf("%v %+v", h.Healths(), h.Events()), h.Logged(), s.Link)
			if leaked := Leaks(core.Settings{Secrets: s.Secrets}, said...); len(leaked) > 0 {
				t.Errorf("shown: %v", leaked)
			}
		})
	}
}

// left are the options of a search for what is left running.
func (c Case) left() []goleak.Option {
	all := []goleak.Option{goleak.IgnoreCurrent()}
	if c.Bound != nil {
		for _, f := range c.Bound.Remains {
			all = append(all, goleak.IgnoreTopFunction(f))
		}
	}
	return all
}
