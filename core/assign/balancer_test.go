package assign_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/assign"
)

// office is a world with a desk that assigns by itself, and the jobs and happenings that make it.
type office struct {
	*world
	*assign.Balancer
	queue *freshstore.Queue
	said  []string
	keys  map[string]bool
	later map[string]time.Time // when jobs that wait are to be done again
	once  bool                 // follow what happened once, not twice
	but   core.JobKind         // settle leaves jobs of this kind alone
}

func newOffice(t *testing.T, s *gormstore.Store, q *freshstore.Queue) *office {
	t.Helper()
	w := newWorld(t, s)
	phrases, err := core.NewPhrases(nil)
	w.must(err)
	w.must(w.repo.SetValue(t.Context(), core.AutomationOwner, "followed", nil))
	o := &office{world: w, queue: q, keys: map[string]bool{}, later: map[string]time.Time{}}
	o.Balancer = &assign.Balancer{Desk: w.desk, Log: slog.New(slog.DiscardHandler), Phrases: phrases, Composer: o}
	for _, id := range []core.AgentID{"lena", "omar"} { // of newWorld, to be out of the way
		w.must(w.repo.SaveAgent(t.Context(), core.Agent{ID: id, Workspace: w.ws, Name: string(id), Disabled: true, Created: w.clock}))
	}
	return o
}

func eachOffice(t *testing.T, f func(o *office)) {
	t.Helper()
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, q *freshstore.Queue) { f(newOffice(t, s, q)) })
}

func liteOffice(t *testing.T, f func(o *office)) {
	t.Helper()
	s, q := freshstore.SQLite(t, nil)
	f(newOffice(t, s, q))
}

// Compose implements core.Composer: each key is said once.
func (o *office) Compose(_ context.Context, _ core.WorkspaceID, r core.Request) ([]core.Message, core.Decision, error) {
	line := r.Contents[0].Text
	if r.Author.Kind != core.AuthorWorkflow || r.Key == "" {
		o.Errorf("said by %v with the key %q", r.Author, r.Key)
	}
	if (r.Author.Name == core.SurgeName) != strings.HasPrefix(r.Key, "surge/") {
		o.Errorf("said by %v with the key %q: reports would not count it right", r.Author, r.Key)
	}
	if !o.keys[r.Key] {
		o.said = append(o.said, line)
	}
	o.keys[r.Key] = true
	return nil, core.Decision{}, nil
}

// hire makes agents, who are there all day.
func (o *office) hire(names ...string) {
	o.Helper()
	for _, n := range names {
		o.agent(core.Agent{ID: core.AgentID(n)})
	}
}

func (o *office) agent(a core.Agent) {
	o.Helper()
	a.Workspace, a.Name, a.Addresses, a.Created = o.ws, strings.ToUpper(string(a.ID[:1]))+string(a.ID[1:]), []string{string(a.ID) + "@example.org"}, o.clock
	o.must(o.repo.SaveAgent(o.Context(), a))
}

func (o *office) team(id core.TeamID, s core.Strategy, members ...core.AgentID) {
	o.Helper()
	o.must(o.repo.SaveTeam(o.Context(), core.Team{ID: id, Workspace: o.ws, Name: string(id), Members: members, Strategy: s}))
}

func (o *office) settings(s core.DeskSettings) { o.must(core.SaveDesk(o.Context(), o.repo, s)) }

// arrive has somebody new write.
func (o *office) arrive() core.ConversationID {
	o.Helper()
	o.clock = o.clock.Add(time.Second)
	c := o.person("Guest", core.NewToken(10))
	return o.convs[c.ID]
}

func (o *office) ask(a core.Assignment) core.AgentID {
	o.Helper()
	a.By = core.Author{Kind: core.AuthorWorkflow, Name: "test"}
	c, err := o.Assign(o.Context(), o.ws, a)
	o.must(err)
	return c.Agent
}

func (o *office) toTeam(id core.ConversationID) core.AgentID {
	o.Helper()
	return o.ask(core.Assignment{Conversation: id, Team: "sales"})
}

