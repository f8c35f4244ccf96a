package ginapi

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/core"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// house is a Server with doubles around it, listening for real.
type house struct {
	t       *testing.T
	store   *memory
	blobs   *shelf
	links   *toyLinks
	inbox   *toyInbox
	outbox  *toyOutbox
	server  *Server
	public  string
	private string
	log     *logText
	now     time.Time
	client  *http.Client
}

type logText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// secrets that must never be seen in an answer.
const plantedSecret, plantedToken = "planted-app-secret-9f3c", "planted-access-token-77aa"

func open(t *testing.T, adjust ...func(*Options)) *house {
	t.Helper()
	h := &house{t: t, store: newMemory(), blobs: &shelf{files: map[string][]byte{}}, inbox: newToyInbox(), outbox: &toyOutbox{}, log: &logText{}, now: noon}
	h.links = &toyLinks{store: h.store, links: map[core.ChannelID]core.Link{}}
	clock := func() time.Time { return h.now }
	everybody := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" of everybody")
	}
	o := Options{Scripts: http.HandlerFunc(everybody), Store: h.store, Blobs: h.blobs, Links: h.links, Inbox: h.inbox, Outbox: h.outbox, Desk: toyDesk{h.store, clock}, Carer: toyCarer{}, Eraser: toyEraser{h.store}, Remover: toyRemover{h.store}, Staff: toyStaff{h.store}, Caster: toyCaster{h.store}, Seal: toySeal, Info: toyInfo, Now: clock,
		Log: slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})), PublicURL: "https://gateway.example.org",
		MediaKey: bytes.Repeat([]byte("k"), 32)}
	for _, a := range adjust {
		a(&o)
	}
	var err error
	if h.server, err = New(o); err != nil {
		t.Fatalf("New: %v", err)
	}
	h.serve()
	return h
}

func toyInfo(kind string) (core.Info, error) {
	return core.Info{Kind: kind, Title: "Toy", Settings: []core.Setting{{Key: "phone_number_id"}, {Key: "api_base"}, {Key: "access_token", Secret: true},
		{Key: "app_secret", Secret: true}, {Key: "verify_token", Secret: true}}}, nil
}

func (h *house) serve() {
	var listeners []net.Listener
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			h.t.Fatal(err)
		}
		listeners = append(listeners, l)
	}
	h.public, h.private = "http://"+listeners[0].Addr().String(), "http://"+listeners[1].Addr().String()
	h.client = &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- h.server.Serve(context.Background(), listeners[0], listeners[1]) }()
	h.t.Cleanup(func() {
		h.client.CloseIdleConnections()
		if err := h.server.Shutdown(context.Background()); err != nil {
			h.t.Errorf("Shutdown: %v", err)
		}
		if err := <-ended; err != nil {
			h.t.Errorf("Serve: %v", err)
		}
	})
}

// channel adds a channel of a workspace with a toy link.
func (h *house) channel(ws core.WorkspaceID, id core.ChannelID, account, secret string) *toyLink {
	r := h.store.room(ws)
	r.channels = append(r.channels, core.Channel{ID: id, Workspace: ws, Kind: "toy", Name: string(id), Account: account, State: core.ChannelActive, Created: noon})
	link := &toyLink{secret: secret, window: core.Window{Free: 24 * time.Hour, Human: 7 * 24 * time.Hour, After: core.AfterTemplates}}
	h.links.links[id] = link
	return link
}

// call does a request and returns the answer with its body.
func (h *house) call(method, url, body string, header ...string) (*http.Response, string) {
	h.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(h.t.Context(), method, url, content)
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return h.do(r)
}

func (h *house) do(r *http.Request) (*http.Response, string) {
	h.t.Helper()
	resp, err := h.client.Do(r)
	if err != nil {
		h.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatalf("%s %s: read answer: %v", r.Method, r.URL, err)
	}
	return resp, string(text)
}

// post calls a webhook as its provider would.
func (h *house) post(id core.ChannelID, secret, body string) (*http.Response, string) {
	h.t.Helper()
	return h.call("POST", h.public+"/hooks/"+string(id), body, "X-Sign", sign(secret, []byte(body)), "Content-Type", "application/json")
}
