package riverqueue_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"causeway/adapters/gormstore/freshstore"
	"causeway/adapters/riverqueue"
	"causeway/core"
)

func benchOnBoth(b *testing.B, f func(b *testing.B, address string)) {
	b.Run("sqlite", func(b *testing.B) { f(b, fresh(b)) })
	b.Run("postgres", func(b *testing.B) { f(b, freshstore.Migrated(b)) })
}

// BenchmarkEnqueueAndWork measures jobs from their enqueueing, 64 in a transaction, to their end by Finish.
func BenchmarkEnqueueAndWork(b *testing.B) {
	benchOnBoth(b, func(b *testing.B, address string) {
		d := newDesk(b, address, riverqueue.Options{})
		var done atomic.Int64
		end := make(chan struct{})
		d.queue.Handle(kind, 32, func(ctx context.Context, w core.Work) error {
			err := d.finish(ctx, w)
			if done.Add(1) == int64(b.N) {
				close(end)
			}
			return err
		})
		d.start()
		b.ResetTimer()
		for i := 0; i < b.N; {
			var keys []string
			for ; len(keys) < 64 && i < b.N; i++ {
				keys = append(keys, fmt.Sprint(i))
			}
			d.enqueue(keys...)
		}
		<-end
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	})
}

// BenchmarkWorkAlone measures jobs that wait already.
func BenchmarkWorkAlone(b *testing.B) {
	benchOnBoth(b, func(b *testing.B, address string) {
		d := newDesk(b, address, riverqueue.Options{})
		var done atomic.Int64
		end := make(chan struct{})
		d.queue.Handle(kind, 32, func(ctx context.Context, w core.Work) error {
			err := d.finish(ctx, w)
			if done.Add(1) == int64(b.N) {
				close(end)
			}
			return err
		})
		for i := 0; i < b.N; {
			var keys []string
			for ; len(keys) < 256 && i < b.N; i++ {
				keys = append(keys, fmt.Sprint(i))
			}
			d.enqueue(keys...)
		}
		b.ResetTimer()
		d.start()
		<-end
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	})
}

// BenchmarkLatency measures from the commit to the start of the worker, one job at a time.
func BenchmarkLatency(b *testing.B) {
	benchOnBoth(b, func(b *testing.B, address string) {
		d := newDesk(b, address, riverqueue.Options{})
		started := make(chan time.Time, 1)
		d.queue.Handle(kind, 4, func(ctx context.Context, w core.Work) error {
			started <- time.Now()
			return d.finish(ctx, w)
		})
		d.start()
		all := make([]time.Duration, b.N)
		for i := range all {
			d.enqueue(fmt.Sprint(i))
			committed := time.Now()
			all[i] = (<-started).Sub(committed)
			pause(5 * time.Millisecond)
		}
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
		b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
	})
}

// BenchmarkIdle measures the CPU of a queue with seven kinds and nothing to do.
func BenchmarkIdle(b *testing.B) {
	benchOnBoth(b, func(b *testing.B, address string) {
		d := newDesk(b, address, riverqueue.Options{})
		for i := range 7 {
			d.queue.Handle(core.JobKind(fmt.Sprint("kind", i)), 8, func(context.Context, core.Work) error { return nil })
		}
		d.start()
		pause(2 * time.Second)
		before := cpu()
		const look = 10 * time.Second
		pause(look)
		b.ReportMetric(float64(cpu()-before)/float64(look)*100, "%cpu")
	})
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
