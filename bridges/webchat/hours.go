package webchat

import (
	"strings"
	"time"
	_ "time/tzdata" // a container may have none

	"causeway/core"
)

// checkHours reads the opening hours: "Mon-Fri 09:00-17:00, Sat 10:00-14:00".
func checkHours(c *conf, s core.Settings) *core.Problem {
	c.hours.Zone = s.Get(keyZone)
	if c.hours.Check() != nil {
		return core.BadSetting(keyZone, "Write it like Europe/Berlin.", "There is no time zone %q.", c.hours.Zone)
	}
	for text := range strings.SplitSeq(s.Get(keyHours), ",") {
		if text = strings.TrimSpace(text); text != "" && !addHours(&c.hours, text) {
			return core.BadSetting(keyHours, "Write them like Mon-Fri 09:00-17:00, Sat 10:00-14:00.", "%q are no opening hours.", text)
		}
	}
	return nil
}

// addHours reads one piece of the opening hours, and reports whether it is one. It ends on the day on which it begins.
func addHours(h *core.Hours, text string) bool {
	names, times, _ := strings.Cut(text, " ")
	days, err := core.ParseDays(names)
	if err != nil {
		return false
	}
	shifts, err := core.ParseShifts(times)
	if err != nil || len(shifts) != 1 || shifts[0].To <= shifts[0].From {
		return false
	}
	for _, d := range days {
		h.Week[d] = append(h.Week[d], shifts[0])
	}
	return true
}

// opens returns when somebody answers again: the zero time if they do now, or if no hours are given.
func (c conf) opens(now time.Time) time.Time {
	if next, ok := c.hours.Next(now); ok && next.After(now) {
		return next
	}
	return time.Time{}
}
