package ginapi

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"causeway/core"
)

// parlour is a channel that browsers call.
type parlour struct{ *toyLink }

func (parlour) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, r.Method+" "+r.URL.Path)
	if r.URL.Path == "/stream" {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

func TestChat(t *testing.T) {
	h := open(t)
	h.links.links["c1"] = parlour{h.channel("a", "c1", "acc1", "s1")}
	h.channel("a", "c2", "acc2", "s2")
	for url, want := range map[string]string{"/w/?key=c1": "GET /", "/w/a/b%20c?key=c1": "GET /a/b c", "/w/bridge.js": "GET /bridge.js of everybody", "/w/?key=c2": "", "/w/?key=nobody": "", "/w?key=c1": "",
		"/w/?key=..%2Fc1": ""} {
		if resp, body := h.call("GET", h.public+url, ""); body != want || (resp.StatusCode == 200) != (want != "") {
			t.Errorf("%s: got %d %q, want %q", url, resp.StatusCode, body, want)
		}
	}
	if resp, body := h.call("OPTIONS", h.public+"/w/x?key=c1", ""); body != "OPTIONS /x" {
		t.Errorf("got %d %q", resp.StatusCode, body)
	}
	if h.links.patient.Load() {
		t.Error("a browser waits without end while the database does not answer")
	}
	h.links.err = core.ErrUnavailable
	if resp, _ := h.call("GET", h.public+"/w/?key=c1", ""); resp.StatusCode != 503 {
		t.Errorf("a channel that cannot be opened: %d", resp.StatusCode)
	}
}

// TestStreamsEndWithTheServer: nobody waits for a browser that only listens.
func TestStreamsEndWithTheServer(t *testing.T) {
	h := open(t)
	h.links.links["c1"] = parlour{h.channel("a", "c1", "acc1", "s1")}
	r, err := http.NewRequestWithContext(t.Context(), "GET", h.public+"/w/stream?key=c1", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := h.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	start := time.Now()
	if err := h.server.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "GET /stream" {
		t.Errorf("got %q %v", body, err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}
