package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"causeway/config/business"
	"causeway/config/remark"
	"causeway/core"
	"causeway/core/workflow"
)

func (b *base) newEngine() *workflow.Engine {
	return workflow.New(workflow.Options{Store: b.store, Composer: b.outbox, Desk: b.desk, Assigner: b.balancer, Now: b.now, Log: b.log,
		Reception: func(ctx context.Context, ws core.WorkspaceID) (core.Reception, error) {
			return core.LoadReception(ctx, b.store.In(ws))
		},
		Phrases: b.phrases,
		Call:    func(_ core.WorkspaceID, secrets []core.Secret) *http.Client { return b.clients.Apart(secrets) },
		Secret:  b.workflowSecret})
}

// workflowSecret opens a secret that a workflow names.
func (b *base) workflowSecret(ctx context.Context, ws core.WorkspaceID, name string) (core.Secret, error) {
	sealed, err := b.store.In(ws).Secrets(ctx, workflow.SecretOwner)
	if err != nil {
		return core.Secret{}, fmt.Errorf("secrets of workflows: %w", err)
	}
	for _, s := range sealed {
		if s.Name == name {
			return b.vault.Open(s.Box, s.Context())
		}
	}
	return core.Secret{}, core.Problemf(core.CodeNotFound, "There is no secret %q.", name).Remedied("Set it: causeway workflow secret %s", name)
}

// planSchedules asks for the next times of all schedules.
func (g *gateway) planSchedules(ctx context.Context) {
	all, err := g.store.Automated(ctx)
	for _, ws := range all {
		if err == nil {
			err = g.engine.Plan(ctx, ws)
		}
	}
	if err != nil {
		g.log.WarnContext(ctx, "schedules of workflows not looked at", "err", err)
	}
}

// knownBy adds what a business file names to what is known already.
func knownBy(f *business.File, known workflow.Known) workflow.Known {
	for _, a := range f.Agents {
		known.Agents = append(known.Agents, a.Name)
	}
	for _, t := range f.Teams {
		known.Teams = append(known.Teams, t.Name)
	}
	for _, c := range f.Channels {
		if !slices.Contains(known.Channels, c.Name) { // its templates are known once it is there
			known.Channels, known.Templates = append(known.Channels, c.Name), nil
		}
	}
	for _, w := range f.Workflows {
		known = known.With(w.Node)
	}
	return known
}

// readWorkflows checks the workflows of a business file, which may name what the file has and what is there already.
func (b *base) readWorkflows(ctx context.Context, f *business.File) error {
	if len(f.Workflows) == 0 {
		return nil
	}
	ws, err := b.store.EnsureWorkspace(ctx, f.Workspace)
	if err != nil {
		return err
	}
	known, err := workflow.Names(ctx, b.store.In(ws))
	if err != nil {
		return err
	}
	known = knownBy(f, known)
	var wrong remark.List
	for i := range f.Workflows {
		w := &f.Workflows[i]
		def, faults := workflow.Parse(w.Node, known)
		for _, fault := range faults {
			wrong.Add(fmt.Sprintf("%s:%d", f.Name, fault.Line), "workflows", "", "workflow %q: %s", w.Name, fault)
		}
		if w.Definition, err = workflow.Encode(def); err != nil {
			return err
		}
		w.Put = func(ctx context.Context, repo core.Repo, now time.Time) error {
			_, _, err := workflow.Put(ctx, repo, def, core.Author{Kind: core.AuthorSystem, Name: "apply"}, now)
			return err
		}
	}
	return wrong.Err(f.Name)
}
