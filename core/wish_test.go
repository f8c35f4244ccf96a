package core

import (
	"testing"
	"time"
)

func TestSilenceAt(t *testing.T) {
	phone := func(id IdentityID, n string) Identity {
		return Identity{ID: id, Key: IdentityKey{Scheme: SchemePhone, Value: n}}
	}
	mobile, home, account := phone("mobile", "5511987654321"), phone("home", "551132654321"), Identity{ID: "account", Key: IdentityKey{Scheme: SchemeBSUID, Value: "BR.1"}}
	short, moved := phone("short", "551187654321"), phone("moved", "447700900123")
	moved.Source = SourceChanged
	all := []Identity{mobile, home, account, short, moved}
	for _, c := range []struct {
		name    string
		address Identity
		by      IdentityID
		want    Silence
	}{
		{"the number itself", mobile, "mobile", Silence{All: true}},
		{"another number of the person", mobile, "home", Silence{}},
		{"the account behind the number", mobile, "account", Silence{All: true}},
		{"the number of the account", account, "mobile", Silence{All: true}},
		{"the same number written otherwise", mobile, "short", Silence{All: true}},
		{"the number that it replaced", moved, "mobile", Silence{All: true}},
		{"an identity that is no longer theirs", mobile, "gone", Silence{}},
	} {
		if got := SilenceAt(c.address, all, []Wish{{Identity: c.by, Stop: true}}, time.Time{}); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
	both := []Wish{{Identity: "mobile", Stop: true, Marketing: true}, {Identity: "mobile"}}
	if got := SilenceAt(mobile, all, both, time.Time{}); got != (Silence{Marketing: true}) {
		t.Errorf("marketing alone: %+v", got)
	}
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for wrote, want := range map[time.Duration]bool{-time.Hour: true, 0: true, time.Second: false} {
		if got := SilenceAt(mobile, all, []Wish{{Identity: "mobile", Stop: true, Block: true, At: noon}}, noon.Add(wrote)); got != (Silence{Blocked: want}) {
			t.Errorf("blocked, wrote %s after: %+v", wrote, got)
		}
	}
}

func TestConfirmation(t *testing.T) {
	for _, w := range []Wish{{Channel: "ch", Identity: "i", Marketing: true}, {Channel: "ch", Identity: "i"}} {
		ch, id, marketing := w.Confirmation("ws").Confirmed()
		if ch != w.Channel || id != w.Identity || marketing != w.Marketing {
			t.Errorf("%+v: got %s %s %v", w, ch, id, marketing)
		}
	}
}
