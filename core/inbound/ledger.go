package inbound

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

const (
	// sameTime is by how much the sides of a number may differ in the time of one message: both have it from its sender, in whole seconds.
	sameTime = 2 * time.Second
	// sendTime bounds how long after a template was handed over it may show on the phone.
	sendTime = 3 * time.Minute
	// answerFor is how long what the other side shows waits for the answer to our own send. It is much longer than any answer takes, for the gateway
	// may be stopped meanwhile.
	answerFor = 24 * time.Hour
)

// shared reports whether the channel is one of two sides of a number.
func (b *batch) shared() bool { return b.ch.Twin != "" && b.ch.Number != "" }

// stanza is the id that both sides share. A linked device has no other, but puts before it where and whose the message is.
func (b *batch) stanza(provider, stanza string) string {
	if stanza == "" && b.ch.Phone {
		return provider[strings.LastIndexByte(provider, '/')+1:]
	}
	return stanza
}

// parkedUnder is what an event waits for: on a shared number either side may bring it.
func (b *batch) parkedUnder(provider, stanza string) string {
	if s := b.stanza(provider, stanza); b.shared() && s != "" {
		return "stanza/" + s
	}
	return provider
}

// answerTo is what an event waits for that may report our own send, whose answer is still on its way.
func answerTo(id core.PartID) string { return "answer/" + string(id) }

func direction(e core.Event) core.Direction {
	if e.Origin == core.OriginCustomer {
		return core.In
	}
	return core.Out
}

// sight is how the channel sees the message of an event.
func (b *batch) sight(e core.Event) core.Sight {
	s := core.Sight{Provider: e.Message.Provider, How: core.SightMessage, Seen: b.now}
	switch {
	case e.Historic:
		s.How = core.SightHistory
	case e.Origin == core.OriginGateway && !b.ch.Phone:
		s.How = core.SightSend
	case e.Origin != core.OriginCustomer:
		s.How = core.SightEcho
	}
	return s
}

// enter adds a message that was stored just now, or is here already, to the ledger.
func (b *batch) enter(ctx context.Context, m core.Message, p core.Part, e core.Event) error {
	stanza := b.stanza(e.Message.Provider, e.Message.Stanza)
	if !b.shared() || stanza == "" || e.Test {
		return nil
	}
	k := core.LedgerKey{Number: b.ch.Number, Direction: m.Direction, Stanza: stanza}
	if m.Direction == core.In {
		k.Contact = m.Contact
	}
	there, err := b.repo.Ledger(ctx, k.Number, stanza)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if slices.ContainsFunc(there, func(x core.LedgerEntry) bool { return x.LedgerKey == k }) {
		if err := b.repo.SeeInLedger(ctx, k, b.ch.Phone, b.sight(e)); err != nil {
			return fmt.Errorf("note message as seen: %w", err)
		}
		return nil
	}
	x := core.LedgerEntry{LedgerKey: k, Part: p.ID, Message: m.ID, Conversation: m.Conversation, At: e.At}
	won, err := b.repo.AddToLedger(ctx, x.With(b.ch.Phone, b.sight(e)))
	if err == nil && !won {
		err = errLost
	}
	if err != nil {
		return fmt.Errorf("enter message: %w", err)
	}
	return b.unparkBoth(ctx, "stanza/"+stanza)
}

// again notes that a side has seen a message that is here by its own id.
func (b *batch) again(ctx context.Context, p core.Part, e core.Event) error {
	if !b.shared() {
		return nil
	}
	m, err := b.repo.Message(ctx, p.Message)
	if err != nil {
		return fmt.Errorf("message seen again: %w", err)
	}
	return b.enter(ctx, m, p, e)
}

// meetTwin looks whether the other side of the number has brought a message already, or is sending it just now.
func (b *batch) meetTwin(ctx context.Context, e core.Event, contact core.Contact, identity core.IdentityID) (bool, error) {
	stanza := ""
	if b.shared() {
		stanza = b.stanza(e.Message.Provider, e.Message.Stanza)
	}
	if stanza == "" || e.Test {
		return false, nil
	}
	x, there, err := b.entered(ctx, e, stanza, contact)
	switch {
	case err != nil:
		return false, err
	case there:
		return true, b.meetEntry(ctx, e, x, identity)
	case direction(e) == core.Out:
		return b.await(ctx, e, contact)
	}
	return false, nil
}

