// Package remove gives up channels.
//
// It begins with one short transaction after which the channel is not there for anybody but its conversations: nothing is sent by it, its address
// answers as that of no channel, every node closes its link. Then its provider is taken leave of, and what only a channel has that is used is deleted:
// secrets, sealed records, templates. A job looks whether that was done, should nobody have come so far.
//
// The row stays, for conversations and messages name it. Setting up the same account again makes it a channel again, with its history.
package remove

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"causeway/core"
)

// Options are what a Remover needs. All fields are required.
type Options struct {
	Store     core.Store
	Leave     func(ctx context.Context, ch core.Channel) error // takes leave of the provider; a *Problem says what is left to a person
	Owners    func(id core.ChannelID) []string                 // of the secrets and small values of a channel
	Workflows func(ctx context.Context, repo core.Repo, ch core.Channel) ([]string, error)
	Now       core.Clock
	Log       *slog.Logger
}

// Remover removes channels.
type Remover struct{ Options }

// New makes a Remover.
func New(o Options) *Remover { return &Remover{o} }

// endWithin is when somebody looks whether a removal was ended that began.
const endWithin = 2 * time.Minute

// Plan is what a removal would do.
type Plan struct {
	Channel core.Channel
	Waiting int      // messages' parts that wait to be sent, and would fail; Most means that many or more
	Open    int      // conversations that are open on it, likewise
	Uses    []string // what still names the channel, and forbids the removal: "the forward sales"
}

// Most is how far a Plan counts.
const Most = 200

// Plan looks what the removal of a channel would do. A channel that was removed is not there.
func (r *Remover) Plan(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) (Plan, error) {
	repo := r.Store.In(ws)
	p, err := r.find(ctx, repo, id)
	if err != nil {
		return p, err
	}
	for _, s := range []core.Status{core.StatusQueued, core.StatusParked} {
		parts, err := repo.PartsIn(ctx, id, s, Most)
		if err != nil {
			return p, fmt.Errorf("what waits: %w", err)
		}
		p.Waiting = min(Most, p.Waiting+len(parts))
	}
	open, err := repo.Conversations(ctx, core.ConversationFilter{State: core.ConversationOpen, Channel: id}, core.Page{Limit: Most})
	if err != nil {
		return p, fmt.Errorf("open conversations: %w", err)
	}
	p.Open = min(Most, len(open))
	return p, nil
}

// find finds a channel and what names it.
func (r *Remover) find(ctx context.Context, repo core.Repo, id core.ChannelID) (p Plan, err error) {
	if p.Channel, err = repo.Channel(ctx, id); err != nil || p.Channel.State == core.ChannelRemoved {
		if err == nil || errors.Is(err, core.ErrNotFound) {
			return p, core.NotFound("channel")
		}
		return p, fmt.Errorf("channel to remove: %w", err)
	}
	for _, of := range []func(context.Context, core.Repo, core.Channel) ([]string, error){forwards, rules, broadcasts, r.Workflows} {
		uses, err := of(ctx, repo, p.Channel)
		if err != nil {
			return p, fmt.Errorf("what names a channel: %w", err)
		}
		p.Uses = append(p.Uses, uses...)
	}
	return p, nil
}

// Used is the problem of a channel that is still named; nil if it is not.
func (p Plan) Used() error {
	if len(p.Uses) == 0 {
		return nil
	}
	return core.Problemf(core.CodeConflict, "The channel %s is still named by %s.", p.Channel.Name, strings.Join(p.Uses, ", ")).
		Remedied("Take it out of the business file and run causeway apply; cancel a broadcast with causeway broadcast cancel. Then remove the channel.")
}

// Removed is a channel that was removed.
type Removed struct {
	Channel core.Channel
	Left    *core.Problem // what a person has to do at the provider; nil: nothing
}

// Remove removes a channel. By is who asked for it.
func (r *Remover) Remove(ctx context.Context, ws core.WorkspaceID, id core.ChannelID, by string) (Removed, error) {
	err := r.Store.Tx(ctx, func(tx core.Tx) error {
		p, err := r.find(ctx, tx.In(ws), id)
		if err != nil {
			return err
		}
		if err := p.Used(); err != nil {
			return err
		}
		h := core.Health{Code: string(core.CodeChannelRemoved), Reason: "It was removed by " + by + ".", Since: r.Now()}
		if err := tx.In(ws).RemoveChannel(ctx, id, h); err != nil {
			return fmt.Errorf("remove channel: %w", err)
		}
		return tx.Enqueue(ctx, core.WakeJob(ws, id), core.Job{Kind: core.JobRemove, Workspace: ws, Key: string(id), At: r.Now().Add(endWithin)})
	})
	if err != nil {
		return Removed{}, err
	}
	r.Log.InfoContext(ctx, "channel removed", "channel", id, "by", by)
	return r.end(ctx, ws, id)
}

// end takes leave of the provider, and deletes what is of no use any more, whatever the provider says.
func (r *Remover) end(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) (done Removed, err error) {
	repo := r.Store.In(ws)
	if done.Channel, err = repo.Channel(ctx, id); err != nil {
		return done, fmt.Errorf("channel to remove: %w", err)
	}
	if err := r.Leave(ctx, done.Channel); err != nil {
		if ctx.Err() != nil {
			return done, err // we are being stopped; the job goes on
		}
		r.Log.WarnContext(ctx, "no leave taken of the provider of a removed channel", "channel", id, "err", err)
		if !errors.As(err, &done.Left) {
			done.Left = core.Problemf(core.CodeUnavailable, "The provider could not be told.").Remedied("Take the channel out there; the gateway's log says why.")
		}
	}
	if err := repo.StripChannel(ctx, id, r.Owners(id)); err != nil {
		return done, fmt.Errorf("delete what a removed channel kept: %w", err)
	}
	return done, nil
}

// Work is the worker of core.JobRemove: it ends what was begun and not ended, and else deletes what a link kept that was just closing.
func (r *Remover) Work(ctx context.Context, w core.Work) error {
	id, repo := core.ChannelID(w.Key), r.Store.In(w.Workspace)
	ch, err := repo.Channel(ctx, id)
	if err != nil {
		return fmt.Errorf("channel to remove: %w", err)
	}
	if ch.State != core.ChannelRemoved {
		return nil // it was set up again
	}
	for _, owner := range r.Owners(id) {
		sealed, err := repo.Secrets(ctx, owner)
		if err != nil {
			return fmt.Errorf("secrets of removed channel: %w", err)
		}
		if len(sealed) > 0 {
			_, err := r.end(ctx, w.Workspace, id)
			return err
		}
	}
	return repo.StripChannel(ctx, id, r.Owners(id))
}
