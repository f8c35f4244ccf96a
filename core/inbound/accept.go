package inbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"causeway/core"
)

const (
	// parkFor is how long an event waits for the message it is about. Providers do not keep order, but are not minutes apart.
	parkFor = 15 * time.Minute
	// historyFor is how long it waits where a history may bring that message: its pieces come over hours, in any order.
	historyFor = 3 * 24 * time.Hour
)

// Acceptor applies events. New makes it.
type Acceptor struct {
	store core.Store
	now   core.Clock
	log   *slog.Logger
	// Stored is told how many events were stored in one go, and how long that took; nil: nobody is. It is set before the first Accept.
	Stored func(events int, took time.Duration)
	// Mark is the keyed hash by which is known what was erased; nil: nothing was. It is set before the first Accept.
	Mark func(text string) string

	line    line
	numbers numbers
	mu      sync.Mutex                   // guards seen
	seen    map[core.ChannelID]time.Time // when it was last noted that a channel is alive
}

// New makes an Acceptor.
func New(store core.Store, now core.Clock, log *slog.Logger) *Acceptor {
	return &Acceptor{store: store, now: now, log: log, seen: map[core.ChannelID]time.Time{}}
}

// Accept stores events of one channel and returns after the commit, which callers at the same time share. Events for another account than the
// channel's go to the dead letters: whoever calls Accept has found out which channel may take which event. If ctx ends first, the events may be
// stored all the same; very many are stored in several commits, so that after an error some of them may be.
func (a *Acceptor) Accept(ctx context.Context, ch core.Channel, events []core.Event) error {
	return a.AcceptUnder(ctx, core.Lease{}, ch, events)
}

// AcceptUnder is Accept for a session, which may store only while its lease is held, until the commit. ErrLeaseLost: it is not.
func (a *Acceptor) AcceptUnder(ctx context.Context, lease core.Lease, ch core.Channel, events []core.Event) error {
	ch = a.numbers.now(ch)
	for some := range slices.Chunk(probed(ch, events), mostTogether) {
		r := &request{ctx: ctx, ch: ch, under: lease, events: some, told: make(chan word, 1)}
		if err := a.queue(r); err != nil { //nolint:contextcheck // who leads stores for others too: it works until nobody waits any more
			return err
		}
		if r.erased {
			core.Conceal(ctx)
		}
	}
	return nil
}

// queue lines up and returns what became of the request.
func (a *Acceptor) queue(r *request) error {
	lead, err := a.line.join(r)
	if err != nil {
		return err
	}
	if !lead {
		w, err := a.line.wait(r)
		switch {
		case err != nil:
			return err
		case !w.lead:
			return w.outcome
		}
	}
	return a.lead(r) //nolint:contextcheck // the context is the request's
}

// lead stores what waits, tells the others what became of theirs, and returns what became of the leader's own.
func (a *Acceptor) lead(r *request) error {
	defer a.line.handOn()
	all := a.line.take(r)
	outcomes := make([]error, len(all))
	for i := range outcomes {
		outcomes[i] = errUntold
	}
	defer func() { // even if this panics, nobody waits for ever
		for i, other := range all[1:] {
			other.told <- word{outcome: outcomes[i+1]}
		}
	}()
	ctx, cancel := whileAnyone(all)
	defer cancel()
	began := time.Now()
	a.settle(ctx, all, outcomes)
	if a.Stored != nil {
		n := 0
		for _, r := range all {
			n += len(r.events)
		}
		a.Stored(n, time.Since(began))
	}
	return outcomes[0]
}

// errUntold is the outcome of requests whose leader could not finish.
var errUntold = fmt.Errorf("storing events was interrupted: %w", core.ErrUnavailable)

// settle stores requests together or, where one spoils that, halves of them, down to each alone.
func (a *Acceptor) settle(ctx context.Context, all []*request, outcomes []error) {
	err := a.commit(ctx, all)
	switch {
	case err == nil:
		for i, r := range all {
			outcomes[i] = r.refused
		}
	case unstorable(ctx, err):
		for i := range all {
			outcomes[i] = err
		}
	case len(all) == 1:
		outcomes[0] = a.singly(all[0], err)
	default:
		half := len(all) / 2
		a.settle(ctx, all[:half], outcomes[:half])
		a.settle(ctx, all[half:], outcomes[half:])
	}
}

// commit applies requests in one transaction. Where another one was quicker, it is looked at again.
func (a *Acceptor) commit(ctx context.Context, all []*request) (err error) {
	for range lookAgain {
		if err = a.once(ctx, all); !errors.Is(err, core.ErrOutrun) {
			return err
		}
	}
	return err
}

// once applies requests in one transaction, and remembers then what they taught.
func (a *Acceptor) once(ctx context.Context, all []*request) error {
	seen := map[core.ChannelID]time.Time{}
	err := a.store.Tx(ctx, func(tx core.Tx) error {
		clear(seen)
		return a.applyTogether(ctx, tx, all, seen)
	})
	if err != nil {
		return err
	}
	a.noted(seen)
	for _, r := range all {
		a.reread(ctx, r)
	}
	return nil
}

