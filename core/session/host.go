package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"causeway/core"
)

// host is what a link gets.
type host struct {
	m       *Manager
	channel core.Channel
	http    *http.Client
	log     *slog.Logger
	safe    safe
	newest  atomic.Pointer[core.Channel] // the channel as it was read last, where that is later than the opening
	session atomic.Pointer[tenure]       // nil until a session runs on the link; it stays when it is over, so that what lingers of it is refused
	telling sync.Mutex                   // held while the health is reported, so that the last word stays the last
	untold  report                       // what could not be stored when it was told; nil: nothing
}

// report stores how a channel is.
type report func(ctx context.Context, tx core.Tx) error

var _ core.Host = (*host)(nil)

// lease is what the link's session must hold to store anything; none if the link never had one.
func (h *host) lease() core.Lease {
	if t := h.session.Load(); t != nil {
		return t.lease
	}
	return core.Lease{}
}

func (h *host) endSession() {
	if t := h.session.Load(); t != nil {
		t.end(errClosed)
	}
}

func (h *host) Emit(ctx context.Context, events ...core.Event) error {
	ch := h.channel
	if now := h.newest.Load(); now != nil {
		ch = *now
	}
	return h.m.Accept(ctx, h.lease(), ch, events)
}

// under runs f in a transaction in which the lease is held.
func (h *host) under(ctx context.Context, f func(tx core.Tx) error) error {
	return h.m.Store.Tx(ctx, func(tx core.Tx) error {
		if err := tx.Holds(ctx, h.lease()); err != nil {
			return err
		}
		return f(tx)
	})
}

func (h *host) Health(ctx context.Context, health core.Health) {
	h.telling.Lock()
	defer h.telling.Unlock()
	h.storeReport(ctx, h.reportOf(health))
}

// reportOf is that the channel has been so since now.
func (h *host) reportOf(health core.Health) report {
	since := h.m.Now()
	return func(ctx context.Context, tx core.Tx) error {
		return core.ReportHealth(ctx, tx, h.channel.Workspace, h.channel.ID, health, since)
	}
}

// wellAgain reports good health where the channel ails from what has that one's code, told here or on another node.
func (h *host) wellAgain(ctx context.Context, good core.Health) {
	report := h.reportOf(good)
	h.telling.Lock()
	defer h.telling.Unlock()
	before := h.untold
	h.storeReport(ctx, func(ctx context.Context, tx core.Tx) error {
		if before != nil {
			if err := before(ctx, tx); err != nil {
				return err
			}
		}
		ch, err := tx.In(h.channel.Workspace).Channel(ctx, h.channel.ID)
		if err != nil || ch.Health.Code != good.Code || ch.Health.Level == core.HealthGood {
			return err
		}
		return report(ctx, tx)
	})
}

// retell reports what could not be stored when it was told.
func (h *host) retell(ctx context.Context) {
	h.telling.Lock()
	defer h.telling.Unlock()
	if h.untold != nil {
		h.storeReport(ctx, h.untold)
	}
}

// storeReport stores a report, or keeps it for when the database is back. What another node has taken over is its to tell.
func (h *host) storeReport(ctx context.Context, r report) {
	err := h.under(ctx, func(tx core.Tx) error { return r(ctx, tx) })
	h.untold = nil
	if err == nil {
		return
	}
	h.log.WarnContext(ctx, "health not recorded", "err", err)
	if !errors.Is(err, core.ErrLeaseLost) && !errors.Is(err, core.ErrNotFound) {
		h.untold = r
	}
}

func (h *host) Load(ctx context.Context, key string) ([]byte, error) {
	return h.m.Store.In(h.channel.Workspace).Value(ctx, Owner(h.channel.ID), key)
}

func (h *host) Save(ctx context.Context, key string, value []byte) error {
	return h.under(ctx, func(tx core.Tx) error {
		return tx.In(h.channel.Workspace).SetValue(ctx, Owner(h.channel.ID), key, value)
	})
}

func (h *host) SaveUntil(ctx context.Context, key string, value []byte, until time.Time) error {
	return h.under(ctx, func(tx core.Tx) error {
		return tx.In(h.channel.Workspace).SetValueUntil(ctx, Owner(h.channel.ID), key, value, until)
	})
}

func (h *host) Update(ctx context.Context, key string, change func(old []byte) ([]byte, error)) error {
	for {
		old, err := h.Load(ctx, key)
		if err != nil {
			return err
		}
		value, err := change(old)
		if err != nil || value == nil {
			return err
		}
		won := false
		err = h.under(ctx, func(tx core.Tx) error {
			won, err = tx.In(h.channel.Workspace).SwapValue(ctx, Owner(h.channel.ID), key, old, value)
			return err
		})
		if err != nil || won {
			return err
		}
	}
}

func (h *host) Tell(word string) {
	if h.m.Tell != nil {
		h.m.Tell(string(h.channel.ID) + " " + word)
	}
}

func (h *host) Standing(ctx context.Context, k core.IdentityKey) (core.Standing, error) {
	repo := h.m.Store.In(h.channel.Workspace)
	now, err := newest(ctx, repo, k)
	if err != nil {
		return core.Standing{}, err
	}
	if now.Agent == "" || now.State != core.ConversationOpen {
		return core.Standing{State: now.State}, nil
	}
	agent, err := repo.Agent(ctx, now.Agent)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return core.Standing{}, fmt.Errorf("agent of conversation: %w", err)
	}
	return core.Standing{State: now.State, Agent: agent.Name}, nil
}

// newest is the conversation with the person behind an identity: the open one, else the last one, or the zero value if there never was any.
func newest(ctx context.Context, repo core.Repo, k core.IdentityKey) (core.Conversation, error) {
	known, err := repo.Identities(ctx, []core.IdentityKey{k})
	if err != nil || len(known) == 0 {
		return core.Conversation{}, err
	}
	all, err := repo.ConversationsOf(ctx, known[0].Contact)
	if err != nil || len(all) == 0 {
		return core.Conversation{}, err
	}
	if i := slices.IndexFunc(all, func(c core.Conversation) bool { return c.State == core.ConversationOpen }); i >= 0 {
		return all[i], nil
	}
	return all[0], nil
}

func (h *host) Typing(ctx context.Context, k core.IdentityKey) error {
	c, err := newest(ctx, h.m.Store.In(h.channel.Workspace), k)
	if err != nil || c.State != core.ConversationOpen {
		return err
	}
	return h.under(ctx, func(tx core.Tx) error {
		return core.NoteTyping(ctx, tx.In(h.channel.Workspace), c.ID, h.m.Now())
	})
}

func (h *host) Open(ctx context.Context, id core.MediaID) (io.ReadCloser, error) {
	f, err := h.m.Store.In(h.channel.Workspace).File(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("file %s: %w", id, err)
	}
	if f.State != core.FileHere {
		return nil, core.Problemf(core.CodeNotFound, "The file is not here (%s).", f.State)
	}
	return h.m.Blobs.Open(ctx, f.Blob)
}

func (h *host) Dial(ctx context.Context, address string) (net.Conn, error) {
	return h.m.Dial(ctx, address)
}

func (h *host) HTTP() *http.Client { return h.http }
func (h *host) Log() *slog.Logger  { return h.log }
func (h *host) Now() time.Time     { return h.m.Now() }
