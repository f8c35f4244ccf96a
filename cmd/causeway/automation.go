package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	"causeway/core"
	"causeway/core/greet"
	"causeway/core/webhook"
	"causeway/core/workflow"
)

// automation knows which workspaces have any, so that nothing is kept for it in the others.
type automation struct {
	list func(ctx context.Context) ([]core.WorkspaceID, error)
	repo func(core.WorkspaceID) core.Repo
	log  *slog.Logger
	on   atomic.Pointer[map[core.WorkspaceID]bool] // true where webhooks are told what happens
}

// in reports whether automation follows what happens in a workspace.
func (a *automation) in(ws core.WorkspaceID) bool {
	on := a.on.Load()
	if on == nil {
		return false
	}
	_, automated := (*on)[ws]
	return automated
}

// told reports whether webhooks are told of what happens in a workspace.
func (a *automation) told(ws core.WorkspaceID) bool {
	on := a.on.Load()
	return on != nil && (*on)[ws]
}

// refresh looks again: another process may have changed it.
func (a *automation) refresh(ctx context.Context) {
	all, err := a.list(ctx)
	if err != nil {
		a.log.ErrorContext(ctx, "cannot see which workspaces have automation", "err", err)
		return
	}
	on := make(map[core.WorkspaceID]bool, len(all))
	for _, ws := range all {
		hooks, err := core.LoadWebhooks(ctx, a.repo(ws))
		if err != nil {
			a.log.ErrorContext(ctx, "cannot see whether there are webhooks", "workspace", ws, "err", err)
		}
		on[ws] = len(hooks) > 0
	}
	a.on.Store(&on)
}

// caller tells webhooks what happens.
func (b *base) caller() *webhook.Caller {
	return &webhook.Caller{Store: b.store, Now: b.now, Log: b.log, Client: b.clients.Apart,
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
