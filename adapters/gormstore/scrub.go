package gormstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

// scrubTime bounds how long those who write wait while SQLite's log is emptied.
const scrubTime = time.Second

var errRead = errors.New("somebody is reading")

// Scrub empties SQLite's write-ahead log, in which what was deleted may still stand. PostgreSQL has a log that is not ours.
func (s *Store) Scrub(ctx context.Context) error {
	lite, ok := s.engine.(*liteEngine)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, scrubTime)
	defer cancel()
	return lite.shared.alone(ctx, func() error {
		var busy, pages, moved int
		err := lite.checkpoints.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
		if err == nil && busy != 0 {
			err = errRead
		}
		return err
	})
}

// Compact writes the database anew, without what is left in its free places of rows that were deleted or moved. SQLite needs as much room again beside it,
// and nobody else can write meanwhile. On PostgreSQL it gives the places free, and others go on.
func (s *Store) Compact(ctx context.Context) error {
	if s.postgres != nil {
		_, err := s.postgres.Exec(ctx, "VACUUM")
		return fail(err)
	}
	err := s.engine.(*liteEngine).shared.alone(ctx, func() error { // what others write waits
		_, err := s.lite.ExecContext(ctx, "VACUUM")
		return err
	})
	if err != nil {
		p := core.Problemf(core.CodeUnavailable, "The database file cannot be written anew now: %v.", err).
			Remedied("Stop the gateway, see that the disk has room for the file once more, and try again.")
		p.Err = fmt.Errorf("compact: %w", err)
		return p
	}
	return s.Scrub(ctx)
}
