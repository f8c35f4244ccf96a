package inbound

import (
	"context"
	"fmt"

	"causeway/core"
)

// preference records an opt-out or opt-in of the peer on this channel, and, if it changes anything, has it confirmed and the agents told.
func (b *batch) preference(ctx context.Context, e core.Event) error {
	c, answer, err := b.person(ctx, e)
	if err != nil {
		return err
	}
	conv, err := b.repo.OpenConversation(ctx, c.ID)
	if err == nil {
		conv, err = b.lock(ctx, conv.ID)
	}
	if err != nil && !absent(err) {
		return fmt.Errorf("open conversation of contact: %w", err)
	}
	w := core.Wish{Channel: b.ch.ID, Marketing: e.Preference.Marketing, Stop: e.Preference.Stop, Block: e.Preference.Block, Confirm: e.Preference.Confirm, At: earlier(e.At, b.now)}
	if e.At.IsZero() {
		w.At = b.now
	}
	changed, err := b.wish(ctx, e.Peer, w)
	if err != nil || !changed || e.Historic {
		return err
	}
	if w.Confirm != "" {
		w.Identity = answer
		job := w.Confirmation(b.ch.Workspace)
		b.job(job.Kind, job.Key)
	}
	if conv.ID == "" {
		return nil
	}
	return b.tell(ctx, e, conv.ID, wished(e))
}

// wish records a wish under every identity of the peer. It changes something if none of them wished so before.
func (b *batch) wish(ctx context.Context, p core.Peer, w core.Wish) (changed bool, err error) {
	known, err := b.repo.Identities(ctx, p.Identities)
	if err != nil {
		return false, fmt.Errorf("identities of wish: %w", err)
	}
	changed = true
	for _, i := range known {
		w.Identity = i.ID
		one, err := b.repo.SetWish(ctx, w)
		if err != nil {
			return false, fmt.Errorf("set wish: %w", err)
		}
		changed = changed && one
	}
	return changed, nil
}

// wished is the line of history of a wish.
func wished(e core.Event) core.ConversationEvent {
	line := core.ConversationEvent{Kind: core.ConversationEventNotice, By: author(e), At: e.At, Data: map[string]string{"detail": e.Preference.Detail}}
	switch p := e.Preference; {
	case p.Block && p.Stop:
		line.Code, line.Text = core.LineBlocked, "Has blocked you here."
	case p.Block:
		line.Code, line.Text = core.LineUnblocked, "No longer blocks you here."
	case p.Marketing && p.Stop:
		line.Code, line.Text = core.LineMarketingStopped, "Wants no more marketing here."
	case p.Marketing:
		line.Code, line.Text = core.LineMarketingResumed, "Wants marketing here again."
	case p.Stop:
		line.Code, line.Text = core.LineStopped, "Wants no more messages here."
	default:
		line.Code, line.Text = core.LineResumed, "Wants messages here again."
	}
	return line
}
