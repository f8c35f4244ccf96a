package assign

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

// staff is who there is at a moment.
type staff struct {
	now time.Time
	rules
	teams  map[core.TeamID]core.Team
	agents map[core.AgentID]candidate
	order  []core.AgentID // by id
}

// candidate is somebody whom a conversation can be given to.
type candidate struct {
	core.Agent
	Duty core.Duty
}

// rules are what the business has set. They are read before the desk is taken, to keep it for a shorter time.
type rules struct {
	settings core.DeskSettings
	business core.Hours
}

// house reads the rules.
func house(ctx context.Context, repo core.Repo) (r rules, err error) {
	if r.settings, err = core.LoadDesk(ctx, repo); err != nil {
		return r, err
	}
	reception, err := core.LoadReception(ctx, repo)
	r.business = reception.Hours
	return r, err
}

// attendance is the staff by the rules of now.
func attendance(ctx context.Context, repo core.Repo, now time.Time) (*staff, error) {
	rules, err := house(ctx, repo)
	if err != nil {
		return nil, err
	}
	return look(ctx, repo, rules, now)
}

// look finds out who there is.
func look(ctx context.Context, repo core.Repo, rules rules, now time.Time) (*staff, error) {
	s := &staff{now: now, rules: rules, teams: map[core.TeamID]core.Team{}, agents: map[core.AgentID]candidate{}}
	agents, err := repo.Agents(ctx)
	if err != nil {
		return nil, fmt.Errorf("list agents: %w", err)
	}
	for _, a := range agents {
		s.agents[a.ID] = candidate{Agent: a}
	}
	duties, err := repo.Duties(ctx)
	if err != nil {
		return nil, fmt.Errorf("who is there: %w", err)
	}
	for _, d := range duties {
		if c, known := s.agents[d.Agent]; known {
			c.Duty = d
			s.agents[d.Agent], s.order = c, append(s.order, d.Agent)
		}
	}
	teams, err := repo.Teams(ctx)
	if err != nil {
		return nil, fmt.Errorf("list teams: %w", err)
	}
	for _, t := range teams {
		s.teams[t.ID] = t
	}
	return s, nil
}

// gave counts a conversation that somebody got.
func (s *staff) gave(to candidate, d core.Duty) {
	d.Open++
	to.Duty = d
	s.agents[to.ID] = to
}

// strategy is that of a team's queue, or of the queue of all agents.
func (s *staff) strategy(team core.TeamID) core.Strategy {
	if team == "" {
		return s.settings.Strategy
	}
	return s.teams[team].Strategy
}

// members are those of a team who answer customers. The queue without a team is that of all teams, or of all agents where there are no teams.
func (s *staff) members(team core.TeamID) []candidate {
	var all []candidate
	for _, id := range s.order {
		if a := s.agents[id]; !a.Disabled && (s.in(id, team) || team == "" && (len(s.teams) == 0 || len(s.pools(id)) > 1)) {
			all = append(all, a)
		}
	}
	return all
}

// left reports whether somebody no longer answers customers.
func (s *staff) left(id core.AgentID) bool {
	a, known := s.agents[id]
	return known && a.Disabled
}

func (s *staff) in(id core.AgentID, team core.TeamID) bool {
	return slices.Contains(s.teams[team].Members, id)
}

// pools are the queues that an agent serves.
func (s *staff) pools(id core.AgentID) []core.TeamID {
	all := []core.TeamID{""}
	for _, t := range s.teams {
		if slices.Contains(t.Members, id) {
			all = append(all, t.ID)
		}
	}
	return all
}

// shifts are the hours of somebody who works for a team.
func (s *staff) shifts(a core.Agent, team core.TeamID) core.Hours {
	for _, h := range []core.Hours{a.Hours, s.teams[team].Hours} {
		if !h.Always() {
			return h
		}
	}
	return s.business
}

// hours are those in which contacts can count on a team.
func (s *staff) hours(team core.TeamID) core.Hours {
	if h := s.teams[team].Hours; !h.Always() {
		return h
	}
	return s.business
}

// said is what holds of an agent's word on being there.
func said(d core.Duty, now time.Time) core.Presence {
	over := !d.Until.IsZero() && !now.Before(d.Until)
	if over || d.Presence == core.PresenceAway && d.Answered.After(d.Since) {
		return core.PresenceUnsaid
	}
	return d.Presence
}

// there reports whether somebody is available to a team: they said so, or they are on shift and, where that is asked for, have answered lately.
func (s *staff) there(a candidate, team core.TeamID) bool {
	switch said(a.Duty, s.now) {
	case core.PresenceOnline:
		return true
	case core.PresenceBusy, core.PresenceOffline, core.PresenceAway:
		return false
	case core.PresenceUnsaid:
	}
	lately := s.settings.Answered <= 0 || s.now.Sub(a.Duty.Answered) < s.settings.Answered
	return lately && s.shifts(a.Agent, team).Open(s.now)
}

// available are the members of a team who are there, with room or without.
func (s *staff) available(team core.TeamID) []candidate {
	return slices.DeleteFunc(s.members(team), func(a candidate) bool { return !s.there(a, team) })
}

// room reports whether somebody may be given more.
func (s *staff) room(a candidate, team core.TeamID) bool {
	most := s.most(a, team)
	return most <= 0 || a.Duty.Open < most
}

// most is the cap of somebody who is given a team's conversations; zero: none.
func (s *staff) most(a candidate, team core.TeamID) int { return cmp.Or(a.Most, s.strategy(team).Most) }

// able leaves those who have what a conversation wants. A skill or language that no member of the team has cannot be waited for.
func (s *staff) able(all []candidate, team core.TeamID, w core.Wants) []candidate {
	members := s.members(team)
	for _, skill := range w.Skills {
		all = having(all, members, func(a candidate) bool { return slices.Contains(a.Skills, skill) })
	}
	if w.Language == "" {
		return all
	}
	return having(all, members, func(a candidate) bool { return speaks(a.Agent, w.Language) })
}

func having(all, members []candidate, has func(candidate) bool) []candidate {
	if !slices.ContainsFunc(members, has) {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(a candidate) bool { return !has(a) })
}

// speaks compares languages without regard to region.
func speaks(a core.Agent, language string) bool {
	all := a.Languages
	if len(all) == 0 {
		all = []string{cmp.Or(a.Language, "en")}
	}
	return slices.ContainsFunc(all, func(l string) bool { return core.Language(l) == core.Language(language) })
}

// wakes is when somebody who is not there now may be, as far as it is known; the zero time: nobody knows.
func (s *staff) wakes(team core.TeamID) time.Time {
	var next time.Time
	for _, a := range s.members(team) {
		next = sooner(next, s.now, a.Duty.Until)
		if at, ok := s.shifts(a.Agent, team).Next(s.now); ok {
			next = sooner(next, s.now, at)
		}
	}
	return next
}

// sooner is the earlier of two times, of which those that are over, or zero, do not count.
func sooner(a, now, b time.Time) time.Time {
	if !b.After(now) || !a.IsZero() && a.Before(b) {
		return a
	}
	return b
}
