package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/session"
)

// world is a store with one channel of a bridge that notes what it is given.
type world struct {
	*testing.T
	store   *gormstore.Store
	queue   *freshstore.Queue
	m       *session.Manager
	options session.Options
	bridge  *bridge
	blobs   *blobs
	ws      core.WorkspaceID
	repo    core.Repo
	ch      core.Channel
	changed []core.ChannelID
	refuse  error // of Changed
	clock   time.Time
}

func each(t *testing.T, f func(w *world)) {
	t.Helper()
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, q *freshstore.Queue) { f(newWorld(t, s, q)) })
}

func lite(t *testing.T, f func(w *world)) {
	t.Helper()
	s, q := freshstore.SQLite(t, nil)
	f(newWorld(t, s, q))
}

func newWorld(t *testing.T, s *gormstore.Store, q *freshstore.Queue) *world {
	t.Helper()
	w := &world{T: t, store: s, queue: q, bridge: &bridge{}, blobs: &blobs{kept: map[string][]byte{}}, clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	w.ws, err = s.EnsureWorkspace(t.Context(), "main")
	w.must(err)
	w.repo = s.In(w.ws)
	w.ch = core.Channel{ID: core.NewID[core.ChannelID](), Workspace: w.ws, Kind: "fake", Name: "shop", Account: "100", State: core.ChannelActive,
		Settings: map[string]string{"number": "1"}, Created: w.clock}
	w.must(w.repo.SaveChannel(t.Context(), w.ch))
	w.seal("token", "one")
	w.options = session.Options{Store: s, Vault: box{}, Blobs: w.blobs, Bridges: []core.Bridge{w.bridge}, Now: func() time.Time { return w.clock },
		Log: slog.New(slog.DiscardHandler), HTTP: func(core.Channel, []core.Secret) *http.Client { return nil }, MaxMedia: 20,
		Accept: func(context.Context, core.Lease, core.Channel, []core.Event) error { return nil },
		Changed: func(_ context.Context, ch core.Channel) error {
			w.changed = append(w.changed, ch.ID)
			return w.refuse
		}}
	w.restart()
	return w
}

// restart gives the world a new manager, as another process has.
func (w *world) restart() {
	w.Helper()
	if w.m != nil {
		w.must(w.m.Close())
	}
	w.m = session.New(w.options)
	w.Cleanup(func() { _ = w.m.Close() })
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) seal(name, value string) {
	w.Helper()
	s := core.SealedSecret{Workspace: w.ws, Owner: session.Owner(w.ch.ID), Name: name, Set: w.clock}
	s.Box, _ = box{}.Seal(core.NewSecret(value), s.Context())
	w.must(w.repo.PutSecret(w.Context(), s))
}

func (w *world) set(key, value string) {
	w.Helper()
	w.ch.Settings = map[string]string{"number": "1", key: value}
	w.must(w.repo.SaveChannel(w.Context(), w.ch))
}

// link opens the channel after a look at the store.
func (w *world) link() *link {
	w.Helper()
	w.m.Refresh(w.Context())
	_, _, l, err := w.m.Link(w.Context(), w.ch.ID)
	w.must(err)
	return l.(*link)
}

func (w *world) state() core.Channel {
	w.Helper()
	ch, err := w.repo.Channel(w.Context(), w.ch.ID)
	w.must(err)
	return ch
}

func (w *world) jobs() string {
	w.Helper()
	kinds, err := w.queue.Kinds(w.Context())
	w.must(err)
	w.must(w.queue.Clear(w.Context()))
	return kinds
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

// box is a vault that seals nothing but the context.
type box struct{}

func (box) Seal(v core.Secret, context string) ([]byte, error) {
	return []byte(context + "\n" + v.Reveal()), nil
}

func (box) Open(b []byte, context string) (core.Secret, error) {
	value, ok := strings.CutPrefix(string(b), context+"\n")
	if !ok {
		return core.Secret{}, errors.New("sealed for another place")
	}
	return core.NewSecret(value), nil
}

// blobs keeps files in memory.
type blobs struct {
	mu     sync.Mutex
	kept   map[string][]byte
	refuse error
}

func (b *blobs) Put(_ context.Context, key string, r io.Reader) (int64, error) {
	all, err := io.ReadAll(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		err = b.refuse
	}
	if err == nil {
		b.kept[key] = all
	}
	return int64(len(all)), err
}

func (b *blobs) Open(_ context.Context, key string) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all, ok := b.kept[key]
	if !ok {
		return nil, core.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(all)), nil
}

func (b *blobs) Delete(_ context.Context, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.kept, key)
	return nil
}

