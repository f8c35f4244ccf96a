package gormstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// queueStep is the version in which the queue's tables were made. Its SQL is River's own; an update of River that brings more needs a
// further step that does the same.
const (
	queueStep     = 2
	queueStepName = "00002_queue"
)

// unused are River's indexes for lists of jobs by kind and by what is in them, which nothing here asks for. Every start and end of a job would pay
// for them.
const unused = "DROP INDEX IF EXISTS river_job_kind; DROP INDEX IF EXISTS river_job_args_index; DROP INDEX IF EXISTS river_job_metadata_index"

// queueTables is that step. On SQLite it runs in the transaction of its version; on PostgreSQL, where River needs pgx, beside it, and may
// therefore find its work done by an attempt that died before the version was written.
func queueTables(pool *pgxpool.Pool) *goose.Migration {
	if pool != nil {
		return goose.NewGoMigration(queueStep, &goose.GoFunc{RunDB: func(ctx context.Context, _ *sql.DB) error {
			m, err := rivermigrate.New(riverpgxv5.New(pool), nil)
			if err == nil {
				_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
			}
			if err == nil {
				_, err = pool.Exec(ctx, unused)
			}
			return queueErr(err)
		}}, nil)
	}
	return goose.NewGoMigration(queueStep, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		m, err := rivermigrate.New(riversqlite.New(nil), nil)
		if err == nil {
			_, err = m.MigrateTx(ctx, tx, rivermigrate.DirectionUp, nil) //nolint:staticcheck // it is PostgreSQL's steps that one transaction cannot hold
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, unused)
		}
		return queueErr(err)
	}}, nil)
}

func queueErr(err error) error {
	if err != nil {
		return fmt.Errorf("make the queue's tables: %w", err)
	}
	return nil
}
