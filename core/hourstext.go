package core

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// days are the names by which hours are written, from Sunday.
func days() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// ParseDays reads "mon", "mon, wed" or "sun-thu", in English; a range may go over the end of the week.
func ParseDays(s string) ([]time.Weekday, error) {
	var all []time.Weekday
	for part := range strings.SplitSeq(s, ",") {
		from, to, span := strings.Cut(strings.ToLower(strings.TrimSpace(part)), "-")
		first, last := day(from), day(from)
		if span {
			last = day(to)
		}
		if first < 0 || last < 0 {
			return nil, Problemf(CodeInvalid, "%q are not days of the week.", strings.TrimSpace(part)).Remedied("Write them like mon, or mon-fri, or mon, wed.")
		}
		for d := first; ; d = (d + 1) % 7 {
			if !slices.Contains(all, time.Weekday(d)) {
				all = append(all, time.Weekday(d))
			}
			if d == last {
				break
			}
		}
	}
	return all, nil
}

// day finds a day by its name or the start of it, of three letters at least.
func day(s string) int {
	s = strings.TrimSpace(s)
	return slices.IndexFunc(days(), func(name string) bool {
		full := strings.ToLower(time.Weekday(slices.Index(days(), name)).String())
		return len(s) >= len(name) && strings.HasPrefix(full, s)
	})
}

// ParseShifts reads "09:00-17:00" or several of these with commas; "24 h" is the whole day, "closed" none.
func ParseShifts(s string) ([]Shift, error) {
	switch strings.ToLower(strings.ReplaceAll(s, " ", "")) {
	case "24h", "allday":
		return []Shift{{0, 24 * 60}}, nil
	case "closed", "":
		return nil, nil
	}
	var all []Shift
	for part := range strings.SplitSeq(s, ",") {
		from, to, ok := strings.Cut(part, "-")
		a, good := clock(from)
		b, also := clock(to)
		if !ok || !good || !also || a == 24*60 || a == b {
			return nil, Problemf(CodeInvalid, "%q is not a time of the day.", strings.TrimSpace(part)).Remedied("Write it like 09:00-17:30; 22:00-06:00 ends on the next day.")
		}
		all = append(all, Shift{a, b})
	}
	return all, nil
}

// clock reads "09:00" as minutes since midnight, up to "24:00".
func clock(s string) (int, bool) {
	var h, m int
	s = strings.TrimSpace(s)
	if n, err := fmt.Sscanf(s, "%d:%d", &h, &m); n != 2 || err != nil || len(s) > len("00:00") || h < 0 || m < 0 || m > 59 || h*60+m > 24*60 {
		return 0, false
	}
	return h*60 + m, true
}

// String writes a shift as it is read.
func (s Shift) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", s.From/60, s.From%60, s.To/60, s.To%60)
}

// MarshalText writes a shift as it is read.
func (s Shift) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a single shift.
func (s *Shift) UnmarshalText(text []byte) error {
	all, err := ParseShifts(string(text))
	if err != nil {
		return err
	}
	if len(all) != 1 {
		return Problemf(CodeInvalid, "%q is not one time of the day.", text).Remedied("Write it like 09:00-17:30.")
	}
	*s = all[0]
	return nil
}

// Check says what is wrong with hours, in a sentence with its remedy.
func (h Hours) Check() error {
	if _, err := time.LoadLocation(h.Zone); err != nil || h.Zone == "Local" {
		return Problemf(CodeInvalid, "There is no time zone %q.", h.Zone).Remedied("Write the name of a city in it, such as Asia/Riyadh, Europe/Moscow or Africa/Cairo.")
	}
	for _, d := range h.Holidays {
		_, once := time.Parse(time.DateOnly, d.Date)
		_, yearly := time.Parse(time.DateOnly, "2024-"+d.Date)
		if once != nil && yearly != nil {
			return Problemf(CodeInvalid, "%q is not a day.", d.Date).Remedied("Write it like 2026-12-25, or 12-25 for every year.")
		}
	}
	return nil
}
