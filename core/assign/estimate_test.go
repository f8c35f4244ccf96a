package assign

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"causeway/core"

	"pgregory.net/rapid"
)

func TestEstimate(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	steady := slices.Repeat([]float64{240}, 20) // four minutes of one agent
	for _, c := range []struct {
		name            string
		picked          []float64
		since           time.Duration
		position, there int
		want            int
	}{
		{"steady", steady, 0, 3, 2, 10},
		{"twice as many agents", steady, 0, 3, 4, 3},
		{"a break is no usual time", append(slices.Clone(steady), 7200), 0, 3, 2, 10},
		{"too few", steady[:7], 0, 3, 2, 0},
		{"nobody is there", steady, 0, 3, 0, 0},
		{"it has become slower", append(slices.Repeat([]float64{60}, 10), slices.Repeat([]float64{600}, 10)...), 0, 3, 2, 0},
		{"nobody was picked up for long", steady, time.Hour, 3, 2, 0},
		{"longer than anybody is told", steady, 0, 300, 2, 0},
	} {
		b := board{Teams: map[core.TeamID]*turns{"t": {Picked: c.picked, Last: now.Add(-c.since)}}}
		if got := b.estimate("t", c.position, c.there, now, 8); got != c.want {
			t.Errorf("%s: %d minutes, want %d", c.name, got, c.want)
		}
	}
	answers := board{Teams: map[core.TeamID]*turns{"t": {Answers: []float64{60, 70, 80, 90, 100, 110, 120, 130}}, "wild": {Answers: []float64{1, 1, 1, 1, 1, 1, 900, 900}}}}
	if got := answers.expected("t", 8); got != 2 {
		t.Errorf("an answer is expected in %d minutes", got)
	}
	if got := answers.expected("wild", 8) + answers.expected("none", 8) + answers.expected("t", 9); got != 0 {
		t.Errorf("nobody can say, and we say %d", got)
	}
}

// What comes by chance is estimated within twice, or not at all.
func TestEstimateByChance(t *testing.T) {
	now := time.Now()
	said := 0
	for seed := range uint64(200) {
		chance, picked := rand.New(rand.NewPCG(seed, 2)), make([]float64, mostSamples) //nolint:gosec // the same each time
		for i := range picked {
			picked[i] = chance.ExpFloat64() * 240
		}
		b := board{Teams: map[core.TeamID]*turns{"t": {Picked: picked, Last: now}}}
		got := b.estimate("t", 10, 2, now, 8) // it takes twenty minutes
		if got != 0 && (got < 10 || got > 30) {
			t.Errorf("seed %d: %d minutes", seed, got)
		}
		if got != 0 {
			said++
		}
	}
	if said < 150 {
		t.Errorf("an estimate in %d of 200 cases", said)
	}
}

// Whoever comes and goes: of those who stay, none gets more than one more than another between two changes, by turns as by equal shares.
func TestTurnsAreFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		by := rapid.SampledFrom([]core.Picking{core.PickRoundRobin, core.PickEqual}).Draw(t, "by")
		agents := rapid.IntRange(1, 6).Draw(t, "agents")
		var b board
		for range rapid.IntRange(1, 8).Draw(t, "phases") {
			var there []candidate
			for i := range agents {
				if rapid.Bool().Draw(t, "there") {
					there = append(there, candidate{Agent: core.Agent{ID: core.AgentID(strconv.Itoa(i))}})
				}
			}
			if len(there) == 0 {
				continue
			}
			before, got := b.shares(there), map[core.AgentID]int{}
			for range rapid.IntRange(0, 30).Draw(t, "conversations") {
				turns := b.team("t")
				turns.welcome(there)
				to := slices.MinFunc(there, func(a, b candidate) int { return turns.compare(by, a, b) })
				b.give("t", to.ID, there)
				got[to.ID]++
			}
			fair(t, by, there, before, got)
		}
	})
}

// shares are what those who are there have, as the next picking will see it.
func (b *board) shares(there []candidate) map[core.AgentID]int {
	b.team("t").welcome(there)
	all := map[core.AgentID]int{}
	for _, a := range there {
		all[a.ID] = int(b.team("t").agent(a.ID).Given)
	}
	return all
}

func fair(t *rapid.T, by core.Picking, there []candidate, before, got map[core.AgentID]int) {
	var counts []int
	for _, a := range there {
		counts = append(counts, got[a.ID])
	}
	most, least := slices.Max(counts), slices.Min(counts)
	if by == core.PickRoundRobin && most-least > 1 {
		t.Fatalf("in turn they got %v", counts)
	}
	for _, a := range there {
		for _, other := range there {
			if by == core.PickEqual && got[a.ID] > 0 && before[a.ID]+got[a.ID] > before[other.ID]+got[other.ID]+1 {
				t.Fatalf("%s had %d and got %d, %s had %d and got %d", a.ID, before[a.ID], got[a.ID], other.ID, before[other.ID], got[other.ID])
			}
		}
	}
}
