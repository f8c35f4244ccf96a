package workflow

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// leastRound is the shortest wait that makes a circle of steps harmless: a system may be asked again and again, but not all the time.
const leastRound = 10 * time.Second

// way is how one step leads to another. One that takes time is after an answer, or a wait that is long enough for a circle.
type way struct {
	to   int
	time bool
}

// holdsUp reports whether a wait is one for at least leastRound, as far as can be known. One until a fixed time, or until the business opens, is over at
// once from then on.
func (p *program) holdsUp(w Wait) bool {
	return p.spans[w.For] >= leastRound || strings.Contains(w.Until, "{{")
}

// waysFrom lists where a step can lead. len(Steps) is the end.
func (p *program) waysFrom(i int) []way {
	s, below := p.Steps[i], i+1
	if s.Next != "" {
		below = p.at(s.Next)
	}
	all := p.aside(s)
	if on, takes := p.goesOn(s); on {
		all = append(all, way{below, takes})
	}
	return all
}

// aside lists where a step can lead otherwise than on.
func (p *program) aside(s Step) (all []way) {
	add := func(name string, time bool) {
		if name != "" {
			all = append(all, way{p.at(name), time})
		}
	}
	switch {
	case s.Ask != nil:
		for _, o := range s.Ask.Options {
			add(o.To, true)
		}
		add(s.Ask.Invalid, true)
		add(s.Ask.OnTimeout, true)
	case s.Branch != nil:
		for _, b := range s.Branch {
			if !never(b.When) {
				add(b.To, false)
			}
		}
	case s.Hours != nil:
		add(s.Hours.Open, false)
		add(s.Hours.Closed, false)
	case s.HTTP != nil:
		add(s.HTTP.OnFailure, false)
	}
	add(s.Refused, false)
	return all
}

// goesOn reports whether a step can lead on, and whether that takes time.
func (p *program) goesOn(s Step) (on, takes bool) {
	switch {
	case s.Ask != nil:
		return len(s.Ask.Options) == 0 || slices.ContainsFunc(s.Ask.Options, func(o Choice) bool { return o.To == "" }), true
	case s.Branch != nil:
		return !slices.ContainsFunc(s.Branch, func(b Case) bool { return always(b.When) }), false
	case s.Hours != nil:
		return s.Hours.Open == "" || s.Hours.Closed == "", false
	case s.Wait != nil:
		return true, p.holdsUp(*s.Wait)
	}
	return s.Close == nil && s.Stop == "", false
}

// at is the place of a step; that of the end is behind the last.
func (p *program) at(name string) int {
	if i, ok := p.targets[name]; ok {
		return i
	}
	return len(p.Steps)
}

// ways checks that every step can be reached, and that no circle is gone round without time passing.
func (c *checker) ways() {
	reached := map[int]bool{}
	for next := []int{0}; len(next) > 0; {
		i := next[0]
		next = next[1:]
		if reached[i] || i >= len(c.Steps) {
			continue
		}
		reached[i] = true
		for _, w := range c.waysFrom(i) {
			next = append(next, w.to)
		}
	}
	for i := range c.Steps {
		if !reached[i] {
			c.bad(fmt.Sprintf("steps[%d]", i), "Lead there from another step by next or to, or take it out.", "The step is never reached.")
		}
	}
	done := map[int]bool{}
	for i := range c.Steps {
		if circle := c.circle(i, nil, done); circle != nil {
			c.bad(fmt.Sprintf("steps[%d]", circle[0]), "Put a question between them, or a wait for at least 10 seconds.", "The steps go round in a circle without waiting long enough: %s.", c.route(circle))
			return
		}
	}
}

// circle finds a way back to a step of the path that takes no time.
func (c *checker) circle(i int, path []int, done map[int]bool) []int {
	if at := slices.Index(path, i); at >= 0 {
		return append(slices.Clone(path[at:]), i)
	}
	if i >= len(c.Steps) || done[i] {
		return nil
	}
	for _, w := range c.waysFrom(i) {
		if w.time {
			continue
		}
		if found := c.circle(w.to, append(path, i), done); found != nil {
			return found
		}
	}
	done[i] = true
	return nil
}

func (c *checker) route(path []int) string {
	names := make([]string, len(path))
	for i, at := range path {
		names[i] = label(c.Definition, at)
	}
	return strings.Join(names, " > ")
}

// label is a step in words.
func label(def Definition, i int) string {
	switch {
	case i >= len(def.Steps):
		return end
	case def.Steps[i].Name != "":
		return def.Steps[i].Name
	}
	return fmt.Sprintf("step %d", i+1)
}
