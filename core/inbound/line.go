package inbound

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"causeway/core"
)

const (
	// mostTogether is how many events share a transaction at most.
	mostTogether = 256
	// mostWaiting is how many events may wait for their transaction; more are turned away.
	mostWaiting = 8192
)

// errFull turns callers away while more waits than can be stored soon.
var errFull = fmt.Errorf("too many events wait to be stored: %w", core.ErrUnavailable)

// request is one caller's events, at most as many as share a transaction.
type request struct {
	ctx    context.Context //nolint:containedctx // the caller's own, who waits for the outcome
	ch     core.Channel
	under  core.Lease // what a session must still hold; zero: nothing
	events []core.Event
	told   chan word // has room for the one word that is ever said

	refused error // ErrLeaseLost: it was left out of what was stored
	erased  bool  // one of its events is about a message that was erased
}

// word is what a caller who waits is told: the outcome, or to lead.
type word struct {
	lead    bool
	outcome error
}

// line is the callers who wait to share a transaction. The first to come leads: takes those behind it along into one transaction, tells each
// what became of its events, and hands the lead on to the next who waits. So there are no timers and no goroutine of its own: a batch is what
// came in while the one before was committed.
type line struct {
	mu      sync.Mutex
	led     bool
	waiting []*request
	events  int // of those who wait
}

// join lines up. True: there is nobody to wait for.
func (l *line) join(r *request) (lead bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.led {
		l.led = true
		return true, nil
	}
	if l.events+len(r.events) > mostWaiting {
		return false, errFull
	}
	l.waiting = append(l.waiting, r)
	l.events += len(r.events)
	return false, nil
}

// take returns the leader and those who go with it, in their order.
func (l *line) take(leader *request) []*request {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, events := 0, len(leader.events)
	for n < len(l.waiting) && events+len(l.waiting[n].events) <= mostTogether {
		events += len(l.waiting[n].events)
		n++
	}
	all := append([]*request{leader}, l.waiting[:n]...)
	l.waiting = slices.Delete(l.waiting, 0, n)
	l.events -= events - len(leader.events)
	return all
}

// handOn makes the next who waits lead.
func (l *line) handOn() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.led = false
		return
	}
	next := l.waiting[0]
	l.waiting = slices.Delete(l.waiting, 0, 1)
	l.events -= len(next.events)
	next.told <- word{lead: true}
}

// leave takes a caller out who waits no longer. One who was told to lead hands that on. One whose events are being stored is not told any more.
func (l *line) leave(r *request) {
	l.mu.Lock()
	i := slices.Index(l.waiting, r)
	if i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
		l.events -= len(r.events)
	}
	l.mu.Unlock()
	select {
	case w := <-r.told:
		if w.lead {
			l.handOn()
		}
	default:
	}
}

// wait returns what the caller is told, or its context's error.
func (l *line) wait(r *request) (word, error) {
	select {
	case w := <-r.told:
		return w, nil
	case <-r.ctx.Done():
		l.leave(r)
		return word{}, r.ctx.Err()
	}
}

// whileAnyone returns a context that ends when the contexts of all have: what they share goes on as long as one of them wants it.
func whileAnyone(all []*request) (context.Context, context.CancelFunc) {
	if len(all) == 1 {
		return context.WithCancel(all[0].ctx)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(all[0].ctx))
	var mu sync.Mutex
	left := len(all)
	stops := make([]func() bool, 0, len(all))
	for _, r := range all {
		stops = append(stops, context.AfterFunc(r.ctx, func() {
			mu.Lock()
			defer mu.Unlock()
			if left--; left == 0 {
				cancel()
			}
		}))
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}