func (b *blobs) List(context.Context, string) ([]string, error) { return nil, nil }
func (b *blobs) Ping(context.Context) error                     { return nil }

// bridge opens links unless the setting "broken" is there.
type bridge struct {
	mu    sync.Mutex
	links []*link
}

func (b *bridge) Info() core.Info {
	return core.Info{Kind: "fake", Title: "Fake", Settings: []core.Setting{{Key: "number", Default: "0"}, {Key: "rate", Default: "80"},
		{Key: "token", Secret: true, Default: "never used"}}}
}

func (b *bridge) Open(ch core.Channel, s core.Settings, h core.Host) (core.Link, error) {
	if s.Get("broken") != "" {
		return nil, core.Problemf(core.CodeInvalid, "The setting is broken.")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	l := &link{channel: ch, settings: s, host: h}
	b.links = append(b.links, l)
	return l, nil
}

// link is a channel that answers what a test tells it to.
type link struct {
	channel   core.Channel
	settings  core.Settings
	host      core.Host
	mu        sync.Mutex
	closed    int
	download  func() (core.Download, error)
	templates []core.Template
	refuse    error
	heard     []string
}

func (l *link) Hear(word string) { l.heard = append(l.heard, word) }

func (l *link) Capabilities() core.Capabilities { return core.Capabilities{} }
func (l *link) Send(context.Context, core.Outgoing) (core.Sent, error) {
	return core.Sent{}, nil
}
func (l *link) Check(context.Context) []core.Finding {
	return []core.Finding{{Subject: "token", Remedy: "Run: causeway channel subscribe NAME."}}
}
func (l *link) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed++
	return nil
}
func (l *link) Fetch(context.Context, core.Media) (core.Download, error) { return l.download() }
func (l *link) Templates(context.Context) ([]core.Template, error)       { return l.templates, l.refuse }

func TestSettings(t *testing.T) {
	lite(t, func(w *world) {
		l := w.link()
		equal(w, "given", l.settings.Get("number"), "1")
		equal(w, "default", l.settings.Get("rate"), "80")
		equal(w, "secret", l.settings.Secret("token").Reveal(), "one")
		_, there := l.settings.Values["token"]
		equal(w, "no default for a secret", there, false)
		equal(w, "the channel's own settings", len(w.state().Settings), 1)
	})
}

func TestLinkIsKept(t *testing.T) {
	lite(t, func(w *world) {
		first := w.link()
		if w.link() != first {
			t.Error("the link was opened anew for nothing")
		}
		w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, core.ChannelPaused, core.Health{}))
		if w.link() != first {
			t.Error("the link was opened anew for a change of state")
		}
		ch, info, _, err := w.m.Link(w.Context(), w.ch.ID)
		w.must(err)
		equal(w, "state is known", ch.State, core.ChannelPaused)
		equal(w, "info", info.Title, "Fake")
		equal(w, "changes", len(w.changed), 0)
	})
}

func TestSettingsChange(t *testing.T) {
	each(t, func(w *world) {
		first := w.link()
		w.set("rate", "20")
		second := w.link()
		equal(w, "opened anew", second.settings.Get("rate"), "20")
		equal(w, "the old one is closed", first.closed, 1)
		w.seal("token", "two")
		third := w.link()
		equal(w, "new secret", third.settings.Secret("token").Reveal(), "two")
		equal(w, "told", len(w.changed), 2)
		w.must(w.m.Close())
		equal(w, "closed at the end", third.closed, 1)
	})
}

