package ginapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"causeway/core"
)

// memory is a core.Store that keeps what the HTTP face reads and writes. Anything else panics on the nil interface inside.
type memory struct {
	core.Store
	mu    sync.Mutex
	rooms map[core.WorkspaceID]*room
	keys  []core.APIKey
	fail  error // what every method answers, if set
	stall bool  // lists of agents wait for ever
}

// room is one workspace.
type room struct {
	core.Repo
	m             *memory
	channels      []core.Channel
	secrets       map[string][]core.SealedSecret
	templates     []core.Template
	values        map[string][]byte
	log           []core.LogEntry
	agents        []core.Agent
	teams         []core.Team
	contacts      []core.Contact
	identities    []core.Identity
	merges        []core.Merge
	wishes        []core.Wish
	windows       map[core.ContactID]core.WindowState
	conversations []core.Conversation
	messages      []core.Message
	files         []core.File
	dead          []core.DeadLetter
	workflows     []core.Workflow
	runs          []core.Run
	purchases     []core.Purchase
	broadcasts    []core.Broadcast
	recipients    []core.Recipient
}

func newMemory() *memory { return &memory{rooms: map[core.WorkspaceID]*room{}} }

func (m *memory) room(ws core.WorkspaceID) *room {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rooms[ws] == nil {
		m.rooms[ws] = &room{m: m, secrets: map[string][]core.SealedSecret{}, values: map[string][]byte{}, windows: map[core.ContactID]core.WindowState{}}
	}
	return m.rooms[ws]
}

func (m *memory) In(ws core.WorkspaceID) core.Repo { return m.room(ws) }

func (m *memory) Tx(ctx context.Context, f func(core.Tx) error) error {
	if m.fail != nil {
		return m.fail
	}
	return f(memoryTx{m: m})
}

type memoryTx struct {
	core.Tx
	m *memory
}

func (t memoryTx) In(ws core.WorkspaceID) core.Repo { return t.m.room(ws) }

func (t memoryTx) Enqueue(context.Context, ...core.Job) error { return nil }

