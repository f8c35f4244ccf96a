package inbound

import (
	"context"
	"fmt"
	"time"

	"causeway/core"
)

const (
	// sendTime bounds how long after a template was handed over it may show on the phone.
	sendTime = 3 * time.Minute
	// answerFor is how long what the other side shows waits for the answer to our own send. It is much longer than any answer takes, for the gateway
	// may be stopped meanwhile.
	answerFor = 24 * time.Hour
)

// answerTo is what an event waits for that may report our own send, whose answer is still on its way.
func answerTo(id core.PartID) string { return "answer/" + string(id) }

// awaitAnswer looks whether a message that went out may be our own, which the other channel is sending just now: who shows it first must wait for the answer
// of who sent it. True: it waits, or is known as ours.
func (b *batch) awaitAnswer(ctx context.Context, e core.Event, contact core.Contact) (bool, error) {
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
		return true, b.matchSend(ctx, p, e)
	}
	return false, nil
}

// matchSend finds out whether an event shows a part of ours whose answer has not come: then it proves that the part has left. While that answer may still
// come the event waits for it, and else it is a message of its own.
func (b *batch) matchSend(ctx context.Context, p core.Part, e core.Event) error {
	switch {
	case p.Stanza != "": // the answer has come, and the event is not known by it
		return b.dispatch(ctx, e)
	case mayHaveLeft(p) && shows(p, e):
		return b.proveSent(ctx, p, e)
	case awaited(p):
		if err := b.repo.ParkEvent(ctx, b.ch.ID, answerTo(p.ID), e, b.now.Add(answerFor)); err != nil {
			return fmt.Errorf("park event until the answer: %w", err)
		}
		return nil
	}
	return b.dispatch(ctx, e)
}

// mayHaveLeft reports whether the provider may have a part.
func mayHaveLeft(p core.Part) bool {
	switch p.Status {
	case core.StatusUnknown, core.StatusSent, core.StatusDelivered, core.StatusRead:
		return true
	default:
		return false
	}
}

// awaited reports whether the answer to a send is still waited for.
func awaited(p core.Part) bool {
	return p.Status == core.StatusSending || p.Status == core.StatusUnknown && !p.NotBefore.IsZero()
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

// proveSent takes an event of the other side as proof that a part has left, under the id that the event tells.
func (b *batch) proveSent(ctx context.Context, p core.Part, e core.Event) error {
	p.Stanza = b.stanza(e.Message.Provider, e.Message.Stanza)
	if err := core.Enter(ctx, b.repo, b.ch, p, b.sight(e)); err != nil {
		return err
	}
	if err := b.echoed(ctx, p, e); err != nil {
		return err
	}
	return b.unparkBoth(ctx, underStanza(p.Stanza))
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
			return side.matchSend(ctx, now, e)
		})
	})
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
