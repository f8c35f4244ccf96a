package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"causeway/core"
)

// noon is a time with microseconds, in another zone than UTC.
var noon = time.Date(2026, 3, 1, 12, 30, 15, 123456000, time.FixedZone("", 3600))

// world is a store with one of everything that the others refer to.
type world struct {
	*testing.T
	store core.Store
	ws    core.WorkspaceID
	repo  core.Repo
	ch    core.Channel
	agent core.Agent
	atEnd bool // write on the way with the commit
}

func newWorld(t *testing.T, open func(*testing.T) core.Store) *world {
	t.Helper()
	return worldIn(t, open(t), "main")
}

// worldIn makes the same world in another workspace of a store.
func worldIn(t *testing.T, s core.Store, name string) *world {
	t.Helper()
	w := &world{T: t, store: s}
	var err error
	if w.ws, err = s.EnsureWorkspace(t.Context(), name); err != nil {
		t.Fatalf("make workspace: %v", err)
	}
	w.repo = s.In(w.ws)
	w.ch = core.Channel{ID: core.NewID[core.ChannelID](), Workspace: w.ws, Kind: "whatsapp-cloud", Name: "shop", Account: "acct-" + name,
		Settings: map[string]string{"phone": "1"}, State: core.ChannelActive, Created: noon.UTC()}
	w.must(w.repo.SaveChannel(t.Context(), w.ch))
	w.agent = core.Agent{ID: core.NewID[core.AgentID](), Workspace: w.ws, Name: "Ana", Addresses: []string{"ana@" + name + ".example"}, Created: noon.UTC()}
	w.must(w.repo.SaveAgent(t.Context(), w.agent))
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// tx runs f in a transaction that must commit.
func (w *world) tx(f func(tx core.Tx, repo core.Repo) error) {
	w.Helper()
	w.must(w.store.Tx(w.Context(), func(tx core.Tx) error { return f(tx, tx.In(w.ws)) }))
}

func (w *world) contact(name string) core.Contact {
	w.Helper()
	c := core.Contact{ID: core.NewID[core.ContactID](), Workspace: w.ws, Name: name, Created: noon.UTC()}
	w.must(w.repo.AddContact(w.Context(), c))
	return c
}

func (w *world) identity(c core.ContactID, value string) core.Identity {
	w.Helper()
	i := core.Identity{ID: core.NewID[core.IdentityID](), Contact: c, Key: core.IdentityKey{Scheme: core.SchemePhone, Value: value}, Source: "test", Seen: noon.UTC()}
	if won, err := w.repo.AddIdentity(w.Context(), i); err != nil || !won {
		w.Fatalf("add identity: won %v, %v", won, err)
	}
	return i
}

func (w *world) draft(c core.ContactID) core.Conversation {
	return core.Conversation{ID: core.NewID[core.ConversationID](), Workspace: w.ws, Contact: c, State: core.ConversationOpen, Channel: w.ch.ID,
		Opened: noon.UTC(), LastAt: noon.UTC()}
}

func (w *world) conversation(c core.ContactID) core.Conversation {
	w.Helper()
	conv := w.draft(c)
	if won, err := w.repo.AddConversation(w.Context(), &conv); err != nil || !won {
		w.Fatalf("add conversation: won %v, %v", won, err)
	}
	return conv
}

// message drafts a message with one part for each provider id.
func (w *world) message(conv core.Conversation, text string, providers ...string) core.Message {
	w.Helper()
	content := core.Content{Kind: core.KindText, Text: text}
	m := core.Message{ID: core.NewID[core.MessageID](), Workspace: w.ws, Conversation: conv.ID, Contact: conv.Contact, Channel: w.ch.ID,
		Direction: core.Out, Author: core.Author{Kind: core.AuthorAgent, Agent: w.agent.ID, Name: "Ana"}, Content: content, Status: core.StatusQueued,
		At: noon.UTC(), Created: noon.UTC()}
	for _, p := range providers {
		seq, err := w.repo.NextSeq(w.Context(), conv.ID, noon)
		w.must(err)
		if m.Seq == 0 {
			m.Seq = seq
		}
		m.Parts = append(m.Parts, core.Part{ID: core.NewID[core.PartID](), Message: m.ID, Conversation: conv.ID, Channel: w.ch.ID, Seq: seq,
			Content: content, Provider: p, Status: core.StatusQueued, Updated: noon.UTC()})
	}
	return m
}

func (w *world) add(m core.Message) core.Message {
	w.Helper()
	if won, err := w.repo.AddMessage(w.Context(), m); err != nil || !won {
		w.Fatalf("add message: won %v, %v", won, err)
	}
	return m
}

// talk makes a contact with an open conversation.
func (w *world) talk() core.Conversation {
	w.Helper()
	return w.conversation(w.contact("Carla").ID)
}

// missing fails unless err says that the thing is not there.
func missing(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, core.ErrNotFound) {
		t.Errorf("%s: got %v, want ErrNotFound", what, err)
	}
}

func duplicate(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, core.ErrDuplicate) {
		t.Errorf("%s: got %v, want ErrDuplicate", what, err)
	}
}

// same compares what was stored with what is read.
func same[T any](t testing.TB, what string, got, want T, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, show(got), show(want))
	}
}

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%+v", v)
	}
	return string(text)
}
