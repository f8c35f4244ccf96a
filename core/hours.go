package core

import (
	"cmp"
	"slices"
	"time"
)

// Hours are when somebody is there: a business, a team, an agent on shift. The zero value is always open.
type Hours struct {
	Zone     string     `json:"zone,omitempty"` // IANA name; empty: UTC
	Week     [7][]Shift `json:"week"`           // by time.Weekday, from Sunday
	Holidays []Holiday  `json:"holidays,omitempty"`
}

// Shift is a time of a day, in minutes since its midnight. One that ends at or before its start ends on the next day. By the clock on the wall: where
// clocks are changed in between, it is an hour shorter or longer.
type Shift struct{ From, To int }

// Holiday is a day with hours of its own; none: closed.
type Holiday struct {
	Date string  `json:"date"` // 2026-12-25, or 12-25 for every year
	Name string  `json:"name,omitempty"`
	Open []Shift `json:"open,omitempty"`
}

// farthest is how many days ahead Next looks.
const farthest = 400

// Always reports whether there is no closing time at all.
func (h Hours) Always() bool {
	return len(h.Holidays) == 0 && !slices.ContainsFunc(h.Week[:], func(day []Shift) bool { return len(day) > 0 })
}

// Open reports whether it is open at t.
func (h Hours) Open(t time.Time) bool { return h.Closes(t).After(t) || h.Always() }

// Closes is when it closes that is open at t; the zero time where it is closed, or never closes.
func (h Hours) Closes(t time.Time) time.Time {
	var closes time.Time
	for {
		at := t
		if !closes.IsZero() {
			at = closes
		}
		later := closes
		for _, p := range h.around(at) {
			if !p.from.After(at) && p.to.After(at) && p.to.After(later) {
				later = p.to
			}
		}
		if later.Equal(closes) || later.Sub(t) > farthest*24*time.Hour {
			return closes
		}
		closes = later // and perhaps another shift goes on at once
	}
}

// Next is when it opens next: t itself while it is open. False: not within a year.
func (h Hours) Next(t time.Time) (time.Time, bool) {
	if h.Open(t) {
		return t, true
	}
	local := t.In(h.Location())
	for day := range farthest {
		all := h.periods(local, day)
		slices.SortFunc(all, func(a, b period) int { return a.from.Compare(b.from) })
		for _, p := range all {
			if p.from.After(t) {
				return p.from, true
			}
		}
	}
	return time.Time{}, false
}

// HolidayAt returns the holiday that t falls on.
func (h Hours) HolidayAt(t time.Time) (Holiday, bool) {
	local := t.In(h.Location())
	for _, form := range []string{time.DateOnly, "01-02"} { // a date of its own goes before that of every year
		i := slices.IndexFunc(h.Holidays, func(d Holiday) bool { return d.Date == local.Format(form) })
		if i >= 0 {
			return h.Holidays[i], true
		}
	}
	return Holiday{}, false
}

// Location is the time zone; UTC where the machine does not know it.
func (h Hours) Location() *time.Location {
	if loc, err := time.LoadLocation(cmp.Or(h.Zone, "UTC")); err == nil {
		return loc
	}
	return time.UTC
}

// period is a shift on a certain day.
type period struct{ from, to time.Time }

// around are the periods that may hold t: those of its day, and those of the day before, which may end on it.
func (h Hours) around(t time.Time) []period {
	local := t.In(h.Location())
	return append(h.periods(local, -1), h.periods(local, 0)...)
}

// periods are those that begin so many days after the day of local.
func (h Hours) periods(local time.Time, days int) []period {
	noon := time.Date(local.Year(), local.Month(), local.Day()+days, 12, 0, 0, 0, local.Location()) // a time that every day has
	shifts := h.Week[noon.Weekday()]
	if d, ok := h.HolidayAt(noon); ok {
		shifts = d.Open
	}
	all := make([]period, len(shifts))
	for i, s := range shifts {
		to := s.To
		if to <= s.From {
			to += 24 * 60
		}
		all[i] = period{minute(noon, s.From), minute(noon, to)}
	}
	return all
}

// minute is a time of the clock on the day of noon. One that the clocks skip is the moment at which they do.
func minute(noon time.Time, n int) time.Time {
	return time.Date(noon.Year(), noon.Month(), noon.Day(), 0, n, 0, 0, noon.Location())
}

// After is when so much time of open hours has passed since t. What never opens counts as always open: a target must end some day.
func (h Hours) After(t time.Time, open time.Duration) time.Time {
	at := t
	for range farthest {
		next, ok := h.Next(at)
		if !ok || h.Always() {
			return at.Add(open)
		}
		closes := h.Closes(next)
		if closes.IsZero() || closes.Sub(next) >= open {
			return next.Add(open)
		}
		open -= closes.Sub(next)
		at = closes
	}
	return at.Add(open)
}
