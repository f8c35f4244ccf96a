package outbound

import (
	"context"
	"fmt"
	"time"

	"causeway/core"
)

const (
	slowOwner = "slow"          // of the values that say until when channels are slow, by channel
	slowHeard = 5 * time.Second // how long a node goes by what it has read of them
)

// slow is what this node knows of a channel whose provider asked for less.
type slow struct{ until, read time.Time }

// slowUntil is when a channel may be used again, by what its provider told any node, before the last start too.
func (o *Outbox) slowUntil(ctx context.Context, repo core.Repo, ch core.ChannelID) (time.Time, error) {
	now := o.Now()
	o.mu.Lock()
	known := o.slow[ch]
	o.mu.Unlock()
	if known.until.After(now) || now.Sub(known.read).Abs() < slowHeard {
		return known.until, nil
	}
	until, err := storedSlow(ctx, repo, ch)
	if err == nil {
		o.heard(ch, slow{until, now})
	}
	return until, err
}

func storedSlow(ctx context.Context, repo core.Repo, ch core.ChannelID) (time.Time, error) {
	raw, err := repo.Value(ctx, slowOwner, string(ch))
	if err != nil {
		return time.Time{}, fmt.Errorf("until when the channel is slow: %w", err)
	}
	until, _ := time.Parse(time.RFC3339Nano, string(raw)) // none: it is not
	return until, nil
}

// slowDown keeps a channel from being used, by any node, for as long as its provider asks. Of two times the later holds.
func (o *Outbox) slowDown(ctx context.Context, repo core.Repo, ch core.ChannelID, until time.Time) error {
	stored, err := storedSlow(ctx, repo, ch)
	if err != nil {
		return err
	}
	o.heard(ch, slow{core.Latest(stored, until), o.Now()})
	if !until.After(stored) {
		return nil
	}
	if err := repo.SetValueUntil(ctx, slowOwner, string(ch), []byte(until.UTC().Format(time.RFC3339Nano)), until); err != nil {
		return fmt.Errorf("slow channel down: %w", err)
	}
	return nil
}

// heard notes what is known of a channel, unless more is known by now.
func (o *Outbox) heard(ch core.ChannelID, s slow) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s.until = core.Latest(s.until, o.slow[ch].until)
	o.slow[ch] = s
}
