package workflow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

const (
	mostInRow = 300 // steps without a wait, over all workflows that a run goes through
	mostDeep  = 5   // workflows that run each other
	mostTurns = 10000
	mostWaits = 400 // in an hour: somewhat more than a circle may have that waits for leastRound each time
)

// goTo lets the run go on at a step of its present workflow.
func (t *turn) goTo(name string) {
	t.at().Step = t.p.at(name)
	t.run.State = core.RunGoing
}

// onward lets the run go on behind the step it is at.
func (t *turn) onward() {
	at := t.at()
	if next := t.p.Steps[at.Step].Next; next != "" {
		t.goTo(next)
		return
	}
	at.Step++
	t.run.State = core.RunGoing
}

// drive takes steps until the run waits or ends.
func (t *turn) drive(ctx context.Context) error {
	for t.run.State == core.RunGoing {
		if err := ctx.Err(); err != nil {
			return err
		}
		back, err := t.back(ctx)
		if err != nil {
			return err
		}
		if back {
			continue
		}
		if t.conv.State == core.ConversationClosed && t.mem.Event.Kind != string(core.HappenedClosed) {
			return t.end(ctx, "The conversation was closed.", "")
		}
		t.mem.Steps++
		if t.mem.Steps > mostInRow || t.run.Turn > mostTurns {
			return t.end(ctx, "It took too many steps without waiting.", "Look for workflows that start or run each other.")
		}
		step := t.p.Steps[t.at().Step]
		if t.Seen != nil {
			t.Seen(t.run, label(t.p.Definition, t.at().Step))
		}
		if err := t.take(ctx, step); errors.Is(err, errLost) {
			return err
		} else if err != nil {
			return fmt.Errorf("workflow %q, %s: %w", t.p.Name, label(t.p.Definition, t.at().Step), err)
		}
	}
	return nil
}

// back returns from a workflow at its end: to the one that ran it, or from the run.
func (t *turn) back(ctx context.Context) (bool, error) {
	if t.at().Step < len(t.p.Steps) {
		return false, nil
	}
	if len(t.mem.Places) == 1 {
		return true, t.end(ctx, "done", "")
	}
	t.mem.Places = t.mem.Places[:len(t.mem.Places)-1]
	if err := t.enter(ctx); err != nil {
		return true, err
	}
	t.onward()
	return true, nil
}

// take takes one step. Those that only choose where to go on are not stored: taken again after a crash they do no harm.
func (t *turn) take(ctx context.Context, s Step) error {
	switch {
	case s.Ask != nil:
		return t.ask(ctx, s)
	case s.Send != nil:
		return t.send(ctx, s)
	case s.Set != nil:
		return t.change(ctx, *s.Set)
	case s.HTTP != nil:
		return t.call(ctx, *s.HTTP)
	case s.Branch != nil:
		return t.branch(ctx, s)
	case s.Hours != nil:
		return t.fork(ctx, *s.Hours)
	case s.Run != "":
		return t.sub(ctx, s.Run)
	case s.Note != "":
		return t.note(ctx, s.Note)
	case s.Order != nil:
		return t.order(ctx, *s.Order)
	case s.Assign != nil:
		return t.assign(ctx, *s.Assign)
	case s.Wait != nil:
		return t.wait(ctx, *s.Wait)
	case s.Notify != nil:
		return t.notify(ctx, *s.Notify)
	case s.Close != nil:
		return t.close(ctx, s)
	}
	text, err := t.fill(ctx, s.Stop, nil)
	if err != nil {
		return err
	}
	return t.end(ctx, text, "")
}

func (t *turn) branch(ctx context.Context, s Step) error {
	now, err := t.scope(ctx)
	if err != nil {
		return err
	}
	for i, when := range t.p.cases[t.at().Step] {
		ok, err := holds(when, now)
		if err != nil {
			t.Log.WarnContext(ctx, "condition of a branch fails, it does not hold", "workflow", t.p.Name, "run", t.run.ID, "err", err)
		}
		if ok {
			t.goTo(s.Branch[i].To)
			return nil
		}
	}
	t.onward()
	return nil
}

func (t *turn) fork(ctx context.Context, f Fork) error {
	hours, err := t.hours(ctx)
	if err != nil {
		return err
	}
	to := f.Closed
	if hours.Open(t.Now()) {
		to = f.Open
	}
	if to == "" {
		t.onward()
		return nil
	}
	t.goTo(to)
	return nil
}

func (t *turn) hours(ctx context.Context) (core.Hours, error) {
	r, err := t.reception(ctx)
	return r.Hours, err
}

func (t *turn) reception(ctx context.Context) (core.Reception, error) {
	if t.Reception == nil {
		return core.Reception{}, nil
	}
	r, err := t.Reception(ctx, t.ws)
	if err != nil {
		return r, fmt.Errorf("business hours: %w", err)
	}
	return r, nil
}

// sub enters another workflow, in its newest version.
func (t *turn) sub(ctx context.Context, name string) error {
	if len(t.mem.Places) >= mostDeep {
		return t.end(ctx, fmt.Sprintf("More than %d workflows run each other.", mostDeep), "Look for one that runs itself by way of another.")
	}
	p, err := t.program(ctx, t.ws, name, 0)
	if errors.Is(err, core.ErrNotFound) {
		return t.end(ctx, fmt.Sprintf("There is no workflow %q to run.", name), "Add it, or take the step out.")
	}
	if err != nil {
		return err
	}
	t.mem.Places = append(t.mem.Places, spot{p.Name, p.version, 0})
	t.p = p
	return nil
}

func (t *turn) wait(ctx context.Context, w Wait) error {
	until, err := t.waitsUntil(ctx, w)
	if err != nil {
		return err
	}
	if !until.After(t.Now()) {
		t.onward()
		return nil
	}
	if t.mem.Waits++; t.Now().Sub(t.mem.Hour) >= time.Hour {
		t.mem.Hour, t.mem.Waits = t.Now(), 1
	}
	if t.mem.Waits > mostWaits {
		return t.end(ctx, "It went round too fast.", "Let it wait longer each time.")
	}
	t.run.State, t.run.Until, t.mem.Steps = core.RunWaiting, until, 0
	return t.save(ctx, nil)
}

// waitsUntil is the end of a wait. One that nobody can tell is over at once.
func (t *turn) waitsUntil(ctx context.Context, w Wait) (time.Time, error) {
	switch {
	case w.For != "":
		return t.Now().Add(t.p.spans[w.For]), nil
	case w.UntilOpen:
		hours, err := t.hours(ctx)
		if err != nil {
			return time.Time{}, err
		}
		next, _ := hours.Next(t.Now())
		return next, nil
	}
	text, err := t.fill(ctx, w.Until, nil)
	if err != nil {
		return time.Time{}, err
	}
	until, _ := parseTime(text)
	return until, nil
}

// parseTime reads a time as people and programs write it.
func parseTime(s string) (time.Time, bool) {
	for _, form := range []string{timeForm, time.RFC3339, "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(form, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
