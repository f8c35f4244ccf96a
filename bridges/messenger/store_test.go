package messenger

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/bridges/bridgetest"
	"causeway/bridges/meta/metatest"
	"causeway/core"
	"causeway/core/inbound"
)

// house is a store that takes in what a link receives.
type house struct {
	*testing.T
	store *gormstore.Store
	repo  core.Repo
	in    *inbound.Acceptor
	ch    core.Channel
	link  *link
	now   time.Time
}

func inHouses(t *testing.T, f func(h *house)) {
	t.Helper()
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, _ *freshstore.Queue) {
		ws, err := s.EnsureWorkspace(t.Context(), "main")
		if err != nil {
			t.Fatal(err)
		}
		h := &house{T: t, store: s, repo: s.In(ws), ch: bridgetest.Channel(Bridge{}, inbox.Settings), link: openLink(t, bridgetest.NewHost(t)), now: time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC)}
		h.in = inbound.New(s, func() time.Time { return h.now }, slog.New(slog.DiscardHandler))
		h.ch.ID, h.ch.Workspace, h.ch.State, h.ch.Created = core.NewID[core.ChannelID](), ws, core.ChannelActive, h.now
		h.must(h.repo.SaveChannel(t.Context(), h.ch))
		f(h)
	})
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) post(events ...string) {
	h.Helper()
	_, all, err := h.link.Receive(h.Context(), metatest.Signed([]byte(inbox.Wrap(pageID, events...))))
	h.must(err)
	h.must(h.in.Accept(h.Context(), h.ch, all))
}

func (h *house) conversation() core.Conversation {
	h.Helper()
	all, err := h.repo.Conversations(h.Context(), core.ConversationFilter{}, core.Page{})
	h.must(err)
	if len(all) != 1 {
		h.Fatalf("%d conversations", len(all))
	}
	return all[0]
}

// said lists what was said, by whom.
func (h *house) said() string {
	h.Helper()
	all, err := h.repo.Messages(h.Context(), h.conversation().ID, core.Page{})
	h.must(err)
	var lines []string
	for _, m := range all {
		lines = append([]string{string(m.Author.Kind) + " " + m.Content.Text + " " + string(m.Status)}, lines...)
	}
	return strings.Join(lines, "; ")
}

// sending stores an answer as the outbox does before it calls the bridge.
func (h *house) sending(text string) core.Part {
	h.Helper()
	conv := h.conversation()
	seq, err := h.repo.NextSeq(h.Context(), conv.ID, h.now)
	h.must(err)
	m := core.Message{ID: core.NewID[core.MessageID](), Workspace: h.ch.Workspace, Conversation: conv.ID, Contact: conv.Contact, Channel: h.ch.ID, Direction: core.Out,
		Author: core.Author{Kind: core.AuthorAPI}, Content: core.Content{Kind: core.KindText, Text: text}, Status: core.StatusSending, Seq: seq, At: h.now, Created: h.now}
	m.Parts = []core.Part{{ID: core.NewID[core.PartID](), Message: m.ID, Conversation: conv.ID, Channel: h.ch.ID, Seq: seq, Content: m.Content, Status: core.StatusSending, Updated: h.now}}
	won, err := h.repo.AddMessage(h.Context(), m)
	if h.must(err); !won {
		h.Fatal("not stored")
	}
	return m.Parts[0]
}

func (h *house) window() time.Time {
	h.Helper()
	s, err := h.repo.Window(h.Context(), h.ch.ID, h.conversation().Contact)
	h.must(err)
	return s.Last
}

func echoOf(mid, message string) string {
	return `{"sender":{"id":"` + pageID + `"},"recipient":{"id":"5678"},"timestamp":1767225601000,"message":{"mid":"` + mid + `","is_echo":true,` + message + `}}`
}

// TestEchoesAreOneRow: our own message and its echo are one message, in whichever order they come, however often; the inbox's are a person's.
func TestEchoesAreOneRow(t *testing.T) {
	inHouses(t, func(h *house) {
		h.post(metatest.Says(pageID, "m_1", `"text":"Open?"`))
		opened := h.window()
		p := h.sending("Until six.")
		own := echoOf("m_2", `"text":"Until six.","app_id":4567890123,"metadata":"`+string(p.ID)+`"`)
		h.post(own) // before the answer to the call
		h.post(own, echoOf("m_3", `"text":"I am in the shop, too.","app_id":263902037430900`), echoOf("m_4", `"text":"And on the phone."`))
		h.post(echoOf("m_3", `"text":"I am in the shop, too.","app_id":263902037430900`))
		if got, want := h.said(), "contact Open? received; api Until six. sent; phone I am in the shop, too. sent; phone And on the phone. sent"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got, err := h.repo.Part(t.Context(), p.ID); err != nil || got.Provider != "m_2" {
			t.Errorf("got %+v %v", got, err)
		}
		if at := h.window(); !at.Equal(opened) {
			t.Errorf("an echo moved the window from %s to %s", opened, at)
		}
		if !h.conversation().Waiting.IsZero() {
			t.Error("somebody answered, and the contact still waits")
		}
	})
}

// TestReadAndReacted: the watermark ticks what was sent before it, and a reaction opens the window again.
func TestReadAndReacted(t *testing.T) {
	inHouses(t, func(h *house) {
		h.post(metatest.Says(pageID, "m_1", `"text":"Open?"`))
		h.post(echoOf("m_2", `"text":"Until six."`))
		h.post(`{"sender":{"id":"5678"},"recipient":{"id":"` + pageID + `"},"timestamp":1767225602000,"read":{"watermark":1767225601500}}`)
		if got := h.said(); !strings.HasSuffix(got, "phone Until six. read") {
			t.Errorf("got %s", got)
		}
		h.post(`{"sender":{"id":"5678"},"recipient":{"id":"` + pageID + `"},"timestamp":1767225603000,"reaction":{"mid":"m_2","action":"react","reaction":"like","emoji":"👍"}}`)
		if at := h.window(); !at.Equal(time.UnixMilli(1767225603000)) {
			t.Errorf("the window counts from %s", at)
		}
	})
}
