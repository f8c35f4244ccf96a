package report

import (
	"slices"
	"time"

	"causeway/core"
)

// tally adds up a Line.
type tally struct {
	Line
	first, resolution, pickUp []float64
	sum                       int
}

func (t *tally) add(d *dialogue) {
	t.Opened++
	t.In += d.in
	t.Out += d.out
	if !d.closed.IsZero() && d.State == core.ConversationClosed {
		t.Closed++
		t.resolution = append(t.resolution, d.closed.Sub(d.Opened).Seconds())
		if d.contacts && d.assigned.IsZero() && d.answered.IsZero() {
			t.Abandoned++
		}
	}
	if !d.answered.IsZero() {
		t.first = append(t.first, d.answered.Sub(d.first).Seconds())
	}
	if !d.assigned.IsZero() {
		t.pickUp = append(t.pickUp, d.assigned.Sub(d.Opened).Seconds())
	}
	if d.survey == nil {
		return
	}
	t.Content.Asked++
	if s := d.survey.Score; s >= 1 && s <= 5 {
		t.Content.Answered++
		t.Content.Scores[s-1]++
		t.sum += s
	}
}

// opens counts when a channel's conversations begin.
func (t *tally) opens(d *dialogue, zone *time.Location) {
	if t.Hours == nil {
		t.Hours = &Week{}
	}
	if d.contacts {
		t.Hours.count(d.Opened.In(zone))
	}
}

func (t *tally) line(name string) Line {
	l := t.Line
	l.Name, l.FirstAnswer, l.Resolution, l.PickUp = name, spread(t.first), spread(t.resolution), spread(t.pickUp)
	if l.Content.Answered > 0 {
		l.Content.Average = float64(t.sum) / float64(l.Content.Answered)
	}
	return l
}

// spread describes times; the median of an even number is between the two in the middle, p90 is the smallest that nine in ten do not exceed.
func spread(all []float64) Spread {
	n := len(all)
	if n == 0 {
		return Spread{}
	}
	slices.Sort(all)
	sum := 0.0
	for _, v := range all {
		sum += v
	}
	return Spread{N: n, Median: (all[(n-1)/2] + all[n/2]) / 2, P90: all[(n*9+9)/10-1], Mean: sum / float64(n)}
}
