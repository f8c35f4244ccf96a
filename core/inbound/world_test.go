package inbound_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/inbound"
)

// world is a store with one channel and what takes events in for it.
type world struct {
	*testing.T
	store *gormstore.Store
	queue *freshstore.Queue
	in    *inbound.Acceptor
	ws    core.WorkspaceID
	repo  core.Repo
	ch    core.Channel
	clock time.Time
}

// each runs f in a world of its own on each database.
func each(t *testing.T, f func(w *world)) {
	t.Helper()
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, q *freshstore.Queue) { f(newWorld(t, s, q)) })
}

// lite runs f on SQLite alone, for tables of what the database makes no difference to.
func lite(t *testing.T, f func(w *world)) {
	t.Helper()
	s, q := freshstore.SQLite(t, nil)
	f(newWorld(t, s, q))
}

func newWorld(t *testing.T, s *gormstore.Store, q *freshstore.Queue) *world {
	t.Helper()
	w := &world{T: t, store: s, queue: q, clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w.in = newAcceptor(w)
	var err error
	w.ws, err = s.EnsureWorkspace(t.Context(), "main")
	w.must(err)
	w.repo = s.In(w.ws)
	w.ch = w.channel("shop", "100")
	return w
}

func newAcceptor(w *world) *inbound.Acceptor {
	return inbound.New(w.store, func() time.Time { return w.clock }, slog.New(slog.DiscardHandler))
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) channel(name, account string) core.Channel {
	w.Helper()
	ch := core.Channel{ID: core.NewID[core.ChannelID](), Workspace: w.ws, Kind: "whatsapp-cloud", Name: name, Account: account, State: core.ChannelActive, Created: w.clock}
	w.must(w.repo.SaveChannel(w.Context(), ch))
	return ch
}

func (w *world) accept(events ...core.Event) {
	w.Helper()
	w.must(w.in.Accept(w.Context(), w.ch, events))
}

func phone(n string) core.IdentityKey { return core.IdentityKey{Scheme: core.SchemePhone, Value: n} }
func bsuid(n string) core.IdentityKey { return core.IdentityKey{Scheme: core.SchemeBSUID, Value: n} }

const grace = "447700900123"

// said is a message of a customer, Grace unless keys name another.
func (w *world) said(id, text string, keys ...core.IdentityKey) core.Event {
	if keys == nil {
		keys = []core.IdentityKey{phone(grace)}
	}
	return core.Event{Kind: core.EventMessage, ID: id, At: w.clock, Origin: core.OriginCustomer, Peer: core.Peer{Name: "Grace", Identities: keys},
		Message: &core.MessageBody{Provider: id, Content: core.Content{Kind: core.KindText, Text: text}}}
}

// echo is what the business said on its phone.
func (w *world) echo(id, text string) core.Event {
	e := w.said(id, text)
	e.Origin = core.OriginDevice
	return e
}

func (w *world) receipt(provider string, s core.Status) core.Event {
	return core.Event{Kind: core.EventReceipt, ID: provider + "/" + string(s), At: w.clock, Origin: core.OriginGateway,
		Receipt: &core.ReceiptBody{Provider: provider, Status: s}}
}

func (w *world) reaction(id, target, emoji string) core.Event {
	return core.Event{Kind: core.EventReaction, ID: id, At: w.clock, Origin: core.OriginCustomer, Peer: core.Peer{Identities: []core.IdentityKey{phone(grace)}},
		Reaction: &core.ReactionBody{Target: target, Emoji: emoji}}
}

func (w *world) edit(id, target, text string) core.Event {
	return core.Event{Kind: core.EventEdit, ID: id, At: w.clock, Origin: core.OriginCustomer, Peer: core.Peer{Identities: []core.IdentityKey{phone(grace)}},
		Edit: &core.EditBody{Target: target, Content: core.Content{Kind: core.KindText, Text: text}}}
}

func (w *world) revoke(id, target string) core.Event {
	return core.Event{Kind: core.EventRevoke, ID: id, At: w.clock, Origin: core.OriginCustomer, Peer: core.Peer{Identities: []core.IdentityKey{phone(grace)}},
		Revoke: &core.RevokeBody{Target: target}}
}

// contacts lists the contacts that are not merged into others.
func (w *world) contacts() []core.Contact {
	w.Helper()
	all, err := w.repo.Contacts(w.Context(), core.Page{Limit: 200})
	w.must(err)
	return slices.DeleteFunc(all, func(c core.Contact) bool { return c.MergedInto != "" })
}

func (w *world) conversations() []core.Conversation {
	w.Helper()
	all, err := w.repo.Conversations(w.Context(), core.ConversationFilter{}, core.Page{Limit: 200})
	w.must(err)
	return all
}

// only is the one conversation there is.
func (w *world) only() core.Conversation {
	w.Helper()
	all := w.conversations()
	if len(all) != 1 {
		w.Fatalf("there are %d conversations, want 1", len(all))
	}
	return all[0]
}

// messages lists a conversation's, oldest first, in the order in which they were stored.
func (w *world) messages(id core.ConversationID) []core.Message {
	w.Helper()
	all, _, err := core.Timeline(w.Context(), w.repo, id, core.Bookmark{}, 200)
	w.must(err)
	slices.SortFunc(all, func(a, b core.Message) int { return cmp.Compare(a.Seq, b.Seq) })
	return all
}

func (w *world) texts(id core.ConversationID) string {
	w.Helper()
	var all []string
	for _, m := range w.messages(id) {
		all = append(all, m.Content.Text)
	}
	return strings.Join(all, "|")
}

// history lists the kinds of a conversation's events, with their codes.
func (w *world) history(id core.ConversationID) string {
	w.Helper()
	all, err := w.repo.ConversationEvents(w.Context(), id)
	w.must(err)
	var kinds []string
	for _, e := range all {
		k := string(e.Kind)
		if e.Code != "" && string(e.Code) != k {
			k += ":" + string(e.Code)
		}
		kinds = append(kinds, k)
	}
	return strings.Join(kinds, " ")
}

// message is the one whose part has the provider's id.
func (w *world) message(provider string) core.Message {
	w.Helper()
	p, err := w.repo.PartByProvider(w.Context(), w.ch.ID, provider)
	w.must(err)
	m, err := w.repo.Message(w.Context(), p.Message)
	w.must(err)
	return m
}

func (w *world) dead() []core.DeadLetter {
	w.Helper()
	all, err := w.repo.DeadLetters(w.Context(), core.Page{Limit: 200})
	w.must(err)
	return all
}

// jobs lists the kinds of the waiting jobs and forgets them.
func (w *world) jobs() string {
	w.Helper()
	kinds, err := w.queue.Kinds(w.Context())
	w.must(err)
	w.must(w.queue.Clear(w.Context()))
	return kinds
}

// sent stores an outgoing message of an agent, as the outbox would, and returns its part.
func (w *world) sent(conv core.Conversation, text, provider string, s core.Status) core.Part {
	w.Helper()
	return w.sentContent(conv, core.Content{Kind: core.KindText, Text: text}, provider, s)
}

func (w *world) sentContent(conv core.Conversation, c core.Content, provider string, s core.Status) core.Part {
	w.Helper()
	agents, err := w.repo.Agents(w.Context())
	w.must(err)
	if len(agents) == 0 {
		agents = []core.Agent{{ID: core.NewID[core.AgentID](), Workspace: w.ws, Name: "Lena", Addresses: []string{"lena@example.com"}, Created: w.clock}}
		w.must(w.repo.SaveAgent(w.Context(), agents[0]))
	}
	seq, err := w.repo.NextSeq(w.Context(), conv.ID, w.clock)
	w.must(err)
	identities, err := w.repo.IdentitiesOf(w.Context(), conv.Contact)
	w.must(err)
	m := core.Message{ID: core.NewID[core.MessageID](), Workspace: w.ws, Conversation: conv.ID, Contact: conv.Contact, Channel: w.ch.ID, Identity: identities[0].ID,
		Direction: core.Out, Author: core.Author{Kind: core.AuthorAgent, Agent: agents[0].ID}, Content: c, Status: s,
		Seq: seq, At: w.clock, Created: w.clock}
	m.Parts = []core.Part{{ID: core.NewID[core.PartID](), Message: m.ID, Conversation: conv.ID, Channel: w.ch.ID, Seq: seq, Content: m.Content,
		Provider: provider, Status: s, Updated: w.clock}}
	won, err := w.repo.AddMessage(w.Context(), m)
	w.must(err)
	if !won {
		w.Fatal("the message was not stored")
	}
	return m.Parts[0]
}

func (w *world) part(id core.PartID) core.Part {
	w.Helper()
	p, err := w.repo.Part(w.Context(), id)
	w.must(err)
	return p
}

func (w *world) window() core.WindowState {
	w.Helper()
	s, err := w.repo.Window(w.Context(), w.ch.ID, w.only().Contact)
	w.must(err)
	return s
}

func (w *world) pass(d time.Duration) { w.clock = w.clock.Add(d) }

func equal[T comparable](w *world, what string, got, want T) {
	w.Helper()
	if got != want {
		w.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func at(w *world, what string, got, want time.Time) {
	w.Helper()
	if !got.Equal(want) {
		w.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func isProblem(w *world, what string, err error, code core.Code, has string) {
	w.Helper()
	var p *core.Problem
	if !errors.As(err, &p) || p.Code != code || !strings.Contains(p.Error(), has) {
		w.Errorf("%s: got %v, want a problem %s with %q", what, err, code, has)
	}
}

func eventIn(w *world, d core.DeadLetter) core.Event {
	w.Helper()
	var e core.Event
	w.must(json.Unmarshal(d.Event, &e))
	return e
}

func id(n int) string { return fmt.Sprintf("wamid.%d", n) }
