package inbound

import (
	"context"
	"fmt"
	"time"

	"causeway/core"
)

// placed is the conversation that a message belongs to, and whether the message opened that, or scores it.
type placed struct {
	conv           core.Conversation
	opened, scored bool
}

// place finds, and locks, the conversation that a message belongs to.
func (b *batch) place(ctx context.Context, m core.Message) (at placed, err error) {
	if at.conv, at.scored, err = b.surveyed(ctx, m); at.scored || err != nil {
		return at, err
	}
	at.conv, at.opened, err = b.conversation(ctx, m)
	return at, err
}

// keepApart keeps what a machine wrote from opening a conversation: where none is open, it is kept like history.
func (b *batch) keepApart(ctx context.Context, m *core.Message) error {
	if m.Content.Automatic == "" || m.Direction != core.In {
		return nil
	}
	_, err := b.repo.OpenConversation(ctx, m.Contact)
	if err != nil && !absent(err) {
		return fmt.Errorf("open conversation of contact: %w", err)
	}
	m.Historic = m.Historic || err != nil
	return nil
}

// conversation returns, locked, the one that a message belongs to: the contact's open one or, opened by it, a new one. Imported history goes into
// a closed one and opens nothing.
func (b *batch) conversation(ctx context.Context, m core.Message) (core.Conversation, bool, error) {
	for range lookAgain {
		conv, opened, err := b.findOrOpen(ctx, m)
		if absent(err) {
			continue // it was closed between two looks
		}
		if err != nil || opened {
			return conv, opened, err
		}
		if conv, err = b.lock(ctx, conv.ID); err != nil {
			return conv, false, err
		}
		if conv.State == core.ConversationOpen || m.Historic {
			return conv, false, nil
		}
	}
	return core.Conversation{}, false, core.ErrOutrun
}

func (b *batch) findOrOpen(ctx context.Context, m core.Message) (core.Conversation, bool, error) {
	conv, err := b.repo.OpenConversation(ctx, m.Contact)
	if !absent(err) {
		return conv, false, err
	}
	if m.Historic {
		if old, err := b.repo.ConversationsOf(ctx, m.Contact); err != nil {
			return conv, false, fmt.Errorf("conversations of contact: %w", err)
		} else if len(old) > 0 {
			return old[0], false, nil
		}
	}
	conv = core.Conversation{ID: core.NewID[core.ConversationID](), Workspace: b.ch.Workspace, Contact: m.Contact, Channel: b.ch.ID,
		State: core.ConversationOpen, Opened: b.now, LastAt: earlier(m.At, b.now), Referral: m.Content.Referral}
	if m.Historic {
		conv.State, conv.Closed = core.ConversationClosed, b.now
	}
	won, err := b.repo.AddConversation(ctx, &conv)
	if err != nil {
		return conv, false, fmt.Errorf("open conversation: %w", err)
	}
	if !won {
		conv, err = b.repo.OpenConversation(ctx, m.Contact)
	}
	return conv, won, err
}

// noteOpened notes that a message opened its conversation.
func (b *batch) noteOpened(ctx context.Context, m core.Message) error {
	err := b.repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: m.Conversation, Kind: core.ConversationEventOpened,
		By: m.Author, Message: m.ID, At: b.now})
	if err != nil {
		return fmt.Errorf("note conversation as opened: %w", err)
	}
	return nil
}

// updateConversation moves window, waiting clock and channel of the conversation, and asks for the agents to be told.
func (b *batch) updateConversation(ctx context.Context, m core.Message, conv core.Conversation, opened bool) (err error) {
	if !opened && m.Direction == core.In && m.Content.Automatic == "" {
		if opened, err = b.afterGreeting(ctx, m, &conv); err != nil {
			return err
		}
	}
	if opened {
		if err := b.noteOpened(ctx, m); err != nil {
			return err
		}
		if err := b.happened(ctx, m, core.HappenedOpened); err != nil {
			return err
		}
	}
	switch {
	case m.Content.Automatic != "": // nobody waits for an answer
	case m.Direction == core.In:
		err = b.wrote(ctx, m, &conv)
	case m.Author.Human():
		if err = b.tookOver(ctx, m, &conv); err == nil {
			err = b.happened(ctx, m, core.HappenedAnswered)
		}
	}
	if err != nil {
		return err
	}
	if conv.Referral == nil {
		conv.Referral = m.Content.Referral
	}
	if err := b.repo.SetConversation(ctx, conv); err != nil {
		return fmt.Errorf("update conversation: %w", err)
	}
	b.job(core.JobNotify, string(conv.ID))
	return nil
}

// wrote has a contact who wrote wait for an answer, by the channel that they wrote to.
func (b *batch) wrote(ctx context.Context, m core.Message, conv *core.Conversation) error {
	if err := b.openWindow(ctx, m.Identity, m.At); err != nil {
		return err
	}
	if conv.Channel = b.ch.ID; b.shared() && b.ch.Phone {
		conv.Channel = b.ch.Twin // the sanctioned way
	}
	if err := b.waits(ctx, m, conv); err != nil {
		return err
	}
	return b.happened(ctx, m, core.HappenedMessage)
}

// openWindow opens the reply window from a customer's act. A provider's clock that runs ahead must not keep it open longer than that act allows.
func (b *batch) openWindow(ctx context.Context, id core.IdentityID, at time.Time) error {
	if err := b.repo.TouchWindow(ctx, b.ch.ID, id, earlier(at, b.now)); err != nil {
		return fmt.Errorf("open window: %w", err)
	}
	return nil
}

// among is the batch for what a peer says: no automation follows what is said in a group.
func (b *batch) among(p core.Peer) *batch {
	if !p.Group() {
		return b
	}
	apart := *b
	apart.inGroup = true
	return &apart
}

// happened lets automation follow what a message brought, where there is any.
func (b *batch) happened(ctx context.Context, m core.Message, kind core.HappeningKind) error {
	if b.inGroup {
		return nil
	}
	if automated, err := core.Automated(ctx, b.repo); err != nil || !automated {
		return err
	}
	h := core.Happening{ID: core.NewID[string](), Conversation: m.Conversation, Kind: kind, By: m.Author, At: b.now}
	if kind != core.HappenedOpened {
		h.Message = m.ID
	}
	if err := b.repo.AddHappening(ctx, h); err != nil {
		return fmt.Errorf("let automation follow: %w", err)
	}
	b.job(core.JobWorkflow, string(m.Conversation))
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
