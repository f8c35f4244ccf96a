package outbound

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"causeway/core"

	"golang.org/x/time/rate"
)

// wakeAtOnce is how many parked messages are woken in one transaction.
const wakeAtOnce = 200

// pace is how many messages a second this node may send by a channel; zero: as many as it likes.
func (o *Outbox) pace(v via) float64 {
	all := v.link.Capabilities().PerSecond
	if _, bound := v.link.(core.BoundLink); bound || o.Nodes == nil {
		return all
	}
	return all / float64(max(1, o.Nodes()))
}

// limit returns the channel's rate limiter.
func (o *Outbox) limit(id core.ChannelID, perSecond float64) *rate.Limiter {
	o.mu.Lock()
	defer o.mu.Unlock()
	limit := rate.Limit(perSecond)
	if perSecond <= 0 {
		limit = rate.Inf
	}
	burst := max(1, int(math.Min(perSecond, 1000)))
	l := o.limits[id]
	switch {
	case l == nil:
		l = rate.NewLimiter(limit, burst)
		o.limits[id] = l
	case l.Limit() != limit:
		l.SetLimit(limit)
		l.SetBurst(burst)
	}
	return l
}

// awaitTurn waits for the channel's rate. Where the wait is long it returns it instead, so that the worker is free for other channels.
func (o *Outbox) awaitTurn(ctx context.Context, w core.Work, v via) (time.Duration, error) {
	id := core.ConversationID(w.Key)
	r := o.limit(v.id, o.pace(v)).Reserve()
	wait := r.Delay()
	switch {
	case wait == 0:
		o.served(v.id, id)
		return 0, nil
	case wait > longestTurn:
		r.Cancel()
		return o.queueUp(v, id, wait), nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		o.served(v.id, id)
		return 0, nil
	case <-w.Stopping:
		r.Cancel()
		return 0, core.ErrStopping
	case <-ctx.Done():
		r.Cancel()
		return 0, fmt.Errorf("wait for the channel's rate: %w", ctx.Err())
	}
}

// Pause stops a channel's sending; its queue is kept. Receiving goes on.
func (o *Outbox) Pause(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) error {
	return o.Store.Tx(ctx, func(tx core.Tx) error {
		ch, err := tx.In(ws).Channel(ctx, id)
		if err != nil {
			return err
		}
		if ch.State == core.ChannelRemoved {
			return core.RemovedChannel()
		}
		return tx.In(ws).SetChannelState(ctx, id, core.ChannelPaused, ch.Health)
	})
}

// Resume lets a channel send again and has the conversations that waited for it woken, each in its order. What kept it from sending is forgotten, and its
// session begins anew: if it is still so, that is found out again, while what its provider tells of the time before does not stop it any more. Of a
// channel that was only paused, what is known stays.
func (o *Outbox) Resume(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) error {
	return o.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(ws)
		ch, err := repo.Channel(ctx, id)
		if err != nil {
			return fmt.Errorf("channel to resume: %w", err)
		}
		if ch.State == core.ChannelRemoved {
			return core.RemovedChannel()
		}
		if err := core.NoteResumed(ctx, repo, id, o.Now()); err != nil {
			return err
		}
		ailed, health := ch.Health.Level == core.HealthBad, core.Health{Since: o.Now()}
		if ch.State == core.ChannelPaused && !ailed {
			health = ch.Health
		}
		if err := repo.SetChannelState(ctx, id, core.ChannelActive, health); err != nil {
			return fmt.Errorf("set channel active: %w", err)
		}
		if ailed && o.Anew != nil {
			if err := o.Anew(ctx, repo, id); err != nil {
				return err
			}
		}
		return tx.Enqueue(ctx, core.WakeJob(ws, id))
	})
}

// parks reports whether an error of a call stops its channel.
func parks(e *core.SendError) bool { return e.Outcome == core.Rejected && e.Effect == core.EffectPark }

