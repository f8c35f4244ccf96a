package care

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

const (
	surveyEach  = 30 * 24 * time.Hour // between two surveys of one contact, unless it is set
	mostComment = 2000                // characters kept of one
)

// closed asks how it was, when a person ended a conversation in which a person answered.
func (c *Carer) closed(ctx context.Context, ws core.WorkspaceID, care core.Care, h core.Happening, conv core.Conversation) error {
	if !care.Survey.On || h.By.Kind == core.AuthorWorkflow || h.By.Kind == core.AuthorSystem || conv.State != core.ConversationClosed || c.Now().Sub(h.At) > late {
		return nil
	}
	repo := c.Store.In(ws)
	l, err := repo.Handling(ctx, conv.ID)
	if err != nil || l.Answered.IsZero() || slices.Contains(l.Tags, Unresponsive) {
		return err
	}
	last, err := repo.Survey(ctx, conv.Contact)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("last survey: %w", err)
	}
	each := care.Survey.Each
	if each == 0 {
		each = surveyEach
	}
	if err == nil && last.Conversation != conv.ID && h.At.Before(last.Asked.Add(each)) {
		return nil
	}
	_, err = repo.AddSurvey(ctx, core.SurveyAnswer{Conversation: conv.ID, Contact: conv.Contact, Agent: conv.Agent, Team: conv.Team, Channel: conv.Channel, Asked: h.At})
	if err != nil {
		return fmt.Errorf("note survey: %w", err)
	}
	return c.ask(ctx, ws, care.Survey, conv)
}

// ask sends the question. The conversation stays closed.
func (c *Carer) ask(ctx context.Context, ws core.WorkspaceID, s core.Survey, conv core.Conversation) error {
	who, code, err := c.listener(ctx, ws, conv.Contact, s.Texts)
	if err != nil {
		return err
	}
	text := c.Phrases.Say(code, "survey")
	if own := s.Texts[code]; own != "" {
		text = core.Fill(own, "name", who.Name)
	}
	choices := &core.Choices{}
	for score := 1; score <= 5; score++ { // so that the number of an option is that of its stars, where it goes out as a numbered text
		choices.Options = append(choices.Options, core.Option{ID: core.SurveyOption + strconv.Itoa(score), Title: strings.Repeat("★", score)})
	}
	return c.say(ctx, ws, core.Request{Contact: conv.Contact, Channel: conv.Channel, Apart: true, Key: "survey/" + string(conv.ID),
		Contents: []core.Content{{Kind: core.KindChoices, Text: text, Choices: choices}}})
}

// surveyed takes the answer to a survey. It stands in the conversation that was asked about, which stays closed; where it has opened one all the same,
// that is closed again. A number is an answer only where it is the first thing said.
func (c *Carer) surveyed(ctx context.Context, ws core.WorkspaceID, conv *core.Conversation, s core.SurveyAnswer, m core.Message) (bool, error) {
	repo := c.Store.In(ws)
	if s.Conversation == conv.ID && conv.State == core.ConversationOpen {
		return false, nil
	}
	apart := s.Conversation == conv.ID
	if !apart && (!conv.Opened.After(s.Asked) || len(othersIn(ctx, repo, m)) > 0) {
		return false, nil
	}
	score := core.SurveyScore(m.Content)
	switch {
	case score > 0 && (s.Score == 0 && m.Created.Sub(s.Asked) < core.SurveyFor || s.Score == score && s.Answered.Equal(m.Created)): // the latter: after a crash
		if err := c.scored(ctx, ws, s, score, m); err != nil {
			return false, err
		}
		return true, c.thank(ctx, ws, conv, m, apart)
	case apart && s.Score > 0 && s.Awaits(m.Content, m.Created):
		s.Comment = cut(m.Content.Text)
		return true, repo.SetSurvey(ctx, s)
	}
	return apart, nil
}

// scored keeps an answer, and leaves a line of it in the history. Nobody is mailed that.
func (c *Carer) scored(ctx context.Context, ws core.WorkspaceID, s core.SurveyAnswer, score int, m core.Message) error {
	if s.Score > 0 {
		return nil
	}
	s.Score, s.Answered = score, m.Created
	return c.Store.Tx(ctx, func(tx core.Tx) error {
		if err := tx.In(ws).SetSurvey(ctx, s); err != nil {
			return fmt.Errorf("keep answer to survey: %w", err)
		}
		return tx.In(ws).AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: s.Conversation, Kind: core.ConversationEventNote, By: m.Author, Message: m.ID, Code: core.LineSurvey,
			Data: map[string]string{"score": strconv.Itoa(score)}, Text: fmt.Sprintf("The contact gave %d of 5 stars.", score), At: c.Now()})
	})
}

// othersIn are the messages before m in its conversation.
func othersIn(ctx context.Context, repo core.Repo, m core.Message) []core.Message {
	const few = 10
	all, err := repo.Messages(ctx, m.Conversation, core.Page{Limit: few})
	if err != nil {
		return []core.Message{m} // an answer less, rather than a question lost
	}
	return slices.DeleteFunc(all, func(o core.Message) bool { return o.ID == m.ID || o.Historic || o.Seq > m.Seq })
}

// thank says so and asks why. A conversation that the answer opened is closed, unless more was said in it meanwhile.
func (c *Carer) thank(ctx context.Context, ws core.WorkspaceID, conv *core.Conversation, m core.Message, apart bool) error {
	_, code, err := c.listener(ctx, ws, conv.Contact, nil)
	if err != nil {
		return err
	}
	r := core.Request{Conversation: conv.ID, Key: core.SurveyThanks + string(m.ID), Contents: []core.Content{{Kind: core.KindText, Text: c.Phrases.Say(code, "survey_comment")}}}
	if apart {
		r.Conversation, r.Contact, r.Channel, r.Apart = "", conv.Contact, m.Channel, true
	}
	if err := c.say(ctx, ws, r); err != nil || apart {
		return err
	}
	now, err := c.Desk.CloseIf(ctx, ws, conv.ID, by(), func(tx core.Tx) (bool, error) { return nothingSince(ctx, tx.In(ws), m) })
	if err == nil {
		*conv = now
	}
	return err
}

// nothingSince reports whether the contact has written nothing after m in its conversation.
func nothingSince(ctx context.Context, repo core.Repo, m core.Message) (bool, error) {
	const few = 10
	all, err := repo.Messages(ctx, m.Conversation, core.Page{Limit: few})
	return !slices.ContainsFunc(all, func(o core.Message) bool { return o.Direction == core.In && o.Seq > m.Seq }), err
}

func cut(text string) string {
	if r := []rune(text); len(r) > mostComment {
		return string(r[:mostComment])
	}
	return text
}