// A link is outdated once the store has other credentials, at once and whichever process put them there.
func TestOutdated(t *testing.T) {
	each(t, func(w *world) {
		first := w.link()
		equal(w, "as it was opened", w.m.Outdated(w.Context(), w.ch.ID, first), false)
		w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, core.ChannelParked, core.Health{Code: "190"}))
		equal(w, "in another state", w.m.Outdated(w.Context(), w.ch.ID, first), false)
		other := session.New(w.options)
		defer func() { w.must(other.Close()) }()
		w.seal("token", "two")
		_, _, _, err := other.Link(w.Context(), w.ch.ID)
		w.must(err)
		equal(w, "told by the other", len(w.changed), 1)
		equal(w, "with other credentials", w.m.Outdated(w.Context(), w.ch.ID, first), true)
		equal(w, "the new link", w.m.Outdated(w.Context(), w.ch.ID, w.link()), false)
		equal(w, "of no channel", w.m.Outdated(w.Context(), "none", first), false)
	})
}

// Credentials changed while the process was down are a change too: what was parked for them must go on.
func TestChangeAcrossRestart(t *testing.T) {
	each(t, func(w *world) {
		w.link()
		w.restart()
		w.link()
		equal(w, "nothing changed", len(w.changed), 0)
		w.seal("token", "two")
		w.restart()
		w.link()
		equal(w, "told", len(w.changed), 1)
		w.restart()
		w.link()
		equal(w, "told once", len(w.changed), 1)
	})
}

func TestChangeIsToldUntilHeard(t *testing.T) {
	lite(t, func(w *world) {
		w.link()
		w.set("rate", "20")
		w.refuse = errors.New("database away")
		w.link()
		w.refuse = nil
		w.restart()
		w.link()
		w.restart()
		w.link()
		equal(w, "told", len(w.changed), 2)
	})
}

// Settings that broke and are what they were again are a change: the channel may have been parked meanwhile.
func TestBrokenSettings(t *testing.T) {
	lite(t, func(w *world) {
		first := w.link()
		w.set("broken", "yes")
		w.m.Refresh(w.Context())
		equal(w, "the old link is not used any more", first.closed, 1)
		_, _, _, err := w.m.Link(w.Context(), w.ch.ID)
		isProblem(w, "link", err, core.CodeInvalid, "broken")
		w.set("number", "1")
		second := w.link()
		if second == first {
			t.Error("a closed link is used")
		}
		equal(w, "told", len(w.changed), 1)
	})
}

func TestSecretThatCannotBeOpened(t *testing.T) {
	lite(t, func(w *world) {
		w.must(w.repo.PutSecret(w.Context(), core.SealedSecret{Workspace: w.ws, Owner: session.Owner(w.ch.ID), Name: "token", Box: []byte("of another key")}))
		_, _, _, err := w.m.Link(w.Context(), w.ch.ID)
		isProblem(w, "link", err, core.CodeUnavailable, `secret "token" of the channel "shop"`)
		if strings.Contains(err.Error(), "of another key") {
			t.Error("the box is shown")
		}
	})
}

func TestUnknownChannelAndBridge(t *testing.T) {
	lite(t, func(w *world) {
		if _, _, _, err := w.m.Link(w.Context(), "none"); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		other := w.ch
		other.ID, other.Kind, other.Name, other.Account = "c2", "pigeon", "birds", ""
		w.must(w.repo.SaveChannel(w.Context(), other))
		_, _, _, err := w.m.Link(w.Context(), "c2")
		isProblem(w, "bridge", err, core.CodeInvalid, `"pigeon"`)
		w.m.Refresh(w.Context()) // one that cannot be opened does not stop the others
		equal(w, "infos", w.m.Infos()[0].Kind, "fake")
		if _, _, err := w.m.Webhook(w.Context(), w.ch.ID); core.CodeOf(err) != core.CodeNotFound {
			t.Errorf("webhook of a channel without: got %v", err)
		}
	})
}

// Many look at once while an admin changes the channel: in the end one link is open, with the last settings.
func TestManyLookAtOnce(t *testing.T) {
	each(t, func(w *world) {
		for round := range 5 {
			w.set("rate", fmt.Sprint(round+1))
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() { w.m.Refresh(w.Context()) })
			}
			all.Wait()
		}
		equal(w, "settings", w.link().settings.Get("rate"), "5")
		open := 0
		for _, l := range w.bridge.links {
			if l.closed == 0 {
				open++
			}
		}
		equal(w, "open links", open, 1)
	})
}

