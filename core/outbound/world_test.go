package outbound_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/inbound"
	"causeway/core/outbound"
)

// world is a store with one channel, a customer who has written, and an outbox whose provider plays a script.
type world struct {
	*testing.T
	store *gormstore.Store
	queue *freshstore.Queue
	out   *outbound.Outbox
	in    *inbound.Acceptor
	link  *link
	album core.Link // a link around it that sends albums, if set
	ws    core.WorkspaceID
	repo  core.Repo
	ch    core.Channel
	agent core.Agent
	conv  core.Conversation
	mu    sync.Mutex
	clock time.Time
	anew  int // how often a session was to begin anew

	chance float64 // by which waits are spread

	looks, blind int // how often it was asked whether a link is outdated, and how often it is not seen
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func each(t *testing.T, f func(w *world)) {
	t.Helper()
	w := &world{clock: noon}
	freshstore.Each(t, w.now, func(t *testing.T, s *gormstore.Store, q *freshstore.Queue) {
		*w = world{T: t, store: s, queue: q, clock: noon}
		w.begin()
		f(w)
	})
}

// lite is each on SQLite alone, for what the database makes no difference to.
func lite(t *testing.T, f func(w *world)) {
	t.Helper()
	w := &world{T: t, clock: noon}
	w.store, w.queue = freshstore.SQLite(t, w.now)
	w.begin()
	f(w)
}

func (w *world) begin() {
	w.Helper()
	log := slog.New(slog.DiscardHandler)
	w.link = &link{can: capabilities()}
	w.in = inbound.New(w.store, w.now, log)
	w.out = w.outbox(log)
	var err error
	w.ws, err = w.store.EnsureWorkspace(w.Context(), "main")
	w.must(err)
	w.repo = w.store.In(w.ws)
	w.ch = core.Channel{ID: core.NewID[core.ChannelID](), Workspace: w.ws, Kind: "whatsapp-cloud", Name: "shop", Account: "100", State: core.ChannelActive, Created: noon}
	w.must(w.repo.SaveChannel(w.Context(), w.ch))
	w.agent = core.Agent{ID: core.NewID[core.AgentID](), Workspace: w.ws, Name: "Lena", Addresses: []string{"lena@example.com"}, Created: noon}
	w.must(w.repo.SaveAgent(w.Context(), w.agent))
	w.says("in.1", "Hello", grace)
	all, err := w.repo.Conversations(w.Context(), core.ConversationFilter{}, core.Page{})
	w.must(err)
	w.conv = all[0]
	w.jobs()
}

// outbox is a node's: it knows what the store knows.
func (w *world) outbox(log *slog.Logger) *outbound.Outbox {
	return outbound.New(outbound.Options{Store: w.store, Links: w, Now: w.now, Log: log, Chance: func() float64 { return w.chance }, Arrived: w.in.Arrived, Answered: w.in.Answered,
		Anew: func(context.Context, core.Repo, core.ChannelID) error { w.anew++; return nil },
		Outdated: func(_ context.Context, _ core.ChannelID, l core.Link) bool {
			w.looks++
			return l != core.Link(w.link) && w.looks > w.blind
		}})
}

// Link implements outbound.Links.
func (w *world) Link(context.Context, core.ChannelID) (core.Channel, core.Info, core.Link, error) {
	w.link.mu.Lock()
	defer w.link.mu.Unlock()
	opened := core.Link(w.link)
	if w.album != nil {
		opened = w.album
	}
	return w.ch, core.Info{Kind: "whatsapp-cloud", Title: "WhatsApp", Scheme: core.SchemePhone}, opened, w.link.broken
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

var grace = core.IdentityKey{Scheme: core.SchemePhone, Value: "447700900123"}

func (w *world) says(id, text string, keys ...core.IdentityKey) {
	w.Helper()
	w.must(w.in.Accept(w.Context(), w.ch, []core.Event{{Kind: core.EventMessage, ID: id, At: w.now(), Origin: core.OriginCustomer,
		Peer: core.Peer{Name: "Grace", Identities: keys}, Message: &core.MessageBody{Provider: id, Content: core.Content{Kind: core.KindText, Text: text}}}}))
}

// another has another customer write, and turns to their conversation.
func (w *world) another() {
	w.Helper()
	w.says("in.9", "me too", core.IdentityKey{Scheme: core.SchemePhone, Value: "2"})
	all, err := w.repo.Conversations(w.Context(), core.ConversationFilter{}, core.Page{})
	w.must(err)
	for _, c := range all {
		if c.Contact != w.conv.Contact {
			w.conv = c
			return
		}
	}
	w.Fatal("there is no other conversation")
}

func (w *world) receipt(provider string, s core.Status, key core.PartID) {
	w.Helper()
	w.must(w.in.Accept(w.Context(), w.ch, []core.Event{{Kind: core.EventReceipt, ID: provider + string(s), Key: string(key), At: w.now(), Origin: core.OriginGateway,
		Receipt: &core.ReceiptBody{Provider: provider, Status: s}}}))
}

func text(s string) core.Content { return core.Content{Kind: core.KindText, Text: s} }

func (w *world) request(contents ...core.Content) outbound.Request {
	return outbound.Request{Conversation: w.conv.ID, Author: core.Author{Kind: core.AuthorAgent, Agent: w.agent.ID, Name: "Lena"}, Contents: contents}
}

// writes has the agent write messages that the gate must allow.
func (w *world) writes(texts ...string) []core.Message {
	w.Helper()
	var all []core.Message
	for _, s := range texts {
		made, _, err := w.out.Compose(w.Context(), w.ws, w.request(text(s)))
		w.must(err)
		all = append(all, made...)
	}
	return all
}

// deliver works on the conversation's job once and returns what the worker said.
func (w *world) deliver() error {
	w.Helper()
	return w.queue.Run(w.Context(), w.job(core.JobDeliver, string(w.conv.ID)), w.out.Deliver)
}

func (w *world) job(kind core.JobKind, key string) core.Job {
	return core.Job{Kind: kind, Workspace: w.ws, Key: key}
}

// delivered works on the job until the worker is done, moving the clock when it wants to be called later.
func (w *world) delivered() {
	w.Helper()
	for range 1000 {
		err := w.deliver()
		var later core.Later
		if !errors.As(err, &later) {
			w.must(err)
			return
		}
		w.pass(later.After)
	}
	w.Fatal("the lane never ends")
}

// later fails unless the worker wants to be called again after d.
func (w *world) later(what string, err error, d time.Duration) {
	w.Helper()
	var later core.Later
	if !errors.As(err, &later) || later.After != d {
		w.Errorf("%s: got %v, want to be called after %v", what, err, d)
	}
}

// jobs lists the kinds of the waiting jobs and forgets them.
func (w *world) jobs() string {
	w.Helper()
	kinds, err := w.queue.Kinds(w.Context())
	w.must(err)
	w.must(w.queue.Clear(w.Context()))
	return kinds
}

// wake does the waiting wake jobs.
func (w *world) wake() {
	w.Helper()
	jobs, err := w.queue.Jobs(w.Context())
	w.must(err)
	for _, j := range jobs {
		if j.Kind == core.JobWake {
			w.must(w.queue.Run(w.Context(), j, w.out.Wake))
		}
	}
}

func (w *world) message(id core.MessageID) core.Message {
	w.Helper()
	m, err := w.repo.Message(w.Context(), id)
	w.must(err)
	return m
}

func (w *world) status(what string, id core.MessageID, want core.Status) core.Message {
	w.Helper()
	m := w.message(id)
	if m.Status != want {
		w.Errorf("%s: the message is %s, want %s", what, m.Status, want)
	}
	return m
}

func (w *world) channel() core.Channel {
	w.Helper()
	ch, err := w.repo.Channel(w.Context(), w.ch.ID)
	w.must(err)
	return ch
}

// notice is the mail that waits for the agent; its absence is an empty one.
func (w *world) notice() core.Notice {
	w.Helper()
	n, err := w.repo.NextNotice(w.Context(), w.conv.ID)
	if errors.Is(err, core.ErrNotFound) {
		return core.Notice{}
	}
	w.must(err)
	return n
}

func equal[T comparable](w *world, what string, got, want T) {
	w.Helper()
	if got != want {
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

func capabilities() core.Capabilities {
	return core.Capabilities{TextLimit: 20, CaptionLimit: 10, Unit: core.UnitRunes, Kinds: []core.ContentKind{core.KindTemplate},
		Media:   map[core.ContentKind]core.MediaRule{core.KindImage: {Caption: true, Bytes: 100}},
		Actions: []core.Action{core.ActionRead, core.ActionTyping, core.ActionReaction}, Window: core.Window{Free: 24 * time.Hour, After: core.AfterTemplates}}
}

// link is a provider that answers by a script: each send takes the next line, the last one again and again. Without a script every send succeeds.
type link struct {
	mu     sync.Mutex
	can    core.Capabilities
	broken error // of opening it
	script []func(ctx context.Context, out core.Outgoing) (core.Sent, error)
	sent   []core.Outgoing
	acts   []core.Act
	refuse error // of acts
	acting func(core.Act)
}

func (l *link) Capabilities() core.Capabilities      { return l.can }
func (l *link) Check(context.Context) []core.Finding { return nil }
func (l *link) Close() error                         { return nil }

func (l *link) Send(ctx context.Context, out core.Outgoing) (core.Sent, error) {
	l.mu.Lock()
	l.sent = append(l.sent, out)
	n := len(l.sent)
	answer := ok
	if len(l.script) > 0 {
		answer = l.script[min(n, len(l.script))-1]
	}
	l.mu.Unlock()
	return answer(ctx, out)
}

func (l *link) Act(_ context.Context, a core.Act) (core.Sent, error) {
	if l.acting != nil {
		l.acting(a)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acts = append(l.acts, a)
	return core.Sent{Provider: "act"}, l.refuse
}

func ok(_ context.Context, out core.Outgoing) (core.Sent, error) {
	return core.Sent{Provider: "out." + string(out.Key)}, nil
}

func fails(e error) func(context.Context, core.Outgoing) (core.Sent, error) {
	return func(context.Context, core.Outgoing) (core.Sent, error) { return core.Sent{}, e }
}

// plays sets the script from here on.
func (l *link) plays(script ...func(context.Context, core.Outgoing) (core.Sent, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent, l.script = nil, script
}

// texts lists what was handed over, joined by "|".
func (l *link) texts() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for _, out := range l.sent {
		all = append(all, out.Content.Text)
	}
	return strings.Join(all, "|")
}

var _ core.ActionLink = (*link)(nil)
