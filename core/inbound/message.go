package inbound

import (
	"context"
	"fmt"
	"strings"

	"causeway/core"
)

// message stores what a contact wrote, or an echo of what the business wrote elsewhere.
func (b *batch) message(ctx context.Context, e core.Event) error {
	if done, err := b.duplicate(ctx, e); done || err != nil {
		return err
	}
	e, err := b.continued(ctx, e)
	if err != nil {
		return err
	}
	contact, identity, err := b.person(ctx, e)
	if err != nil {
		return err
	}
	if done, err := b.duplicateOfTwin(ctx, e, contact, identity); done || err != nil {
		return err
	}
	return b.storeNew(ctx, e, contact, identity)
}

// storeNew stores a message that is not here yet, with all that follows from it, and applies what waited for it.
func (b *batch) storeNew(ctx context.Context, e core.Event, contact core.Contact, identity core.IdentityID) error {
	m := b.draft(e, contact.ID, identity)
	if err := b.keepApart(ctx, &m); err != nil {
		return err
	}
	at, err := b.place(ctx, m)
	if err != nil {
		return err
	}
	if done, err := b.recognise(ctx, at.conv, e); done || err != nil {
		return err
	}
	m.Conversation, m.Contact = at.conv.ID, at.conv.Contact // which a merge may have changed just now
	if err := b.markGreeting(ctx, &m, at.conv); err != nil {
		return err
	}
	if err := b.store(ctx, &m); err != nil {
		return err
	}
	if err := b.takeEffect(ctx, e, m, at); err != nil {
		return err
	}
	if at.opened && !m.Historic && contact.Name == "" {
		b.askName(m) // once in a conversation: who the provider does not tell of is not asked for with each message
	}
	if err := b.enterLedger(ctx, m, m.Parts[0], e); err != nil {
		return err
	}
	return b.unpark(ctx, e.Message.Provider)
}

// takeEffect lets a message that was stored do what it does to its conversation. Of history only a channel's test opens the window.
func (b *batch) takeEffect(ctx context.Context, e core.Event, m core.Message, at placed) error {
	switch {
	case at.scored:
		return b.scored(ctx, m)
	case !m.Historic:
		return b.among(e.Peer).updateConversation(ctx, m, at.conv, at.opened)
	case e.Test && m.Direction == core.In:
		return b.openWindow(ctx, m.Identity, m.At)
	}
	return nil
}

// askName has the provider asked for the name of who wrote a message.
func (b *batch) askName(m core.Message) {
	job := core.ProfileJob(b.ch.Workspace, b.ch.ID, m.Contact, m.Identity)
	b.job(job.Kind, job.Key)
}

