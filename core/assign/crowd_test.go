package assign_test

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/core"
	"causeway/core/assign"
)

// wary is a store that looks before every commit whether somebody has more than their cap, and loses some of its transactions.
type wary struct {
	*gormstore.Store
	ws     core.WorkspaceID
	most   int
	loses  float64
	passed atomic.Int64
	over   atomic.Int64
}

var errLost = errors.New("the connection is gone")

func (s *wary) Tx(ctx context.Context, f func(core.Tx) error) error {
	return s.Store.Tx(ctx, func(tx core.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		all, err := tx.In(s.ws).Duties(ctx)
		for _, d := range all {
			if d.Open > s.most {
				s.over.Add(1)
			}
		}
		s.passed.Add(1)
		if err == nil && rand.Float64() < s.loses { //nolint:gosec // a test
			return errLost
		}
		return err
	})
}

// insist tries until it is done.
func insist(t *testing.T, f func() error) {
	t.Helper()
	for {
		err := f()
		if err == nil {
			return
		}
		if !errors.Is(err, errLost) {
			t.Error(err)
			return
		}
	}
}

// Two nodes assign, close and change who is there at the same time, and lose a part of what they do: nobody ever has more than the cap, and in the end
// everybody was served.
func TestCrowd(t *testing.T) {
	eachOffice(t, func(o *office) {
		const conversations, agents, most = 60, 4, 3
		var names []core.AgentID
		for i := range agents {
			names = append(names, core.AgentID("agent"+strconv.Itoa(i)))
			o.hire(string(names[i]))
		}
		o.team("sales", core.Strategy{Pick: core.PickFewest, Most: most}, names...)
		store := &wary{Store: o.store, ws: o.ws, most: most, loses: 0.1}
		nodes := []*assign.Balancer{o.node(store), o.node(store)}
		work := make(chan core.ConversationID, conversations)
		for range conversations {
			work <- o.arrive()
		}
		close(work)
		var all, others sync.WaitGroup
		for _, node := range nodes {
			for range 3 {
				all.Go(func() {
					for id := range work {
						insist(t, func() error {
							_, err := node.Assign(t.Context(), o.ws, core.Assignment{Conversation: id, Team: "sales", By: lena})
							return err
						})
					}
				})
			}
		}
		over := make(chan struct{})
		others.Go(func() { o.handsOut(nodes[0], over) })
		others.Go(func() { o.closes(nodes[1], conversations/2, over) })
		others.Go(func() {
			for i := range 6 {
				who, p := names[i%agents], []core.Presence{core.PresenceOffline, core.PresenceOnline}[i/agents]
				insist(t, func() error { _, err := nodes[1].Say(t.Context(), o.ws, who, p, time.Time{}); return err })
			}
			for _, who := range names {
				insist(t, func() error {
					_, err := nodes[0].Say(t.Context(), o.ws, who, core.PresenceOnline, time.Time{})
					return err
				})
			}
		})
		all.Wait()
		close(over)
		others.Wait()
		o.settle()
		for len(o.waiting("sales")) > 0 {
			before := len(o.waiting("sales"))
			open, err := o.repo.Conversations(t.Context(), core.ConversationFilter{State: core.ConversationOpen}, core.Page{Limit: 200})
			o.must(err)
			for _, c := range open {
				if c.Agent != "" {
					o.close(c.ID)
					break
				}
			}
			if left := len(o.waiting("sales")); left >= before {
				t.Fatalf("somebody has room, and %d still wait", left)
			}
		}
		equal(o.world, "over the cap", store.over.Load(), 0)
		if n := store.passed.Load(); n < conversations {
			t.Errorf("only %d transactions were looked at", n)
		}
	})
}

func (o *office) node(s core.Store) *assign.Balancer {
	desk := o.Desk
	desk.Store = s
	return &assign.Balancer{Desk: desk, Log: o.Log, Phrases: o.Phrases}
}

// handsOut works on queues until it is over.
func (o *office) handsOut(node *assign.Balancer, over <-chan struct{}) {
	for {
		jobs, err := o.queue.Jobs(o.Context())
		if err != nil {
			o.Error(err)
			return
		}
		for _, j := range jobs {
			if j.Kind != core.JobAssign {
				continue
			}
			err := o.queue.Run(o.Context(), j, node.HandOut)
			if later := (core.Later{}); err != nil && !errors.Is(err, errLost) && !errors.As(err, &later) {
				o.Error(err)
			}
		}
		select {
		case <-over:
			return
		default:
		}
	}
}

