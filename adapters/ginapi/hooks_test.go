package ginapi

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

func TestHookAnswers(t *testing.T) {
	const ok = `[{"kind":"message","id":"e1"}]`
	unavailable := fmt.Errorf("commit: %w", core.ErrUnavailable)
	tests := []struct {
		name    string
		method  string
		path    string
		body    string
		sign    string // secret used; empty: no signature
		arrange func(h *house, l *toyLink)
		status  int
		answer  string
		taken   string
	}{
		{name: "an authentic event", path: "c1", body: ok, sign: "s1", status: 200, taken: "e1"},
		{name: "an authentic empty list", path: "c1", body: `[]`, sign: "s1", status: 200},
		{name: "no signature", path: "c1", body: ok, status: 401},
		{name: "a wrong signature", path: "c1", body: ok, sign: "other", status: 401},
		{name: "an unknown channel", path: "nobody", body: ok, sign: "s1", status: 404},
		{name: "a channel id with NUL", path: "c1%00", body: ok, sign: "s1", status: 404},
		{name: "a channel id with a slash", path: "c1%2Fx", body: ok, sign: "s1", status: 404},
		{name: "a channel id that is no UTF-8", path: "%ff%fe", body: ok, sign: "s1", status: 404},
		{name: "a very long channel id", path: strings.Repeat("c", 5000), body: ok, sign: "s1", status: 404},
		{name: "an authentic body that is no JSON", path: "c1", body: "{\x00\x01", sign: "s1", status: 200},
		{name: "a body nested very deeply", path: "c1", body: strings.Repeat("[", 50000), sign: "s1", status: 200},
		{name: "a body over the limit", path: "c1", body: strings.Repeat("a", 64<<10+1), sign: "s1", status: 413},
		{name: "a body at the limit", path: "c1", body: strings.Repeat("a", 64<<10), sign: "s1", status: 200},
		{name: "the database away", path: "c1", body: ok, sign: "s1", status: 503,
			arrange: func(h *house, _ *toyLink) {
				h.inbox.accept = func(context.Context, core.Channel, []core.Event) error { return unavailable }
			}},
		{name: "the queue full", path: "c1", body: ok, sign: "s1", status: 503,
			arrange: func(h *house, _ *toyLink) {
				h.inbox.accept = func(context.Context, core.Channel, []core.Event) error {
					return core.Problemf(core.CodeUnavailable, "Too much waits.")
				}
			}},
		{name: "an unforeseen error", path: "c1", body: ok, sign: "s1", status: 500,
			arrange: func(h *house, _ *toyLink) {
				h.inbox.accept = func(context.Context, core.Channel, []core.Event) error { return errors.New("secret detail") }
			}},
		{name: "a bridge that panics", path: "c1", body: ok, sign: "s1", status: 500,
			arrange: func(_ *house, l *toyLink) {
				l.receive = func(context.Context, core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
					panic("planted panic")
				}
			}},
		{name: "a bridge's own error", path: "c1", body: ok, sign: "s1", status: 500,
			arrange: func(_ *house, l *toyLink) {
				l.receive = func(context.Context, core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
					return core.WebhookAnswer{}, nil, errors.New("secret detail")
				}
			}},
		{name: "a channel that cannot be opened", path: "c1", body: ok, sign: "s1", status: 503,
			arrange: func(h *house, _ *toyLink) { h.links.err = core.Problemf(core.CodeInvalid, "The token is empty.") }},
		{name: "an answer of the bridge's own", path: "c1", body: ok, sign: "s1", status: 202, answer: "thanks", taken: "e9",
			arrange: func(_ *house, l *toyLink) {
				l.receive = func(context.Context, core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
					return core.WebhookAnswer{Status: 202, Type: "text/xml", Body: []byte("thanks")}, []core.Event{{ID: "e9"}}, nil
				}
			}},
		{name: "a challenge", method: "GET", path: "c1?hub.verify_token=s1&hub.challenge=%3Cb%3E42", status: 200, answer: "<b>42"},
		{name: "a challenge with a wrong token", method: "GET", path: "c1?hub.verify_token=no&hub.challenge=42", status: 401},
		{name: "HEAD", method: "HEAD", path: "c1", status: 405},
		{name: "OPTIONS", method: "OPTIONS", path: "c1", status: 405},
		{name: "DELETE", method: "DELETE", path: "c1", status: 405},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := open(t, func(o *Options) { o.HookBytes = 64 << 10 })
			link := h.channel("a", "c1", "acc1", "s1")
			if tt.arrange != nil {
				tt.arrange(h, link)
			}
			signature := ""
			if tt.sign != "" {
				signature = sign(tt.sign, []byte(tt.body))
			}
			resp, body := h.call(cmp.Or(tt.method, "POST"), h.public+"/hooks/"+tt.path, tt.body, "X-Sign", signature, "Content-Type", "text/nonsense")
			if resp.StatusCode != tt.status || body != tt.answer {
				t.Errorf("got %d %q, want %d %q", resp.StatusCode, body, tt.status, tt.answer)
			}
			if (resp.StatusCode == 503) != (resp.Header.Get("Retry-After") != "") {
				t.Errorf("status %d with Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
			}
			if got := h.inbox.ids("c1"); got != tt.taken {
				t.Errorf("accepted %q, want %q", got, tt.taken)
			}
		})
	}
}

