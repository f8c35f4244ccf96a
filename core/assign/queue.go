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
		err := b.atDesk(ctx, w.Workspace, func(s *session) (err error) {
			if more, wake, err = s.next(ctx, w.Queue()); err != nil || more || !wake.IsZero() {
				return err
			}
			return w.Finish(ctx, s.tx)
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

// next hands out the first of a queue; more: there may be others. Otherwise wake is when to look again; zero: when something happens.
func (s *session) next(ctx context.Context, team core.TeamID) (more bool, wake time.Time, err error) {
	if more, err = s.inherit(ctx, team); more || err != nil {
		return more, wake, err
	}
	var after *core.Place
	for {
		page, err := s.repo.Places(ctx, team, after, pageOfQueue)
		if err != nil {
			return false, wake, fmt.Errorf("who waits: %w", err)
		}
		if ready := s.ready(page); len(ready) > 0 {
			return true, wake, s.serve(ctx, team, ready)
		}
		for _, p := range page {
			if p.Wants.Agent != "" {
				wake = sooner(wake, s.now, p.Wants.Until)
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

// mostLooked is how many conversations of an agent who left are looked at in one go.
const mostLooked = 200

// inherit has a queue take over what agents have in it who no longer answer customers, some at a time.
func (s *session) inherit(ctx context.Context, team core.TeamID) (some bool, err error) {
	for _, id := range s.order {
		if !s.left(id) || s.agents[id].Duty.Open == 0 {
			continue
		}
		held, err := s.repo.Conversations(ctx, core.ConversationFilter{Agent: id, Team: team, State: core.ConversationOpen}, core.Page{Limit: mostLooked})
		if err != nil {
			return some, fmt.Errorf("what an agent who left has: %w", err)
		}
		held = slices.DeleteFunc(held, func(c core.Conversation) bool { return c.Team != team }) // without a team, the filter lets all through
		if len(held) > 0 {
			return true, s.takeOver(ctx, held[:min(len(held), mostErrands)])
		}
	}
	return false, nil
}

// takeOver assigns anew what agents have who left.
func (s *session) takeOver(ctx context.Context, held []core.Conversation) error {
	ids := make([]core.ConversationID, len(held))
	for i, c := range held {
		ids[i] = c.ID
	}
	conversations, places, err := s.repo.LockPlaces(ctx, ids...)
	if err != nil {
		return fmt.Errorf("lock conversations: %w", err)
	}
	for _, id := range ids {
		c := conversations[id] // as it is under the lock
		if c.State != core.ConversationOpen || !s.left(c.Agent) {
			continue
		}
		if err := s.take(ctx, &c, places[id], core.Assignment{Conversation: id, By: automation}); err != nil {
			return err
		}
	}
	return nil
}

// ready are the first of a queue for whom there is somebody, or who need not wait any more; no more than there is room for in all.
func (s *session) ready(page []core.Place) []core.ConversationID {
	var all []core.ConversationID
	if len(page) > 0 && !s.anyRoom(page[0].Team) { // then only those who wait for one agent may be served
		page = slices.DeleteFunc(slices.Clone(page), func(p core.Place) bool { return p.Wants.Agent == "" })
	}
	for _, p := range page {
		if len(all) == s.rooms(p.Team) {
			break
		}
		if _, ok := s.pick(p, true); ok || s.hopeless(p) {
			all = append(all, p.Conversation)
		}
	}
	return all
}

// hopeless reports whether a place waited for one agent who did not come, and no strategy picks another.
func (s *session) hopeless(p core.Place) bool {
	return p.Wants.Agent != "" && !s.now.Before(p.Wants.Until) && s.strategy(p.Team).Pick == core.PickNobody
}

// rooms is how many conversations all agents may be given, at least one, and no more than what is done in one go.
func (s *session) rooms(team core.TeamID) int {
	sum := 0
	for _, a := range s.agents {
		switch most := s.most(a, team); {
		case a.Disabled:
		case most <= 0:
			return mostErrands
		default:
			sum += max(most-a.Duty.Open, 0)
		}
	}
	return min(max(sum, 1), mostErrands)
}

// anyRoom reports whether it makes sense to look farther down a queue.
func (s *session) anyRoom(team core.TeamID) bool {
	return len(s.free(team, core.Wants{})) > 0
}

// serve gives what waited to agents, in its order, unless it waits no more.
func (s *session) serve(ctx context.Context, team core.TeamID, ready []core.ConversationID) error {
	conversations, places, err := s.repo.LockPlaces(ctx, ready...)
	if err != nil {
		return fmt.Errorf("lock conversations: %w", err)
	}
	for _, id := range ready {
		c, p := conversations[id], places[id] // as they are under the lock
		if p.Queued.IsZero() || p.Team != team {
			continue
		}
		to, ok := s.pick(p, true)
		switch {
		case c.State == core.ConversationClosed || c.Agent != "" || !ok && s.hopeless(p):
			s.leave(p)
		case ok:
			s.give(c, p, to, automation)
		}
	}
	return nil
}

// leave takes a conversation out of its queue.
func (s *session) leave(p core.Place) {
	p.Queued, p.Wants = time.Time{}, core.Wants{}
	s.places[p.Conversation] = p
}

// Untouched is the worker of core.JobTouch: what its agent left untouched goes to the next. Where there is nobody else it stays, and is looked at again.
func (b *Balancer) Untouched(ctx context.Context, w core.Work) error {
	var wait time.Duration
	err := b.atDesk(ctx, w.Workspace, func(s *session) (err error) {
		if wait, err = s.passOn(ctx, core.ConversationID(w.Key)); err != nil || wait > 0 {
			return err
		}
		return w.Finish(ctx, s.tx)
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
	s.give(c, p, to, automation)
	return each, nil
}

// ignoring takes that something is gone for no error.
func ignoring(err error) error {
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	return err
}
