package assign_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/core"
	"causeway/core/assign"
)

// counting is a store that counts transactions, and lets the first of them begin when it is told to.
type counting struct {
	*gormstore.Store
	begin chan struct{}
	n     atomic.Int64
}

func (s *counting) Tx(ctx context.Context, f func(core.Tx) error) error {
	if s.n.Add(1) == 1 && s.begin != nil {
		<-s.begin
	}
	return s.Store.Tx(ctx, f)
}

// Those who ask while somebody else has the desk are served together. What is wrong with one of them is told to that one only.
func TestTogether(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.hire("ann", "bob", "cy")
		o.team("sales", core.Strategy{Pick: core.PickRoundRobin}, "ann", "bob", "cy")
		store := &counting{Store: o.store, begin: make(chan struct{})}
		node := o.node(store)
		closed := o.arrive()
		o.close(closed)
		ids := []core.ConversationID{closed, "none"}
		for range 40 {
			ids = append(ids, o.arrive())
		}
		ids = append(ids, ids[5], ids[5]) // asked for three times
		got := make([]core.Conversation, len(ids))
		failed := make([]error, len(ids))
		var all sync.WaitGroup
		ask := func(i int) {
			got[i], failed[i] = node.Assign(t.Context(), o.ws, core.Assignment{Conversation: ids[i], Team: "sales", By: lena})
		}
		all.Go(func() { ask(2) })
		o.eventually("the first has the desk", func() bool { return store.n.Load() == 1 })
		for i := range ids {
			if i != 2 {
				all.Go(func() { ask(i) })
			}
		}
		o.eventually("all others wait", func() bool { return assign.Waiting(node, o.ws) == len(ids)-1 })
		close(store.begin)
		all.Wait()
		if n := store.n.Load(); n > 5 {
			t.Errorf("%d transactions for what is done together", n)
		}
		var p *core.Problem
		if !errors.As(failed[0], &p) || p.Code != core.CodeClosed || !errors.Is(failed[1], core.ErrNotFound) {
			t.Errorf("of a closed one: %v; of one that is not there: %v", failed[0], failed[1])
		}
		for i, id := range ids[2:] {
			if c := o.conv(id); failed[i+2] != nil || c.Agent == "" || got[i+2].Agent != c.Agent {
				t.Errorf("%d: %v, assigned to %q, told %q", i, failed[i+2], c.Agent, got[i+2].Agent)
			}
		}
		n := o.held()
		if n["ann"]+n["bob"]+n["cy"] != 40 || max(n["ann"], n["bob"], n["cy"])-min(n["ann"], n["bob"], n["cy"]) > 1 {
			t.Errorf("shared out as %v", n)
		}
		history, err := o.repo.ConversationEvents(t.Context(), ids[5])
		o.must(err)
		if n := len(slices.DeleteFunc(history, func(e core.ConversationEvent) bool { return e.Kind != core.ConversationEventAssigned })); n != 1 {
			t.Errorf("it was assigned %d times", n)
		}
	})
}

// A queue is handed out many at a time, the oldest first, each to whose turn it is, up to the caps.
func TestHandOutMany(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.hire("ann", "bob")
		o.team("sales", core.Strategy{Pick: core.PickFewest, Most: 10}, "ann", "bob")
		for _, who := range []core.AgentID{"ann", "bob"} {
			o.is(who, core.PresenceOffline)
		}
		var ids []core.ConversationID
		for range 25 {
			ids = append(ids, o.arrive())
			o.toTeam(ids[len(ids)-1])
		}
		o.settle()
		closed := o.convAs(ids[3], core.ConversationClosed)
		o.must(o.repo.SetConversation(t.Context(), closed)) // of which the desk did not hear
		for _, who := range []core.AgentID{"ann", "bob"} {
			_, err := o.Say(t.Context(), o.ws, who, core.PresenceOnline, time.Time{})
			o.must(err)
		}
		store := &counting{Store: o.store}
		node := o.node(store)
		o.must(o.queue.Run(t.Context(), core.AssignJob(o.ws, "sales"), ignoringLater(node.HandOut)))
		if n := store.n.Load(); n > 3 {
			t.Errorf("handed out in %d transactions", n)
		}
		equal(o.world, "who waits", fmt.Sprint(o.waiting("sales")), fmt.Sprint(ids[21:]))
		n := o.held()
		equal(o.world, "shared out", [2]int{n["ann"], n["bob"]}, [2]int{10, 10})
		var before core.AgentID
		for i, id := range slices.Delete(slices.Clone(ids[:21]), 3, 4) {
			who := o.conv(id).Agent
			if who == "" || who == before {
				t.Errorf("number %d went to %q after %q", i, who, before)
			}
			before = who
			events, err := o.repo.ConversationEvents(t.Context(), id)
			o.must(err)
			if last := events[len(events)-1]; last.Kind != core.ConversationEventAssigned || last.Data["agent"] != string(who) || last.Text == "" {
				t.Errorf("history of %d: %+v", i, last)
			}
		}
	})
}

