package core

import (
	"context"
	"time"
)

// Clock tells the time. The demo and tests move it.
type Clock func() time.Time

// Latest returns the later of two times. A zero one is before all others.
func Latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Every does something each time that a span has passed, until ctx is done. It does not begin at once.
func Every(ctx context.Context, span time.Duration, do func()) {
	t := time.NewTicker(span)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			do()
		}
	}
}
