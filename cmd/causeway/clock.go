package main

import (
	"context"
	"log/slog"
	"time"
)

const (
	clockEach   = time.Minute
	clockSlight = 30 * time.Second // a step that nobody needs to know of
)

// watchClock returns what, called from time to time, says when this machine's clock was set back. What is to be tried again has its time in the
// database by the clock as it was, and so waits that much longer; so does what was planned, rightly.
func watchClock(log *slog.Logger) func(ctx context.Context) {
	last := time.Now()
	return func(ctx context.Context) {
		now := time.Now()
		if back := setBack(now.Round(0).Sub(last.Round(0)), now.Sub(last)); back > clockSlight {
			log.WarnContext(ctx, "this machine's clock was set back: what waits to be tried again waits so much longer", "by", back.Round(time.Second))
		}
		last = now
	}
}

// setBack is how far a clock was set back that went on by wall, while this time passed; zero if it was not.
func setBack(wall, passed time.Duration) time.Duration { return max(0, passed-wall) }