func (b *batch) meetEntry(ctx context.Context, e core.Event, x core.LedgerEntry, identity core.IdentityID) error {
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
	if err := b.met(ctx, p, e); err != nil {
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

// spare notes where this side has the medium that the other side brought, and has it fetched from here if it could not be had there.
func (b *batch) spare(ctx context.Context, p core.Part, e core.Event) error {
	had, has := p.Content.Media, e.Message.Content.Media
	if had == nil || had.ID == "" || has == nil || has.Provider == "" && has.URL == "" || p.Channel == b.ch.ID {
		return nil
	}
	if _, err := b.lock(ctx, p.Conversation); err != nil { // whoever fetches it gives up under this lock
		return err
	}
	f, err := b.repo.File(ctx, had.ID)
	if absent(err) {
		return nil // it was deleted
	}
	if err != nil || f.State == core.FileHere || f.State == core.FileDeleted || f.Channel == b.ch.ID {
		return err
	}
	kept := *has
	kept.ID = had.ID
	if err := b.repo.SpareFile(ctx, f.ID, b.ch.ID, kept); err != nil {
		return fmt.Errorf("note where else the medium lies: %w", err)
	}
	if f.State != core.FileMissing {
		return nil
	}
	if _, err := b.repo.UseSpare(ctx, f.ID); err != nil {
		return fmt.Errorf("fetch medium from the other side: %w", err)
	}
	b.job(core.JobFetch, string(f.ID))
	return nil
}

// entered finds the entry of a message. What went out is known by its stanza alone, for our own programs choose it. What came in must be from the same
// contact, or from one of whom the sides know different ids: then both are one person, if time and words agree too.
func (b *batch) entered(ctx context.Context, e core.Event, stanza string, contact core.Contact) (core.LedgerEntry, bool, error) {
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
		if err != nil || !same {
			if err != nil {
				return x, false, err
			}
			continue
		}
		_, err = core.MergeContacts(ctx, b.repo, x.Contact, contact.ID, "one message of theirs came by "+b.ch.Kind+" and by the other side of the number, under the id "+stanza, b.now)
		if err != nil {
			return x, false, fmt.Errorf("join the sides' contacts: %w", err)
		}
		return x, true, nil
	}
	return core.LedgerEntry{}, false, nil
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
	_, err = core.JoinIdentities(ctx, b.repo, conv.Contact, e.Peer.Identities, b.told(e))
	return err
}

// await looks whether a message that went out may be our own, which the other channel is sending just now: who shows it first must wait for the answer
// of who sent it. True: it waits, or is known as ours.
func (b *batch) await(ctx context.Context, e core.Event, contact core.Contact) (bool, error) {
	if b.replaying {
		return false, nil
	}
	all, err := b.repo.ConversationsOf(ctx, contact.ID)
	if err != nil {
		return false, fmt.Errorf("conversations of contact: %w", err)
	}
	for _, conv := range all[:min(2, len(all))] { // what is sent may still leave one that was closed
		if _, err := b.lock(ctx, conv.ID); err != nil {
			return false, err
		}
		p, err := b.repo.NextPart(ctx, conv.ID)
		if absent(err) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("part being sent: %w", err)
		}
		if p.Channel != b.ch.Twin || p.Stanza != "" || p.Status != core.StatusSending && p.Status != core.StatusUnknown {
			continue
		}
		return true, b.answered(ctx, p, e)
	}
	return false, nil
}

// answered takes an event as proof of a part that nobody answered for, has it wait while an answer may come, and applies it by itself after that.
func (b *batch) answered(ctx context.Context, p core.Part, e core.Event) error {
	gone := p.Status == core.StatusUnknown || p.Status == core.StatusSent || p.Status == core.StatusDelivered || p.Status == core.StatusRead
	switch {
	case gone && p.Stanza == "" && shows(p, e):
		p.Stanza = b.stanza(e.Message.Provider, e.Message.Stanza)
		if err := core.Enter(ctx, b.repo, b.ch, p, b.sight(e)); err != nil {
			return err
		}
		if err := b.echoed(ctx, p, e); err != nil {
			return err
		}
		return b.unparkBoth(ctx, "stanza/"+p.Stanza)
	case p.Stanza == "" && (p.Status == core.StatusSending || p.Status == core.StatusUnknown && !p.NotBefore.IsZero()):
		if err := b.repo.ParkEvent(ctx, b.ch.ID, answerTo(p.ID), e, b.now.Add(answerFor)); err != nil {
			return fmt.Errorf("park event until the answer: %w", err)
		}
		return nil
	}
	return b.dispatch(ctx, e)
}

