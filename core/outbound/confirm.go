package outbound

import (
	"context"
	"errors"
	"fmt"

	"causeway/core"
)

// Confirm is the worker of JobConfirm: it answers a contact's wish, once, by the channel it came from and to whom it came from. What the gate refuses
// is not said.
func (o *Outbox) Confirm(ctx context.Context, w core.Work) error {
	ch, id, marketing := w.Confirmed()
	wish, err := o.Store.In(w.Workspace).Wish(ctx, ch, id, marketing)
	if errors.Is(err, core.ErrNotFound) || err == nil && wish.Confirm == "" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("wish to confirm: %w", err)
	}
	_, _, err = o.Compose(ctx, w.Workspace, Request{Contact: wish.Contact, Channel: ch, Author: core.Author{Kind: core.AuthorSystem},
		Contents: []core.Content{{Kind: core.KindText, Text: wish.Confirm}}, Key: fmt.Sprintf("wish/%s/%d/%t", w.Key, wish.At.UnixMicro(), wish.Stop)})
	if code := core.CodeOf(err); code != "" && code != core.CodeUnavailable {
		o.Log.InfoContext(ctx, "wish not confirmed", "channel", ch, "err", err)
		return nil
	}
	return err
}
