package outbound_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/core"
)

// An expired token: the channel is parked with its queue, the admins are told once, and all goes on in order once it has a new one.
func TestParkAndResume(t *testing.T) {
	expired := &core.SendError{Code: "190", Outcome: core.Rejected, Effect: core.EffectPark, Reason: "The token expired.", Remedy: "Make a new one."}
	each(t, func(w *world) {
		w.link.plays(fails(expired))
		first := w.writes("1", "2")
		w.must(w.deliver())
		ch := w.channel()
		equal(w, "state", ch.State, core.ChannelParked)
		equal(w, "health", ch.Health.Remedy, "Make a new one.")
		equal(w, "admins told", w.jobs(), "alert")
		w.status("kept", first[0].ID, core.StatusParked)
		d, _, err := w.out.Decide(w.Context(), w.ws, w.request(text("x")))
		w.must(err)
		equal(w, "dry run", d.Verdict, core.VerdictPark)
		w.writes("3") // is taken, and waits behind the others
		w.must(w.deliver())
		equal(w, "not tried again", w.link.texts(), "1")
		equal(w, "told once", w.jobs(), "")
		if w.notice().ID != "" {
			t.Error("the agent was told, though nothing is lost")
		}
		w.link.plays(ok)
		w.must(w.out.Resume(w.Context(), w.ws, w.ch.ID))
		equal(w, "sessions begun anew", w.anew, 1)
		equal(w, "health before the first message", w.channel().Health.Level, core.HealthUnknown)
		w.wake()
		equal(w, "jobs", w.jobs(), "deliver")
		w.must(w.deliver())
		equal(w, "in order", w.link.texts(), "1|2|3")
		equal(w, "health after it", w.channel().Health.Level, core.HealthGood)
		equal(w, "nobody is told that all is well", w.jobs(), "")
	})
}

// A channel is well as soon as its provider took a message from it. What a person has paused, or the provider has complained of, stays so.
func TestSentIsWell(t *testing.T) {
	for _, c := range []struct {
		name        string
		state       core.ChannelState
		known, want core.HealthLevel
	}{
		{"of which nothing is known", core.ChannelActive, core.HealthUnknown, core.HealthGood},
		{"with a warning", core.ChannelActive, core.HealthWarning, core.HealthWarning},
		{"paused meanwhile", core.ChannelPaused, core.HealthUnknown, core.HealthUnknown},
		{"parked meanwhile", core.ChannelParked, core.HealthBad, core.HealthBad},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(w *world) {
				w.writes("hello")
				w.link.plays(func(ctx context.Context, out core.Outgoing) (core.Sent, error) {
					w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, c.state, core.Health{Level: c.known}))
					return ok(ctx, out)
				})
				w.must(w.deliver())
				ch := w.channel()
				equal(w, "state", ch.State, c.state)
				equal(w, "health", ch.Health.Level, c.want)
			})
		})
	}
}

// The token is replaced while a call with the old one is under way, which is then refused: the channel goes on, in order, with the new one, and nobody is
// alarmed. What a person paused meanwhile stays so, and if the new token is no good either, the channel is parked.
func TestTokenReplacedUnderWay(t *testing.T) {
	expired := &core.SendError{Code: "190", Outcome: core.Rejected, Effect: core.EffectPark, Reason: "The token expired.", Remedy: "Make a new one."}
	each(t, func(w *world) {
		replaced := func(meanwhile func()) {
			w.link.plays(func(context.Context, core.Outgoing) (core.Sent, error) {
				meanwhile()
				w.link = &link{can: capabilities()}
				return core.Sent{}, expired
			})
		}
		replaced(func() {})
		made := w.writes("1", "2")
		w.jobs()
		w.later("with the old one", w.deliver(), time.Second)
		equal(w, "nobody is told", w.jobs(), "")
		w.delivered()
		equal(w, "state", w.channel().State, core.ChannelActive)
		equal(w, "sent with the new token, in order", w.link.texts(), "1|2")
		w.status("sent", made[0].ID, core.StatusSent)

		replaced(func() { w.looks, w.blind = 0, 1 }) // seen only when the channel is parked
		w.writes("3")
		w.must(w.deliver())
		equal(w, "resumed", w.channel().State, core.ChannelActive)
		equal(w, "health", w.channel().Health.Code, "sent")
		equal(w, "sent with the newer token", w.link.texts(), "3")

		replaced(func() {
			w.looks, w.blind = 0, 1
			w.must(w.out.Pause(w.Context(), w.ws, w.ch.ID))
		})
		w.writes("4")
		w.must(w.deliver())
		equal(w, "paused by a person", w.channel().State, core.ChannelPaused)
		w.link.plays(fails(expired))
		w.must(w.out.Resume(w.Context(), w.ws, w.ch.ID))
		w.wake()
		w.must(w.deliver())
		equal(w, "with a new token that is no good", w.channel().State, core.ChannelParked)
		equal(w, "tried once", w.link.texts(), "4")
	})
}

