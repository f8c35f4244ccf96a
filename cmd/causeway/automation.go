package main

import (
	"context"
	"fmt"

	"causeway/core"
	"causeway/core/greet"
	"causeway/core/webhook"
	"causeway/core/workflow"
)

// caller tells webhooks what happens.
func (b *base) caller() *webhook.Caller {
	return &webhook.Caller{Store: b.store, Now: b.now, Log: b.log, Client: b.clients.Apart, Refuses: b.clients.Refuses,
		Secret: func(ctx context.Context, ws core.WorkspaceID, hook string) (core.Secret, error) {
			sealed, err := b.store.In(ws).Secrets(ctx, core.WebhookSecrets)
			if err != nil {
				return core.Secret{}, fmt.Errorf("secrets of webhooks: %w", err)
			}
			for _, s := range sealed {
				if s.Name == hook {
					return b.vault.Open(s.Box, s.Context())
				}
			}
			return core.Secret{}, core.Problemf(core.CodeNotFound, "The webhook %q has no secret.", hook).Remedied("Set it again.")
		}}
}

// driver joins the followers, in the order in which they see what happened.
func (g *gateway) driver() *workflow.Driver {
	return &workflow.Driver{Store: g.store, Followers: []core.Follower{
		g.carer, // first, for the answer to a survey is nothing that others need to see
		&greet.Greeter{Store: g.store, Compose: g.outbox, Phrases: g.phrases, Now: g.now, Log: g.log},
		g.engine,
		g.balancer, // after workflows: it assigns what none of them did
		g.caller(),
	}}
}
