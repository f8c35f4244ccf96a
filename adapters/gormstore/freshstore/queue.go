package freshstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"causeway/adapters/gormstore"
	"causeway/core"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Queue keeps jobs in a table of the store's database, so that those of a transaction that failed are gone. As core.Job asks, a second job of the
// same kind and key is not added while the first waits or runs. It runs nothing by itself: Run does.
type Queue struct {
	lite  *sql.DB
	pool  *pgxpool.Pool
	token atomic.Int64
}

const (
	makeJobs = "CREATE TABLE test_jobs (kind TEXT NOT NULL, workspace TEXT NOT NULL, name TEXT NOT NULL, at TEXT NOT NULL, args TEXT NOT NULL, PRIMARY KEY (kind, workspace, name))"
	addJob   = "INSERT INTO test_jobs (kind, workspace, name, at, args) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
	endJob   = "DELETE FROM test_jobs WHERE kind = $1 AND workspace = $2 AND name = $3"
	allJobs  = "SELECT kind, workspace, name, at, args FROM test_jobs WHERE kind <> $1 ORDER BY kind, name"
)

func newQueue(ctx context.Context, s *gormstore.Store) (*Queue, error) {
	q := &Queue{lite: s.SQLite(), pool: s.Postgres()}
	if q.pool != nil {
		_, err := q.pool.Exec(ctx, makeJobs)
		return q, err
	}
	_, err := q.lite.ExecContext(ctx, makeJobs)
	return q, err
}

// EnqueueTx implements gormstore.Enqueuer.
func (q *Queue) EnqueueTx(ctx context.Context, tx any, jobs []core.Job) error {
	for _, j := range jobs {
		at := ""
		if !j.At.IsZero() {
			at = j.At.UTC().Format(time.RFC3339Nano)
		}
		if _, err := tx.(gormstore.Transaction).Exec(ctx, addJob, string(j.Kind), string(j.Workspace), j.Key, at, string(j.Args)); err != nil {
			return err
		}
	}
	return nil
}

// Jobs lists what waits, by kind and key.
func (q *Queue) Jobs(ctx context.Context) ([]core.Job, error) { return q.JobsBut(ctx, "") }

// JobsBut is Jobs without those of a kind of which there are too many to be listed all the time.
func (q *Queue) JobsBut(ctx context.Context, kind core.JobKind) ([]core.Job, error) {
	var all []core.Job
	add := func(scan func(...any) error) error {
		var j core.Job
		var at, args string
		err := scan(&j.Kind, &j.Workspace, &j.Key, &at, &args)
		j.Args = json.RawMessage(args)
		if err == nil && at != "" {
			j.At, err = time.Parse(time.RFC3339Nano, at)
		}
		all = append(all, j)
		return err
	}
	if q.pool != nil {
		rows, err := q.pool.Query(ctx, allJobs, string(kind))
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			if err := add(rows.Scan); err != nil {
				return nil, err
			}
		}
		return all, rows.Err()
	}
	rows, err := q.lite.QueryContext(ctx, allJobs, string(kind))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := add(rows.Scan); err != nil {
			return nil, err
		}
	}
	return all, rows.Err()
}

// Kinds lists the kinds of what waits, joined by spaces, for short comparisons.
func (q *Queue) Kinds(ctx context.Context) (string, error) {
	jobs, err := q.Jobs(ctx)
	kinds := make([]string, len(jobs))
	for i, j := range jobs {
		kinds[i] = string(j.Kind)
	}
	return strings.Join(kinds, " "), err
}

// Clear forgets the jobs of the kinds, all if none is named.
func (q *Queue) Clear(ctx context.Context, kinds ...core.JobKind) error {
	jobs, err := q.Jobs(ctx)
	for _, j := range jobs {
		if err == nil && (len(kinds) == 0 || slices.Contains(kinds, j.Kind)) {
			err = q.end(ctx, j)
		}
	}
	return err
}

func (q *Queue) end(ctx context.Context, j core.Job) error {
	if q.pool != nil {
		_, err := q.pool.Exec(ctx, endJob, string(j.Kind), string(j.Workspace), j.Key)
		return err
	}
	_, err := q.lite.ExecContext(ctx, endJob, string(j.Kind), string(j.Workspace), j.Key)
	return err
}

// Run works on a job as a queue would, whatever its time: once, with a new fencing token. It returns the worker's error. A job whose worker returns
// none is done, another one still waits.
func (q *Queue) Run(ctx context.Context, j core.Job, work core.Worker) error {
	finished := false
	w := core.Work{Job: j, Attempt: 1, Token: q.token.Add(1), Finish: func(ctx context.Context, tx core.Tx) error {
		its, ok := tx.(gormstore.Transaction)
		if !ok {
			return errors.New("the transaction is not gormstore's")
		}
		finished = true
		_, err := its.Exec(ctx, endJob, string(j.Kind), string(j.Workspace), j.Key)
		return err
	}}
	if err := work(ctx, w); err != nil || finished {
		return err
	}
	return q.end(ctx, j)
}
