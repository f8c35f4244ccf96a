package riverqueue

import (
	"context"
	"fmt"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
)

// client is a River client that works.
type client interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
}

// clients makes clients of River on a database with transactions of type T.
func clients[T any](d driver[T]) func(c *river.Config) (client, error) {
	return func(c *river.Config) (client, error) {
		made, err := river.NewClient(d, c)
		if err != nil {
			return nil, fmt.Errorf("set up workers: %w", err)
		}
		return made, nil
	}
}

// driver is River's, except that a start gets a fencing token in the transaction that makes it, that River does not decide what becomes of a
// job, and that its listener also hears this process's own bell. On SQLite it hears nothing else: no table of notices is written or polled.
type driver[T any] struct {
	riverdriver.Driver[T]
	q *Queue
}

func (d driver[T]) GetExecutor() riverdriver.Executor { return executor{d.Driver.GetExecutor(), d.q} }

func (d driver[T]) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	if d.q.pool == nil {
		return &ears{bell: d.q.bell}
	}
	return &ears{bell: d.q.bell, far: d.Driver.GetListener(p), own: d.q.node}
}

type executor struct {
	riverdriver.Executor
	q *Queue
}

// Begin starts a transaction of River's own. On SQLite its notices ring the bell; whoever hears it waits for the one connection that writes.
func (e executor) Begin(ctx context.Context) (riverdriver.ExecutorTx, error) {
	tx, err := e.Executor.Begin(ctx)
	if err != nil || e.q.pool != nil {
		return tx, err
	}
	return executorTx{tx, e.q.bell}, nil
}

// JobGetAvailable starts jobs.
func (e executor) JobGetAvailable(ctx context.Context, p *riverdriver.JobGetAvailableParams) (_ []*rivertype.JobRow, err error) {
	if e.q.pool != nil {
		return e.q.fetch(ctx, p)
	}
	tx, err := e.Executor.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback(context.WithoutCancel(ctx))
		}
	}()
	jobs, err := tx.JobGetAvailable(ctx, p)
	if err != nil {
		return nil, err
	}
	if len(jobs) == 0 {
		return nil, tx.Rollback(ctx)
	}
	var last int64
	if err := tx.QueryRow(ctx, e.q.sql.fences, len(jobs)).Scan(&last); err != nil {
		return nil, fmt.Errorf("take fencing tokens: %w", err)
	}
	e.q.starts.begin(jobs, last)
	if err := tx.Commit(ctx); err != nil {
		e.q.starts.forget(jobs, last)
		return nil, err
	}
	return jobs, nil
}

// JobSetStateIfRunningMany leaves out what went through a worker, whose end is written already. The rest is what River found wrong itself.
func (e executor) JobSetStateIfRunningMany(ctx context.Context, p *riverdriver.JobSetStateIfRunningManyParams) ([]*rivertype.JobRow, error) {
	some := &riverdriver.JobSetStateIfRunningManyParams{Now: p.Now, Schema: p.Schema}
	for i, state := range p.State {
		if state == rivertype.JobStateCompleted {
			continue
		}
		some.ID, some.Attempt, some.ErrData = append(some.ID, p.ID[i]), append(some.Attempt, p.Attempt[i]), append(some.ErrData, p.ErrData[i])
		some.FinalizedAt, some.ScheduledAt = append(some.FinalizedAt, p.FinalizedAt[i]), append(some.ScheduledAt, p.ScheduledAt[i])
		some.MetadataDoMerge = append(some.MetadataDoMerge, p.MetadataDoMerge[i])
		some.MetadataUpdates = append(some.MetadataUpdates, p.MetadataUpdates[i])
		some.State = append(some.State, state)
	}
	if len(some.ID) == 0 {
		return nil, nil
	}
	return e.Executor.JobSetStateIfRunningMany(ctx, some)
}

// deleteAtOnce is how many rows are deleted while others wait.
const deleteAtOnce = 500

// JobDeleteBefore deletes old jobs in pieces, so that those who write meanwhile, on SQLite, do not wait for thousands.
func (e executor) JobDeleteBefore(ctx context.Context, p *riverdriver.JobDeleteBeforeParams) (deleted int, err error) {
	for deleted < p.Max {
		piece := *p
		piece.Max = min(deleteAtOnce, p.Max-deleted)
		n, err := e.Executor.JobDeleteBefore(ctx, &piece)
		deleted += n
		if err != nil || n < piece.Max {
			return deleted, err
		}
	}
	return deleted, nil
}

// executorTx rings instead of writing notices to a table.
type executorTx struct {
	riverdriver.ExecutorTx
	bell *bell // nil: notify nobody
}

func (e executorTx) NotifyMany(_ context.Context, p *riverdriver.NotifyManyParams) error {
	if e.bell == nil {
		return nil
	}
	e.bell.pass(p.Topic, p.Payload)
	return nil
}
