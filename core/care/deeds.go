package care

import (
	"context"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

// wake brings a conversation back whose time of rest is over, unless it was put aside anew.
func (c *Carer) wake(ctx context.Context, tx core.Tx, s *state) error {
	return handleLocked(ctx, tx, s.ws, s.conv.ID, func(tx core.Tx, l *core.Handling) error {
		if !l.Snoozed.Equal(s.handling.Snoozed) {
			return nil
		}
		l.Snoozed = time.Time{}
		return c.notice(ctx, tx, s, core.LineSnoozeOver, "The time for which this conversation was put aside is over.", nil)
	})
}

// escalate raises what waits too long.
func (c *Carer) escalate(ctx context.Context, tx core.Tx, s *state) error {
	return handleLocked(ctx, tx, s.ws, s.conv.ID, func(tx core.Tx, l *core.Handling) error {
		if l.Priority >= s.care.Escalate.Priority {
			return nil
		}
		l.Priority = s.care.Escalate.Priority
		return c.notice(ctx, tx, s, core.LineEscalated, "The contact has waited too long: the priority of this conversation is raised.",
			map[string]string{"until": s.conv.Waiting.UTC().Format(time.RFC3339)})
	})
}

// notice writes a line into the history, of which those who follow the conversation are mailed.
func (c *Carer) notice(ctx context.Context, tx core.Tx, s *state, code core.LineCode, text string, data map[string]string) error {
	e := core.ConversationEvent{ID: core.NewID[string](), Conversation: s.conv.ID, Kind: core.ConversationEventNotice, By: by(), Code: code, Data: data, Text: text, At: c.Now()}
	if err := tx.In(s.ws).AddConversationEvent(ctx, e); err != nil {
		return fmt.Errorf("note in history: %w", err)
	}
	return tx.Enqueue(ctx, core.Job{Kind: core.JobNotify, Workspace: s.ws, Key: string(s.conv.ID)})
}

// followUp asks a silent contact whether there is anything else.
func (c *Carer) followUp(ctx context.Context, s *state) error {
	if c.Now().Sub(s.human.Created.Add(s.care.FollowUp.After)) > late {
		return nil
	}
	who, code, err := c.listener(ctx, s.ws, s.conv.Contact, s.care.FollowUp.Texts)
	if err != nil {
		return err
	}
	text := c.Phrases.Say(code, "follow_up")
	if own := s.care.FollowUp.Texts[code]; own != "" {
		text = core.Fill(own, "name", who.Name)
	}
	return c.say(ctx, s.ws, core.Request{Conversation: s.conv.ID, Key: "follow-up/" + string(s.human.ID), Contents: []core.Content{{Kind: core.KindText, Text: text}}})
}

// end closes a conversation that has ended by itself, unless somebody has just written.
func (c *Carer) end(ctx context.Context, s *state) error {
	_, err := c.Desk.CloseIf(ctx, s.ws, s.conv.ID, by(), func(tx core.Tx) (bool, error) {
		last, err := lastWord(ctx, tx.In(s.ws), s.conv.ID)
		return last.ID == s.human.ID, err
	})
	return err
}

// listener is a contact, and the language to write to them in, where the business has texts of its own for that or none.
func (c *Carer) listener(ctx context.Context, ws core.WorkspaceID, id core.ContactID, own map[string]string) (core.Contact, string, error) {
	repo := c.Store.In(ws)
	who, err := repo.Contact(ctx, id)
	if err != nil {
		return who, "", fmt.Errorf("contact to write to: %w", err)
	}
	reception, err := core.LoadReception(ctx, repo)
	if err != nil {
		return who, "", err
	}
	wrote, err := lastText(ctx, repo, id)
	return who, c.Phrases.Language(who.Language, wrote, reception.Language, own), err
}

// lastText is what a contact wrote last, as far as it is near.
func lastText(ctx context.Context, repo core.Repo, id core.ContactID) (string, error) {
	convs, err := repo.ConversationsOf(ctx, id)
	if err != nil || len(convs) == 0 {
		return "", err
	}
	const few = 20
	all, err := repo.Messages(ctx, convs[0].ID, core.Page{Limit: few})
	return core.Wrote(all), err
}

// say sends a message of automation. What the gate refuses is not said.
func (c *Carer) say(ctx context.Context, ws core.WorkspaceID, r core.Request) error {
	r.Author = by()
	_, _, err := c.Compose.Compose(ctx, ws, r)
	if problem := (*core.Problem)(nil); errors.As(err, &problem) {
		c.Log.InfoContext(ctx, "not said", "key", r.Key, "why", problem.Detail, "code", problem.Code)
		return nil
	}
	return err
}

// Snooze puts a conversation aside until a time, or until the contact writes. The zero time brings it back.
func (c *Carer) Snooze(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, until time.Time) error {
	if !until.IsZero() && !until.After(c.Now()) {
		return core.Problemf(core.CodeInvalid, "The time to put the conversation aside until is over.").Remedied("Give a time that is still to come.")
	}
	if err := c.handle(ctx, ws, id, func(_ core.Tx, l *core.Handling) error { l.Snoozed = until; return nil }); err != nil {
		return err
	}
	return c.Schedule(ctx, ws, id)
}

// Tag adds and removes tags of a conversation and sets its priority, where priority is not nil.
func (c *Carer) Tag(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, add, remove []string, priority *int, author core.Author) error {
	if err := c.handle(ctx, ws, id, func(tx core.Tx, l *core.Handling) error {
		if priority != nil {
			l.Priority = *priority
		}
		return c.retag(ctx, tx, ws, l, add, remove, author)
	}); err != nil {
		return err
	}
	return c.Schedule(ctx, ws, id)
}

// Drop takes a contact who does not answer off everybody's list: the conversation is closed as unresponsive. When the contact writes again, a new
// one begins.
func (c *Carer) Drop(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, author core.Author) error {
	return c.DropIf(ctx, ws, id, author, func(core.Tx) (bool, error) { return true, nil })
}

// DropIf does so if that is right with the conversation locked.
func (c *Carer) DropIf(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, author core.Author, right func(tx core.Tx) (bool, error)) error {
	_, err := c.Desk.CloseIf(ctx, ws, id, author, func(tx core.Tx) (bool, error) {
		if ok, err := right(tx); err != nil || !ok {
			return false, err
		}
		return true, handleLocked(ctx, tx, ws, id, func(tx core.Tx, l *core.Handling) error {
			return c.retag(ctx, tx, ws, l, []string{Unresponsive}, nil, author)
		})
	})
	return err
}

// Unresponsive is the tag of conversations that were dropped.
const Unresponsive = "unresponsive"
