package assign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

var (
	_ core.Assigner = (*Balancer)(nil)
	_ core.Follower = (*Balancer)(nil)
)

// Follow implements core.Follower: it assigns what no workflow did, keeps places in step with what people do, and lets those who answer take what is
// nobody's. What it does is done once however often it sees a happening, for it only ever makes things so.
func (b *Balancer) Follow(ctx context.Context, ws core.WorkspaceID, h core.Happening, c *core.Conversation) error {
	switch h.Kind {
	case core.HappenedOpened, core.HappenedMessage, core.HappenedTimer: // by any of which a workflow may have ended
		return b.byDefault(ctx, ws, c)
	case core.HappenedReopened:
		return b.reopened(ctx, ws, h, c)
	case core.HappenedAnswered:
		return b.answered(ctx, ws, h, c)
	case core.HappenedAssigned:
		return b.assigned(ctx, ws, h, c)
	case core.HappenedClosed:
		return b.closed(ctx, ws, h, c)
	default:
		return nil
	}
}

// byDefault assigns a conversation that nobody has, nor had, and no workflow works on.
func (b *Balancer) byDefault(ctx context.Context, ws core.WorkspaceID, c *core.Conversation) error {
	if c.Agent != "" || c.Team != "" || c.State == core.ConversationClosed {
		return nil
	}
	repo := b.Store.In(ws)
	settings, err := core.LoadDesk(ctx, repo)
	if err != nil || !assigns(settings) {
		return err
	}
	h, err := repo.Handling(ctx, c.ID)
	if err != nil || !h.Queued.IsZero() || !h.Answered.IsZero() {
		return err
	}
	runs, err := repo.RunsIn(ctx, c.ID, "")
	if err != nil || slices.ContainsFunc(runs, func(r core.Run) bool { return r.State != core.RunEnded }) {
		return err
	}
	return b.again(ctx, ws, c, core.Assignment{By: automation})
}

// assigns reports whether there is a default.
func assigns(s core.DeskSettings) bool {
	return s.Team != "" || s.Strategy.Pick != core.PickNobody || s.Strategy.Previous || s.Field != "" || len(s.Tags) > 0
}

// again assigns what may have been closed meanwhile.
func (b *Balancer) again(ctx context.Context, ws core.WorkspaceID, c *core.Conversation, a core.Assignment) error {
	a.Conversation = c.ID
	got, err := b.Assign(ctx, ws, a)
	if err == nil {
		*c = got
	}
	var p *core.Problem
	if errors.As(err, &p) && (p.Code == core.CodeClosed || p.Code == core.CodeNotFound) {
		return nil
	}
	return ignoring(err)
}

// locked runs f with the desk and a conversation locked, which is then as f left it. One that is gone is left alone.
func (b *Balancer) locked(ctx context.Context, ws core.WorkspaceID, now *core.Conversation, f func(s *session, c core.Conversation, p core.Place) error) error {
	left := *now
	err := b.atDesk(ctx, ws, func(s *session) error {
		conversations, places, err := s.repo.LockPlaces(ctx, now.ID)
		if err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		c, known := conversations[now.ID]
		if !known {
			return nil
		}
		if err := f(s, c, places[c.ID]); err != nil {
			return err
		}
		if left = c; len(s.changed) > 0 {
			left = s.changed[0] // f is about no other
		}
		return nil
	})
	if err == nil {
		*now = left
	}
	return err
}

// reopened starts a new cycle: who first answers in it is still to come. Who has it keeps it, unless they no longer answer customers.
func (b *Balancer) reopened(ctx context.Context, ws core.WorkspaceID, h core.Happening, c *core.Conversation) error {
	left := false
	err := b.locked(ctx, ws, c, func(s *session, now core.Conversation, _ core.Place) error {
		left = s.left(now.Agent)
		handling, err := s.repo.Handling(ctx, c.ID)
		if err != nil || handling.Answered.IsZero() || handling.Answered.After(h.At) {
			return err
		}
		handling.Answered = time.Time{}
		return s.repo.SetHandling(ctx, handling)
	})
	switch {
	case err != nil:
		return fmt.Errorf("begin again: %w", err)
	case left:
		return b.again(ctx, ws, c, core.Assignment{By: automation})
	case c.Agent != "":
		return b.assigned(ctx, ws, h, c)
	case c.Team != "":
		return b.again(ctx, ws, c, core.Assignment{Team: c.Team, By: automation})
	}
	return b.byDefault(ctx, ws, c)
}

