package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"causeway/core"
)

const (
	settled    = 3 * time.Second  // after the start
	thriftEach = 30 * time.Second // between two times that memory is given back
	quietUpTo  = 5                // collections of garbage in that time: with more of them the program is at work, and needs what it has

	// How much garbage there may be for what is in use, in percent. Twice Go's usual measure saves a tenth of the processor time at work for a dozen
	// megabytes; SQLite needs room for its pages in the same process. GOGC in the environment holds instead of all three.
	garbageQuiet, garbageOnSQLite, garbageAtWork = 100, 150, 200
)

// thrift gives memory back: at first what only the start needed, then, while the program has little to do, what has not been used since. Doing so
// takes some ten milliseconds of a processor; what is needed after all comes back by itself, without a read from the disk. At work there may be so many
// percent of garbage.
func thrift(ctx context.Context, atWork int) {
	allow := func(percent int) { debug.SetGCPercent(percent) }
	if os.Getenv("GOGC") != "" {
		allow = func(int) {}
	}
	allow(atWork)
	select {
	case <-ctx.Done():
		return
	case <-time.After(settled):
	}
	before := collections()
	each(ctx, thriftEach, func() {
		now := collections()
		if now-before <= quietUpTo {
			allow(garbageQuiet)
			debug.FreeOSMemory()
			forgetProgram()
		} else {
			allow(atWork)
		}
		before = now
	})
}

// collections counts how often garbage has been collected, but for those times that FreeOSMemory asked for it.
func collections() uint64 {
	s := []metrics.Sample{{Name: "/gc/cycles/automatic:gc-cycles"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s[0].Value.Uint64()
}

// each does something now, and again and again until ctx is done.
func each(ctx context.Context, interval time.Duration, do func()) {
	do()
	core.Every(ctx, interval, do)
}