// settle follows what happened and does the jobs that are due, until nothing is left.
func (o *office) settle() {
	o.Helper()
	for again := true; again; {
		again = false
		jobs, err := o.queue.JobsBut(o.Context(), o.but)
		o.must(err)
		for _, j := range jobs {
			if j.At.After(o.clock) || j.Kind != core.JobAssign && o.later[string(j.Kind)+j.Key].After(o.clock) {
				continue
			}
			again = o.does(j) || again
		}
	}
}

// does a job, and reports whether it is done.
func (o *office) does(j core.Job) bool {
	o.Helper()
	work := map[core.JobKind]core.Worker{core.JobAssign: o.HandOut, core.JobTouch: o.Untouched, core.JobTell: o.Tell, core.JobWorkflow: o.follow}[j.Kind]
	if work == nil {
		o.must(o.queue.Run(o.Context(), j, func(context.Context, core.Work) error { return nil }))
		return false
	}
	err := o.queue.Run(o.Context(), j, work)
	var later core.Later
	if errors.As(err, &later) {
		o.later[string(j.Kind)+j.Key] = o.clock.Add(later.After)
		return false
	}
	o.must(err)
	return true
}

func (o *office) follow(ctx context.Context, w core.Work) error {
	repo := o.store.In(w.Workspace)
	for {
		all, err := repo.Happenings(ctx, core.ConversationID(w.Key))
		if err != nil || len(all) == 0 {
			return err
		}
		for _, h := range all {
			if err := o.show(ctx, w.Workspace, h); err != nil {
				return err
			}
			if err := repo.DropHappening(ctx, h.Conversation, h.ID); err != nil {
				return err
			}
		}
	}
}

// show follows a happening, once or, as after a crash, twice.
func (o *office) show(ctx context.Context, ws core.WorkspaceID, h core.Happening) error {
	for range map[bool]int{false: 2, true: 1}[o.once] {
		c, err := o.store.In(ws).Conversation(ctx, h.Conversation)
		if err != nil {
			return err
		}
		if err := o.Follow(ctx, ws, h, &c); err != nil {
			return err
		}
	}
	return nil
}

// pass lets time pass and does what was put off.
func (o *office) pass(d time.Duration) {
	o.Helper()
	o.clock = o.clock.Add(d)
	o.settle()
}

func (o *office) close(id core.ConversationID) {
	o.Helper()
	_, err := o.Close(o.Context(), o.ws, id, lena)
	o.must(err)
	o.settle()
}

func (o *office) is(id core.AgentID, p core.Presence) {
	o.Helper()
	_, err := o.Say(o.Context(), o.ws, id, p, time.Time{})
	o.must(err)
	o.settle()
}

// happens has automation follow something that happened.
func (o *office) happens(h core.Happening) {
	o.Helper()
	h.ID, h.At = core.NewID[string](), o.clock
	o.must(o.store.Tx(o.Context(), func(tx core.Tx) error { return core.Happen(o.Context(), tx, o.ws, h) }))
	o.settle()
}

func (o *office) answers(who core.AgentID, id core.ConversationID) {
	o.Helper()
	c := o.conv(id)
	c.Waiting = time.Time{}
	o.must(o.repo.SetConversation(o.Context(), c))
	o.happens(core.Happening{Conversation: id, Kind: core.HappenedAnswered, By: core.Author{Kind: core.AuthorAgent, Agent: who}})
}

// held counts the open conversations of each agent.
func (o *office) held() map[core.AgentID]int {
	o.Helper()
	all, err := o.repo.Duties(o.Context())
	o.must(err)
	n := map[core.AgentID]int{}
	for _, d := range all {
		if d.Open > 0 {
			n[d.Agent] = d.Open
		}
	}
	return n
}

func (o *office) waiting(team core.TeamID) []core.ConversationID {
	o.Helper()
	var all []core.ConversationID
	for after := (*core.Place)(nil); ; {
		page, err := o.repo.Places(o.Context(), team, after, 200)
		o.must(err)
		if len(page) == 0 {
			return all
		}
		for _, p := range page {
			all = append(all, p.Conversation)
		}
		after = &page[len(page)-1]
	}
}

