package gormstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"causeway/core"

	"gorm.io/gorm"
)

// endTime bounds the end of a transaction whose context is over.
const endTime = 5 * time.Second

// tries is how often a transaction is run when the database asks for it.
const tries = 10

// Tx runs f in one transaction.
func (s *Store) Tx(ctx context.Context, f func(tx core.Tx) error) error {
	return s.tx(ctx, func(t *transaction) error { return f(t) })
}

func (s *Store) tx(ctx context.Context, f func(t *transaction) error) error {
	for try := 1; ; try++ {
		err := s.once(ctx, f)
		s.refusal.heard(err)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil && !errors.Is(err, ctx.Err()): // what drivers make of it does not matter
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case !retryable(err) || try == tries:
			return fail(err)
		}
		s.log.DebugContext(ctx, "transaction run again", "try", try, "err", err)
		if err := pause(ctx, try, crossed(err)); err != nil {
			return err
		}
	}
}

// pause waits longer after each try, and not the same time as others. Those whose locks were crossed, which takes PostgreSQL a second to
// find out, must get well out of each other's way, or they only meet again.
func pause(ctx context.Context, try int, crossed bool) error {
	wait := time.Millisecond << min(try, 8)
	if crossed {
		wait *= 20
	}
	wait = min(wait, time.Second)
	return core.Wait(ctx, wait/2+rand.N(wait)) //nolint:gosec // jitter needs no secrecy
}

func (s *Store) once(ctx context.Context, f func(t *transaction) error) error {
	r, err := s.engine.begin(ctx)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	done := false
	defer func() {
		if !done { // f failed or panicked; the rollback must work though ctx may be over
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
			defer cancel()
			r.rollback(ctx)
		}
	}()
	// Without a Context, Session would share its Statement with the root, whose connection would then be overwritten.
	db := s.writer.Session(&gorm.Session{NewDB: true, Context: ctx, SkipDefaultTransaction: true})
	db.Statement.ConnPool = r
	t := &transaction{s: s, db: db, running: r}
	if err := f(t); err != nil {
		return err
	}
	done = true
	if err := r.commit(ctx, t.last); err != nil {
		return fmt.Errorf("commit: %w", outrun(fail(translate(err))))
	}
	s.filled(ctx, t.messages)
	if q, ok := s.queue.(interface{ Committed(jobs []core.Job) }); ok && len(t.jobs) > 0 {
		q.Committed(t.jobs)
	}
	if t.settings {
		s.fresh.changed(ctx)
	}
	return nil
}

// transaction is core.Tx.
type transaction struct {
	s       *Store
	db      *gorm.DB
	running running
	deep    int        // savepoints open
	last    []step     // for the end, on the way with the commit
	jobs    []core.Job // enqueued, to be told of after the commit

	guarded  []int64 // provider ids, by their locks, that are for this transaction alone
	settings bool    // of automation were changed

	messages int64 // stored by bulks
}

var (
	_ core.Tx     = (*transaction)(nil)
	_ Transaction = (*transaction)(nil)
)

// In returns a workspace's data inside the transaction.
func (t *transaction) In(ws core.WorkspaceID) core.Repo { return repo{s: t.s, t: t, ws: string(ws)} }

// Enqueue adds jobs.
func (t *transaction) Enqueue(ctx context.Context, jobs ...core.Job) error {
	if len(jobs) == 0 {
		return nil
	}
	if t.s.queue == nil {
		return errNoQueue
	}
	t.jobs = append(t.jobs, jobs...)
	return fail(t.s.queue.EnqueueTx(ctx, t, jobs))
}

// Exec runs a statement and returns how many rows it changed.
func (t *transaction) Exec(ctx context.Context, statement string, args ...any) (int64, error) {
	done, err := t.running.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// AtEnd runs a statement for many rows of arguments right before the commit.
func (t *transaction) AtEnd(statement, unless, types string, rows [][]any) {
	t.atEnd(step{text: statement, unless: unless, table: table{types: types}, rows: rows})
}

// atEnd keeps steps for the end, those that have something to do.
func (t *transaction) atEnd(steps ...step) { t.last = append(t.last, ready(steps)...) }

// Try runs f between a savepoint and its release. A transaction that the database wants run again is over in any case.
func (t *transaction) Try(ctx context.Context, f func() error) error {
	t.deep++
	defer func() { t.deep-- }()
	last, jobs, guarded := len(t.last), len(t.jobs), len(t.guarded)
	name := fmt.Sprintf("try_%d", t.deep)
	if err := t.exec(ctx, "SAVEPOINT "+name); err != nil {
		return err
	}
	if err := f(); err != nil {
		if retryable(err) {
			return err
		}
		t.last, t.jobs, t.guarded = t.last[:last], t.jobs[:jobs], t.guarded[:guarded]
		// The rollback must be done even when f failed because ctx is over.
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		defer cancel()
		return errors.Join(err, t.exec(undo, "ROLLBACK TO SAVEPOINT "+name), t.exec(undo, "RELEASE SAVEPOINT "+name))
	}
	return t.exec(ctx, "RELEASE SAVEPOINT "+name)
}

func (t *transaction) exec(ctx context.Context, statement string) error {
	return fail(t.db.WithContext(ctx).Exec(statement).Error)
}
