package session

import (
	"context"
	"fmt"

	"causeway/core"
)

// Templates is the worker of JobTemplates.
func (m *Manager) Templates(ctx context.Context, w core.Work) error {
	_, err := m.SyncTemplates(ctx, w.Workspace, core.ChannelID(w.Key))
	if core.CodeOf(err) == core.CodeUnsupported {
		return fmt.Errorf("%w: %w", core.ErrDead, err)
	}
	return err
}

// SyncTemplates makes our copy of a channel's templates what the provider has, and returns them.
func (m *Manager) SyncTemplates(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) ([]core.Template, error) {
	if _, err := m.Store.In(ws).Channel(ctx, id); err != nil {
		return nil, err
	}
	_, info, link, err := m.Link(ctx, id)
	if err != nil {
		return nil, err
	}
	source, ok := link.(core.TemplateLink)
	if !ok {
		return nil, core.Problemf(core.CodeUnsupported, "%s has no templates.", info.Title)
	}
	all, err := source.Templates(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for templates: %w", err)
	}
	for i := range all {
		all[i].Channel, all[i].Synced = id, m.Now()
	}
	return all, m.Store.In(ws).PutTemplates(ctx, id, all)
}

// Alarm is the worker of JobAlert.
func (m *Manager) Alarm(ctx context.Context, w core.Work) error {
	ch, err := m.Store.In(w.Workspace).Channel(ctx, core.ChannelID(w.Key))
	if err != nil {
		return fmt.Errorf("channel of alert: %w", err)
	}
	if ch.Health.Level == core.HealthBad {
		m.Log.WarnContext(ctx, "channel needs a person", "channel", ch.ID, "state", ch.State, "reason", ch.Health.Reason, "remedy", ch.Health.Remedy)
	}
	if m.Alert == nil {
		return nil
	}
	return m.Alert(ctx, ch)
}

// Check tells how a channel is by what was last heard of it, and runs its own doctor.
func (m *Manager) Check(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) ([]core.Finding, error) {
	ch, err := m.Store.In(ws).Channel(ctx, id)
	if err != nil {
		return nil, err
	}
	found, err := m.Examine(ctx, ch)
	if err != nil {
		return nil, err
	}
	return append(standing(ch), found...), nil
}

// standing is what its session, which may run in another process, or its provider said of a channel last.
func standing(ch core.Channel) []core.Finding {
	h := ch.Health
	if h.Level == core.HealthUnknown || h.Reason == "" {
		return nil
	}
	f := core.Finding{Subject: "state", Level: h.Level, Detail: h.Reason, Remedy: h.Remedy}
	if ch.State == core.ChannelParked {
		f.Detail = "Sending has stopped, and messages wait: " + h.Reason
	}
	return []core.Finding{f}
}

// Examine runs a channel's own doctor.
func (m *Manager) Examine(ctx context.Context, ch core.Channel) ([]core.Finding, error) {
	imports, err := core.Imports(ctx, m.Store.In(ch.Workspace), ch.ID)
	if err != nil {
		return nil, err
	}
	_, _, link, err := m.Link(ctx, ch.ID)
	if err != nil {
		return nil, err
	}
	found := link.Check(ctx)
	for i := range found {
		found[i].Remedy = ch.Named(found[i].Remedy)
	}
	for _, i := range imports {
		found = append(found, i.Finding(m.Now()))
	}
	return found, nil
}