func TestPicking(t *testing.T) {
	for _, pick := range []core.Picking{core.PickRoundRobin, core.PickFewest, core.PickEqual} {
		t.Run(string(pick), func(t *testing.T) {
			liteOffice(t, func(o *office) {
				o.hire("ann", "bob", "cy")
				o.team("sales", core.Strategy{Pick: pick}, "ann", "bob", "cy")
				got := map[core.AgentID]int{}
				for n := range 10 {
					got[o.toTeam(o.arrive())]++
					if most, least := max(got["ann"], got["bob"], got["cy"]), min(got["ann"], got["bob"], got["cy"]); most-least > 1 {
						t.Fatalf("after %d: %v", n+1, got)
					}
				}
			})
		})
	}
}

// What tells the strategies apart: one has closed much, one was away for a while.
func TestPickingDiffers(t *testing.T) {
	for _, c := range []struct {
		pick core.Picking
		want string
	}{
		{core.PickRoundRobin, "ann bob ann bob"}, // in turn, whatever they have
		{core.PickFewest, "bob bob bob bob"},     // up to what ann has open
		{core.PickEqual, "bob ann bob ann"},      // bob came late and owes nothing
	} {
		t.Run(string(c.pick), func(t *testing.T) {
			liteOffice(t, func(o *office) {
				o.hire("ann", "bob")
				o.team("sales", core.Strategy{Pick: c.pick}, "ann", "bob")
				o.is("bob", core.PresenceOffline)
				for range 5 {
					equal(o.world, "alone", o.toTeam(o.arrive()), "ann")
				}
				o.is("bob", core.PresenceOnline)
				var got []string
				if c.pick == core.PickRoundRobin {
					equal(o.world, "whose turn it is", o.toTeam(o.arrive()), "bob")
				}
				for range 4 {
					got = append(got, string(o.toTeam(o.arrive())))
				}
				equal(o.world, "got", strings.Join(got, " "), c.want)
			})
		})
	}
}

func TestWants(t *testing.T) {
	strategy := core.Strategy{Pick: core.PickFewest, Most: 2, Fallback: 10 * time.Minute}
	for _, c := range []struct {
		name   string
		ask    core.Assignment
		before func(o *office, contact core.ContactID)
		now    core.AgentID // who gets it at once
		after  core.AgentID // who has it after the fallback
	}{
		{name: "anybody", now: "ann"},
		{name: "a skill", ask: core.Assignment{Skills: []string{"tax"}}, now: "bob"},
		{name: "a skill that nobody has", ask: core.Assignment{Skills: []string{"magic"}}, now: "ann"},
		{name: "a language", ask: core.Assignment{Language: "ar-EG"}, now: "cy"},
		{name: "one that nobody speaks", ask: core.Assignment{Language: "fr"}, now: "ann"},
		{name: "a skill of somebody who is full", ask: core.Assignment{Skills: []string{"tax"}}, before: func(o *office, _ core.ContactID) { o.fill("bob", 2) }},
		{name: "somebody by name", ask: core.Assignment{Agent: "cy"}, before: func(o *office, _ core.ContactID) { o.fill("cy", 2); o.is("cy", core.PresenceBusy) }, now: "cy"},
		{name: "dedicated, by name", ask: core.Assignment{Dedicated: "owner"}, before: field("Cy"), now: "cy"},
		{name: "dedicated, by address", ask: core.Assignment{Dedicated: "owner"}, before: field("CY@example.org"), now: "cy"},
		{name: "dedicated, to somebody unknown", ask: core.Assignment{Dedicated: "owner"}, before: field("Zoe"), now: "ann"},
		{name: "dedicated, not there", ask: core.Assignment{Dedicated: "owner"}, before: func(o *office, id core.ContactID) {
			field("Cy")(o, id)
			o.is("cy", core.PresenceOffline)
		}, after: "ann"},
		{name: "dedicated, full", ask: core.Assignment{Dedicated: "owner", Fallback: time.Minute}, before: func(o *office, id core.ContactID) {
			field("Cy")(o, id)
			o.fill("cy", 2)
		}, after: "ann"},
		{name: "previous", ask: core.Assignment{Previous: true}, before: knew("bob"), now: "bob"},
		{name: "previous, who left", ask: core.Assignment{Previous: true}, before: knew("gone"), now: "ann"},
		{name: "previous, offline", ask: core.Assignment{Previous: true}, before: func(o *office, id core.ContactID) {
			knew("bob")(o, id)
			o.is("bob", core.PresenceOffline)
		}, after: "ann"},
		{name: "previous is not asked for", before: knew("bob"), now: "ann"},
	} {
		t.Run(c.name, func(t *testing.T) {
			liteOffice(t, func(o *office) {
				o.agent(core.Agent{ID: "ann"})
				o.agent(core.Agent{ID: "bob", Skills: []string{"tax"}})
				o.agent(core.Agent{ID: "cy", Languages: []string{"en", "ar"}})
				o.team("sales", strategy, "ann", "bob", "cy")
				id := o.arrive()
				if c.before != nil {
					c.before(o, o.conv(id).Contact)
				}
				c.ask.Conversation = id
				if c.ask.Agent == "" {
					c.ask.Team = "sales"
				}
				equal(o.world, "at once", o.ask(c.ask), c.now)
				o.settle()
				equal(o.world, "asked again", o.ask(c.ask), c.now)
				o.pass(11 * time.Minute)
				equal(o.world, "in the end", o.conv(id).Agent, core.AgentID(max(string(c.now), string(c.after))))
			})
		})
	}
}

