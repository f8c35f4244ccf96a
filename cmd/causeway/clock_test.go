package main

import (
	"testing"
	"time"
)

// A clock that was set back says so in the log; one that is right, or was set forward, does not.
func TestClockSetBack(t *testing.T) {
	for name, c := range map[string]struct{ wall, passed, want time.Duration }{
		"right": {time.Minute, time.Minute, 0}, "set forward": {time.Hour, time.Minute, 0}, "set back": {-59 * time.Minute, time.Minute, time.Hour},
		"slept, when no time passes by it": {8 * time.Hour, time.Minute, 0},
	} {
		if got := setBack(c.wall, c.passed); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
