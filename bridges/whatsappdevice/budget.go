package whatsappdevice

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"causeway/core"
)

const (
	budgetValue = "budget"
	grain       = 5 * time.Minute
	aDay        = 24 * time.Hour
	leastShare  = 0.1 // of the budget on the day of pairing
	roomFor     = 2 * time.Hour
)

// budget counts what is sent, and says when there is room for more. What it counts outlives the process; it is loaded when a session begins.
type budget struct {
	conf conf
	host core.Host
	mu   sync.Mutex
	spent
}

// spent is what is kept. Sent counts by pieces of time, named by their beginning in Unix seconds.
type spent struct {
	Device string        `json:"device"` // whose budget it is
	Since  time.Time     `json:"since"`  // when that was paired, as far as we know
	Sent   map[int64]int `json:"sent"`
}

func newBudget(c conf, h core.Host) *budget { return &budget{conf: c, host: h} }

// begin loads what was spent. A device that is not the one known before warms up from now on.
func (b *budget) begin(ctx context.Context, device string) error {
	raw, err := b.host.Load(ctx, budgetValue)
	if err != nil {
		return fmt.Errorf("load send budget: %w", err)
	}
	kept, err := readSpent(raw)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = kept
	if b.Device == device {
		return nil
	}
	b.Device, b.Since = device, b.host.Now()
	return b.keep(ctx)
}

func readSpent(raw []byte) (spent, error) {
	var s spent
	if raw != nil {
		if err := json.Unmarshal(raw, &s); err != nil {
			return s, fmt.Errorf("read send budget: %w", err)
		}
	}
	if s.Sent == nil {
		s.Sent = map[int64]int{}
	}
	return s, nil
}

// told says in words what was sent, of how much, and whether that is all for now; "" before a device was paired. It reads what is kept, for the session
// may run in another process.
func (b *budget) told(ctx context.Context) (words string, full bool, err error) {
	raw, err := b.host.Load(ctx, budgetValue)
	if err != nil {
		return "", false, fmt.Errorf("load send budget: %w", err)
	}
	kept, err := readSpent(raw)
	if err != nil || kept.Device == "" {
		return "", false, err
	}
	now := b.host.Now()
	view := &budget{conf: b.conf, host: b.host, spent: kept}
	share := view.share(now)
	hourly, daily := part(b.conf.hourly, share), part(b.conf.daily, share)
	words = fmt.Sprintf("In the last hour %d of %d messages were sent, in the last day %d of %d.", view.sent(now, time.Hour), hourly, view.sent(now, aDay), daily)
	if share < 1 {
		words += fmt.Sprintf(" The device warms up until %s; then it is %d and %d.", view.Since.Add(time.Duration(b.conf.warmUp)*aDay).UTC().Format("2 January 2006"), b.conf.hourly, b.conf.daily)
	}
	return words, max(view.wait(now, time.Hour, hourly), view.wait(now, aDay, daily)) > 0, nil
}

// sent counts what was sent within a span, by the same pieces of time that limit it.
func (b *budget) sent(now time.Time, span time.Duration) int {
	n := 0
	for at := now.Truncate(grain); now.Sub(at) < span+grain; at = at.Add(-grain) {
		n += b.Sent[at.Unix()]
	}
	return n
}

// since is when the device was paired, as far as we know.
func (b *budget) since() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Since
}

// take counts one message if there is room for it. If not, it says how long to wait.
func (b *budget) take(ctx context.Context) (wait time.Duration, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.host.Now()
	b.forget(now)
	share := b.share(now)
	wait = max(b.wait(now, time.Hour, part(b.conf.hourly, share)), b.wait(now, aDay, part(b.conf.daily, share)))
	if wait > 0 {
		return wait, nil
	}
	b.Sent[now.Truncate(grain).Unix()]++
	return 0, b.keep(ctx)
}

// share is how much of the budget a device has that was paired so long ago.
func (b *budget) share(now time.Time) float64 {
	days := now.Sub(b.Since).Hours() / 24
	if b.conf.warmUp == 0 || days >= float64(b.conf.warmUp) {
		return 1
	}
	return leastShare + (1-leastShare)*max(0, days)/float64(b.conf.warmUp)
}

func part(limit int, share float64) int { return max(1, int(float64(limit)*share)) }

// wait is how long until fewer than the limit were sent in a span, zero if that is so now.
func (b *budget) wait(now time.Time, span time.Duration, limit int) time.Duration {
	n := 0
	for at := now.Truncate(grain); now.Sub(at) < span+grain; at = at.Add(-grain) {
		if n += b.Sent[at.Unix()]; n >= limit {
			return at.Add(span + grain).Sub(now)
		}
	}
	return 0
}

func (b *budget) forget(now time.Time) {
	for at := range b.Sent {
		if now.Sub(time.Unix(at, 0)) > aDay+grain {
			delete(b.Sent, at)
		}
	}
}

func (b *budget) keep(ctx context.Context) error {
	raw, err := json.Marshal(b.spent)
	if err != nil {
		return fmt.Errorf("write send budget: %w", err)
	}
	if err := b.host.Save(ctx, budgetValue, raw); err != nil {
		return fmt.Errorf("keep send budget: %w", err)
	}
	return nil
}

// overBudget is the refusal of a message that must wait.
func overBudget(wait time.Duration) *core.SendError {
	return &core.SendError{Code: "budget", Outcome: core.Rejected, Effect: core.EffectSlow, Retry: wait,
		Reason: "The channel has sent as much as its budget allows; the message waits.", Remedy: "Nothing needs to be done; an admin may raise the channel's budget."}
}

const busyRemedy = "If this happens often, use a Cloud API channel, or raise the budget and with it the risk of a ban."

// spentUp is told until there was room for a while: the admins are not to be mailed each time that one message fits in.
func spentUp(wait time.Duration, now time.Time) ailment {
	return ailment{until: now.Add(wait + roomFor), health: warning("budget", "The channel has sent as much as its budget allows; messages wait until there is room.",
		busyRemedy)}
}
