package riverqueue_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/adapters/riverqueue"
	"causeway/core"

	"github.com/jackc/pgx/v5"
)

// TestQueueKilledWhileMessagesArrive: every connection to PostgreSQL is killed again and again, those of the queue among them, while messages are
// stored. Whoever brings one repeats it until it is taken. Every message that is stored is worked on, and its effect is there once.
func TestQueueKilledWhileMessagesArrive(t *testing.T) {
	address := freshstore.Migrated(t)
	d := newDesk(t, address, riverqueue.Options{})
	d.sql("CREATE TABLE stored (key text PRIMARY KEY)")
	d.sql("CREATE TABLE worked (key text)")
	d.queue.Handle(kind, 8, func(ctx context.Context, w core.Work) error {
		return d.store.Tx(ctx, func(tx core.Tx) error {
			if _, err := tx.(gormstore.Transaction).Exec(ctx, "INSERT INTO worked VALUES ($1)", w.Key); err != nil {
				return err
			}
			return w.Finish(ctx, tx)
		})
	})
	d.start()
	var over atomic.Bool
	var kills, stored atomic.Int64
	var all sync.WaitGroup
	all.Go(func() {
		defer over.Store(true)
		kills.Store(killConnections(d, address, 3*time.Second))
	})
	for p := range 4 {
		all.Go(func() {
			for i := 0; !over.Load(); i++ {
				key := fmt.Sprint(p, "-", i)
				for d.store.Tx(t.Context(), func(tx core.Tx) error { return d.accept(tx, key) }) != nil {
					pause(5 * time.Millisecond)
				}
				stored.Add(1)
				pause(2 * time.Millisecond) // else a quick machine stores more than it can work on in time
			}
		})
	}
	all.Wait()
	d.until("end", func() bool { return d.counts() == "" })
	var rows, once int64
	d.must(d.store.Postgres().QueryRow(t.Context(), "SELECT (SELECT count(*) FROM stored), count(*) FROM (SELECT key FROM worked GROUP BY key HAVING count(*) = 1) AS w").Scan(&rows, &once))
	if rows != stored.Load() || once != rows {
		t.Errorf("%d were taken, %d are stored, %d were worked on once", stored.Load(), rows, once)
	}
	t.Logf("%d messages, %d connections killed", rows, kills.Load())
	if kills.Load() == 0 || rows == 0 {
		t.Error("nothing was tried")
	}
}

// accept stores a message, as if by its key, and the job it needs, once.
func (d *desk) accept(tx core.Tx, key string) error {
	n, err := tx.(gormstore.Transaction).Exec(d.Context(), "INSERT INTO stored VALUES ($1) ON CONFLICT DO NOTHING", key)
	if err != nil || n == 0 {
		return err
	}
	return tx.Enqueue(d.Context(), core.Job{Kind: kind, Workspace: d.ws, Key: key})
}

// killConnections kills all connections to the database but its own, for a while, and returns how many.
func killConnections(d *desk, address string, lasting time.Duration) (killed int64) {
	c, err := pgx.Connect(d.Context(), address)
	if err != nil {
		d.Error(err)
		return 0
	}
	defer func() { _ = c.Close(d.Context()) }()
	for end := time.Now().Add(lasting); time.Now().Before(end); pause(100 * time.Millisecond) {
		tag, err := c.Exec(d.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		if err != nil {
			d.Error(err)
		}
		killed += tag.RowsAffected()
	}
	return killed
}
