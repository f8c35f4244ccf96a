package outbound_test

import (
	"errors"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/outbound"
)

// lost has the agent write a message of which nobody will know whether it arrived, and another behind it.
func (w *world) lost(text string) core.MessageID {
	w.Helper()
	w.link.plays(fails(errors.New("the connection broke")), ok)
	made := w.writes(text, "and more")
	w.delivered()
	w.status("nobody knows", made[0].ID, core.StatusUnknown)
	w.jobs()
	return made[0].ID
}

func TestRule(t *testing.T) {
	each(t, func(w *world) {
		for _, c := range []struct {
			verdict outbound.Verdict
			status  core.Status
			goes    string
		}{{outbound.VerdictSent, core.StatusSent, ""}, {outbound.VerdictFailed, core.StatusFailed, ""}, {outbound.VerdictAgain, core.StatusSent, "a question"}} {
			id := w.lost("a question")
			isProblem(w, "no verdict", w.out.Rule(w.Context(), w.ws, id, "perhaps"), core.CodeInvalid, "perhaps")
			w.link.plays(ok)
			w.must(w.out.Rule(w.Context(), w.ws, id, c.verdict))
			equal(w, string(c.verdict)+": jobs", w.jobs(), "deliver notify")
			w.delivered()
			w.status(string(c.verdict), id, c.status)
			equal(w, string(c.verdict)+": sent again", w.link.texts(), c.goes)
			isProblem(w, "twice", w.out.Rule(w.Context(), w.ws, id, outbound.VerdictAgain), core.CodeConflict, "known")
			history, err := w.repo.ConversationEvents(w.Context(), w.conv.ID)
			w.must(err)
			last := history[len(history)-1]
			equal(w, "history", last.Code, "settled-"+core.LineCode(c.verdict))
			equal(w, "about", last.Message, id)
			w.jobs()
		}
	})
}

// TestRuleWhileNewsMayCome: nobody has to wait for news who knows better.
func TestRuleWhileNewsMayCome(t *testing.T) {
	lite(t, func(w *world) {
		w.link.plays(fails(errors.New("the connection broke")), ok)
		made := w.writes("first", "second")
		w.later("news may come", w.deliver(), 2*time.Second)
		w.must(w.out.Rule(w.Context(), w.ws, made[0].ID, outbound.VerdictAgain))
		w.must(w.deliver())
		equal(w, "in order", w.link.texts(), "first|first|second")
	})
}

// TestAgainPassesTheGate: what may not be sent any more is not sent, and its author learns why, though they were told of it before.
func TestAgainPassesTheGate(t *testing.T) {
	lite(t, func(w *world) {
		id := w.lost("a question")
		n := w.notice()
		n.State = core.NoticeSent
		w.must(w.repo.SetNotice(w.Context(), n))
		w.pass(25 * time.Hour)
		w.link.plays(ok)
		w.must(w.out.Rule(w.Context(), w.ws, id, outbound.VerdictAgain))
		w.delivered()
		w.status("the window is closed", id, core.StatusFailed)
		equal(w, "sent", w.link.texts(), "")
		equal(w, "the author is told", w.notice().Message, id)
	})
}

// TestRuleOnWhatWasGivenUp: what was tried in vain for a day can be sent once more, or forgotten; what was refused for good cannot.
func TestRuleOnWhatWasGivenUp(t *testing.T) {
	each(t, func(w *world) {
		w.link.can.Window = core.Window{}
		busy := fails(&core.SendError{Outcome: core.Rejected, Effect: core.EffectRetry, Retry: time.Hour, Reason: "busy"})
		listed := func(when, want string) {
			w.Helper()
			parts, err := w.repo.GivenUp(w.Context(), w.ch.ID, 9)
			w.must(err)
			var got string
			for _, p := range parts {
				got += string(p.Message)
			}
			equal(w, when, got, want)
		}
		w.link.plays(busy)
		id := w.writes("x")[0].ID
		w.delivered()
		w.status("given up", id, core.StatusFailed)
		listed("given up", string(id))
		w.jobs()
		isProblem(w, "it never arrived", w.out.Rule(w.Context(), w.ws, id, outbound.VerdictSent), core.CodeConflict, "given up")

		w.must(w.out.Rule(w.Context(), w.ws, id, outbound.VerdictAgain))
		equal(w, "jobs", w.jobs(), "deliver notify")
		began := w.now()
		w.delivered()
		w.status("in vain", id, core.StatusFailed)
		if tried := w.now().Sub(began); tried < 24*time.Hour || tried > 27*time.Hour {
			w.Errorf("it was tried again for %v, want a day", tried)
		}
		equal(w, "its author is told anew", w.notice().Message, id)
		w.link.plays(ok)
		w.must(w.out.Rule(w.Context(), w.ws, id, outbound.VerdictAgain))
		w.delivered()
		w.status("sent once more", id, core.StatusSent)
		equal(w, "sent once more", w.link.texts(), "x")
		listed("sent", "")
		isProblem(w, "it is known now", w.out.Rule(w.Context(), w.ws, id, outbound.VerdictAgain), core.CodeConflict, "known")

		w.link.plays(busy)
		id = w.writes("y")[0].ID
		w.delivered()
		w.must(w.out.Rule(w.Context(), w.ws, id, outbound.VerdictFailed))
		listed("forgotten", "")
		history, err := w.repo.ConversationEvents(w.Context(), w.conv.ID)
		w.must(err)
		last := history[len(history)-1]
		equal(w, "history", string(last.Code)+": "+last.Text, "given-up-failed: This message was given up. Somebody decided to leave it at that.")
	})
}
