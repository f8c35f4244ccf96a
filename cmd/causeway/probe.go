package main

import (
	"context"

	"causeway/core"
	"causeway/core/outbound"
	"causeway/core/proof"
)

// newProber has channels prove that they work, by messages that go the way of all others.
func newProber(b *base) *proof.Prober {
	send := func(ctx context.Context, ch core.Channel, to core.ContactID, c core.Content, key string) error {
		_, _, err := b.outbox.Compose(ctx, ch.Workspace, outbound.Request{Contact: to, Channel: ch.ID, Author: core.Author{Kind: core.AuthorProbe},
			Contents: []core.Content{c}, Key: key, Apart: true})
		return err
	}
	return proof.New(proof.Options{Store: b.store, Links: b.links, Send: send, Now: b.now, Log: b.log})
}