// TestStanding: a link learns whether a person's conversation is open, and who deals with it.
func TestStanding(t *testing.T) {
	each(t, func(w *world) {
		ctx, h := w.Context(), w.link().host
		ana := core.IdentityKey{Scheme: "fake", Value: "ana"}
		stands := func(what string, want core.Standing) {
			got, err := h.Standing(ctx, ana)
			w.must(err)
			equal(w, what, got, want)
		}
		stands("a stranger", core.Standing{})
		lena := core.Agent{ID: core.NewID[core.AgentID](), Workspace: w.ws, Name: "Lena", Addresses: []string{"lena@house.example"}, Created: w.clock}
		w.must(w.repo.SaveAgent(ctx, lena))
		c := core.Contact{ID: core.NewID[core.ContactID](), Workspace: w.ws, Created: w.clock}
		_, err := w.repo.AddPerson(ctx, c, core.Identity{ID: core.NewID[core.IdentityID](), Contact: c.ID, Key: ana, Seen: w.clock})
		w.must(err)
		stands("nothing written", core.Standing{})
		conv := core.Conversation{ID: core.NewID[core.ConversationID](), Workspace: w.ws, Contact: c.ID, State: core.ConversationOpen, Channel: w.ch.ID, Opened: w.clock, LastAt: w.clock}
		_, err = w.repo.AddConversation(ctx, &conv)
		w.must(err)
		stands("nobody's", core.Standing{State: core.ConversationOpen})
		conv.Agent = lena.ID
		w.must(w.repo.SetConversation(ctx, conv))
		stands("Lena's", core.Standing{State: core.ConversationOpen, Agent: "Lena"})
		conv.State, conv.Closed = core.ConversationClosed, w.clock
		w.must(w.repo.SetConversation(ctx, conv))
		stands("over", core.Standing{State: core.ConversationClosed})
	})
}

// TestTyping: that a person is writing is known of their open conversation, for seconds and until they have said it.
func TestTyping(t *testing.T) {
	each(t, func(w *world) {
		ctx, h := w.Context(), w.link().host
		ana := core.IdentityKey{Scheme: "fake", Value: "ana"}
		w.must(h.Typing(ctx, ana)) // a stranger
		c := core.Contact{ID: core.NewID[core.ContactID](), Workspace: w.ws, Created: w.clock}
		_, err := w.repo.AddPerson(ctx, c, core.Identity{ID: core.NewID[core.IdentityID](), Contact: c.ID, Key: ana, Seen: w.clock})
		w.must(err)
		w.must(h.Typing(ctx, ana)) // who never wrote
		conv := core.Conversation{ID: core.NewID[core.ConversationID](), Workspace: w.ws, Contact: c.ID, State: core.ConversationOpen, Channel: w.ch.ID, Opened: w.clock, LastAt: w.clock.Add(-time.Minute)}
		_, err = w.repo.AddConversation(ctx, &conv)
		w.must(err)
		types := func(what string, at time.Time, want bool) {
			got, err := core.Typing(ctx, w.repo, conv, at)
			w.must(err)
			equal(w, what, got, want)
		}
		types("not yet", w.clock, false)
		w.must(h.Typing(ctx, ana))
		types("now", w.clock, true)
		types("seconds later", w.clock.Add(7*time.Second), true)
		types("long after", w.clock.Add(9*time.Second), false)
		conv.LastAt = w.clock.Add(time.Second)
		types("said it", w.clock.Add(2*time.Second), false)
		conv.State, conv.Closed, conv.LastAt = core.ConversationClosed, w.clock, w.clock.Add(-time.Minute)
		w.must(w.repo.SetConversation(ctx, conv))
		w.must(w.repo.SetValue(ctx, "typing", string(conv.ID), nil))
		w.must(h.Typing(ctx, ana))
		types("closed", w.clock, false)
	})
}