func TestHookKeepsMalformedBodies(t *testing.T) {
	h := open(t)
	h.channel("a", "c1", "acc1", "s1")
	h.post("c1", "s1", "not json")
	if len(h.inbox.malformed) != 1 || h.inbox.malformed[0] != "not json" {
		t.Errorf("kept %q", h.inbox.malformed)
	}
	h.post("c1", "wrong", "not json either")
	if len(h.inbox.malformed) != 1 {
		t.Errorf("an unauthenticated body was kept: %q", h.inbox.malformed)
	}
}

func TestHookRoutesByAccount(t *testing.T) {
	const body = `[{"kind":"message","id":"own","account":"acc1"},{"kind":"message","id":"other","account":"acc2"},
		{"kind":"message","id":"plain"},{"kind":"message","id":"lost","account":"acc9"},{"kind":"message","id":"stolen","account":"acc3"}]`
	h := open(t)
	h.channel("a", "c1", "acc1", "shared")
	h.channel("a", "c2", "acc2", "shared")
	h.channel("b", "c3", "acc3", "another secret")
	resp, _ := h.post("c1", "shared", body)
	if resp.StatusCode != 200 {
		t.Fatalf("got %d", resp.StatusCode)
	}
	for id, want := range map[core.ChannelID]string{"c1": "own plain", "c2": "other", "c3": ""} {
		if got := h.inbox.ids(id); got != want {
			t.Errorf("%s accepted %q, want %q", id, got, want)
		}
	}
	refused := strings.Join(h.inbox.refused["c1"], "\n")
	if len(h.inbox.refused["c1"]) != 2 || !strings.Contains(refused, "lost: ") || !strings.Contains(refused, "stolen: ") || len(h.inbox.refused) != 1 {
		t.Errorf("refused %v", h.inbox.refused)
	}
}

// TestHookOfAnAccountThatCannotReadIt: only a call that the account's own channel takes is authentic for it.
func TestHookOfAnAccountThatCannotReadIt(t *testing.T) {
	for name, c := range map[string]struct {
		err     error
		status  int
		refused int
	}{"as it is written": {core.Problemf(core.CodeInvalid, "Not like this."), 200, 1}, "for a reason of its own": {errors.New("disk"), 500, 0}} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			h.channel("a", "c1", "acc1", "shared")
			h.channel("b", "c2", "acc2", "other").receive = func(context.Context, core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
				return core.WebhookAnswer{}, nil, c.err
			}
			resp, _ := h.post("c1", "shared", `[{"kind":"message","id":"planted","account":"acc2"}]`)
			if got := h.inbox.ids("c2"); resp.StatusCode != c.status || got != "" || len(h.inbox.refused["c1"]) != c.refused {
				t.Errorf("got %d, accepted %q, refused %v", resp.StatusCode, got, h.inbox.refused)
			}
		})
	}
}

// TestHookSpreadsNewsOfTheAccount: news of an account that several channels share reaches each that its own secret and its own reading let have it.
func TestHookSpreadsNewsOfTheAccount(t *testing.T) {
	const body = `[{"kind":"account","id":"news","shared":true},{"kind":"account","id":"perhaps","shared":true,"doubtful":true},{"kind":"message","id":"own"}]`
	h := open(t)
	h.channel("a", "c1", "acc1", "shared")
	h.channel("a", "c2", "acc2", "shared")
	h.channel("b", "c3", "acc3", "shared")
	h.channel("a", "c4", "acc4", "another secret")
	h.channel("a", "broken", "acc5", "shared")
	delete(h.links.links, "broken")
	if resp, _ := h.post("c1", "shared", body); resp.StatusCode != 200 {
		t.Fatalf("got %d", resp.StatusCode)
	}
	for id, want := range map[core.ChannelID]string{"c1": "news perhaps own", "c2": "news", "c3": "news", "c4": "", "broken": ""} {
		if got := h.inbox.ids(id); got != want {
			t.Errorf("%s accepted %q, want %q", id, got, want)
		}
	}
	h.inbox.accept = func(_ context.Context, ch core.Channel, _ []core.Event) error {
		if ch.ID == "c2" {
			return core.ErrUnavailable
		}
		return nil
	}
	if resp, _ := h.post("c1", "shared", body); resp.StatusCode != 503 {
		t.Errorf("where one could not store it: %d, and the provider does not come again", resp.StatusCode)
	}
}

