package inbound_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

func TestReceiptsNeverRegress(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		p := w.sent(w.only(), "answer", id(2), core.StatusSent)
		w.jobs()
		for _, step := range []struct{ told, want core.Status }{
			{core.StatusRead, core.StatusRead}, {core.StatusDelivered, core.StatusRead}, {core.StatusSent, core.StatusRead},
		} {
			w.accept(w.receipt(id(2), step.told))
			equal(w, "after "+string(step.told), w.part(p.ID).Status, step.want)
			equal(w, "message after "+string(step.told), w.message(id(2)).Status, step.want)
		}
		equal(w, "nothing to deliver after a tick", w.jobs(), "")
	})
}

func TestReceiptBeforeItsMessage(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		w.accept(w.receipt(id(2), core.StatusDelivered), w.receipt(id(2), core.StatusSent), w.receipt(id(2), core.StatusRead))
		p := w.sent(w.only(), "answer", "", core.StatusSending)
		w.jobs()
		p.Provider, p.Status = id(2), core.StatusSent
		w.must(w.store.Tx(w.Context(), func(tx core.Tx) error { // as the outbox does when the answer is there
			if err := tx.In(w.ws).SetPart(w.Context(), p); err != nil {
				return err
			}
			return w.in.Arrived(w.Context(), tx, w.ch, id(2))
		}))
		equal(w, "status", w.part(p.ID).Status, core.StatusRead)
		equal(w, "message", w.message(id(2)).Status, core.StatusRead)
		w.pass(time.Hour)
		n, err := w.in.Sweep(w.Context(), w.ws)
		w.must(err)
		equal(w, "left to sweep", n, 0)
	})
}

func TestReceiptFindsPartByKey(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		p := w.sent(w.only(), "answer", "", core.StatusUnknown)
		w.jobs()
		e := w.receipt(id(2), core.StatusDelivered)
		e.Key, e.Receipt.Stanza = string(p.ID), "3EB0"
		w.accept(e)
		got := w.part(p.ID)
		equal(w, "status", got.Status, core.StatusDelivered)
		equal(w, "provider", got.Provider, id(2))
		equal(w, "stanza", got.Stanza, "3EB0")
		equal(w, "the lane goes on", w.jobs(), "deliver")
	})
}

func TestKeyOfAnotherChannelCountsForNothing(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		p := w.sent(w.only(), "answer", "", core.StatusSending)
		e := w.receipt(id(2), core.StatusRead)
		e.Key = string(p.ID)
		w.must(w.in.Accept(w.Context(), w.channel("second", "200"), []core.Event{e}))
		equal(w, "status", w.part(p.ID).Status, core.StatusSending)
	})
}

func TestReceiptOfReaction(t *testing.T) {
	each(t, func(w *world) {
		e := w.receipt(id(9), core.StatusSent)
		e.Key = string(core.NewActKey())
		w.accept(e)
		w.pass(time.Hour)
		n, err := w.in.Sweep(w.Context(), w.ws)
		w.must(err)
		equal(w, "waits for nobody", n, 0)
	})
}

func TestFailedReceipt(t *testing.T) {
	closed := &core.SendError{Code: "131047", Outcome: core.Rejected, Effect: core.EffectWindow, Reason: "The window is closed.", Remedy: "Send a template."}
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		w.pass(time.Hour)
		conv := w.only()
		p := w.sent(conv, "answer", id(2), core.StatusDelivered)
		p.Sent = w.clock
		w.must(w.repo.SetPart(w.Context(), p))
		w.jobs()
		e := w.receipt(id(2), core.StatusFailed)
		e.Receipt.Error = closed
		w.accept(e)
		w.accept(w.receipt(id(2), core.StatusRead)) // an error beats a tick
		m := w.message(id(2))
		equal(w, "status", m.Status, core.StatusFailed)
		equal(w, "error", m.Error.Code, "131047")
		at(w, "window closed", w.window().Closed, w.clock)
		n, err := w.repo.NextNotice(w.Context(), conv.ID)
		w.must(err)
		equal(w, "notice", n.Kind, core.NoticeFailed)
		equal(w, "text", n.Text, "The window is closed. Send a template. (131047)")
		equal(w, "jobs", w.jobs(), "notify")
		w.pass(time.Minute)
		w.accept(w.said(id(3), "I am here again"))
		if s := w.window(); !s.Last.After(s.Closed) {
			t.Errorf("a new message must open the window: %+v", s)
		}
	})
}

