package main

import (
	"context"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

// TestThriftAllowsGarbage: more garbage is allowed from the start on, and as much as usual once there was little to do, unless the environment says how much.
func TestThriftAllowsGarbage(t *testing.T) {
	for name, c := range map[string]struct {
		environment    string
		started, quiet int
	}{
		"the program's own choice": {"", garbageAtWork, garbageQuiet},
		"the environment's":        {"70", 70, 70},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOGC", c.environment)
			defer debug.SetGCPercent(debug.SetGCPercent(70))
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go thrift(ctx, garbageAtWork)
				synctest.Wait()
				if got := debug.SetGCPercent(c.started); got != c.started {
					t.Errorf("%d percent at the start, want %d", got, c.started)
				}
				<-time.After(settled + thriftEach)
				synctest.Wait()
				if got := debug.SetGCPercent(c.quiet); got != c.quiet {
					t.Errorf("%d percent when there was little to do, want %d", got, c.quiet)
				}
			})
		})
	}
}
