package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/adapters/ginapi"
	"causeway/adapters/gormstore/freshstore"
	"causeway/bridges/simulator/mailroom"
	"causeway/core"
)

// tab is a visitor's page whose connections all lead to one node.
type tab struct {
	*testing.T
	base  string // of that node
	key   string // of the chat
	token string
	mu    sync.Mutex
	lines []string // messages that the stream brought: log and id
	at    string   // the stream's place
}

func (b *tab) request(method, path string, body any) *http.Request {
	b.Helper()
	raw, err := json.Marshal(body)
	must(b.T, err)
	req, err := http.NewRequestWithContext(b.Context(), method, ginapi.ChatURL(b.base)+"v1"+path+"?key="+b.key, bytes.NewReader(raw))
	must(b.T, err)
	req.Header.Set("Origin", "https://shop.example")
	if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	return req
}

// asks calls the chat and reads the answer; the headers are names and values.
func (b *tab) asks(method, path string, body, into any, headers ...string) {
	b.Helper()
	req := b.request(method, path, body)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Error(err)
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 || json.NewDecoder(resp.Body).Decode(into) != nil {
		b.Errorf("%s: answered %d", path, resp.StatusCode)
	}
}

// shown is a line as a page gets it.
type shown struct {
	Log string `json:"l"`
	Say string `json:"k"`
	ID  string `json:"id"`
}

// messagesOf names the messages among lines; others are marks.
func messagesOf(all []shown) (names []string) {
	for _, l := range all {
		if l.Say == "msg" {
			names = append(names, l.Log+" "+l.ID)
		}
	}
	return names
}

func (b *tab) says(id string) {
	b.asks(http.MethodPost, "/messages", map[string]string{"text": id}, &shown{}, "Idempotency-Key", id)
}

// follow reads the stream until ctx ends, and comes again where it was when that breaks.
func (b *tab) follow(ctx context.Context) {
	for again(ctx, func() bool { return b.stream(ctx) != nil }) {
	}
}

func (b *tab) stream(ctx context.Context) error {
	req := b.request(http.MethodGet, "/events", nil).WithContext(ctx)
	b.mu.Lock()
	req.Header.Set("Last-Event-ID", b.at)
	b.mu.Unlock()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines, at := bufio.NewScanner(resp.Body), ""
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			at = id
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && at != "" {
			b.take(data, at)
			at = ""
		}
	}
	return fmt.Errorf("the stream has ended: %w", lines.Err())
}

func (b *tab) take(data, at string) {
	var one shown
	if err := json.Unmarshal([]byte(data), &one); err != nil {
		b.Error(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines, b.at = append(b.lines, messagesOf([]shown{one})...), at
}

func (b *tab) seen() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.lines)
}

// withChat is the demo's business and a chat on its site.
func withChat() string {
	return strings.Replace(unheld(demoBusiness), "\nagents:", `
  - name: site
    kind: webchat
    settings:
      site: shop
      origins: https://shop.example

agents:`, 1)
}

// TestTabsOnTwoNodes: a visitor has a tab on each of two nodes. Whatever both write at the same moment, the same message among it, and whatever is
// answered, each tab sees once, and so does one that is opened later.
func TestTabsOnTwoNodes(t *testing.T) {
	long(t)
	f := newFleet(t, 2, rigOptions{Program: build(t), Dir: t.TempDir(), Database: freshstore.Postgres(t), Business: withChat()}, "127.0.0.1:1")
	var tabs []*tab
	for _, x := range f.nodes {
		tabs = append(tabs, &tab{T: t, base: "http://" + last(x.env, "CAUSEWAY_HTTP_LISTEN"), key: string(f.channelNamed(t, "site").ID)})
	}
	var session struct{ Token string }
	tabs[0].asks(http.MethodPost, "/session", map[string]any{"fields": map[string]string{"name": "Ana"}}, &session)
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	var streams, writers sync.WaitGroup
	defer streams.Wait()
	defer stop()
	want := []string{}
	for n, b := range tabs {
		b.token = session.Token
		streams.Go(func() { b.follow(ctx) })
		writers.Go(func() {
			for i := range 10 {
				b.says(fmt.Sprintf("message-%d-of-%d", i, n))
				b.says(fmt.Sprintf("message-%d-of-both", i))
			}
		})
		for i := range 10 {
			want = append(want, fmt.Sprintf("in message-%d-of-%d", i, n))
		}
	}
	for i := range 10 {
		want = append(want, fmt.Sprintf("in message-%d-of-both", i))
	}
	writers.Wait()
	lena := f.room.Mailbox("lena@example.com")
	m, err := lena.Await(ctx, contains("message-9-of-both"))
	must(t, err)
	_, err = lena.Reply(ctx, m, "Here I am.", mailroom.ReplyOptions{})
	must(t, err)
	for n, b := range tabs {
		if !again(ctx, func() bool { return len(b.seen()) > len(want) }) {
			t.Errorf("tab %d waits in vain: %q", n, b.seen())
		}
	}
	stop()
	streams.Wait()
	f.sameFor(t, tabs, want)
}

// sameFor compares what the tabs saw, and what a new one sees, with what was written, and with what is stored.
func (f *fleet) sameFor(t *testing.T, tabs []*tab, want []string) {
	t.Helper()
	slices.Sort(want)
	for n, b := range tabs {
		var history struct{ Messages []shown }
		b.asks(http.MethodGet, "/messages", nil, &history)
		for who, lines := range map[string][]string{"sees": b.seen(), "sees later": messagesOf(history.Messages)} {
			in := slices.DeleteFunc(slices.Clone(lines), func(s string) bool { return !strings.HasPrefix(s, "in ") })
			slices.Sort(in)
			if len(lines) != len(want)+1 || !slices.Equal(in, want) {
				t.Errorf("tab %d %s %d lines: %q", n, who, len(lines), lines)
			}
		}
	}
	all, err := f.repo().Conversations(t.Context(), core.ConversationFilter{Channel: f.channelNamed(t, "site").ID}, core.Page{})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d conversations, %v", len(all), err)
	}
	page, err := f.repo().Messages(t.Context(), all[0].ID, core.Page{Limit: 200})
	if err != nil || len(page) != len(want)+1 {
		t.Errorf("%d messages are stored, %v; want %d", len(page), err, len(want)+1)
	}
}
