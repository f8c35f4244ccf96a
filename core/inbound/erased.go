package inbound

import (
	"context"
	"fmt"
	"slices"

	"causeway/core"
)

// marks are the keyed hashes by which an event about a message that was erased is known.
func (a *Acceptor) marks(ch core.Channel, e core.Event) []string {
	if a.Mark == nil {
		return nil
	}
	var all []string
	for _, text := range repeats(ch, e).Marks() {
		all = append(all, a.Mark(text))
	}
	return all
}

// repeats is by what the message is known that an event brings, or is about.
func repeats(ch core.Channel, e core.Event) core.Repeatable {
	r := core.Repeatable{Channel: ch.ID, Number: ch.Number}
	switch e.Kind {
	case core.EventMessage:
		r.Provider, r.Stanza, r.Part = e.Message.Provider, e.Message.Stanza, core.PartID(e.Key)
	case core.EventReceipt:
		r.Provider, r.Stanza, r.Part = e.Receipt.Provider, e.Receipt.Stanza, core.PartID(e.Key)
	case core.EventReaction:
		r.Provider, r.Stanza = e.Reaction.Target, e.Reaction.Stanza
	case core.EventEdit:
		r.Provider, r.Stanza = e.Edit.Target, e.Edit.Stanza
	case core.EventRevoke:
		r.Provider, r.Stanza = e.Revoke.Target, e.Revoke.Stanza
	default:
		return core.Repeatable{}
	}
	return r
}

// erased reports whether an event is about a message that was erased. Nothing of it is kept, nor that it came.
func (b *batch) erased(ctx context.Context, e core.Event) (bool, error) {
	if b.marks == nil {
		return false, nil
	}
	marks := b.marks(b.ch, e)
	if len(marks) == 0 {
		return false, nil
	}
	found, err := b.repo.WereErased(ctx, marks)
	if err != nil || len(found) == 0 {
		return false, err
	}
	b.met = true
	if stays(e) {
		return true, nil
	}
	if err := b.repo.ForgetEvent(ctx, b.ch.ID, e.Kind, e.ID); err != nil {
		return true, fmt.Errorf("forget event: %w", err)
	}
	return true, nil
}

// suppress lets a new contact's addresses keep the silence that they asked for before they were erased.
func (b *batch) suppress(ctx context.Context, c core.Contact, known []core.Identity) (core.Contact, error) {
	if b.mark == nil {
		return c, nil
	}
	by := map[string]core.Identity{}
	var marks []string
	for _, i := range known {
		for _, k := range append([]core.IdentityKey{i.Key}, core.OtherWritings([]core.IdentityKey{i.Key})...) {
			m := b.mark(k.Mark())
			by[m], marks = i, append(marks, m)
		}
	}
	kept, err := b.repo.Suppressions(ctx, marks)
	if err != nil || len(kept) == 0 {
		return c, err
	}
	for _, s := range kept {
		switch {
		case s.Channel != "":
			_, err = b.repo.SetWish(ctx, core.Wish{Channel: s.Channel, Identity: by[s.Mark].ID, Contact: c.ID, Marketing: s.Marketing, Stop: true, At: s.At})
		case s.Marketing:
			c.MarketingStop = true
		default:
			c.OptedOut = true
		}
		if err != nil {
			return c, fmt.Errorf("keep what a contact wished: %w", err)
		}
	}
	if slices.ContainsFunc(kept, func(s core.Suppression) bool { return s.Channel == "" }) {
		if err := b.repo.SetContact(ctx, c); err != nil {
			return c, fmt.Errorf("keep what a contact wished: %w", err)
		}
	}
	return c, nil
}
