package riverqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"time"

	"causeway/core"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

const (
	maxAttempts = 20
	firstRetry  = 2 * time.Second
	longRetry   = time.Hour
	// soon is up to when a waiting job is kept as available, to be started on time; later ones River's scheduler brings within its own step.
	soon = 10 * time.Second
)

// errLost is the end of a transaction whose worker has lost its job.
var errLost = errors.New("the job was given to another worker meanwhile")

// worker runs the jobs of a kind for River, which always hears nil: what becomes of a job is settled here.
type worker struct {
	river.WorkerDefaults[args]
	q      *Queue
	kind   core.JobKind
	do     core.Worker
	ending <-chan struct{} // closed when the queue stops
}

// Work implements river.Worker.
func (w *worker) Work(ctx context.Context, job *river.Job[args]) error {
	s := w.q.starts.of(job.JobRow)
	if s == nil {
		return nil // ended already: the row was handed out twice
	}
	defer w.q.starts.end(s)
	finished := false
	work := core.Work{Job: core.Job{Kind: w.kind, Workspace: job.Args.Workspace, Key: job.Args.Key, At: job.ScheduledAt, Args: job.Args.Args},
		Attempt: job.Attempt, Token: s.token, Stopping: w.ending}
	work.Finish = func(ctx context.Context, tx core.Tx) error {
		finished = true
		return w.q.finish(ctx, tx, s)
	}
	began, err := time.Now(), core.ErrStopping
	if !work.Ending() { // else it was fetched at the last moment
		err = w.run(ctx, work)
	}
	e := Ended{Kind: w.kind, Took: time.Since(began)}
	if job.AttemptedAt != nil {
		e.Waited = max(job.AttemptedAt.Sub(job.ScheduledAt), 0)
	}
	e.Outcome = w.q.settle(ctx, s, job.JobRow, finished, err, work)
	if w.q.ended != nil {
		w.q.ended(e)
	}
	return nil
}

// run calls the worker; a panic is an error like others.
func (w *worker) run(ctx context.Context, work core.Work) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.q.log.ErrorContext(ctx, "worker panicked", "kind", work.Kind, "key", work.Key, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return w.do(ctx, work)
}

// finish marks the job as done inside the worker's transaction, if it is still this start's.
func (q *Queue) finish(ctx context.Context, tx core.Tx, s *started) error {
	its, ok := tx.(transaction)
	if !ok {
		return errors.New("finish: the transaction is not gormstore's")
	}
	n, err := its.Exec(ctx, q.sql.finish, s.id, s.attempt, s.node)
	switch {
	case err != nil:
		return fmt.Errorf("finish job: %w", err)
	case n == 0:
		return errLost
	}
	return nil
}

// verdict is what becomes of a job.
type verdict struct {
	outcome Outcome
	state   rivertype.JobState
	next    time.Time // of the next start; zero: as before
	over    bool      // it ends
	free    int       // attempts that do not count
	fresh   bool      // a job enqueued meanwhile starts at once, as a new one
	back    bool      // it is as if it had not been started
	away    bool      // it is rather for another node
	err     error
}

// handedBack leaves a job its place, its attempts, and what is suspected of it.
func handedBack() verdict {
	return verdict{outcome: OutcomeLater, state: rivertype.JobStateAvailable, free: 1, back: true}
}

// judge reads the worker's answer.
func judge(ctx context.Context, job *rivertype.JobRow, err error) verdict {
	var later core.Later
	switch {
	case err == nil:
		return verdict{outcome: OutcomeDone, state: rivertype.JobStateCompleted, over: true, fresh: true}
	case errors.Is(err, core.ErrStopping), ctx.Err() != nil && !errors.As(err, &later): // only stopping cancels a worker
		return handedBack()
	case errors.As(err, &later):
		next := time.Now().Add(max(later.After, 0))
		return verdict{outcome: OutcomeLater, state: waits(time.Until(next), rivertype.JobStateScheduled), next: next, free: 1, fresh: true, away: later.Elsewhere}
	case errors.Is(err, core.ErrDead):
		return verdict{outcome: OutcomeDead, state: rivertype.JobStateCancelled, over: true, fresh: true, err: err}
	case job.Attempt >= job.MaxAttempts && !errors.Is(err, core.ErrUnavailable):
		return verdict{outcome: OutcomeDead, state: rivertype.JobStateDiscarded, over: true, fresh: true, err: err}
	}
	next := time.Now().Add(retryAfter(job.Attempt))
	v := verdict{outcome: OutcomeRetry, state: waits(time.Until(next), rivertype.JobStateRetryable), next: next, err: err}
	if job.Attempt >= job.MaxAttempts { // no job dies because our own stores are away, however long: nobody should have to start it again
		v.free = 1
	}
	return v
}