// A database that is away is told of once, and not at every call: when calls are taken again, the log says how many were not.
func TestHooksDuringOutage(t *testing.T) {
	h := open(t)
	h.channel("a", "c1", "acc1", "s1")
	away := true
	h.inbox.accept = func(context.Context, core.Channel, []core.Event) error {
		if away {
			return core.ErrUnavailable
		}
		return nil
	}
	call := func(want, times int) {
		t.Helper()
		for range times {
			if resp, _ := h.post("c1", "s1", `[{"id":"e"}]`); resp.StatusCode != want {
				t.Fatalf("got %d, want %d", resp.StatusCode, want)
			}
		}
	}
	call(503, 20)
	h.links.err = core.ErrUnavailable
	call(503, 20)
	h.now = h.now.Add(sayAgain)
	call(503, 20)
	away, h.links.err = false, nil
	call(200, 3)
	away = true
	call(503, 2) // again, too soon to be said
	away = false
	call(200, 1)
	for line, want := range map[string]int{"webhooks not taken now": 2, "missed=41": 1, "webhooks taken again": 1, "missed=60": 1} {
		if got := strings.Count(h.log.String(), line); got != want {
			t.Errorf("%q is said %d times, want %d:\n%s", line, got, want, h.log.String())
		}
	}
}

func TestHookRefusesNothingBeforeAllIsAccepted(t *testing.T) {
	h := open(t)
	h.channel("a", "c1", "acc1", "shared")
	h.channel("a", "c2", "acc2", "shared")
	h.inbox.accept = func(_ context.Context, ch core.Channel, _ []core.Event) error {
		if ch.ID == "c2" {
			return core.ErrUnavailable
		}
		return nil
	}
	resp, _ := h.post("c1", "shared", `[{"id":"lost","account":"acc9"},{"id":"own"},{"id":"other","account":"acc2"}]`)
	if resp.StatusCode != 503 || len(h.inbox.refused) != 0 {
		t.Errorf("got %d, refused %v", resp.StatusCode, h.inbox.refused)
	}
}

func TestHookIsAnsweredAfterTheCommit(t *testing.T) {
	h := open(t)
	h.channel("a", "c1", "acc1", "s1")
	arrived, commit := make(chan struct{}), make(chan struct{})
	h.inbox.accept = func(context.Context, core.Channel, []core.Event) error {
		close(arrived)
		<-commit
		return nil
	}
	answered := make(chan int, 1)
	go func() {
		resp, _ := h.post("c1", "s1", `[{"id":"e1"}]`)
		answered <- resp.StatusCode
	}()
	<-arrived
	select {
	case status := <-answered:
		t.Fatalf("answered %d before the commit", status)
	default:
	}
	close(commit)
	if status := <-answered; status != 200 {
		t.Errorf("got %d", status)
	}
}

func TestHooksBeyondTheLimitAreTurnedAway(t *testing.T) {
	h := open(t, func(o *Options) { o.MaxHooks = 2 })
	h.channel("a", "c1", "acc1", "s1")
	arrived, commit := make(chan struct{}, 2), make(chan struct{})
	h.inbox.accept = func(context.Context, core.Channel, []core.Event) error {
		arrived <- struct{}{}
		<-commit
		return nil
	}
	answered := make(chan int, 2)
	for range 2 {
		go func() {
			resp, _ := h.post("c1", "s1", `[{"id":"e1"}]`)
			answered <- resp.StatusCode
		}()
		<-arrived
	}
	resp, _ := h.post("c1", "s1", `[{"id":"e2"}]`)
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("the third got %d", resp.StatusCode)
	}
	close(commit)
	if a, b := <-answered, <-answered; a != 200 || b != 200 {
		t.Errorf("the first two got %d and %d", a, b)
	}
	if resp, _ := h.post("c1", "wrong", `[]`); resp.StatusCode != 401 {
		t.Errorf("afterwards got %d", resp.StatusCode)
	}
}

func TestHookSeesTheRequestAsTheProviderSentIt(t *testing.T) {
	h := open(t)
	link := h.channel("a", "c1", "acc1", "s1")
	var got core.WebhookRequest
	link.receive = func(_ context.Context, r core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
		got = r
		return core.WebhookAnswer{}, nil, nil
	}
	h.call("POST", h.public+"/hooks/c1?a=1&b=%20x", "raw \x00 body", "X-Sign", "v")
	if got.Method != "POST" || got.URL != "https://gateway.example.org/hooks/c1?a=1&b=%20x" || got.Query.Get("b") != " x" ||
		got.Header.Get("X-Sign") != "v" || string(got.Body) != "raw \x00 body" {
		t.Errorf("got %+v", got)
	}
}

