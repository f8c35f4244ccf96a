package outbound

import (
	"context"
	"fmt"
	"time"

	"causeway/core"
)

// restored is what is known of a message that waited when a backup was made.
func restored() *core.SendError {
	return &core.SendError{Code: "restored", Outcome: core.Unknown, Effect: core.EffectFail,
		Reason: "This message waited to be sent when the backup was made that has now been restored; it may have gone out since.",
		Remedy: "Look whether the customer has it, and if not, send it again."}
}

// Hold makes the outcome of everything that waits to be sent unknown, and returns how much that is. It is for a store that comes from a backup:
// after that was made its gateway went on, and may have sent what waits here. Nothing of a workspace may be worked on meanwhile.
func (o *Outbox) Hold(ctx context.Context, ws core.WorkspaceID) (int, error) {
	repo, held := o.Store.In(ws), 0
	channels, err := repo.Channels(ctx)
	if err != nil {
		return 0, fmt.Errorf("channels to hold: %w", err)
	}
	for _, ch := range channels {
		for _, status := range []core.Status{core.StatusQueued, core.StatusParked, core.StatusSending} {
			n, err := o.holdAll(ctx, ws, ch.ID, status)
			if held += n; err != nil {
				return held, err
			}
		}
	}
	return held, nil
}

// holdAll holds what is in one status, a few at a time.
func (o *Outbox) holdAll(ctx context.Context, ws core.WorkspaceID, ch core.ChannelID, s core.Status) (held int, err error) {
	for {
		waiting, err := o.Store.In(ws).PartsIn(ctx, ch, s, wakeAtOnce)
		if err != nil || len(waiting) == 0 {
			return held, err
		}
		inLockOrder(waiting)
		if err := o.Store.Tx(ctx, func(tx core.Tx) error { return o.hold(ctx, tx, ws, waiting) }); err != nil {
			return held, fmt.Errorf("hold what waits: %w", err)
		}
		held += len(waiting)
	}
}

// hold leaves each part to be given up by the next worker of its conversation, which tells the author.
func (o *Outbox) hold(ctx context.Context, tx core.Tx, ws core.WorkspaceID, waiting []core.Part) error {
	for _, p := range waiting {
		if _, err := tx.In(ws).Lock(ctx, p.Conversation); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		err := o.changePart(ctx, tx.In(ws), p.ID, func(p *core.Part) error {
			p.Status, p.Error, p.NotBefore = core.StatusUnknown, restored(), o.Now().Add(-time.Second)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return tx.Enqueue(ctx, deliveries(ws, waiting)...)
}