// applyTogether applies the events of requests as one unit of work. Seen gets the channels that are noted to be alive.
func (a *Acceptor) applyTogether(ctx context.Context, tx core.Tx, all []*request, seen map[core.ChannelID]time.Time) error {
	admitted, err := admit(ctx, tx, all)
	if err != nil || len(admitted) == 0 {
		return err
	}
	w, err := begin(ctx, tx, admitted, a.marks)
	if err != nil {
		return err
	}
	jobs := &errands{}
	for _, r := range admitted {
		b := &batch{tx: tx, try: w.try, repo: w.unit(r.ch.Workspace), ch: r.ch, now: a.now(), errands: jobs, mark: a.Mark, marks: a.marks}
		if err := b.applyAll(ctx, r.events); err != nil {
			return err
		}
		r.erased = r.erased || b.met
		if seen[r.ch.ID].IsZero() && heard(r.events) && a.due(r.ch, b.now) {
			seen[r.ch.ID] = b.now
			if err := b.noteSeen(ctx); err != nil {
				return err
			}
		}
	}
	w.finish()
	return jobs.enqueue(ctx, tx)
}

// admit returns the requests that may be stored. The others come from sessions that another node has taken over: they are refused.
func admit(ctx context.Context, tx core.Tx, all []*request) ([]*request, error) {
	admitted := make([]*request, 0, len(all))
	for _, r := range all {
		r.refused = tx.Holds(ctx, r.under)
		switch {
		case r.refused == nil:
			admitted = append(admitted, r)
		case !errors.Is(r.refused, core.ErrLeaseLost):
			return nil, r.refused
		}
	}
	return admitted, nil
}

// heard reports whether something came in, rather than that we asked.
func heard(all []core.Event) bool {
	return slices.ContainsFunc(all, func(e core.Event) bool { return e.Kind != core.EventAccount || e.Origin != core.OriginGateway })
}

// due reports whether it is to be noted that a channel is alive. What the channel itself says of that may be some seconds old.
func (a *Acceptor) due(ch core.Channel, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return now.Sub(ch.SeenIn).Abs() >= seenEach && now.Sub(a.seen[ch.ID]).Abs() >= seenEach
}

func (a *Acceptor) noted(seen map[core.ChannelID]time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.Copy(a.seen, seen)
}

// singly applies the events of a request one by one, because of why they could not be applied together.
func (a *Acceptor) singly(r *request, why error) error {
	a.log.WarnContext(r.ctx, "events not applied together, trying each alone", "channel", r.ch.ID, "events", len(r.events), "err", why)
	for _, e := range r.events {
		if err := a.alone(r.ctx, r, e); err != nil {
			return err
		}
	}
	return nil
}

// alone applies one event of a request, or keeps it as a dead letter.
func (a *Acceptor) alone(ctx context.Context, r *request, e core.Event) error {
	err := a.store.Tx(ctx, func(tx core.Tx) error {
		if err := tx.Holds(ctx, r.under); err != nil {
			return err
		}
		b := a.batch(tx, r.ch)
		if err := b.applyAll(ctx, []core.Event{e}); err != nil {
			return err
		}
		r.erased = r.erased || b.met
		return b.enqueue(ctx, tx)
	})
	if err == nil {
		a.reread(ctx, r)
	}
	if err == nil || unstorable(ctx, err) {
		return err
	}
	a.log.ErrorContext(ctx, "event kept as a dead letter", "channel", r.ch.ID, "kind", e.Kind, "event", e.ID, "err", err)
	return a.store.Tx(ctx, func(tx core.Tx) error {
		if err := tx.Holds(ctx, r.under); err != nil {
			return err
		}
		return a.batch(tx, r.ch).buryOnce(ctx, e, e.ID, err.Error())
	})
}

// unstorable reports whether trying the events one by one cannot help either.
func unstorable(ctx context.Context, err error) bool {
	return errors.Is(err, core.ErrUnavailable) || errors.Is(err, core.ErrLeaseLost) || ctx.Err() != nil
}

// Arrived applies, in the caller's transaction, the events that waited for a message of the channel whose provider id became known just now.
func (a *Acceptor) Arrived(ctx context.Context, tx core.Tx, ch core.Channel, provider string) error {
	b := a.batch(tx, ch)
	if b.shared() {
		p, err := b.repo.PartByProvider(ctx, ch.ID, provider)
		if err == nil {
			err = b.sentBy(ctx, p)
		}
		if err != nil {
			return fmt.Errorf("part that was sent: %w", err)
		}
	}
	if err := b.unpark(ctx, provider); err != nil {
		return err
	}
	return b.enqueue(ctx, tx)
}
