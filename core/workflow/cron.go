package workflow

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// cron is when something is due: at times of a calendar, or once.
type cron struct {
	zone                              *time.Location
	minute, hour, day, month, weekday uint64 // bits
	anyDay                            bool   // day or weekday is "*": both have to fit; else either
	once                              time.Time
}

// parseCron reads the five fields of a crontab: lists, ranges and steps of numbers.
func parseCron(text string, zone *time.Location) (cron, error) {
	c := cron{zone: zone}
	fields := strings.Fields(text)
	if len(fields) != 5 {
		return c, fmt.Errorf("it has %d parts", len(fields))
	}
	for i, f := range []struct {
		to       *uint64
		min, max int
	}{{&c.minute, 0, 59}, {&c.hour, 0, 23}, {&c.day, 1, 31}, {&c.month, 1, 12}, {&c.weekday, 0, 7}} {
		bits, err := cronField(fields[i], f.min, f.max)
		if err != nil {
			return c, err
		}
		*f.to = bits
	}
	if c.weekday&(1<<7) != 0 { // Sunday is both 0 and 7
		c.weekday |= 1
	}
	c.anyDay = strings.HasPrefix(fields[2], "*") || strings.HasPrefix(fields[4], "*")
	if c.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return c, fmt.Errorf("it never comes")
	}
	return c, nil
}

func cronField(text string, least, most int) (bits uint64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		span, by, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			if step, err = strconv.Atoi(by); err != nil || step < 1 {
				return 0, fmt.Errorf("%q is not a step", by)
			}
		}
		from, to := least, most
		if span != "*" {
			a, b, ranged := strings.Cut(span, "-")
			if from, err = strconv.Atoi(a); err != nil {
				return 0, fmt.Errorf("%q is not a number", a)
			}
			switch {
			case ranged:
				if to, err = strconv.Atoi(b); err != nil {
					return 0, fmt.Errorf("%q is not a number", b)
				}
			case !stepped:
				to = from
			}
		}
		if from < least || to > most || from > to {
			return 0, fmt.Errorf("%q is not within %d-%d", part, least, most)
		}
		for n := from; n <= to; n += step {
			bits |= 1 << n
		}
	}
	return bits, nil
}

// Next is the first time after t; the zero time: never, within five years.
func (c cron) Next(t time.Time) time.Time {
	if !c.once.IsZero() {
		if c.once.After(t) {
			return c.once
		}
		return time.Time{}
	}
	local := t.In(c.zone).Truncate(time.Minute).Add(time.Minute)
	for limit := local.AddDate(5, 0, 0); local.Before(limit); {
		switch {
		case c.month&(1<<int(local.Month())) == 0:
			local = time.Date(local.Year(), local.Month()+1, 1, 0, 0, 0, 0, c.zone)
		case !c.onDay(local):
			local = time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, c.zone)
		case c.hour&(1<<local.Hour()) == 0:
			local = local.Add(time.Duration(60-local.Minute()) * time.Minute)
		case c.minute&(1<<local.Minute()) == 0:
			local = local.Add(time.Minute)
		default:
			return local
		}
	}
	return time.Time{}
}

func (c cron) onDay(t time.Time) bool {
	day, weekday := c.day&(1<<t.Day()) != 0, c.weekday&(1<<int(t.Weekday())) != 0
	if c.anyDay {
		return day && weekday
	}
	return day || weekday
}
