package report

import (
	"context"
	"fmt"
	"time"

	"causeway/core"
)

// dialogue is a conversation as reports see it.
type dialogue struct {
	core.Conversation
	live     bool      // it was opened: not imported
	contacts bool      // by the contact
	first    time.Time // when the contact first wrote
	answered time.Time // when a person first answered after that
	assigned time.Time // when it first got an agent
	closed   time.Time // when it was last closed, if it still is
	in, out  int
	surge    bool
	survey   *core.SurveyAnswer
}

// read gathers the dialogues of a time, without those that were imported.
func read(ctx context.Context, repo core.Repo, from, to, now time.Time, r *Report) ([]*dialogue, error) {
	convs, err := repo.ConversationsOpened(ctx, from, to)
	if err != nil {
		return nil, fmt.Errorf("conversations of the report: %w", err)
	}
	byID := make(map[core.ConversationID]*dialogue, len(convs))
	for _, c := range convs {
		byID[c.ID] = &dialogue{Conversation: c}
	}
	if err := repo.EventFacts(ctx, from, to, func(f core.EventFact) { byID[f.Conversation].event(f) }); err != nil {
		return nil, fmt.Errorf("history of the report: %w", err)
	}
	if err := repo.MessageFacts(ctx, from, to, func(f core.MessageFact) { byID[f.Conversation].message(f, &r.Answers) }); err != nil {
		return nil, fmt.Errorf("messages of the report: %w", err)
	}
	surveys, err := repo.Surveys(ctx, from, now.AddDate(1, 0, 0)) // whenever they were asked
	if err != nil {
		return nil, fmt.Errorf("surveys of the report: %w", err)
	}
	for _, s := range surveys {
		if d := byID[s.Conversation]; d != nil {
			d.survey = &s
		}
	}
	var all []*dialogue
	for _, c := range convs {
		if d := byID[c.ID]; d.live {
			all = append(all, d)
		}
	}
	return all, nil
}

func (d *dialogue) event(f core.EventFact) {
	if d == nil {
		return
	}
	switch f.Kind {
	case core.ConversationEventOpened:
		d.live, d.contacts = true, f.By.Kind == core.AuthorContact
	case core.ConversationEventAssigned:
		if d.assigned.IsZero() && f.Agent != "" {
			d.assigned = f.At
		}
	case core.ConversationEventClosed:
		d.closed = f.At
	case core.ConversationEventReopened:
		d.closed = time.Time{}
	default:
	}
}

func (d *dialogue) message(f core.MessageFact, a *Answers) {
	switch {
	case d == nil || !d.live:
		return
	case f.Direction == core.In:
		d.in++
		if d.first.IsZero() {
			d.first = f.At
		}
		return
	}
	d.out++
	switch f.Author.Kind {
	case core.AuthorAgent:
		a.Agents++
	case core.AuthorPhone:
		a.Phone++
	case core.AuthorAPI:
		a.Programs++
	default:
		a.Automatic++
	}
	d.surge = d.surge || f.Author.Kind == core.AuthorWorkflow && f.Author.Name == core.SurgeName
	if f.Author.Human() && d.answered.IsZero() && !d.first.IsZero() {
		d.answered = f.At
	}
}