// TestFailedReceiptOfProgram: that a program's message, in two parts, did not arrive after all is a line of history, once.
func TestFailedReceiptOfProgram(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		conv := w.only()
		m := w.message(id(1))
		m.ID, m.Direction, m.Author, m.Status, m.Seq = core.NewID[core.MessageID](), core.Out, core.Author{Kind: core.AuthorWorkflow, Name: "welcome"}, core.StatusSent, 7
		m.Parts = nil
		for i := range 2 {
			m.Parts = append(m.Parts, core.Part{ID: core.NewID[core.PartID](), Message: m.ID, Conversation: conv.ID, Channel: w.ch.ID, Seq: int64(7 + i),
				Content: m.Content, Provider: id(2 + i), Status: core.StatusSent, Updated: w.clock})
		}
		_, err := w.repo.AddMessage(w.Context(), m)
		w.must(err)
		w.jobs()
		for i := range 2 {
			e := w.receipt(id(2+i), core.StatusFailed)
			e.Receipt.Error = &core.SendError{Code: "131026", Outcome: core.Rejected, Effect: core.EffectFail, Reason: "The customer is not on WhatsApp."}
			w.accept(e)
		}
		equal(w, "history", w.history(conv.ID), "opened notice:not-delivered")
		equal(w, "jobs", w.jobs(), "notify")
	})
}

func TestFailureEffects(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		conv := w.only()
		for i, effect := range []core.Effect{core.EffectStop, core.EffectResync} {
			w.sent(conv, "x", id(10+i), core.StatusSent)
			w.jobs()
			e := w.receipt(id(10+i), core.StatusFailed)
			e.Receipt.Error = &core.SendError{Effect: effect, Reason: "no"}
			w.accept(e)
			want := "notify"
			if effect == core.EffectResync {
				want = "notify templates"
			}
			equal(w, string(effect), w.jobs(), want)
		}
		equal(w, "marketing stopped", w.silence(), "marketing")
	})
}

// A message of two parts keeps the error of the one that failed when the other goes on.
func TestErrorOfOnePartStays(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		m := w.message(id(1))
		m.ID, m.Direction, m.Content.Text, m.Seq = core.NewID[core.MessageID](), core.Out, "two", 2
		part := m.Parts[0]
		m.Parts = nil
		for i := range 2 {
			part.ID, part.Provider, part.Seq, part.Status = core.NewID[core.PartID](), id(2+i), int64(2+i), core.StatusSent
			m.Parts = append(m.Parts, part)
		}
		_, err := w.repo.AddMessage(w.Context(), m)
		w.must(err)
		e := w.receipt(id(2), core.StatusFailed)
		e.Receipt.Error = &core.SendError{Code: "131026", Reason: "no"}
		w.accept(e, w.receipt(id(3), core.StatusRead))
		got := w.message(id(2))
		equal(w, "status", got.Status, core.StatusFailed)
		if got.Error == nil || got.Error.Code != "131026" {
			t.Errorf("error: got %+v", got.Error)
		}
	})
}

func TestReceiptTeachesIdentities(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		w.accept(w.said(id(2), "Hello from my id", bsuid("GB.1")))
		equal(w, "before", len(w.contacts()), 2)
		var mine core.Conversation
		for _, c := range w.conversations() {
			if w.texts(c.ID) == "Hello" {
				mine = c
			}
		}
		w.sent(mine, "answer", id(3), core.StatusSent)
		e := w.receipt(id(3), core.StatusDelivered)
		e.Receipt.Learned = []core.IdentityKey{phone(grace), bsuid("GB.1"), bsuid("GB.1.other")}
		w.accept(e)
		all := w.contacts()
		equal(w, "after", len(all), 1)
		keys, err := w.repo.IdentitiesOf(w.Context(), all[0].ID)
		w.must(err)
		equal(w, "identities", len(keys), 3)
		equal(w, "the conversation answered in stays open", w.message(id(3)).Conversation, mine.ID)
		c, err := w.repo.Conversation(w.Context(), mine.ID)
		w.must(err)
		equal(w, "state", c.State, core.ConversationOpen)
	})
}

