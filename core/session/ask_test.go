package session_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// teller is a bridge whose provider tells whether it still serves an account.
type teller struct {
	there bool
	err   error
}

type telling struct {
	link
	of *teller
}

func (t *teller) Info() core.Info { return core.Info{Kind: "teller", Title: "Teller"} }

func (t *teller) Open(core.Channel, core.Settings, core.Host) (core.Link, error) {
	return &telling{of: t}, nil
}

func (*telling) Close() error { return nil }

func (l *telling) Present(context.Context) (bool, error) { return l.of.there, l.of.err }

// doubtful is a world with news of which nobody said whose it is, and what was stored of it.
func (w *world) doubtful(level core.HealthLevel) (*teller, core.Job, *[]core.Event) {
	w.Helper()
	said := &teller{}
	var stored []core.Event
	w.ch.ID, w.ch.Kind, w.ch.Name = core.NewID[core.ChannelID](), "teller", "another"
	w.must(w.repo.SaveChannel(w.Context(), w.ch))
	w.options.Bridges = append(w.options.Bridges, said)
	w.options.Accept = func(_ context.Context, _ core.Lease, ch core.Channel, events []core.Event) error {
		equal(w, "channel", ch.ID, w.ch.ID)
		stored = append(stored, events...)
		return nil
	}
	w.restart()
	news := core.Event{Kind: core.EventAccount, ID: "n", At: w.clock, Change: &core.AccountBody{Name: "REMOVED", Detail: "A number was removed.", Topic: "partner", Unnamed: true,
		Ask: true, Over: true, Health: &core.Health{Level: level, Code: "REMOVED", Reason: "A number was removed.", Remedy: "Connect it."}}}
	return said, core.AskJob(w.ws, w.ch.ID, core.Doubt{News: news, Since: w.clock}), &stored
}

// came empties what was stored, and returns the ids of it.
func came(stored *[]core.Event) string {
	var all []string
	for _, e := range *stored {
		all = append(all, e.ID)
	}
	*stored = nil
	return strings.Join(all, " ")
}

func (w *world) later(what string, err error, want time.Duration) {
	w.Helper()
	var l core.Later
	if !errors.As(err, &l) || l.After != want {
		w.Errorf("%s: got %v, want it later by %v", what, err, want)
	}
}

// TestAskGone: the provider says that the account is gone: then the news is of it, in full, once it could be asked.
func TestAskGone(t *testing.T) {
	lite(t, func(w *world) {
		said, job, stored := w.doubtful(core.HealthBad)
		ask := func() error { return w.m.Ask(w.Context(), core.Work{Job: job, Attempt: 1}) }
		said.err = errors.New("no network")
		w.later("cannot be asked", ask(), time.Minute)
		if n := len(*stored); n != 1 {
			t.Fatalf("%d events", n)
		}
		said1 := (*stored)[0].Change
		equal(w, "it is said", said1.Health.Level, core.HealthWarning)
		equal(w, "and harms nothing", said1.Over || said1.Ask, false)
		equal(w, "said", came(stored), "n/unasked")
		w.clock = w.clock.Add(3 * time.Hour)
		w.later("still not", ask(), time.Hour)
		came(stored)
		said.err = nil
		w.must(ask())
		last := (*stored)[len(*stored)-1].Change
		equal(w, "it is taken", last.Health.Level == core.HealthBad && last.Over && !last.Ask && last.Topic == "partner", true)
		equal(w, "events", came(stored), "n/asked n/ours")
	})
}

// TestAskHere: an account that the provider still serves goes on. It is looked at twice, as the provider may not know its own news yet.
func TestAskHere(t *testing.T) {
	lite(t, func(w *world) {
		said, job, stored := w.doubtful(core.HealthBad)
		said.there = true
		w.later("asked at once", w.m.Ask(w.Context(), core.Work{Job: job, Attempt: 1}), 5*time.Minute)
		equal(w, "nothing yet", came(stored), "")
		w.clock = w.clock.Add(5 * time.Minute)
		w.must(w.m.Ask(w.Context(), core.Work{Job: job, Attempt: 1}))
		if slices.ContainsFunc(*stored, func(e core.Event) bool { return e.Change.Health.Level != core.HealthGood }) {
			t.Errorf("stored %+v", *stored)
		}
		equal(w, "events", came(stored), "n/asked")
	})
}

// TestAskBack: good news counts for the accounts that are back.
func TestAskBack(t *testing.T) {
	lite(t, func(w *world) {
		said, job, stored := w.doubtful(core.HealthGood)
		w.later("not back", w.m.Ask(w.Context(), core.Work{Job: job, Attempt: 1}), 5*time.Minute)
		equal(w, "nothing yet", came(stored), "")
		said.there = true
		w.must(w.m.Ask(w.Context(), core.Work{Job: job, Attempt: 1}))
		equal(w, "events", came(stored), "n/asked n/ours")
	})
}

// TestAskNobody: a channel that was removed, and a provider that never answers, are given up.
func TestAskNobody(t *testing.T) {
	lite(t, func(w *world) {
		said, job, stored := w.doubtful(core.HealthBad)
		said.err = errors.New("no network")
		w.clock = w.clock.Add(4 * 24 * time.Hour)
		w.must(w.m.Ask(w.Context(), core.Work{Job: job, Attempt: 1}))
		gone := core.AskJob(w.ws, core.NewID[core.ChannelID](), core.Doubt{News: core.Event{Change: &core.AccountBody{Health: &core.Health{}}}, Since: w.clock})
		w.must(w.m.Ask(w.Context(), core.Work{Job: gone, Attempt: 1}))
		equal(w, "events", came(stored), "")
	})
}
