package session_test

import (
	"context"
	"errors"
	"testing"

	"causeway/core"
)

// giver is a bridge whose provider hands things over once.
type giver struct {
	there []core.ImportKind
	wait  error
	asked []core.ImportKind
	say   func(core.ImportKind) (core.Import, error)
}

type giving struct {
	link
	of *giver
}

func (g *giver) Info() core.Info { return core.Info{Kind: "giver", Title: "Giver"} }

func (g *giver) Open(core.Channel, core.Settings, core.Host) (core.Link, error) {
	return &giving{of: g}, nil
}

func (*giving) Close() error { return nil }

func (l *giving) Imports(context.Context) ([]core.ImportKind, error) { return l.of.there, l.of.wait }

func (l *giving) Import(_ context.Context, what core.ImportKind) (core.Import, error) {
	l.of.asked = append(l.of.asked, what)
	return l.of.say(what)
}

// gives is a world whose channel is of the bridge.
func (w *world) gives(say func(core.ImportKind) (core.Import, error)) *giver {
	w.Helper()
	g := &giver{there: core.ImportKinds(), say: say}
	w.ch.ID, w.ch.Kind, w.ch.Name = core.NewID[core.ChannelID](), "giver", "another"
	w.must(w.repo.SaveChannel(w.Context(), w.ch))
	w.options.Bridges = append(w.options.Bridges, g)
	w.restart()
	return g
}

func (w *world) ask() error {
	return w.m.Imports(w.Context(), core.Work{Job: core.ImportJob(w.ws, w.ch.ID), Attempt: 1})
}

func (w *world) stands(what core.ImportKind) core.Import {
	w.Helper()
	i, err := core.ReadImport(w.Context(), w.repo, w.ch.ID, what)
	w.must(err)
	return i
}

func granted(what core.ImportKind) (core.Import, error) {
	return core.Import{What: what, State: core.ImportRequested, Request: "r-" + string(what)}, nil
}

func TestImportsAreAskedForOnce(t *testing.T) {
	each(t, func(w *world) {
		g := w.gives(granted)
		for range 3 {
			w.must(w.ask())
			w.restart()
		}
		equal(w, "asked", len(g.asked), 2)
		equal(w, "first", g.asked[0], core.ImportContacts)
		equal(w, "request", w.stands(core.ImportHistory).Request, "r-history")
		equal(w, "state", w.stands(core.ImportHistory).State, core.ImportRequested)
	})
}

// TestImportDiesOnTheWay: a question that was on its way when the program died is not put again.
func TestImportDiesOnTheWay(t *testing.T) {
	lite(t, func(w *world) {
		died := errors.New("died")
		g := w.gives(func(core.ImportKind) (core.Import, error) { panic(died) })
		func() {
			defer func() { _ = recover() }()
			_ = w.ask()
		}()
		equal(w, "when it died", w.stands(core.ImportContacts).State, core.ImportAsking)
		w.restart()
		g.say = granted
		w.must(w.ask())
		equal(w, "asked", len(g.asked), 2)
		equal(w, "contacts", w.stands(core.ImportContacts).State, core.ImportUnknown)
		equal(w, "history", w.stands(core.ImportHistory).State, core.ImportRequested)
		if w.stands(core.ImportContacts).Remedy == "" {
			t.Error("it does not say what to do")
		}
	})
}

func TestImportAnswers(t *testing.T) {
	lite(t, func(w *world) {
		g := w.gives(nil)
		g.there = []core.ImportKind{core.ImportHistory}
		g.say = func(core.ImportKind) (core.Import, error) {
			return core.Import{}, &core.SendError{Outcome: core.Rejected, Effect: core.EffectSlow, Reason: "Slowly."}
		}
		var later core.Later
		if err := w.ask(); !errors.As(err, &later) || later.After <= 0 {
			t.Errorf("slowed down: %v", err)
		}
		equal(w, "slowed down", w.stands(core.ImportHistory).State, core.ImportWanted)
		g.say = func(core.ImportKind) (core.Import, error) {
			return core.Import{}, &core.SendError{Outcome: core.Unknown}
		}
		w.must(w.ask())
		equal(w, "no answer", w.stands(core.ImportHistory).State, core.ImportUnknown)
		w.must(w.ask())
		equal(w, "asked", len(g.asked), 2)
	})
}

// TestImportsWait: what must be set right first is no error, and nothing is asked for.
func TestImportsWait(t *testing.T) {
	lite(t, func(w *world) {
		g := w.gives(granted)
		g.wait = core.Problemf(core.CodeInvalid, "No webhooks come here.")
		w.must(w.ask())
		g.wait = errors.New("database gone")
		if err := w.ask(); !errors.Is(err, g.wait) {
			t.Errorf("trouble: %v", err)
		}
		g.wait, g.there = nil, nil
		w.must(w.ask())
		equal(w, "asked", len(g.asked), 0)
	})
}