func TestReaction(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		conv, window := w.only(), w.window()
		p := w.sent(conv, "Shall we?", id(2), core.StatusSent)
		w.jobs()
		w.pass(time.Hour)
		w.accept(w.reaction("r1", id(2), "👍"))
		w.accept(w.reaction("r1", id(2), "👍"))
		m := w.message(id(2))
		equal(w, "reactions", len(m.Reactions), 1)
		equal(w, "emoji", m.Reactions[0].Emoji, "👍")
		equal(w, "jobs", w.jobs(), "notify")
		equal(w, "a reaction opens no window", w.window(), window)
		w.pass(time.Minute)
		w.accept(w.reaction("r2", id(2), ""))
		equal(w, "taken back", len(w.message(id(2)).Reactions), 0)
		equal(w, "history", w.history(conv.ID), "opened notice:reaction notice:reaction-removed")
		events, err := w.repo.ConversationEvents(w.Context(), conv.ID)
		w.must(err)
		equal(w, "sentence", events[1].Text, "Reacted 👍 to: Shall we?")
		equal(w, "about", events[1].Message, p.Message)
	})
}

// TestReactionsOfAGroup: each member of a group has a reaction of their own.
func TestReactionsOfAGroup(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		w.sent(w.only(), "Shall we?", id(2), core.StatusSent)
		for i, member := range []string{"Ana", "Béla", "Ana"} {
			w.pass(time.Minute)
			e := w.reaction(fmt.Sprint("r", i), id(2), []string{"👍", "👎", ""}[i])
			e.Author = member
			w.accept(e)
		}
		left := w.message(id(2)).Reactions
		if len(left) != 1 || left[0].By.Name != "Béla" || left[0].Emoji != "👎" {
			w.Errorf("reactions %+v", left)
		}
	})
}

func TestEdit(t *testing.T) {
	each(t, func(w *world) {
		first := w.said(id(1), "at 5")
		first.Message.Content.Quote = &core.Quote{Provider: "wamid.q"}
		w.accept(first)
		conv := w.only()
		w.jobs()
		w.pass(time.Minute)
		older := w.edit("e1", id(1), "at 6")
		w.pass(time.Minute)
		w.accept(w.edit("e2", id(1), "at 7"))
		w.accept(older)
		m := w.message(id(1))
		equal(w, "text", m.Content.Text, "at 7")
		equal(w, "quote kept", m.Content.Quote.Provider, "wamid.q")
		equal(w, "part", m.Parts[0].Content.Text, "at 7")
		equal(w, "history", w.history(conv.ID), "opened notice:edit")
		equal(w, "jobs", w.jobs(), "notify")
		versions, err := w.repo.Versions(w.Context(), m.ID)
		w.must(err)
		equal(w, "versions", len(versions), 1)
	})
}

// TestEditsOfOneSecond: of several changes of a message in the second that providers count in, the same one holds in whatever order they come, and the
// last one where the provider tells more.
func TestEditsOfOneSecond(t *testing.T) {
	each(t, func(w *world) {
		for i, c := range []struct {
			after [3]time.Duration // the second began
			want  string
		}{
			{[3]time.Duration{0, 0, 0}, "at 8"}, // whose words sort last
			{[3]time.Duration{0, 2 * time.Microsecond, time.Microsecond}, "at 6"},
			{[3]time.Duration{0, 0, 999 * time.Millisecond}, "at 7"},
		} {
			for k, order := range permutations(3) {
				target := fmt.Sprint("m", i, k)
				w.accept(w.said(target, "at 5"))
				for _, n := range order {
					e := w.edit(fmt.Sprint(target, "e", n), target, []string{"at 8", "at 6", "at 7"}[n])
					e.At = w.clock.Add(time.Minute + c.after[n])
					w.accept(e)
				}
				if got := w.message(target).Content.Text; got != c.want {
					t.Errorf("case %d, order %v: %q, want %q", i, order, got, c.want)
				}
			}
		}
	})
}

