// Package assign is the desk: who a conversation belongs to, and its closing and reopening. Every change is a line in the conversation's
// history. A Balancer is a desk that finds agents by itself.
package assign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

// Desk changes conversations.
type Desk struct {
	Store core.Store
	Now   core.Clock
}

// Close ends a conversation. Closing a closed one changes nothing.
func (d Desk) Close(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, by core.Author) (core.Conversation, error) {
	return d.CloseIf(ctx, ws, id, by, func(core.Tx) (bool, error) { return true, nil })
}

// CloseIf ends a conversation if that is right now that nobody else can change it: what made it right may be over. What right does itself is done
// together with the close, or not at all.
func (d Desk) CloseIf(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, by core.Author, right func(tx core.Tx) (bool, error)) (core.Conversation, error) {
	return d.change(ctx, ws, id, func(tx core.Tx, c *core.Conversation) (*core.ConversationEvent, error) {
		if c.State == core.ConversationClosed {
			return nil, nil
		}
		if ok, err := right(tx); err != nil || !ok {
			return nil, err
		}
		c.State, c.Closed, c.Waiting = core.ConversationClosed, d.Now(), time.Time{}
		return &core.ConversationEvent{Kind: core.ConversationEventClosed, By: by}, nil
	})
}

// Reopen opens a closed conversation again. It is refused while the contact has another one open.
func (d Desk) Reopen(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, by core.Author) (core.Conversation, error) {
	c, err := d.change(ctx, ws, id, func(tx core.Tx, c *core.Conversation) (*core.ConversationEvent, error) {
		if c.State == core.ConversationOpen {
			return nil, nil
		}
		if who, err := tx.In(ws).Contact(ctx, c.Contact); err != nil || !who.Erased.IsZero() {
			return nil, cmp.Or(err, error(core.ErasedProblem()))
		}
		c.State, c.Closed = core.ConversationOpen, time.Time{}
		return &core.ConversationEvent{Kind: core.ConversationEventReopened, By: by}, nil
	})
	if errors.Is(err, core.ErrDuplicate) {
		return c, core.Problemf(core.CodeConflict, "This contact has another conversation open.").Remedied("Go on in that one, or close it first.")
	}
	return c, err
}

// Assign gives a conversation to an agent, a team, or (both empty) to nobody. Giving it to a team alone takes it from its agent.
func (d Desk) Assign(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, agent core.AgentID, team core.TeamID, by core.Author) (core.Conversation, error) {
	to, err := d.who(ctx, d.Store.In(ws), agent, team)
	if err != nil {
		return core.Conversation{}, err
	}
	return d.change(ctx, ws, id, func(_ core.Tx, c *core.Conversation) (*core.ConversationEvent, error) {
		if c.State == core.ConversationClosed {
			return nil, core.Problemf(core.CodeClosed, "This conversation is closed.").Remedied("Reopen it first.")
		}
		was := *c
		c.Agent = agent
		if team != "" || agent == "" {
			c.Team = team
		}
		if c.Agent == was.Agent && c.Team == was.Team {
			return nil, nil
		}
		return &core.ConversationEvent{Kind: core.ConversationEventAssigned, By: by, Text: to, Data: map[string]string{"agent": string(c.Agent), "team": string(c.Team)}}, nil
	})
}

// who names the assignee and proves that it exists.
func (d Desk) who(ctx context.Context, repo core.Repo, agent core.AgentID, team core.TeamID) (string, error) {
	name := ""
	if team != "" {
		t, err := repo.Team(ctx, team)
		if err != nil {
			return "", missing(err, "team")
		}
		name = t.Name
	}
	if agent != "" {
		a, err := repo.Agent(ctx, agent)
		if err != nil {
			return "", missing(err, "agent")
		}
		if a.Disabled {
			return "", core.Problemf(core.CodeConflict, "%s no longer answers customers.", a.Name).Remedied("Choose another agent.")
		}
		name = a.Name
	}
	return name, nil
}

func missing(err error, thing string) error {
	if errors.Is(err, core.ErrNotFound) {
		return core.NotFound(thing)
	}
	return err
}

func (d Desk) change(ctx context.Context, ws core.WorkspaceID, id core.ConversationID,
	f func(core.Tx, *core.Conversation) (*core.ConversationEvent, error)) (c core.Conversation, err error) {
	err = d.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(ws)
		if c, err = repo.Lock(ctx, id); err != nil {
			return err
		}
		e, err := f(tx, &c)
		if err != nil || e == nil {
			return err
		}
		if err := repo.SetConversation(ctx, c); err != nil {
			return fmt.Errorf("change conversation: %w", err)
		}
		e.Conversation = id
		return d.noted(ctx, tx, ws, *e)
	})
	return c, err
}

// noted adds a line to a conversation's history.
func (d Desk) noted(ctx context.Context, tx core.Tx, ws core.WorkspaceID, e core.ConversationEvent) error {
	e.ID, e.At = core.NewID[string](), d.Now()
	if err := tx.In(ws).AddConversationEvent(ctx, e); err != nil {
		return fmt.Errorf("note change: %w", err)
	}
	if e.Kind == core.ConversationEventAssigned { // who has it now is mailed what waits
		if err := tx.Enqueue(ctx, core.Job{Kind: core.JobNotify, Workspace: ws, Key: string(e.Conversation)}); err != nil {
			return err
		}
	}
	return d.happened(ctx, tx, ws, e)
}

// happened lets automation follow a change, where there is any.
func (d Desk) happened(ctx context.Context, tx core.Tx, ws core.WorkspaceID, e core.ConversationEvent) error {
	kind, known := map[core.ConversationEventKind]core.HappeningKind{core.ConversationEventClosed: core.HappenedClosed, core.ConversationEventReopened: core.HappenedReopened,
		core.ConversationEventAssigned: core.HappenedAssigned}[e.Kind]
	if !known {
		return nil
	}
	if automated, err := core.Automated(ctx, tx.In(ws)); err != nil || !automated {
		return err
	}
	return core.Happen(ctx, tx, ws, core.Happening{ID: e.ID, Conversation: e.Conversation, Kind: kind, By: e.By, At: e.At})
}

// Merge makes one contact of two; see core.MergeContacts.
func (d Desk) Merge(ctx context.Context, ws core.WorkspaceID, into, from core.ContactID, reason string) (m core.Merge, err error) {
	if into == from {
		return m, core.Problemf(core.CodeInvalid, "A contact cannot be merged with itself.")
	}
	err = d.Store.Tx(ctx, func(tx core.Tx) error {
		m, err = core.MergeContacts(ctx, tx.In(ws), tx.Enqueue, into, from, reason, d.Now())
		return err
	})
	return m, bothOpen(err)
}

// Unmerge undoes a merge.
func (d Desk) Unmerge(ctx context.Context, ws core.WorkspaceID, id string) error {
	return bothOpen(d.Store.Tx(ctx, func(tx core.Tx) error { return core.UndoMerge(ctx, tx.In(ws), id, d.Now()) }))
}

// bothOpen words the store's refusal of two open conversations of one contact.
func bothOpen(err error) error {
	if !errors.Is(err, core.ErrDuplicate) {
		return err
	}
	return core.Problemf(core.CodeConflict, "The contact would have two conversations open.").Remedied("Close one of them, then try again.")
}
