package riverqueue

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
)

// trip is a transaction on PostgreSQL of one round trip: it begins, runs River's one statement, draws fencing tokens, for what that starts is locked by
// then, and commits.
type trip struct {
	pgx.Tx  // of which River's statement uses nothing but Conn and Query
	conn    *pgx.Conn
	fences  string
	most    int // how many tokens are drawn
	results pgx.BatchResults
}

// Conn returns the connection, whose settings River looks at.
func (t *trip) Conn() *pgx.Conn { return t.conn }

// Query sends all of it, and returns what River's statement does.
func (t *trip) Query(ctx context.Context, statement string, args ...any) (pgx.Rows, error) {
	var b pgx.Batch
	b.Queue("begin")
	b.Queue(statement, args...)
	b.Queue(t.fences, t.most)
	b.Queue("commit")
	t.results = t.conn.SendBatch(ctx, &b)
	if _, err := t.results.Exec(); err != nil {
		return nil, err
	}
	return t.results.Query()
}

// end returns the last token, once it is committed.
func (t *trip) end() (last int64, err error) {
	if err := t.results.QueryRow().Scan(&last); err != nil {
		return 0, err
	}
	done, err := t.results.Exec()
	if err == nil && done.String() != "COMMIT" {
		err = errors.New("the start of jobs was rolled back")
	}
	return last, err
}

// fetch starts jobs on PostgreSQL. After an error the pool destroys the connection, with whatever it has not committed; what it has is found as lost.
func (q *Queue) fetch(ctx context.Context, p *riverdriver.JobGetAvailableParams) (jobs []*rivertype.JobRow, err error) {
	var last int64
	err = q.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		t := &trip{conn: c.Conn(), fences: q.sql.fences, most: p.MaxToLock}
		if jobs, err = q.within(t).JobGetAvailable(ctx, p); err == nil {
			last, err = t.end()
		}
		if t.results != nil {
			err = errors.Join(err, t.results.Close())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	q.starts.begin(jobs, last)
	return jobs, nil
}
