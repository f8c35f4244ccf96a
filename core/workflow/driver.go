package workflow

import (
	"context"
	"errors"
	"fmt"

	"causeway/core"
)

// Driver shows automation what happened. Followers see each happening in their order; one that fails is tried again later, with those before it.
type Driver struct {
	Store     core.Store
	Followers []core.Follower
}

var errOvertaken = errors.New("a newer worker follows this conversation")

// Work is the worker of core.JobWorkflow.
func (d *Driver) Work(ctx context.Context, w core.Work) error {
	id := core.ConversationID(w.Key)
	repo := d.Store.In(w.Workspace)
	if mine, err := repo.TakeLane(ctx, "workflow/"+w.Key, w.Token); err != nil || !mine {
		return err // a newer worker has the lane
	}
	for {
		if w.Ending() {
			return core.ErrStopping
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
			err := d.show(ctx, w, h)
			if errors.Is(err, errOvertaken) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
}

// show lets the followers see a happening, and drops it.
func (d *Driver) show(ctx context.Context, w core.Work, h core.Happening) error {
	repo := d.Store.In(w.Workspace)
	switch mine, err := repo.TakeLane(ctx, "workflow/"+w.Key, w.Token); {
	case err != nil:
		return fmt.Errorf("keep the lane: %w", err)
	case !mine:
		return errOvertaken
	}
	for _, f := range d.Followers {
		c, err := repo.Conversation(ctx, h.Conversation) // as those before left it
		if errors.Is(err, core.ErrNotFound) {
			break
		}
		if err != nil {
			return fmt.Errorf("conversation that something happened in: %w", err)
		}
		if err := f.Follow(ctx, w.Workspace, h, c); err != nil {
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
