package assign

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

// onlineFor is how long the word "online" holds for somebody without shifts.
const onlineFor = 12 * time.Hour

// endless is a shift that nobody works: hours round the clock are none.
const endless = 30 * 24 * time.Hour

// Say sets what an agent says of being there, until a time. A zero until means: online, until their shift ends; busy and offline, until their next
// shift begins, or, without shifts, until they say something else.
func (b *Balancer) Say(ctx context.Context, ws core.WorkspaceID, id core.AgentID, p core.Presence, until time.Time) (d core.Duty, err error) {
	known := []core.Presence{core.PresenceUnsaid, core.PresenceOnline, core.PresenceBusy, core.PresenceOffline, core.PresenceAway}
	if !slices.Contains(known, p) {
		return d, core.Problemf(core.CodeInvalid, "%q is no presence.", p).Remedied("Say online, busy or offline.")
	}
	if !until.IsZero() && !until.After(b.Now()) {
		return d, core.Problemf(core.CodeInvalid, "That time is over.").Remedied("Name a time that is still to come.")
	}
	err = b.atDesk(ctx, ws, func(s *session) error {
		d, err = s.say(id, p, until)
		return err
	})
	return d, err
}

func (s *session) say(id core.AgentID, p core.Presence, until time.Time) (core.Duty, error) {
	a, there := s.agents[id]
	if !there {
		return core.Duty{}, core.NotFound("agent")
	}
	d := a.Duty
	d.Presence, d.Since, d.Until = p, s.now, until
	if until.IsZero() {
		d.Until = s.holds(a.Agent, p)
	}
	s.duties[id] = d
	s.serving(id)
	return d, nil
}

// holds is how long a word without a time holds; the zero time: until another.
func (s *staff) holds(a core.Agent, p core.Presence) time.Time {
	h := s.shifts(a, "")
	for _, team := range s.pools(a.ID) {
		if own := s.teams[team].Hours; h.Always() && !own.Always() {
			h = own
		}
	}
	closes := h.Closes(s.now)
	shifts := !h.Always() && closes.Sub(s.now) < endless
	switch {
	case p == core.PresenceOnline && shifts && !closes.IsZero():
		return closes
	case p == core.PresenceOnline:
		return s.now.Add(cmp.Or(s.settings.Online, onlineFor))
	case !shifts || p == core.PresenceAway || p == core.PresenceUnsaid:
		return time.Time{}
	}
	next, _ := h.Next(core.Latest(closes, s.now))
	return next
}

// Standing is how an agent stands at the desk.
type Standing struct {
	core.Agent
	Duty      core.Duty
	Available bool // to at least one of their queues
	Most      int  // the least of their caps; zero: none
}

// Standings lists the agents, by name, and how many wait in each queue.
func (b *Balancer) Standings(ctx context.Context, ws core.WorkspaceID) ([]Standing, map[core.TeamID]int, error) {
	repo := b.Store.In(ws)
	s, err := attendance(ctx, repo, b.Now())
	if err != nil {
		return nil, nil, err
	}
	var all []Standing
	for _, a := range s.agents {
		one := Standing{Agent: a.Agent, Duty: a.Duty, Most: a.Most}
		one.Duty.Presence = said(a.Duty, s.now)
		for _, team := range s.pools(a.ID) {
			one.Available = one.Available || !a.Disabled && s.there(a, team)
			if most := s.strategy(team).Most; a.Most == 0 && most > 0 && (one.Most == 0 || most < one.Most) {
				one.Most = most
			}
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Standing) int { return cmp.Compare(a.Name, b.Name) })
	queues, err := repo.Queues(ctx)
	return all, queues, err
}

// Away takes an out-of-office reply of an agent: they are away until a time; zero: until they write. Where that is news, the jobs that tell of it are
// enqueued with it. Who said that they are there goes before what their mailbox says.
func (b *Balancer) Away(ctx context.Context, ws core.WorkspaceID, id core.AgentID, until time.Time, tell ...core.Job) error {
	return b.atDesk(ctx, ws, func(s *session) error {
		switch d := s.agents[id].Duty; said(d, s.now) {
		case core.PresenceOnline:
			return nil
		case core.PresenceAway:
			if d.Until.Equal(until) {
				return nil
			}
		case core.PresenceUnsaid, core.PresenceBusy, core.PresenceOffline:
		}
		s.jobs = append(s.jobs, tell...)
		_, err := s.say(id, core.PresenceAway, until)
		return err
	})
}

// SetStrategy sets how a team's conversations find an agent. What waits is handed out by it at once.
func (b *Balancer) SetStrategy(ctx context.Context, ws core.WorkspaceID, id core.TeamID, strategy core.Strategy) error {
	return b.atDesk(ctx, ws, func(s *session) error {
		t, known := s.teams[id]
		if !known {
			return core.NotFound("team")
		}
		t.Strategy = strategy
		if err := s.repo.SaveTeam(ctx, t); err != nil {
			return fmt.Errorf("keep strategy: %w", err)
		}
		settings, err := core.LoadDesk(ctx, s.repo)
		if err != nil {
			return err
		}
		if err := core.SaveDesk(ctx, s.repo, settings); err != nil { // by which automation follows what happens here
			return err
		}
		s.jobs = append(s.jobs, core.AssignJob(ws, id))
		return nil
	})
}
