package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"causeway/adapters/ginapi"
	"causeway/bridges/bridgetest"
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
	base := ginapi.ChatURL(b.public()) + "v1" + path + "?key=" + string(b.channel.ID)
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, base, bytes.NewReader(raw))
	b.must(err)
	req.Header.Set("Origin", "https://shop.example")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", fmt.Sprintf("message-%x", sha256.Sum256(raw)))
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
		b.token, _ = b.asks("/session", map[string]any{"fields": map[string]string{"name": "Ana", "email": "ana@customer.example"}})["token"].(string)
		b.asks("/messages", map[string]any{"text": hello})
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

// TestVisitorGoesOn: a visitor who goes on by SMS is the same contact there, in the same conversation, and the agent's next answer goes by SMS.
func TestVisitorGoesOn(t *testing.T) {
	world := liveIn(t, worldOptions{Business: "channels: []", Flags: map[string]string{"allow_private": "127.0.0.0/8"}})
	sent := make(chan string, 10)
	s := bridgetest.NewStandIn(t, func(rw http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		sent <- string(raw)
		_, _ = io.WriteString(rw, carriers["vonage"].answer)
	})
	phone := carrierOf("vonage")
	phone.values["api_base"] = s.URL
	w := world.tenant(webChat(), map[string]string{"sms": "14155550100"})
	site := "channels:\n" + w.made.channel("shop", w.values) + phone.channel("phone", phone.values)
	env := maps.Clone(phone.values)
	maps.Copy(env, w.values)
	w.apply(w.workspaceName, site+fmt.Sprintf(team, "lena-"+w.workspaceName+"@example.com"), env)
	lena := w.room.Mailbox("lena-" + w.workspaceName + "@example.com")

	b := &browses{tenant: w}
	b.token, _ = b.asks("/session", map[string]any{"fields": map[string]string{"name": "Ana"}})["token"].(string)
	b.asks("/messages", map[string]any{"text": hello})
	link, err := url.Parse(b.asks("/continue", map[string]any{"channel": "sms"})["url"].(string))
	w.must(err)
	text := link.Query().Get("body")
	by := *w
	by.channel, err = w.own.ChannelByName(w.Context(), "phone")
	w.must(err)
	by.made, by.values = phone, phone.values
	status := by.door(by.request(posted([]byte(encoded([2]string{"to", "14155550100"}, [2]string{"msisdn", "16505551234"}, [2]string{"text", text}, [2]string{"messageId", "in-1"}))), true))
	if status/100 != 2 {
		t.Fatalf("answered %d", status)
	}
	m := w.mailTo(lena, text)
	if all := w.conversations(); len(all) != 1 || all[0].Channel != by.channel.ID {
		t.Fatalf("got %+v", all)
	}
	_, err = lena.Reply(w.within(), m, "Yes: the blue bicycle is here.", mailroom.ReplyOptions{})
	w.must(err)
	select {
	case text := <-sent:
		if !strings.Contains(text, "bicycle") || !strings.Contains(text, "16505551234") {
			t.Errorf("sent %q", text)
		}
	case <-w.within().Done():
		t.Fatal("the answer did not go by SMS")
	}
}
