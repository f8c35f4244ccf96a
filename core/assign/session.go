package assign

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"causeway/core"
)

// session is the desk while one has it. What it changes is written by its flush.
type session struct {
	*Balancer
	tx   core.Tx
	repo core.Repo
	ws   core.WorkspaceID
	*staff
	board board

	heads     map[core.TeamID][]core.Place // who waited first in each queue when the session began, as far as it was looked
	changed   []core.Conversation          // each once
	places    map[core.ConversationID]core.Place
	duties    map[core.AgentID]core.Duty
	events    []core.ConversationEvent
	jobs      []core.Job
	remembers bool          // the board has changed
	passed    time.Duration // see moment
}

// atDesk runs f with the desk, and stores what it changed.
func (b *Balancer) atDesk(ctx context.Context, ws core.WorkspaceID, f func(s *session) error) error {
	rules, err := house(ctx, b.Store.In(ws))
	if err != nil {
		return err
	}
	return b.Store.Tx(ctx, func(tx core.Tx) error {
		s, err := b.sit(ctx, tx, ws, rules)
		if err != nil {
			return err
		}
		if err := f(s); err != nil {
			return err
		}
		return s.flush(ctx)
	})
}

// sit takes the desk and looks who is there.
func (b *Balancer) sit(ctx context.Context, tx core.Tx, ws core.WorkspaceID, rules rules) (*session, error) {
	s := &session{Balancer: b, tx: tx, repo: tx.In(ws), ws: ws, heads: map[core.TeamID][]core.Place{}, places: map[core.ConversationID]core.Place{},
		duties: map[core.AgentID]core.Duty{}}
	raw, err := s.repo.LockDesk(ctx)
	if err != nil {
		return nil, fmt.Errorf("take the desk: %w", err)
	}
	if s.board, err = remembered(raw); err != nil {
		return nil, err
	}
	s.staff, err = look(ctx, s.repo, rules, b.Now())
	return s, err
}

// moment is now, but later each time, so that what one session does has an order.
func (s *session) moment() time.Time {
	s.passed += time.Microsecond
	return s.now.Add(s.passed)
}

// change notes that a conversation has another agent or team, whom to names. Who has it now is mailed what waits, and automation follows.
func (s *session) change(c core.Conversation, to string, by core.Author) {
	s.changed = append(s.changed, c)
	s.events = append(s.events, core.ConversationEvent{ID: core.NewID[string](), Conversation: c.ID, Kind: core.ConversationEventAssigned, By: by, At: s.now, Text: to,
		Data: map[string]string{"agent": string(c.Agent), "team": string(c.Team)}})
	s.jobs = append(s.jobs, core.Job{Kind: core.JobNotify, Workspace: s.ws, Key: string(c.ID)})
}

// flush stores what the session changed, with a few statements whatever that is.
func (s *session) flush(ctx context.Context) error {
	if s.remembers {
		if err := s.keep(ctx); err != nil {
			return err
		}
	}
	automated, err := core.Automated(ctx, s.repo)
	if err != nil {
		return err
	}
	rows := core.Rows{Held: s.changed}
	for _, p := range s.places {
		rows.Places = append(rows.Places, core.Owned[core.Place]{Workspace: s.ws, Value: p})
	}
	for _, d := range s.duties {
		rows.Duties = append(rows.Duties, core.Owned[core.Duty]{Workspace: s.ws, Value: d})
	}
	for _, e := range s.events {
		rows.Events = append(rows.Events, core.Owned[core.ConversationEvent]{Workspace: s.ws, Value: e})
		if automated {
			h := core.Happening{ID: e.ID, Conversation: e.Conversation, Kind: core.HappenedAssigned, By: e.By, At: e.At}
			rows.Happenings = append(rows.Happenings, core.Owned[core.Happening]{Workspace: s.ws, Value: h})
			s.jobs = append(s.jobs, core.WorkflowJob(s.ws, e.Conversation))
		}
	}
	s.tx.WriteAtEnd(rows)
	return s.tx.Enqueue(ctx, s.jobs...)
}

// keep stores what the desk remembers.
func (s *session) keep(ctx context.Context) error {
	raw, err := json.Marshal(s.board)
	if err != nil {
		return fmt.Errorf("what the desk remembers: %w", err)
	}
	return s.repo.SetDesk(ctx, raw)
}