// closes closes some of what was assigned.
func (o *office) closes(node *assign.Balancer, n int, over <-chan struct{}) {
	for n > 0 {
		open, err := o.repo.Conversations(o.Context(), core.ConversationFilter{State: core.ConversationOpen}, core.Page{Limit: 200})
		if err != nil {
			o.Error(err)
			return
		}
		for _, c := range open {
			if c.Agent == "" {
				continue
			}
			n--
			insist(o.T, func() error { _, err := node.Close(o.Context(), o.ws, c.ID, lena); return err })
			insist(o.T, func() error {
				return node.Follow(o.Context(), o.ws, core.Happening{ID: core.NewID[string](), Conversation: c.ID, Kind: core.HappenedClosed, By: lena}, &c)
			})
		}
		select {
		case <-over:
			return
		default:
		}
	}
}

// Many at once share out evenly.
func TestFairAtOnce(t *testing.T) {
	for _, pick := range []core.Picking{core.PickRoundRobin, core.PickFewest, core.PickEqual} {
		t.Run(string(pick), func(t *testing.T) {
			eachOffice(t, func(o *office) {
				o.hire("ann", "bob", "cy")
				o.team("sales", core.Strategy{Pick: pick}, "ann", "bob", "cy")
				var ids []core.ConversationID
				for range 20 {
					ids = append(ids, o.arrive())
				}
				var all sync.WaitGroup
				for _, id := range ids {
					all.Go(func() {
						if _, err := o.Assign(t.Context(), o.ws, core.Assignment{Conversation: id, Team: "sales", By: lena}); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				n := o.held()
				if n["ann"]+n["bob"]+n["cy"] != 20 || max(n["ann"], n["bob"], n["cy"])-min(n["ann"], n["bob"], n["cy"]) > 1 {
					t.Errorf("shared out as %v", n)
				}
			})
		})
	}
}

// ending is a conversation that will be closed.
type ending struct {
	at time.Time
	id core.ConversationID
}

type endings []ending

func (e endings) Len() int           { return len(e) }
func (e endings) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e endings) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *endings) Push(x any)        { *e = append(*e, x.(ending)) }
func (e *endings) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}

// TestSurge simulates a day on which seven times as many write as usual for a while: caps hold, who wrote first is served first, the positions told are
// those of the queue, and all get the same number within one. CAUSEWAY_SIMULATE sets how many write.
func TestSurge(t *testing.T) {
	total := 60
	if n, err := strconv.Atoi(os.Getenv("CAUSEWAY_SIMULATE")); err == nil {
		total = n
	}
	eachOffice(t, func(o *office) { newSurge(o, total).run() })
}

type surge struct {
	*office
	total   int
	most    int
	names   []core.AgentID
	chance  *rand.Rand
	open    endings
	tells   endings               // who may hear of a better place, and when it is looked
	order   []core.ConversationID // as they came
	served  int                   // so many of them have, or had, an agent
	longest int                   // the queue was
	looked  int
	given   map[core.AgentID]int
}

func newSurge(o *office, total int) *surge {
	s := &surge{office: o, total: total, most: 2, chance: rand.New(rand.NewPCG(6, uint64(total))), given: map[core.AgentID]int{}} //nolint:gosec // the same each time
	for i := range 5 {
		s.names = append(s.names, core.AgentID(fmt.Sprintf("agent%d", i)))
		o.hire(string(s.names[i]))
	}
	o.once, o.but = true, core.JobTell
	o.team("sales", core.Strategy{Pick: core.PickEqual, Most: s.most}, s.names...)
	o.settings(core.DeskSettings{Team: "sales", Tell: core.DeskMessages{Surge: true, Assigned: true, Every: 5 * time.Minute}})
	return s
}

