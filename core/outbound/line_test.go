package outbound_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"causeway/core"
)

// crowd has n more customers write, and each be answered. It returns the conversations.
func (w *world) crowd(n int) []core.Conversation {
	w.Helper()
	all := make([]core.Conversation, 0, n)
	for i := range n {
		key := core.IdentityKey{Scheme: core.SchemePhone, Value: fmt.Sprint(1000 + i)}
		w.says(fmt.Sprint("in.crowd", i), "x", key)
		found, err := w.repo.Identities(w.Context(), []core.IdentityKey{key})
		w.must(err)
		w.conv, err = w.repo.OpenConversation(w.Context(), found[0].Contact)
		w.must(err)
		w.writes(fmt.Sprint("to ", i))
		all = append(all, w.conv)
	}
	return all
}

func (w *world) deliverTo(c core.Conversation) error {
	return w.queue.Run(w.Context(), w.job(core.JobDeliver, string(c.ID)), w.out.Deliver)
}

// TestSlowPeer: what WhatsApp refuses with 131056 slows that customer only.
func TestSlowPeer(t *testing.T) {
	lite(t, func(w *world) {
		all := w.crowd(3)
		w.link.plays(fails(&core.SendError{Code: "131056", Outcome: core.Rejected, Effect: core.EffectSlowPeer, Retry: 6 * time.Second, Reason: "too many to this customer"}), ok)
		w.later("the one", w.deliverTo(all[0]), 6*time.Second)
		w.must(w.deliverTo(all[1]))
		w.must(w.deliverTo(all[2]))
		equal(w, "sent meanwhile", w.link.texts(), "to 0|to 1|to 2")
		w.pass(6 * time.Second)
		w.must(w.deliverTo(all[0]))
		equal(w, "then", w.link.texts(), "to 0|to 1|to 2|to 0")
	})
}

// TestComesAgainInTurn: those who wait for a slow channel come again one after the other at its rate, not all at once.
func TestComesAgainInTurn(t *testing.T) {
	lite(t, func(w *world) {
		w.link.can.PerSecond = 2
		all := w.crowd(4)
		w.link.plays(fails(&core.SendError{Code: "130429", Outcome: core.Rejected, Effect: core.EffectSlow, Retry: time.Minute, Reason: "slow down"}), ok)
		w.later("the first", w.deliverTo(all[0]), time.Minute)
		w.later("the second", w.deliverTo(all[1]), time.Minute)
		w.later("the third", w.deliverTo(all[2]), time.Minute+time.Second/2)
		w.later("the fourth", w.deliverTo(all[3]), time.Minute+time.Second)
		w.pass(10 * time.Second)
		w.later("the third, woken too early", w.deliverTo(all[2]), time.Minute+time.Second/2-10*time.Second)
	})
}

// TestRetriesAreSpread: messages that a provider in trouble refused at one time do not come again at one time, and none before its own.
func TestRetriesAreSpread(t *testing.T) {
	lite(t, func(w *world) {
		all := w.crowd(3)
		w.link.plays(fails(&core.SendError{Code: "131016", Outcome: core.Rejected, Effect: core.EffectRetry, Retry: 10 * time.Second, Reason: "trouble"}))
		for i, chance := range []float64{0, 0.5, 1} {
			w.chance = chance
			w.later("refused", w.deliverTo(all[i]), 10*time.Second+time.Duration(i)*time.Second)
		}
		w.link.plays(fails(&core.SendError{Code: "131048", Outcome: core.Rejected, Effect: core.EffectSlowPeer, Retry: 24 * time.Hour, Reason: "a day"}))
		w.pass(time.Minute)
		w.later("of a day", w.deliverTo(all[0]), 24*time.Hour+2*time.Minute)
	})
}

// TestSeats: a provider that hangs does not take every worker, and those that found no seat send when there is one.
func TestSeats(t *testing.T) {
	lite(t, func(w *world) {
		w.out.Workers = 4
		all := w.crowd(5)
		arrived, goOn := make(chan struct{}), make(chan struct{})
		w.link.plays(func(ctx context.Context, out core.Outgoing) (core.Sent, error) {
			arrived <- struct{}{}
			<-goOn
			return ok(ctx, out)
		})
		var sending sync.WaitGroup
		for _, c := range all[:3] {
			sending.Go(func() {
				if err := w.deliverTo(c); err != nil {
					t.Error(err)
				}
			})
			<-arrived
		}
		var later core.Later
		for _, c := range all[3:] {
			if err := w.deliverTo(c); !errors.As(err, &later) {
				t.Errorf("a fourth worker: got %v, want to be called later", err)
			}
		}
		close(goOn)
		sending.Wait()
		w.link.plays(ok)
		for _, c := range all[3:] {
			w.must(w.deliverTo(c))
		}
		equal(w, "sent", w.link.texts(), "to 3|to 4")
	})
}
