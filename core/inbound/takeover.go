package inbound

import (
	"context"
	"errors"
	"fmt"
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
	conv.Waiting = time.Time{}
	err := b.repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: conv.ID, Kind: core.EventPhoneAnswered, By: m.Author,
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