func TestHookOfUnannouncedLength(t *testing.T) {
	h := open(t, func(o *Options) { o.HookBytes = 1000 })
	link := h.channel("a", "c1", "acc1", "s1")
	var got int
	link.receive = func(_ context.Context, r core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
		got = len(r.Body)
		return core.WebhookAnswer{}, nil, nil
	}
	for size, status := range map[int]int{1000: 200, 1001: 413, 100_000: 413} {
		got = -1
		r, _ := http.NewRequestWithContext(t.Context(), "POST", h.public+"/hooks/c1", io.MultiReader(strings.NewReader(strings.Repeat("x", size))))
		resp, _ := h.do(r)
		if resp.StatusCode != status || (status == 200) != (got == size) {
			t.Errorf("%d bytes: got %d, %d read", size, resp.StatusCode, got)
		}
	}
}

// dial opens a connection to the public listener and writes the beginning of a request to it.
func dial(t *testing.T, h *house, start string) net.Conn {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(h.public, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, start); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestHookWithABodyThatDoesNotCome(t *testing.T) {
	h := open(t, func(o *Options) { o.BodyWait = 50 * time.Millisecond })
	h.channel("a", "c1", "acc1", "s1")
	c := dial(t, h, "POST /hooks/c1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 408 {
		t.Errorf("got %d, want 408", resp.StatusCode)
	}
}

func TestHookWithABodyThatEndsEarly(t *testing.T) {
	h := open(t)
	link := h.channel("a", "c1", "acc1", "s1")
	c := dial(t, h, "POST /hooks/c1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this")
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadAll(c)
	if link.received != 0 {
		t.Error("half a body was handed to the bridge")
	}
}

// A deadline for the body must not end the work that follows it.
func TestHookWorkMayLastLongerThanItsBody(t *testing.T) {
	h := open(t, func(o *Options) { o.BodyWait = 50 * time.Millisecond })
	h.channel("a", "c1", "acc1", "s1")
	h.inbox.accept = func(ctx context.Context, _ core.Channel, _ []core.Event) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond): // four times the wait for the body
			return nil
		}
	}
	if resp, _ := h.post("c1", "s1", `[{"id":"e1"}]`); resp.StatusCode != 200 {
		t.Errorf("got %d; log: %s", resp.StatusCode, h.log)
	}
}

func TestHookPanicIsLoggedWithItsStack(t *testing.T) {
	h := open(t)
	link := h.channel("a", "c1", "acc1", "s1")
	link.receive = func(context.Context, core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
		panic("planted panic")
	}
	resp, body := h.post("c1", "s1", `[]`)
	if resp.StatusCode != 500 || body != "" {
		t.Errorf("got %d %q", resp.StatusCode, body)
	}
	if _, metrics := h.call("GET", h.private+"/metrics", ""); !strings.Contains(metrics, `causeway_webhooks_total{bridge="toy",outcome="failed"} 1`) {
		t.Error("the panic is not counted")
	}
	if log := h.log.String(); !strings.Contains(log, "planted panic") || !strings.Contains(log, "hooks_test.go") {
		t.Errorf("log lacks the panic or its stack: %s", log)
	}
}

func TestSlowBodiesTakeNobodysTurn(t *testing.T) {
	h := open(t, func(o *Options) { o.MaxHooks, o.BodyWait = 1, time.Minute })
	h.channel("a", "c1", "acc1", "s1")
	var waiting []net.Conn
	for range 5 {
		waiting = append(waiting, dial(t, h, "POST /hooks/c1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this"))
	}
	waiting = append(waiting, dial(t, h, "POST /hooks/c1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nonly this"))
	for len(h.server.large) == 0 {
		if resp, _ := h.post("c1", "s1", `[{"id":"e1"}]`); resp.StatusCode != 200 {
			t.Fatalf("a small call got %d", resp.StatusCode)
		}
	}
	if resp, _ := h.post("c1", "s1", `[{"id":"e1"}]`+strings.Repeat(" ", smallBody)); resp.StatusCode != 503 {
		t.Errorf("a second large call got %d", resp.StatusCode)
	}
	if resp, _ := h.post("c1", "s1", `[{"id":"e1"}]`); resp.StatusCode != 200 {
		t.Errorf("a small call got %d", resp.StatusCode)
	}
	for _, c := range waiting {
		c.Close()
	}
}
