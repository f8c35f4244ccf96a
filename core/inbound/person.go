package inbound

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"causeway/core"
)

// lookAgain is how often a race that was lost is looked at again. It is over at the second look; the third is for what a merge moved meanwhile.
const lookAgain = 3

// person finds or makes the contact behind a peer. Identities seen together belong to one person: those not known yet are added, and two
// contacts known by them are merged. It returns the contact and the identity to answer to, the first of the peer.
func (b *batch) person(ctx context.Context, e core.Event) (core.Contact, core.IdentityID, error) {
	contact, known, err := b.findOrMake(ctx, e, e.Peer)
	if err != nil {
		return contact, "", err
	}
	if !settled(contact, known, e.Peer.Identities) {
		if contact, err = b.owner(ctx, e, contact, known); err != nil {
			return contact, "", err
		}
		if known, err = core.JoinIdentities(ctx, b.repo, b.ask, contact.ID, e.Peer.Identities, b.told(e)); err != nil {
			return contact, "", err
		}
		known = slices.DeleteFunc(known, func(i core.Identity) bool { return i.Contact != contact.ID })
	}
	if contact.Created.Equal(b.now) {
		if contact, err = b.suppress(ctx, contact, known); err != nil {
			return contact, "", err
		}
	}
	answer, there := addressing(known)
	if !there {
		return contact, "", fmt.Errorf("identity just added: %w", core.ErrNotFound)
	}
	return contact, answer.ID, nil
}

// settled reports whether all keys are known as the contact's already.
func settled(c core.Contact, known []core.Identity, keys []core.IdentityKey) bool {
	return !slices.ContainsFunc(keys, func(k core.IdentityKey) bool {
		return !slices.ContainsFunc(known, func(i core.Identity) bool { return i.Key == k && i.Contact == c.ID })
	})
}

// findOrMake returns the contact known by an addressing identity of the peer, or a new one, and which of the peer's identities were known, or their
// number as it may be written otherwise.
func (b *batch) findOrMake(ctx context.Context, e core.Event, p core.Peer) (core.Contact, []core.Identity, error) {
	keys := core.SortedKeys(p.Identities)
	first := slices.IndexFunc(keys, func(k core.IdentityKey) bool { return k.Scheme.Addressing() })
	if first < 0 {
		return core.Contact{}, nil, errors.New("the event names nobody who could be answered")
	}
	for range lookAgain {
		known, owner, err := b.known(ctx, p.Identities)
		if err != nil {
			return core.Contact{}, nil, err
		}
		var c core.Contact
		if owner == "" {
			c, err = b.newContact(ctx, p, keys[first], b.told(e))
		} else {
			c, err = b.named(ctx, owner, p)
		}
		if !errors.Is(err, core.ErrOutrun) {
			return c, known, err
		}
	}
	return core.Contact{}, nil, core.ErrOutrun
}

// named reads a contact and gives it the peer's name and language if it has none. ErrOutrun: it was merged into another one just now.
func (b *batch) named(ctx context.Context, id core.ContactID, p core.Peer) (core.Contact, error) {
	c, err := b.repo.Contact(ctx, id)
	if err != nil {
		return c, fmt.Errorf("contact of identity: %w", err)
	}
	if c.MergedInto != "" {
		return c, core.ErrOutrun
	}
	if c.Name != "" && p.Name != "" && p.Name != c.Name {
		if err := b.profile(ctx, c.ID, p.Name); err != nil {
			return c, err
		}
	}
	old := c
	c.Name, c.Language = cmp.Or(c.Name, p.Name), cmp.Or(c.Language, p.Language)
	if c == old {
		return c, nil
	}
	if err := b.repo.SetContact(ctx, c); err != nil {
		return c, fmt.Errorf("name contact: %w", err)
	}
	return c, nil
}

// newContact makes a contact with an identity, or nothing at all if another transaction was first.
func (b *batch) newContact(ctx context.Context, p core.Peer, k core.IdentityKey, told core.Told) (core.Contact, error) {
	c := core.Contact{ID: core.NewID[core.ContactID](), Workspace: b.ch.Workspace, Name: p.Name, Language: p.Language, Created: b.now}
	won, err := b.repo.AddPerson(ctx, c, core.Identity{ID: core.NewID[core.IdentityID](), Contact: c.ID, Key: k, Source: told.Source,
		Channel: told.Channel, Event: told.Event, Seen: told.At})
	if err != nil {
		return c, fmt.Errorf("add contact: %w", err)
	}
	if !won {
		return c, core.ErrOutrun
	}
	return c, nil
}

// known returns those of the keys that are known, and whose the first addressing one is. Where there is none, a phone number is tried under the other
// ways of writing it.
func (b *batch) known(ctx context.Context, keys []core.IdentityKey) ([]core.Identity, core.ContactID, error) {
	found, err := b.repo.Identities(ctx, keys)
	if err != nil {
		return nil, "", fmt.Errorf("look up identities: %w", err)
	}
	if owner := ownerOf(found); owner != "" {
		return found, owner, nil
	}
	variants := core.OtherWritings(keys)
	if len(variants) == 0 {
		return found, "", nil
	}
	others, err := b.repo.Identities(ctx, variants)
	if err != nil {
		return nil, "", fmt.Errorf("look up number variants: %w", err)
	}
	return slices.Concat(found, others), ownerOf(others), nil
}

func ownerOf(found []core.Identity) core.ContactID {
	i, _ := addressing(found)
	return i.Contact
}

// addressing returns the first identity that finds a person: a user name may be another's by now.
func addressing(found []core.Identity) (core.Identity, bool) {
	i := slices.IndexFunc(found, func(i core.Identity) bool { return i.Key.Scheme.Addressing() })
	if i < 0 {
		return core.Identity{}, false
	}
	return found[i], true
}

// identity applies a changed number or id: the new ones join the contact, the old ones stay, since history was written to them. Answers go to the
// new ones from now on.
func (b *batch) identity(ctx context.Context, e core.Event) error {
	old := e.Identity.Old
	if len(old) == 0 {
		old = e.Peer.Identities
	}
	c, _, err := b.findOrMake(ctx, e, core.Peer{Name: e.Peer.Name, Identities: slices.Concat(old, e.Identity.New)})
	if err != nil {
		return err
	}
	if _, err := core.JoinIdentities(ctx, b.repo, b.ask, c.ID, old, b.told(e)); err != nil {
		return err
	}
	told := b.told(e)
	told.Source = core.SourceChanged
	if _, err := core.JoinIdentities(ctx, b.repo, b.ask, c.ID, e.Identity.New, told); err != nil {
		return err
	}
	conv, err := b.repo.OpenConversation(ctx, c.ID)
	if absent(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open conversation of contact: %w", err)
	}
	return b.tell(ctx, e, conv.ID, core.ConversationEvent{Kind: core.ConversationEventNumberChanged, Code: core.LineIdentityChanged, Text: e.Identity.Note,
		Data: map[string]string{"old": values(e.Identity.Old), "new": values(e.Identity.New)}})
}

func values(keys []core.IdentityKey) string {
	s := ""
	for _, k := range keys {
		if s != "" {
			s += ", "
		}
		s += k.Value
	}
	return s
}
