package gormstore

import (
	"context"
	"time"

	"causeway/core"
)

type surveyRow struct {
	Workspace, Conversation, Contact, Agent, Team, Channel string
	Asked, Answered                                        stamp
	Score                                                  int
	Comment                                                string
}

func (surveyRow) TableName() string { return "surveys" }

func (r surveyRow) core() core.SurveyAnswer {
	return core.SurveyAnswer{Conversation: core.ConversationID(r.Conversation), Contact: core.ContactID(r.Contact), Agent: core.AgentID(r.Agent), Team: core.TeamID(r.Team),
		Channel: core.ChannelID(r.Channel), Asked: r.Asked.time(), Answered: r.Answered.time(), Score: r.Score, Comment: r.Comment}
}

func (r repo) AddSurvey(ctx context.Context, s core.SurveyAnswer) (bool, error) {
	return r.win(ctx, &surveyRow{Workspace: r.ws, Conversation: string(s.Conversation), Contact: string(s.Contact), Agent: string(s.Agent), Team: string(s.Team),
		Channel: string(s.Channel), Asked: at(s.Asked)}, "", "workspace", "conversation")
}

func (r repo) Survey(ctx context.Context, contact core.ContactID) (core.SurveyAnswer, error) {
	return take[surveyRow](r.rows(ctx).Where("contact = ?", contact).Order("asked DESC, conversation DESC").Limit(1))
}

func (r repo) SetSurvey(ctx context.Context, s core.SurveyAnswer) error {
	return changed(r.changes(ctx).Table("surveys").Where("workspace = ? AND conversation = ?", r.ws, s.Conversation).
		Updates(map[string]any{"score": s.Score, "comment": s.Comment, "answered": at(s.Answered)}))
}

func (r repo) Surveys(ctx context.Context, from, to time.Time) ([]core.SurveyAnswer, error) {
	return list[surveyRow](r.rows(ctx).Where("asked >= ? AND asked < ?", at(from), at(to)).Order("asked, conversation"))
}