// Write keeps entries of the channel log, which is all that the HTTP face writes so.
func (t memoryTx) Write(ctx context.Context, r core.Rows) error {
	for _, e := range r.Log {
		if err := t.In(e.Workspace).AppendLog(ctx, e.Value); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Ping(context.Context) error { return m.fail }

func (m *memory) KeyByHash(_ context.Context, hash []byte) (core.APIKey, error) {
	if m.fail != nil {
		return core.APIKey{}, m.fail
	}
	return first(m.keys, func(k core.APIKey) bool { return bytes.Equal(k.Hash, hash) })
}

// key makes an API key and returns its token.
func (m *memory) key(ws core.WorkspaceID, scopes ...string) string {
	token := "cw_" + core.NewToken(20)
	hash := sha256.Sum256([]byte(token))
	m.keys = append(m.keys, core.APIKey{ID: core.NewID[string](), Workspace: ws, Name: "crm of " + string(ws), Hash: hash[:], Scopes: scopes})
	return token
}

func (m *memory) AllChannels(ctx context.Context) (all []core.Channel, err error) {
	for _, r := range m.rooms {
		some, err := r.Channels(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func (m *memory) ChannelByAccount(_ context.Context, kind, account string) (core.Channel, error) {
	if m.fail != nil {
		return core.Channel{}, m.fail
	}
	for _, r := range m.rooms {
		if c, err := first(r.channels, func(c core.Channel) bool { return c.Kind == kind && c.Account == account }); err == nil {
			return c, nil
		}
	}
	return core.Channel{}, core.ErrNotFound
}

func first[T any](all []T, fits func(T) bool) (T, error) {
	var zero T
	if i := slices.IndexFunc(all, fits); i >= 0 {
		return all[i], nil
	}
	return zero, core.ErrNotFound
}

func only[T any](all []T, fits func(T) bool) []T {
	var out []T
	for _, v := range all {
		if fits(v) {
			out = append(out, v)
		}
	}
	return out
}

// cut returns the slice of a list, newest first, that a page asks for; position tells an item's.
func cut[T any](all []T, p core.Page, position func(T) string) []T {
	out := slices.Clone(all)
	slices.Reverse(out)
	if p.Before != "" {
		for len(out) > 0 && position(out[0]) != p.Before {
			out = out[1:]
		}
		for len(out) > 0 && position(out[0]) == p.Before {
			out = out[1:]
		}
	}
	return out[:min(len(out), cmp.Or(p.Limit, 50))]
}

func (r *room) Channel(_ context.Context, id core.ChannelID) (core.Channel, error) {
	return first(r.channels, func(c core.Channel) bool { return c.ID == id })
}
func (r *room) Channels(context.Context) ([]core.Channel, error)        { return r.channels, r.m.fail }
func (r *room) RemovedChannels(context.Context) ([]core.Channel, error) { return nil, r.m.fail }
func (r *room) Secrets(_ context.Context, owner string) ([]core.SealedSecret, error) {
	return r.secrets[owner], nil
}
func (r *room) Templates(_ context.Context, id core.ChannelID) ([]core.Template, error) {
	return only(r.templates, func(t core.Template) bool { return t.Channel == id }), nil
}
func (r *room) Value(_ context.Context, owner, name string) ([]byte, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	return r.values[owner+"|"+name], nil
}
func (r *room) SetValue(_ context.Context, owner, name string, value []byte) error {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	r.values[owner+"|"+name] = value
	return nil
}

func (r *room) DropValue(_ context.Context, owner, name string) error {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	delete(r.values, owner+"|"+name)
	return nil
}

func (r *room) SetValueUntil(ctx context.Context, owner, name string, value []byte, _ time.Time) error {
	return r.SetValue(ctx, owner, name, value)
}

func (r *room) AppendLog(_ context.Context, e core.LogEntry) error {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	r.log = append(r.log, e)
	return nil
}
func (r *room) ChannelLog(_ context.Context, id core.ChannelID, p core.Page) ([]core.LogEntry, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	return cut(only(r.log, func(e core.LogEntry) bool { return e.Channel == id }), p, func(e core.LogEntry) string { return e.ID }), nil
}
func (r *room) Agent(_ context.Context, id core.AgentID) (core.Agent, error) {
	return first(r.agents, func(a core.Agent) bool { return a.ID == id })
}
func (r *room) Agents(ctx context.Context) ([]core.Agent, error) {
	if r.m.stall {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return r.agents, nil
}
func (r *room) Teams(context.Context) ([]core.Team, error) { return r.teams, nil }
func (r *room) Team(_ context.Context, id core.TeamID) (core.Team, error) {
	return first(r.teams, func(t core.Team) bool { return t.ID == id })
}
func (r *room) Queues(context.Context) (map[core.TeamID]int, error) {
	if len(r.teams) == 0 {
		return nil, nil
	}
	return map[core.TeamID]int{"": 2, r.teams[0].ID: 1}, nil
}
func (r *room) Places(context.Context, core.TeamID, *core.Place, int) ([]core.Place, error) {
	if len(r.conversations) == 0 {
		return nil, nil
	}
	return []core.Place{{Conversation: r.conversations[0].ID, Queued: time.Unix(1e9, 0)}}, nil
}
func (r *room) Contact(_ context.Context, id core.ContactID) (core.Contact, error) {
	return first(r.contacts, func(c core.Contact) bool { return c.ID == id })
}
func (r *room) Contacts(_ context.Context, p core.Page) ([]core.Contact, error) {
	return cut(r.contacts, p, func(c core.Contact) string { return string(c.ID) }), nil
}
func (r *room) IdentitiesOf(_ context.Context, id core.ContactID) ([]core.Identity, error) {
	return only(r.identities, func(i core.Identity) bool { return i.Contact == id }), nil
}
func (r *room) Wishes(_ context.Context, ch core.ChannelID, id core.ContactID) ([]core.Wish, error) {
	return only(r.wishes, func(w core.Wish) bool { return w.Channel == ch && w.Contact == id }), nil
}
func (r *room) Merge(_ context.Context, id string) (core.Merge, error) {
	return first(r.merges, func(m core.Merge) bool { return m.ID == id })
}
func (r *room) MergesOf(_ context.Context, id core.ContactID) ([]core.Merge, error) {
	return only(r.merges, func(m core.Merge) bool { return m.Into == id || m.From == id }), nil
}
func (r *room) Window(_ context.Context, _ core.ChannelID, id core.ContactID) (core.WindowState, error) {
	return r.windows[id], nil
}
func (r *room) Conversation(_ context.Context, id core.ConversationID) (core.Conversation, error) {
	if r.m.fail != nil {
		return core.Conversation{}, r.m.fail
	}
	return first(r.conversations, func(c core.Conversation) bool { return c.ID == id })
}
func (r *room) Conversations(_ context.Context, f core.ConversationFilter, p core.Page) ([]core.Conversation, error) {
	fits := only(r.conversations, func(c core.Conversation) bool {
		return (f.State == "" || c.State == f.State) && (f.Agent == "" || c.Agent == f.Agent) && (f.Team == "" || c.Team == f.Team) &&
			(f.Channel == "" || c.Channel == f.Channel) && (f.Contact == "" || c.Contact == f.Contact)
	})
	at := func(c core.Conversation) string { return c.LastAt.Format(time.RFC3339Nano) }
	slices.SortStableFunc(fits, func(a, b core.Conversation) int { return a.LastAt.Compare(b.LastAt) })
	page := cut(fits, p, at)
	slices.Reverse(fits)
	for len(page) > 0 && len(page) == p.Limit { // those of the same time come along
		i := slices.IndexFunc(fits, func(c core.Conversation) bool { return c.ID == page[len(page)-1].ID }) + 1
		if i == len(fits) || at(fits[i]) != at(page[len(page)-1]) {
			break
		}
		page, p.Limit = append(page, fits[i]), p.Limit+1
	}
	return page, r.m.fail
}
func (r *room) Message(_ context.Context, id core.MessageID) (core.Message, error) {
	return first(r.messages, func(m core.Message) bool { return m.ID == id })
}
func (r *room) Messages(_ context.Context, id core.ConversationID, p core.Page) ([]core.Message, error) {
	return cut(only(r.messages, func(m core.Message) bool { return m.Conversation == id }), p,
		func(m core.Message) string { return strconv.FormatInt(m.Seq, 10) }), nil
}
func (r *room) PartByProvider(_ context.Context, ch core.ChannelID, provider string) (core.Part, error) {
	for _, m := range r.messages {
		if len(m.Parts) > 0 && m.Channel == ch && m.Parts[0].Provider == provider {
			return core.Part{ID: m.Parts[0].ID, Message: m.ID}, r.m.fail
		}
	}
	return core.Part{}, core.ErrNotFound
}
func (r *room) ImportedMessages(context.Context, core.ConversationID, core.Bookmark, int) ([]core.Message, error) {
	return nil, nil
}
func (r *room) AddFile(_ context.Context, f core.File) error {
	r.files = append(r.files, f)
	return nil
}
func (r *room) File(_ context.Context, id core.MediaID) (core.File, error) {
	return first(r.files, func(f core.File) bool { return f.ID == id })
}
func (r *room) DeadLetters(_ context.Context, p core.Page) ([]core.DeadLetter, error) {
	return cut(r.dead, p, func(d core.DeadLetter) string { return d.ID }), nil
}
func (r *room) DeadLetter(_ context.Context, id string) (core.DeadLetter, error) {
	return first(r.dead, func(d core.DeadLetter) bool { return d.ID == id })
}

// shelf is a core.Blobs in memory.
type shelf struct {
	core.Blobs
	mu    sync.Mutex
	files map[string][]byte
}

func (s *shelf) Put(_ context.Context, key string, r io.Reader) (int64, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[key] = data
	return int64(len(data)), nil
}

func (s *shelf) Open(_ context.Context, key string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.files[key]
	if !ok {
		return nil, core.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (s *shelf) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, key)
	return nil
}
