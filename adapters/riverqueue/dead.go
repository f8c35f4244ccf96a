package riverqueue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/core"

	"github.com/jackc/pgx/v5/pgconn"
	moderncsqlite "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// DeadJob is a job that nobody will start again by itself.
type DeadJob struct {
	ID        int64
	Kind      core.JobKind
	Workspace core.WorkspaceID
	Key       string
	Attempts  int
	Crashes   int    // how often the process died while it ran, before it was given up for that; else zero
	Error     string // the last one
	Enqueued  time.Time
	Died      time.Time
}

// mostDead is how many dead jobs are listed.
const mostDead = 500

// Dead lists the dead jobs, newest first, at most 500. They are kept for as long as Options.KeepDead says.
func (q *Queue) Dead(ctx context.Context) ([]DeadJob, error) {
	var all []DeadJob
	err := q.base.each(ctx, func(scan func(...any) error) error {
		var j DeadJob
		err := scan(&j.ID, &j.Kind, &j.Workspace, &j.Key, &j.Attempts, &j.Crashes, &j.Error, &j.Enqueued, &j.Died)
		j.Enqueued, j.Died = j.Enqueued.UTC(), j.Died.UTC()
		all = append(all, j)
		return err
	}, q.sql.dead, mostDead)
	if err != nil {
		return nil, fmt.Errorf("list dead jobs: %w", err)
	}
	return all, nil
}

// Retry has a dead job start again, as if it were new. If the same job was enqueued meanwhile, that one does, and the dead one goes.
func (q *Queue) Retry(ctx context.Context, id int64) error {
	again := `UPDATE river_job SET state = 'available', attempt = 0, finalized_at = NULL, scheduled_at = $2, queue = kind, metadata = ` + q.sql.cleared + `
		WHERE id = $1 AND state IN ('cancelled', 'discarded')`
	err := q.change(ctx, again, id, q.sql.time(time.Now()))
	if doubled(err) {
		err = q.Drop(ctx, id)
	}
	if err == nil {
		q.ringAll()
	}
	return err
}

// Drop removes a dead job.
func (q *Queue) Drop(ctx context.Context, id int64) error {
	return q.change(ctx, `DELETE FROM river_job WHERE id = $1 AND state IN ('cancelled', 'discarded')`, id)
}

func (q *Queue) change(ctx context.Context, statement string, args ...any) error {
	n, err := q.base.exec(ctx, statement, args...)
	switch {
	case err != nil:
		return fmt.Errorf("change dead job: %w", err)
	case n == 0:
		return core.ErrNotFound
	}
	return nil
}

// doubled reports whether err says that the job exists already.
func doubled(err error) bool {
	var lite *moderncsqlite.Error
	var pg *pgconn.PgError
	return errors.As(err, &lite) && lite.Code() == codes.SQLITE_CONSTRAINT_UNIQUE || errors.As(err, &pg) && pg.Code == "23505"
}

// State is where a job is, in few words.
type State string

const (
	StateWaiting State = "waiting"
	StateRunning State = "running"
	StateLater   State = "later" // waits for its time
	StateRetry   State = "retry" // failed, and waits for its next attempt
	StateDead    State = "dead"
)

// Count is how many jobs of a kind are in a state.
type Count struct {
	Kind  core.JobKind
	State State
	Jobs  int
}

// Counts counts the jobs that are not done, by kind and state. What is none is left out.
func (q *Queue) Counts(ctx context.Context) ([]Count, error) {
	found := map[Count]int{}
	err := q.base.each(ctx, func(scan func(...any) error) error {
		var kind core.JobKind
		var state string
		var later bool
		var n int
		err := scan(&kind, &state, &later, &n)
		found[Count{Kind: kind, State: plain(state, later)}] += n
		return err
	}, q.sql.counts)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	all := make([]Count, 0, len(found))
	for c, n := range found {
		c.Jobs = n
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Count) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.State, b.State)) })
	return all, nil
}

func plain(state string, later bool) State {
	switch state {
	case "running":
		return StateRunning
	case "retryable":
		return StateRetry
	case "cancelled", "discarded":
		return StateDead
	}
	if later {
		return StateLater
	}
	return StateWaiting
}

// Waiting counts what is not done and not dead: waiting, running, or to be started later.
func (q *Queue) Waiting(ctx context.Context) (int, error) {
	all, err := q.Counts(ctx)
	n := 0
	for _, c := range all {
		if c.State != StateDead {
			n += c.Jobs
		}
	}
	return n, err
}
