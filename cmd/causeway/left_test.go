package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/simulator/mailroom"
	"causeway/core"
)

// browses is a visitor's browser, without one.
type browses struct {
	*tenant
	token string
}

// asks calls the chat as the widget does, and reads the answer.
func (b *browses) asks(path string, body map[string]any) (answer map[string]any) {
	b.Helper()
	raw, err := json.Marshal(body)
	b.must(err)
	base := strings.Replace(b.webhookURL(b.channel.ID), "/hooks/", "/chat/", 1)
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, base+path, bytes.NewReader(raw))
	b.must(err)
	req.Header.Set("Origin", "https://shop.example")
	req.Header.Set("Content-Type", "application/json")
	if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	resp, err := http.DefaultClient.Do(req)
	b.must(err)
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		b.Fatalf("%s: answered %d", path, resp.StatusCode)
	}
	_ = json.NewDecoder(resp.Body).Decode(&answer) // some have none
	return answer
}

// TestVisitorWhoHasLeft: a visitor who gave an address and left the page gets the answer by mail, once, from the channel; what they answer to that
// mail comes to the agent in the same conversation. One without an address gets none.
func TestVisitorWhoHasLeft(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		world := liveIn(t, worldOptions{Database: database, Business: "channels: []", Flags: map[string]string{"follow_after": "1s"}})
		w := world.tenant(webChat(), map[string]string{"title": "The Bicycle Shop"})
		lena := w.staff()
		b := &browses{tenant: w}
		b.token, _ = b.asks("/session", map[string]any{"name": "Ana", "email": "ana@customer.example"})["token"].(string)
		b.asks("/messages", map[string]any{"id": "message-1", "text": hello})
		_, err := lena.Reply(w.within(), w.mailTo(lena, hello), "Yes: the blue bicycle is here.", mailroom.ReplyOptions{})
		w.must(err)
		ana := w.room.Mailbox("ana@customer.example")
		got := w.mailTo(ana, "Yes: the blue bicycle is here.")
		if got.From[0].Name != "The Bicycle Shop" || !strings.Contains(got.Subject, "The Bicycle Shop") || strings.Contains(got.Text, "lena-") {
			t.Errorf("it is from %v, %q:\n%s", got.From, got.Subject, got.Text)
		}
		_, err = ana.Reply(w.within(), got, "I come at four.", mailroom.ReplyOptions{})
		w.must(err)
		w.mailTo(lena, "I come at four.")
		all := w.conversations()
		messages := w.messages(all[0].ID)
		if len(all) != 1 || messages[0].Direction != core.In || strings.Contains(messages[0].Content.Text, "blue bicycle") {
			t.Errorf("%d conversations, the last message is %+v", len(all), messages[0].Content)
		}
		if n := len(ana.Received()); n != 1 {
			t.Errorf("%d mails", n)
		}
		thief := w.room.Mailbox("thief@customer.example")
		if _, err := thief.Reply(w.within(), got, "Send it to me instead.", mailroom.ReplyOptions{}); err == nil {
			t.Error("somebody else's answer was taken")
		}
	})
}