func waits(wait time.Duration, long rivertype.JobState) rivertype.JobState {
	if wait <= soon {
		return rivertype.JobStateAvailable
	}
	return long
}

// retryAfter doubles from attempt to attempt up to an hour, give or take a fifth.
func retryAfter(attempt int) time.Duration {
	d := longRetry
	if attempt < 12 {
		d = min(firstRetry<<max(attempt-1, 0), longRetry)
	}
	return d*4/5 + rand.N(d*2/5) //nolint:gosec // jitter needs no secrecy
}

// settle writes down what becomes of the job and says what did.
func (q *Queue) settle(ctx context.Context, s *started, job *rivertype.JobRow, finished bool, err error, w core.Work) Outcome {
	if finished && err == nil {
		return OutcomeDone
	}
	v := judge(ctx, job, err)
	state, failed := "", error(nil)
	// The end must be written even when the worker was cancelled.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for try := 1; ; try++ {
		if state, failed = q.write(ctx, s, v); failed == nil || try == 6 || core.Wait(ctx, time.Second<<try/10) != nil {
			break
		}
	}
	log := q.log.With("kind", w.Kind, "workspace", w.Workspace, "key", w.Key, "attempt", w.Attempt)
	switch {
	case failed != nil:
		log.ErrorContext(ctx, "end of job not written; it will be started again", "err", failed)
		return OutcomeLost
	case state == "" && finished: // by Finish
		return OutcomeDone
	case state == "":
		log.WarnContext(ctx, "job was given to another worker meanwhile", "err", err)
		return OutcomeLost
	case v.outcome == OutcomeRetry:
		log.WarnContext(ctx, "job failed, will be tried again", "err", err, "next", v.next)
	case v.outcome == OutcomeDead:
		log.ErrorContext(ctx, "job is dead", "err", err)
	}
	return q.wake(v, state, string(w.Kind))
}

// wake rings for a job that is to start soon again.
func (q *Queue) wake(v verdict, state, kind string) Outcome {
	if state != string(rivertype.JobStateAvailable) {
		return v.outcome
	}
	if v.fresh {
		q.bell.ring(kind) // perhaps it is due at once
	}
	if v.over {
		return OutcomeAgain
	}
	bell := q.bell
	if others := q.others.Load(); v.away && others != nil { // this node, which would be first, looks when it does so anyway
		bell = others
	}
	bell.ringAt(kind, v.next)
	return v.outcome
}

// write returns the job's new state, empty if the start has lost the job.
func (q *Queue) write(ctx context.Context, s *started, v verdict) (state string, err error) {
	var next, text any
	if !v.next.IsZero() {
		next = max(time.Until(v.next).Milliseconds(), 0)
	}
	if v.err != nil {
		line, err := json.Marshal(rivertype.AttemptError{At: time.Now().UTC(), Attempt: s.attempt, Error: clip(v.err.Error())})
		if err != nil {
			return "", fmt.Errorf("note error: %w", err)
		}
		text = string(line)
	}
	err = q.base.each(ctx, func(scan func(...any) error) error { return scan(&state) },
		q.sql.settle, s.id, s.attempt, s.node, string(v.state), next, v.over, v.free, v.fresh, text, v.back)
	return state, err
}

// clip makes a text fit to be kept: not endless, and without what JSON in PostgreSQL cannot hold.
func clip(text string) string {
	const most = 4000
	if len(text) > most {
		text = text[:most] + "…"
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
