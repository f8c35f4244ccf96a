// Package care looks after conversations while people deal with them: it tags them by rules, watches the targets for answers, raises what waits too
// long, brings back what was snoozed, follows up silence, closes what has ended by itself, and asks how it was.
//
// A Carer sees what happens as a follower, and keeps one job per conversation for the next moment at which something is due. What is due is found out
// anew each time from how things are, so a restart, a late clock or a changed setting needs no repair.
package care

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"causeway/core"
)

// Closer ends conversations.
type Closer interface {
	Close(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, by core.Author) (core.Conversation, error)
	// CloseIf does so if that is right with the conversation locked, in one transaction with what right does itself.
	CloseIf(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, by core.Author, right func(tx core.Tx) (bool, error)) (core.Conversation, error)
}

// Carer is a core.Follower, and the worker of core.JobCare.
type Carer struct {
	Store   core.Store
	Compose core.Composer
	Desk    Closer
	Phrases *core.Phrases
	Now     core.Clock
	Log     *slog.Logger
}

var _ core.Follower = (*Carer)(nil)

// by is whom the history names.
func by() core.Author { return core.Author{Kind: core.AuthorWorkflow, Name: "care"} }

// Follow reacts to what happened, and sees to it that what is due next is not missed.
func (c *Carer) Follow(ctx context.Context, ws core.WorkspaceID, h core.Happening, conv *core.Conversation) error {
	care, err := core.LoadCare(ctx, c.Store.In(ws))
	if err != nil {
		return err
	}
	switch h.Kind {
	case core.HappenedMessage:
		err = c.wrote(ctx, ws, care, h, conv)
	case core.HappenedAnswered:
		err = c.handle(ctx, ws, conv.ID, func(tx core.Tx, l *core.Handling) error {
			machine, err := core.ByMachine(ctx, tx.In(ws), h)
			if err == nil && !machine && l.Answered.IsZero() {
				l.Answered = h.At
			}
			return err
		})
	case core.HappenedClosed:
		err = c.closed(ctx, ws, care, h, *conv)
	case core.HappenedReopened:
		err = c.handle(ctx, ws, conv.ID, func(_ core.Tx, l *core.Handling) error {
			l.Answered, l.Snoozed = time.Time{}, time.Time{}
			return nil
		})
	default: // nothing but the clocks
	}
	if err != nil || !care.Watches() { // then there is only what was put aside, which has its job
		return err
	}
	return c.Schedule(ctx, ws, conv.ID)
}

// wrote deals with a contact's message.
func (c *Carer) wrote(ctx context.Context, ws core.WorkspaceID, care core.Care, h core.Happening, conv *core.Conversation) error {
	repo := c.Store.In(ws)
	survey, err := repo.Survey(ctx, conv.Contact)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("survey of contact: %w", err)
	}
	l, err := repo.Handling(ctx, conv.ID)
	if err != nil {
		return fmt.Errorf("handling of conversation: %w", err)
	}
	asked, handled := !survey.Asked.IsZero(), !l.Snoozed.IsZero() || len(care.Rules) > 0
	if !asked && !handled { // as with most messages: then it does not matter what it says
		return nil
	}
	m, err := repo.Message(ctx, h.Message)
	if err != nil {
		return fmt.Errorf("what the contact wrote: %w", err)
	}
	if m.Content.Automatic != "" {
		return nil
	}
	if asked {
		if done, err := c.surveyed(ctx, ws, conv, survey, m); done || err != nil {
			return err
		}
	}
	if !handled {
		return nil
	}
	return c.handle(ctx, ws, conv.ID, func(tx core.Tx, l *core.Handling) error {
		l.Snoozed = time.Time{}
		return c.classify(ctx, tx, ws, care, m, l)
	})
}

// handle changes how a conversation is handled, under its lock.
func (c *Carer) handle(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, change func(tx core.Tx, l *core.Handling) error) error {
	return c.Store.Tx(ctx, func(tx core.Tx) error {
		if _, err := tx.In(ws).Lock(ctx, id); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		return handleLocked(ctx, tx, ws, id, change)
	})
}

// handleLocked is handle in the transaction of who has the lock.
func handleLocked(ctx context.Context, tx core.Tx, ws core.WorkspaceID, id core.ConversationID, change func(tx core.Tx, l *core.Handling) error) error {
	repo := tx.In(ws)
	l, err := repo.Handling(ctx, id)
	if err != nil {
		return fmt.Errorf("handling of conversation: %w", err)
	}
	before := l
	before.Tags = slices.Clone(l.Tags)
	if err := change(tx, &l); err != nil || equal(before, l) {
		return err
	}
	return repo.SetHandling(ctx, l)
}

func equal(a, b core.Handling) bool {
	return a.Priority == b.Priority && slices.Equal(a.Tags, b.Tags) && a.Snoozed.Equal(b.Snoozed) && a.Answered.Equal(b.Answered)
}

// classify applies the rules to a message.
func (c *Carer) classify(ctx context.Context, tx core.Tx, ws core.WorkspaceID, care core.Care, m core.Message, l *core.Handling) error {
	for _, r := range care.Rules {
		if !fits(r, m) {
			continue
		}
		l.Priority = max(l.Priority, r.Priority)
		if err := c.retag(ctx, tx, ws, l, r.Tags, nil, by()); err != nil {
			return err
		}
	}
	return nil
}

// retag adds and removes tags, and lets automation follow.
func (c *Carer) retag(ctx context.Context, tx core.Tx, ws core.WorkspaceID, l *core.Handling, add, remove []string, author core.Author) error {
	for _, tag := range add {
		if err := c.mark(ctx, tx, ws, l, tag, true, author); err != nil {
			return err
		}
	}
	for _, tag := range remove {
		if err := c.mark(ctx, tx, ws, l, tag, false, author); err != nil {
			return err
		}
	}
	slices.Sort(l.Tags)
	return nil
}

func (c *Carer) mark(ctx context.Context, tx core.Tx, ws core.WorkspaceID, l *core.Handling, tag string, on bool, author core.Author) error {
	if slices.Contains(l.Tags, tag) == on {
		return nil
	}
	kind := core.HappenedTagged
	if on {
		l.Tags = append(l.Tags, tag)
	} else {
		kind = core.HappenedUntagged
		l.Tags = slices.DeleteFunc(l.Tags, func(t string) bool { return t == tag })
	}
	h := core.Happening{ID: core.NewID[string](), Conversation: l.Conversation, Kind: kind, By: author, Name: tag, At: c.Now()}
	if err := core.Happen(ctx, tx, ws, h); err != nil {
		return fmt.Errorf("let automation follow the tag: %w", err)
	}
	return nil
}
