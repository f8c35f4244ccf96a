package cut

import (
	"strings"
	"unicode/utf8"
)

// headerRun is a run of "Word: value" lines.
type headerRun struct {
	end       int // line below it
	count     int
	addresses int  // values that hold one
	dates     int  // values that hold one
	stamped   bool // a value holds date and time
	boxed     bool // an address stands in brackets, as after a name
	answers   bool // a value starts like the subject of a reply: "AW: Order"
	gap       int  // first line below a blank one within it; zero if there is none
	above     int  // lines with a name above that
}

// labels reads the run of such lines that starts at line i.
func (p *page) labels(i int) headerRun {
	const most = 24
	r := headerRun{end: i}
	bare := false // the last value is still to come
	wrapped := 0
	for j := i; j < len(p.lines) && j < i+most; j++ {
		l := &p.lines[j]
		if l.depth != p.lines[i].depth || l.role != p.lines[i].role || l.code || j > i && l.marks&markTop != 0 {
			break
		}
		if l.s == "" {
			if !p.labelAt(j+1) || r.count == 0 {
				break
			}
			if r.gap == 0 {
				r.gap, r.above = j+1, r.count
			}
			continue
		}
		value := l.s
		if _, v, ok := label(l.s); ok {
			value, wrapped = v, 0
			r.count++
			bare = v == ""
		} else if wrapped++; wrapped > 2 || !bare && !p.wraps(j) {
			break
		}
		r.add(value)
		r.end = j + 1
	}
	return r
}

func (r *headerRun) add(value string) {
	t := traitsOf(value)
	if t.address {
		r.addresses++
		r.boxed = r.boxed || strings.Contains(value, "<") || strings.Contains(value, "[") || strings.Contains(value, "mailto:")
	}
	if t.date || t.clock && t.digits > 4 {
		r.dates++
		r.stamped = r.stamped || t.date && t.clock
	}
	prefix, _, ok := label(value)
	r.answers = r.answers || ok && utf8.RuneCountInString(prefix) <= 4
}

// weight is how much speaks for a run being the headers of a mail and not, say, a booking that the agent confirms.
func (r *headerRun) weight() int {
	w := 0
	for _, sign := range []bool{r.stamped, r.boxed, r.addresses > 1, r.answers} {
		if sign {
			w++
		}
	}
	return w
}

// labelAt says whether there is a line i, and it begins with a header's name.
func (p *page) labelAt(i int) bool {
	if i < 0 || i >= len(p.lines) {
		return false
	}
	_, _, ok := label(p.lines[i].s)
	return ok
}

// wraps says whether line j, which is no label, goes on with the header above it.
func (p *page) wraps(j int) bool {
	s := p.lines[j].s
	if strings.HasPrefix(s, "<") || strings.HasPrefix(s, "[") || len(s) < 120 && hasAddress(s) {
		return true
	}
	return p.labelAt(j + 1)
}

// headers says whether a header block of an earlier mail starts at line i, and how sure that is. It must name an address and a date, or
// one of them many times or under a rule: a list of contact data in the agent's text has no date.
func (p *page) headers(i int) (end int, sure, ok bool) {
	if _, value, first := label(p.lines[i].s); !first || value == "" && i+1 < len(p.lines) && p.lines[i+1].s == "" {
		return 0, false, false
	}
	if p.labelAt(i - 1) {
		if t := traitsOf(p.lines[i].s); !t.address && !t.date {
			return 0, false, false // its run was looked at; this keeps long lists cheap
		}
	}
	r := p.labels(i)
	if p.begunBelow(i, r) {
		return 0, false, false
	}
	weight := r.weight()
	if p.ruled(i) {
		weight += 2
	}
	switch {
	case r.count < 2 || r.addresses+r.dates == 0 || weight == 0:
		return 0, false, false
	case r.addresses > 0 && r.dates > 0:
		return r.end, r.count > 2 && weight > 1, true
	case r.count > 3, r.count > 2 && weight > 1:
		return r.end, weight > 2, true
	case weight > 2:
		return r.end, true, true
	}
	return 0, false, false
}

// begunBelow says whether the headers in a run that starts at line i begin only below its first gap, and what is above is the agent's: "PS: …".
// Where a client sets a blank line between all headers, nothing stands together below the first.
func (p *page) begunBelow(i int, all headerRun) bool {
	if all.gap == 0 {
		return false
	}
	below := p.labels(all.gap)
	if below.gap > 0 && below.above < 2 || below.count < 3 || below.addresses == 0 || below.weight() < 2 {
		return false
	}
	return all.above > 1 || p.labelAt(i-1) || !hasAddress(p.lines[i].s)
}

// ruled says whether a rule, a banner or a ruled edge is right above line i.
func (p *page) ruled(i int) bool {
	if p.lines[i].marks&markTop != 0 {
		return true
	}
	j := p.previous(i)
	if j < 0 || i-j > 4 {
		return false
	}
	l := &p.lines[j]
	_, _, isBanner := banner(l.s)
	return l.marks&markRule != 0 || isBanner || isRule(l.s) && utf8.RuneCountInString(l.s) > 4
}
