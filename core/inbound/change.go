package inbound

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"causeway/core"
)

// reaction puts an emoji on a message, or takes it back.
func (b *batch) reaction(ctx context.Context, e core.Event) error {
	if err := b.openByReaction(ctx, e); err != nil {
		return err
	}
	m, err := b.target(ctx, e, e.Reaction.Target, e.Reaction.Stanza)
	if err != nil || m.ID == "" {
		return err
	}
	put := core.Reaction{By: author(e), Member: e.Author, Emoji: e.Reaction.Emoji, At: e.At}
	if err := b.repo.PutReaction(ctx, m.ID, put); err != nil {
		return fmt.Errorf("put reaction: %w", err)
	}
	if b.shared() && slices.ContainsFunc(m.Reactions, func(r core.Reaction) bool {
		return r.By.Kind == put.By.Kind && r.Member == put.Member && r.Emoji == put.Emoji
	}) {
		return nil // the other side told it
	}
	ev := core.ConversationEvent{Kind: core.ConversationEventNotice, Code: core.LineReaction, By: author(e), Message: m.ID, At: e.At,
		Data: map[string]string{"emoji": e.Reaction.Emoji, "text": m.Content.Text}, Text: "Reacted " + e.Reaction.Emoji + " to: " + m.Content.Text}
	if e.Reaction.Emoji == "" {
		ev.Code, ev.Text = core.LineReactionRemoved, "Took back the reaction to: "+m.Content.Text
	}
	return b.tell(ctx, e, m.Conversation, ev)
}

// openByReaction moves the reply window where the provider takes the reaction of somebody known as an act of the customer.
func (b *batch) openByReaction(ctx context.Context, e core.Event) error {
	if !e.Opens || e.Historic || e.Origin != core.OriginCustomer {
		return nil
	}
	known, err := b.repo.Identities(ctx, e.Peer.Identities)
	if err != nil {
		return fmt.Errorf("who reacted: %w", err)
	}
	who, there := addressing(known)
	if !there {
		return nil
	}
	return b.openWindow(ctx, who.ID, e.At)
}

// edit replaces what a message says. A change older than the last one, or of a message that was deleted, comes too late. Of two at the same time, whose
// order nobody tells, the one holds whose words sort last: whichever comes first, the end is the same.
func (b *batch) edit(ctx context.Context, e core.Event) error {
	m, err := b.target(ctx, e, e.Edit.Target, e.Edit.Stanza)
	if err != nil || m.ID == "" || !m.Revoked.IsZero() || e.At.Before(m.Edited) {
		return err
	}
	edited := core.Message{ID: m.ID, Conversation: m.Conversation, Content: b.changed(m.Content, e.Edit.Content), Parts: m.Parts}
	if b.shared() && !m.Edited.IsZero() && alike(m.Content, edited.Content) { // the other side told it; this one's time may be finer
		return b.repo.EditMessage(ctx, m.ID, m.Content, e.At)
	}
	if e.At.Equal(m.Edited) && edited.Content.Text < m.Content.Text {
		return nil
	}
	if media := edited.Content.Media; media == nil || media.ID == "" {
		if err := b.keep(ctx, b.file(&edited)); err != nil {
			return err
		}
	}
	if err := b.repo.EditMessage(ctx, m.ID, edited.Content, e.At); err != nil {
		return fmt.Errorf("edit message: %w", err)
	}
	return b.tell(ctx, e, m.Conversation, core.ConversationEvent{Kind: core.ConversationEventNotice, Code: core.LineEdit, By: author(e), Message: m.ID, At: e.At,
		Data: map[string]string{"old": m.Content.Text, "text": edited.Content.Text}, Text: "Changed the message to: " + edited.Content.Text})
}

// changed is the new content with what an edit does not repeat: the same file under its old name, and what the message answers to. New words for a file
// are its caption.
func (b *batch) changed(old, now core.Content) core.Content {
	switch {
	case old.Media == nil || !old.Kind.HasMedia():
	case now.Kind == core.KindText, now.Kind == old.Kind && (b.shared() || now.Media == nil || sameFile(*old.Media, *now.Media)):
		now.Kind, now.Media = old.Kind, old.Media // of two sides of a number, either may have brought it
	}
	if now.Quote == nil {
		now.Quote = old.Quote
	}
	if now.Referral == nil {
		now.Referral = old.Referral
	}
	now.Forwarded = now.Forwarded || old.Forwarded
	return now
}

// sameFile reports whether an edit names the file that is there, or none: providers may give it another name with each edit.
func sameFile(old, now core.Media) bool {
	return now.Provider == old.Provider || now.Provider == "" && now.URL == "" || now.SHA256 != "" && now.SHA256 == old.SHA256
}

// revoke takes a message's content away.
func (b *batch) revoke(ctx context.Context, e core.Event) error {
	m, err := b.target(ctx, e, e.Revoke.Target, e.Revoke.Stanza)
	if err != nil || m.ID == "" || !m.Revoked.IsZero() {
		return err
	}
	if err := b.repo.RevokeMessage(ctx, m.ID, e.At); err != nil {
		return fmt.Errorf("revoke message: %w", err)
	}
	if err := b.drop(ctx, m.ID); err != nil {
		return err
	}
	return b.tell(ctx, e, m.Conversation, core.ConversationEvent{Kind: core.ConversationEventNotice, Code: core.LineRevoke, By: author(e), Message: m.ID, At: e.At,
		Text: "Deleted a message."})
}

// target finds the message that a change is about, its conversation locked, or parks the change and returns a zero message.
func (b *batch) target(ctx context.Context, e core.Event, provider, stanza string) (core.Message, error) {
	fits, err := b.mayChange(ctx, e)
	if err != nil {
		return core.Message{}, err
	}
	p, err := b.partOnEitherSide(ctx, provider, stanza, fits)
	if absent(err) {
		return core.Message{}, b.park(ctx, b.parkedUnder(provider, stanza), e)
	}
	if err != nil {
		return core.Message{}, fmt.Errorf("find target: %w", err)
	}
	if _, err := b.lock(ctx, p.Conversation); err != nil {
		return core.Message{}, err
	}
	m, err := b.repo.Message(ctx, p.Message)
	if err != nil {
		return m, fmt.Errorf("read target: %w", err)
	}
	return m, nil
}

// tell adds a line to the conversation's history and asks for the agents to be told. Of imported history nobody is told.
func (b *batch) tell(ctx context.Context, e core.Event, id core.ConversationID, line core.ConversationEvent) error {
	if e.Historic {
		return nil
	}
	if _, err := b.lock(ctx, id); err != nil {
		return err
	}
	line.ID, line.Conversation = core.NewID[string](), id
	if line.At.IsZero() {
		line.At = b.now
	}
	b.job(core.JobNotify, string(id))
	if err := b.repo.AddConversationEvent(ctx, line); err != nil {
		return fmt.Errorf("add conversation event: %w", err)
	}
	return nil
}

// author is whose act an event reports.
func author(e core.Event) core.Author {
	switch e.Origin {
	case core.OriginDevice, core.OriginBusiness:
		return core.Author{Kind: core.AuthorPhone}
	case core.OriginGateway:
		return core.Author{Kind: core.AuthorAPI} // through our account, and not by us: another program
	default:
		return core.Author{Kind: core.AuthorContact, Name: cmp.Or(e.Author, e.Peer.Name)}
	}
}
