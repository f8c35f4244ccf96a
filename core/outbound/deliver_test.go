package outbound_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/outbound"

	"pgregory.net/rapid"
)

func TestDeliver(t *testing.T) {
	each(t, func(w *world) {
		made := w.writes("one", "two words that are cut", "three")
		w.delivered()
		equal(w, "order", w.link.texts(), "one|two words that are|cut|three")
		for _, m := range made {
			got := w.status("sent", m.ID, core.StatusSent)
			for _, p := range got.Parts {
				equal(w, "provider", p.Provider, "out."+string(p.ID))
				equal(w, "attempts", p.Attempts, 1)
				tries, err := w.repo.Attempts(w.Context(), p.ID)
				w.must(err)
				equal(w, "tries", len(tries), 1)
				equal(w, "result", tries[0].Result, "sent")
			}
		}
		equal(w, "key", w.link.sent[0].Key, made[0].Parts[0].ID)
		equal(w, "jobs", w.jobs(), "")
		equal(w, "acts", len(w.link.acts), 1) // once for all that was answered
		equal(w, "marked", w.link.acts[0].Action, core.ActionRead)
		equal(w, "as read", w.link.acts[0].Target, "in.1")
	})
}

// TestMarkedAsReadOnceAnswered: a person's answer that has gone marks what the contact wrote as read; a program's does not, nor does one that did not go.
func TestMarkedAsReadOnceAnswered(t *testing.T) {
	lite(t, func(w *world) {
		r := w.request(text("we are closed"))
		r.Author = core.Author{Kind: core.AuthorWorkflow, Name: "away"}
		_, _, err := w.out.Compose(w.Context(), w.ws, r)
		w.must(err)
		w.delivered()
		equal(w, "sent", w.link.texts(), "we are closed")
		equal(w, "by a program", len(w.link.acts), 0)
		w.link.plays(fails(&core.SendError{Outcome: core.Rejected, Effect: core.EffectFail, Reason: "No."}), ok)
		w.writes("refused")
		w.delivered()
		equal(w, "of one that did not go", len(w.link.acts), 0)
		w.link.refuse = &core.SendError{Reason: "Not now."} // which harms nobody
		w.writes("answer")
		w.delivered()
		equal(w, "by a person", len(w.link.acts), 1)
		equal(w, "sent since", w.link.texts(), "refused|answer")
		equal(w, "nothing is left to do", w.jobs(), "notify")
	})
}

// However messages come in and whatever the provider answers, those of one conversation arrive in the order in which they were written, each once.
func TestOrder(t *testing.T) {
	lite(t, func(w *world) {
		temporary := fails(&core.SendError{Outcome: core.Rejected, Effect: core.EffectRetry, Reason: "busy"})
		round := 0
		rapid.Check(t, func(r *rapid.T) {
			round++
			var script []func(context.Context, core.Outgoing) (core.Sent, error)
			for _, good := range rapid.SliceOfN(rapid.Bool(), 1, 12).Draw(r, "answers") {
				if good {
					script = append(script, ok)
				} else {
					script = append(script, temporary)
				}
			}
			w.link.plays(append(script, ok)...)
			w.says(fmt.Sprintf("in.r%d", round), "still here", grace) // the window stays open
			var want []string
			for i := range rapid.IntRange(1, 6).Draw(r, "messages") {
				w.writes(fmt.Sprint(round, "/", i))
				want = append(want, fmt.Sprint(round, "/", i))
				if rapid.Bool().Draw(r, "deliver") {
					_ = w.deliver()
				}
			}
			w.delivered()
			var got []string // of several tries of one message the last
			for _, out := range w.link.sent {
				if n := len(got); n == 0 || got[n-1] != out.Content.Text {
					got = append(got, out.Content.Text)
				}
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				r.Fatalf("got %v, want %v", got, want)
			}
		})
	})
}

