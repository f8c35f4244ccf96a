package ginapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"causeway/core"

	"github.com/prometheus/client_golang/prometheus"
)

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func TestHealth(t *testing.T) {
	queue := error(nil)
	h := open(t, func(o *Options) {
		o.Probes = []Probe{{"queue", func(context.Context) error { return queue }}}
	})
	if resp, body := h.call("GET", h.private+"/healthz", ""); resp.StatusCode != 200 || body != "ok\n" {
		t.Errorf("healthz: got %d %q", resp.StatusCode, body)
	}
	ready := func(status int, want readiness) {
		t.Helper()
		resp, body := h.call("GET", h.private+"/readyz", "")
		var got readiness
		if err := json.Unmarshal([]byte(body), &got); err != nil || resp.StatusCode != status || got.Ready != want.Ready ||
			got.Checks["store"] != want.Checks["store"] || got.Checks["queue"] != want.Checks["queue"] {
			t.Errorf("readyz: got %d %s, want %d %+v", resp.StatusCode, body, status, want)
		}
	}
	ready(200, readiness{true, map[string]bool{"store": true, "queue": true}})
	queue = errors.New("no workers: planted detail")
	ready(503, readiness{false, map[string]bool{"store": true, "queue": false}})
	queue, h.store.fail = nil, core.ErrUnavailable
	ready(503, readiness{false, map[string]bool{"store": false, "queue": true}})
	h.store.fail = nil
	h.server.draining.Store(true)
	if resp, _ := h.call("GET", h.private+"/readyz", ""); resp.StatusCode != 503 {
		t.Errorf("readyz while ending: got %d", resp.StatusCode)
	}
}

func TestListenersAreApart(t *testing.T) {
	h := open(t)
	h.channel("a", "c1", "acc1", "s1")
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/debug/pprof/", "/", "/hooks", "/hooks/", "/favicon.ico", "/media/"} {
		if resp, body := h.call("GET", h.public+path, ""); resp.StatusCode != 404 || body != "" {
			t.Errorf("public %s: got %d %q", path, resp.StatusCode, body)
		}
	}
	for _, path := range []string{"/hooks/c1", "/api/v1/agents", "/api/openapi.json"} {
		if resp, _ := h.call("GET", h.private+path, ""); resp.StatusCode != 404 {
			t.Errorf("private %s: got %d", path, resp.StatusCode)
		}
	}
}

