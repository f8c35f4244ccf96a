package outbound

import (
	"context"
	"fmt"

	"causeway/core"
)

// giveUp fails what waits to be sent by a channel that was removed, and tells the authors. What is being sent just now its worker settles.
func (o *Outbox) giveUp(ctx context.Context, w core.Work) error {
	for _, status := range []core.Status{core.StatusParked, core.StatusQueued} {
		for more := true; more; {
			if w.Ending() {
				return core.ErrStopping
			}
			waiting, err := o.Store.In(w.Workspace).PartsIn(ctx, w.Woken(), status, wakeAtOnce)
			if err != nil {
				return fmt.Errorf("parts of a removed channel: %w", err)
			}
			inLockOrder(waiting)
			if err := o.Store.Tx(ctx, func(tx core.Tx) error { return o.giveUpAll(ctx, tx, w.Workspace, waiting) }); err != nil {
				return fmt.Errorf("give up what waits: %w", err)
			}
			more = len(waiting) > 0
		}
	}
	return o.Store.Tx(ctx, func(tx core.Tx) error { return w.Finish(ctx, tx) })
}

func (o *Outbox) giveUpAll(ctx context.Context, tx core.Tx, ws core.WorkspaceID, waiting []core.Part) error {
	repo := tx.In(ws)
	for _, p := range waiting {
		if _, err := repo.Lock(ctx, p.Conversation); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		err := o.changePart(ctx, repo, p.ID, func(p *core.Part) error {
			if p.Status != core.StatusQueued && p.Status != core.StatusParked {
				return nil // a worker has it
			}
			return o.fail(ctx, tx, repo, p, rejected(*core.RemovedChannel(), core.EffectFail))
		})
		if err != nil {
			return err
		}
	}
	return nil
}
