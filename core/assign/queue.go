package assign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

// pageOfQueue is how many of a queue are looked at in one go.
const pageOfQueue = 100

// HandOut is the worker of core.JobAssign: it gives what waits in a queue to whoever has room, in the order of the queue, then sleeps until somebody
// may come or a fallback is due.
func (b *Balancer) HandOut(ctx context.Context, w core.Work) error {
	for !w.Ending() {
		var more bool
		var wake time.Time
		err := b.Store.Tx(ctx, func(tx core.Tx) error {
			s, err := b.sit(ctx, tx, w.Workspace)
			if err != nil {
				return err
			}
			if more, wake, err = s.next(ctx, w.Queue()); err != nil || more || !wake.IsZero() {
				return err
			}
			return w.Finish(ctx, tx)
		})
		switch {
		case err != nil:
			return fmt.Errorf("hand out what waits: %w", err)
		case !more && wake.IsZero():
			return nil
		case !more:
			return core.Later{After: wake.Sub(b.Now())}
		}
	}
	return core.ErrStopping
}

// next hands out one conversation of a queue; more: there may be another. Otherwise wake is when to look again; zero: when something happens.
func (s *session) next(ctx context.Context, team core.TeamID) (more bool, wake time.Time, err error) {
	var after *core.Place
	for {
		page, err := s.repo.Places(ctx, team, after, pageOfQueue)
		if err != nil {
			return false, wake, fmt.Errorf("who waits: %w", err)
		}
		for _, p := range page {
			if to, ok := s.pick(p, true); ok {
				return true, wake, s.serve(ctx, p, to)
			}
			if p.Wants.Agent != "" {
				if wake = sooner(wake, s.now, p.Wants.Until); !s.now.Before(p.Wants.Until) && s.strategy(team).Pick == core.PickNobody {
					return true, wake, s.leave(ctx, p)
				}
			}
		}
		if len(page) > 0 {
			wake = sooner(wake, s.now, s.wakes(team))
		}
		if len(page) < pageOfQueue || !s.anyRoom(team) {
			return false, wake, nil
		}
		after = &page[len(page)-1]
	}
}

// anyRoom reports whether it makes sense to look farther down a queue.
func (s *session) anyRoom(team core.TeamID) bool {
	return len(s.free(team, core.Wants{})) > 0
}

// serve gives what waited to an agent, unless it waits no more.
func (s *session) serve(ctx context.Context, p core.Place, to candidate) error {
	c, err := s.repo.Lock(ctx, p.Conversation)
	if err != nil {
		return fmt.Errorf("lock conversation: %w", err)
	}
	now, err := s.repo.Place(ctx, p.Conversation) // as it is under the lock
	if err != nil {
		return fmt.Errorf("place at the desk: %w", err)
	}
	if c.State == core.ConversationClosed || c.Agent != "" {
		return s.leave(ctx, now)
	}
	if now.Queued.IsZero() {
		return nil
	}
	return s.give(ctx, &c, now, to, automation)
}

// leave takes a conversation out of its queue.
func (s *session) leave(ctx context.Context, p core.Place) error {
	p.Queued, p.Wants = time.Time{}, core.Wants{}
	if err := s.repo.SetPlace(ctx, p); err != nil {
		return fmt.Errorf("leave the queue: %w", err)
	}
	return nil
}

// Untouched is the worker of core.JobTouch: what its agent left untouched goes to the next. Where there is nobody else it stays, and is looked at again.
func (b *Balancer) Untouched(ctx context.Context, w core.Work) error {
	var wait time.Duration
	err := b.Store.Tx(ctx, func(tx core.Tx) error {
		s, err := b.sit(ctx, tx, w.Workspace)
		if err != nil {
			return err
		}
		if wait, err = s.passOn(ctx, core.ConversationID(w.Key)); err != nil || wait > 0 {
			return err
		}
		return w.Finish(ctx, tx)
	})
	if err == nil && wait > 0 {
		return core.Later{After: wait}
	}
	return err
}

// passOn returns when to look again; zero: never.
func (s *session) passOn(ctx context.Context, id core.ConversationID) (time.Duration, error) {
	c, err := s.repo.Lock(ctx, id)
	if err != nil {
		return 0, ignoring(err)
	}
	p, err := s.repo.Place(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("place at the desk: %w", err)
	}
	h, err := s.repo.Handling(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("what was done in the conversation: %w", err)
	}
	each := s.strategy(p.Team).Untouched
	if each <= 0 || c.State == core.ConversationClosed || c.Agent == "" || p.Assigned.IsZero() || c.Waiting.IsZero() || !h.Touched.Before(p.Assigned) {
		return 0, nil
	}
	if left := p.Assigned.Add(each).Sub(s.now); left > 0 {
		return left, nil
	}
	p.Wants.Passed = append(p.Wants.Passed, c.Agent)
	others := s.free(p.Team, p.Wants)
	if len(others) == 0 {
		return each, nil
	}
	p.Queued = s.now // as if it had just come: nobody's pick-up is measured
	to, ok := s.pick(p, true)
	if !ok || slices.Contains(p.Wants.Passed, to.ID) {
		return each, nil
	}
	return each, s.give(ctx, &c, p, to, automation)
}

// ignoring takes that something is gone for no error.
func ignoring(err error) error {
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	return err
}
