package main

import (
	"encoding/json"
	"errors"
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
		r.expect(http.StatusUnprocessableEntity, http.MethodPut, "/webhooks/own", `{"url":"http://[fd00::1]:8080/","events":["*"],"secret":"`+secret+`"}`)
		r.expect(http.StatusOK, http.MethodPut, "/webhooks/crm", `{"url":"`+crm.URL+`/hook","events":["*"],"secret":"`+secret+`"}`)
		r.expect(http.StatusOK, http.MethodPost, "/workflows",
			"name: shop\non: {event: keyword, words: [order]}\nsteps:\n- order: {items: [{product: tea, quantity: 2}]}\n- send: {text: {en: We have it.}}\n")
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

// What an admin does with webhooks on the command line.
func TestAdminsWebhooks(t *testing.T) {
	var mu sync.Mutex
	status, made, events := http.StatusOK, "", []string{}
	crm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		at, signature, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Causeway-Signature"), "t="), ",v1=")
		var l struct{ ID, Event string }
		mu.Lock()
		defer mu.Unlock()
		if err = errors.Join(err, json.Unmarshal(body, &l)); err != nil || l.ID == "" || l.ID != r.Header.Get("Causeway-Delivery") || signature != webhook.Sign(core.NewSecret(made), at, body) {
			t.Errorf("%s, signed %q: %v", body, signature, err)
		}
		events = append(events, l.Event)
		w.WriteHeader(status)
	}))
	defer crm.Close()
	s := newShell(t, "CAUSEWAY_ALLOW_PRIVATE=127.0.0.0/8", "SHORT=short", "OWN=a secret of my own, long enough")
	expect := func(code int, says string, args ...string) string {
		t.Helper()
		out, got := s.run(args...)
		if got != code || !strings.Contains(out, says) {
			t.Errorf("causeway %v ended with %d and says not %q:\n%s", args, got, says, out)
		}
		return out
	}
	expect(0, "no webhooks; add one with", "webhook", "list")
	expect(2, `The webhook "crm" wants to know nothing. Name its events`, "webhook", "add", "crm", crm.URL)
	expect(2, `There is no event "order.mad".`, "webhook", "add", "crm", crm.URL, "--event", "order.mad")
	expect(2, "too short", "webhook", "add", "crm", crm.URL, "--event", "order.*", "--env", "SHORT")
	expect(2, "The webhook \"own\" would never be told: The address 10.1.2.3:80 is not on the public internet, and calls to such addresses are refused. If it is meant, add it to allow_private (CAUSEWAY_ALLOW_PRIVATE).",
		"webhook", "add", "own", "http://10.1.2.3/hook", "--event", "order.*")
	expect(0, "no webhooks", "webhook", "list")
	out := expect(0, "crm is told from now on", "webhook", "add", "crm", crm.URL, "--event", "order.*,conversation.closed")
	answers := func(secret string, as int) {
		mu.Lock()
		defer mu.Unlock()
		made, status = secret, as
	}
	_, shown, _ := strings.Cut(strings.TrimSpace(out), "shown only now: ")
	answers(shown, http.StatusNoContent)
	expect(0, "crm took the letter", "webhook", "test", "crm")
	if out = expect(0, "order.*, conversation.closed", "webhook", "list"); strings.Contains(out, shown) {
		t.Error("the secret is listed")
	}
	if out = expect(0, "crm is changed", "webhook", "add", "crm", crm.URL+"/new"); strings.Contains(out, "secret") { // it stays, and so do the events
		t.Errorf("changed to %s", out)
	}
	expect(0, "crm took the letter", "webhook", "test", "crm")
	expect(0, "crm is changed", "webhook", "add", "crm", crm.URL, "--env", "OWN")
	answers("a secret of my own, long enough", http.StatusTeapot)
	expect(1, `The letter was not taken: webhook "crm" answered 418. Look`, "webhook", "test", "crm")
	expect(1, `There is no webhook "erp".`, "webhook", "test", "erp")
	expect(1, `There is no webhook "erp".`, "webhook", "remove", "erp")
	expect(0, "crm is told nothing more", "webhook", "remove", "crm")
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(events, []string{"test", "test", "test"}) {
		t.Errorf("told %q", events)
	}
}