func TestHost(t *testing.T) {
	lite(t, func(w *world) {
		h := w.link().host
		v, err := h.Load(w.Context(), "cursor")
		w.must(err)
		equal(w, "no cursor", v == nil, true)
		w.must(h.Save(w.Context(), "cursor", []byte("7")))
		w.must(h.Save(w.Context(), "opened", []byte("a bridge's own"))) // names are the bridge's, none is taken
		w.restart()
		h = w.link().host
		v, err = h.Load(w.Context(), "cursor")
		w.must(err)
		equal(w, "cursor", string(v), "7")
		equal(w, "changes", len(w.changed), 0)
		w.must(w.repo.AddFile(w.Context(), core.File{ID: "f", Channel: w.ch.ID, State: core.FilePending, Created: w.clock}))
		_, err = h.Open(w.Context(), "f")
		isProblem(w, "a file that is not here", err, core.CodeNotFound, "pending")
		w.must(w.repo.SetFile(w.Context(), core.File{ID: "f", State: core.FileHere, Blob: "media/f"}))
		_, err = w.blobs.Put(w.Context(), "media/f", strings.NewReader("x"))
		w.must(err)
		r, err := h.Open(w.Context(), "f")
		w.must(err)
		all, err := io.ReadAll(r)
		w.must(err)
		equal(w, "file", string(all), "x")
		if _, err := h.Open(w.Context(), "none"); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("a file that does not exist: got %v", err)
		}
	})
}

func TestHealth(t *testing.T) {
	each(t, func(w *world) {
		h := w.link().host
		h.Health(w.Context(), core.Health{Level: core.HealthGood})
		equal(w, "good at the start is no news", w.jobs(), "")
		h.Health(w.Context(), core.Health{Level: core.HealthBad, Code: "out", Remedy: "Pair it."})
		equal(w, "state", w.state().State, core.ChannelParked)
		equal(w, "since", w.state().Health.Since.Equal(w.clock), true)
		equal(w, "admins told", w.jobs(), "alert")
		h.Health(w.Context(), core.Health{Level: core.HealthBad, Code: "out", Remedy: "Pair it."})
		equal(w, "told once", w.jobs(), "")
		h.Health(w.Context(), core.Health{Level: core.HealthGood})
		equal(w, "state", w.state().State, core.ChannelActive)
		equal(w, "what waits is woken", w.jobs(), "alert wake")
	})
}

// outage is a store that is away sometimes.
type outage struct {
	core.Store
	down bool
}

func (o *outage) Tx(ctx context.Context, f func(core.Tx) error) error {
	if o.down {
		return core.ErrUnavailable
	}
	return o.Store.Tx(ctx, f)
}

func (o *outage) AllChannels(ctx context.Context) ([]core.Channel, error) {
	if o.down {
		return nil, core.ErrUnavailable
	}
	return o.Store.AllChannels(ctx)
}

// TestHealthAfterOutage: what a link told of its health while the database was away is stored once it is back, the last word of it, and once.
func TestHealthAfterOutage(t *testing.T) {
	each(t, func(w *world) {
		store := &outage{Store: w.store}
		w.options.Store = store
		w.restart()
		h, began := w.link().host, w.clock
		bad, good := core.Health{Level: core.HealthBad, Code: "out"}, core.Health{Level: core.HealthGood, Code: "in"}
		store.down = true
		h.Health(w.Context(), good)
		h.Health(w.Context(), bad)
		w.clock = w.clock.Add(time.Minute)
		w.m.Refresh(w.Context())
		store.down = false
		equal(w, "not told yet", w.state().Health.Level, core.HealthUnknown)
		w.m.Refresh(w.Context())
		equal(w, "state", w.state().State, core.ChannelParked)
		equal(w, "code", w.state().Health.Code, "out")
		equal(w, "since it was so", w.state().Health.Since.Equal(began), true)
		equal(w, "admins told", w.jobs(), "alert")
		w.m.Refresh(w.Context())
		equal(w, "once", w.jobs(), "")

		store.down = true
		h.Health(w.Context(), bad)
		store.down = false
		h.Health(w.Context(), good)
		equal(w, "what is newer holds", w.state().Health.Code, "in")
		w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, core.ChannelPaused, w.state().Health))
		w.m.Refresh(w.Context())
		equal(w, "and goes on to", w.state().Health.Code, "in")
	})
}

func TestEmit(t *testing.T) {
	lite(t, func(w *world) {
		var got []core.Event
		w.options.Accept = func(_ context.Context, _ core.Lease, ch core.Channel, events []core.Event) error {
			equal(w, "channel", ch.ID, w.ch.ID)
			got = events
			return errors.New("not stored")
		}
		w.restart()
		if err := w.link().host.Emit(w.Context(), core.Event{ID: "1"}); err == nil {
			t.Error("what was not stored is acknowledged")
		}
		equal(w, "events", len(got), 1)
	})
}
