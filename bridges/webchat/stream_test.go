package webchat

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"causeway/core"
)

// listen reads a stream from a place until f returns false, and returns the place reached.
func (r *rig) listen(token, from string, f func(kind string, lines []line) bool) string {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", r.base+"/events", nil)
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Origin", page)
	req.Header.Set("Last-Event-ID", from)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		r.Fatalf("got %d %v", resp.StatusCode, resp.Header)
	}
	kind := ""
	for s := bufio.NewScanner(resp.Body); s.Scan(); {
		name, value, _ := strings.Cut(s.Text(), ": ")
		switch name {
		case "id":
			from = value
		case "event":
			kind = value
		case "data":
			var one line
			if err := json.Unmarshal([]byte(value), &one); err != nil {
				r.Fatal(err)
			}
			var lines []line
			if one.N > 0 {
				lines = append(lines, one)
			}
			if !f(kind, lines) {
				return from
			}
		}
	}
	return from
}

// TestResume: a browser whose stream breaks again and again gets each message once and in order, while others are being written.
func TestResume(t *testing.T) {
	r := newRig(t, goodSettings())
	token := r.session(`{}`)
	who := r.visitor(token)
	const n = 60
	go func() {
		for i := range n {
			if _, err := r.link.Send(context.Background(), r.outgoing(who, fmt.Sprintf("part-%d", i), fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		}
	}()
	var got []string
	for from := ""; len(got) < n; {
		before := len(got)
		from = r.listen(token, from, func(_ string, lines []line) bool {
			for _, l := range lines {
				got = append(got, l.Text)
			}
			return len(got) < n && len(got) < before+7
		})
	}
	for i, text := range got {
		if text != fmt.Sprint(i) {
			t.Fatalf("got %q", got)
		}
	}
	for deadline := time.Now().Add(5 * time.Second); r.link.hub.streamsNow() > 0; rest() {
		if time.Now().After(deadline) {
			t.Fatal("streams stay behind")
		}
	}
}

func (h *hub) streamsNow() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

func TestTypingAndEnd(t *testing.T) {
	r := newRig(t, goodSettings())
	token := r.session(`{}`)
	to := r.outgoing(r.visitor(token), "", "").To
	r.send(r.visitor(token), "part-1", "x")
	kinds := make(chan string, 10)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.listen(token, "", func(kind string, _ []line) bool { kinds <- kind; return true })
	}()
	if k := <-kinds; k != "msg" {
		t.Errorf("got %q", k)
	}
	if _, err := r.link.Act(t.Context(), core.Act{Action: core.ActionTyping, To: to}); err != nil {
		t.Error(err)
	}
	if k := <-kinds; k != "typing" {
		t.Errorf("got %q", k)
	}
	if err := r.link.Close(); err != nil { // the settings changed: browsers come again
		t.Error(err)
	}
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Error("the stream goes on")
	}
}

// TestStreamsAreBounded: one visitor cannot take all.
func TestStreamsAreBounded(t *testing.T) {
	h := newHub()
	var mine []*stream
	for range mostTabs {
		mine = append(mine, h.join("a"))
	}
	if h.join("a") != nil || h.join("b") == nil {
		t.Error("the bound is not the visitor's own")
	}
	h.leave("a", mine[0])
	if h.join("a") == nil {
		t.Error("a place that was left stays taken")
	}
}

// TestAnotherProcess: what another node has written is found without being told.
func TestAnotherProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for a look around")
	}
	r := newRig(t, goodSettings())
	token := r.session(`{}`)
	opened, err := Bridge{}.Open(testChannel(), goodSettings(), r.host)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for r.link.hub.streamsNow() == 0 {
			rest()
		}
		_, _ = opened.Send(context.Background(), r.outgoing(r.visitor(token), "part-1", "from elsewhere"))
	}()
	got := ""
	r.listen(token, "", func(_ string, lines []line) bool { got = lines[0].Text; return false })
	if got != "from elsewhere" {
		t.Errorf("got %q", got)
	}
}

// TestToldByAnotherNode: what another node says has the streams here look at once, and shows that somebody writes.
func TestToldByAnotherNode(t *testing.T) {
	r := newRig(t, goodSettings())
	token := r.session(`{}`)
	opened, err := Bridge{}.Open(testChannel(), goodSettings(), r.host)
	if err != nil {
		t.Fatal(err)
	}
	there := opened.(*link)
	r.host.Told()
	r.link.look = time.Hour // or the streams would look without being told
	go func() {
		for r.link.hub.streamsNow() == 0 {
			rest()
		}
		out := r.outgoing(r.visitor(token), "part-1", "from elsewhere")
		_, _ = there.Send(context.Background(), out)
		_, _ = there.Act(context.Background(), core.Act{Action: core.ActionTyping, To: out.To})
		for _, word := range append(r.host.Told(), "", "news", "typing nobody", "something else") {
			r.link.Hear(word)
		}
	}()
	seen := map[string]bool{}
	r.listen(token, "", func(kind string, _ []line) bool { seen[kind] = true; return len(seen) < 2 })
	if !seen["msg"] || !seen["typing"] {
		t.Errorf("seen %v", seen)
	}
}

// TestLog: whatever is written, a reader from any place gets exactly what was written after it and is still kept, and the log stays small.
func TestLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var j journal
		n := rapid.IntRange(0, 2*mostEntries).Draw(t, "entries")
		size := rapid.IntRange(0, 3000).Draw(t, "size")
		for i := range n {
			if e := j.add(entry{Say: sayMessage, ID: fmt.Sprint(i), At: int64(rapid.IntRange(0, 9).Draw(t, "at")), Text: strings.Repeat("x", size)}); e.N != int64(i+1) {
				t.Fatalf("number %d, want %d", e.N, i+1)
			}
		}
		from := int64(rapid.IntRange(0, 2*mostEntries).Draw(t, "from"))
		all := j.after(from)
		kept := 0
		for _, e := range j.Entries {
			if kept += e.weight(); e.N > from && !slices.ContainsFunc(all, func(a entry) bool { return a.N == e.N }) {
				t.Fatalf("%d is missing after %d", e.N, from)
			}
		}
		for i, e := range all {
			if e.N <= from || i > 0 && (e.N != all[i-1].N+1 || e.At < all[i-1].At) {
				t.Fatalf("after %d: %+v", from, all)
			}
		}
		if n > 0 && (j.Entries[len(j.Entries)-1].N != int64(n) || len(j.Entries) > mostEntries || kept > mostBytes+size+200) {
			t.Fatalf("%d entries of %d bytes are kept, the last is %d of %d", len(j.Entries), kept, j.Entries[len(j.Entries)-1].N, n)
		}
	})
}
