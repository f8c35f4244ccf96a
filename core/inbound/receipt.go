package inbound

import (
	"context"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

// partOf finds the part that an event is about: by our own key if the provider returned it, else by the provider's id.
func (b *batch) partOf(ctx context.Context, key, provider string) (core.Part, error) {
	if key != "" {
		p, err := b.repo.Part(ctx, core.PartID(key))
		if err == nil && p.Channel == b.ch.ID {
			return p, nil
		}
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return p, fmt.Errorf("part by key: %w", err)
		}
	}
	p, err := b.repo.PartByProvider(ctx, b.ch.ID, provider)
	if err != nil {
		return p, fmt.Errorf("part by provider's id: %w", err)
	}
	return p, nil
}

// receipt raises the status of what we sent.
func (b *batch) receipt(ctx context.Context, e core.Event) error {
	if core.IsActKey(e.Key) {
		return nil // of a reaction: nobody waits for it
	}
	if !e.Receipt.Until.IsZero() {
		if err := b.upTo(ctx, e); err != nil || e.Receipt.Provider == "" {
			return err
		}
	}
	p, err := b.partOf(ctx, e.Key, e.Receipt.Provider)
	if absent(err) && b.shared() {
		p, err = b.partOnEitherSide(ctx, e.Receipt.Provider, e.Receipt.Stanza, func(x core.LedgerEntry) bool { return x.Direction == core.Out })
	}
	if absent(err) {
		return b.park(ctx, b.parkedUnder(e.Receipt.Provider, e.Receipt.Stanza), e)
	}
	if err != nil {
		return err
	}
	if err := b.raise(ctx, p.ID, *e.Receipt, e.At); err != nil {
		return err
	}
	return b.learn(ctx, p, e)
}

// raise puts a receipt on a part and its message, never downwards.
func (b *batch) raise(ctx context.Context, id core.PartID, r core.ReceiptBody, at time.Time) error {
	p, err := b.hold(ctx, id)
	if err != nil {
		return err
	}
	before := p.Status
	learned := p.Provider == "" && p.Channel == b.ch.ID
	switch {
	case learned:
		err = core.Adopt(ctx, b.repo, &p, r.Provider, r.Stanza)
	case p.Channel != b.ch.ID && p.Stanza == "": // the other side of the number saw it
		p.Stanza = b.stanza(r.Provider, r.Stanza)
	}
	if err != nil {
		return err
	}
	b.tick(&p, before, r, at)
	if err := b.repo.SetPart(ctx, p); err != nil {
		return fmt.Errorf("set part: %w", err)
	}
	if learned && b.shared() {
		if err := b.sentBy(ctx, p); err != nil {
			return err
		}
	}
	if p.Status == before {
		return nil
	}
	if before.Outstanding() {
		b.job(core.JobDeliver, string(p.Conversation)) // the lane waited for this outcome and may go on
	}
	if err := b.reassure(ctx, p); err != nil {
		return err
	}
	return b.raised(ctx, p)
}

// tick draws a receipt into a part whose status was before: where it says something new, what was to be tried again is not, and only a failure keeps its
// error.
func (b *batch) tick(p *core.Part, before core.Status, r core.ReceiptBody, at time.Time) {
	p.Status, p.Updated = p.Status.Raise(r.Status), b.now
	if p.Sent.IsZero() && p.Status != core.StatusFailed {
		p.Sent = at
	}
	if p.Status == before {
		return
	}
	p.Error, p.NotBefore = nil, time.Time{}
	if p.Status == core.StatusFailed {
		p.Error = r.Error
	}
}

// sentBy enters a part of ours whose id the channel has told just now, and applies what waited for that.
func (b *batch) sentBy(ctx context.Context, p core.Part) error {
	if err := core.Enter(ctx, b.repo, b.ch, p, core.Sight{Provider: p.Provider, How: core.SightSend, Seen: b.now}); err != nil {
		return err
	}
	if err := b.release(ctx, p); err != nil || p.Stanza == "" {
		return err
	}
	return b.unparkBoth(ctx, underStanza(p.Stanza))
}

