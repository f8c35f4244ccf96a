package inbound

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"causeway/core"
)

// sweepAtOnce is how many overdue events become dead letters in one transaction.
const sweepAtOnce = 100

// Malformed keeps an authenticated webhook body that no bridge could read.
func (a *Acceptor) Malformed(ctx context.Context, ch core.Channel, raw []byte, reason string) error {
	return a.store.In(ch.Workspace).AddDeadLetter(ctx, core.DeadLetter{ID: core.NewID[string](), Channel: ch.ID, Kind: "webhook",
		Reason: reason, Raw: raw, At: a.now()})
}

// Refuse keeps events that are not for this channel, with the reason. An event refused before is not kept again.
func (a *Acceptor) Refuse(ctx context.Context, ch core.Channel, events []core.Event, reason string) error {
	return a.store.Tx(ctx, func(tx core.Tx) error {
		b := a.batch(tx, ch)
		for _, e := range events {
			if err := b.refuse(ctx, e, reason); err != nil {
				return err
			}
		}
		return nil
	})
}

// Replay applies a dead letter's event and removes the letter, or says as a Problem why it cannot be applied and keeps it. An event for another
// account goes to the channel of this workspace that stands for it now.
func (a *Acceptor) Replay(ctx context.Context, ws core.WorkspaceID, id string) error {
	repo := a.store.In(ws)
	d, err := repo.DeadLetter(ctx, id)
	if err != nil {
		return err
	}
	var e core.Event
	if len(d.Event) == 0 || json.Unmarshal(d.Event, &e) != nil {
		return core.Problemf(core.CodeConflict, "This dead letter holds no event that could be applied again.")
	}
	if why := unfit(e); why != "" {
		return core.Problemf(core.CodeConflict, "This event can never be applied: %s", why)
	}
	ch, err := addressee(ctx, repo, d, e)
	if err != nil {
		return err
	}
	return a.store.Tx(ctx, func(tx core.Tx) error { return a.batch(tx, ch).replay(ctx, d, e) })
}

// addressee finds the channel that a dead letter's event is for.
func addressee(ctx context.Context, repo core.Repo, d core.DeadLetter, e core.Event) (core.Channel, error) {
	ch, err := repo.Channel(ctx, d.Channel)
	if err != nil {
		return ch, fmt.Errorf("channel of dead letter: %w", err)
	}
	if !foreign(ch, e) {
		return ch, nil
	}
	all, err := repo.Channels(ctx)
	if err != nil {
		return ch, fmt.Errorf("channels of workspace: %w", err)
	}
	for _, other := range all {
		if other.Kind == ch.Kind && other.Account == e.Account {
			return other, nil
		}
	}
	return ch, core.Problemf(core.CodeConflict, "This event is for the account %s, and no channel here stands for it.", e.Account).
		Remedied("Set up a channel for that account, then replay it.")
}

// replay applies the event of a dead letter. The letter goes first: of two who replay it at once, one finds it gone.
func (b *batch) replay(ctx context.Context, d core.DeadLetter, e core.Event) error {
	b.replaying = true
	if err := b.repo.RemoveDeadLetter(ctx, d.ID); err != nil {
		return err
	}
	fresh, err := b.repo.ClaimEvent(ctx, b.ch.ID, e.Kind, e.ID)
	if err != nil {
		return fmt.Errorf("claim event: %w", err)
	}
	// What died on this channel was claimed when it did. On another channel the claim says that the event came there by itself.
	if !fresh && b.ch.ID != d.Channel {
		return nil
	}
	if err := b.dispatch(ctx, e); err != nil {
		return err
	}
	return b.enqueue(ctx, b.tx)
}

// Sweep turns events that waited in vain for their message into dead letters, and returns how many there were.
func (a *Acceptor) Sweep(ctx context.Context, ws core.WorkspaceID) (int, error) {
	all := 0
	for {
		n, err := a.sweep(ctx, ws)
		if all += n; err != nil || n < sweepAtOnce {
			return all, err
		}
	}
}

func (a *Acceptor) sweep(ctx context.Context, ws core.WorkspaceID) (n int, err error) {
	err = a.store.Tx(ctx, func(tx core.Tx) error {
		n = 0
		overdue, err := tx.In(ws).TakeOverdue(ctx, a.now(), sweepAtOnce)
		if err != nil {
			return fmt.Errorf("take overdue events: %w", err)
		}
		for _, d := range overdue {
			if err := tx.In(ws).AddDeadLetter(ctx, d); err != nil {
				return fmt.Errorf("keep overdue event: %w", err)
			}
		}
		n = len(overdue)
		return nil
	})
	return n, err
}

// deadLetter keeps an event whole. Raw text that is no JSON becomes a JSON string; an event that JSON cannot hold leaves its raw text.
func deadLetter(ch core.Channel, e core.Event, reason string, now time.Time) core.DeadLetter {
	d := core.DeadLetter{ID: core.NewID[string](), Channel: ch.ID, Kind: "event", Reason: reason, Raw: e.Raw, At: now}
	if len(e.Raw) > 0 && !json.Valid(e.Raw) {
		e.Raw, _ = json.Marshal(string(e.Raw)) // any text can be a JSON string
	}
	whole, err := json.Marshal(e)
	if err != nil {
		d.Reason += " (and it cannot be kept as an event: " + err.Error() + ")"
		return d
	}
	d.Event = whole
	return d
}
