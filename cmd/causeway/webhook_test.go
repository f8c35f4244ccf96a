package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"causeway/bridges/simulator/mailroom"
	"causeway/core"
	"causeway/core/webhook"
)

// From the customer's order on the phone to the business's own system, which is away at first: everything in its order, signed, once.
func TestWebhooksThroughTheDoors(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		const secret = "a secret that nobody guesses"
		var (
			mu     sync.Mutex
			got    []string
			failed int
		)
		crm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			at, signature, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Causeway-Signature"), "t="), ",v1=")
			mu.Lock()
			defer mu.Unlock()
			if err != nil || signature != webhook.Sign(core.NewSecret(secret), at, body) {
				t.Errorf("badly signed: %v", err)
			}
			if failed++; failed <= 2 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			var l struct{ Event string }
			if err := json.Unmarshal(body, &l); err != nil {
				t.Errorf("%s: %v", body, err)
			}
			got = append(got, l.Event)
		}))
		defer crm.Close()
		w := liveIn(t, worldOptions{Database: database, Flags: map[string]string{"allow_private": "127.0.0.0/8"}})
		r := w.robot("read", "send", "manage")
		r.expect(http.StatusOK, http.MethodPut, "/webhooks/crm", `{"url":"`+crm.URL+`/hook","events":["*"],"secret":"`+secret+`"}`)
		r.expect(http.StatusOK, http.MethodPost, "/workflows",
			"name: shop\non: {event: keyword, words: [order]}\nsteps:\n- order: {items: [{product: tea, quantity: 2}]}\n- send: {text: {en: We have it.}}\n")
		w.automated.refresh(t.Context())
		w.grace.Say("order")
		w.phoneShows(w.grace, "We have it.")
		_, err := w.lena.Reply(w.within(), w.mailTo(w.lena, "order"), "Thank you!\n#close", mailroom.ReplyOptions{})
		w.must(err)
		w.phoneShows(w.grace, "Thank you!")
		want := []string{"conversation.opened", "message.received", "order.created", "message.sent", "message.sent", "conversation.closed"}
		w.eventually("the business's system knows it all", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(got) >= len(want) && slices.Contains(got, "conversation.closed")
		})
		w.settle()
		mu.Lock()
		defer mu.Unlock()
		seen := slices.DeleteFunc(slices.Clone(got), func(e string) bool { return e == "conversation.assigned" })
		if !slices.Equal(seen, want) && !slices.Equal(seen, []string{"conversation.opened", "message.received", "message.sent", "order.created", "message.sent", "conversation.closed"}) {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}
