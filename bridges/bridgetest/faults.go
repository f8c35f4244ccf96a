package bridgetest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"causeway/core"
)

// faults: what goes wrong in sending is rejected or unknown, and never the wrong one of the two.
func (c Case) faults(t *testing.T) {
	if c.Send == nil {
		t.Skip("the Case does not send")
	}
	switch {
	case c.Bound != nil:
		c.boundFaults(t)
		return
	case c.BaseSetting == "":
		t.Skip("the link calls nobody")
	}
	for _, r := range c.Send.Refusals {
		t.Run(r.Name, func(t *testing.T) { c.refusal(t, r) })
	}
	t.Run("connection refused", func(t *testing.T) {
		c.expect(t, t.Context(), nobody(t), core.Rejected, core.EffectRetry)
	})
	t.Run("no such host", func(t *testing.T) {
		c.expect(t, t.Context(), "http://no-such-host.invalid", core.Rejected, core.EffectRetry)
	})
	t.Run("connection cut after the request", func(t *testing.T) {
		base := provider(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			panic(http.ErrAbortHandler)
		})
		c.expect(t, t.Context(), base, core.Unknown, "")
	})
	t.Run("connection cut within the answer", func(t *testing.T) {
		base := provider(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
		})
		c.expect(t, t.Context(), base, core.Unknown, "")
	})
	t.Run("success that cannot be read", func(t *testing.T) {
		base := provider(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, "bad json")
		})
		c.expect(t, t.Context(), base, core.Unknown, "")
	})
	t.Run("no answer in time", func(t *testing.T) { c.late(t) })
	t.Run("no connection in time", func(t *testing.T) { c.unconnected(t) })
}

// nobody is an address on this machine where nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return "http://" + l.Addr().String()
}

func (c Case) hello() core.Outgoing {
	return core.Outgoing{Key: "key", To: c.Send.To, Content: core.Content{Kind: core.KindText, Text: "hello"}}
}

// expect sends and compares what it fails with. An empty effect is not compared.
func (c Case) expect(t *testing.T, ctx context.Context, base string, outcome core.Outcome, effect core.Effect) {
	t.Helper()
	_ = c.fails(t, ctx, base, outcome, effect)
}

// fails is expect, and returns what it failed with.
func (c Case) fails(t *testing.T, ctx context.Context, base string, outcome core.Outcome, effect core.Effect) *core.SendError {
	t.Helper()
	_, err := c.link(t, NewHost(t), base).Send(ctx, c.hello())
	if err == nil {
		t.Fatal("it was sent")
	}
	e := core.AsSendError(err)
	if e.Outcome != outcome || effect != "" && e.Effect != effect || e.Reason == "" {
		t.Errorf("got %s/%s %q, want %s/%s", e.Outcome, e.Effect, e.Reason, outcome, effect)
	}
	if leaked := Leaks(c.Settings, err, *e); len(leaked) > 0 {
		t.Errorf("the error shows %v", leaked)
	}
	return e
}

func (c Case) refusal(t *testing.T, r Refusal) {
	base := provider(t, func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		for k, v := range r.Header {
			w.Header()[k] = v
		}
		w.WriteHeader(r.Status)
		_, _ = io.WriteString(w, r.Body)
	})
	e := c.fails(t, t.Context(), base, r.Outcome, r.Effect)
	if e.Code != r.Code || e.Retry < time.Duration(r.AtLeast)*time.Second {
		t.Errorf("got code %q, wait %s; want %q, at least %d s", e.Code, e.Retry, r.Code, r.AtLeast)
	}
}

// late: the request arrived, the answer does not come.
func (c Case) late(t *testing.T) {
	arrived, end := make(chan struct{}), make(chan struct{})
	base := provider(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		<-end
	})
	defer close(end)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	c.expect(t, ctx, base, core.Unknown, "")
}

// unconnected: time is over before anything could be written.
func (c Case) unconnected(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.expect(t, ctx, provider(t, c.Answer), core.Rejected, "")
}

// cancel: every call ends within a second of its context.
func (c Case) cancel(t *testing.T) {
	switch {
	case c.Bound != nil:
		c.boundCancel(t)
		return
	case c.BaseSetting == "":
		t.Skip("the link calls nobody")
	}
	for name, call := range c.duties() {
		t.Run(name, func(t *testing.T) { c.cancelled(t, call) })
	}
}

func (c Case) cancelled(t *testing.T, call func(context.Context, core.Link) error) {
	arrived, end := make(chan struct{}, 1), make(chan struct{})
	base := provider(t, func(http.ResponseWriter, *http.Request) {
		select {
		case arrived <- struct{}{}:
		default:
		}
		<-end
	})
	defer close(end)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l, done := c.link(t, NewHost(t), base), make(chan error, 1)
	go func() { done <- call(ctx, l) }()
	select {
	case <-arrived:
	case err := <-done:
		t.Fatalf("it ended without a call to the provider: %v", err)
	}
	cancel()
	select {
	case err := <-done:
		if err == nil {
			t.Error("a cancelled call succeeded")
		}
	case <-time.After(time.Second):
		t.Error("a cancelled call goes on")
	}
}

// duties are the calls that a link makes to its provider. A check has no error: its findings tell.
func (c Case) duties() map[string]func(context.Context, core.Link) error {
	all := map[string]func(context.Context, core.Link) error{"check": func(ctx context.Context, l core.Link) error {
		for _, f := range l.Check(ctx) {
			if f.Level != core.HealthGood {
				return errors.New(f.Detail)
			}
		}
		return nil
	}}
	if c.Send != nil {
		all["send"] = func(ctx context.Context, l core.Link) error { _, err := l.Send(ctx, c.hello()); return err }
	}
	if c.Media != nil {
		all["fetch"] = func(ctx context.Context, l core.Link) error {
			d, err := l.(core.MediaLink).Fetch(ctx, *c.Media)
			if err == nil {
				_, err = io.Copy(io.Discard, d.Body)
				_ = d.Body.Close()
			}
			return err
		}
	}
	if c.Act != nil {
		all["act"] = func(ctx context.Context, l core.Link) error {
			_, err := l.(core.ActionLink).Act(ctx, *c.Act)
			return err
		}
	}
	if c.Templates {
		all["templates"] = func(ctx context.Context, l core.Link) error {
			_, err := l.(core.TemplateLink).Templates(ctx)
			return err
		}
	}
	if c.Setup {
		all["subscribe"] = func(ctx context.Context, l core.Link) error {
			return l.(core.SetupLink).Subscribe(ctx, "https://gateway.example/hooks/1")
		}
	}
	return all
}

// leaks: a link that worked and was closed leaves nothing running.
func (c Case) leaks(t *testing.T) {
	before := c.left()
	t.Run("work", func(t *testing.T) {
		c, stage := c.stage(t, NewHost(t))
		for name, call := range c.duties() {
			if err := call(t.Context(), stage.Link); err != nil && name != "check" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	goleak.VerifyNone(t, before...)
}

// closing: closing twice is harmless, and nothing stays behind.
func (c Case) closing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	l, err := c.Bridge.Open(c.Channel, c.at("http://127.0.0.1:1"), NewHost(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
}
