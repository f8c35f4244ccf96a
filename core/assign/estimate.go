package assign

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"causeway/core"
)

func remembered(raw []byte) (b board, err error) {
	if len(raw) == 0 {
		return b, nil
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		return b, fmt.Errorf("what the desk remembers: %w", err)
	}
	return b, nil
}

// estimate is how many minutes a place in a queue takes, from the last pick-ups; zero: nobody can say.
func (b *board) estimate(team core.TeamID, position, there int, now time.Time, least int) int {
	if each := b.each(team, there, now, least); each > 0 {
		return minutes(each * float64(position))
	}
	return 0
}

// each is how many seconds pass from one pick-up to the next; zero: nobody can say. The work of one pick-up is the time since the
// one before, times who was there for it. A break in between counts no more than four times the usual, and where the younger half of what was
// measured says something else than the older one, or nobody was picked up for long, there is no usual.
func (b *board) each(team core.TeamID, there int, now time.Time, least int) float64 {
	t := b.Teams[team]
	if t == nil || len(t.Picked) < max(least, 2) || there == 0 {
		return 0
	}
	most := 4 * quantileOf(t.Picked, 0.5)
	half := len(t.Picked) / 2
	older, younger := mean(t.Picked[:half], most), mean(t.Picked[half:], most)
	if older <= 0 || younger <= 0 || max(older, younger) > 2*min(older, younger) {
		return 0
	}
	each := mean(t.Picked, most) / float64(there)
	if silence := now.Sub(t.Last).Seconds(); silence > 60 && silence > 5*each {
		return 0
	}
	return each
}

// expected is how many minutes a first answer takes, once an agent has a conversation: three of four come sooner. Zero: nobody can say.
func (b *board) expected(team core.TeamID, least int) int {
	t := b.Teams[team]
	if t == nil || len(t.Answers) < max(least, 2) || quantileOf(t.Answers, 0.9) > 4*quantileOf(t.Answers, 0.5) {
		return 0
	}
	return minutes(quantileOf(t.Answers, 0.75))
}

// steps are the numbers of minutes that people are told.
var steps = [...]int{1, 2, 3, 4, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240}

// minutes rounds up to what people are told; zero: longer than anybody should be told.
func minutes(seconds float64) int {
	for _, n := range steps {
		if seconds <= float64(n)*60 {
			return n
		}
	}
	return 0
}

func quantileOf(all []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[int(math.Round(q*float64(len(sorted)-1)))]
}

// mean takes what is more than most as most.
func mean(all []float64, most float64) float64 {
	sum := 0.0
	for _, x := range all {
		sum += min(x, most)
	}
	return sum / float64(len(all))
}
