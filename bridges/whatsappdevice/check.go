package whatsappdevice

import (
	"context"
	"slices"

	"causeway/core"
)

// Check implements core.Link. What it finds is what the session knows: WhatsApp is asked nothing.
func (l *link) Check(ctx context.Context) []core.Finding {
	return slices.Concat([]core.Finding{l.checkDevice(ctx)}, l.checkBudget(ctx), []core.Finding{l.checkSession()})
}

// checkBudget says how much was sent and may be, once a device was paired.
func (l *link) checkBudget(ctx context.Context) []core.Finding {
	f := core.Finding{Subject: "send budget", Level: core.HealthGood}
	words, full, err := l.budget.told(ctx)
	switch {
	case err != nil:
		f.Level, f.Detail, f.Remedy = core.HealthWarning, "It cannot be told how much was sent.", "Look at the gateway's database."
	case words == "":
		return nil
	default:
		f.Detail = words
		if full {
			f.Level, f.Remedy = core.HealthWarning, "Wait: messages go on by themselves as there is room. "+busyRemedy
		}
	}
	return []core.Finding{f}
}

func (l *link) checkDevice(ctx context.Context) core.Finding {
	f := core.Finding{Subject: "linked device", Level: core.HealthGood, Detail: "A phone is paired."}
	device, err := l.device(ctx)
	switch {
	case err != nil:
		f.Level, f.Detail, f.Remedy = core.HealthWarning, "It cannot be told whether a phone is paired: the gateway's records cannot be read.", "Look at the gateway's database and key."
	case device == nil || device.ID == nil:
		h := l.lastEnding(ctx)
		f.Level, f.Detail, f.Remedy = core.HealthBad, h.Reason, h.Remedy
	}
	return f
}

func (l *link) checkSession() core.Finding {
	f := core.Finding{Subject: "connection", Level: core.HealthGood, Detail: "The linked device is connected here."}
	if s := l.live.Load(); s == nil {
		f.Level, f.Detail, f.Remedy = core.HealthUnknown, "The session does not run in this process.", "If causeway serve runs, its state is the one that counts: causeway channel show NAME."
	} else if !s.client.IsLoggedIn() {
		h := disconnected()
		f.Level, f.Detail, f.Remedy = h.Level, h.Reason, h.Remedy
	}
	return f
}
