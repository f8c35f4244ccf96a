package assign_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/assign"
)

// past is what a rehearsal is told of a conversation that is or was.
func (o *office) past(id core.ConversationID, at time.Time, a core.Assignment) assign.Past {
	o.Helper()
	c := o.conv(id)
	a.Conversation = id
	return assign.Past{Conversation: c, Asks: []assign.Ask{{At: at, Assignment: a}}}
}

// A rehearsal gives what was to whom the desk gave it.
func TestRehearsalAsItWas(t *testing.T) {
	for _, pick := range []core.Picking{core.PickRoundRobin, core.PickFewest, core.PickEqual} {
		t.Run(string(pick), func(t *testing.T) {
			liteOffice(t, func(o *office) {
				r := rand.New(rand.NewPCG(7, 11)) //nolint:gosec // a fixed day
				morning := core.Hours{}
				for d := range morning.Week {
					morning.Week[d] = []core.Shift{{From: 12*60 + 20, To: 18 * 60}} // it is noon
				}
				o.hire("ann", "bob")
				o.agent(core.Agent{ID: "eve", Hours: morning, Most: 1})
				o.team("sales", core.Strategy{Pick: pick, Most: 2}, "ann", "bob", "eve")
				var ids []core.ConversationID
				var all []assign.Past
				had := map[core.ConversationID]core.AgentID{}
				look := func() {
					for _, id := range ids {
						if a := o.conv(id).Agent; a != "" && had[id] == "" {
							had[id] = a
						}
					}
				}
				for range 40 {
					o.clock = o.clock.Add(time.Minute)
					if n := r.IntN(3); n < 2 || len(ids) == 0 {
						id := o.arrive()
						o.toTeam(id)
						ids, all = append(ids, id), append(all, o.past(id, o.clock, core.Assignment{Team: "sales"}))
					} else {
						o.close(ids[r.IntN(len(ids))])
					}
					o.pass(0)
					look()
				}
				for i, id := range ids {
					all[i].Conversation = o.conv(id)
				}
				fates, shares, err := assign.Rehearse(t.Context(), o.repo, all, o.clock)
				o.must(err)
				got := map[string]int{}
				for i, f := range fates {
					equal(o.world, fmt.Sprintf("conversation %d", i+1), f.Agent, had[ids[i]])
					if f.Agent != "" {
						got[string(f.Agent)]++
					}
				}
				for _, s := range shares {
					want := map[string]core.AgentID{"Ann": "ann", "Bob": "bob", "Eve": "eve"}[s.Agent]
					if s.Got != got[string(want)] || s.Most > 2 || s.Agent == "Eve" && s.Most > 1 {
						t.Errorf("%+v, want %d", s, got[string(want)])
					}
				}
			})
		})
	}
}

// Who answers takes what is nobody's; a dedicated agent is waited for; a returning contact goes to who would have had them.
func TestRehearsalOfWishes(t *testing.T) {
	liteOffice(t, func(o *office) {
		late := core.Hours{}
		for d := range late.Week {
			late.Week[d] = []core.Shift{{From: 15 * 60, To: 18 * 60}}
		}
		o.hire("ann", "bob")
		o.agent(core.Agent{ID: "eve", Hours: late})
		o.team("sales", core.Strategy{Pick: core.PickRoundRobin, Previous: true}, "ann", "bob", "eve")
		o.team("support", core.Strategy{}, "ann", "bob")
		begun := o.clock
		at := func(minutes int) time.Time { return begun.Add(time.Duration(minutes) * time.Minute) }
		one, two, three, four := o.arrive(), o.arrive(), o.arrive(), o.arrive()
		_, err := o.repo.SetField(t.Context(), o.conv(two).Contact, "owner", "Eve")
		o.must(err)
		all := []assign.Past{
			o.past(one, at(1), core.Assignment{Team: "sales"}),
			o.past(two, at(2), core.Assignment{Team: "sales", Dedicated: "owner", Fallback: 4 * time.Hour}),
			o.past(three, at(3), core.Assignment{Team: "support"}),
			o.past(four, at(4), core.Assignment{Team: "sales"}),
		}
		all[2].Answered, all[2].By = at(30), "bob"
		all[0].Conversation.Closed = at(10)
		all[3].Conversation.Contact, all[3].Conversation.ID = all[0].Conversation.Contact, "again"
		fates, _, err := assign.Rehearse(t.Context(), o.repo, all, o.clock.Add(4*time.Hour))
		o.must(err)
		equal(o.world, "the first", fates[0], assign.Fate{Agent: "ann", Asked: at(1), Given: at(1)})
		equal(o.world, "the owner's, when her shift begins", fates[1], assign.Fate{Agent: "eve", Asked: at(2), Given: at(180)})
		equal(o.world, "a team that nobody picks for", fates[2], assign.Fate{Agent: "bob", Asked: at(3), Given: at(30)})
		equal(o.world, "who was there before", fates[3].Agent, "ann")
	})
	liteOffice(t, func(o *office) {
		fates, shares, err := assign.Rehearse(t.Context(), o.repo, nil, o.clock)
		if err != nil || len(fates)+len(shares) > 0 {
			t.Errorf("of nothing came %v, %v, %v", fates, shares, err)
		}
	})
}
