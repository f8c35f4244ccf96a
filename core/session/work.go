package session

import (
	"context"
	"fmt"

	"causeway/core"
)

// Alarm is the worker of JobAlert.
func (m *Manager) Alarm(ctx context.Context, w core.Work) error {
	ch, err := m.Store.In(w.Workspace).Channel(ctx, core.ChannelID(w.Key))
	if err != nil {
		return fmt.Errorf("channel of alert: %w", err)
	}
	if ch.State == core.ChannelRemoved {
		return nil // nobody needs to do anything about it
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
