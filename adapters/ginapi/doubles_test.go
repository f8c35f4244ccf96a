package ginapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"causeway/core"
	"causeway/core/assign"
	"causeway/core/outbound"
)

// toyLink is a channel whose provider signs bodies with a secret in X-Sign and sends events as a JSON list of accounts and ids.
type toyLink struct {
	secret   string
	window   core.Window
	receive  func(ctx context.Context, r core.WebhookRequest) (core.WebhookAnswer, []core.Event, error)
	received int
	mu       sync.Mutex
}

var _ core.WebhookLink = (*toyLink)(nil)

func (l *toyLink) Capabilities() core.Capabilities                        { return core.Capabilities{Window: l.window} }
func (l *toyLink) Check(context.Context) []core.Finding                   { return nil }
func (l *toyLink) Close() error                                           { return nil }
func (l *toyLink) Send(context.Context, core.Outgoing) (core.Sent, error) { return core.Sent{}, nil }

// phoneLink is a toyLink of a kind that is paired with a phone. It is toyLinks that pairs.
type phoneLink struct{ *toyLink }

var _ core.PairingLink = phoneLink{}

func (phoneLink) Run(context.Context) error    { return nil }
func (phoneLink) Joined(context.Context) error { return nil }
func (phoneLink) Pair(context.Context, core.PairingWish, core.PairingTalk) (core.Paired, error) {
	return core.Paired{}, nil
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func (l *toyLink) Receive(ctx context.Context, r core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
	l.mu.Lock()
	l.received++
	l.mu.Unlock()
	if l.receive != nil {
		return l.receive(ctx, r)
	}
	if r.Method == "GET" {
		if r.Query.Get("hub.verify_token") != l.secret {
			return core.WebhookAnswer{}, nil, core.ErrUnauthenticated
		}
		return core.WebhookAnswer{Type: "text/plain", Body: []byte(r.Query.Get("hub.challenge"))}, nil, nil
	}
	if r.Header.Get("X-Sign") != sign(l.secret, r.Body) {
		return core.WebhookAnswer{}, nil, core.ErrUnauthenticated
	}
	var events []core.Event
	if err := json.Unmarshal(r.Body, &events); err != nil {
		return core.WebhookAnswer{}, nil, core.Problemf(core.CodeInvalid, "The body is not a list of events.")
	}
	return core.WebhookAnswer{}, events, nil
}

// toyLinks opens toy links.
type toyLinks struct {
	store *memory
	links map[core.ChannelID]core.Link
	check func(id core.ChannelID) ([]core.Finding, error)
	sync  func(id core.ChannelID) ([]core.Template, error)
	err   error

	patient atomic.Bool // the last who asked for a link would wait for ever
	mu      sync.Mutex
	pairing core.Pairing
	answer  core.PairingAnswer
}

func (t *toyLinks) Link(ctx context.Context, id core.ChannelID) (core.Channel, core.Info, core.Link, error) {
	_, bounded := ctx.Deadline()
	t.patient.Store(!bounded)
	if t.err != nil {
		return core.Channel{}, core.Info{}, nil, t.err
	}
	link := t.links[id]
	if link == nil {
		return core.Channel{}, core.Info{}, nil, core.ErrNotFound
	}
	for _, r := range t.store.rooms {
		if c, err := r.Channel(ctx, id); err == nil {
			return c, core.Info{Kind: c.Kind}, link, nil
		}
	}
	return core.Channel{}, core.Info{}, nil, core.ErrNotFound
}

func (t *toyLinks) Webhook(ctx context.Context, id core.ChannelID) (core.Channel, core.WebhookLink, error) {
	ch, _, link, err := t.Link(ctx, id)
	if err != nil {
		return ch, nil, err
	}
	w, ok := link.(core.WebhookLink)
	if !ok {
		return ch, nil, core.NotFound("webhook")
	}
	return ch, w, nil
}

func (t *toyLinks) Check(_ context.Context, _ core.WorkspaceID, id core.ChannelID) ([]core.Finding, error) {
	return t.check(id)
}

func (t *toyLinks) SyncTemplates(_ context.Context, _ core.WorkspaceID, id core.ChannelID) ([]core.Template, error) {
	return t.sync(id)
}

// toyInbox records what it takes.
type toyInbox struct {
	mu        sync.Mutex
	accepted  map[core.ChannelID][]core.Event
	malformed []string
	refused   map[core.ChannelID][]string
	accept    func(ctx context.Context, ch core.Channel, events []core.Event) error
	replay    func(ws core.WorkspaceID, id string) error
}

func newToyInbox() *toyInbox {
	return &toyInbox{accepted: map[core.ChannelID][]core.Event{}, refused: map[core.ChannelID][]string{}}
}

func (i *toyInbox) Accept(ctx context.Context, ch core.Channel, events []core.Event) error {
	if i.accept != nil {
		if err := i.accept(ctx, ch, events); err != nil {
			return err
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.accepted[ch.ID] = append(i.accepted[ch.ID], events...)
	return nil
}

func (i *toyInbox) Malformed(_ context.Context, _ core.Channel, raw []byte, _ string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.malformed = append(i.malformed, string(raw))
	return nil
}

func (i *toyInbox) Refuse(_ context.Context, ch core.Channel, events []core.Event, reason string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, e := range events {
		i.refused[ch.ID] = append(i.refused[ch.ID], e.ID+": "+reason)
	}
	return nil
}

func (i *toyInbox) Replay(_ context.Context, ws core.WorkspaceID, id string) error {
	return i.replay(ws, id)
}

func (i *toyInbox) ids(id core.ChannelID) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	var all []string
	for _, e := range i.accepted[id] {
		all = append(all, e.ID)
	}
	return strings.Join(all, " ")
}

// toyOutbox answers with what its fields say.
type toyOutbox struct {
	compose func(ws core.WorkspaceID, r outbound.Request) ([]core.Message, core.Decision, error)
	decide  func(ws core.WorkspaceID, r outbound.Request) (core.Decision, []core.Content, error)
	set     func(ws core.WorkspaceID, id core.ChannelID, state core.ChannelState) error
	marked  []core.ConversationID
	reacted []string // message, who and emoji
	amended []string // what, message, who and text
}

func (o *toyOutbox) Compose(_ context.Context, ws core.WorkspaceID, r outbound.Request) ([]core.Message, core.Decision, error) {
	return o.compose(ws, r)
}
func (o *toyOutbox) Decide(_ context.Context, ws core.WorkspaceID, r outbound.Request) (core.Decision, []core.Content, error) {
	return o.decide(ws, r)
}
func (o *toyOutbox) Pause(_ context.Context, ws core.WorkspaceID, id core.ChannelID) error {
	return o.set(ws, id, core.ChannelPaused)
}
func (o *toyOutbox) Resume(_ context.Context, ws core.WorkspaceID, id core.ChannelID) error {
	return o.set(ws, id, core.ChannelActive)
}
func (o *toyOutbox) Mark(_ context.Context, _ core.WorkspaceID, id core.ConversationID, _ core.Action) error {
	o.marked = append(o.marked, id)
	return nil
}

func (o *toyOutbox) React(_ context.Context, _ core.WorkspaceID, id core.MessageID, by core.Author, emoji string) error {
	o.reacted = append(o.reacted, string(id)+" "+by.Name+" "+emoji)
	return nil
}

func (o *toyOutbox) Amend(_ context.Context, _ core.WorkspaceID, id core.MessageID, a core.Amendment) error {
	o.amended = append(o.amended, strings.TrimSpace(fmt.Sprintf("%s %s by %s %s", a.Action, id, a.By.Name, a.Text)))
	return nil
}

// toyDesk changes conversations and contacts of the memory, whatever their workspace: it is for the handlers to keep workspaces apart.
type toyDesk struct {
	store *memory
	now   func() time.Time
}

func (d toyDesk) find(id core.ConversationID) *core.Conversation {
	for _, r := range d.store.rooms {
		for i := range r.conversations {
			if r.conversations[i].ID == id {
				return &r.conversations[i]
			}
		}
	}
	return nil
}

func (d toyDesk) Close(_ context.Context, _ core.WorkspaceID, id core.ConversationID, _ core.Author) (core.Conversation, error) {
	c := d.find(id)
	c.State, c.Closed = core.ConversationClosed, d.now()
	return *c, nil
}

func (d toyDesk) Reopen(_ context.Context, _ core.WorkspaceID, id core.ConversationID, _ core.Author) (core.Conversation, error) {
	c := d.find(id)
	if c.State == core.ConversationOpen {
		return *c, core.Problemf(core.CodeConflict, "This contact has another conversation open.").Remedied("Close it first.")
	}
	c.State, c.Closed = core.ConversationOpen, time.Time{}
	return *c, nil
}

func (d toyDesk) Assign(_ context.Context, _ core.WorkspaceID, id core.ConversationID, agent core.AgentID, team core.TeamID, _ core.Author) (core.Conversation, error) {
	c := d.find(id)
	c.Agent, c.Team = agent, team
	return *c, nil
}

func (d toyDesk) Merge(_ context.Context, ws core.WorkspaceID, into, from core.ContactID, reason string) (core.Merge, error) {
	m := core.Merge{ID: core.NewID[string](), Into: into, From: from, Reason: reason, At: d.now()}
	r := d.store.room(ws)
	r.merges = append(r.merges, m)
	return m, nil
}

func (d toyDesk) Unmerge(_ context.Context, ws core.WorkspaceID, id string) error {
	r := d.store.room(ws)
	for i := range r.merges {
		if r.merges[i].ID == id {
			r.merges[i].Undone = d.now()
			return nil
		}
	}
	return core.ErrNotFound
}

func (t *toyLinks) Pair(ctx context.Context, ws core.WorkspaceID, id core.ChannelID, wish core.PairingWish) (core.Pairing, error) {
	if _, err := t.store.room(ws).Channel(ctx, id); err != nil {
		return core.Pairing{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pairing = core.Pairing{ID: "p1", Step: core.PairingStep{State: core.PairingQR, Code: "scan " + wish.Phone}}
	return t.pairing, nil
}

func (t *toyLinks) Pairing(context.Context, core.WorkspaceID, core.ChannelID) (core.Pairing, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pairing.ID == "" {
		return t.pairing, core.ErrNotFound
	}
	return t.pairing, nil
}

func (t *toyLinks) AnswerPairing(_ context.Context, _ core.WorkspaceID, _ core.ChannelID, pairing string, answer core.PairingAnswer) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if pairing != t.pairing.ID {
		return core.Problemf(core.CodeConflict, "It does not wait for this.")
	}
	t.answer = answer
	return nil
}

func (t *toyLinks) TakeBack(context.Context, core.WorkspaceID, core.ChannelID) error { return nil }
func (t *toyLinks) StopPairing(context.Context, core.WorkspaceID, core.ChannelID) error {
	t.shows(core.PairingStep{State: core.PairingFailed, Reason: "The pairing was stopped.", Remedy: "Begin again."})
	return nil
}

// shows moves the pairing on.
func (t *toyLinks) shows(step core.PairingStep) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pairing.Seq++
	t.pairing.Step = step
}

// toyStaff is a staff that says yes.
type toyStaff struct{ *memory }

func (s toyStaff) Standings(ctx context.Context, ws core.WorkspaceID) ([]assign.Standing, map[core.TeamID]int, error) {
	agents, err := s.In(ws).Agents(ctx)
	var all []assign.Standing
	for _, a := range agents {
		all = append(all, assign.Standing{Agent: a, Duty: core.Duty{Agent: a.ID, Presence: core.PresenceBusy}, Most: 3})
	}
	return all, nil, err
}

func (s toyStaff) Say(_ context.Context, _ core.WorkspaceID, _ core.AgentID, p core.Presence, until time.Time) (core.Duty, error) {
	return core.Duty{Presence: p, Until: until}, nil
}

func (s toyStaff) SetStrategy(context.Context, core.WorkspaceID, core.TeamID, core.Strategy) error {
	return nil
}