func TestEffects(t *testing.T) {
	for _, c := range []struct {
		effect  core.Effect
		retry   time.Duration
		after   core.Status // of the message
		wait    time.Duration
		channel core.ChannelState
		jobs    string
		notice  core.NoticeKind
		goes    string // what reached the provider when all is over
	}{
		{core.EffectFail, 0, core.StatusFailed, 0, core.ChannelActive, "notify", core.NoticeFailed, "first|second"},
		{core.EffectRetry, 0, core.StatusQueued, time.Second, core.ChannelActive, "deliver", "", "first|first|second"},
		{core.EffectRetry, time.Minute, core.StatusQueued, time.Minute, core.ChannelActive, "deliver", "", "first|first|second"},
		{core.EffectSlowPeer, 6 * time.Second, core.StatusQueued, 6 * time.Second, core.ChannelActive, "deliver", "", "first|first|second"},
		{core.EffectSlow, time.Hour, core.StatusQueued, time.Hour, core.ChannelActive, "deliver", "", "first|first|second"},
		{core.EffectPark, 0, core.StatusParked, 0, core.ChannelParked, "alert", "", "first"},
		{core.EffectWindow, 0, core.StatusFailed, 0, core.ChannelActive, "notify", core.NoticeFailed, "first"},
		{core.EffectStop, 0, core.StatusFailed, 0, core.ChannelActive, "notify", core.NoticeFailed, "first|second"},
		{core.EffectBlock, 0, core.StatusFailed, 0, core.ChannelActive, "notify", core.NoticeFailed, "first"},
		{core.EffectResync, 0, core.StatusFailed, 0, core.ChannelActive, "notify templates", core.NoticeFailed, "first|second"},
	} {
		t.Run(fmt.Sprint(c.effect, " ", c.retry), func(t *testing.T) {
			lite(t, func(w *world) {
				w.link.plays(fails(&core.SendError{Code: "13", Outcome: core.Rejected, Effect: c.effect, Retry: c.retry, Reason: "No.", Remedy: "Do this."}), ok)
				made := w.writes("first", "second")
				w.pass(time.Minute)
				err := w.deliver()
				if c.wait > 0 {
					w.later("first try", err, c.wait)
				} else {
					w.must(err)
				}
				m := w.status("first", made[0].ID, c.after)
				equal(w, "code", m.Parts[0].Error.Code, "13")
				equal(w, "channel", w.channel().State, c.channel)
				equal(w, "notice", w.notice().Kind, c.notice)
				equal(w, "jobs", w.jobs(), c.jobs)
				w.delivered()
				equal(w, "reached the provider", w.link.texts(), c.goes)
			})
		})
	}
}

// While a channel is slow, other conversations of it wait too; other channels' do not.
func TestSlowChannel(t *testing.T) {
	lite(t, func(w *world) {
		w.link.plays(fails(&core.SendError{Outcome: core.Rejected, Effect: core.EffectSlow, Retry: time.Minute, Reason: "slow down"}), ok)
		w.writes("first")
		w.later("first", w.deliver(), time.Minute)
		w.another()
		w.writes("other")
		w.later("another conversation", w.deliver(), time.Minute)
		equal(w, "nothing more was sent", w.link.texts(), "first")
		w.pass(time.Minute)
		w.must(w.deliver())
		equal(w, "then it goes", w.link.texts(), "first|other")
	})
}

// What a provider asked for holds after a restart, and for other nodes: at once for those that have not asked lately, for others within seconds.
func TestSlowChannelOnAllNodes(t *testing.T) {
	each(t, func(w *world) {
		first, fresh, busy := w.out, w.outbox(slog.New(slog.DiscardHandler)), w.outbox(slog.New(slog.DiscardHandler))
		w.out = busy
		w.writes("before")
		w.must(w.deliver())
		w.out = first
		w.link.plays(fails(&core.SendError{Outcome: core.Rejected, Effect: core.EffectSlow, Retry: time.Minute, Reason: "slow down"}), ok)
		w.writes("first")
		w.later("first", w.deliver(), time.Minute)
		w.another()
		w.writes("other")
		w.out = fresh
		w.later("a node that has just started", w.deliver(), time.Minute)
		w.pass(5 * time.Second)
		w.out = busy
		w.later("a node that has sent before", w.deliver(), 55*time.Second)
		equal(w, "nothing more was sent", w.link.texts(), "first")
		w.pass(55 * time.Second)
		w.must(w.deliver())
		equal(w, "then it goes", w.link.texts(), "first|other")
	})
}

