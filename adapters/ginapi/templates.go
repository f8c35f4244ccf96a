package ginapi

import (
	"context"
	"time"

	"causeway/core"
)

// templateView is a template as the API shows it.
type templateView struct {
	Name       string              `json:"name"`
	Language   string              `json:"language" example:"en_US"`
	Category   string              `json:"category,omitempty"`
	Status     core.TemplateStatus `json:"status" doc:"only approved ones can be sent"`
	Reason     string              `json:"reason,omitempty" doc:"why it is not approved"`
	Quality    string              `json:"quality,omitempty"`
	Parameters []string            `json:"parameters" nullable:"false" doc:"the keys of values that sending it needs"`
	Preview    string              `json:"preview" doc:"its text with examples"`
	Components []core.Component    `json:"components,omitempty"`
	Synced     time.Time           `json:"synced_at,omitzero"`
}

func showTemplate(t core.Template) templateView {
	v := templateView{Name: t.Name, Language: t.Language, Category: t.Category, Status: t.Status, Reason: t.Reason, Quality: t.Quality,
		Parameters: t.Parameters(), Preview: t.Preview(nil), Components: t.Components, Synced: t.Synced}
	if v.Parameters == nil {
		v.Parameters = []string{}
	}
	return v
}

func (s *Server) listTemplates(ctx context.Context, repo core.Repo, in *ByID) (*answer[pageView[templateView]], error) {
	c, err := repo.Channel(ctx, core.ChannelID(in.ID))
	if err != nil {
		return nil, missing(err, "channel")
	}
	all, err := repo.Templates(ctx, c.ID)
	return reply(listOf(all, showTemplate), err)
}

func (s *Server) syncTemplates(ctx context.Context, repo core.Repo, in *ByID) (*answer[pageView[templateView]], error) {
	c, err := repo.Channel(ctx, core.ChannelID(in.ID))
	if err != nil {
		return nil, missing(err, "channel")
	}
	all, err := s.Links.SyncTemplates(ctx, caller(ctx).Workspace, c.ID)
	return reply(listOf(all, showTemplate), err)
}
