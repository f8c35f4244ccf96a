package inbound

import (
	"context"
	"fmt"
	"slices"

	"causeway/core"
)

// told says that an event told of identities.
func (b *batch) told(e core.Event) core.Told {
	return core.Told{Source: b.ch.Kind, Channel: b.ch.ID, Event: string(e.Kind) + "/" + e.ID, At: b.now}
}

// owner decides who a peer is whose identities are not all one contact's yet. An account outweighs a phone number, which may change hands: a known
// number that shows up with another account is that account's from then on. An account that nobody knew is taken for the number's owner under a new
// id if that contact was heard of lately, else for somebody new.
func (b *batch) owner(ctx context.Context, e core.Event, c core.Contact, known []core.Identity) (core.Contact, error) {
	at := slices.IndexFunc(known, func(i core.Identity) bool { return i.Key.Scheme == core.SchemePhone })
	account := slices.IndexFunc(e.Peer.Identities, func(k core.IdentityKey) bool { return k.Scheme.Account() })
	if at < 0 || account < 0 {
		return c, nil
	}
	theirs, err := b.repo.IdentitiesOf(ctx, known[at].Contact)
	if err != nil {
		return c, fmt.Errorf("identities of number's owner: %w", err)
	}
	k := e.Peer.Identities[account]
	before, clash := core.ClashWith(theirs, k, b.ch.ID)
	if !clash || slices.ContainsFunc(theirs, func(i core.Identity) bool { return i.Key == k }) {
		return c, nil
	}
	if i := slices.IndexFunc(known, func(i core.Identity) bool { return i.Key == k }); i >= 0 {
		to, err := b.repo.Contact(ctx, known[i].Contact)
		if err != nil {
			return c, fmt.Errorf("contact of account: %w", err)
		}
		return to, core.HandOver(ctx, b.repo, known[at], to.ID, b.told(e))
	}
	if known[at].Contact != c.ID {
		return c, nil // another id of theirs says who they are
	}
	lately, err := b.heardLately(ctx, c, known[at])
	if err != nil {
		return c, err
	}
	if lately {
		return c, b.renewed(ctx, e, c, before, k)
	}
	to, err := b.newContact(ctx, e.Peer, k, b.told(e))
	if err != nil {
		return c, err
	}
	return to, core.HandOver(ctx, b.repo, known[at], to.ID, b.told(e))
}

// heardLately reports whether a number's owner wrote, on any channel, or became known, so lately that nobody else can have the number.
func (b *batch) heardLately(ctx context.Context, c core.Contact, number core.Identity) (bool, error) {
	channels, err := core.EveryChannel(ctx, b.repo)
	if err != nil {
		return false, fmt.Errorf("channels that the number's owner may have written on: %w", err)
	}
	last := number.Seen
	for _, ch := range channels {
		w, err := b.repo.Window(ctx, ch.ID, c.ID)
		if err != nil {
			return false, fmt.Errorf("when the number's owner wrote: %w", err)
		}
		last = core.Latest(last, w.Last)
	}
	return b.now.Sub(last) < core.SameAccount, nil
}

// renewed notes that a contact is known under another account's id.
func (b *batch) renewed(ctx context.Context, e core.Event, c core.Contact, old core.Identity, k core.IdentityKey) error {
	conv, err := b.repo.OpenConversation(ctx, c.ID)
	if absent(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open conversation of contact: %w", err)
	}
	e.Historic = false
	return b.tell(ctx, e, conv.ID, core.ConversationEvent{Kind: core.ConversationEventNumberChanged, Code: core.LineIdentityChanged, By: core.Author{Kind: core.AuthorSystem},
		Data: map[string]string{"old": old.Key.Value, "new": k.Value}, Text: "WhatsApp has a new id for this contact."})
}
