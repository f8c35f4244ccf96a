package inbound_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// The answer to a survey stands in the conversation that it is about: it opens none, and nobody is mailed. Anything else begins a new one.
func TestSurveyAnswer(t *testing.T) {
	each(t, func(w *world) {
		w.follow()
		w.accept(w.said(id(1), "hello"))
		conv := w.only()
		conv.State, conv.Closed, conv.Waiting = core.ConversationClosed, w.clock, time.Time{}
		w.must(w.repo.SetConversation(t.Context(), conv))
		_, err := w.repo.AddSurvey(t.Context(), core.SurveyAnswer{Conversation: conv.ID, Contact: conv.Contact, Channel: conv.Channel, Asked: w.clock})
		w.must(err)
		w.must(w.repo.DropHappenings(t.Context()))
		w.must(w.queue.Clear(t.Context(), core.JobNotify))
		w.accept(w.said(id(2), "٤"))
		got, err := w.repo.Conversation(t.Context(), conv.ID)
		w.must(err)
		equal(w, "it", got.State, core.ConversationClosed)
		equal(w, "waits", got.Waiting.IsZero(), true)
		equal(w, "the answer is in", w.message(id(2)).Conversation, conv.ID)
		all, err := w.repo.Happenings(t.Context(), conv.ID)
		w.must(err)
		equal(w, "happenings", len(all), 1)
		equal(w, "of the kind", all[0].Kind, core.HappenedMessage)
		jobs, err := w.queue.Jobs(t.Context())
		w.must(err)
		equal(w, "mailed", slices.ContainsFunc(jobs, func(j core.Job) bool { return j.Kind == core.JobNotify }), false)

		w.must(w.repo.SetSurvey(t.Context(), core.SurveyAnswer{Conversation: conv.ID, Contact: conv.Contact, Channel: conv.Channel, Asked: w.clock, Score: 4, Answered: w.clock}))
		w.thanks(conv, core.StatusSent)
		w.accept(w.said(id(3), "5"))
		other := w.message(id(3)).Conversation
		equal(w, "a second number begins a new one", other != conv.ID, true)
	})
}

// thanks keeps the thanks for stars, which ask for a comment.
func (w *world) thanks(conv core.Conversation, s core.Status) {
	w.Helper()
	seq, err := w.repo.NextSeq(w.Context(), conv.ID, w.clock)
	w.must(err)
	m := core.Message{ID: core.NewID[core.MessageID](), Workspace: conv.Workspace, Conversation: conv.ID, Contact: conv.Contact, Channel: conv.Channel, Direction: core.Out, Seq: seq,
		Author: core.Author{Kind: core.AuthorWorkflow}, Key: core.SurveyThanks + "m", Content: core.Content{Kind: core.KindText, Text: "Thank you! Why?"}, Status: s, At: w.clock, Created: w.clock}
	_, err = w.repo.AddMessage(w.Context(), m)
	w.must(err)
}

// What a contact writes when they were asked for a comment stands with the survey: the conversation stays closed, automation hears of it as of any message,
// and its people are mailed it. What else they write begins a new one.
func TestSurveyComment(t *testing.T) {
	for name, c := range map[string]struct {
		content core.Content
		late    time.Duration
		thanks  core.Status // of the thanks; empty: there are none
		before  string      // what they said since
		opens   bool
	}{
		"a comment":              {thanks: core.StatusSent},
		"nearly too late":        {thanks: core.StatusQueued, late: core.SurveyCommentFor - time.Second},
		"too late":               {thanks: core.StatusSent, late: core.SurveyCommentFor, opens: true},
		"not asked for":          {opens: true},
		"could not be asked for": {thanks: core.StatusFailed, opens: true},
		"the second":             {thanks: core.StatusSent, before: "it took long", opens: true},
		"a picture":              {thanks: core.StatusSent, content: core.Content{Kind: core.KindLocation, Location: &core.Location{Latitude: 30, Longitude: 31}}, opens: true},
		"from an ad":             {thanks: core.StatusSent, content: core.Content{Kind: core.KindText, Text: "I want that", Referral: &core.Referral{Source: "ad"}}, opens: true},
	} {
		t.Run(name, func(t *testing.T) {
			lite(t, func(w *world) {
				w.follow()
				w.accept(w.said(id(1), "hello"))
				conv := w.only()
				conv.State, conv.Closed, conv.Waiting = core.ConversationClosed, w.clock, time.Time{}
				w.must(w.repo.SetConversation(t.Context(), conv))
				s := core.SurveyAnswer{Conversation: conv.ID, Contact: conv.Contact, Channel: conv.Channel, Asked: w.clock}
				_, err := w.repo.AddSurvey(t.Context(), s)
				w.must(err)
				w.clock = w.clock.Add(time.Hour)
				s.Score, s.Answered = 2, w.clock
				w.must(w.repo.SetSurvey(t.Context(), s))
				if c.thanks != "" {
					w.thanks(conv, c.thanks)
				}
				if c.before != "" {
					w.accept(w.said(id(8), c.before))
				}
				w.must(w.queue.Clear(t.Context()))
				w.clock = w.clock.Add(c.late)
				e := w.said(id(2), "nobody called me back")
				if c.content.Kind != "" {
					e.Message.Content = c.content
				}
				w.accept(e)
				m := w.message(id(2))
				equal(w, "opens another", m.Conversation != conv.ID, c.opens)
				got, err := w.repo.Conversation(t.Context(), conv.ID)
				w.must(err)
				equal(w, "the old one", got.State, core.ConversationClosed)
				equal(w, "waits", got.Waiting.IsZero(), true)
				kinds, err := w.queue.Kinds(t.Context())
				w.must(err)
				equal(w, "mailed, and told to automation", strings.Contains(kinds, string(core.JobNotify)) && strings.Contains(kinds, string(core.JobWorkflow)), true)
			})
		})
	}
}

func TestNoSurveyAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		late time.Duration
		open bool
	}{
		"words":        {text: "5 boxes, please"},
		"six":          {text: "6"},
		"too late":     {text: "5", late: core.SurveyFor},
		"still spoken": {text: "5", open: true},
	} {
		t.Run(name, func(t *testing.T) {
			lite(t, func(w *world) {
				w.accept(w.said(id(1), "hello"))
				conv := w.only()
				if !c.open {
					conv.State, conv.Closed = core.ConversationClosed, w.clock
					w.must(w.repo.SetConversation(t.Context(), conv))
				}
				_, err := w.repo.AddSurvey(t.Context(), core.SurveyAnswer{Conversation: conv.ID, Contact: conv.Contact, Channel: conv.Channel, Asked: w.clock})
				w.must(err)
				w.clock = w.clock.Add(c.late)
				w.accept(w.said(id(2), c.text))
				got, err := w.repo.Conversation(t.Context(), w.message(id(2)).Conversation)
				w.must(err)
				equal(w, "it", got.State, core.ConversationOpen)
			})
		})
	}
}