// What waited too long is refused by the gate when the channel is back, and its author is told.
func TestResumeAfterTheWindow(t *testing.T) {
	lite(t, func(w *world) {
		w.must(w.out.Pause(w.Context(), w.ws, w.ch.ID))
		made := w.writes("x")
		w.must(w.deliver())
		w.pass(25 * time.Hour)
		w.must(w.out.Resume(w.Context(), w.ws, w.ch.ID))
		w.wake()
		w.must(w.deliver())
		w.status("refused", made[0].ID, core.StatusFailed)
		equal(w, "told", w.notice().Kind, core.NoticeFailed)
		equal(w, "sent", w.link.texts(), "")
	})
}

func TestPause(t *testing.T) {
	lite(t, func(w *world) {
		w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, core.ChannelActive, core.Health{Level: core.HealthWarning, Code: "w"}))
		w.must(w.out.Pause(w.Context(), w.ws, w.ch.ID))
		equal(w, "state", w.channel().State, core.ChannelPaused)
		equal(w, "health stays", w.channel().Health.Code, "w")
		w.must(w.out.Resume(w.Context(), w.ws, w.ch.ID))
		equal(w, "state afterwards", w.channel().State, core.ChannelActive)
		equal(w, "health still stays", w.channel().Health.Code, "w")
		equal(w, "sessions begun anew", w.anew, 0)
		if err := w.out.Pause(w.Context(), w.ws, "none"); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("a channel that does not exist: got %v", err)
		}
		if err := w.out.Resume(w.Context(), w.ws, "none"); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("resuming it: got %v", err)
		}
	})
}

// Settings that cannot be opened park the channel like an expired token; trouble with the database does not.
func TestChannelThatCannotBeOpened(t *testing.T) {
	lite(t, func(w *world) {
		made := w.writes("x")
		w.jobs()
		w.link.broken = fmt.Errorf("%w: gone", core.ErrUnavailable)
		if err := w.deliver(); !errors.Is(err, core.ErrUnavailable) {
			t.Errorf("got %v, want to be tried again", err)
		}
		equal(w, "state", w.channel().State, core.ChannelActive)
		w.link.broken = core.Problemf(core.CodeUnavailable, "The secret cannot be opened.").Remedied("Set it anew.")
		w.must(w.deliver())
		equal(w, "state", w.channel().State, core.ChannelParked)
		equal(w, "remedy", w.channel().Health.Remedy, "Set it anew.")
		equal(w, "jobs", w.jobs(), "alert")
		w.status("kept", made[0].ID, core.StatusParked)
		w.link.broken = nil
		w.must(w.out.Resume(w.Context(), w.ws, w.ch.ID))
		w.wake()
		w.must(w.deliver())
		w.status("sent", made[0].ID, core.StatusSent)
	})
}

func TestWakeManyConversations(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.out.Pause(w.Context(), w.ws, w.ch.ID))
		var convs []core.Conversation
		for i := range 205 {
			w.says(fmt.Sprint("in.x", i), "x", core.IdentityKey{Scheme: core.SchemePhone, Value: fmt.Sprint(1000 + i)})
		}
		all, err := w.repo.Contacts(w.Context(), core.Page{Limit: 200})
		w.must(err)
		rest, err := w.repo.Contacts(w.Context(), core.Page{Limit: 200, Before: string(all[len(all)-1].ID)})
		w.must(err)
		for _, c := range append(all, rest...) {
			conv, err := w.repo.OpenConversation(w.Context(), c.ID)
			w.must(err)
			convs = append(convs, conv)
			w.conv = conv
			w.writes("waiting")
			w.must(w.deliver())
		}
		w.jobs()
		w.must(w.out.Resume(w.Context(), w.ws, w.ch.ID))
		w.wake()
		equal(w, "conversations woken", strings.Count(w.jobs(), "deliver"), len(convs))
		parked, err := w.repo.PartsIn(w.Context(), w.ch.ID, core.StatusParked, 10)
		w.must(err)
		equal(w, "parked", len(parked), 0)
	})
}

