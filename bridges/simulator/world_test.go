package simulator

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// app is the gateway's side: it keeps every webhook whose signature is right.
type app struct {
	mu      sync.Mutex
	bodies  [][]byte
	bad     int
	answers []int // statuses of the first answers; 200 after them
	changed chan struct{}
	*httptest.Server
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		if r.URL.Query().Get("hub.verify_token") != "simulated-verify-token" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, r.URL.Query().Get("hub.challenge"))
		return
	}
	body, _ := io.ReadAll(r.Body)
	mac := hmac.New(sha256.New, []byte(DefaultAccount().AppSecret))
	mac.Write(body)
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.Header.Get("X-Hub-Signature-256") != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
		a.bad++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	status := 200
	if len(a.answers) > 0 {
		status, a.answers = a.answers[0], a.answers[1:]
	}
	if status == 200 {
		a.bodies = append(a.bodies, body)
	}
	w.WriteHeader(status)
	close(a.changed)
	a.changed = make(chan struct{})
}

// await waits for n accepted webhooks.
func (a *app) await(t *testing.T, n int) [][]byte {
	t.Helper()
	for {
		a.mu.Lock()
		got, changed := append([][]byte(nil), a.bodies...), a.changed
		a.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-changed:
		case <-testContext(t).Done():
			t.Fatalf("got %d webhooks, want %d", len(got), n)
		}
	}
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// world is a simulator with its Graph served and an app subscribed.
type world struct {
	*Simulator
	t     *testing.T
	graph *httptest.Server
	app   *app
	clock *clock
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newWorld(t *testing.T, o Options) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{at: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}}
	o.Now = w.clock.now
	if o.Retry == nil {
		o.Retry = []time.Duration{time.Millisecond, 2 * time.Millisecond, 4 * time.Millisecond}
	}
	w.Simulator = New(o)
	w.app = &app{changed: make(chan struct{})}
	w.app.Server = httptest.NewServer(w.app)
	w.graph = httptest.NewServer(w.Graph())
	t.Cleanup(func() {
		w.Close()
		w.graph.Close()
		w.app.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	w.Business().SetCallback(w.app.URL, DefaultAccount().VerifyToken)
	return w
}

// Close stops the simulator; the embedded one is meant.
func (w *world) Close() { w.Simulator.Close() }

func (w *world) call(method, path, kind string, body []byte) (int, map[string]any) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.graph.URL+path, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+DefaultAccount().Token)
	req.Header.Set("Content-Type", kind)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		w.t.Fatalf("%s %s: answer is not JSON: %v", method, path, err)
	}
	return res.StatusCode, out
}

const sendPath = "/v23.0/106540352242922/messages"

func (w *world) send(message map[string]any) (int, map[string]any) {
	w.t.Helper()
	message["messaging_product"] = "whatsapp"
	body, err := json.Marshal(message)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.call(http.MethodPost, sendPath, "application/json", body)
}

func (w *world) sendText(to, body string) string {
	w.t.Helper()
	status, out := w.send(obj{"to": to, "type": "text", "text": obj{"body": body}})
	if status != 200 {
		w.t.Fatalf("send: %d %v", status, out)
	}
	return dig(out, "messages", 0, "id").(string)
}

// dig walks through decoded JSON.
func dig(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			o, _ := v.(map[string]any)
			v = o[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func errorCode(out map[string]any) string { return fmt.Sprint(dig(out, "error", "code")) }

// value is what stands in a webhook.
func value(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatal(err)
	}
	v, _ := dig(out, "entry", 0, "changes", 0, "value").(map[string]any)
	return v
}
