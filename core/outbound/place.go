package outbound

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"causeway/core"
)

// place returns, locked, the conversation that a request is for. For a contact who has none open it opens one.
func (o *Outbox) place(ctx context.Context, tx core.Tx, repo core.Repo, v via, r Request) (core.Conversation, error) {
	if r.Apart {
		return o.closedConversation(ctx, repo, v, r)
	}
	id := r.Conversation
	if id == "" {
		conv, err := o.conversationOf(ctx, repo, v, r)
		if err == nil && conv.ID == "" {
			conv, err = o.openConversation(ctx, tx, repo, conv, r.Author)
		}
		if err != nil {
			return conv, err
		}
		id = conv.ID
	}
	conv, err := repo.Lock(ctx, id)
	if err != nil {
		return conv, fmt.Errorf("lock conversation: %w", err)
	}
	return conv, nil
}

// closedConversation returns, locked, the contact's youngest conversation that is closed, or a new one. It stays closed, and may be written into all the same.
func (o *Outbox) closedConversation(ctx context.Context, repo core.Repo, v via, r Request) (core.Conversation, error) {
	all, err := repo.ConversationsOf(ctx, r.Contact)
	if err != nil {
		return core.Conversation{}, fmt.Errorf("conversations of contact: %w", err)
	}
	at := slices.IndexFunc(all, func(c core.Conversation) bool { return c.State == core.ConversationClosed })
	if at < 0 {
		contact, err := repo.Contact(ctx, r.Contact)
		if err != nil {
			return core.Conversation{}, fmt.Errorf("contact: %w", err)
		}
		all, at = []core.Conversation{{ID: core.NewID[core.ConversationID](), Workspace: contact.Workspace, Contact: contact.ID, Channel: v.id,
			State: core.ConversationClosed, Opened: o.Now(), Closed: o.Now(), LastAt: o.Now()}}, 0
		if _, err := repo.AddConversation(ctx, &all[0]); err != nil {
			return all[0], fmt.Errorf("add conversation apart: %w", err)
		}
	}
	conv, err := repo.Lock(ctx, all[at].ID)
	if err != nil {
		return conv, fmt.Errorf("lock conversation: %w", err)
	}
	conv.State = core.ConversationOpen // for the gate
	return conv, nil
}

// conversationOf returns the conversation that a request is for; one without an id is still to be opened.
func (o *Outbox) conversationOf(ctx context.Context, repo core.Repo, v via, r Request) (core.Conversation, error) {
	if r.Conversation != "" {
		conv, err := repo.Conversation(ctx, r.Conversation)
		if err != nil {
			return conv, fmt.Errorf("conversation: %w", err)
		}
		return conv, nil
	}
	contact, err := repo.Contact(ctx, r.Contact)
	if err != nil {
		return core.Conversation{}, fmt.Errorf("contact: %w", err)
	}
	if contact.MergedInto != "" {
		return core.Conversation{}, core.Problemf(core.CodeConflict, "This contact was merged into another one.").Remedied("Write to the contact %s.", contact.MergedInto)
	}
	conv, err := repo.OpenConversation(ctx, contact.ID)
	if errors.Is(err, core.ErrNotFound) {
		return core.Conversation{Workspace: contact.Workspace, Contact: contact.ID, Channel: v.id, State: core.ConversationOpen, Opened: o.Now(), LastAt: o.Now()}, nil
	}
	if err != nil {
		return conv, fmt.Errorf("open conversation of contact: %w", err)
	}
	return conv, nil
}

// openConversation opens a conversation by the business.
func (o *Outbox) openConversation(ctx context.Context, tx core.Tx, repo core.Repo, conv core.Conversation, by core.Author) (core.Conversation, error) {
	conv.ID = core.NewID[core.ConversationID]()
	won, err := repo.AddConversation(ctx, &conv)
	if err != nil {
		return conv, fmt.Errorf("open conversation: %w", err)
	}
	if !won { // the contact wrote just now
		if conv, err = repo.OpenConversation(ctx, conv.Contact); err != nil {
			return conv, fmt.Errorf("conversation just opened: %w", err)
		}
		return conv, nil
	}
	err = repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: conv.ID, Kind: core.ConversationEventOpened, By: by, At: o.Now()})
	if err != nil {
		return conv, fmt.Errorf("note conversation as opened: %w", err)
	}
	return conv, o.happened(ctx, tx, conv.Workspace, core.Happening{Conversation: conv.ID, Kind: core.HappenedOpened, By: by})
}

// check refuses a content that says nothing.
func check(c core.Content) error {
	empty := false
	switch {
	case c.Kind == core.KindText:
		empty = strings.TrimSpace(c.Text) == ""
	case c.Kind.HasMedia():
		empty = c.Media == nil
	case c.Kind == core.KindLocation:
		empty = c.Location == nil
	case c.Kind == core.KindContacts:
		empty = len(c.Contacts) == 0
	case c.Kind == core.KindChoices:
		empty = c.Choices == nil || strings.TrimSpace(c.Text) == ""
	case c.Kind == core.KindTemplate:
		empty = c.Template == nil
	}
	if empty {
		return core.Problemf(core.CodeInvalid, "The message of the kind %q is empty.", c.Kind).Remedied("Give it a text, a file or a template.")
	}
	return nil
}
