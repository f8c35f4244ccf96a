package gormstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// sharers is how many transactions share a commit at most, sharing how long the first of them waits for others.
	sharers = 64
	sharing = 20 * time.Millisecond
)

// errShared is the end of a transaction whose commit failed because of one that shared it. It is run again.
var errShared = errors.New("a transaction that shared the commit failed")

// errUndone is the end of a transaction whose first member failed, which nobody shares yet.
var errUndone = errors.New("the transaction was undone")

// shared has SQLite's transactions, of which there can be but one at a time, share commits: those that wait while one runs are run behind it, each within
// a savepoint, and the last commits for all. So a disk that takes a millisecond for a commit does not bound them to a thousand a second. The first needs
// no savepoint, which would have SQLite copy each page that it changes: undoing it is undoing all. There are no timers and no goroutine: a transaction that
// is alone is committed at once.
type shared struct {
	db      *sql.DB // of one connection
	mu      sync.Mutex
	taken   bool            // somebody has the turn
	waiting []chan struct{} // for the turn, in their order
	open    *joint          // what the next can share
	commits atomic.Int64    // how many there have been
}

// joint is a transaction of the database that several share. But for done and err, only who has the turn touches it.
type joint struct {
	conn    *sql.Conn
	began   time.Time
	members int   // transactions that ended well
	broken  error // it has been rolled back, or is to be
	done    chan struct{}
	err     error // set before done is closed
}

// turn waits until no other transaction runs.
func (s *shared) turn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	if !s.taken {
		s.taken = true
		s.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	s.waiting = append(s.waiting, mine)
	s.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
		return s.forgo(ctx, mine)
	}
}

// forgo gives a turn up that is not wanted any more, though it may have come just now.
func (s *shared) forgo(ctx context.Context, mine chan struct{}) error {
	s.mu.Lock()
	i := slices.Index(s.waiting, mine)
	if i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	}
	s.mu.Unlock()
	if i < 0 {
		_ = s.leave(ctx, false)
	}
	return ctx.Err()
}

// enter begins a transaction within the open one, or opens one. The caller has the turn, and keeps it if there is no error.
func (s *shared) enter(ctx context.Context) (*joint, error) {
	var err error
	if s.open == nil {
		s.open, err = s.begin(ctx)
	} else {
		err = s.open.behind(ctx)
	}
	if err != nil {
		_ = s.leave(ctx, false)
		return nil, err
	}
	return s.open, nil
}

// begin takes the write lock at once, so a transaction never finds out late that another process was first.
func (s *shared) begin(ctx context.Context) (*joint, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	j := &joint{conn: conn, began: time.Now(), done: make(chan struct{})}
	if err := j.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return j, nil
}

// behind begins a transaction behind another. That SQLite has not ended the one that both share, as it does when the disk is full, shows by its
// refusing to begin one: a savepoint would silently do that.
func (j *joint) behind(ctx context.Context) error {
	err := errShared
	if j.exec(ctx, "BEGIN") != nil {
		err = j.exec(ctx, "SAVEPOINT member")
	}
	if err != nil {
		j.broken = fmt.Errorf("%w: %w", errShared, err)
	}
	return j.broken
}

// leave gives the turn on. Who waits next shares the open transaction, unless it has been open for long enough; else it is ended. Whoever stays hears
// how that went.
func (s *shared) leave(ctx context.Context, stay bool) error {
	j := s.open
	if s.handedOn(j) {
		if !stay {
			return nil
		}
		<-j.done
		return j.err
	}
	if j == nil {
		return nil
	}
	s.end(ctx, j)
	s.pass()
	return j.err
}

// end ends a transaction, and tells those who share it.
func (s *shared) end(ctx context.Context, j *joint) {
	if j.err = j.end(ctx); j.err == nil {
		s.commits.Add(1)
	}
	close(j.done)
}

// alone runs f while no transaction is open and none begins.
func (s *shared) alone(ctx context.Context, f func() error) error {
	if err := s.turn(ctx); err != nil {
		return err
	}
	defer s.pass()
	if j := s.open; j != nil {
		s.open = nil
		s.end(ctx, j)
	}
	return f()
}