func (o *office) fill(id core.AgentID, n int) {
	o.Helper()
	for range n {
		_, err := o.desk.Assign(o.Context(), o.ws, o.arrive(), id, "", lena)
		o.must(err)
	}
	o.settle()
}

func field(value string) func(*office, core.ContactID) {
	return func(o *office, id core.ContactID) {
		_, err := o.repo.SetField(o.Context(), id, "owner", value)
		o.must(err)
	}
}

func knew(agent core.AgentID) func(*office, core.ContactID) {
	return func(o *office, id core.ContactID) {
		before := core.Conversation{ID: core.NewID[core.ConversationID](), Workspace: o.ws, Contact: id, Channel: o.ch.ID, State: core.ConversationClosed, Opened: o.clock,
			Agent: agent}
		_, err := o.repo.AddConversation(o.Context(), &before)
		o.must(err)
	}
}

// A queue is served by priority, then by who waits longest, whatever makes room.
func TestQueue(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.hire("ann", "bob")
		o.team("sales", core.Strategy{Pick: core.PickFewest, Most: 2}, "ann", "bob")
		o.is("bob", core.PresenceOffline)
		var all []core.ConversationID
		for range 8 {
			id := o.arrive()
			all = append(all, id)
			o.toTeam(id)
			o.settle()
		}
		equal(o.world, "up to the cap", fmt.Sprint(o.held()), "map[ann:2]")
		equal(o.world, "who waits", slices.Equal(o.waiting("sales"), all[2:]), true)
		o.must(o.store.Tx(o.Context(), func(tx core.Tx) error {
			return tx.In(o.ws).SetHandling(o.Context(), core.Handling{Conversation: all[7], Priority: 1})
		}))
		o.close(all[0])
		equal(o.world, "the urgent one", o.conv(all[7]).Agent, "ann")
		o.close(all[1])
		equal(o.world, "then the longest waiting", o.conv(all[2]).Agent, "ann")
		o.is("bob", core.PresenceOnline)
		equal(o.world, "who came", fmt.Sprint(o.held()), "map[ann:2 bob:2]")
		equal(o.world, "gets the next", o.conv(all[3]).Agent+" "+o.conv(all[4]).Agent, "bob bob")
		o.close(all[5]) // in the queue
		_, err := o.desk.Assign(o.Context(), o.ws, all[3], "ann", "", lena)
		o.must(err)
		o.settle()
		equal(o.world, "a person may go over the cap, and it makes room", fmt.Sprint(o.held(), o.conv(all[6]).Agent), "map[ann:3 bob:2]bob")
		equal(o.world, "nobody waits", len(o.waiting("sales")), 0)
		equal(o.world, "since when", o.handling(all[6]).Assigned.Equal(o.clock), true)
	})
}