func TestGivesUpAfterADay(t *testing.T) {
	lite(t, func(w *world) {
		w.link.can.Window = core.Window{}
		w.link.plays(fails(&core.SendError{Outcome: core.Rejected, Effect: core.EffectRetry, Retry: time.Hour, Reason: "busy"}))
		made := w.writes("x")
		w.delivered()
		m := w.status("in the end", made[0].ID, core.StatusFailed)
		if n := m.Parts[0].Attempts; n < 24 || n > 27 {
			t.Errorf("it was tried %d times", n)
		}
		equal(w, "notice", w.notice().Kind, core.NoticeFailed)
	})
}

// A message that waited for its channel for days is not given up at the first trouble after that.
func TestOldMessageIsTriedAgain(t *testing.T) {
	lite(t, func(w *world) {
		w.link.can.Window = core.Window{}
		w.must(w.out.Pause(w.Context(), w.ws, w.ch.ID))
		made := w.writes("x")
		w.must(w.deliver())
		w.status("parked", made[0].ID, core.StatusParked)
		w.pass(72 * time.Hour)
		w.must(w.out.Resume(w.Context(), w.ws, w.ch.ID))
		w.wake()
		w.link.plays(fails(&core.SendError{Outcome: core.Rejected, Effect: core.EffectRetry, Reason: "busy"}), ok)
		w.later("trouble", w.deliver(), time.Second)
		w.pass(time.Second)
		w.must(w.deliver())
		w.status("sent", made[0].ID, core.StatusSent)
	})
}

// The gate is asked again right before the send: the queue may carry a message across the window's edge.
func TestWindowEdge(t *testing.T) {
	for _, c := range []struct {
		name string
		late time.Duration
		want core.Status
	}{
		{"23:59:59", 24*time.Hour - time.Second, core.StatusSent},
		{"24:00:00", 24 * time.Hour, core.StatusFailed},
		{"24:00:01", 24*time.Hour + time.Second, core.StatusFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(w *world) {
				w.pass(23 * time.Hour)
				made := w.writes("in time")
				w.pass(c.late - 23*time.Hour)
				w.must(w.deliver())
				m := w.status("delivered", made[0].ID, c.want)
				if c.want == core.StatusSent {
					equal(w, "sent", w.link.texts(), "in time")
					return
				}
				equal(w, "sent", w.link.texts(), "")
				equal(w, "code", m.Error.Code, string(core.CodeWindowClosed))
				n := w.notice()
				equal(w, "notice", n.Kind, core.NoticeFailed)
				equal(w, "message", n.Message, made[0].ID)
				if !strings.Contains(n.Text, "24 h ago") || !strings.Contains(n.Text, "template") {
					t.Errorf("notice says %q", n.Text)
				}
			})
		})
	}
}

// The provider's own "closed" overrules ours, until the customer writes again.
func TestProviderClosesWindow(t *testing.T) {
	each(t, func(w *world) {
		w.pass(time.Hour)
		w.link.plays(fails(&core.SendError{Code: "131047", Outcome: core.Rejected, Effect: core.EffectWindow, Reason: "More than 24 hours.", Remedy: "Send a template."}), ok)
		made := w.writes("x")
		w.must(w.deliver())
		w.status("refused", made[0].ID, core.StatusFailed)
		n := w.notice()
		equal(w, "notice", n.Text, "More than 24 hours. Send a template. (131047)")
		w.pass(time.Minute)
		_, _, err := w.out.Compose(w.Context(), w.ws, w.request(text("y")))
		isProblem(w, "next", err, core.CodeWindowClosed, "WhatsApp itself says")
		w.pass(time.Minute)
		w.says("in.2", "I write again", grace)
		w.writes("z")
	})
}

// The customer wrote while the refused message was on its way: that opens the window whatever was said of the message.
func TestCustomerWritesWhileWindowIsClosed(t *testing.T) {
	each(t, func(w *world) {
		w.link.plays(func(context.Context, core.Outgoing) (core.Sent, error) {
			w.pass(time.Second)
			w.says("in.2", "meanwhile", grace)
			return core.Sent{}, &core.SendError{Code: "131047", Outcome: core.Rejected, Effect: core.EffectWindow, Reason: "closed"}
		}, ok)
		w.writes("x")
		w.must(w.deliver())
		w.writes("y")
	})
}

