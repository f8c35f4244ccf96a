package riverqueue

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"causeway/core"

	"github.com/riverqueue/river/rivertype"
)

// args is a job as River keeps it. The kind stands in a column of its own.
type args struct {
	kind      core.JobKind
	Workspace core.WorkspaceID `json:"workspace"`
	Key       string           `json:"key"`
	Args      json.RawMessage  `json:"args,omitempty"`
}

// Kind implements river.JobArgs.
func (a args) Kind() string { return string(a.kind) }

// unique is what no two jobs of a kind, workspace and key share while one of them waits or runs.
func (a args) unique() string {
	sum := sha256.Sum256([]byte(string(a.kind) + "\x00" + string(a.Workspace) + "\x00" + a.Key))
	return hex.EncodeToString(sum[:])
}

// transaction is one of the store's.
type transaction interface {
	Exec(ctx context.Context, statement string, args ...any) (int64, error)
	AtEnd(statement, unless, types string, rows [][]any)
}

// EnqueueTx adds jobs in a transaction of the store. What is there already starts for the new ones too: a running job once more, a waiting one not
// later than they would. A job that failed waits on, lest many new ones use up its attempts in no time.
func (q *Queue) EnqueueTx(ctx context.Context, tx any, jobs []core.Job) error {
	its, ok := tx.(transaction)
	if !ok {
		return fmt.Errorf("%T is no transaction of the store", tx)
	}
	now := q.now()
	jobs = once(jobs, now)
	rows := make([][]any, len(jobs))
	for i, j := range jobs {
		a := args{j.Kind, j.Workspace, j.Key, j.Args}
		raw, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("arguments of job %s: %w", j.Kind, err)
		}
		wait := max(j.At.Sub(now), 0)
		rows[i] = []any{string(j.Kind), string(raw), a.unique(), string(waits(wait, rivertype.JobStateScheduled)), wait.Milliseconds()}
	}
	its.AtEnd(q.sql.enqueue, q.sql.waiting, "tttti", rows)
	return q.tell(ctx, its, jobs)
}

// tell has PostgreSQL notify the nodes that work, if this process is none of them. One that works tells the others after the commit, from
// one place, for notices in transactions make all commits wait for each other.
func (q *Queue) tell(ctx context.Context, tx transaction, jobs []core.Job) error {
	if q.pool == nil || q.others.Load() != nil {
		return nil
	}
	for i, j := range jobs { // sorted by kind
		if i > 0 && jobs[i-1].Kind == j.Kind {
			continue
		}
		if _, err := tx.Exec(ctx, notify, notice(string(j.Kind), "")); err != nil {
			return fmt.Errorf("notify workers: %w", err)
		}
	}
	return nil
}

// once leaves one job of each kind, workspace and key, the earliest. They are in an order, so that two transactions do not wait for each
// other's jobs crosswise.
func once(jobs []core.Job, now time.Time) []core.Job {
	jobs = slices.Clone(jobs)
	slices.SortStableFunc(jobs, func(a, b core.Job) int {
		early := func(j core.Job) int64 { return max(j.At.Sub(now), 0).Nanoseconds() }
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Workspace, b.Workspace), cmp.Compare(a.Key, b.Key), cmp.Compare(early(a), early(b)))
	})
	return slices.CompactFunc(jobs, func(a, b core.Job) bool { return a.Kind == b.Kind && a.Workspace == b.Workspace && a.Key == b.Key })
}

// Committed wakes the workers of the jobs' kinds, at once and when they are due.
func (q *Queue) Committed(jobs []core.Job) {
	others := q.others.Load()
	for _, j := range jobs {
		if wait := j.At.Sub(q.now()); !j.At.IsZero() && wait > 0 && wait <= soon {
			q.bell.ringAt(string(j.Kind), time.Now().Add(wait))
		}
		q.bell.ring(string(j.Kind))
		if others != nil {
			others.ring(string(j.Kind))
		}
	}
}
