package assign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"causeway/core"
)

// pick finds the agent of a place; false: nobody now. Where it is not the first of its queue, only the agent it waits for is asked.
func (s *session) pick(p core.Place, first bool) (candidate, bool) {
	strategy := s.strategy(p.Team)
	if w := p.Wants; w.Agent != "" {
		if a, known := s.agents[w.Agent]; known && s.mayHave(a, p.Team) {
			return a, true
		}
		if s.now.Before(w.Until) {
			return candidate{}, false
		}
	}
	if !first || strategy.Pick == core.PickNobody {
		return candidate{}, false
	}
	free := s.free(p.Team, p.Wants)
	if len(free) == 0 {
		return candidate{}, false
	}
	turns := s.board.team(p.Team)
	turns.welcome(s.available(p.Team))
	return slices.MinFunc(free, func(a, b candidate) int {
		return cmp.Or(turns.compare(strategy.Pick, a, b), a.Duty.Given.Compare(b.Duty.Given), cmp.Compare(a.ID, b.ID))
	}), true
}

// mayHave reports whether one whom a conversation is meant for can have it: they are there in any of their teams, and have room.
func (s *session) mayHave(a candidate, team core.TeamID) bool {
	there := slices.ContainsFunc(append(s.pools(a.ID), team), func(t core.TeamID) bool { return s.there(a, t) })
	return !a.Disabled && there && s.room(a, team)
}

// free are those who can be given a conversation now. Those who are not there count where the strategy says so, and nobody else is left.
func (s *staff) free(team core.TeamID, w core.Wants) []candidate {
	can := slices.DeleteFunc(s.able(s.members(team), team, w), func(a candidate) bool { return slices.Contains(w.Passed, a.ID) || !s.room(a, team) })
	there := slices.DeleteFunc(slices.Clone(can), func(a candidate) bool { return !s.there(a, team) })
	if len(there) > 0 || !s.strategy(team).Absent {
		return there
	}
	return can
}

// wants says what a conversation wants of its agent.
func (s *session) wants(ctx context.Context, c core.Conversation, team core.TeamID, a core.Assignment) (core.Wants, error) {
	w, strategy := core.Wants{Skills: a.Skills, Language: a.Language}, s.strategy(team)
	if w.Language == "" && strategy.Speaks {
		contact, err := s.repo.Contact(ctx, c.Contact)
		if err != nil {
			return w, fmt.Errorf("language of contact: %w", err)
		}
		w.Language = contact.Language
	}
	meant, err := s.meant(ctx, c, strategy, a)
	if err != nil || meant == "" {
		return w, err
	}
	fallback := cmp.Or(a.Fallback, strategy.Fallback)
	if s.mayHave(s.agents[meant], team) || fallback > 0 {
		w.Agent, w.Until = meant, s.now.Add(fallback)
	}
	return w, nil
}

// meant finds who a conversation is meant for: a dedicated agent, or who looked after the contact before.
func (s *session) meant(ctx context.Context, c core.Conversation, strategy core.Strategy, a core.Assignment) (core.AgentID, error) {
	for _, find := range []func() (core.AgentID, error){
		func() (core.AgentID, error) { return s.dedicated(ctx, c, a) },
		func() (core.AgentID, error) { return s.tagged(ctx, c, a) },
		func() (core.AgentID, error) { return s.previous(ctx, c, a.Previous || strategy.Previous) },
	} {
		id, err := find()
		if err != nil {
			return "", err
		}
		if known, ok := s.agents[id]; ok && !known.Disabled {
			return id, nil
		}
	}
	return "", nil
}

// dedicated is the agent whom a field of the contact names.
func (s *session) dedicated(ctx context.Context, c core.Conversation, a core.Assignment) (core.AgentID, error) {
	field := a.Dedicated
	if field == "" && a.Team == "" {
		field = s.settings.Field
	}
	if field == "" {
		return "", nil
	}
	fields, err := s.repo.Fields(ctx, c.Contact)
	if err != nil {
		return "", fmt.Errorf("fields of contact: %w", err)
	}
	name := strings.TrimSpace(fields[field])
	for _, id := range s.order {
		agent := s.agents[id]
		if name != "" && (strings.EqualFold(agent.Name, name) || string(id) == name || slices.Contains(agent.Addresses, strings.ToLower(name))) {
			return id, nil
		}
	}
	return "", nil
}

// tagged is the dedicated agent of one of the contact's tags, the first by name.
func (s *session) tagged(ctx context.Context, c core.Conversation, a core.Assignment) (core.AgentID, error) {
	if len(s.settings.Tags) == 0 || a.Team != "" {
		return "", nil
	}
	tags, err := s.repo.ContactTags(ctx, c.Contact)
	if err != nil {
		return "", fmt.Errorf("tags of contact: %w", err)
	}
	for _, t := range tags {
		if id := s.settings.Tags[t]; id != "" {
			return id, nil
		}
	}
	return "", nil
}

// previous is who had the contact's last conversation, this one included.
func (s *session) previous(ctx context.Context, c core.Conversation, wanted bool) (core.AgentID, error) {
	if !wanted {
		return "", nil
	}
	all, err := s.repo.ConversationsOf(ctx, c.Contact)
	if errors.Is(err, core.ErrNotFound) {
		return "", nil
	}
	for _, before := range all {
		if before.ID != c.ID && before.Agent != "" {
			return before.Agent, err
		}
	}
	return "", err
}