// answered notes that a person did something, and gives them what is nobody's.
func (b *Balancer) answered(ctx context.Context, ws core.WorkspaceID, h core.Happening, now *core.Conversation) error {
	return b.locked(ctx, ws, now, func(s *session, c core.Conversation, p core.Place) error {
		if machine, err := core.ByMachine(ctx, s.repo, h); machine || err != nil {
			return err
		}
		who := h.By.Agent
		if who == "" && h.By.Kind == core.AuthorPhone {
			who = s.settings.Phone
		}
		if err := s.worked(ctx, who, h.At); err != nil {
			return err
		}
		if err := s.touched(ctx, c, p, who, h.At); err != nil {
			return err
		}
		if s.left(c.Agent) {
			c.Agent = ""
		}
		switch to, known := s.agents[who]; {
		case c.State == core.ConversationClosed || c.Agent != "" && p.Queued.IsZero():
			return nil
		case c.Agent == "" && known && !to.Disabled:
			if given, err := s.givenSince(ctx, c.ID, h.At); given || err != nil {
				return err
			}
			s.give(c, first(p), to, h.By)
			s.events[len(s.events)-1].Message = h.Message // if that turns out to be a machine's, it goes
			return nil
		case c.Agent == "" && p.Queued.IsZero():
			return nil
		}
		s.leave(p) // they answered on the phone, or have it
		return nil
	})
}

// givenSince reports whether somebody assigned a conversation after a time: who answered before that does not take it back.
func (s *session) givenSince(ctx context.Context, id core.ConversationID, at time.Time) (bool, error) {
	history, err := s.repo.ConversationEvents(ctx, id)
	if err != nil {
		return false, fmt.Errorf("who was given the conversation: %w", err)
	}
	return slices.ContainsFunc(history, func(e core.ConversationEvent) bool {
		return e.Kind == core.ConversationEventAssigned && e.By.Kind != core.AuthorWorkflow && e.At.After(at)
	}), nil
}

// first makes the place that of somebody whom nobody waited for: what they take themselves is no pick-up from a queue.
func first(p core.Place) core.Place {
	p.Queued, p.Wants = time.Time{}, core.Wants{}
	return p
}

// worked notes when an agent last answered. Where that tells who is there, or ends an absence, more may come to them.
func (s *session) worked(ctx context.Context, who core.AgentID, at time.Time) error {
	a, known := s.agents[who]
	if !known {
		return nil
	}
	if err := s.repo.Answers(ctx, who, at); err != nil {
		return fmt.Errorf("note that an agent answered: %w", err)
	}
	if s.settings.Answered <= 0 && a.Duty.Presence != core.PresenceAway {
		return nil
	}
	s.serving(who)
	return nil
}

// serving has the queues handed out that an agent serves.
func (s *session) serving(who core.AgentID) {
	for _, team := range s.pools(who) {
		s.jobs = append(s.jobs, core.AssignJob(s.ws, team))
	}
}

// touched notes an answer on the conversation. The first one of the agent who was given it is measured.
func (s *session) touched(ctx context.Context, c core.Conversation, p core.Place, who core.AgentID, at time.Time) error {
	h, err := s.repo.Handling(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("what was done in the conversation: %w", err)
	}
	before := h
	if h.Answered.IsZero() || h.Answered.Equal(at) { // who follows before may have noted it
		h.Answered = at
		if at.After(h.Touched) && c.Agent == who && who != "" && at.After(p.Assigned) && !p.Assigned.IsZero() {
			s.board.answered(p.Team, at.Sub(p.Assigned))
			s.remembers = true
		}
	}
	if at.After(h.Touched) && (c.Agent == "" || c.Agent == who) {
		h.Touched = at
	}
	if h.Answered.Equal(before.Answered) && h.Touched.Equal(before.Touched) {
		return nil
	}
	return s.repo.SetHandling(ctx, h)
}

