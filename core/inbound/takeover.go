package inbound

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

// soonAfter is how soon after the customer's first message nobody can have read it and typed: what the phone says then is its own greeting, or its
// note of absence.
const soonAfter = 2 * time.Second

// machine marks what the app on the phone answers by itself, where its admin says that it does: nobody took over, and the contact still waits.
func (b *batch) machine(m *core.Message, conv core.Conversation) {
	if !b.ch.PhoneGreets() || m.Author.Kind != core.AuthorPhone || m.Historic || m.Content.Automatic != "" || conv.Waiting.IsZero() {
		return
	}
	if took := m.At.Sub(conv.Waiting); took >= 0 && took <= soonAfter {
		m.Content.Automatic = core.AutomaticPhone
	}
}

// tookOver stops the waiting clock for an answer that a person typed on the phone, tells those who listen, and gives a conversation that is nobody's to
// whom the channel names as the phone's owner.
func (b *batch) tookOver(ctx context.Context, m core.Message, conv *core.Conversation) error {
	data := map[string]string{}
	if !conv.Waiting.IsZero() {
		data["waited"] = m.At.Sub(conv.Waiting).Round(time.Second).String()
	}
	var err error
	if conv.Waiting, err = b.waitingAfter(ctx, m, *conv); err != nil {
		return err
	}
	err = b.repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: conv.ID, Kind: core.EventPhoneAnswered, By: m.Author,
		Message: m.ID, Data: data, At: b.now})
	if err != nil {
		return fmt.Errorf("note answer from the phone: %w", err)
	}
	name := b.ch.PhoneOwner()
	if name == "" || conv.Agent != "" {
		return nil
	}
	a, err := b.repo.AgentByName(ctx, name)
	if errors.Is(err, core.ErrNotFound) || err == nil && a.Disabled {
		return nil
	}
	if err != nil {
		return fmt.Errorf("owner of the phone: %w", err)
	}
	conv.Agent = a.ID
	err = b.repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: conv.ID, Kind: core.EventAssigned, By: m.Author,
		Text: a.Name, Data: map[string]string{"agent": string(a.ID), "team": string(conv.Team)}, At: b.now})
	if err != nil {
		return fmt.Errorf("assign conversation to the phone's owner: %w", err)
	}
	return nil
}

// lateAtMost is how many of a conversation's newest messages are looked through where one comes after what was said later.
const lateAtMost = 50

// waits has a contact wait for an answer to a message, since it was written, unless somebody has answered it from the phone: providers may bring the
// answer first.
func (b *batch) waits(ctx context.Context, m core.Message, conv *core.Conversation) error {
	if !conv.Waiting.IsZero() {
		return nil
	}
	recent, err := b.saidAfter(ctx, m, *conv)
	if err != nil {
		return err
	}
	for _, r := range recent {
		if r.Author.Kind == core.AuthorPhone && r.Content.Automatic == "" && (!b.ch.PhoneGreets() || r.At.Sub(m.At) > soonAfter) {
			return nil
		}
	}
	conv.Waiting = earlier(m.At, b.now)
	return nil
}

// waitingAfter is since when a contact waits after an answer from the phone: not at all, unless that comes late, and they have written since it was given.
func (b *batch) waitingAfter(ctx context.Context, m core.Message, conv core.Conversation) (since time.Time, err error) {
	if conv.Waiting.IsZero() {
		return since, nil
	}
	recent, err := b.saidAfter(ctx, m, conv)
	for _, r := range recent {
		if r.Direction == core.In && r.Content.Automatic == "" && !r.At.Before(conv.Waiting) && (since.IsZero() || r.At.Before(since)) {
			since = r.At
		}
	}
	return since, err
}

// saidAfter lists what was said in a conversation after a message that comes only now.
func (b *batch) saidAfter(ctx context.Context, m core.Message, conv core.Conversation) ([]core.Message, error) {
	if !m.At.Before(conv.LastAt) {
		return nil, nil
	}
	recent, err := b.repo.Messages(ctx, conv.ID, core.Page{Limit: lateAtMost})
	if err != nil {
		return nil, fmt.Errorf("what was said after it: %w", err)
	}
	return slices.DeleteFunc(recent, func(r core.Message) bool { return !r.At.After(m.At) }), nil
}
