package gormstore

import (
	"context"
	"database/sql"
	"time"

	"causeway/core"
)

const (
	// checkpointEach is how often it is looked whether commits have left enough for a checkpoint: checkpointAfter of them, or any for checkpointLatest.
	checkpointEach   = 250 * time.Millisecond
	checkpointAfter  = 100
	checkpointLatest = 30 * time.Second
	// longLog is the length, in pages, from which on SQLite's log is begun anew, for which those who write wait a moment.
	longLog = 4000
)

// checkpoints moves what commits wrote to SQLite's write-ahead log into the database file beside those who write. SQLite by itself has every so
// many commits do that first, and all wait: some tens of milliseconds, more the more customers write, since their rows are on more pages.
type checkpoints struct {
	db     *sql.DB // of one connection, its own
	shared *shared
	stop   context.CancelFunc
	done   chan struct{}

	commits int64     // as they were counted at the last checkpoint
	last    time.Time // when that was
}

// checkpointing starts to look after the log, until close is called or ctx ends.
func checkpointing(ctx context.Context, path string, s *shared) *checkpoints {
	ctx, stop := context.WithCancel(ctx)
	c := &checkpoints{db: liteDB(path, 1, "&_pragma=cache_size(-256)"), shared: s, stop: stop, done: make(chan struct{}), last: time.Now()}
	go c.run(ctx)
	return c
}

func (c *checkpoints) run(ctx context.Context) {
	defer close(c.done)
	core.Every(ctx, checkpointEach, func() {
		if c.due() {
			_ = c.once(ctx) // of a disk that takes no more, whoever writes hears
		}
	})
}

func (c *checkpoints) due() bool {
	now, since := c.shared.commits.Load(), time.Since(c.last)
	if now-c.commits < checkpointAfter && (now == c.commits || since < checkpointLatest) {
		return false
	}
	c.commits, c.last = now, time.Now()
	return true
}

// once makes a checkpoint. Where the log is long, what came meanwhile is moved too, the last of it while nobody writes: SQLite begins the log anew
// only once all of it has been moved.
func (c *checkpoints) once(ctx context.Context) error {
	pages, err := c.move(ctx)
	if err != nil || pages < longLog {
		return err
	}
	if _, err := c.move(ctx); err != nil {
		return err
	}
	return c.shared.alone(ctx, func() error {
		_, err := c.move(ctx)
		return err
	})
}

// move moves what it can without waiting for anybody, and returns how many pages the log has.
func (c *checkpoints) move(ctx context.Context) (pages int, err error) {
	var busy, moved int
	err = c.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &moved)
	return pages, err
}

func (c *checkpoints) close() error {
	c.stop()
	<-c.done
	return c.db.Close()
}
