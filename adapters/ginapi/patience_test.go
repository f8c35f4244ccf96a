package ginapi

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/outbound"
)

// A provider that hangs up gives the webhook again; what is under way is stored all the same, and only once.
func TestHookOutlivesAProviderThatHangsUp(t *testing.T) {
	h := open(t)
	h.channel("a", "c1", "acc1", "s1")
	arrived, gone, during := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	h.inbox.accept = func(ctx context.Context, _ core.Channel, _ []core.Event) error {
		close(arrived)
		<-gone
		during <- ctx.Err()
		return ctx.Err()
	}
	var request context.Context
	seen := make(chan struct{})
	served := h.serveBehind(func(w http.ResponseWriter, r *http.Request) {
		request = r.Context()
		close(seen)
		h.server.Handler().ServeHTTP(w, r)
	})
	ctx, hangUp := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		r, _ := http.NewRequestWithContext(ctx, http.MethodPost, served+"/hooks/c1", strings.NewReader(`[{"id":"e1"}]`))
		r.Header.Set("X-Sign", sign("s1", []byte(`[{"id":"e1"}]`)))
		if resp, err := h.client.Do(r); err == nil {
			resp.Body.Close()
		}
	}()
	<-seen
	<-arrived
	hangUp()
	<-over
	<-request.Done() // the server has noticed
	close(gone)
	if err := <-during; err != nil {
		t.Errorf("storing was ended: %v", err)
	}
	h.eventually("the event is stored", func() bool { return h.inbox.ids("c1") == "e1" })
}

// serveBehind serves a handler as the public one is served, at another address.
func (h *house) serveBehind(f http.HandlerFunc) string {
	l := listen(h.t)
	s := h.server.server(context.Background(), f)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	h.t.Cleanup(func() {
		_ = s.Shutdown(context.Background())
		<-ended
	})
	return "http://" + l.Addr().String()
}

func (h *house) eventually(what string, so func() bool) {
	h.t.Helper()
	for end := time.Now().Add(time.Minute); !so(); <-time.After(time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("it never happened: %s", what)
		}
	}
}

func TestHookThatCannotBeStoredInTime(t *testing.T) {
	h := open(t, func(o *Options) { o.AcceptWait = 20 * time.Millisecond })
	h.channel("a", "c1", "acc1", "s1")
	h.inbox.accept = func(ctx context.Context, _ core.Channel, _ []core.Event) error {
		<-ctx.Done() // as a database that does not answer
		return ctx.Err()
	}
	resp, body := h.post("c1", "s1", `[{"id":"e1"}]`)
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || body != "" {
		t.Errorf("got %d %q, Retry-After %q", resp.StatusCode, body, resp.Header.Get("Retry-After"))
	}
}

func TestSendsBeyondTheLimitAreTurnedAway(t *testing.T) {
	o := openOffice(t, func(o *Options) { o.MaxSends = 1 })
	const path, text = "/conversations/c1/messages", `{"contents":[{"kind":"text","text":"hello"}]}`
	arrived, commit := make(chan struct{}), make(chan struct{})
	real := o.outbox.compose
	o.outbox.compose = func(ws core.WorkspaceID, r outbound.Request) ([]core.Message, core.Decision, error) {
		close(arrived)
		<-commit
		return real(ws, r)
	}
	answered := make(chan int, 1)
	go func() {
		resp, _ := o.api(o.key, "POST", path, text)
		answered <- resp.StatusCode
	}()
	<-arrived
	resp, body := o.api(o.key, "POST", path, text)
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "/problems/unavailable") {
		t.Errorf("the second got %d %s", resp.StatusCode, body)
	}
	close(commit)
	if status := <-answered; status != 201 {
		t.Errorf("the first got %d", status)
	}
	o.outbox.compose = real
	o.want(201, "POST", path, text, nil)
}

// A send that waits for a database that does not answer is answered 503 before the program that sends gives up.
func TestAPIWithADatabaseThatDoesNotAnswer(t *testing.T) {
	o := openOffice(t, func(o *Options) { o.AcceptWait = 20 * time.Millisecond })
	o.store.stall = true
	resp, body := o.api(o.key, "GET", "/agents", "")
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "/problems/unavailable") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
}
