package assign

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"causeway/core"
)

// Balancer gives conversations to agents by the strategies of their teams.
//
// There is one rule for all nodes: who hands out a conversation holds the workspace's desk (core.DeskRepo.LockDesk) from before counting who has how
// many until the commit, and locks the conversation after it, one at a time. So caps hold, and a queue is served in its order, whoever serves it. What
// gives somebody room (closing, coming online, a shift that begins) does not wait for the desk: it asks for a job (core.AssignJob) in its own
// transaction, which finds whoever waits longest. A person may take more than the cap; the desk then gives them nothing until they have room.
type Balancer struct {
	Desk
	Log      *slog.Logger
	Composer core.Composer // nil: contacts are told nothing
	Phrases  *core.Phrases // of use with a Composer
}

// automation is the author of what the desk does by itself.
var automation = core.Author{Kind: core.AuthorWorkflow, Name: "assignment"}

// session is the desk while one has it.
type session struct {
	*Balancer
	tx   core.Tx
	repo core.Repo
	ws   core.WorkspaceID
	*staff
	board board
}

// sit takes the desk and looks who is there.
func (b *Balancer) sit(ctx context.Context, tx core.Tx, ws core.WorkspaceID) (*session, error) {
	s := &session{Balancer: b, tx: tx, repo: tx.In(ws), ws: ws}
	raw, err := s.repo.LockDesk(ctx)
	if err != nil {
		return nil, fmt.Errorf("take the desk: %w", err)
	}
	if s.board, err = remembered(raw); err != nil {
		return nil, err
	}
	s.staff, err = look(ctx, s.repo, b.Now())
	return s, err
}

// keep stores what the desk remembers.
func (s *session) keep(ctx context.Context) error {
	raw, err := json.Marshal(s.board)
	if err != nil {
		return fmt.Errorf("what the desk remembers: %w", err)
	}
	return s.repo.SetDesk(ctx, raw)
}

// Assign implements core.Assigner.
func (b *Balancer) Assign(ctx context.Context, ws core.WorkspaceID, a core.Assignment) (c core.Conversation, err error) {
	if a.Agent != "" {
		return b.Desk.Assign(ctx, ws, a.Conversation, a.Agent, a.Team, a.By)
	}
	if a.Team != "" {
		if _, err := b.who(ctx, b.Store.In(ws), "", a.Team); err != nil {
			return c, err
		}
	}
	err = b.Store.Tx(ctx, func(tx core.Tx) error {
		s, err := b.sit(ctx, tx, ws)
		if err != nil {
			return err
		}
		if c, err = s.repo.Lock(ctx, a.Conversation); err != nil {
			return err
		}
		return s.take(ctx, &c, a)
	})
	return c, err
}

// take finds an agent for a conversation, or a place in a queue.
func (s *session) take(ctx context.Context, c *core.Conversation, a core.Assignment) error {
	if c.State == core.ConversationClosed {
		return core.Problemf(core.CodeClosed, "This conversation is closed.").Remedied("Reopen it first.")
	}
	if c.Agent != "" && (a.Team == "" || a.Team == c.Team) {
		return nil
	}
	team := a.Team
	for _, t := range []core.TeamID{c.Team, s.settings.Team} {
		if _, known := s.teams[t]; team == "" && known {
			team = t
		}
	}
	p, err := s.repo.Place(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("place at the desk: %w", err)
	}
	wants, err := s.wants(ctx, *c, team, a)
	if err != nil {
		return err
	}
	if before := p.Wants; !p.Queued.IsZero() && p.Team == team {
		wants.Position, wants.Wait, wants.Told = before.Position, before.Wait, before.Told
		if before.Agent == wants.Agent {
			wants.Until = before.Until
		}
	} else {
		p.Queued = s.now
	}
	p.Team, p.Assigned, p.Wants = team, time.Time{}, wants
	moved := c.Agent != "" || c.Team != team
	c.Agent, c.Team = "", team
	first, err := s.first(ctx, p)
	if err != nil {
		return err
	}
	if to, ok := s.pick(p, first); ok {
		return s.give(ctx, c, p, to, a.By)
	}
	return s.queue(ctx, *c, p, moved, a.By)
}

