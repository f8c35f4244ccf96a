package inbound_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/inbound"

	"pgregory.net/rapid"
)

func TestBadEventsDoNoHarmToOthers(t *testing.T) {
	for _, c := range []struct {
		name string
		bad  func(w *world) core.Event
		why  string
	}{
		{"fault", func(w *world) core.Event { e := w.said(id(2), "x"); e.Fault = "The time cannot be read."; return e }, "time cannot be read"},
		{"no id", func(w *world) core.Event { return w.said("", "x") }, "no id"},
		{"no body", func(w *world) core.Event { e := w.said(id(2), "x"); e.Message = nil; return e }, "nothing of what happened"},
		{"no time", func(w *world) core.Event { e := w.said(id(2), "x"); e.At = time.Time{}; return e }, "when it was written"},
		{"no provider id", func(w *world) core.Event { e := w.said(id(2), "x"); e.Message.Provider = ""; return e }, "no id at the provider"},
		{"no sender", func(w *world) core.Event { e := w.said(id(2), "x"); e.Peer = core.Peer{}; return e }, "nobody who could be answered"},
		{"unknown kind", func(w *world) core.Event { e := w.said(id(2), "x"); e.Kind = "dance"; return e }, `"dance"`},
		{"another account", func(w *world) core.Event { e := w.said(id(2), "x"); e.Account = "900"; return e }, "account 900"},
		{"receipt of nothing", func(w *world) core.Event { return w.receipt("", core.StatusRead) }, "which message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(w *world) {
				bad := c.bad(w)
				bad.Raw = []byte(`{"what":"came"}`)
				for range 2 { // the provider repeats it
					w.accept(w.said(id(1), "before"), bad, w.said(id(3), "after"))
				}
				equal(w, "neighbours", w.texts(w.only().ID), "before|after")
				all := w.dead()
				equal(w, "dead letters", len(all), 1)
				if !strings.Contains(all[0].Reason, c.why) {
					t.Errorf("reason: got %q, want %q in it", all[0].Reason, c.why)
				}
				equal(w, "raw", string(all[0].Raw), `{"what":"came"}`)
				equal(w, "whole", eventIn(w, all[0]).ID, bad.ID)
			})
		})
	}
}

// Raw text that is no JSON is kept byte for byte, and the event too.
func TestDeadLetterOfOddText(t *testing.T) {
	each(t, func(w *world) {
		e := w.said(id(1), "x")
		e.Fault, e.Raw = "broken", []byte("{not json")
		w.accept(e)
		d := w.dead()[0]
		equal(w, "raw", string(d.Raw), "{not json")
		equal(w, "event", eventIn(w, d).Message.Content.Text, "x")
		far := w.said(id(2), "x")
		far.Fault, far.At = "broken", time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) // JSON knows no such year
		far.Raw = []byte("whole")
		w.accept(far)
		d = w.dead()[0]
		equal(w, "raw of what JSON cannot hold", string(d.Raw), "whole")
	})
}

func TestMalformed(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.in.Malformed(w.Context(), w.ch, []byte{0xff, 0}, "It is no JSON."))
		d := w.dead()[0]
		equal(w, "kind", d.Kind, "webhook")
		equal(w, "raw", string(d.Raw), "\xff\x00")
		isProblem(w, "replay", w.in.Replay(w.Context(), w.ws, d.ID), core.CodeConflict, "no event")
	})
}

func TestRefuse(t *testing.T) {
	each(t, func(w *world) {
		e := w.said(id(1), "for another")
		e.Account = "900"
		for range 2 {
			w.must(w.in.Refuse(w.Context(), w.ch, []core.Event{e}, "no channel stands for it"))
		}
		all := w.dead()
		equal(w, "dead letters", len(all), 1)
		equal(w, "reason", all[0].Reason, "no channel stands for it")
		isProblem(w, "replay without a channel", w.in.Replay(w.Context(), w.ws, all[0].ID), core.CodeConflict, "account 900")
		equal(w, "kept", len(w.dead()), 1)
		other := w.channel("second", "900")
		w.must(w.in.Replay(w.Context(), w.ws, all[0].ID))
		equal(w, "gone", len(w.dead()), 0)
		equal(w, "channel", w.only().Channel, other.ID)
		equal(w, "text", w.texts(w.only().ID), "for another")
	})
}