// assigned keeps the place of a conversation that somebody assigned, and introduces its agent.
func (b *Balancer) assigned(ctx context.Context, ws core.WorkspaceID, h core.Happening, c *core.Conversation) error {
	place, err := b.Store.In(ws).Place(ctx, h.Conversation)
	if err != nil {
		return fmt.Errorf("place at the desk: %w", err)
	}
	if displaced(*c, place, h) == rightly { // as the desk itself left it: what changes it meanwhile is followed, too
		return b.introduce(ctx, ws, h, *c)
	}
	var next core.Assignment
	err = b.locked(ctx, ws, c, func(s *session, c core.Conversation, p core.Place) error {
		switch displaced(c, p, h) {
		case toAgent:
			s.handed(c, p, h)
		case toNobody:
			s.leave(p)
		case toTeam:
			next = core.Assignment{Team: c.Team, By: h.By}
			s.all()
		case rightly:
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep place of what was assigned: %w", err)
	}
	if next.Team != "" {
		return b.again(ctx, ws, c, next)
	}
	return b.introduce(ctx, ws, h, *c)
}

// displacement is how a conversation's place is not that of whom it was assigned to.
type displacement int

const (
	rightly displacement = iota // it is
	toAgent
	toTeam
	toNobody
)

func displaced(c core.Conversation, p core.Place, h core.Happening) displacement {
	switch {
	case c.State == core.ConversationClosed:
	case c.Agent != "" && (!p.Queued.IsZero() || p.Assigned.IsZero() || p.Assigned.Before(h.At.Add(-time.Millisecond)) && h.By != automation):
		return toAgent
	case c.Agent == "" && c.Team == "" && !p.Queued.IsZero() && h.By.Kind != core.AuthorWorkflow:
		return toNobody
	case c.Agent == "" && c.Team != "" && (p.Queued.IsZero() || p.Team != c.Team):
		return toTeam
	}
	return rightly
}

// handed keeps the place of what a person gave to an agent, or an agent took. Whoever had it before has room.
func (s *session) handed(c core.Conversation, p core.Place, h core.Happening) {
	p = first(p)
	p.Team, p.Assigned = c.Team, h.At
	s.places[p.Conversation] = p
	s.all()
	s.watch(c, s.strategy(c.Team))
}

// all has every queue handed out that the desk hands out.
func (s *session) all() {
	s.jobs = append(s.jobs, core.AssignJob(s.ws, ""))
	for id := range s.teams {
		s.jobs = append(s.jobs, core.AssignJob(s.ws, id))
	}
}

// closed frees the place, and who had the conversation for the next: what waits is handed out by jobs. The desk has to be taken for that: who is handing
// out may have counted the conversation still, and would take our job for the one that they are doing. Where nobody is freed nobody is held up.
func (b *Balancer) closed(ctx context.Context, ws core.WorkspaceID, h core.Happening, c *core.Conversation) error {
	place, err := b.Store.In(ws).Place(ctx, h.Conversation)
	if err != nil {
		return fmt.Errorf("place at the desk: %w", err)
	}
	if c.State == core.ConversationClosed && c.Agent == "" && place.Queued.IsZero() && place.Assigned.IsZero() {
		return nil
	}
	return b.locked(ctx, ws, c, func(s *session, c core.Conversation, p core.Place) error {
		if c.State == core.ConversationClosed && (!p.Queued.IsZero() || !p.Assigned.IsZero()) {
			p.Assigned = time.Time{}
			s.leave(p)
		}
		if c.Agent != "" {
			s.serving(c.Agent)
		}
		return nil
	})
}
