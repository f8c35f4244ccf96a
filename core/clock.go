package core

import "time"

// Clock tells the time. The demo and tests move it.
type Clock func() time.Time

// Latest returns the later of two times. A zero one is before all others.
func Latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
