package inbound_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/inbound"
)

// gate is a store whose transactions wait to be let in, and are counted.
type gate struct {
	core.Store
	entered chan struct{} // one for each transaction that waits
	open    chan struct{} // one for each that may go on; closed: all may
	txs     atomic.Int64
}

func newGate(s core.Store) *gate {
	return &gate{Store: s, entered: make(chan struct{}, 10_000), open: make(chan struct{})}
}

func (g *gate) Tx(ctx context.Context, f func(core.Tx) error) error {
	g.txs.Add(1)
	g.entered <- struct{}{}
	select {
	case <-g.open:
	case <-ctx.Done():
		return ctx.Err()
	}
	return g.Store.Tx(ctx, f)
}

// gated gives the world's Acceptor a gate.
func (w *world) gated() *gate {
	g := newGate(w.store)
	w.in = inbound.New(g, func() time.Time { return w.clock }, slog.New(slog.DiscardHandler))
	return g
}

// sending is calls of Accept under way, in order of their start.
type sending struct {
	w        *world
	all      sync.WaitGroup
	mu       sync.Mutex
	outcomes map[string]error
}

func (w *world) sending() *sending { return &sending{w: w, outcomes: map[string]error{}} }

// start calls Accept.
func (s *sending) start(ctx context.Context, name string, events ...core.Event) {
	s.all.Go(func() {
		err := s.w.in.Accept(ctx, s.w.ch, events)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.outcomes[name] = err
	})
}

func (s *sending) outcome(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err, done := s.outcomes[name]
	if !done {
		s.w.Fatalf("%s is not over", name)
	}
	return err
}

// inLine waits until n calls wait behind the leader.
func (s *sending) inLine(n int) {
	s.w.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for s.w.in.Waiting() != n {
		if time.Now().After(deadline) {
			s.w.Fatalf("%d wait in line, want %d", s.w.in.Waiting(), n)
		}
		<-time.After(time.Millisecond)
	}
}

func TestThoseWhoWaitShareACommit(t *testing.T) {
	each(t, func(w *world) {
		g, s := w.gated(), w.sending()
		s.start(w.Context(), "first", w.said(id(0), "0"))
		<-g.entered
		for i := 1; i <= 20; i++ {
			s.start(w.Context(), fmt.Sprint(i), w.said(id(i), fmt.Sprint(i), phone(fmt.Sprint(491700+i%3))))
			s.inLine(i)
		}
		close(g.open)
		s.all.Wait()
		for name, err := range s.outcomes {
			equal(w, name, err, nil)
		}
		equal(w, "transactions", g.txs.Load(), 2)
		equal(w, "contacts", len(w.contacts()), 4)
		for _, c := range w.conversations() {
			var before int
			for n, m := range w.messages(c.ID) {
				equal(w, "sequence", m.Seq, int64(n+1))
				var now int
				_, err := fmt.Sscan(m.Content.Text, &now)
				w.must(err)
				if now < before {
					w.Errorf("%d came before %d", before, now)
				}
				before = now
			}
		}
	})
}

func TestABadNeighbourFailsAlone(t *testing.T) {
	each(t, func(w *world) {
		g, s := w.gated(), w.sending()
		s.start(w.Context(), "first", w.said("first", "0"))
		<-g.entered
		nobody := w.said("nobody", "from nobody")
		nobody.Peer.Identities = nil
		for i := range 9 {
			e := w.said(id(i), fmt.Sprint(i), phone(fmt.Sprint(491700+i)))
			if i == 5 {
				e = nobody
			}
			s.start(w.Context(), fmt.Sprint(i), e)
			s.inLine(i + 1)
		}
		close(g.open)
		s.all.Wait()
		for name, err := range s.outcomes {
			equal(w, name, err, nil) // the bad one is kept
		}
		equal(w, "dead letters", len(w.dead()), 1)
		equal(w, "contacts", len(w.contacts()), 9)
	})
}

func TestEachLearnsItsOwnOutcome(t *testing.T) {
	lite(t, func(w *world) {
		g, s := w.gated(), w.sending()
		s.start(w.Context(), "first", w.said("first", "0"))
		<-g.entered
		gone := w.ch
		gone.ID = "gone" // deleted meanwhile, say: neither its event nor a dead letter can be stored
		s.all.Go(func() {
			err := w.in.Accept(w.Context(), gone, []core.Event{w.said("x", "x")})
			s.mu.Lock()
			defer s.mu.Unlock()
			s.outcomes["gone"] = err
		})
		s.inLine(1)
		s.start(w.Context(), "good", w.said("good", "1"))
		s.inLine(2)
		close(g.open)
		s.all.Wait()
		equal(w, "first", s.outcome("first"), nil)
		equal(w, "good", s.outcome("good"), nil)
		if s.outcome("gone") == nil {
			w.Error("events of a channel that is not there were stored")
		}
	})
}

