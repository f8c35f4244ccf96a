package webchat

import (
	"errors"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

func TestHours(t *testing.T) {
	for _, c := range []struct{ hours, zone, now, want string }{
		{"", "", "2026-03-02T03:00:00Z", ""},
		{"Mon-Fri 09:00-17:00", "", "2026-03-02T08:59:59Z", "2026-03-02T09:00:00Z"}, // a Monday
		{"Mon-Fri 09:00-17:00", "", "2026-03-02T09:00:00Z", ""},
		{"Mon-Fri 09:00-17:00", "", "2026-03-02T17:00:00Z", "2026-03-03T09:00:00Z"},
		{"mon-fri 09:00-17:00", "", "2026-03-06T17:00:00Z", "2026-03-09T09:00:00Z"},
		{"Mon-Fri 09:00-17:00, Sat 10:00-14:00", "", "2026-03-06T17:00:00Z", "2026-03-07T10:00:00Z"},
		{"Mon 09:00-12:00, Mon 13:00-17:00", "", "2026-03-02T12:30:00Z", "2026-03-02T13:00:00Z"},
		{"Mon 09:00-12:00", "", "2026-03-02T12:00:00Z", "2026-03-09T09:00:00Z"},
		{"Sun-Thu 09:00-17:00", "Asia/Riyadh", "2026-03-01T05:59:00Z", "2026-03-01T06:00:00Z"},
		{"Fri-Mon 00:00-24:00", "", "2026-03-01T23:59:00Z", ""},
		{"Sun 09:00-17:00", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T07:00:00Z"}, // the clocks go forward that night
	} {
		r := newRig(t, with(keyHours, c.hours, keyZone, c.zone))
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if at := r.link.conf.opens(now); !at.IsZero() {
			got = at.UTC().Format(time.RFC3339)
		}
		if got != c.want {
			t.Errorf("%s %s at %s: opens %q, want %q", c.hours, c.zone, c.now, got, c.want)
		}
	}
	for _, bad := range []string{"Mon", "Mon 9-17", "Mon 17:00-09:00", "Mon 09:00-24:01", "Mon 09:60-10:00", "Mun 09:00-10:00", "Mon-Fry 09:00-10:00"} {
		_, err := Bridge{}.Open(testChannel(), with(keyHours, bad), bridgetest.NewHost(t))
		var p *core.Problem
		if !errors.As(err, &p) || p.Field != keyHours {
			t.Errorf("%q: got %v", bad, err)
		}
	}
	if _, err := (Bridge{}).Open(testChannel(), with(keyZone, "Mars/Olympus"), bridgetest.NewHost(t)); err == nil {
		t.Error("a time zone that is none was taken")
	}
}