func (o *office) convAs(id core.ConversationID, s core.ConversationState) core.Conversation {
	c := o.conv(id)
	c.State, c.Closed = s, o.clock
	return c
}

// ignoringLater is a worker whose wish to be called again is no error.
func ignoringLater(work core.Worker) core.Worker {
	return func(ctx context.Context, w core.Work) error {
		err := work(ctx, w)
		if later := (core.Later{}); errors.As(err, &later) {
			return nil
		}
		return err
	}
}

// A contact with a long way to the front hears of half of it, not of every step.
func TestToldOfHalfTheWay(t *testing.T) {
	liteOffice(t, func(o *office) {
		o.hire("ann")
		o.team("sales", core.Strategy{Pick: core.PickFewest, Most: 1}, "ann")
		o.settings(core.DeskSettings{Team: "sales", Tell: core.DeskMessages{Surge: true, Every: time.Minute}})
		var ids []core.ConversationID
		for range 9 {
			ids = append(ids, o.arrive())
			o.happens(core.Happening{Conversation: ids[len(ids)-1], Kind: core.HappenedOpened, By: core.Author{Kind: core.AuthorContact}})
		}
		last := []int{8}
		for _, id := range ids[1:8] {
			o.close(id)
			o.pass(time.Hour)
			p, err := o.repo.Place(t.Context(), ids[8])
			o.must(err)
			last = append(last, p.Wants.Position)
		}
		equal(o.world, "what the last heard", fmt.Sprint(slices.Compact(last)), "[8 4 2 1]")
		equal(o.world, "number 7", strings.Count(o.told(), "number 7 "), 1)
	})
}

// eventually waits until something is so.
func (w *world) eventually(what string, so func() bool) {
	w.Helper()
	look, end := time.NewTicker(time.Millisecond), time.After(time.Minute)
	defer look.Stop()
	for !so() {
		select {
		case <-look.C:
		case <-end:
			w.Fatal("waited in vain until " + what)
		}
	}
}

// failing is a store whose second transaction fails.
type failing struct {
	counting
	then func() // before it does
}

func (s *failing) Tx(ctx context.Context, f func(core.Tx) error) error {
	if s.n.Load() == 1 {
		s.n.Add(1)
		s.then()
		return errors.New("not together")
	}
	return s.counting.Tx(ctx, f)
}

// Who has the desk for others may be gone by the time that each of them is served alone: that is not theirs to suffer.
func TestTogetherThenAlone(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.hire("ann")
		o.team("sales", core.Strategy{Pick: core.PickRoundRobin}, "ann")
		leading, leave := context.WithCancel(t.Context())
		store := &failing{counting{Store: o.store, begin: make(chan struct{})}, leave}
		node := o.node(store)
		var failed [3]error
		var all sync.WaitGroup
		for i, ctx := range []context.Context{t.Context(), leading, t.Context()} {
			id := o.arrive()
			all.Go(func() {
				_, failed[i] = node.Assign(ctx, o.ws, core.Assignment{Conversation: id, Team: "sales", By: lena})
			})
			o.eventually("they are in line", func() bool { return store.n.Load() == 1 && assign.Waiting(node, o.ws) == i })
		}
		close(store.begin)
		all.Wait()
		if failed[0] != nil || !errors.Is(failed[1], context.Canceled) || failed[2] != nil {
			t.Errorf("got %v", failed)
		}
	})
}