// unlessOutdated is what an error means that may be of credentials which the channel no longer has: they were replaced while the call was under way, or another node
// knew of the new ones first. It says nothing of these, which are to be tried.
func (o *Outbox) unlessOutdated(ctx context.Context, rt route, e *core.SendError) *core.SendError {
	if !parks(e) || o.Outdated == nil {
		return e
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if !o.Outdated(ctx, rt.channel.ID, rt.link) {
		return e
	}
	o.Log.InfoContext(ctx, "channel has other credentials by now than those that were refused", "channel", rt.channel.ID)
	old := *e
	old.Effect = core.EffectRetry
	return &old
}

// resumeIfOutdated has a channel that was parked just now by such an error send again. Whoever brings new credentials resumes what is parked by then, and looking once more after the
// parking leaves no gap.
func (o *Outbox) resumeIfOutdated(ctx context.Context, w core.Work, rt route, e *core.SendError) error {
	if !parks(e) || o.unlessOutdated(ctx, rt, e) == e {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	ch, err := o.Store.In(w.Workspace).Channel(ctx, rt.channel.ID)
	if err != nil {
		return fmt.Errorf("channel with other credentials: %w", err)
	}
	if ch.State != core.ChannelParked || ch.Health.Code != e.Code || ch.Health.Reason != e.Reason { // paused by a person, or parked for something else
		return nil
	}
	return o.Resume(ctx, w.Workspace, rt.channel.ID)
}

// Wake is the worker of JobWake: it puts what waited for a channel back into the queue and asks for its delivery. It does nothing for a channel that
// may not send; what waits for one that was removed it gives up.
func (o *Outbox) Wake(ctx context.Context, w core.Work) error {
	ch, err := o.Store.In(w.Workspace).Channel(ctx, w.Woken())
	if err != nil {
		return fmt.Errorf("channel to wake: %w", err)
	}
	if ch.State == core.ChannelRemoved {
		return o.giveUp(ctx, w)
	}
	for !w.Ending() {
		n := 0
		err := o.Store.Tx(ctx, func(tx core.Tx) (err error) {
			n, err = wake(ctx, tx, w.Workspace, w.Woken())
			if err != nil || n == wakeAtOnce {
				return err
			}
			return w.Finish(ctx, tx)
		})
		if err != nil || n < wakeAtOnce {
			return err
		}
	}
	return core.ErrStopping
}

func wake(ctx context.Context, tx core.Tx, ws core.WorkspaceID, id core.ChannelID) (int, error) {
	repo := tx.In(ws)
	ch, err := repo.Channel(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("channel to wake: %w", err)
	}
	if ch.State != core.ChannelActive {
		return 0, nil
	}
	waiting, err := repo.PartsIn(ctx, id, core.StatusParked, wakeAtOnce)
	if err != nil {
		return 0, fmt.Errorf("parked parts: %w", err)
	}
	if len(waiting) == 0 {
		return 0, nil
	}
	inLockOrder(waiting)
	for _, p := range waiting {
		if err := requeue(ctx, repo, p); err != nil {
			return 0, err
		}
	}
	return len(waiting), tx.Enqueue(ctx, deliveries(ws, waiting)...)
}

// inLockOrder sorts parts in the order in which everybody locks conversations, so that two who lock the same ones do not wait for each other.
func inLockOrder(all []core.Part) {
	slices.SortStableFunc(all, func(a, b core.Part) int { return strings.Compare(string(a.Conversation), string(b.Conversation)) })
}

// deliveries are the jobs that deliver parts, one for each conversation. The parts are inLockOrder.
func deliveries(ws core.WorkspaceID, all []core.Part) []core.Job {
	var jobs []core.Job
	for i, p := range all {
		if i == 0 || all[i-1].Conversation != p.Conversation {
			jobs = append(jobs, core.Job{Kind: core.JobDeliver, Workspace: ws, Key: string(p.Conversation)})
		}
	}
	return jobs
}

// requeue puts a parked part back, its conversation locked: a worker that is just stopping there must see it, or be over.
func requeue(ctx context.Context, repo core.Repo, p core.Part) error {
	if _, err := repo.Lock(ctx, p.Conversation); err != nil {
		return fmt.Errorf("lock conversation: %w", err)
	}
	p, err := repo.Part(ctx, p.ID)
	if err != nil || p.Status != core.StatusParked {
		return err
	}
	p.Status = core.StatusQueued
	if err := repo.SetPart(ctx, p); err != nil {
		return fmt.Errorf("unpark part: %w", err)
	}
	return nil
}
