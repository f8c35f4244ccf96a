package whatsappdevice

import (
	"fmt"
	"testing"
	"time"

	"causeway/bridges/bridgetest"

	"pgregory.net/rapid"
)

func begun(t testing.TB, h *bridgetest.Host, c conf, device string) *budget {
	t.Helper()
	b := newBudget(c, h)
	if err := b.begin(t.Context(), device); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBudgetHolds: whatever the rhythm of sending, no span of an hour or a day has more than its limit, what is refused may go after the wait, and a
// restart forgets nothing.
func TestBudgetHolds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := bridgetest.NewHost(t)
		now := noon
		h.SetNow(now)
		c := conf{hourly: rapid.IntRange(1, 6).Draw(rt, "hourly"), daily: rapid.IntRange(1, 20).Draw(rt, "daily")}
		b := begun(t, h, c, "us")
		var sent []time.Time
		for range rapid.IntRange(1, 60).Draw(rt, "tries") {
			if rapid.IntRange(0, 9).Draw(rt, "restart") == 0 {
				b = begun(t, h, c, "us")
			}
			wait, err := b.take(t.Context())
			if err != nil {
				rt.Fatal(err)
			}
			if wait > 0 {
				now = now.Add(wait)
				h.SetNow(now)
				if wait, err = b.take(t.Context()); wait > 0 || err != nil {
					rt.Fatalf("after the wait: wait %v, %v", wait, err)
				}
			}
			sent = append(sent, now)
			if n := within(sent, time.Hour); n > c.hourly {
				rt.Fatalf("%d in an hour, of %d", n, c.hourly)
			}
			if n := within(sent, 24*time.Hour); n > c.daily {
				rt.Fatalf("%d in a day, of %d", n, c.daily)
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 120).Draw(rt, "minutes")) * time.Minute)
			h.SetNow(now)
		}
	})
}

// within counts what lies less than a span before the last.
func within(all []time.Time, span time.Duration) int {
	n, last := 0, all[len(all)-1]
	for _, at := range all {
		if last.Sub(at) < span {
			n++
		}
	}
	return n
}

func TestBudgetWarmsUp(t *testing.T) {
	h := bridgetest.NewHost(t)
	h.SetNow(noon)
	c := conf{hourly: 1000, daily: 100, warmUp: 10}
	b := begun(t, h, c, "first")
	for day, want := range map[int]string{0: "0.10", 5: "0.55", 10: "1.00", 30: "1.00"} {
		equal(t, fmt.Sprintf("share on day %d", day), fmt.Sprintf("%.2f", b.share(noon.Add(time.Duration(day)*aDay))), want)
	}
	h.SetNow(noon.Add(30 * aDay))
	b = begun(t, h, c, "first")
	equal(t, "share of the same device", b.share(h.Now()), 1.0)
	b = begun(t, h, c, "another")
	equal(t, "share of another device", b.share(h.Now()), leastShare)
	for range 10 {
		if wait, err := b.take(t.Context()); wait > 0 || err != nil {
			t.Fatalf("within a tenth of the budget: wait %v, %v", wait, err)
		}
	}
	if wait, _ := b.take(t.Context()); wait <= 0 {
		t.Error("more than a tenth on the first day")
	}
	words, full, err := newBudget(c, h).told(t.Context()) // in another process
	if want := "In the last hour 10 of 100 messages were sent, in the last day 10 of 10. The device warms up until 10 April 2026; then it is 1000 and 100."; err != nil || !full || words != want {
		t.Errorf("told %q, %v, %v, want %q", words, full, err, want)
	}
	h.SetNow(h.Now().Add(20 * aDay))
	if words, full, err := newBudget(c, h).told(t.Context()); err != nil || full || words != "In the last hour 0 of 1000 messages were sent, in the last day 0 of 100." {
		t.Errorf("later it tells %q, %v, %v", words, full, err)
	}
	if words, _, err := newBudget(c, bridgetest.NewHost(t)).told(t.Context()); err != nil || words != "" {
		t.Errorf("before a pairing it tells %q, %v", words, err)
	}
}