func TestAFullLineTurnsAway(t *testing.T) {
	lite(t, func(w *world) {
		g, s := w.gated(), w.sending()
		s.start(w.Context(), "first", w.said("first", "0"))
		<-g.entered
		many := make([]core.Event, 256)
		for i := range many {
			many[i] = w.said(fmt.Sprint("m", i), "same person")
		}
		ctx, cancel := context.WithCancel(w.Context())
		for i := range 32 { // as many as may wait
			s.start(ctx, fmt.Sprint(i), many...)
			s.inLine(i + 1)
		}
		if err := w.in.Accept(w.Context(), w.ch, []core.Event{w.said("late", "late")}); !errors.Is(err, core.ErrUnavailable) {
			w.Errorf("got %v, want unavailable", err)
		}
		cancel()
		s.inLine(0)
		close(g.open)
		s.all.Wait()
		equal(w, "the first", s.outcome("first"), nil)
		equal(w, "who gave up", errors.Is(s.outcome("7"), context.Canceled), true)
		w.accept(w.said("after", "after"))
		equal(w, "stored", w.texts(w.only().ID), "0|after")
	})
}

func TestWhoGivesUpHoldsUpNobody(t *testing.T) {
	each(t, func(w *world) {
		g, s := w.gated(), w.sending()
		leading, stopLeading := context.WithCancel(w.Context())
		s.start(leading, "leader", w.said("leader", "0"))
		<-g.entered
		waiting, stopWaiting := context.WithCancel(w.Context())
		s.start(waiting, "waits", w.said("waits", "1"))
		s.inLine(1)
		s.start(w.Context(), "stays", w.said("stays", "2"))
		s.inLine(2)
		stopWaiting()
		s.inLine(1)
		stopLeading() // alone in its transaction: that is over, and the lead goes on
		<-g.entered
		close(g.open)
		s.all.Wait()
		equal(w, "leader", errors.Is(s.outcome("leader"), context.Canceled), true)
		equal(w, "waits", errors.Is(s.outcome("waits"), context.Canceled), true)
		equal(w, "stays", s.outcome("stays"), nil)
		equal(w, "stored", w.texts(w.only().ID), "2")
	})
}

func TestALeaderWhoGivesUpTakesNobodyAlong(t *testing.T) {
	each(t, func(w *world) {
		g, s := w.gated(), w.sending()
		s.start(w.Context(), "first", w.said("first", "0"))
		<-g.entered
		ctx, cancel := context.WithCancel(w.Context())
		s.start(ctx, "leader", w.said("leader", "1"))
		s.inLine(1)
		s.start(w.Context(), "other", w.said("other", "2"))
		s.inLine(2)
		g.open <- struct{}{}
		<-g.entered // the second transaction, led by the one that now gives up
		cancel()
		close(g.open)
		s.all.Wait()
		equal(w, "other", s.outcome("other"), nil)
		equal(w, "stored", w.texts(w.only().ID), "0|1|2")
	})
}

