package workflow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

// Driver shows automation what happened. Followers see each happening in their order; one that fails is tried again later, with those before it.
type Driver struct {
	Store     core.Store
	Followers []core.Follower
}

// laneHolds is for how long a worker that took its conversation's lane need not ask whether it still has it.
const laneHolds = time.Second

// lane is what the worker of a conversation holds until a newer one takes it.
type lane struct {
	repo  core.Repo
	name  string
	token int64
	took  time.Time
}

func (l *lane) mine(ctx context.Context) (bool, error) {
	if time.Since(l.took) < laneHolds {
		return true, nil
	}
	l.took = time.Now()
	mine, err := l.repo.TakeLane(ctx, l.name, l.token)
	if err != nil {
		return false, fmt.Errorf("keep the lane: %w", err)
	}
	return mine, nil
}

// Work is the worker of core.JobWorkflow.
func (d *Driver) Work(ctx context.Context, w core.Work) error {
	id := core.ConversationID(w.Key)
	repo := d.Store.In(w.Workspace)
	l := &lane{repo: repo, name: "workflow/" + w.Key, token: w.Token}
	for {
		if w.Ending() {
			return core.ErrStopping
		}
		if mine, err := l.mine(ctx); err != nil || !mine {
			return err // a newer worker has the lane
		}
		all, err := repo.Happenings(ctx, id)
		if err != nil {
			return fmt.Errorf("what happened: %w", err)
		}
		if len(all) == 0 {
			done, err := d.finish(ctx, w)
			if done || err != nil {
				return err
			}
			continue
		}
		for _, h := range all {
			if mine, err := l.mine(ctx); err != nil || !mine {
				return err
			}
			if err := d.show(ctx, w, h); err != nil {
				return err
			}
		}
	}
}

// show lets the followers see a happening, and drops it.
func (d *Driver) show(ctx context.Context, w core.Work, h core.Happening) error {
	repo := d.Store.In(w.Workspace)
	c, err := repo.Conversation(ctx, h.Conversation)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("conversation that something happened in: %w", err)
	}
	machine := false
	if err == nil {
		if machine, err = core.ByMachine(ctx, repo, h); err != nil {
			return err
		}
	}
	for _, f := range d.Followers {
		if err != nil || machine { // the conversation is gone, or nothing happened
			break
		}
		if err := f.Follow(ctx, w.Workspace, h, &c); err != nil {
			return fmt.Errorf("follow %s: %w", h.Kind, err)
		}
	}
	if err := repo.DropHappening(ctx, h.Conversation, h.ID); err != nil {
		return fmt.Errorf("be done with what happened: %w", err)
	}
	return nil
}

// finish ends the job unless something happened meanwhile: under the conversation's lock, so that nothing comes in between.
func (d *Driver) finish(ctx context.Context, w core.Work) (done bool, err error) {
	err = d.Store.Tx(ctx, func(tx core.Tx) error {
		done = false
		repo := tx.In(w.Workspace)
		if _, err := repo.Lock(ctx, core.ConversationID(w.Key)); err != nil && !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("lock conversation: %w", err)
		}
		all, err := repo.Happenings(ctx, core.ConversationID(w.Key))
		if err != nil || len(all) > 0 {
			return err
		}
		done = true
		return w.Finish(ctx, tx)
	})
	return done, err
}
