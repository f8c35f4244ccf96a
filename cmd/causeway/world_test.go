package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"causeway/adapters/gormstore/freshstore"
	"causeway/bridges/simulator"
	"causeway/bridges/simulator/mailroom"
	"causeway/core"
)

// lacking skips a test for want of something that the gate's machine must have.
func lacking(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CAUSEWAY_REQUIRE_PEERS") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, f func(t *testing.T, database string)) { freshstore.Both(t, f) }

// testWorld is a world for a test, with the people of the demo.
type testWorld struct {
	*testing.T
	*player
	log *logBook
}

// logBook keeps what the gateway logs.
type logBook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// liveIn starts a world that ends with the test, which fails if the gateway does.
func liveIn(t *testing.T, o worldOptions) *testWorld {
	t.Helper()
	log := &logBook{}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	o.Log, o.Level = log, "debug"
	w, err := newWorld(t.Context(), o)
	if err != nil {
		t.Fatalf("start: %v\n%s", err, log)
	}
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if t.Failed() {
			t.Logf("the gateway's log:\n%s", tail(log.String(), 12_000))
		}
	})
	return &testWorld{T: t, log: log, player: &player{world: w, out: log, grace: w.sim.Customer("447700900123", "Grace Miller"),
		mona: w.sim.Customer("966501234567", "منى حداد"), lena: w.room.Mailbox("lena@example.com"), omar: w.room.Mailbox("omar@example.com")}}
}

func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return "…" + s[len(s)-n:]
}

// within bounds a step.
func (w *testWorld) within() context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), stepTime)
	w.Cleanup(cancel)
	return ctx
}

func (w *testWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// settle waits until nothing is under way any more.
func (w *testWorld) settle() {
	w.Helper()
	w.must(w.quiet(w.within()))
}

// mailTo waits for a mail that contains a text.
func (w *testWorld) mailTo(b *mailroom.Mailbox, text string) mailroom.Mail {
	w.Helper()
	m, err := b.Await(w.within(), contains(text))
	if err != nil {
		w.Fatalf("no mail with %q: %v", text, err)
	}
	return m
}

// phoneShows waits for a message of the business on a phone.
func (w *testWorld) phoneShows(c *simulator.Customer, text string) simulator.ChatMessage {
	w.Helper()
	m, err := c.Await(w.within(), func(m simulator.ChatMessage) bool { return theirs(m) && m.Text == text })
	if err != nil {
		w.Fatalf("the phone does not show %q: %v; it shows %+v", text, err, c.Received())
	}
	return m
}

func (w *testWorld) repo() core.Repo { return w.store.In(w.workspace) }

func (w *testWorld) conversations() []core.Conversation {
	w.Helper()
	all, err := w.repo().Conversations(w.Context(), core.ConversationFilter{}, core.Page{Limit: 200})
	w.must(err)
	return all
}

func (w *testWorld) messages(id core.ConversationID) []core.Message {
	w.Helper()
	all, _, err := core.Timeline(w.Context(), w.repo(), id, core.Bookmark{}, 200)
	w.must(err)
	return all
}

// channel is the world's only one.
func (w *testWorld) theChannel() core.Channel {
	w.Helper()
	all, err := w.repo().Channels(w.Context())
	w.must(err)
	return all[0]
}

func (w *testWorld) eventually(what string, so func() bool) {
	w.Helper()
	if err := w.await(w.within(), func() (bool, error) { return so(), nil }); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			w.Fatalf("it never happened: %s", what)
		}
		w.Fatal(err)
	}
}

// lines are the texts of what a phone received through the API, in order.
func lines(c *simulator.Customer) []string {
	var all []string
	for _, m := range c.Received() {
		if theirs(m) {
			all = append(all, m.Text)
		}
	}
	return all
}

func has(all []string, text string) int {
	n := 0
	for _, s := range all {
		if strings.Contains(s, text) {
			n++
		}
	}
	return n
}