// TestTwoNodes has two Acceptors, as of two processes, take events of the same new people at once.
func TestTwoNodes(t *testing.T) {
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, q *freshstore.Queue) {
		w := newWorld(t, s, q)
		nodes := []*inbound.Acceptor{w.in, inbound.New(s, func() time.Time { return w.clock }, slog.New(slog.DiscardHandler))}
		var all sync.WaitGroup
		for i := range 240 {
			e := w.said(id(i), fmt.Sprint(i), phone(fmt.Sprint(491700+i%20)), bsuid(fmt.Sprint("b", i%20)))
			for _, n := range nodes { // each event to both
				all.Go(func() {
					if err := n.Accept(t.Context(), w.ch, []core.Event{e}); err != nil {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		equal(w, "contacts", len(w.contacts()), 20)
		messages := 0
		for _, c := range w.conversations() {
			for n, m := range w.messages(c.ID) {
				messages++
				equal(w, "sequence", m.Seq, int64(n+1))
			}
		}
		equal(w, "messages", messages, 240)
		equal(w, "conversations", len(w.conversations()), 20)
		equal(w, "dead letters", len(w.dead()), 0)
	})
}

// TestTogetherAsOneByOne stores the same events in one transaction and one by one: it makes no difference.
func TestTogetherAsOneByOne(t *testing.T) {
	each(t, func(w *world) {
		events := w.mixture()
		other := *w
		var err error
		other.ws, err = w.store.EnsureWorkspace(w.Context(), "other")
		w.must(err)
		other.repo = w.store.In(other.ws)
		other.ch = other.channel("shop", "200")
		for _, one := range []*world{w, &other} {
			one.accept(one.said("start", "start"))
			one.sent(one.only(), "ours", "sent.1", core.StatusSent)
			one.sent(one.only(), "ours too", "sent.2", core.StatusSent)
		}
		g := w.gated()
		close(g.open)
		w.accept(events...)
		equal(w, "transactions", g.txs.Load(), 1)
		for _, e := range events {
			other.accept(e)
		}
		equal(w, "what is stored", w.picture(), other.picture())
	})
}

// mixture is events of all kinds, dependent on each other, some twice, some before what they are about.
func (w *world) mixture() []core.Event {
	var all []core.Event
	for i := range 12 {
		n := fmt.Sprint(491700 + i%4)
		e := w.said(id(i), fmt.Sprint("text ", i), phone(n), bsuid("b"+n))
		switch {
		case i%5 == 1:
			e.Message.Content.Media = &core.Media{Provider: fmt.Sprint("media", i)}
		case i%5 == 2:
			e.Message.Content.Quote = &core.Quote{Provider: id(i - 1)}
		case i%5 == 3:
			e.Origin = core.OriginDevice
		case i == 9:
			e.Historic = true
		}
		e.At = w.clock.Add(time.Duration(i-3) * time.Second)
		all = append(all, w.reaction(fmt.Sprint("r", i), id(i), "👍"), e, e, w.reaction(fmt.Sprint("r2", i), id(i), "❤"))
	}
	read := w.receipt("sent.1", core.StatusRead)
	failed := w.receipt("sent.2", core.StatusFailed)
	failed.Receipt.Error = &core.SendError{Code: "131026", Outcome: core.Rejected, Reason: "no such number"}
	learned := w.receipt("sent.1", core.StatusDelivered)
	learned.Receipt.Learned = []core.IdentityKey{bsuid("learned")}
	foreigner := w.said("foreign", "for another account")
	foreigner.Account = "999"
	fault := w.said("", "without an id")
	joined := w.said("joined", "the same person", phone("491700"), phone("491701"))
	return append(all, w.edit("e1", id(0), "edited"), w.revoke("d1", id(1)), read, learned, failed, w.receipt("unknown", core.StatusRead), foreigner, fault, joined,
		w.said("last", "last", phone("491701")))
}

// picture is all that is stored, without ids.
func (w *world) picture() string {
	var b strings.Builder
	names := map[core.ContactID]string{}
	var people []string
	for _, c := range w.contacts() {
		ids, err := w.repo.IdentitiesOf(w.Context(), c.ID)
		w.must(err)
		var keys []string
		for _, i := range ids {
			keys = append(keys, string(i.Key.Scheme)+":"+i.Key.Value)
		}
		slices.Sort(keys)
		names[c.ID] = strings.Join(keys, ",")
		people = append(people, c.Name+" "+names[c.ID])
	}
	slices.Sort(people)
	fmt.Fprintln(&b, strings.Join(people, "\n"))
	convs := w.conversations()
	slices.SortFunc(convs, func(a, b core.Conversation) int { return int(a.Number - b.Number) })
	for _, c := range convs {
		window, err := w.repo.Window(w.Context(), w.ch.ID, c.Contact)
		w.must(err)
		fmt.Fprintln(&b, "#", c.Number, c.State, names[c.Contact], c.Seq, c.LastAt, c.Waiting, window.Last, w.history(c.ID))
		for _, m := range w.messages(c.ID) {
			fmt.Fprintln(&b, m.Seq, m.Direction, m.Author.Kind, m.Content.Kind, m.Content.Text, m.Status, m.Error, m.At, m.Historic, !m.Edited.IsZero(), !m.Revoked.IsZero(), len(m.Reactions))
			if q := m.Content.Quote; q != nil {
				fmt.Fprintln(&b, "quotes", q.Provider, q.Message != "")
			}
			for _, p := range m.Parts {
				fmt.Fprintln(&b, "part", p.Provider, p.Status, p.Error, p.Content.Text, p.Sent)
			}
			if m.Content.Media != nil {
				f, err := w.repo.File(w.Context(), m.Content.Media.ID)
				w.must(err)
				fmt.Fprintln(&b, "file", f.Media.Provider, f.State, f.Message == m.ID)
			}
		}
	}
	for _, d := range w.dead() {
		fmt.Fprintln(&b, "dead", strings.ReplaceAll(d.Reason, w.ch.Account, "ours"))
	}
	return b.String()
}