// An account's channel in another workspace gets nothing.
func TestReplayStaysInItsWorkspace(t *testing.T) {
	each(t, func(w *world) {
		theirs, err := w.store.EnsureWorkspace(w.Context(), "theirs")
		w.must(err)
		w.must(w.store.In(theirs).SaveChannel(w.Context(), core.Channel{ID: "c2", Workspace: theirs, Kind: w.ch.Kind, Name: "shop", Account: "900", Created: w.clock}))
		e := w.said(id(1), "x")
		e.Account = "900"
		w.accept(e)
		isProblem(w, "replay", w.in.Replay(w.Context(), w.ws, w.dead()[0].ID), core.CodeConflict, "account 900")
		if err := w.in.Replay(w.Context(), theirs, w.dead()[0].ID); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("replay by others: got %v", err)
		}
	})
}

// Replayed into another channel, an event that came there by itself meanwhile is not applied twice.
func TestReplayOfWhatCameByItself(t *testing.T) {
	each(t, func(w *world) {
		e := w.said(id(1), "x")
		e.Account = "900"
		w.accept(e)
		other := w.channel("second", "900")
		w.must(w.in.Accept(w.Context(), other, []core.Event{e}))
		w.must(w.in.Replay(w.Context(), w.ws, w.dead()[0].ID))
		equal(w, "texts", w.texts(w.only().ID), "x")
		equal(w, "dead letters", len(w.dead()), 0)
	})
}

func TestSweepAndReplay(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		w.accept(w.edit("e", id(2), "edited"), w.receipt(id(3), core.StatusRead))
		w.pass(14 * time.Minute)
		n, err := w.in.Sweep(w.Context(), w.ws)
		w.must(err)
		equal(w, "too early", n, 0)
		w.pass(2 * time.Minute)
		n, err = w.in.Sweep(w.Context(), w.ws)
		w.must(err)
		equal(w, "swept", n, 2)
		var edit core.DeadLetter
		for _, d := range w.dead() {
			if eventIn(w, d).Kind == core.EventEdit {
				edit = d
			}
		}
		isProblem(w, "message still not here", w.in.Replay(w.Context(), w.ws, edit.ID), core.CodeConflict, "is not here")
		late := w.said(id(2), "original")
		late.At = w.clock.Add(-time.Hour)
		w.accept(late)
		w.jobs()
		w.must(w.in.Replay(w.Context(), w.ws, edit.ID))
		equal(w, "text", w.message(id(2)).Content.Text, "edited")
		equal(w, "jobs", w.jobs(), "notify")
		equal(w, "left", len(w.dead()), 1)
		if err := w.in.Replay(w.Context(), w.ws, edit.ID); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("replayed twice: got %v", err)
		}
		w.accept(w.edit("e", id(2), "edited"))
		equal(w, "its repetition", w.history(w.only().ID), "opened notice:edit")
	})
}

func TestSweepOfMany(t *testing.T) {
	each(t, func(w *world) {
		var all []core.Event
		for i := range 230 {
			all = append(all, w.receipt(fmt.Sprint(i), core.StatusRead))
		}
		w.accept(all...)
		w.pass(time.Hour)
		n, err := w.in.Sweep(w.Context(), w.ws)
		w.must(err)
		equal(w, "swept", n, 230)
	})
}