func TestMetrics(t *testing.T) {
	h := open(t)
	h.channel("a", "c1", "acc1", "s1")
	key := h.store.key("a", "read")
	h.post("c1", "s1", `[{"id":"e1"}]`)
	h.post("c1", "wrong", `[]`)
	h.post("nobody", "s1", `[]`)
	h.call("GET", h.public+"/api/v1/agents", "", "Authorization", "Bearer "+key)
	h.call("GET", h.public+"/api/v1/agents", "")
	_, body := h.call("GET", h.private+"/metrics", "")
	for _, want := range []string{
		`causeway_webhooks_total{bridge="toy",outcome="accepted"} 1`,
		`causeway_webhooks_total{bridge="toy",outcome="unauthenticated"} 1`,
		`causeway_webhooks_total{bridge="none",outcome="unknown-channel"} 1`,
		`causeway_webhook_seconds_count{bridge="toy"} 2`,
		`causeway_api_seconds_count{method="GET",route="/api/v1/agents",status="2xx"} 1`,
		`causeway_api_seconds_count{method="GET",route="/api/v1/agents",status="4xx"} 1`,
		`causeway_webhooks_running 0`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

// What cannot be counted, such as jobs while the database is away, is left out, and takes nothing else along.
func TestMetricsThatFailLeaveTheOthers(t *testing.T) {
	h := open(t, func(o *Options) {
		o.Registry = prometheus.NewRegistry()
		o.Registry.MustRegister(prometheus.CollectorFunc(func(c chan<- prometheus.Metric) {
			c <- prometheus.NewInvalidMetric(prometheus.NewDesc("causeway_jobs", "Jobs.", nil, nil), errors.New("the database is away"))
		}))
	})
	h.channel("a", "c1", "acc1", "s1")
	h.post("c1", "s1", `[{"id":"e1"}]`)
	resp, body := h.call("GET", h.private+"/metrics", "")
	if want := `causeway_webhooks_total{bridge="toy",outcome="accepted"} 1`; resp.StatusCode != 200 || !strings.Contains(body, want) {
		t.Errorf("got %d without %s:\n%s", resp.StatusCode, want, body)
	}
	if log := h.log.String(); !strings.Contains(log, "metrics left out") || !strings.Contains(log, "the database is away") {
		t.Errorf("the log does not say what is left out:\n%s", log)
	}
}

func TestShutdownLetsRequestsEnd(t *testing.T) {
	h := open(t)
	h.channel("a", "c1", "acc1", "s1")
	arrived, commit := make(chan struct{}), make(chan struct{})
	var during error
	h.inbox.accept = func(ctx context.Context, _ core.Channel, _ []core.Event) error {
		close(arrived)
		<-commit
		during = ctx.Err()
		return nil
	}
	answered := make(chan int, 1)
	go func() {
		resp, _ := h.post("c1", "s1", `[{"id":"e1"}]`)
		answered <- resp.StatusCode
	}()
	<-arrived
	ended := make(chan error, 1)
	go func() { ended <- h.server.Shutdown(context.Background()) }()
	for !h.server.draining.Load() {
		if resp, _ := h.call("GET", h.private+"/healthz", ""); resp.StatusCode != 200 {
			t.Errorf("healthz while ending: %d", resp.StatusCode)
		}
	}
	close(commit)
	if status := <-answered; status != 200 || during != nil {
		t.Errorf("the running request got %d, its context %v", status, during)
	}
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if len(h.store.room("a").log) != 1 {
		t.Error("the channel log was not written to its end")
	}
	if err := h.server.Shutdown(context.Background()); err != nil {
		t.Errorf("second Shutdown: %v", err)
	}
}

func TestShutdownCutsOffWhatTakesTooLong(t *testing.T) {
	h := open(t, func(o *Options) { o.Grace = 50 * time.Millisecond })
	h.channel("a", "c1", "acc1", "s1")
	arrived, commit := make(chan struct{}), make(chan struct{})
	h.inbox.accept = func(ctx context.Context, _ core.Channel, _ []core.Event) error {
		close(arrived)
		<-ctx.Done() // cut off: the connection is closed
		close(commit)
		return ctx.Err()
	}
	go func() {
		r, _ := http.NewRequestWithContext(context.Background(), "POST", h.public+"/hooks/c1", strings.NewReader(`[{"id":"e1"}]`))
		r.Header.Set("X-Sign", sign("s1", []byte(`[{"id":"e1"}]`)))
		if resp, err := h.client.Do(r); err == nil {
			resp.Body.Close()
		}
	}()
	<-arrived
	if err := h.server.Shutdown(context.Background()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	<-commit
	if said := h.log.String(); !strings.Contains(said, "method=POST path=/hooks/c1 age=") {
		t.Errorf("what hung is not named:\n%s", said)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	s := newServer(t)
	a, b := listen(t), listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Serve(ctx, a, b); err != nil {
		t.Errorf("got %v", err)
	}
	if _, err := a.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is still open: %v", err)
	}
}

func TestServeReportsAListenerThatFails(t *testing.T) {
	s := newServer(t)
	a, b := listen(t), listen(t)
	b.Close()
	if err := s.Serve(t.Context(), a, b); err == nil {
		t.Error("no error")
	}
}

func TestShutdownBeforeServe(t *testing.T) {
	s := newServer(t)
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Serve(t.Context(), listen(t), listen(t)); err != nil {
		t.Errorf("Serve after Shutdown: %v", err)
	}
}

func newServer(t *testing.T) *Server {
	t.Helper()
	s, err := New(Options{Store: newMemory(), Log: quiet(), Now: time.Now, MediaKey: bytes.Repeat([]byte("k"), 32)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestNewRefusesAShortKey(t *testing.T) {
	if _, err := New(Options{Store: newMemory(), MediaKey: []byte("short")}); err == nil {
		t.Error("a short key was taken")
	}
}

func TestServersAreBounded(t *testing.T) {
	h := newServer(t).server(t.Context(), nil)
	for name, d := range map[string]time.Duration{"headers": h.ReadHeaderTimeout, "reading": h.ReadTimeout, "writing": h.WriteTimeout, "idling": h.IdleTimeout} {
		if d <= 0 || d > 2*time.Minute {
			t.Errorf("%s may take %v", name, d)
		}
	}
}

func TestHeadersAreBounded(t *testing.T) {
	h := open(t)
	c := dial(t, h, "GET /hooks/c1 HTTP/1.1\r\nHost: x\r\nX-Long: "+strings.Repeat("x", 40<<10)+"\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, _ = io.Copy(io.Discard, resp.Body); resp.StatusCode != 431 {
		t.Errorf("got %d", resp.StatusCode)
	}
}