// duplicate looks whether the message is here already: our own send reported back, or seen from another side. It then only learns from the event.
func (b *batch) duplicate(ctx context.Context, e core.Event) (bool, error) {
	p, err := b.partOf(ctx, e.Key, e.Message.Provider)
	if absent(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := b.enterAgain(ctx, p, e); err != nil {
		return true, err
	}
	return true, b.complete(ctx, p, e)
}

// complete adds to a message that is here what an event tells of it: that it is no mere history, what it says, that it was sent.
func (b *batch) complete(ctx context.Context, p core.Part, e core.Event) error {
	if err := b.enliven(ctx, p, e); err != nil {
		return err
	}
	if p.Content.Kind == core.KindUnsupported && e.Message.Content.Kind != core.KindUnsupported {
		return b.fill(ctx, p, e)
	}
	return b.echoed(ctx, p, e)
}

// enliven makes a message that was imported as history one that came in just now: it is reported as such after all, and was in the import only because
// that was quicker.
func (b *batch) enliven(ctx context.Context, p core.Part, e core.Event) error {
	if e.Historic {
		return nil
	}
	m, err := b.repo.Message(ctx, p.Message)
	if err != nil {
		return fmt.Errorf("message that is here: %w", err)
	}
	if !m.Historic || m.Content.Automatic != "" {
		return nil
	}
	m.Historic = false
	conv, opened, err := b.conversation(ctx, m)
	if err != nil {
		return err
	}
	m.Conversation, m.Contact = conv.ID, conv.Contact
	if m.Seq, err = b.repo.NextSeq(ctx, conv.ID, earlier(m.At, b.now)); err != nil {
		return fmt.Errorf("take sequence: %w", err)
	}
	if err := b.repo.Enliven(ctx, m.ID, conv.ID, m.Seq); err != nil {
		return fmt.Errorf("take message out of history: %w", err)
	}
	return b.among(e.Peer).updateConversation(ctx, m, conv, opened)
}

// recognise looks whether an echo of our own send, which does not carry our key, is of the part being sent just now: its answer is still on its
// way, so nobody knows the provider's id yet.
func (b *batch) recognise(ctx context.Context, conv core.Conversation, e core.Event) (bool, error) {
	if e.Origin != core.OriginGateway && e.Origin != core.OriginBusiness {
		return false, nil
	}
	p, err := b.repo.NextPart(ctx, conv.ID)
	if absent(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("part being sent: %w", err)
	}
	sending := p.Status == core.StatusSending || p.Status == core.StatusUnknown
	if !sending || p.Provider != "" || p.Channel != b.ch.ID || !echoes(p.Content, e.Message.Content) {
		return false, nil
	}
	return true, b.echoed(ctx, p, e)
}

// echoes reports whether a platform may show what we are sending in this way: sounds are of one kind there, and choices are a text that has theirs in it.
func echoes(ours, shown core.Content) bool {
	switch {
	case ours.Kind == core.KindChoices && shown.Kind == core.KindText:
		return strings.Contains(bare(shown.Text), bare(ours.Text))
	case ours.Kind == core.KindVoice && shown.Kind == core.KindAudio:
		return true
	}
	return ours.Kind == shown.Kind && bare(ours.Text) == bare(shown.Text)
}

// echoed takes a message as proof that a part was sent.
func (b *batch) echoed(ctx context.Context, p core.Part, e core.Event) error {
	if p.Status == core.StatusReceived {
		return nil
	}
	return b.raise(ctx, p.ID, core.ReceiptBody{Provider: e.Message.Provider, Stanza: e.Message.Stanza, Status: came(e)}, e.At)
}

// fill replaces a placeholder by what another transport could read.
func (b *batch) fill(ctx context.Context, p core.Part, e core.Event) error {
	if _, err := b.lock(ctx, p.Conversation); err != nil {
		return err
	}
	old, err := b.repo.Message(ctx, p.Message)
	if err != nil {
		return fmt.Errorf("placeholder: %w", err)
	}
	if !old.Revoked.IsZero() {
		return nil
	}
	m := core.Message{ID: p.Message, Conversation: old.Conversation, Content: e.Message.Content, Created: b.now, Parts: []core.Part{p}}
	if err := b.quote(ctx, &m); err != nil {
		return err
	}
	if err := b.keep(ctx, b.file(&m)); err != nil {
		return err
	}
	e.Historic = old.Historic && e.Historic
	if err := b.repo.EditMessage(ctx, p.Message, m.Content, e.At); err != nil {
		return fmt.Errorf("fill placeholder: %w", err)
	}
	return b.tell(ctx, e, m.Conversation, core.ConversationEvent{Kind: core.ConversationEventNotice, Code: core.LineFilled, By: author(e), Message: p.Message, At: e.At,
		Data: map[string]string{"text": m.Content.Text}, Text: "The message that could not be shown is here now."})
}

// draft makes the message and its one part from the event.
func (b *batch) draft(e core.Event, contact core.ContactID, identity core.IdentityID) core.Message {
	m := core.Message{ID: core.NewID[core.MessageID](), Workspace: b.ch.Workspace, Contact: contact, Channel: b.ch.ID, Identity: identity,
		Direction: core.In, Author: author(e), Content: e.Message.Content, Status: core.StatusReceived, At: e.At, Created: b.now, Historic: e.Historic}
	if e.Origin != core.OriginCustomer {
		m.Direction, m.Status = core.Out, came(e)
	}
	m.Parts = []core.Part{{ID: core.NewID[core.PartID](), Message: m.ID, Channel: b.ch.ID, Provider: e.Message.Provider,
		Stanza: e.Message.Stanza, Status: m.Status, Sent: m.At, Updated: b.now}}
	return m
}

// came is how far a message of the business has come.
func came(e core.Event) core.Status {
	if e.Message.Status != "" {
		return e.Message.Status
	}
	return core.StatusSent
}

// store inserts the message at the end of its conversation, with its medium.
func (b *batch) store(ctx context.Context, m *core.Message) error {
	if err := b.quote(ctx, m); err != nil {
		return err
	}
	if err := b.pick(ctx, m); err != nil {
		return err
	}
	var err error
	// A provider's clock that runs ahead must not keep the conversation on top for as long.
	if m.Seq, err = b.repo.NextSeq(ctx, m.Conversation, earlier(m.At, b.now)); err != nil {
		return fmt.Errorf("take sequence: %w", err)
	}
	m.Parts[0].Conversation, m.Parts[0].Seq, m.Parts[0].Content = m.Conversation, m.Seq, m.Content
	file := b.file(m)
	won, err := b.repo.AddMessage(ctx, *m)
	if err == nil && !won {
		err = core.ErrOutrun // between our look and our insert; the next try meets it
	}
	if err != nil {
		return fmt.Errorf("add message: %w", err)
	}
	return b.keep(ctx, file)
}

// quote finds our own id of the message quoted. One that is not known stays quoted by the provider's.
func (b *batch) quote(ctx context.Context, m *core.Message) error {
	q := m.Content.Quote
	if q == nil || q.Provider == "" {
		return nil
	}
	p, err := b.partOnEitherSide(ctx, q.Provider, q.Stanza, func(core.LedgerEntry) bool { return true })
	if absent(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find quoted message: %w", err)
	}
	found := *q
	found.Message = p.Message
	m.Content.Quote = &found
	return nil
}