// An event that died for a reason that has gone is applied by a replay, once, however often it is replayed at the same time.
func TestReplayAtOnce(t *testing.T) {
	each(t, func(w *world) {
		e := w.said(id(1), "x")
		e.Peer = core.Peer{}
		w.accept(e)
		d := w.dead()[0]
		isProblemOrError := w.in.Replay(w.Context(), w.ws, d.ID)
		if isProblemOrError == nil {
			t.Fatal("it still names nobody")
		}
		e.Peer.Identities = []core.IdentityKey{phone(grace)} // as a mended bridge would have read it
		whole, err := json.Marshal(e)
		w.must(err)
		w.must(w.repo.RemoveDeadLetter(w.Context(), d.ID))
		d.Event = whole
		w.must(w.repo.AddDeadLetter(w.Context(), d))
		results := make([]error, 6)
		parallel(len(results), func(i int) { results[i] = w.in.Replay(w.Context(), w.ws, d.ID) })
		ok := slices.IndexFunc(results, func(err error) bool { return err == nil })
		if ok < 0 {
			t.Fatalf("none worked: %v", results)
		}
		for i, err := range results {
			if i != ok && !errors.Is(err, core.ErrNotFound) {
				t.Errorf("another: got %v", err)
			}
		}
		equal(w, "texts", w.texts(w.only().ID), "x")
	})
}

// failing is a store whose transactions fail.
type failing struct {
	core.Store
	err error
}

func (f failing) Tx(context.Context, func(core.Tx) error) error { return f.err }

func TestDatabaseAway(t *testing.T) {
	each(t, func(w *world) {
		away := fmt.Errorf("%w: gone", core.ErrUnavailable)
		in := inbound.New(failing{w.store, away}, time.Now, slog.New(slog.DiscardHandler))
		if err := in.Accept(w.Context(), w.ch, []core.Event{w.said(id(1), "x")}); !errors.Is(err, core.ErrUnavailable) {
			t.Errorf("accept: got %v", err)
		}
		equal(w, "dead letters", len(w.dead()), 0)
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		if err := w.in.Accept(ctx, w.ch, []core.Event{w.said(id(1), "x")}); err == nil {
			t.Error("a cancelled call was acknowledged")
		}
		equal(w, "dead letters after that", len(w.dead()), 0)
		w.accept(w.said(id(1), "x"))
		equal(w, "applied later", w.texts(w.only().ID), "x")
	})
}

// Whatever the order in which a provider reports what happened, in batches of whatever size, and however often: the end is the same.
func TestOrderDoesNotMatter(t *testing.T) {
	each(t, func(w *world) {
		round := 0
		rapid.Check(t, func(r *rapid.T) {
			round++
			n := fmt.Sprintf("%d", round)
			who := phone("1" + n + "00000")
			second := func(e core.Event, s int) core.Event {
				e.ID, e.At, e.Peer.Identities = e.ID+n, w.clock.Add(time.Duration(s)*time.Second), []core.IdentityKey{who}
				return e
			}
			target := "m" + n
			events := []core.Event{second(w.said("x", "one"), 0), second(w.edit("e1", target, "two"), 1), second(w.edit("e2", target, "three"), 2),
				second(w.reaction("r1", target, "👍"), 3), second(w.reaction("r2", target, "🎉"), 4)}
			events[0].Message.Provider = target
			events = append(events, events...)
			events = rapid.Permutation(events).Draw(r, "order")
			for len(events) > 0 {
				size := rapid.IntRange(1, len(events)).Draw(r, "size")
				if err := w.in.Accept(w.Context(), w.ch, events[:size]); err != nil {
					r.Fatal(err)
				}
				events = events[size:]
			}
			p, err := w.repo.PartByProvider(w.Context(), w.ch.ID, target)
			if err != nil {
				r.Fatal(err)
			}
			m, err := w.repo.Message(w.Context(), p.Message)
			if err != nil {
				r.Fatal(err)
			}
			if m.Content.Text != "three" || len(m.Reactions) != 1 || m.Reactions[0].Emoji != "🎉" {
				r.Fatalf("got %q with %+v", m.Content.Text, m.Reactions)
			}
		})
		equal(w, "dead letters", len(w.dead()), 0)
	})
}