func TestClosedConversationStillSendsWhatWasSaid(t *testing.T) {
	each(t, func(w *world) {
		made := w.writes("Goodbye")
		w.close()
		w.delivered()
		w.status("said before the closing", made[0].ID, core.StatusSent)
	})
}

func TestUnknownOutcome(t *testing.T) {
	lost := errors.New("connection reset by peer")
	each(t, func(w *world) {
		w.link.plays(fails(lost), ok)
		made := w.writes("first", "second")
		w.later("first", w.deliver(), 2*time.Second)
		w.status("unknown", made[0].ID, core.StatusUnknown)
		for range 3 {
			w.pass(2 * time.Second)
			w.later("waits for news", w.deliver(), 2*time.Second)
		}
		equal(w, "never sent again, nothing overtakes it", w.link.texts(), "first")
		w.delivered()
		equal(w, "then the others go on", w.link.texts(), "first|second")
		m := w.status("left to a person", made[0].ID, core.StatusUnknown)
		equal(w, "not before", m.Parts[0].NotBefore.IsZero(), true)
		n := w.notice()
		if !strings.Contains(n.Text, "may or may not") {
			t.Errorf("the agent is told %q", n.Text)
		}
		w.delivered()
		equal(w, "not sent later either", w.link.texts(), "first|second")
		w.receipt("late", core.StatusDelivered, made[0].Parts[0].ID)
		w.status("late news", made[0].ID, core.StatusDelivered)
	})
}

func TestUnknownOutcomeIsReconciled(t *testing.T) {
	for _, c := range []struct {
		name string
		news func(w *world, p core.Part)
		want core.Status
	}{
		{"receipt with our key", func(w *world, p core.Part) { w.receipt("out.x", core.StatusDelivered, p.ID) }, core.StatusDelivered},
		{"receipt of failure", func(w *world, p core.Part) { w.receipt("out.x", core.StatusFailed, p.ID) }, core.StatusFailed},
		{"echo with our key", func(w *world, p core.Part) { w.echo("out.x", p.ID, "first") }, core.StatusSent},
		{"echo without a key", func(w *world, _ core.Part) { w.echo("out.x", "", "first") }, core.StatusSent},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(w *world) {
				w.link.plays(fails(errors.New("timeout")), ok)
				made := w.writes("first", "second")
				w.later("first", w.deliver(), 2*time.Second)
				w.pass(2 * time.Second)
				c.news(w, made[0].Parts[0])
				w.must(w.deliver())
				m := w.status("first", made[0].ID, c.want)
				equal(w, "provider", m.Parts[0].Provider, "out.x")
				w.status("second goes on", made[1].ID, core.StatusSent)
				equal(w, "sent", w.link.texts(), "first|second")
			})
		})
	}
}

func (w *world) echo(id string, key core.PartID, s string) {
	w.Helper()
	w.must(w.in.Accept(w.Context(), w.ch, []core.Event{{Kind: core.EventMessage, ID: id, Key: string(key), At: w.now(), Origin: core.OriginGateway,
		Peer: core.Peer{Identities: []core.IdentityKey{grace}}, Message: &core.MessageBody{Provider: id, Content: text(s)}}}))
}

// A provider that deduplicates may be asked again.
func TestUnknownOutcomeOfIdempotentProvider(t *testing.T) {
	each(t, func(w *world) {
		w.link.can.Idempotent = true
		w.link.plays(fails(errors.New("timeout")), ok)
		made := w.writes("first")
		w.later("first", w.deliver(), time.Second)
		w.pass(time.Second)
		w.must(w.deliver())
		w.status("sent", made[0].ID, core.StatusSent)
		equal(w, "same key", w.link.sent[0].Key, w.link.sent[1].Key)
		equal(w, "attempt", w.link.sent[1].Attempt, 2)
	})
}

// The process died after the claim: whether it was sent nobody knows.
func TestCrashWhileSending(t *testing.T) {
	for _, idempotent := range []bool{false, true} {
		t.Run(fmt.Sprint("idempotent ", idempotent), func(t *testing.T) {
			each(t, func(w *world) {
				w.link.can.Idempotent = idempotent
				made := w.writes("first")
				p := made[0].Parts[0]
				p.Status, p.Attempts, p.Updated = core.StatusSending, 1, w.now()
				w.must(w.repo.SetPart(w.Context(), p))
				wait, want, sent := 2*time.Second, core.StatusUnknown, ""
				if idempotent {
					wait, want, sent = time.Second, core.StatusSent, "first"
				}
				w.later("after the crash", w.deliver(), wait)
				w.delivered()
				w.status("in the end", made[0].ID, want)
				equal(w, "sent", w.link.texts(), sent)
			})
		})
	}
}