// raised draws a part's new status into its message, and tells of a failure.
func (b *batch) raised(ctx context.Context, p core.Part) error {
	m, err := b.repo.Message(ctx, p.Message)
	if err != nil {
		return fmt.Errorf("message of part: %w", err)
	}
	status, failure := core.Worst(m.Parts)
	if err := b.repo.SetMessageStatus(ctx, m.ID, status, failure); err != nil {
		return fmt.Errorf("set message status: %w", err)
	}
	if p.Status != core.StatusFailed {
		return nil
	}
	return b.failed(ctx, m, p)
}

// hold locks a part's conversation and reads the part: two receipts at once, or a receipt and the send's own result, take turns.
func (b *batch) hold(ctx context.Context, id core.PartID) (core.Part, error) {
	p, err := b.repo.Part(ctx, id)
	if err == nil {
		_, err = b.repo.Lock(ctx, p.Conversation)
	}
	if err == nil {
		p, err = b.repo.Part(ctx, id)
	}
	if err != nil {
		return p, fmt.Errorf("hold part: %w", err)
	}
	return p, nil
}

// failed tells the author, or those who follow the conversation, what the customer did not get, and remembers what the failure teaches.
func (b *batch) failed(ctx context.Context, m core.Message, p core.Part) error {
	sent := p.Sent
	if sent.IsZero() {
		sent = m.At
	}
	if err := core.Learn(ctx, b.repo, m, p.Error, sent); err != nil {
		return err
	}
	if p.Error != nil && p.Error.Effect == core.EffectResync {
		b.job(core.JobTemplates, string(p.Channel))
	}
	if err := b.worry(ctx, p, sent); err != nil {
		return err
	}
	told, err := core.TellFailure(ctx, b.repo, m, p, b.now)
	if err != nil || !told {
		return err
	}
	b.job(core.JobNotify, string(m.Conversation))
	return nil
}

// worry tells the admins of a failure that others will meet as well. The provider took the message at first, so the channel goes on: whether it sends is for
// the next send to find out.
func (b *batch) worry(ctx context.Context, p core.Part, sent time.Time) error {
	if p.Channel != b.ch.ID || !p.Error.OfChannel() {
		return nil
	}
	h := p.Error.Worry(b.now)
	topic := topicSending
	if p.Content.Kind == core.KindTemplate {
		topic = topicTemplates
	}
	return b.reportHealth(ctx, core.Event{At: sent, Change: &core.AccountBody{Health: &h, Topic: topic}})
}

// What worries about a channel's sending is told under. That others arrive does not show that templates, which cost, do.
const (
	topicSending   = "sending"
	topicTemplates = "sending templates"
)

// reassure ends a worry about the channel's sending, since what was sent after that has arrived.
func (b *batch) reassure(ctx context.Context, p core.Part) error {
	if p.Channel != b.ch.ID || b.ch.Health.Level != core.HealthWarning || p.Status != core.StatusDelivered && p.Status != core.StatusRead {
		return nil
	}
	topics := []string{topicSending}
	if p.Content.Kind == core.KindTemplate {
		topics = append(topics, topicTemplates)
	}
	for _, topic := range topics {
		h := core.Health{Level: core.HealthGood, Code: "delivered", Reason: "Messages arrive again."}
		if err := b.reportHealth(ctx, core.Event{At: p.Sent, Change: &core.AccountBody{Health: &h, Topic: topic}}); err != nil {
			return err
		}
	}
	return nil
}

// learn takes identities of the recipient that a receipt told as those of the contact.
func (b *batch) learn(ctx context.Context, p core.Part, e core.Event) error {
	keys := e.Receipt.Learned
	if len(keys) == 0 {
		return nil
	}
	conv, err := b.repo.Conversation(ctx, p.Conversation)
	if err != nil {
		return fmt.Errorf("conversation of receipt: %w", err)
	}
	_, err = core.JoinIdentities(ctx, b.repo, b.ask, conv.Contact, keys, b.told(e))
	return err
}
