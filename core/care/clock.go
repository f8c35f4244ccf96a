package care

import (
	"context"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

// due is something that is to be done at a time, once: Mark says which once. An empty one ends by what is done.
type due struct {
	at    time.Time
	mark  string
	do    func(ctx context.Context, s *state) error             // what changes nothing when it is done again; nil: nothing
	write func(ctx context.Context, tx core.Tx, s *state) error // what is written together with the mark, the conversation locked; nil: nothing
}

// state is what is known of a conversation when its clocks are looked at.
type state struct {
	ws       core.WorkspaceID
	conv     core.Conversation
	handling core.Handling
	care     core.Care
	hours    core.Hours
	human    core.Message // the last that a person of the business wrote, if nobody has written since; else without an id
}

// late is how overdue what is said to contacts may be: after a long stop, a word on yesterday's silence is not for today.
const late = 12 * time.Hour

// stale is how overdue a target may be of which people are told: of what was missed long before there was a target, or while we were away, they know.
const stale = 24 * time.Hour

// markFor is how long it is remembered what was done.
const markFor = 90 * 24 * time.Hour

func markOwner(id core.ConversationID) string { return "care/" + string(id) }

// look reads what is known.
func (c *Carer) look(ctx context.Context, repo core.Repo, ws core.WorkspaceID, id core.ConversationID) (*state, error) {
	s := &state{ws: ws}
	var reception core.Reception
	reads := []func() error{
		func() (err error) { s.conv, err = repo.Conversation(ctx, id); return },
		func() (err error) { s.handling, err = repo.Handling(ctx, id); return },
		func() (err error) { s.care, err = core.LoadCare(ctx, repo); return },
		func() (err error) { reception, err = core.LoadReception(ctx, repo); return },
		func() (err error) {
			if s.care.WatchesSilence() {
				s.human, err = lastWord(ctx, repo, id)
			}
			return
		},
	}
	for _, read := range reads {
		if err := read(); err != nil {
			return nil, fmt.Errorf("look after conversation: %w", err)
		}
	}
	s.hours = reception.Hours
	return s, nil
}

// lastWord is the message of a person of the business after which nobody wrote: the contact is silent.
func lastWord(ctx context.Context, repo core.Repo, id core.ConversationID) (core.Message, error) {
	const few = 20
	all, err := repo.Messages(ctx, id, core.Page{Limit: few})
	if err != nil {
		return core.Message{}, err
	}
	for _, m := range all {
		switch {
		case m.Historic || !m.Revoked.IsZero() || m.Direction == core.Out && !m.Author.Human():
		case m.Direction == core.Out:
			return m, nil
		default:
			return core.Message{}, nil
		}
	}
	return core.Message{}, nil
}

// dues are all that is to come, in no order. A closed conversation has none.
func (c *Carer) dues(s *state) []due {
	if s.conv.State == core.ConversationClosed {
		return nil
	}
	var all []due
	if !s.handling.Snoozed.IsZero() {
		all = append(all, due{at: s.handling.Snoozed, write: c.wake})
	}
	t := s.care.Target(s.handling.Priority)
	if s.handling.Answered.IsZero() && !s.conv.Waiting.IsZero() {
		all = append(all, c.target(s, firstAnswer, s.conv.Waiting, t.FirstAnswer)...)
	}
	all = append(all, c.target(s, resolution, s.conv.Opened, t.Resolution)...)
	if e := s.care.Escalate; e.After > 0 && !s.conv.Waiting.IsZero() && s.handling.Priority < e.Priority {
		all = append(all, due{at: s.hours.After(s.conv.Waiting, e.After), write: c.escalate})
	}
	return append(all, c.silence(s)...)
}

// aim is what a target is set for, and the lines of history that tell of it.
type aim struct {
	name         string
	soon, missed core.LineCode
}

var (
	firstAnswer = aim{"first", core.LineFirstAnswerSoon, core.LineFirstAnswerMissed}
	resolution  = aim{"resolution", core.LineResolutionSoon, core.LineResolutionMissed}
)

// target is the warning before a target is missed, and the word that it is.
func (c *Carer) target(s *state, what aim, from time.Time, within time.Duration) []due {
	if within == 0 {
		return nil
	}
	end := s.hours.After(from, within)
	if c.Now().Sub(end) > stale {
		return nil
	}
	mark := fmt.Sprintf("%s/%d/", what.name, from.Unix())
	tell := func(code core.LineCode, text string) func(context.Context, core.Tx, *state) error {
		return func(ctx context.Context, tx core.Tx, s *state) error {
			return c.notice(ctx, tx, s, code, text, map[string]string{"until": end.UTC().Format(time.RFC3339)})
		}
	}
	missed := due{at: end, mark: mark + "missed", write: tell(what.missed, "The target for this conversation is missed.")}
	if !c.Now().Before(end) { // after a stop, it is no news that it will be missed
		return []due{missed}
	}
	return []due{{at: s.hours.After(from, within*3/4), mark: mark + "soon", write: tell(what.soon, "The target for this conversation will soon be missed.")}, missed}
}

// silence is what comes when the contact does not answer a person.
func (c *Carer) silence(s *state) []due {
	if s.human.ID == "" {
		return nil
	}
	var all []due
	if f := s.care.FollowUp; f.After > 0 {
		all = append(all, due{at: s.human.Created.Add(f.After), mark: "follow-up/" + string(s.human.ID), do: c.followUp})
	}
	if s.care.CloseAfter > 0 {
		all = append(all, due{at: s.human.Created.Add(s.care.CloseAfter), do: c.end})
	}
	return all
}

// next finds the first of the dues that is not done yet.
func (c *Carer) next(ctx context.Context, repo core.Repo, s *state) (due, bool, error) {
	var first due
	found := false
	for _, d := range c.dues(s) {
		if found && !d.at.Before(first.at) {
			continue
		}
		if d.mark != "" {
			done, err := repo.Value(ctx, markOwner(s.conv.ID), d.mark)
			if err != nil {
				return due{}, false, fmt.Errorf("what was done: %w", err)
			}
			if done != nil {
				continue
			}
		}
		first, found = d, true
	}
	return first, found, nil
}

// Schedule sees to it that a conversation is looked at when something is due.
func (c *Carer) Schedule(ctx context.Context, ws core.WorkspaceID, id core.ConversationID) error {
	return c.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(ws)
		if _, err := repo.Lock(ctx, id); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		s, err := c.look(ctx, repo, ws, id)
		if err != nil {
			return err
		}
		d, found, err := c.next(ctx, repo, s)
		if err != nil || !found {
			return err
		}
		return tx.Enqueue(ctx, core.Job{Kind: core.JobCare, Workspace: ws, Key: string(id), At: d.at})
	})
}