// Receipts and the provider's answer come in any order, the echo too: the end is the same, one message.
func TestAnswerAndNewsInAnyOrder(t *testing.T) {
	each(t, func(w *world) {
		during := func(news func(provider string, key core.PartID)) {
			t.Helper()
			w.link.plays(func(_ context.Context, out core.Outgoing) (core.Sent, error) {
				provider := "out." + string(out.Key)
				news(provider, out.Key)
				return core.Sent{Provider: provider}, nil
			})
			made := w.writes("x")
			w.must(w.deliver())
			m := w.message(made[0].ID)
			equal(w, "provider", m.Parts[0].Provider, "out."+string(m.Parts[0].ID))
			equal(w, "status", m.Status, core.StatusDelivered)
		}
		during(func(p string, key core.PartID) { w.receipt(p, core.StatusDelivered, key) })
		during(func(p string, _ core.PartID) { w.receipt(p, core.StatusDelivered, "") })
		during(func(p string, _ core.PartID) {
			w.receipt(p, core.StatusDelivered, "")
			w.receipt(p, core.StatusSent, "")
		})
		during(func(p string, _ core.PartID) { w.echo(p, "", "x"); w.receipt(p, core.StatusDelivered, "") })
		during(func(p string, key core.PartID) { w.echo(p, key, "x"); w.receipt(p, core.StatusDelivered, "") })
		during(func(p string, _ core.PartID) { // from a phone, as far as anybody can tell
			w.must(w.in.Accept(w.Context(), w.ch, []core.Event{{Kind: core.EventMessage, ID: p, At: w.now(), Origin: core.OriginDevice,
				Peer: core.Peer{Identities: []core.IdentityKey{grace}}, Message: &core.MessageBody{Provider: p, Content: text("x")}}}))
			w.receipt(p, core.StatusDelivered, "")
		})
		dead, err := w.repo.DeadLetters(w.Context(), core.Page{})
		w.must(err)
		equal(w, "dead letters", len(dead), 0)
	})
}

// A failure told before the answer stays.
func TestFailureBeforeAnswer(t *testing.T) {
	each(t, func(w *world) {
		w.link.plays(func(_ context.Context, out core.Outgoing) (core.Sent, error) {
			w.must(w.in.Accept(w.Context(), w.ch, []core.Event{{Kind: core.EventReceipt, ID: "r", Key: string(out.Key), At: w.now(), Origin: core.OriginGateway,
				Receipt: &core.ReceiptBody{Provider: "p", Status: core.StatusFailed, Error: &core.SendError{Code: "131026", Reason: "no"}}}}))
			return core.Sent{Provider: "p"}, nil
		})
		made := w.writes("x")
		w.must(w.deliver())
		m := w.status("failed", made[0].ID, core.StatusFailed)
		if m.Error == nil || m.Error.Code != "131026" {
			t.Errorf("error: got %+v", m.Error)
		}
	})
}

func TestSentTeachesIdentities(t *testing.T) {
	lite(t, func(w *world) {
		bsuid := core.IdentityKey{Scheme: core.SchemeBSUID, Value: "GB.1"}
		w.says("in.2", "someone else?", bsuid)
		w.link.plays(func(_ context.Context, out core.Outgoing) (core.Sent, error) {
			return core.Sent{Provider: "p", Learned: []core.IdentityKey{grace, bsuid}}, nil
		})
		w.writes("x")
		w.must(w.deliver())
		found, err := w.repo.Identities(w.Context(), []core.IdentityKey{grace, bsuid})
		w.must(err)
		equal(w, "one person", found[0].Contact, found[1].Contact)
	})
}

