package ginapi

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"causeway/core"

	"time"
)

// discard is a response writer that costs nothing.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

func BenchmarkHook(b *testing.B) {
	store := newMemory()
	links := &toyLinks{store: store, links: map[core.ChannelID]core.Link{}}
	inbox := newToyInbox()
	inbox.accept = func(context.Context, core.Channel, []core.Event) error { return nil }
	s, err := New(Options{Store: store, Links: links, Inbox: silent{inbox}, Now: time.Now, Log: quiet(), MediaKey: bytes.Repeat([]byte("k"), 32)})
	if err != nil {
		b.Fatal(err)
	}
	store.room("a").channels = []core.Channel{{ID: "c1", Workspace: "a", Kind: "toy", Account: "acc1"}}
	events := []core.Event{{ID: "e1", Account: "acc1"}}
	links.links["c1"] = &toyLink{receive: func(context.Context, core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
		return core.WebhookAnswer{}, events, nil
	}}
	body := bytes.Repeat([]byte("x"), 1500)
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/hooks/c1", bytes.NewReader(body))
		s.Handler().ServeHTTP(discard{http.Header{}}, r)
	}
}

// silent takes everything and keeps nothing.
type silent struct{ Inbox }

func (silent) Accept(context.Context, core.Channel, []core.Event) error { return nil }