func (o *office) handling(id core.ConversationID) core.Handling {
	o.Helper()
	h, err := o.repo.Handling(o.Context(), id)
	o.must(err)
	return h
}

// A person's assignment to a team clears its member and lets the strategy pick; a manual team keeps it for whoever answers.
func TestByHand(t *testing.T) {
	liteOffice(t, func(o *office) {
		o.hire("ann", "bob")
		o.team("sales", core.Strategy{Pick: core.PickRoundRobin}, "ann")
		o.team("hand", core.Strategy{}, "bob")
		id := o.arrive()
		to := func(agent core.AgentID, team core.TeamID) {
			o.Helper()
			_, err := o.desk.Assign(o.Context(), o.ws, id, agent, team, lena)
			o.must(err)
			o.settle()
		}
		to("", "sales")
		equal(o.world, "picked", o.conv(id).Agent, "ann")
		to("", "hand")
		equal(o.world, "kept for the team", o.conv(id).Agent, "")
		equal(o.world, "not in a queue", o.handling(id).Queued.IsZero(), true)
		o.answers("bob", id)
		equal(o.world, "first to answer", o.conv(id).Agent, "bob")
		equal(o.world, "touched", o.handling(id).Touched.Equal(o.clock) && o.handling(id).Answered.Equal(o.clock), true)
		to("", "")
		equal(o.world, "nobody's", o.conv(id).Agent+core.AgentID(o.conv(id).Team), "")
		_, err := o.Assign(o.Context(), o.ws, core.Assignment{Conversation: id, Team: "none"})
		isProblem(o.world, "no such team", err, core.CodeNotFound, "team")
		o.close(id)
		_, err = o.Assign(o.Context(), o.ws, core.Assignment{Conversation: id, Team: "sales"})
		isProblem(o.world, "closed", err, core.CodeClosed, "Reopen")
	})
}

// Who answers and in the same breath hands the conversation to a team does not get it back by having answered.
func TestAnsweredAndHandedOn(t *testing.T) {
	liteOffice(t, func(o *office) {
		o.hire("ann", "bob")
		o.team("sales", core.Strategy{Pick: core.PickRoundRobin, Most: 1}, "ann")
		id := o.arrive()
		o.must(o.store.Tx(o.Context(), func(tx core.Tx) error {
			return core.Happen(o.Context(), tx, o.ws, core.Happening{ID: core.NewID[string](), Conversation: id, Kind: core.HappenedAnswered,
				By: core.Author{Kind: core.AuthorAgent, Agent: "bob"}, At: o.clock})
		}))
		o.clock = o.clock.Add(time.Second)
		_, err := o.desk.Assign(o.Context(), o.ws, id, "", "sales", lena)
		o.must(err)
		o.settle()
		equal(o.world, "picked", o.conv(id).Agent, "ann")
	})
}

// What nobody touches goes on to the next, and stays where everybody had it.
// TestMergeMakesRoom: whose conversation a merge of contacts closes has room for the next, and who waited in one that it closed waits no more.
func TestMergeMakesRoom(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.hire("ann")
		o.team("sales", core.Strategy{Pick: core.PickFewest, Most: 2}, "ann")
		var all []core.ConversationID
		for range 4 {
			id := o.arrive()
			o.toTeam(id)
			all = append(all, id)
		}
		o.settle()
		for _, pair := range [][2]int{{0, 1}, {2, 3}} {
			_, err := o.Merge(o.Context(), o.ws, o.conv(all[pair[0]]).Contact, o.conv(all[pair[1]]).Contact, "one person")
			o.must(err)
			o.settle()
		}
		equal(o.world, "who had room", o.conv(all[2]).Agent, "ann")
		equal(o.world, "who still waits", len(o.waiting("sales")), 0)
	})
}