// A worker whose lane a newer one has taken sends nothing more and leaves the newer one's work alone.
func TestOldWorkerStops(t *testing.T) {
	each(t, func(w *world) {
		made := w.writes("first")
		if _, err := w.repo.TakeLane(w.Context(), "deliver/"+string(w.conv.ID), 1000); err != nil {
			t.Fatal(err)
		}
		w.must(w.deliver())
		equal(w, "sent", w.link.texts(), "")
		w.status("untouched", made[0].ID, core.StatusQueued)
	})
	each(t, func(w *world) { // it loses the lane between its look and its claim
		made := w.writes("first", "second")
		w.link.plays(func(context.Context, core.Outgoing) (core.Sent, error) {
			_, err := w.repo.TakeLane(w.Context(), "deliver/"+string(w.conv.ID), 1000)
			return core.Sent{Provider: "p"}, err
		})
		w.must(w.deliver())
		equal(w, "sent", w.link.texts(), "first")
		w.status("what it did is recorded", made[0].ID, core.StatusSent)
		w.status("the rest is the other's", made[1].ID, core.StatusQueued)
	})
}

// The job ends with what it sends last, in one transaction; where it cannot, what was sent is recorded all the same.
func TestSentAndDone(t *testing.T) {
	each(t, func(w *world) {
		made := w.writes("first", "second")
		ended := 0
		job := core.Work{Job: w.job(core.JobDeliver, string(w.conv.ID)), Attempt: 1, Token: 1, Finish: func(ctx context.Context, tx core.Tx) error {
			ended++
			m, err := tx.In(w.ws).Message(ctx, made[1].ID)
			equal(w, "recorded before the job ends", m.Status, core.StatusSent)
			return err
		}}
		w.must(w.out.Deliver(w.Context(), job))
		equal(w, "ended", ended, 1)

		made = w.writes("third")
		lost := errors.New("the job was given to another")
		job.Token, job.Finish = 2, func(context.Context, core.Tx) error { ended++; return lost }
		if err := w.out.Deliver(w.Context(), job); !errors.Is(err, lost) {
			t.Errorf("got %v", err)
		}
		equal(w, "tried to end", ended, 3)
		w.status("sent all the same", made[0].ID, core.StatusSent)
		equal(w, "sent", w.link.texts(), "first|second|third")
	})
}

// Many workers at once on one lane, as after a reaper that was too quick: each message goes out once, in order.
func TestWorkersAtOnce(t *testing.T) {
	each(t, func(w *world) {
		w.writes("1", "2", "3", "4", "5", "6")
		var sending atomic.Int32
		w.link.plays(func(ctx context.Context, out core.Outgoing) (core.Sent, error) {
			if sending.Add(1) > 1 {
				t.Error("two sends of one conversation at once")
			}
			defer sending.Add(-1)
			return ok(ctx, out)
		})
		job := w.job(core.JobDeliver, string(w.conv.ID))
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				err := w.queue.Run(w.Context(), job, w.out.Deliver)
				var later core.Later
				if err != nil && !errors.As(err, &later) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		w.delivered()
		seen := map[string]int{}
		for _, out := range w.link.sent {
			if seen[out.Content.Text]++; seen[out.Content.Text] > 1 {
				t.Errorf("%q was sent twice", out.Content.Text)
			}
		}
	})
}

func TestRefusedInTheMiddle(t *testing.T) {
	lite(t, func(w *world) {
		made := w.writes("a message that is cut in three parts, all of them")
		w.link.plays(ok, fails(&core.SendError{Code: "9", Outcome: core.Rejected, Effect: core.EffectFail, Reason: "No."}), ok)
		w.delivered()
		m := w.status("one part failed", made[0].ID, core.StatusFailed)
		equal(w, "error", m.Error.Code, "9")
		equal(w, "parts", len(m.Parts), 3)
		equal(w, "third", m.Parts[2].Status, core.StatusSent)
	})
}