func TestEditOfCaption(t *testing.T) {
	each(t, func(w *world) {
		e := w.said(id(1), "")
		e.Message.Content = core.Content{Kind: core.KindImage, Text: "old", Media: &core.Media{Provider: "7"}}
		w.accept(e)
		media := w.message(id(1)).Content.Media.ID
		w.jobs()
		caption := w.edit("e1", id(1), "")
		caption.Edit.Content = core.Content{Kind: core.KindImage, Text: "new", Media: &core.Media{Provider: "7"}}
		w.accept(caption)
		equal(w, "same file", w.message(id(1)).Content.Media.ID, media)
		equal(w, "not fetched again", w.jobs(), "notify")
		other := w.edit("e2", id(1), "")
		other.Edit.Content = core.Content{Kind: core.KindImage, Text: "new", Media: &core.Media{Provider: "8"}}
		w.accept(other)
		if w.message(id(1)).Content.Media.ID == media {
			t.Error("another file has the same id")
		}
		equal(w, "fetched", w.jobs(), "fetch notify")
	})
}

// TestEditOfWordsAlone: an edit that brings new words for a file, whatever it says of the file itself, leaves the file.
func TestEditOfWordsAlone(t *testing.T) {
	each(t, func(w *world) {
		e := w.said(id(1), "")
		e.Message.Content = core.Content{Kind: core.KindImage, Text: "old", Media: &core.Media{Provider: "7", SHA256: "abc"}}
		w.accept(e)
		media := w.message(id(1)).Content.Media.ID
		w.jobs()
		for i, now := range []core.Content{
			{Kind: core.KindImage, Media: &core.Media{MIME: "image/jpeg"}},
			{Kind: core.KindImage, Media: &core.Media{Provider: "8", SHA256: "abc"}},
			{Kind: core.KindImage},
			{Kind: core.KindText},
		} {
			w.pass(time.Second)
			now.Text = fmt.Sprint("new ", i)
			edit := w.edit(fmt.Sprint("e", i), id(1), "")
			edit.Edit.Content = now
			w.accept(edit)
			m := w.message(id(1))
			equal(w, "kind", m.Content.Kind, core.KindImage)
			equal(w, "caption", m.Content.Text, now.Text)
			if m.Content.Media == nil || m.Content.Media.ID != media || m.Parts[0].Content.Media == nil || m.Parts[0].Content.Media.ID != media {
				t.Errorf("edit %d: the file is %+v, its part's %+v", i, m.Content.Media, m.Parts[0].Content.Media)
			}
			equal(w, "nothing is fetched", w.jobs(), "notify")
		}
		versions, err := w.repo.Versions(w.Context(), w.message(id(1)).ID)
		w.must(err)
		equal(w, "versions", len(versions), 4)
	})
}

func TestRevoke(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "secret"))
		w.pass(time.Minute)
		w.accept(w.revoke("v1", id(1)), w.revoke("v2", id(1)))
		w.pass(time.Minute)
		w.accept(w.edit("e1", id(1), "secret again"))
		m := w.message(id(1))
		equal(w, "text", m.Content.Text, "")
		equal(w, "revoked", m.Revoked.IsZero(), false)
		equal(w, "history", w.history(m.Conversation), "opened notice:revoke")
	})
}

// Changes that come before their message wait for it, and are applied in the order in which they came.
func TestChangesBeforeTheirMessage(t *testing.T) {
	each(t, func(w *world) {
		e := w.said(id(1), "first")
		w.pass(time.Second)
		w.accept(w.edit("e", id(1), "second"), w.reaction("r", id(1), "👍"))
		equal(w, "nothing yet", len(w.conversations()), 0)
		w.accept(e)
		m := w.message(id(1))
		equal(w, "text", m.Content.Text, "second")
		equal(w, "reactions", len(m.Reactions), 1)
		equal(w, "history", w.history(m.Conversation), "opened notice:edit notice:reaction")
	})
}

// What waited for a message and cannot be applied must not take the message with it.
func TestParkedEventThatCannotBeApplied(t *testing.T) {
	each(t, func(w *world) {
		bad := w.receipt(id(1), core.StatusDelivered)
		bad.Receipt.Learned = []core.IdentityKey{phone("1"), phone("1")}
		bad.Kind = "of another version"
		w.must(w.repo.ParkEvent(w.Context(), w.ch.ID, id(1), bad, w.clock.Add(time.Hour)))
		w.accept(w.said(id(1), "Hello"))
		equal(w, "message", w.texts(w.only().ID), "Hello")
		all := w.dead()
		equal(w, "dead letters", len(all), 1)
		if !strings.Contains(all[0].Reason, "not known") {
			t.Errorf("reason: got %q", all[0].Reason)
		}
	})
}

