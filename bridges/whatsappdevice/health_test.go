package whatsappdevice

import (
	"errors"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"

	"go.mau.fi/whatsmeow/types/events"
)

func TestEnded(t *testing.T) {
	never := time.Time{}
	for _, c := range []struct {
		name  string
		evt   any
		code  string
		again time.Time
		gone  bool
		says  string
	}{
		{"unlinked on the phone", &events.LoggedOut{Reason: events.ConnectFailureLoggedOut}, "logged-out-401", never, true, "unlinked this device"},
		{"unlinked while away", &events.LoggedOut{OnConnect: true, Reason: events.ConnectFailureLoggedOut}, "logged-out-401", never, true, "Cloud API"},
		{"phone exchanged", &events.LoggedOut{OnConnect: true, Reason: events.ConnectFailureMainDeviceGone}, "logged-out-403", never, true, "phone itself"},
		{"banned for good", &events.LoggedOut{OnConnect: true, Reason: events.ConnectFailureUnknownLogout}, "logged-out-406", never, true, "review"},
		{"replaced", &events.StreamReplaced{}, "replaced", never, false, "other program"},
		{"banned for an hour", &events.TemporaryBan{Code: events.TempBanBlockedByUsers, Expire: time.Hour}, "banned-102", noon.Add(time.Hour), false, "1 March 2026, 13:00 UTC"},
		{"banned without an end", &events.TemporaryBan{Code: 199}, "banned-199", noon.Add(banWait), false, "terms of service"},
		{"outdated", &events.ClientOutdated{}, "405", noon.Add(outdatedWait), false, "Update Causeway"},
	} {
		t.Run(c.name, func(t *testing.T) {
			end, over := ended(c.evt, noon)
			h := end.health
			if !over || h.Level != core.HealthBad || h.Code != c.code || !end.again.Equal(c.again) || end.gone != c.gone || h.Remedy == "" {
				t.Errorf("got %+v", end)
			}
			if !strings.Contains(h.Reason+" "+h.Remedy, c.says) {
				t.Errorf("%s %s: want %q in it", h.Reason, h.Remedy, c.says)
			}
		})
	}
	for _, evt := range []any{&events.Connected{}, &events.Disconnected{}, &events.StreamError{Code: "1"}} {
		if end, over := ended(evt, noon); over {
			t.Errorf("%T: got %+v, want no end", evt, end)
		}
	}
	end, over := ended(&events.ConnectFailure{Reason: 418}, noon)
	var e *core.SendError
	if !over || !errors.As(end.err, &e) || e.Code != "418" || e.Effect != core.EffectRetry {
		t.Errorf("connect failure: %+v", end)
	}
}

func TestPhoneOffline(t *testing.T) {
	for days, code := range map[int]string{0: "", 9: "", 10: "phone-offline-10", 11: "phone-offline-10", 12: "phone-offline-12", 20: "phone-offline-12"} {
		a := phoneOffline(noon, noon.Add(time.Duration(days)*24*time.Hour+time.Hour))
		if got := codeOf(a); got != code {
			t.Errorf("after %d days: %q, want %q", days, got, code)
		}
	}
	if a := phoneOffline(time.Time{}, noon); a != nil {
		t.Errorf("never seen: %+v", a)
	}
}

func codeOf(a *ailment) string {
	if a == nil {
		return ""
	}
	return a.health.Code
}

// TestWard: the gravest ailment is told, each once, and what is over is taken back.
func TestWard(t *testing.T) {
	h := bridgetest.NewHost(t)
	h.SetNow(noon)
	w, ctx := newWard(h), t.Context()
	w.look(ctx)
	w.up(ctx)
	w.up(ctx)
	w.ail(ctx, ofBudget, ailment{until: noon.Add(time.Hour), health: warning("budget", "r", "m")})
	w.ail(ctx, ofPhone, ailment{health: warning("phone", "r", "m")})
	w.heal(ctx, ofPhone)
	w.ail(ctx, ofSession, ailment{health: bad("banned", "r", "m")})
	w.ail(ctx, ofPhone, ailment{health: warning("phone", "r", "m")})
	w.heal(ctx, ofPhone)
	w.up(ctx)
	h.SetNow(noon.Add(time.Hour))
	w.look(ctx)
	var told []string
	for _, one := range h.Healths() {
		told = append(told, one.Code)
	}
	equal(t, "told", strings.Join(told, " "), "connected budget phone budget banned budget connected")
}