// Work is the worker of core.JobCare.
func (c *Carer) Work(ctx context.Context, w core.Work) error {
	if w.Key == "" {
		return c.lookAtAll(ctx, w)
	}
	id := core.ConversationID(w.Key)
	for !w.Ending() {
		s, err := c.look(ctx, c.Store.In(w.Workspace), w.Workspace, id)
		if errors.Is(err, core.ErrNotFound) {
			return c.Store.Tx(ctx, func(tx core.Tx) error { return w.Finish(ctx, tx) })
		}
		if err != nil {
			return err
		}
		d, found, err := c.next(ctx, c.Store.In(w.Workspace), s)
		if err != nil {
			return err
		}
		if !found || d.at.After(c.Now()) {
			done, err := c.rest(ctx, w)
			if done || err != nil {
				return err
			}
			continue
		}
		if err := c.perform(ctx, s, d); err != nil {
			return err
		}
	}
	return core.ErrStopping
}

// atOnce is how many conversations get their jobs in one transaction.
const atOnce = 200

// lookAtAll has every open conversation looked at: by new settings, something may be due in those in which nothing happens.
func (c *Carer) lookAtAll(ctx context.Context, w core.Work) error {
	page := core.Page{Limit: atOnce}
	for !w.Ending() {
		some, err := c.Store.In(w.Workspace).Conversations(ctx, core.ConversationFilter{State: core.ConversationOpen}, page)
		if err != nil {
			return fmt.Errorf("list open conversations: %w", err)
		}
		jobs := make([]core.Job, len(some))
		for i, conv := range some {
			jobs[i] = core.Job{Kind: core.JobCare, Workspace: w.Workspace, Key: string(conv.ID)}
		}
		last := len(some) < atOnce
		err = c.Store.Tx(ctx, func(tx core.Tx) error {
			if err := tx.Enqueue(ctx, jobs...); err != nil || !last {
				return err
			}
			return w.Finish(ctx, tx)
		})
		if err != nil || last {
			return err
		}
		page.Before = some[len(some)-1].LastAt.Format(time.RFC3339Nano)
	}
	return core.ErrStopping
}

// perform does what is due, and remembers that it did.
func (c *Carer) perform(ctx context.Context, s *state, d due) error {
	if d.do != nil {
		if err := d.do(ctx, s); err != nil {
			return err
		}
	}
	if d.write == nil && d.mark == "" {
		return nil
	}
	return c.Store.Tx(ctx, func(tx core.Tx) error { return c.record(ctx, tx, s, d) })
}

// record writes what is due with its mark, so that a crash leaves neither or both.
func (c *Carer) record(ctx context.Context, tx core.Tx, s *state, d due) error {
	repo := tx.In(s.ws)
	if _, err := repo.Lock(ctx, s.conv.ID); err != nil {
		return fmt.Errorf("lock conversation: %w", err)
	}
	if d.write != nil {
		if err := d.write(ctx, tx, s); err != nil {
			return err
		}
	}
	if d.mark == "" {
		return nil
	}
	if err := repo.SetValueUntil(ctx, markOwner(s.conv.ID), d.mark, []byte("done"), c.Now().Add(markFor)); err != nil {
		return fmt.Errorf("remember what was done: %w", err)
	}
	return nil
}

// rest waits for what is due next, or ends the job where nothing is: under the conversation's lock, so that nothing comes in between.
func (c *Carer) rest(ctx context.Context, w core.Work) (done bool, err error) {
	var wait time.Duration
	err = c.Store.Tx(ctx, func(tx core.Tx) error {
		done, wait = false, 0
		repo := tx.In(w.Workspace)
		if _, err := repo.Lock(ctx, core.ConversationID(w.Key)); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		s, err := c.look(ctx, repo, w.Workspace, core.ConversationID(w.Key))
		if err != nil {
			return err
		}
		d, found, err := c.next(ctx, repo, s)
		switch {
		case err != nil:
			return err
		case !found:
			done = true
			return w.Finish(ctx, tx)
		case d.at.After(c.Now()):
			wait = d.at.Sub(c.Now())
		}
		return nil
	})
	if err == nil && wait > 0 {
		return true, core.Later{After: wait}
	}
	return done, err
}
