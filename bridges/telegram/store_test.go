package telegram

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/bridges/bridgetest"
	"causeway/core"
	"causeway/core/inbound"
)

// house is a store that takes in what a link receives.
type house struct {
	*testing.T
	repo core.Repo
	in   *inbound.Acceptor
	ch   core.Channel
	link hooked
}

// inHouses runs f on each database.
func inHouses(t *testing.T, f func(h *house)) {
	t.Helper()
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, _ *freshstore.Queue) {
		ws, err := s.EnsureWorkspace(t.Context(), "main")
		if err != nil {
			t.Fatal(err)
		}
		now := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
		h := &house{T: t, repo: s.In(ws), in: inbound.New(s, now, slog.New(slog.DiscardHandler)), ch: bridgetest.Channel(Bridge{}, goodSettings()), link: openLink(t, bridgetest.NewHost(t), keyGroups, groupsTake)}
		h.ch.ID, h.ch.Workspace, h.ch.State, h.ch.Created = core.NewID[core.ChannelID](), ws, core.ChannelActive, now()
		h.must(h.repo.SaveChannel(t.Context(), h.ch))
		f(h)
	})
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Error(err)
	}
}

func (h *house) post(update string) {
	h.Helper()
	_, events, err := h.link.Receive(h.Context(), shown([]byte(update)))
	h.must(err)
	h.must(h.in.Accept(h.Context(), h.ch, events))
}

// messages returns those of the only conversation of the only contact.
func (h *house) messages() []core.Message {
	h.Helper()
	contacts, err := h.repo.Contacts(h.Context(), core.Page{})
	h.must(err)
	if len(contacts) != 1 {
		h.Fatalf("%d contacts", len(contacts))
	}
	all, err := h.repo.ConversationsOf(h.Context(), contacts[0].ID)
	h.must(err)
	if len(all) != 1 {
		h.Fatalf("%d conversations", len(all))
	}
	messages, err := h.repo.Messages(h.Context(), all[0].ID, core.Page{Limit: 100})
	h.must(err)
	return messages
}

// TestAlbumAtOnce: Telegram sends the pictures of an album as calls of their own, side by side, and again when it thinks that one failed.
func TestAlbumAtOnce(t *testing.T) {
	inHouses(t, func(h *house) {
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				n := i%10 + 1
				h.post(hello(n, fmt.Sprintf(`"media_group_id":"9","photo":[{"file_id":"p%d","width":1,"height":1}]`, n)))
			})
		}
		all.Wait()
		if n := len(h.messages()); n != 10 {
			h.Errorf("%d messages, want 10", n)
		}
	})
}

// TestAnswersGoWhereTheContactLastWrote: to the bot, to a topic of its chat, to the owner's account.
func TestAnswersGoWhereTheContactLastWrote(t *testing.T) {
	inHouses(t, func(h *house) {
		for i, c := range []struct {
			update string
			want   core.IdentityKey
		}{
			{hello(1, `"text":"a"`), ana},
			{hello(2, `"text":"b","message_thread_id":77,"is_topic_message":true`), core.IdentityKey{Scheme: Scheme, Value: "12345/77"}},
			{strings.Replace(hello(1, `"text":"c","business_connection_id":"conn-1"`), `"message"`, `"business_message"`, 1), anaOwner},
			{hello(4, `"text":"d"`), ana},
		} {
			h.post(c.update)
			messages := h.messages()
			if len(messages) != i+1 {
				h.Fatalf("%d messages after %d", len(messages), i+1)
			}
			if got := h.identity(messages, []string{"a", "b", "c", "d"}[i]); got != c.want {
				h.Errorf("%d: got %+v, want %+v", i, got, c.want)
			}
		}
	})
}

// identity returns by which identity a message came.
func (h *house) identity(messages []core.Message, text string) core.IdentityKey {
	h.Helper()
	for _, m := range messages {
		if m.Content.Text != text {
			continue
		}
		all, err := h.repo.IdentitiesOf(h.Context(), m.Contact)
		h.must(err)
		for _, i := range all {
			if i.ID == m.Identity {
				return i.Key
			}
		}
	}
	return core.IdentityKey{}
}

// TestBusinessChatInTheStore: the owner's words are the business's, changes find their message, and deleted words are gone.
func TestBusinessChatInTheStore(t *testing.T) {
	inHouses(t, func(h *house) {
		business := func(kind string, id int, from, more string) string {
			return fmt.Sprintf(`{"update_id":%d,"%s":{"message_id":%d,"date":1767225600,"business_connection_id":"conn-1","from":{"id":%s,"is_bot":false,"first_name":"X"},"chat":{"id":12345,"type":"private","first_name":"Ana"},%s}}`, id, kind, id, from, more)
		}
		h.post(`{"update_id":90,"deleted_business_messages":{"business_connection_id":"conn-1","chat":{"id":12345,"type":"private"},"message_ids":[3]}}`) // before its message
		h.post(business("business_message", 1, "12345", `"text":"hello"`))
		h.post(business("business_message", 2, "555", `"text":"typed in the app"`))
		h.post(business("business_message", 3, "12345", `"text":"take back"`))
		h.post(business("edited_business_message", 1, "12345", `"text":"hello, shop","edit_date":1767225700`))
		got := map[string]core.Message{}
		for _, m := range h.messages() {
			got[m.Parts[0].Provider] = m
		}
		if m := got["12345/1@conn-1"]; m.Direction != core.In || m.Content.Text != "hello, shop" {
			h.Errorf("the customer's: %+v", m)
		}
		if m := got["12345/2@conn-1"]; m.Direction != core.Out || m.Author.Kind != core.AuthorPhone {
			h.Errorf("the owner's: %+v", m)
		}
		if m := got["12345/3@conn-1"]; m.Revoked.IsZero() || m.Content.Text != "" {
			h.Errorf("the deleted one: %+v", m)
		}
	})
}

// TestEverythingIsApplied: whatever testdata holds is stored, but for what is a fault by itself or waits for a message.
func TestEverythingIsApplied(t *testing.T) {
	inHouses(t, func(h *house) {
		files, err := filepath.Glob("testdata/*.json")
		h.must(err)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			h.must(err)
			var updates []json.RawMessage
			if strings.HasSuffix(file, ".events.json") || strings.HasSuffix(file, "faults.json") {
				continue
			}
			h.must(json.Unmarshal(raw, &updates))
			for _, u := range updates {
				h.post(string(u))
			}
		}
		letters, err := h.repo.DeadLetters(h.Context(), core.Page{Limit: 100})
		h.must(err)
		for _, l := range letters {
			var e core.Event
			if h.must(json.Unmarshal(l.Event, &e)); e.Fault == "" {
				h.Errorf("%s: %s", l.Reason, l.Event)
			}
		}
	})
}
