package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"causeway/core"
)

// Templates is the worker of JobTemplates: it syncs a channel's templates, and has the admins told of what the provider has changed in those that could be
// sent.
func (m *Manager) Templates(ctx context.Context, w core.Work) error {
	id := core.ChannelID(w.Key)
	all, err := m.SyncTemplates(ctx, w.Workspace, id)
	if errors.Is(err, core.ErrNotFound) {
		return nil // the channel was removed
	}
	if core.CodeOf(err) == core.CodeUnsupported {
		return fmt.Errorf("%w: %w", core.ErrDead, err)
	}
	if err != nil || m.TemplateNews == nil {
		return err
	}
	return m.tellTemplates(ctx, w.Workspace, id, all)
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

// toldOf is what the admins know of a template.
type toldOf struct {
	Category string              `json:"category"`
	Status   core.TemplateStatus `json:"status"`
}

const toldTemplates = "told"

func templatesOwner(id core.ChannelID) string { return Owner(id) + "/templates" }

func (m *Manager) tellTemplates(ctx context.Context, ws core.WorkspaceID, id core.ChannelID, all []core.Template) error {
	repo := m.Store.In(ws)
	ch, err := repo.Channel(ctx, id)
	if err != nil {
		return fmt.Errorf("channel of templates: %w", err)
	}
	raw, err := repo.Value(ctx, templatesOwner(id), toldTemplates)
	if err != nil {
		return fmt.Errorf("what admins know of templates: %w", err)
	}
	before, now := map[string]toldOf{}, map[string]toldOf{}
	if raw != nil {
		if err := json.Unmarshal(raw, &before); err != nil {
			return fmt.Errorf("what admins know of templates: %w", err)
		}
	}
	var news []string
	for _, t := range all {
		key := t.Name + "/" + t.Language
		now[key] = toldOf{t.Category, t.Status}
		if was, known := before[key]; known {
			news = append(news, t.Changed(was.Category, was.Status)...)
		}
	}
	if len(news) > 0 {
		if err := m.TemplateNews(ctx, ch, news); err != nil {
			return err
		}
	}
	next, err := json.Marshal(now)
	if err == nil && string(next) != string(raw) {
		err = repo.SetValue(ctx, templatesOwner(id), toldTemplates, next)
	}
	if err != nil {
		return fmt.Errorf("keep what admins know of templates: %w", err)
	}
	return nil
}
