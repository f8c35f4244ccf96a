package outbound_test

import (
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// asked has a message be amended, which must be allowed, and returns the job that does it.
func (w *world) asked(id core.MessageID, a core.Amendment) core.Job {
	w.Helper()
	w.jobs()
	w.must(w.out.Amend(w.Context(), w.ws, id, a))
	jobs, err := w.queue.Jobs(w.Context())
	if err != nil || len(jobs) != 1 || jobs[0].Kind != core.JobAmend {
		w.Fatalf("jobs %v, %v", jobs, err)
	}
	return jobs[0]
}

func (w *world) amend(j core.Job) error { return w.queue.Run(w.Context(), j, w.out.Amended) }

// lines are the codes and texts of the conversation's history.
func (w *world) lines() string {
	w.Helper()
	all, err := w.repo.ConversationEvents(w.Context(), w.conv.ID)
	w.must(err)
	var lines []string
	for _, e := range all {
		if e.Kind == core.EventNotice {
			lines = append(lines, e.Code+" by "+string(e.By.Kind)+": "+e.Text)
		}
	}
	return strings.Join(lines, "\n")
}

// TestAmend: what was sent is edited and deleted at the provider, then here, once, by whose word it is.
func TestAmend(t *testing.T) {
	each(t, func(w *world) {
		w.link.can.Actions = append(w.link.can.Actions, core.ActionEdit, core.ActionRevoke)
		by := w.request().Author
		first, long := w.writes("at five")[0], w.writes("a text that is so long that it goes out in two")[0]
		w.delivered()
		w.pass(time.Minute)
		job := w.asked(first.ID, core.Amendment{Action: core.ActionEdit, Text: "at *six*", By: by})
		w.must(w.amend(job))
		m := w.message(first.ID)
		equal(w, "edited", m.Content.Text, "at six") // this provider shows no marks
		equal(w, "its part", m.Parts[0].Content.Text, "at six")
		equal(w, "asked of the provider", w.link.acts[0].Content.Text, "at six")
		equal(w, "of which message", w.link.acts[0].Target, m.Parts[0].Provider)
		before, err := w.repo.Versions(w.Context(), first.ID)
		if err != nil || len(before) != 1 || before[0].Text != "at five" {
			t.Errorf("before: %+v, %v", before, err)
		}
		w.must(w.amend(job)) // once more, as after a crash
		equal(w, "asked of the provider once", len(w.link.acts), 1)

		isProblem(w, "in two pieces", w.out.Amend(w.Context(), w.ws, long.ID, core.Amendment{Action: core.ActionEdit, Text: "short", By: by}), core.CodeUnsupported, "one piece")
		w.link.acts = nil
		job = w.asked(long.ID, core.Amendment{Action: core.ActionRevoke, By: by})
		w.must(w.amend(job))
		equal(w, "every piece is deleted", len(w.link.acts), len(long.Parts))
		if m := w.message(long.ID); m.Revoked.IsZero() || m.Content.Text != "" {
			t.Errorf("not deleted: %+v", m)
		}
		w.must(w.amend(job))
		equal(w, "deleted once", len(w.link.acts), len(long.Parts))
		if got := w.lines(); !strings.Contains(got, "edit by agent: Changed the message to: at six") || !strings.HasSuffix(got, "revoke by agent: Deleted a message.") {
			t.Errorf("history:\n%s", got)
		}
	})
}

// TestAmendRefused: what cannot be amended is refused with a sentence when it is asked for; what the provider refuses later is told in the conversation.
func TestAmendRefused(t *testing.T) {
	lite(t, func(w *world) {
		by := w.request().Author
		edit, revoke := core.Amendment{Action: core.ActionEdit, Text: "new", By: by}, core.Amendment{Action: core.ActionRevoke, By: by}
		sent := w.writes("sent")[0]
		w.must(w.deliver())
		w.pass(time.Second)
		waits := w.writes("waits")[0]
		all, err := w.repo.Messages(w.Context(), w.conv.ID, core.Page{Limit: 9})
		w.must(err)
		theirs := all[len(all)-1].ID
		refused := func(what string, id core.MessageID, a core.Amendment, code core.Code, has string) {
			w.Helper()
			isProblem(w, what, w.out.Amend(w.Context(), w.ws, id, a), code, has)
		}
		refused("not able", sent.ID, edit, core.CodeUnsupported, "lets no program")
		w.link.can.Actions = []core.Action{core.ActionEdit, core.ActionRevoke}
		w.link.can.EditFor, w.link.can.RevokeFor = 15*time.Minute, 48*time.Hour
		refused("the customer's", theirs, revoke, core.CodeConflict, "not sent through Causeway")
		refused("not sent yet", waits.ID, revoke, core.CodeConflict, "not reached")
		empty := edit
		empty.Text = " "
		refused("empty", sent.ID, empty, core.CodeInvalid, "empty")
		empty.Text = strings.Repeat("long ", 9)
		refused("too long", sent.ID, empty, core.CodeInvalid, "too long")
		w.must(w.out.Pause(w.Context(), w.ws, w.ch.ID))
		refused("edit while paused", sent.ID, edit, core.CodeChannelDown, "cannot send")
		refused("delete while paused", sent.ID, revoke, core.CodeChannelDown, "cannot send")
		w.must(w.out.Resume(w.Context(), w.ws, w.ch.ID))

		w.link.refuse = &core.SendError{Outcome: core.Rejected, Reason: "Too old.", Remedy: "Write anew."}
		job := w.asked(sent.ID, edit)
		if err := w.amend(job); core.CodeOf(err) != core.CodeUnavailable {
			t.Errorf("the first try: %v", err)
		}
		w.must(w.out.Amended(w.Context(), core.Work{Job: job, Attempt: 5}))
		equal(w, "not edited", w.message(sent.ID).Content.Text, "sent")
		if got := w.lines(); !strings.HasSuffix(got, "change-failed by system: A message that was sent could not be changed. Too old. Write anew.") {
			t.Errorf("history:\n%s", got)
		}

		w.pass(16 * time.Minute)
		refused("late edit", sent.ID, edit, core.CodeConflict, "for 15 min")
		w.pass(25 * time.Hour) // the reply window is closed; words may still be taken back
		w.link.refuse = nil
		w.must(w.out.Amend(w.Context(), w.ws, sent.ID, revoke))
		w.pass(24 * time.Hour)
		refused("late deletion", sent.ID, revoke, core.CodeConflict, "for 48 h")
		w.link.can.EditFor = 0
		refused("out of the window", sent.ID, edit, core.CodeWindowClosed, "")
	})
}