// first reports whether nobody is before p in its queue.
func (s *session) first(ctx context.Context, p core.Place) (bool, error) {
	head, err := s.repo.Places(ctx, p.Team, nil, 2)
	if err != nil {
		return false, fmt.Errorf("who waits: %w", err)
	}
	head = slices.DeleteFunc(head, func(h core.Place) bool { return h.Conversation == p.Conversation })
	return len(head) == 0 || p.Priority > head[0].Priority || p.Priority == head[0].Priority && p.Queued.Before(head[0].Queued), nil
}

// queue lets a conversation wait, or, where a person assigns, leaves it to the team.
func (s *session) queue(ctx context.Context, c core.Conversation, p core.Place, moved bool, by core.Author) error {
	waits := s.strategy(p.Team).Pick != core.PickNobody || p.Wants.Agent != ""
	if !waits {
		p.Queued, p.Wants = time.Time{}, core.Wants{}
	}
	if err := s.repo.SetPlace(ctx, p); err != nil {
		return fmt.Errorf("keep place: %w", err)
	}
	if moved {
		if err := s.repo.SetConversation(ctx, c); err != nil {
			return fmt.Errorf("give conversation to team: %w", err)
		}
		if err := s.note(ctx, c, s.teams[c.Team].Name, by); err != nil {
			return err
		}
	}
	if !waits {
		return nil
	}
	jobs := []core.Job{core.AssignJob(s.ws, p.Team)}
	if s.settings.Tell.Surge && s.Composer != nil {
		jobs = append(jobs, core.Job{Kind: core.JobTell, Workspace: s.ws, Key: string(c.ID)})
	}
	return s.tx.Enqueue(ctx, jobs...)
}

// give gives a conversation to an agent.
func (s *session) give(ctx context.Context, c *core.Conversation, p core.Place, to candidate, by core.Author) error {
	waited := p.Queued
	c.Agent = to.ID
	p.Queued, p.Assigned = time.Time{}, s.now
	p.Wants.Agent, p.Wants.Until = "", time.Time{}
	d := to.Duty
	d.Given = s.now
	s.gave(to, d)
	s.board.give(p.Team, to.ID, s.available(p.Team))
	if waited.Before(s.now) {
		s.board.picked(p.Team, waited, s.now, len(s.available(p.Team)))
	}
	for _, do := range []func() error{
		func() error { return s.repo.SetConversation(ctx, *c) },
		func() error { return s.repo.SetPlace(ctx, p) },
		func() error { return s.repo.SetDuty(ctx, d) },
		func() error { return s.keep(ctx) },
		func() error { return s.note(ctx, *c, to.Name, by) },
	} {
		if err := do(); err != nil {
			return fmt.Errorf("give conversation to agent: %w", err)
		}
	}
	return s.watch(ctx, s.tx, s.ws, *c, s.strategy(p.Team))
}

// watch has it looked whether an agent does something.
func (b *Balancer) watch(ctx context.Context, tx core.Tx, ws core.WorkspaceID, c core.Conversation, by core.Strategy) error {
	if by.Untouched <= 0 {
		return nil
	}
	return tx.Enqueue(ctx, core.Job{Kind: core.JobTouch, Workspace: ws, Key: string(c.ID), At: b.Now().Add(by.Untouched)})
}

// note writes an assignment into the conversation's history.
func (s *session) note(ctx context.Context, c core.Conversation, to string, by core.Author) error {
	return s.noted(ctx, s.tx, s.ws, core.ConversationEvent{Conversation: c.ID, Kind: core.EventAssigned, By: by, Text: to,
		Data: map[string]string{"agent": string(c.Agent), "team": string(c.Team)}})
}
