package core

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// office is Sunday to Thursday with a break at noon, a night shift on Friday, two holidays.
func office(zone string) Hours {
	h := Hours{Zone: zone, Holidays: []Holiday{{Date: "2026-12-24", Name: "short", Open: []Shift{{9 * 60, 12 * 60}}}, {Date: "12-25", Name: "Christmas"}}}
	for d := time.Sunday; d <= time.Thursday; d++ {
		h.Week[d] = []Shift{{9 * 60, 13 * 60}, {14 * 60, 18 * 60}}
	}
	h.Week[time.Friday] = []Shift{{22 * 60, 6 * 60}}
	return h
}

func TestHours(t *testing.T) {
	for _, c := range []struct{ zone, at, next, closes string }{
		{"Asia/Riyadh", "2026-11-22 09:00", "2026-11-22 09:00", "2026-11-22 13:00"}, // Sunday
		{"Asia/Riyadh", "2026-11-22 13:00", "2026-11-22 14:00", ""},
		{"Asia/Riyadh", "2026-11-26 18:00", "2026-11-27 22:00", ""}, // Thursday evening
		{"Asia/Riyadh", "2026-11-28 03:00", "2026-11-28 03:00", "2026-11-28 06:00"},
		{"Asia/Riyadh", "2026-11-28 06:00", "2026-11-29 09:00", ""},
		{"Asia/Riyadh", "2026-12-24 13:30", "2026-12-27 09:00", ""}, // a holiday takes the night of the 25th, a Friday
		{"Europe/Berlin", "2026-03-27 23:00", "2026-03-27 23:00", "2026-03-28 06:00"},
		{"Africa/Cairo", "2026-04-24 00:30", "2026-04-24 22:00", ""}, // clocks have gone from 0:00 to 1:00: 0:30 is 1:30
	} {
		h := office(c.zone)
		loc := h.Location()
		at, _ := time.ParseInLocation("2006-01-02 15:04", c.at, loc)
		next, ok := h.Next(at)
		closes := ""
		if end := h.Closes(at); !end.IsZero() {
			closes = end.In(loc).Format("2006-01-02 15:04")
		}
		if got := next.In(loc).Format("2006-01-02 15:04"); !ok || got != c.next || closes != c.closes {
			t.Errorf("%s at %s: opens %s, closes %q; want %s, %q", c.zone, c.at, got, closes, c.next, c.closes)
		}
	}
	if _, ok := (Hours{Holidays: []Holiday{{Date: "01-01"}}}).Next(time.Now()); ok {
		t.Error("hours without a shift open")
	}
	if !(Hours{}).Open(time.Now()) {
		t.Error("no hours are not always open")
	}
	round := Hours{}
	for d := range round.Week {
		round.Week[d] = []Shift{{0, 24 * 60}}
	}
	if !round.Open(time.Now()) || time.Until(round.Closes(time.Now())) < 300*24*time.Hour {
		t.Error("round the clock closes")
	}
}

// Nothing is open between a moment and the next opening, which is open; and until it closes, it is open.
func TestHoursProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := Hours{Zone: rapid.SampledFrom([]string{"", "Europe/Berlin", "Africa/Cairo", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe"}).Draw(t, "zone")}
		for d := range h.Week {
			for range rapid.IntRange(0, 2).Draw(t, "shifts") {
				h.Week[d] = append(h.Week[d], Shift{rapid.IntRange(0, 23*60).Draw(t, "from"), rapid.IntRange(0, 24*60).Draw(t, "to")})
			}
		}
		at := time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(t, "at"), 0)
		next, ok := h.Next(at)
		if !ok {
			next = at.Add(10 * 24 * time.Hour)
		} else if !h.Open(next) {
			t.Fatalf("closed at %s, when it opens", next)
		}
		for m := at; m.Before(next) && !h.Always(); m = m.Add(7 * time.Minute) {
			if h.Open(m) {
				t.Fatalf("open at %s, before it opens at %s", m, next)
			}
		}
		if closes := h.Closes(next); ok && !h.Always() {
			if !h.Open(closes.Add(-time.Second)) || h.Open(closes) && closes.Sub(next) < 300*24*time.Hour {
				t.Fatalf("closes at %s: open before %v, open then %v", closes, h.Open(closes.Add(-time.Second)), h.Open(closes))
			}
		}
	})
}

func TestHoursText(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{{"mon", 1}, {"Sun-Thu", 5}, {"fri-mon", 4}, {"mon, wed,friday", 3}, {"sat-sun, sun", 2}} {
		got, err := ParseDays(c.text)
		if err != nil || len(got) != c.want {
			t.Errorf("%s: %v, %v", c.text, got, err)
		}
	}
	for _, bad := range []string{"", "mo", "mon-", "someday", "mon tue"} {
		if got, err := ParseDays(bad); err == nil {
			t.Errorf("%q are the days %v", bad, got)
		}
	}
	for _, bad := range []string{"9-17", "09:00", "09:00-09:00", "25:00-26:00", "09:00-17:60", "24:00-01:00", "a", "09:00-17:00,"} {
		if got, err := ParseShifts(bad); err == nil {
			t.Errorf("%q are the shifts %v", bad, got)
		}
	}
	h := office("Asia/Riyadh")
	raw, err := json.Marshal(h)
	var back Hours
	if err != nil || json.Unmarshal(raw, &back) != nil || h.Check() != nil || back.Week[5][0] != h.Week[5][0] || back.Holidays[0].Open[0].String() != "09:00-12:00" {
		t.Errorf("%s: %v", raw, err)
	}
	for _, bad := range []Hours{{Zone: "Riyadh"}, {Zone: "Local"}, {Holidays: []Holiday{{Date: "25.12."}}}, {Holidays: []Holiday{{Date: "02-30"}}}} {
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
