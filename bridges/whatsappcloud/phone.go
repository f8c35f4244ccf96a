package whatsappcloud

import (
	"context"
	"fmt"
	"sync"
	"time"

	"causeway/bridges/meta"
	"causeway/core"
)

const (
	phoneSeenKey = "phone-seen"
	topicQuiet   = "phone-quiet"
	seenGrain    = time.Hour // how exactly it is kept
	// Meta disconnects a number whose phone was not opened for about 14 days. So many days before the owner is to be reminded, and then urgently.
	quietDays, urgentDays = 10, 12
)

// phone is when the owner's phone last showed itself: by what was typed on it, a change of its contacts, or its history. That somebody only reads on it
// is not told.
type phone struct {
	mu   sync.Mutex
	seen time.Time // as this process knows it; zero: not yet
	told time.Time // when it was last said to be quiet
}

// lastSeen is when the phone last showed itself, to whichever node; zero: never.
func (l *link) lastSeen(ctx context.Context) (at time.Time) {
	l.phone.mu.Lock()
	defer l.phone.mu.Unlock()
	if l.host.Now().Sub(l.phone.seen) < seenGrain {
		return l.phone.seen
	}
	raw, err := l.host.Load(ctx, phoneSeenKey)
	if kept, unknown := time.Parse(time.RFC3339, string(raw)); err == nil && unknown == nil {
		l.phone.seen = kept
	}
	return l.phone.seen
}

// phoneShows notes a sign of the phone, and ends the warning if it had been quiet for long.
func (l *link) phoneShows(ctx context.Context) []core.Event {
	now, before := l.host.Now(), l.lastSeen(ctx)
	if now.Sub(before) < seenGrain {
		return nil
	}
	if err := l.host.Save(ctx, phoneSeenKey, []byte(now.UTC().Format(time.RFC3339))); err != nil {
		l.host.Log().WarnContext(ctx, "sign of the phone not kept", "err", err)
		return nil
	}
	l.phone.mu.Lock()
	l.phone.seen = now
	l.phone.mu.Unlock()
	if before.IsZero() || quiet(before, now) == 0 {
		return nil
	}
	return []core.Event{l.phoneNews(before, 0, core.Health{Level: core.HealthGood, Reason: "The phone has shown itself again."})}
}

// phoneQuiet warns of a phone that did not show itself for long, now and then: of its words the store takes each once.
func (l *link) phoneQuiet(ctx context.Context) []core.Event {
	now := l.host.Now()
	l.phone.mu.Lock()
	often := now.Sub(l.phone.told) < seenGrain
	if !often {
		l.phone.told = now
	}
	l.phone.mu.Unlock()
	if often || !l.coexists.yes() {
		return nil
	}
	at := l.lastSeen(ctx)
	days := quiet(at, now)
	if at.IsZero() || days == 0 {
		return nil
	}
	return []core.Event{l.phoneNews(at, days, core.Health{Level: core.HealthWarning, Reason: fmt.Sprintf(quietSince, meta.Day(at)), Remedy: quietRemedy(days)})}
}

const quietSince = "The phone has not shown itself since %s. After about 14 days without the app, Meta disconnects the number."

// quiet is since how many days the phone has not shown itself: 0, quietDays or urgentDays.
func quiet(seen, now time.Time) int {
	switch days := int(now.Sub(seen) / (24 * time.Hour)); {
	case days >= urgentDays:
		return urgentDays
	case days >= quietDays:
		return quietDays
	}
	return 0
}

func quietRemedy(days int) string {
	when := "."
	if days >= urgentDays {
		when = " today."
	}
	return "Open the WhatsApp Business app on the phone" + when + " That somebody only reads there is not seen here; that somebody writes is."
}

// phoneNews is news of the phone that last showed itself at a time, told once for each number of days; 0: it has shown itself again.
func (l *link) phoneNews(seen time.Time, days int, h core.Health) core.Event {
	h.Code = topicQuiet
	return core.Event{Kind: core.EventAccount, ID: fmt.Sprintf("%s/%s/%d", topicQuiet, seen.UTC().Format(time.RFC3339), days), Account: l.channel.Account,
		At: l.host.Now(), Origin: core.OriginProvider, Change: &core.AccountBody{Name: topicQuiet, Topic: topicQuiet, Detail: h.Reason, Health: &h}}
}

// checkOwner says when the phone of a number in coexistence last showed itself; nothing, if it never did.
func (l *link) checkOwner(ctx context.Context) []core.Finding {
	const subject = "owner's phone"
	at := l.lastSeen(ctx)
	if at.IsZero() || !l.coexists.yes() {
		return nil
	}
	if days := quiet(at, l.host.Now()); days > 0 {
		return []core.Finding{core.Warn(subject, quietRemedy(days), quietSince, meta.Day(at))}
	}
	return []core.Finding{core.Good(subject, "It last showed itself on %s.", meta.Day(at))}
}
