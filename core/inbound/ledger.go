package inbound

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"causeway/core"
)

// A phone number may be served by two channels, the provider's API and a device linked to the phone. The ledger has each message of such a number once,
// with what either side has seen of it: this file enters messages there, twin.go finds in it what the other side brought before, answer.go waits where
// that may be our own send.

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
		return underStanza(s)
	}
	return provider
}

// underStanza is what an event waits for that names a message by the id which both sides share.
func underStanza(stanza string) string { return "stanza/" + stanza }

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

// enterLedger adds a message that was stored just now, or is here already, to the ledger.
func (b *batch) enterLedger(ctx context.Context, m core.Message, p core.Part, e core.Event) error {
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
		err = core.ErrOutrun
	}
	if err != nil {
		return fmt.Errorf("enter message: %w", err)
	}
	return b.unparkBoth(ctx, underStanza(stanza))
}

// enterAgain notes that a side has seen a message that is here by its own id.
func (b *batch) enterAgain(ctx context.Context, p core.Part, e core.Event) error {
	if !b.shared() {
		return nil
	}
	m, err := b.repo.Message(ctx, p.Message)
	if err != nil {
		return fmt.Errorf("message seen again: %w", err)
	}
	return b.enterLedger(ctx, m, p, e)
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

// partOnEitherSide finds the part that an event of the channel is about, by the provider's id or by the one that both sides share. Fits may refuse an entry.
func (b *batch) partOnEitherSide(ctx context.Context, provider, stanza string, fits func(core.LedgerEntry) bool) (core.Part, error) {
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
