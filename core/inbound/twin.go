package inbound

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

// sameTime is by how much the sides of a number may differ in the time of one message: both have it from its sender, in whole seconds.
const sameTime = 2 * time.Second

// duplicateOfTwin is duplicate for a shared number: it looks whether the other side of the number has brought a message already, or is sending it just now.
func (b *batch) duplicateOfTwin(ctx context.Context, e core.Event, contact core.Contact, identity core.IdentityID) (bool, error) {
	stanza := ""
	if b.shared() {
		stanza = b.stanza(e.Message.Provider, e.Message.Stanza)
	}
	if stanza == "" || e.Test {
		return false, nil
	}
	x, there, err := b.findEntry(ctx, e, stanza, contact)
	switch {
	case err != nil:
		return false, err
	case there:
		return true, b.learnFromTwin(ctx, e, x, identity)
	case direction(e) == core.Out:
		return b.awaitAnswer(ctx, e, contact)
	}
	return false, nil
}

// learnFromTwin takes from an event what this side knows of a message that the other side brought.
func (b *batch) learnFromTwin(ctx context.Context, e core.Event, x core.LedgerEntry, identity core.IdentityID) error {
	p, err := b.repo.Part(ctx, x.Part)
	if err != nil {
		return fmt.Errorf("part of ledger: %w", err)
	}
	if err := b.repo.SeeInLedger(ctx, x.LedgerKey, b.ch.Phone, b.sight(e)); err != nil {
		return fmt.Errorf("note message as seen: %w", err)
	}
	if x.Direction == core.Out {
		if err := b.joinPartner(ctx, x, e); err != nil {
			return err
		}
	}
	if err := b.complete(ctx, p, e); err != nil {
		return err
	}
	if err := b.spare(ctx, p, e); err != nil {
		return err
	}
	if x.Direction == core.In && !e.Historic {
		if err := b.openWindow(ctx, identity, e.At); err != nil {
			return err
		}
	}
	return b.unpark(ctx, e.Message.Provider)
}

// findEntry finds the entry of a message. What went out is known by its stanza alone, for our own programs choose it. What came in must be from the same
// contact, or from one of whom the sides know different ids: then both are one person, if time and words agree too.
func (b *batch) findEntry(ctx context.Context, e core.Event, stanza string, contact core.Contact) (core.LedgerEntry, bool, error) {
	all, err := b.repo.Ledger(ctx, b.ch.Number, stanza)
	if err != nil {
		return core.LedgerEntry{}, false, fmt.Errorf("ledger: %w", err)
	}
	all = slices.DeleteFunc(all, func(x core.LedgerEntry) bool { return x.Direction != direction(e) })
	for _, x := range all {
		if x.Direction == core.Out || x.Contact == contact.ID {
			return x, true, nil
		}
	}
	for _, x := range all {
		same, err := b.sameMessage(ctx, e, x, contact)
		if err != nil {
			return x, false, err
		}
		if same {
			return x, true, b.joinContacts(ctx, x, contact)
		}
	}
	return core.LedgerEntry{}, false, nil
}

// joinContacts makes the two contacts one as whom the sides know who wrote a message.
func (b *batch) joinContacts(ctx context.Context, x core.LedgerEntry, contact core.Contact) error {
	why := "one message of theirs came by " + b.ch.Kind + " and by the other side of the number, under the id " + x.Stanza
	if _, err := core.MergeContacts(ctx, b.repo, b.ask, x.Contact, contact.ID, why, b.now); err != nil {
		return fmt.Errorf("join the sides' contacts: %w", err)
	}
	return nil
}

// sameMessage reports whether an entry under another contact is of the same message: one that only the other side has seen, at the same time, with the
// same words as far as both can show them, and from somebody who is not known to have another account.
func (b *batch) sameMessage(ctx context.Context, e core.Event, x core.LedgerEntry, contact core.Contact) (bool, error) {
	if !x.Side(b.ch.Phone).Seen.IsZero() || x.At.Sub(e.At).Abs() > sameTime {
		return false, nil
	}
	m, err := b.repo.Message(ctx, x.Message)
	if err != nil {
		return false, fmt.Errorf("message of ledger: %w", err)
	}
	if m.Revoked.IsZero() && m.Edited.IsZero() && !alike(m.Content, e.Message.Content) {
		return false, nil
	}
	theirs, err := b.repo.IdentitiesOf(ctx, x.Contact)
	if err != nil {
		return false, fmt.Errorf("identities of ledger's contact: %w", err)
	}
	own, err := b.repo.IdentitiesOf(ctx, contact.ID)
	if err != nil {
		return false, fmt.Errorf("identities of contact: %w", err)
	}
	if core.Clash(theirs, own) {
		return false, nil
	}
	parted, err := core.Parted(ctx, b.repo, x.Contact, contact.ID)
	return !parted, err
}

// alike reports whether two sides may show one message in these two ways.
func alike(a, c core.Content) bool {
	if a.Kind == core.KindUnsupported || c.Kind == core.KindUnsupported {
		return true
	}
	return a.Kind == c.Kind && bare(a.Text) == bare(c.Text)
}

// bare is a text without marks and spaces, which the sides write differently.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n*_~`\u200e\u200f", r) {
			return -1
		}
		return r
	}, s)
}

// joinPartner makes the two ids one person by whom the sides know whom a message went to.
func (b *batch) joinPartner(ctx context.Context, x core.LedgerEntry, e core.Event) error {
	conv, err := b.repo.Conversation(ctx, x.Conversation)
	if err != nil {
		return fmt.Errorf("conversation of ledger: %w", err)
	}
	_, err = core.JoinIdentities(ctx, b.repo, b.ask, conv.Contact, e.Peer.Identities, b.told(e))
	return err
}
