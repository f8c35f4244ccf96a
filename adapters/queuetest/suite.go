package queuetest

import (
	"testing"

	"causeway/core"
)

// Open returns a fresh, empty store with its queue, not started, and closes the store after the test.
type Open func(t *testing.T) (core.Store, core.Queue)

// Run tests a queue.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(b *bench)
	}{
		{"enqueue/order of coming", order}, {"enqueue/with the transaction", withTransaction}, {"enqueue/not before its time", notBefore},
		{"enqueue/before the start of the queue", beforeStart}, {"enqueue/many at once, each done once", many},
		{"same job/waiting is one", coalesceWaiting}, {"same job/twice in one transaction", coalesceInside},
		{"same job/other kind, workspace or key", apart}, {"same job/running is not doubled", coalesceRunning},
		{"same job/the earlier time counts", earlier}, {"same job/no wake-up is lost", noLostWakeUp},
		{"finish/then the same job is new", finishThenNew}, {"finish/rolled back is not done", finishRolledBack},
		{"end/later without counting", later}, {"end/error counts and delays", retried}, {"end/panic is an error", panics}, {"end/dead", dead},
		{"token/grows with every start", tokens}, {"parallel/bounded by kind", parallel},
		{"stop/waits for what runs", stopWaits}, {"stop/hands back what does not end", stopHandsBack}, {"stop/twice and start again", stopTwice},
		{"stop/with much waiting", stopWithMuchWaiting}, {"stop/asks who has much to do", stopAsks},
		{"time/soon after the commit", latency},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(newBench(t, open)) })
	}
}
