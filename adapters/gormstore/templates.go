package gormstore

import (
	"context"
	"strings"

	"causeway/core"
)

type templateRow struct {
	Workspace, Channel, Name, Language string
	ProviderID                         string
	Category, Status, Reason, Quality  string
	Named                              bool
	Components                         doc[[]core.Component]
	Synced                             stamp
}

func (templateRow) TableName() string { return "templates" }

func (r templateRow) core() core.Template {
	return core.Template{Channel: core.ChannelID(r.Channel), ProviderID: r.ProviderID, Name: r.Name, Language: r.Language, Category: r.Category,
		Status: core.TemplateStatus(r.Status), Reason: r.Reason, Quality: r.Quality, Named: r.Named, Components: r.Components.v, Synced: r.Synced.time()}
}

func (r repo) templateRow(id core.ChannelID, t core.Template) templateRow {
	return templateRow{Workspace: r.ws, Channel: string(id), ProviderID: t.ProviderID, Name: t.Name, Language: t.Language, Category: t.Category,
		Status: string(t.Status), Reason: t.Reason, Quality: t.Quality, Named: t.Named, Components: asDoc(t.Components), Synced: at(t.Synced)}
}

// PutTemplates makes the channel's templates exactly these. Of two with the same name and language the last one stays.
func (r repo) PutTemplates(ctx context.Context, id core.ChannelID, all []core.Template) error {
	return r.whole(ctx, func(r repo) error {
		if err := r.there(ctx, "channels", string(id)); err != nil {
			return err
		}
		if _, err := r.exec(ctx, "DELETE FROM templates WHERE workspace = ? AND channel = ?", r.ws, id); err != nil {
			return err
		}
		for _, t := range all {
			row := r.templateRow(id, t)
			if err := r.put(ctx, &row, "workspace,channel,name,language", "provider_id", "category", "status", "reason", "quality", "named",
				"components", "synced"); err != nil {
				return err
			}
		}
		return nil
	})
}

// Templates lists a channel's templates by name and language.
func (r repo) Templates(ctx context.Context, id core.ChannelID) ([]core.Template, error) {
	return list[templateRow](r.rows(ctx).Where("channel = ?", id).Order("name, language"))
}

func (r repo) Template(ctx context.Context, id core.ChannelID, name, language string) (core.Template, error) {
	return take[templateRow](r.rows(ctx).Where("channel = ? AND name = ? AND language = ?", id, name, language))
}

// ChangeTemplate applies the non-empty fields of a provider's news, found by name and language or, without these, by the provider's id.
func (r repo) ChangeTemplate(ctx context.Context, id core.ChannelID, c core.TemplateBody) error {
	columns := map[string]any{}
	for name, value := range map[string]string{"provider_id": c.ProviderID, "status": string(c.Status), "category": c.Category,
		"quality": c.Quality, "reason": c.Reason} {
		if value != "" {
			columns[name] = value
		}
	}
	db := r.changes(ctx).Table("templates").Where("workspace = ? AND channel = ?", r.ws, id)
	switch {
	case c.Name != "" && c.Language != "":
		db = db.Where("name = ? AND REPLACE(language, '-', '_') = ?", c.Name, strings.ReplaceAll(c.Language, "-", "_"))
	case c.ProviderID != "":
		db = db.Where("provider_id = ?", c.ProviderID)
	case c.Name != "":
		db = db.Where("name = ?", c.Name)
	default:
		return core.ErrNotFound
	}
	if len(columns) == 0 {
		return nil
	}
	return changed(db.Updates(columns))
}
