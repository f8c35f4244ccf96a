package inbound

import (
	"context"
	"fmt"
	"time"

	"causeway/core"
)

const (
	// markSlack is by how much our time of sending may lie after the provider's of the same message: ours is when its answer was here.
	markSlack = 5 * time.Second
	// markAtOnce bounds how many of a conversation's newest messages one mark is put on.
	markAtOnce = 200
)

// upTo puts a receipt on all that was sent to the peer over this channel up to a time, in their newest conversation: ticks of older ones interest
// nobody.
func (b *batch) upTo(ctx context.Context, e core.Event) error {
	known, err := b.repo.Identities(ctx, e.Peer.Identities)
	if err != nil {
		return fmt.Errorf("whose mark: %w", err)
	}
	convs, err := b.repo.ConversationsOf(ctx, ownerOf(known))
	if err != nil {
		return fmt.Errorf("conversations of mark: %w", err)
	}
	if len(convs) == 0 {
		return nil
	}
	all, err := b.repo.Messages(ctx, convs[0].ID, core.Page{Limit: markAtOnce})
	if err != nil {
		return fmt.Errorf("messages of mark: %w", err)
	}
	for _, m := range all {
		for _, p := range m.Parts {
			if !b.marked(p, m, *e.Receipt) {
				continue
			}
			r := *e.Receipt
			r.Provider = p.Provider
			if err := b.raise(ctx, p.ID, r, e.At); err != nil {
				return err
			}
		}
	}
	return nil
}

// marked reports whether a mark says anything new of a part.
func (b *batch) marked(p core.Part, m core.Message, r core.ReceiptBody) bool {
	return m.Direction == core.Out && p.Channel == b.ch.ID && p.Provider != "" && !p.Sent.IsZero() && !p.Sent.After(r.Until.Add(markSlack)) && p.Status.Raise(r.Status) != p.Status
}
