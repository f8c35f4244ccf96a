package assign

import (
	"cmp"
	"time"

	"causeway/core"
)

// board is what the desk of a workspace remembers from one picking to the next.
type board struct {
	Teams map[core.TeamID]*turns `json:"teams,omitempty"`
}

// turns are a team's.
type turns struct {
	Turn    int64                    `json:"turn"` // counts what was handed out
	Agents  map[core.AgentID]*record `json:"agents"`
	Picked  []float64                `json:"picked,omitempty"`  // of the last pick-ups from a queue: seconds since the one before, times who was there
	Last    time.Time                `json:"last,omitzero"`     // when the last was picked up
	Answers []float64                `json:"answers,omitempty"` // of the last first answers: seconds since the agent had the conversation
}

// record is an agent's part in a team's turns.
type record struct {
	Given int64 `json:"given"` // conversations, or as if: who comes has no arrears
	Last  int64 `json:"last"`  // the turn in which they got the last
	Seen  int64 `json:"seen"`  // the turn up to which they were there
}

// mostSamples is how many measured times are kept.
const mostSamples = 40

func (b *board) team(id core.TeamID) *turns {
	if b.Teams == nil {
		b.Teams = map[core.TeamID]*turns{}
	}
	if b.Teams[id] == nil {
		b.Teams[id] = &turns{Agents: map[core.AgentID]*record{}}
	}
	return b.Teams[id]
}

func (t *turns) agent(id core.AgentID) *record {
	if t.Agents[id] == nil {
		t.Agents[id] = &record{Seen: -1}
	}
	return t.Agents[id]
}

// welcome lets those who have just come stand as the one who got the fewest of those who stayed, lest they get all that comes.
func (t *turns) welcome(there []candidate) {
	least, stayed := int64(0), false
	for _, a := range there {
		if r := t.agent(a.ID); r.Seen == t.Turn && (!stayed || r.Given < least) {
			least, stayed = r.Given, true
		}
	}
	for _, a := range there {
		r := t.agent(a.ID)
		if r.Seen != t.Turn {
			r.Given = max(r.Given, least)
		}
		r.Seen = t.Turn
	}
}

// compare orders two agents by a strategy: whose turn it is comes first.
func (t *turns) compare(by core.Picking, a, b candidate) int {
	switch x, y := t.agent(a.ID), t.agent(b.ID); by {
	case core.PickRoundRobin:
		return cmp.Compare(x.Last, y.Last)
	case core.PickFewest:
		return cmp.Compare(a.Duty.Open, b.Duty.Open)
	case core.PickEqual:
		return cmp.Compare(x.Given, y.Given)
	case core.PickNobody:
	}
	return 0
}

// give counts a conversation that an agent got while these were there.
func (b *board) give(team core.TeamID, to core.AgentID, there []candidate) {
	t := b.team(team)
	t.welcome(there)
	t.Turn++
	for _, a := range there {
		t.agent(a.ID).Seen = t.Turn
	}
	r := t.agent(to)
	r.Given, r.Last = r.Given+1, t.Turn
}

// picked measures a pick-up from a queue. The time since the one before counts only if the queue was not empty in between.
func (b *board) picked(team core.TeamID, queued, now time.Time, there int) {
	t := b.team(team)
	if !t.Last.IsZero() && queued.Before(t.Last) && there > 0 {
		t.Picked = recent(t.Picked, now.Sub(t.Last).Seconds()*float64(there))
	}
	t.Last = now
}

// answered measures a first answer.
func (b *board) answered(team core.TeamID, took time.Duration) {
	t := b.team(team)
	t.Answers = recent(t.Answers, took.Seconds())
}

func recent(all []float64, one float64) []float64 {
	all = append(all, one)
	return all[max(0, len(all)-mostSamples):]
}
