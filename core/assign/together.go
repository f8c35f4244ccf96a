package assign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

// mostErrands is how many conversations are dealt with in one session of the desk.
const mostErrands = 32

// forAll bounds what is done for others, too.
const forAll = 30 * time.Second

// errand is an assignment that waits for the desk, and what came of it.
type errand struct {
	core.Assignment
	ctx  context.Context //nolint:containedctx // of who waits for it
	got  core.Conversation
	err  error
	turn chan bool // true: it is their turn to take the desk, for all who wait; false: somebody did it for them
}

// errUntold is what came of an errand that was interrupted.
var errUntold = errors.New("the desk was interrupted")

// line is who of this process waits for a workspace's desk, while one of them has it.
type line struct{ waiting []*errand }

// together does an errand with those of others who wait for the same desk: whoever comes to it does what there is, for all.
func (b *Balancer) together(ctx context.Context, ws core.WorkspaceID, e *errand) {
	if b.joins(ws, e) && !<-e.turn {
		return
	}
	batch := b.batch(ws)
	defer b.leave(ws, batch)
	if len(batch) > 1 {
		all, cancel := context.WithTimeout(context.WithoutCancel(ctx), forAll) // that we are not asked any more must not fail the others
		defer cancel()
		if b.do(all, ws, batch) == nil {
			return
		}
	}
	for _, one := range batch { // one that cannot be done, or whose own is not asked any more, is not to fail others
		if err := b.do(one.ctx, ws, []*errand{one}); err != nil { //nolint:contextcheck // each has its own
			one.err = err
		}
	}
}

// joins puts an errand into the line, and reports whether somebody is before it.
func (b *Balancer) joins(ws core.WorkspaceID, e *errand) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.lines[ws]; l != nil {
		l.waiting = append(l.waiting, e)
		return true
	}
	if b.lines == nil {
		b.lines = map[core.WorkspaceID]*line{}
	}
	b.lines[ws] = &line{waiting: []*errand{e}}
	return false
}

// batch takes errands out of the line: the first ones, each for another conversation.
func (b *Balancer) batch(ws core.WorkspaceID) (batch []*errand) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var rest []*errand
	for _, e := range b.lines[ws].waiting {
		twice := slices.ContainsFunc(batch, func(x *errand) bool { return x.Conversation == e.Conversation })
		if twice || len(batch) == mostErrands {
			rest = append(rest, e)
		} else {
			batch = append(batch, e)
		}
	}
	b.lines[ws].waiting = rest
	return batch
}

// leave tells those whose errands are done, of which the first is one's own, and lets the next take the desk.
func (b *Balancer) leave(ws core.WorkspaceID, batch []*errand) {
	for _, e := range batch[1:] {
		e.turn <- false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if waiting := b.lines[ws].waiting; len(waiting) > 0 {
		waiting[0].turn <- true
	} else {
		delete(b.lines, ws)
	}
}

// do does errands in one transaction. An error is that of none of them.
func (b *Balancer) do(ctx context.Context, ws core.WorkspaceID, batch []*errand) error {
	ids := make([]core.ConversationID, len(batch))
	for i, e := range batch {
		ids[i] = e.Conversation
	}
	return b.atDesk(ctx, ws, func(s *session) error {
		conversations, places, err := s.repo.LockPlaces(ctx, ids...)
		if err != nil {
			return fmt.Errorf("lock conversations: %w", err)
		}
		for _, e := range batch {
			c, known := conversations[e.Conversation]
			e.err = core.ErrNotFound
			if known {
				e.err = s.take(ctx, &c, places[c.ID], e.Assignment)
			}
			var p *core.Problem
			if e.got = c; e.err != nil && !errors.Is(e.err, core.ErrNotFound) && !errors.As(e.err, &p) {
				return e.err
			}
		}
		return nil
	})
}
