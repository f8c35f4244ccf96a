package assign

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"causeway/core"
)

// Balancer gives conversations to agents by the strategies of their teams.
//
// There is one rule for all nodes: who hands out conversations holds the workspace's desk (core.DeskRepo.LockDesk) from before counting who has how
// many until the commit, and locks the conversations after it. So caps hold, and a queue is served in its order, whoever serves it. What
// gives somebody room (closing, coming online, a shift that begins) does not wait for the desk: it asks for a job (core.AssignJob) in its own
// transaction, which finds whoever waits longest. A person may take more than the cap; the desk then gives them nothing until they have room.
//
// Since all wait for the one desk, who has it does as much as there is: those who ask at the same time are served together (see together), and a queue
// is handed out many at a time. What a session decides it keeps in memory, and writes with a few statements, however many conversations it is about.
type Balancer struct {
	Desk
	Log      *slog.Logger
	Composer core.Composer // nil: contacts are told nothing
	Phrases  *core.Phrases // of use with a Composer

	mu    sync.Mutex
	lines map[core.WorkspaceID]*line // who waits for the desk
}

// automation is the author of what the desk does by itself.
var automation = core.Author{Kind: core.AuthorWorkflow, Name: "assignment"}

// Assign implements core.Assigner.
func (b *Balancer) Assign(ctx context.Context, ws core.WorkspaceID, a core.Assignment) (core.Conversation, error) {
	if a.Agent != "" {
		return b.Desk.Assign(ctx, ws, a.Conversation, a.Agent, a.Team, a.By)
	}
	e := &errand{Assignment: a, ctx: ctx, err: errUntold, turn: make(chan bool, 1)}
	b.together(ctx, ws, e)
	return e.got, e.err
}

// take finds an agent for a conversation, or a place in a queue.
func (s *session) take(ctx context.Context, c *core.Conversation, p core.Place, a core.Assignment) error {
	if _, known := s.teams[a.Team]; a.Team != "" && !known {
		return core.NotFound("team")
	}
	if c.State == core.ConversationClosed {
		return core.Problemf(core.CodeClosed, "This conversation is closed.").Remedied("Reopen it first.")
	}
	if c.Agent != "" && !s.left(c.Agent) && (a.Team == "" || a.Team == c.Team) {
		return nil
	}
	team := s.teamFor(*c, a)
	wants, err := s.wants(ctx, *c, team, a)
	if err != nil {
		return err
	}
	p = s.lineUp(p, team, wants)
	moved := c.Agent != "" || c.Team != team
	c.Agent, c.Team = "", team
	first, err := s.first(ctx, p)
	if err != nil {
		return err
	}
	if to, ok := s.pick(p, first); ok {
		s.give(*c, p, to, a.By)
		c.Agent = to.ID
	} else {
		s.queue(*c, p, moved, a.By)
	}
	return nil
}

// teamFor is whose queue a conversation comes to: the team's that is named, else its own team's, else that of who has no team.
func (s *session) teamFor(c core.Conversation, a core.Assignment) core.TeamID {
	team := a.Team
	for _, t := range []core.TeamID{c.Team, s.settings.Team} {
		if _, known := s.teams[t]; team == "" && known {
			team = t
		}
	}
	return team
}

// lineUp is a place at the end of a team's queue or, for who waits in it already, the one they have there.
func (s *session) lineUp(p core.Place, team core.TeamID, wants core.Wants) core.Place {
	if before := p.Wants; !p.Queued.IsZero() && p.Team == team {
		wants.Position, wants.Wait, wants.Told = before.Position, before.Wait, before.Told
		if before.Agent == wants.Agent {
			wants.Until = before.Until
		}
	} else {
		p.Queued = s.moment()
	}
	p.Team, p.Assigned, p.Wants = team, time.Time{}, wants
	return p
}

// first reports whether nobody is before p in its queue, which counts only where somebody is free for it.
func (s *session) first(ctx context.Context, p core.Place) (bool, error) {
	if len(s.free(p.Team, p.Wants)) == 0 {
		return false, nil
	}
	if _, known := s.heads[p.Team]; !known {
		head, err := s.repo.Places(ctx, p.Team, nil, mostErrands+1) // of whom no more than all but one get an agent in this session
		if err != nil {
			return false, fmt.Errorf("who waits: %w", err)
		}
		s.heads[p.Team] = head
	}
	before := func(h core.Place) bool {
		return h.Conversation != p.Conversation && h.Team == p.Team && !h.Queued.IsZero() && (h.Priority > p.Priority || h.Priority == p.Priority && !p.Queued.Before(h.Queued))
	}
	for _, h := range s.heads[p.Team] {
		if _, changed := s.places[h.Conversation]; !changed && before(h) {
			return false, nil
		}
	}
	for _, h := range s.places {
		if before(h) {
			return false, nil
		}
	}
	return true, nil
}

// queue lets a conversation wait, or, where a person assigns, leaves it to the team.
func (s *session) queue(c core.Conversation, p core.Place, moved bool, by core.Author) {
	waits := s.strategy(p.Team).Pick != core.PickNobody || p.Wants.Agent != ""
	if !waits {
		p.Queued, p.Wants = time.Time{}, core.Wants{}
	}
	s.places[p.Conversation] = p
	if moved {
		s.change(c, s.teams[c.Team].Name, by)
	}
	if !waits {
		return
	}
	s.jobs = append(s.jobs, core.AssignJob(s.ws, p.Team))
	if s.settings.Tell.Surge && s.Composer != nil {
		s.jobs = append(s.jobs, core.Job{Kind: core.JobTell, Workspace: s.ws, Key: string(c.ID)})
	}
}

// give gives a conversation to an agent.
func (s *session) give(c core.Conversation, p core.Place, to candidate, by core.Author) {
	waited := p.Queued
	c.Agent = to.ID
	p.Queued, p.Assigned = time.Time{}, s.now
	p.Wants.Agent, p.Wants.Until = "", time.Time{}
	d := to.Duty
	d.Given = s.moment()
	s.gave(to, d)
	s.board.give(p.Team, to.ID, s.available(p.Team))
	if waited.Before(s.now) {
		s.board.picked(p.Team, waited, s.now, len(s.available(p.Team)))
	}
	s.places[p.Conversation], s.duties[to.ID], s.remembers = p, d, true
	s.change(c, to.Name, by)
	s.watch(c, s.strategy(p.Team))
}

// watch has it looked whether an agent does something.
func (s *session) watch(c core.Conversation, by core.Strategy) {
	if by.Untouched > 0 {
		s.jobs = append(s.jobs, core.Job{Kind: core.JobTouch, Workspace: s.ws, Key: string(c.ID), At: s.now.Add(by.Untouched)})
	}
}