// TestFailureOfTheChannel: what a provider says later of a message, and would say of others, is told to the admins; the channel goes on.
func TestFailureOfTheChannel(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		fails := func(n int, e core.SendError) core.ChannelState {
			w.Helper()
			w.answered(id(n), core.StatusSent)
			w.pass(time.Minute)
			r := w.receipt(id(n), core.StatusFailed)
			e.Outcome = core.Rejected
			r.Receipt.Error = &e
			w.accept(r)
			state, _ := w.health()
			return state
		}
		for n, e := range []core.SendError{{Code: "131026", Effect: core.EffectFail, Remedy: "Call."}, {Code: "130429", Effect: core.EffectSlow}} {
			equal(w, "state", fails(2+n, e), core.ChannelActive)
			if _, h := w.health(); h.Level == core.HealthWarning {
				t.Errorf("%s is of the message: %+v", e.Code, h)
			}
		}
		for n, e := range []core.SendError{{Code: "131042", Effect: core.EffectPark, Reason: "Unpaid.", Remedy: "Pay."}, {Code: "131048", Effect: core.EffectSlow, Reason: "Spam.", Remedy: "Send less."}} {
			equal(w, "state", fails(4+n, e), core.ChannelActive)
			if _, h := w.health(); h.Level != core.HealthWarning || h.Code != e.Code || h.Remedy != e.Remedy {
				t.Errorf("%s: %+v", e.Code, h)
			}
		}
		w.answered(id(6), core.StatusSent)
		w.resume(60)
		w.pass(2 * time.Minute)
		r := w.receipt(id(6), core.StatusFailed)
		r.Receipt.Error = &core.SendError{Code: "131042", Outcome: core.Rejected, Effect: core.EffectPark, Reason: "Unpaid."}
		w.accept(r)
		if _, h := w.health(); h.Level == core.HealthWarning {
			t.Errorf("what was sent before somebody resumed the channel worries: %+v", h)
		}
	})
}

// TestWorryEnds: what worries about a channel's sending is over when what was sent later arrives: of templates, which cost, only a template shows it.
func TestWorryEnds(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		n := 1
		send := func(kind core.ContentKind) string {
			w.Helper()
			n++
			p := w.sentContent(w.only(), core.Content{Kind: kind, Text: "Hello"}, id(n), core.StatusSent)
			p.Sent = w.clock
			w.must(w.repo.SetPart(w.Context(), p))
			w.pass(time.Minute)
			return p.Provider
		}
		hears := func(r core.Event, want core.HealthLevel) {
			w.Helper()
			ch, err := w.repo.Channel(w.Context(), w.ch.ID)
			w.must(err)
			w.ch = ch
			w.accept(r)
			_, h := w.health()
			equal(w, "health", h.Level, want)
		}
		fails := func(provider, code string) core.Event {
			r := w.receipt(provider, core.StatusFailed)
			r.Receipt.Error = &core.SendError{Code: code, Outcome: core.Rejected, Effect: core.EffectPark, Reason: "Unpaid.", Remedy: "Pay."}
			return r
		}
		early := send(core.KindTemplate)
		hears(fails(send(core.KindTemplate), "131042"), core.HealthWarning)
		hears(w.receipt(early, core.StatusDelivered), core.HealthWarning)
		hears(w.receipt(send(core.KindText), core.StatusRead), core.HealthWarning)
		w.jobs()
		later := send(core.KindTemplate)
		hears(w.receipt(later, core.StatusSent), core.HealthWarning)
		hears(w.receipt(later, core.StatusDelivered), core.HealthGood)
		equal(w, "jobs", w.jobs(), "alert")
		hears(fails(send(core.KindText), "131048"), core.HealthWarning)
		hears(w.receipt(send(core.KindText), core.StatusDelivered), core.HealthGood)
		w.must(w.store.Tx(w.Context(), func(tx core.Tx) error {
			return core.ReportHealth(w.Context(), tx, w.ws, w.ch.ID, core.Health{Level: core.HealthWarning, Code: "other", Reason: "Something else."}, w.clock)
		}))
		hears(w.receipt(send(core.KindTemplate), core.StatusDelivered), core.HealthWarning)
	})
}