// TestAgentsWhoLeft: what somebody has who no longer answers customers goes to their team; what is reopened too; and who answers takes it.
func TestAgentsWhoLeft(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.hire("ann", "ben")
		o.team("sales", core.Strategy{Pick: core.PickFewest}, "ann", "ben")
		var all []core.ConversationID
		for range 5 {
			id := o.arrive()
			o.toTeam(id)
			all = append(all, id)
		}
		o.settle()
		closed := all[slices.IndexFunc(all, func(id core.ConversationID) bool { return o.conv(id).Agent == "ann" })]
		o.close(closed)
		leaves := func(id core.AgentID) {
			a, err := o.repo.Agent(o.Context(), id)
			o.must(err)
			a.Disabled = true
			o.must(o.repo.SaveAgent(o.Context(), a))
		}
		leaves("ann")
		o.must(o.store.Tx(o.Context(), func(tx core.Tx) error { return tx.Enqueue(o.Context(), core.AssignJob(o.ws, "sales")) }))
		o.settle()
		equal(o.world, "of who is left", o.held()["ben"], 4)
		_, err := o.Reopen(o.Context(), o.ws, closed, core.Author{Kind: core.AuthorAPI})
		o.must(err)
		o.settle()
		equal(o.world, "reopened", o.conv(closed).Agent, "ben")
		o.hire("cem")
		leaves("ben")
		o.answers("cem", closed)
		o.settle()
		equal(o.world, "answered", o.conv(closed).Agent, "cem")
	})
}

func TestUntouched(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.hire("ann", "bob")
		o.team("sales", core.Strategy{Pick: core.PickRoundRobin, Untouched: 5 * time.Minute}, "ann", "bob")
		id := o.arrive()
		equal(o.world, "first", o.toTeam(id), "ann")
		o.settle()
		o.pass(4 * time.Minute)
		equal(o.world, "still", o.conv(id).Agent, "ann")
		o.pass(time.Minute)
		equal(o.world, "the next", o.conv(id).Agent, "bob")
		o.pass(6 * time.Minute)
		equal(o.world, "nobody else", o.conv(id).Agent, "bob")
		other := o.arrive()
		who := o.toTeam(other)
		o.settle()
		o.answers(who, other)
		o.pass(time.Hour)
		equal(o.world, "touched", o.conv(other).Agent, who)
	})
}

func TestDefault(t *testing.T) {
	liteOffice(t, func(o *office) {
		o.hire("ann", "bob", "vip")
		o.team("sales", core.Strategy{Pick: core.PickRoundRobin, Fallback: time.Minute}, "ann")
		opened := func(id core.ConversationID) core.AgentID {
			o.happens(core.Happening{Conversation: id, Kind: core.HappenedOpened, By: core.Author{Kind: core.AuthorContact}})
			return o.conv(id).Agent
		}
		equal(o.world, "nothing is set", opened(o.arrive()), "")
		o.settings(core.DeskSettings{Team: "sales", Phone: "bob", Tags: map[string]core.AgentID{"gold": "vip"}})
		equal(o.world, "the default team", opened(o.arrive()), "ann")
		gold := o.arrive()
		_, err := o.repo.SetContactTag(o.Context(), o.conv(gold).Contact, "gold", true)
		o.must(err)
		equal(o.world, "a tag's agent", opened(gold), "vip")
		o.settings(core.DeskSettings{Strategy: core.Strategy{Pick: core.PickFewest, Most: 1}, Phone: "bob"})
		phoned := o.arrive()
		o.happens(core.Happening{Conversation: phoned, Kind: core.HappenedAnswered, By: core.Author{Kind: core.AuthorPhone}})
		equal(o.world, "who answered on the phone", o.conv(phoned).Agent, "bob")
		busy := o.arrive()
		_, err = o.repo.PutWorkflow(o.Context(), core.Workflow{Name: "w", Version: 1, Definition: []byte("{}"), Created: o.clock})
		o.must(err)
		_, err = o.repo.AddRun(o.Context(), core.Run{ID: core.NewID[string](), Workflow: "w", Version: 1, Conversation: busy, Contact: o.conv(busy).Contact, State: core.RunWaiting,
			Cause: "x", Began: o.clock, Changed: o.clock})
		o.must(err)
		equal(o.world, "a workflow is at work", opened(busy), "")
		equal(o.world, "and in no queue", o.handling(busy).Queued.IsZero(), true)
	})
}