func TestWakeOfPausedChannel(t *testing.T) {
	lite(t, func(w *world) {
		w.must(w.out.Pause(w.Context(), w.ws, w.ch.ID))
		made := w.writes("x")
		w.must(w.deliver())
		w.jobs()
		w.must(w.queue.Run(w.Context(), core.WakeJob(w.ws, w.ch.ID), w.out.Wake))
		w.status("still waits", made[0].ID, core.StatusParked)
		equal(w, "jobs", w.jobs(), "")
	})
}

// A channel is mended at the very moment at which a worker stops for it, again and again: nothing is left behind.
func TestNoWakeUpIsLost(t *testing.T) {
	each(t, func(w *world) {
		for round := range 15 {
			w.must(w.out.Pause(w.Context(), w.ws, w.ch.ID))
			made := w.writes(fmt.Sprint(round))
			var both sync.WaitGroup
			both.Go(func() {
				if err := w.deliver(); err != nil {
					t.Error(err)
				}
			})
			both.Go(func() {
				if err := w.out.Resume(context.WithoutCancel(w.Context()), w.ws, w.ch.ID); err != nil {
					t.Error(err)
				}
			})
			both.Wait()
			w.wake()
			jobs, err := w.queue.Jobs(w.Context())
			w.must(err)
			for _, j := range jobs {
				if j.Kind == core.JobDeliver {
					w.must(w.deliver())
				}
			}
			w.status("round "+fmt.Sprint(round), made[0].ID, core.StatusSent)
			w.jobs()
		}
	})
}

// A message composed at the very moment at which the worker ends is sent by it, or by a new job.
func TestComposeMeetsEndOfWork(t *testing.T) {
	each(t, func(w *world) {
		for round := range 15 {
			w.writes("before")
			var made []core.Message
			var both sync.WaitGroup
			both.Go(func() {
				if err := w.deliver(); err != nil {
					t.Error(err)
				}
			})
			both.Go(func() {
				var err error
				if made, _, err = w.out.Compose(w.Context(), w.ws, w.request(text(fmt.Sprint(round)))); err != nil {
					t.Error(err)
				}
			})
			both.Wait()
			jobs, err := w.queue.Jobs(w.Context())
			w.must(err)
			for _, j := range jobs {
				if j.Kind == core.JobDeliver {
					w.must(w.deliver())
				}
			}
			w.status("round "+fmt.Sprint(round), made[0].ID, core.StatusSent)
			w.jobs()
		}
	})
}

func TestMark(t *testing.T) {
	lite(t, func(w *world) {
		w.writes("answer")
		w.must(w.deliver())
		w.link.acts = nil
		w.must(w.out.Mark(w.Context(), w.ws, w.conv.ID, core.ActionTyping))
		w.must(w.queue.Run(w.Context(), w.job(core.JobRead, string(w.conv.ID)), w.out.Read))
		equal(w, "acts", len(w.link.acts), 2)
		for i, want := range []core.Action{core.ActionTyping, core.ActionRead} {
			a := w.link.acts[i]
			equal(w, "action", a.Action, want)
			equal(w, "target", a.Target, "in.1")
			equal(w, "to", a.To[0], grace)
		}
		w.link.refuse = &core.SendError{Reason: "Not now.", Remedy: "Later."}
		isProblem(w, "refused", w.out.Mark(w.Context(), w.ws, w.conv.ID, core.ActionRead), core.CodeUnavailable, "Not now.")
		w.must(w.queue.Run(w.Context(), w.job(core.JobRead, string(w.conv.ID)), w.out.Read)) // a courtesy
		w.link.can.Actions = nil
		isProblem(w, "not able", w.out.Mark(w.Context(), w.ws, w.conv.ID, core.ActionRead), core.CodeUnsupported, "cannot do this")
	})
}

