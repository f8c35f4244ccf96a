package inbound_test

import (
	"slices"
	"testing"
	"time"

	"causeway/core"
)

// The answer to a survey stands in the conversation that it is about: it opens none, and nobody is mailed. Anything else begins a new one.
func TestSurveyAnswer(t *testing.T) {
	each(t, func(w *world) {
		w.in.Automated = func(core.WorkspaceID) bool { return true }
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
		w.accept(w.said(id(3), "5"))
		other := w.message(id(3)).Conversation
		equal(w, "a second number begins a new one", other != conv.ID, true)
	})
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