func TestNotBefore(t *testing.T) {
	each(t, func(w *world) {
		r := w.request(text("tomorrow"))
		r.NotBefore = noon.Add(20 * time.Hour)
		later, _, err := w.out.Compose(w.Context(), w.ws, r)
		w.must(err)
		jobs, err := w.queue.Jobs(w.Context())
		w.must(err)
		equal(w, "job", jobs[0].Kind, core.JobDue)
		equal(w, "its time", jobs[0].At.Equal(r.NotBefore), true)
		w.writes("now")
		w.must(w.deliver())
		equal(w, "what is written later does not wait", w.link.texts(), "now")
		w.status("waits", later[0].ID, core.StatusQueued)
		w.pass(20 * time.Hour)
		w.must(w.queue.Run(w.Context(), jobs[0], w.out.Due))
		equal(w, "its time has come", w.jobs(), "deliver")
		w.must(w.deliver())
		equal(w, "sent", w.link.texts(), "now|tomorrow")
	})
}

func TestScheduledAcrossTheEdge(t *testing.T) {
	lite(t, func(w *world) {
		r := w.request(text("too late"))
		r.NotBefore = noon.Add(25 * time.Hour)
		made, _, err := w.out.Compose(w.Context(), w.ws, r)
		w.must(err)
		w.pass(25 * time.Hour)
		w.must(w.deliver())
		w.status("refused when due", made[0].ID, core.StatusFailed)
		equal(w, "told", w.notice().Kind, core.NoticeFailed)
	})
}

func TestQuoteOfOurs(t *testing.T) {
	lite(t, func(w *world) {
		all, err := w.repo.Messages(w.Context(), w.conv.ID, core.Page{})
		w.must(err)
		quoting, gone := text("yes"), text("no")
		quoting.Quote, gone.Quote = &core.Quote{Message: all[0].ID}, &core.Quote{Message: "none"}
		_, _, err = w.out.Compose(w.Context(), w.ws, w.request(quoting, gone))
		w.must(err)
		w.must(w.deliver())
		equal(w, "resolved", w.link.sent[0].Content.Quote.Provider, "in.1")
		if q := w.link.sent[1].Content.Quote; q != nil {
			t.Errorf("a quote of nothing was sent: %+v", q)
		}
	})
}

// A stop while a send is under way records what the provider did.
func TestStopWhileSending(t *testing.T) {
	each(t, func(w *world) {
		ctx, cancel := context.WithCancel(w.Context())
		w.link.plays(func(ctx context.Context, out core.Outgoing) (core.Sent, error) {
			cancel()
			return ok(ctx, out)
		})
		made := w.writes("x")
		_ = w.queue.Run(ctx, w.job(core.JobDeliver, string(w.conv.ID)), w.out.Deliver)
		w.status("sent", made[0].ID, core.StatusSent)
	})
}

func TestRate(t *testing.T) {
	lite(t, func(w *world) {
		w.link.can.PerSecond = 0.25
		w.writes("1", "2")
		err := w.deliver()
		var later core.Later
		if !errors.As(err, &later) || later.After < 3*time.Second || later.After > 4*time.Second {
			t.Errorf("a long wait for the rate is for the queue: got %v", err)
		}
		equal(w, "sent", w.link.texts(), "1")
	})
}

// TestRateOfNodes: of a channel's rate each of several nodes takes its share, but where only one of them can send.
func TestRateOfNodes(t *testing.T) {
	for name, c := range map[string]struct {
		bound       bool
		least, most time.Duration
	}{"any node sends": {false, 6 * time.Second, 8 * time.Second}, "one has the session": {true, 3 * time.Second, 4 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			lite(t, func(w *world) {
				w.link.can.PerSecond = 0.25
				links := outbound.Links(w)
				if c.bound {
					links = &bound{link: w.link, here: true}
				}
				w.out = outbound.New(outbound.Options{Store: w.store, Links: links, Now: w.now, Log: slog.New(slog.DiscardHandler), Nodes: func() int { return 2 }})
				w.writes("1", "2")
				var later core.Later
				if err := w.deliver(); !errors.As(err, &later) || later.After < c.least || later.After > c.most {
					t.Errorf("got %v, want a wait from %v to %v", err, c.least, c.most)
				}
			})
		})
	}
}

func TestSendIsBounded(t *testing.T) {
	lite(t, func(w *world) {
		w.link.plays(func(ctx context.Context, _ core.Outgoing) (core.Sent, error) {
			d, bounded := ctx.Deadline()
			if !bounded || time.Until(d) > time.Minute {
				t.Errorf("the send may take until %v", d)
			}
			return core.Sent{Provider: "p"}, nil
		})
		w.writes("x")
		w.must(w.deliver())
	})
}