// TestMarkBehindAnswers: what is marked may be followed by many answers.
func TestMarkBehindAnswers(t *testing.T) {
	lite(t, func(w *world) {
		w.writes("1", "2", "3", "4", "5", "6", "7", "8")
		w.must(w.out.Mark(w.Context(), w.ws, w.conv.ID, core.ActionRead))
		if len(w.link.acts) != 1 || w.link.acts[0].Target != "in.1" {
			t.Errorf("got %+v", w.link.acts)
		}
	})
}

func TestMarkOfNothing(t *testing.T) {
	lite(t, func(w *world) {
		w.must(w.in.Accept(w.Context(), w.ch, []core.Event{{Kind: core.EventMessage, ID: "old", At: noon.Add(-time.Hour), Origin: core.OriginCustomer, Historic: true,
			Peer: core.Peer{Identities: []core.IdentityKey{{Scheme: core.SchemePhone, Value: "9"}}}, Message: &core.MessageBody{Provider: "old", Content: text("x")}}}))
		p, err := w.repo.PartByProvider(w.Context(), w.ch.ID, "old")
		w.must(err)
		w.must(w.out.Mark(w.Context(), w.ws, p.Conversation, core.ActionRead))
		equal(w, "history is not marked as read", len(w.link.acts), 0)
	})
}

func TestReact(t *testing.T) {
	lite(t, func(w *world) {
		all, err := w.repo.Messages(w.Context(), w.conv.ID, core.Page{})
		w.must(err)
		by, theirs := w.request().Author, all[0].ID
		w.must(w.out.React(w.Context(), w.ws, theirs, by, "👍"))
		a := w.link.acts[0]
		equal(w, "action", a.Action, core.ActionReaction)
		equal(w, "target", a.Target, "in.1")
		equal(w, "emoji", a.Emoji, "👍")
		equal(w, "key is no part's", core.IsActKey(string(a.Key)), true)
		equal(w, "stored", w.message(theirs).Reactions[0].Emoji, "👍")
		w.pass(time.Second)
		w.must(w.out.React(w.Context(), w.ws, theirs, by, ""))
		equal(w, "taken back", len(w.message(theirs).Reactions), 0)
		w.link.refuse = &core.SendError{Reason: "No."}
		isProblem(w, "refused by the provider", w.out.React(w.Context(), w.ws, theirs, by, "👍"), core.CodeUnavailable, "No.")
		equal(w, "not stored then", len(w.message(theirs).Reactions), 0)
		made := w.writes("not sent yet")
		isProblem(w, "too early", w.out.React(w.Context(), w.ws, made[0].ID, by, "👍"), core.CodeConflict, "not reached")
		w.must(w.out.Pause(w.Context(), w.ws, w.ch.ID))
		isProblem(w, "paused", w.out.React(w.Context(), w.ws, theirs, by, "👍"), core.CodeChannelDown, "cannot send now")
		w.must(w.out.Resume(w.Context(), w.ws, w.ch.ID))
		w.pass(25 * time.Hour)
		isProblem(w, "late", w.out.React(w.Context(), w.ws, theirs, by, "👍"), core.CodeWindowClosed, "")
	})
}

// TestStopsBetweenMessages: a conversation with much to send does not keep the gateway from stopping, and goes on where it was.
func TestStopsBetweenMessages(t *testing.T) {
	each(t, func(w *world) {
		w.writes("1", "2", "3", "4")
		stopping := make(chan struct{})
		w.link.plays(ok, func(ctx context.Context, out core.Outgoing) (core.Sent, error) {
			close(stopping)
			return ok(ctx, out)
		}, ok)
		err := w.queue.Run(w.Context(), w.job(core.JobDeliver, string(w.conv.ID)), func(ctx context.Context, work core.Work) error {
			work.Stopping = stopping
			return w.out.Deliver(ctx, work)
		})
		if !errors.Is(err, core.ErrStopping) || w.link.texts() != "1|2" {
			w.Errorf("got %v after %s, want it handed back after 1|2", err, w.link.texts())
		}
		w.must(w.deliver())
		equal(w, "sent", w.link.texts(), "1|2|3|4")
	})
}
