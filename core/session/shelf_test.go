package session_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/session"
)

// shelf is a store in memory for what sessions need of one, so that time can be testing/synctest's. It can be cut off from some holders of leases.
type shelf struct {
	core.Store
	core.Repo
	mu       sync.Mutex
	channels []core.Channel
	leases   map[string]core.Lease
	until    map[string]time.Time
	values   map[string]string
	stored   []string // by whom, what was emitted
	refused  int
	away     map[string]bool // holders who do not reach the database
	told     []core.Health
}

var errAway = errors.New("no answer")

func newShelf(channels ...core.Channel) *shelf {
	return &shelf{channels: channels, leases: map[string]core.Lease{}, until: map[string]time.Time{}, values: map[string]string{}, away: map[string]bool{}}
}

func (s *shelf) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *shelf) AllChannels(context.Context) ([]core.Channel, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.channels), nil
}

func (s *shelf) Channel(_ context.Context, id core.ChannelID) (core.Channel, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ch := range s.channels {
		if ch.ID == id {
			return ch, nil
		}
	}
	return core.Channel{}, core.ErrNotFound
}

func (s *shelf) SetChannelState(_ context.Context, id core.ChannelID, state core.ChannelState, h core.Health) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, h)
	for i := range s.channels {
		if s.channels[i].ID == id {
			s.channels[i].State, s.channels[i].Health = state, h
		}
	}
	return nil
}

func (s *shelf) In(core.WorkspaceID) core.Repo { return s }

func (s *shelf) Secrets(context.Context, string) ([]core.SealedSecret, error) { return nil, nil }

func (s *shelf) Value(_ context.Context, owner, name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, there := s.values[owner+name]; there {
		return []byte(v), nil
	}
	return nil, nil
}

func (s *shelf) SetValue(_ context.Context, owner, name string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[owner+name] = string(value)
	return nil
}

// shelfTx holds nothing back: what follows a refusal is not done, which is all that is looked at.
type shelfTx struct {
	core.Tx
	s *shelf
}

func (s *shelf) Tx(_ context.Context, f func(core.Tx) error) error { return f(shelfTx{s: s}) }

func (t shelfTx) In(core.WorkspaceID) core.Repo               { return t.s }
func (t shelfTx) Enqueue(context.Context, ...core.Job) error  { return nil }
func (t shelfTx) Holds(_ context.Context, l core.Lease) error { return t.s.holds(l) }
func (s *shelf) valid(name string) bool                       { return time.Now().Before(s.until[name]) }
func (s *shelf) set(l core.Lease, d time.Duration) {
	s.leases[l.Name], s.until[l.Name] = l, time.Now().Add(d)
}
func (s *shelf) DropLease(_ context.Context, l core.Lease) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away[l.Holder] {
		return errAway
	}
	if s.leases[l.Name] == l {
		s.set(l, 0)
	}
	return nil
}

func (s *shelf) holds(l core.Lease) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leases[l.Name] != l || !s.valid(l.Name) {
		s.refused++
		return core.ErrLeaseLost
	}
	if s.away[l.Holder] {
		return errAway
	}
	return nil
}

func (s *shelf) TakeLeases(_ context.Context, holder string, names []string, d time.Duration) (got []core.Lease, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away[holder] {
		return nil, errAway
	}
	for _, name := range names {
		if !s.valid(name) || s.leases[name].Holder == holder {
			s.set(core.Lease{Name: name, Holder: holder, Fence: s.leases[name].Fence + 1}, d)
			got = append(got, s.leases[name])
		}
	}
	return got, nil
}

func (s *shelf) RenewLeases(_ context.Context, leases []core.Lease, d time.Duration) (kept []core.Lease, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range leases {
		if s.away[l.Holder] {
			return nil, errAway
		}
		if s.leases[l.Name] == l && s.valid(l.Name) {
			s.set(l, d)
			kept = append(kept, l)
		}
	}
	return kept, nil
}

// holder is who has the channel's lease now.
func (s *shelf) holder() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, l := range s.leases {
		if s.valid(name) {
			return l.Holder
		}
	}
	return ""
}

// node is a process with a Runner.
type node struct {
	*session.Runner
	m      *session.Manager
	bridge *socket
}

// socket is a bridge whose sessions do what a test says.
type socket struct {
	name    string
	run     func(ctx context.Context, h core.Host) error
	mu      sync.Mutex
	starts  []time.Time
	running int
	most    int
	apart   error // why no account is joined, nil while one is
}

type connected struct {
	link
	of   *socket
	host core.Host
}

var _ core.SessionLink = (*connected)(nil)

func (b *socket) Info() core.Info { return core.Info{Kind: "socket", Title: "Socket"} }

func (b *socket) Open(_ core.Channel, s core.Settings, h core.Host) (core.Link, error) {
	if s.Get("broken") != "" {
		return nil, core.Problemf(core.CodeInvalid, "The setting is broken.")
	}
	return &connected{of: b, host: h}, nil
}

func (l *connected) Run(ctx context.Context) error {
	l.of.mu.Lock()
	l.of.starts = append(l.of.starts, time.Now())
	l.of.running++
	l.of.most = max(l.of.most, l.of.running)
	l.of.mu.Unlock()
	defer func() {
		l.of.mu.Lock()
		defer l.of.mu.Unlock()
		l.of.running--
	}()
	return l.of.run(ctx, l.host)
}

// begun tells how often sessions began, and how many run.
func (b *socket) begun() (times, running int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.starts), b.running
}

// times tells how often sessions began.
func (b *socket) times() int {
	times, _ := b.begun()
	return times
}

func untilDone(ctx context.Context, _ core.Host) error {
	<-ctx.Done()
	return ctx.Err()
}

// newNode makes a node that has not started. Its sessions do what run says.
func newNode(t *testing.T, s *shelf, name string, run func(ctx context.Context, h core.Host) error) *node {
	t.Helper()
	b := &socket{name: name, run: run}
	return nodeOf(s, b, b)
}

// nodeOf makes a node of a bridge, which is the socket or made of it.
func nodeOf(s *shelf, b *socket, bridge core.Bridge) *node {
	name := b.name
	m := session.New(session.Options{Store: s, Vault: box{}, Bridges: []core.Bridge{bridge}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		HTTP: func(core.Channel, []core.Secret) *http.Client { return nil },
		Accept: func(_ context.Context, l core.Lease, _ core.Channel, _ []core.Event) error {
			if err := s.holds(l); err != nil {
				return err
			}
			s.locked(func() { s.stored = append(s.stored, name) })
			return nil
		}})
	return &node{Runner: session.NewRunner(m), m: m, bridge: b}
}

func socketChannel(settings map[string]string) core.Channel {
	return core.Channel{ID: "c", Workspace: "w", Kind: "socket", Name: "socket", Settings: settings, State: core.ChannelActive}
}
