package bridgetest

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"causeway/core"
)

// Session tells how to play a provider that a link listens to over a connection of its own.
type Session struct {
	// Serve makes a provider that has one message waiting. It hands it out until the link acknowledges it, in whatever way the provider has,
	// and calls acknowledged each time that it does.
	Serve func(acknowledged func()) http.HandlerFunc
}

// patience is how long the suite waits for what must happen.
const patience = time.Minute

// session: what waits is emitted before it is acknowledged, and a link that is told to stop does.
func (c Case) session(t *testing.T) {
	before := c.left()
	switch {
	case c.Bound != nil:
		c.boundSession(t)
		goleak.VerifyNone(t, before...)
		return
	case c.Session == nil:
		t.Skip("the Case has no session")
	}
	t.Run("receives", func(t *testing.T) {
		h := NewHost(t)
		acknowledged, stop := c.running(t, h)
		eventually(t, "an acknowledged message", func() bool { return len(h.Events()) > 0 && acknowledged.Load() > 0 })
		stop()
		whole(t, h.Events())
		if e := h.Events()[0]; e.Kind != core.EventMessage || e.Fault != "" {
			t.Errorf("got %+v, want a message", e)
		}
	})
	t.Run("nothing is acknowledged that is not stored", func(t *testing.T) {
		h := NewHost(t)
		h.EmitError = errors.New("the store is down")
		acknowledged, stop := c.running(t, h)
		eventually(t, "a try to store it", func() bool { return h.Tried() > 0 })
		stop()
		if n := acknowledged.Load(); n > 0 {
			t.Errorf("acknowledged %d times", n)
		}
	})
	goleak.VerifyNone(t, before...)
}

// running starts a session; stop ends it and waits for that.
func (c Case) running(t *testing.T, h *Host) (acknowledged *atomic.Int32, stop func()) {
	t.Helper()
	acknowledged = &atomic.Int32{}
	l := c.link(t, h, provider(t, c.Session.Serve(func() { acknowledged.Add(1) })))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = l.(core.SessionLink).Run(ctx) }()
	return acknowledged, func() {
		t.Helper()
		cancel()
		select {
		case <-done:
		case <-time.After(time.Second):
			t.Error("a cancelled session goes on")
		}
	}
}

// eventually polls until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("waited for %s in vain", what)
		}
	}
}