// pass gives the turn on.
func (s *shared) pass() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next()
}

// handedOn reports whether there is nothing to be ended by who leaves: another has the turn, or nobody wants it and nothing is open.
func (s *shared) handedOn(j *joint) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j != nil && (j.broken != nil || len(s.waiting) == 0 || j.members >= sharers || time.Since(j.began) >= sharing) {
		s.open = nil
		return false
	}
	s.next()
	return j != nil
}

// next gives the turn to the next who waits, or to nobody.
func (s *shared) next() {
	if len(s.waiting) == 0 {
		s.taken = false
		return
	}
	close(s.waiting[0])
	s.waiting = slices.Delete(s.waiting, 0, 1)
}

// exec runs a statement that nothing interrupts.
func (j *joint) exec(ctx context.Context, statement string) error {
	_, err := j.conn.ExecContext(context.WithoutCancel(ctx), statement)
	return err
}

// end commits, or rolls back where there is nothing to commit, or it cannot be, and gives the connection back.
func (j *joint) end(ctx context.Context) error {
	defer func() { _ = j.conn.Close() }()
	err := j.broken
	if err == nil && j.members > 0 {
		if err = j.exec(ctx, "COMMIT"); err == nil {
			return nil
		}
	}
	_ = j.exec(ctx, "ROLLBACK") // fails where SQLite has done it
	return err
}

// liteRunning is one of the transactions that share a commit.
type liteRunning struct {
	cleaner
	shared *shared
	joint  *joint
}

func (s *shared) run(ctx context.Context) (*liteRunning, error) {
	if err := s.turn(ctx); err != nil {
		return nil, err
	}
	j, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	return &liteRunning{cleaner: cleaner{steady{j.conn}}, shared: s, joint: j}, nil
}

func (r *liteRunning) steps(ctx context.Context, steps []step) error {
	return loop(ctx, r.joint.conn, steps)
}

// commit ends the transaction well, unless ctx is over, and returns when what it shares is committed.
func (r *liteRunning) commit(ctx context.Context, last []step) error {
	err := r.steps(ctx, last)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		r.rollback(ctx)
		return err
	}
	if r.joint.members > 0 {
		if err := r.joint.exec(ctx, "RELEASE member"); err != nil {
			r.joint.broken = fmt.Errorf("%w: %w", errShared, err)
		}
	}
	if r.joint.broken == nil {
		r.joint.members++
	}
	return r.shared.leave(ctx, true)
}

// rollback undoes what this transaction did. If SQLite has undone everything, the others must know.
func (r *liteRunning) rollback(ctx context.Context) {
	if r.joint.members == 0 {
		r.joint.broken = errUndone
		_ = r.shared.leave(ctx, false)
		return
	}
	err := r.joint.exec(ctx, "ROLLBACK TO member")
	if err == nil {
		err = r.joint.exec(ctx, "RELEASE member")
	}
	if err != nil {
		r.joint.broken = fmt.Errorf("%w: %w", errShared, err)
	}
	_ = r.shared.leave(ctx, false)
}

// steady is a connection whose statements run to their end: SQLite would roll back what others did in the same transaction if one were interrupted.
type steady struct{ *sql.Conn }

func (s steady) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return s.Conn.ExecContext(context.WithoutCancel(ctx), query, args...)
}

func (s steady) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.Conn.QueryContext(context.WithoutCancel(ctx), query, args...)
}

func (s steady) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return s.Conn.QueryRowContext(context.WithoutCancel(ctx), query, args...)
}

// single is what gorm changes rows by outside of transactions: each statement is one of its own, that shares its commit.
type single struct {
	cleaner
	shared *shared
}

func (s single) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	r, err := s.shared.run(ctx)
	if err != nil {
		return nil, err
	}
	done, err := r.ExecContext(ctx, query, args...)
	if err != nil {
		r.rollback(ctx)
		return nil, err
	}
	return done, r.commit(ctx, nil)
}