// shows reports whether an event looks like a part of ours.
func shows(p core.Part, e core.Event) bool {
	switch p.Content.Kind {
	case core.KindTemplate, core.KindChoices: // the phone shows what became of them
		return e.At.Sub(p.Updated).Abs() <= sendTime
	default:
		return alike(p.Content, e.Message.Content)
	}
}

// release applies the events that waited for the answer to a send.
func (b *batch) release(ctx context.Context, p core.Part) error {
	if !b.shared() {
		return nil
	}
	return b.sides(ctx, func(side *batch) error {
		return side.unparkBy(ctx, answerTo(p.ID), func(e core.Event) error {
			now, err := side.repo.Part(ctx, p.ID)
			if err != nil {
				return fmt.Errorf("part that was answered: %w", err)
			}
			return side.answered(ctx, now, e)
		})
	})
}

// unparkBoth applies what waited for a message on either side.
func (b *batch) unparkBoth(ctx context.Context, target string) error {
	return b.sides(ctx, func(side *batch) error { return side.unpark(ctx, target) })
}

// sides runs f for the channel and for its twin.
func (b *batch) sides(ctx context.Context, f func(side *batch) error) error {
	if err := f(b); err != nil {
		return err
	}
	twin, err := b.repo.Channel(ctx, b.ch.Twin)
	if err != nil {
		return fmt.Errorf("other side of the number: %w", err)
	}
	other := *b
	other.ch = twin
	return f(&other)
}

// partAt finds the part that an event of the channel is about, by the provider's id or by the one that both sides share. Fits may refuse an entry.
func (b *batch) partAt(ctx context.Context, provider, stanza string, fits func(core.LedgerEntry) bool) (core.Part, error) {
	p, err := b.repo.PartByProvider(ctx, b.ch.ID, provider)
	if !absent(err) || !b.shared() || b.stanza(provider, stanza) == "" {
		return p, err
	}
	all, err := b.repo.Ledger(ctx, b.ch.Number, b.stanza(provider, stanza))
	if err != nil {
		return p, fmt.Errorf("ledger: %w", err)
	}
	for _, x := range all {
		if !fits(x) {
			continue
		}
		if s := x.Side(b.ch.Phone); s.Provider == "" && provider != "" {
			how := core.SightEcho
			if x.Direction == core.In {
				how = core.SightMessage
			}
			if err := b.repo.SeeInLedger(ctx, x.LedgerKey, b.ch.Phone, core.Sight{Provider: provider, How: how, Seen: b.now}); err != nil {
				return p, fmt.Errorf("note message as seen: %w", err)
			}
		}
		return b.repo.Part(ctx, x.Part)
	}
	return p, core.ErrNotFound
}

// mayChange reports which entries the author of a change can mean: people change what they wrote themselves, and react to anything.
func (b *batch) mayChange(ctx context.Context, e core.Event) (func(core.LedgerEntry) bool, error) {
	if !b.shared() || e.Origin != core.OriginCustomer {
		return func(x core.LedgerEntry) bool { return e.Kind == core.EventReaction || x.Direction == core.Out }, nil
	}
	known, err := b.repo.Identities(ctx, e.Peer.Identities)
	if err != nil {
		return nil, fmt.Errorf("who changed it: %w", err)
	}
	who := ownerOf(known)
	return func(x core.LedgerEntry) bool {
		if x.Direction == core.In {
			return who == "" || x.Contact == who
		}
		return e.Kind == core.EventReaction
	}, nil
}

// Answered applies, in the caller's transaction, the events that waited to learn whether they report a part being sent, now that it is known what
// became of that, or that it never will be. It costs nothing for a channel without a twin.
func (a *Acceptor) Answered(ctx context.Context, tx core.Tx, ch core.Channel, p core.Part) error {
	b := a.batch(tx, ch)
	if !b.shared() {
		return nil
	}
	if err := b.release(ctx, p); err != nil {
		return err
	}
	return b.enqueue(ctx, tx)
}
