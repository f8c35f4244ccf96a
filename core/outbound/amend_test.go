package outbound_test

import (
	"errors"
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
		if e.Kind == core.ConversationEventNotice {
			lines = append(lines, string(e.Code)+" by "+string(e.By.Kind)+": "+e.Text)
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
		w.link.acts = nil
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

// TestAmendCaption: the words of a file are changed where the channel can, and the file stays.
func TestAmendCaption(t *testing.T) {
	each(t, func(w *world) {
		w.link.can.Actions = append(w.link.can.Actions, core.ActionEdit)
		rule := core.MediaRule{Caption: true}
		w.link.can.Media, w.link.can.CaptionLimit = map[core.ContentKind]core.MediaRule{core.KindImage: rule}, 10
		r := w.request()
		r.Contents = []core.Content{{Kind: core.KindImage, Text: "at five", Media: &core.Media{URL: "https://x.example/a.jpg", MIME: "image/jpeg", Size: 9}}}
		sent, _, err := w.out.Compose(w.Context(), w.ws, r)
		w.must(err)
		w.delivered()
		w.link.acts = nil
		edit := core.Amendment{Action: core.ActionEdit, Text: "at six", By: r.Author}
		isProblem(w, "not able", w.out.Amend(w.Context(), w.ws, sent[0].ID, edit), core.CodeUnsupported, "caption")
		rule.Amend = true
		w.link.can.Media[core.KindImage] = rule
		w.must(w.amend(w.asked(sent[0].ID, edit)))
		m := w.message(sent[0].ID)
		equal(w, "caption", m.Content.Text, "at six")
		equal(w, "file", m.Content.Kind == core.KindImage && m.Content.Media != nil && m.Content.Media.URL == r.Contents[0].Media.URL, true)
		equal(w, "asked of the provider", w.link.acts[0].Content.Text, "at six")
		equal(w, "as a caption", w.link.acts[0].Content.Kind, core.KindImage)
		edit.Text = "far too long"
		isProblem(w, "too long", w.out.Amend(w.Context(), w.ws, sent[0].ID, edit), core.CodeInvalid, "too long")
	})
}

// TestAmendInOrder: several change one message at once, on whichever nodes: the provider hears of one change at a time, and ends with the one asked for
// last. A deletion is done in any case.
func TestAmendInOrder(t *testing.T) {
	each(t, func(w *world) {
		w.link.can.Actions = append(w.link.can.Actions, core.ActionEdit, core.ActionRevoke)
		by := w.request().Author
		edit := func(text string) core.Amendment {
			w.pass(time.Second)
			return core.Amendment{Action: core.ActionEdit, Text: text, By: by}
		}
		sent := w.writes("at five", "at noon")
		w.delivered()
		one, two := w.asked(sent[0].ID, edit("at six")), w.asked(sent[0].ID, edit("at seven"))
		w.link.acting = func(core.Act) {
			w.link.acting = nil
			var later core.Later
			if err := w.amend(two); !errors.As(err, &later) {
				t.Errorf("two at once: %v", err)
			}
		}
		w.must(w.amend(one))
		equal(w, "first", w.message(sent[0].ID).Content.Text, "at six")
		w.must(w.amend(two))
		equal(w, "then", w.message(sent[0].ID).Content.Text, "at seven")

		one, two = w.asked(sent[0].ID, edit("at eight")), w.asked(sent[0].ID, edit("at nine"))
		w.link.acts = nil
		w.must(w.amend(two))
		w.must(w.amend(one))
		equal(w, "what comes late is left", w.message(sent[0].ID).Content.Text, "at nine")
		equal(w, "asked of the provider", len(w.link.acts), 1)

		gone := w.asked(sent[1].ID, core.Amendment{Action: core.ActionRevoke, By: by})
		w.must(w.amend(w.asked(sent[1].ID, edit("at one"))))
		w.must(w.amend(gone))
		if w.message(sent[1].ID).Revoked.IsZero() {
			t.Error("an edit that was asked for later kept the message")
		}
	})
}