// run lets a contact come every minute, seven in the second quarter of them. Ten can be looked after at once, for eight minutes each.
func (s *surge) run() {
	next := s.clock
	for n := 0; n < s.total || len(s.open) > 0; {
		if n < s.total && (len(s.open) == 0 || next.Before(s.open[0].at)) {
			s.clock = core.Latest(s.clock, next)
			s.comes()
			n++
			each := 60.0
			if n > s.total/4 && n <= s.total/2 {
				each /= 7
			}
			next = next.Add(time.Duration(s.chance.ExpFloat64() * each * float64(time.Second)))
		} else {
			e := heap.Pop(&s.open).(ending)
			s.clock = core.Latest(s.clock, e.at)
			s.close(e.id)
		}
		s.tell()
		s.look()
	}
	equal(s.world, "all were served", s.served, s.total)
	if s.longest < s.total/20 {
		s.Errorf("the queue was never longer than %d: no surge", s.longest)
	}
	s.Logf("%d contacts, the longest queue %d, messages %d", s.total, s.longest, len(s.said))
}

func (s *surge) comes() {
	s.Helper()
	now := s.clock
	id := s.arrive()
	s.clock = now
	s.order = append(s.order, id)
	s.happens(core.Happening{Conversation: id, Kind: core.HappenedOpened, By: core.Author{Kind: core.AuthorContact}})
	heap.Push(&s.tells, ending{now, id})
}

// tell has those who wait told of their place when it is time.
func (s *surge) tell() {
	s.Helper()
	for len(s.tells) > 0 && !s.tells[0].at.After(s.clock) {
		e := heap.Pop(&s.tells).(ending)
		err := s.queue.Run(s.Context(), core.Job{Kind: core.JobTell, Workspace: s.ws, Key: string(e.id)}, s.Tell)
		if again := (core.Later{}); errors.As(err, &again) {
			heap.Push(&s.tells, ending{s.clock.Add(again.After), e.id})
		} else {
			s.must(err)
		}
	}
}

// look checks what must hold at every moment, and lets those who were served be closed some day.
func (s *surge) look() {
	s.Helper()
	held := s.held()
	for who, n := range held {
		if n > s.most {
			s.Fatalf("%s has %d", who, n)
		}
	}
	for s.served < len(s.order) && s.conv(s.order[s.served]).Agent != "" {
		s.fair(s.conv(s.order[s.served]).Agent, held)
		heap.Push(&s.open, ending{s.clock.Add(time.Duration((4 + s.chance.ExpFloat64()*4) * float64(time.Minute))), s.order[s.served]})
		s.served++
	}
	waiting := s.order[s.served:] // whoever waits came after all who were served
	s.longest = max(s.longest, len(waiting))
	s.queueIs(waiting)
	if len(waiting) == 0 {
		return
	}
	i := s.chance.IntN(len(waiting))
	p, err := s.repo.Place(s.Context(), waiting[i])
	s.must(err)
	n, err := s.repo.Position(s.Context(), p)
	s.must(err)
	if n != i+1 || p.Wants.Position < n {
		s.Fatalf("position %d of the one that is %d and was told %d", n, i+1, p.Wants.Position)
	}
}

// queueIs checks how many wait, and who is first; now and then, the whole order.
func (s *surge) queueIs(waiting []core.ConversationID) {
	s.Helper()
	n, err := s.repo.Queues(s.Context())
	s.must(err)
	head, err := s.repo.Places(s.Context(), "sales", nil, 1)
	s.must(err)
	if n["sales"] != len(waiting) || len(waiting) > 0 && head[0].Conversation != waiting[0] {
		s.Fatalf("%d were served of %d, %d wait, of whom %v is the first", s.served, len(s.order), n["sales"], head)
	}
	if s.looked++; (s.looked%50 == 0 || s.total < 100) && !slices.Equal(s.waiting("sales"), waiting) {
		s.Fatalf("%d were served of %d, %d wait, not in the order in which they came", s.served, len(s.order), len(waiting))
	}
}

// fair checks that nobody with room had fewer than who got a conversation.
func (s *surge) fair(to core.AgentID, held map[core.AgentID]int) {
	s.Helper()
	for _, other := range s.names {
		if held[other] < s.most && s.given[other] < s.given[to] {
			s.Errorf("%s got one after %d, and %s had %d", to, s.given[to], other, s.given[other])
		}
	}
	s.given[to]++
}
