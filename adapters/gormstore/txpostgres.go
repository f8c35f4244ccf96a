package gormstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// pgRunning is a transaction on a connection that gorm uses through database/sql, and bulks with pgx.
type pgRunning struct {
	conn  *sql.Conn
	begun bool
}

// errRolledBack is the end of a transaction in which a statement had failed.
var errRolledBack = errors.New("the transaction was rolled back, for a statement in it had failed")

func (r *pgRunning) ensure(ctx context.Context) error {
	if r.begun {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r.begun = true
	_, err := r.conn.ExecContext(ctx, "begin")
	return err
}

func (r *pgRunning) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	return cleaner{r.conn}.PrepareContext(ctx, query)
}

func (r *pgRunning) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	return cleaner{r.conn}.ExecContext(ctx, query, args...)
}

func (r *pgRunning) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	return cleaner{r.conn}.QueryContext(ctx, query, args...)
}

func (r *pgRunning) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := r.ensure(ctx); err != nil { // a row says so only when it is read: it must not be read outside of the transaction
		over, cancel := context.WithCancel(ctx)
		cancel()
		ctx = over
	}
	return cleaner{r.conn}.QueryRowContext(ctx, query, args...)
}

func (r *pgRunning) steps(ctx context.Context, steps []step) error { return r.send(ctx, steps, "") }

func (r *pgRunning) commit(ctx context.Context, last []step) error {
	if !r.begun && len(last) == 0 {
		return r.conn.Close()
	}
	if err := r.send(ctx, last, "commit"); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		defer cancel()
		r.rollback(ctx)
		return err
	}
	return r.conn.Close()
}

// rollback gives the connection back to the pool. database/sql gives a broken one back by itself, to be destroyed; then the server rolls back.
func (r *pgRunning) rollback(ctx context.Context) {
	defer func() { _ = r.conn.Close() }()
	if !r.begun {
		return
	}
	_ = r.conn.Raw(func(c any) error {
		_, err := c.(*stdlib.Conn).Conn().Exec(ctx, "rollback")
		return err
	})
}

// send sends all steps at once, with the beginning of the transaction before them if it has not begun, and its end behind them if there is one to be.
func (r *pgRunning) send(ctx context.Context, steps []step, end string) error {
	if !r.begun {
		r.begun = true
		steps = append([]step{{text: "begin"}}, steps...)
	}
	batch := queued(steps)
	if end != "" {
		batch.Queue(end)
	}
	return r.conn.Raw(func(c any) error {
		conn := c.(*stdlib.Conn).Conn()
		conn.PgConn().Frontend().Send(roomFor(steps))
		return received(conn.SendBatch(ctx, batch), steps, end)
	})
}

// ahead is no message: it has what is sent next find room, which pgx would else make anew, and copy, as often as it is full.
type ahead int

const (
	stepRoom   = 256 // bytes that a step takes beyond its columns
	columnRoom = 8   // and a column beyond its values
)

func roomFor(steps []step) ahead {
	all := 0
	for _, s := range steps {
		all += stepRoom + columnRoom*len(s.table.types) + roomOf(s.table.types, s.rows)
	}
	return ahead(all)
}

// Frontend implements pgproto3.FrontendMessage.
func (ahead) Frontend() {}

// Decode implements pgproto3.FrontendMessage.
func (ahead) Decode([]byte) error { return nil }

// Encode appends nothing.
func (n ahead) Encode(to []byte) ([]byte, error) { return slices.Grow(to, int(n)), nil }

func queued(steps []step) *pgx.Batch {
	var batch pgx.Batch
	for _, s := range steps {
		batch.Queue(s.text, arrays(s.table.types, s.rows)...)
	}
	return &batch
}

// received reads the results of steps.
func received(results pgx.BatchResults, steps []step, end string) (err error) {
	defer func() {
		if closeErr := results.Close(); err == nil {
			err = closeErr
		}
	}()
	for _, s := range steps {
		if err := s.collect(results); err != nil {
			return err
		}
	}
	if end == "" {
		return nil
	}
	tag, err := results.Exec()
	if err == nil && tag.String() != "COMMIT" {
		err = errRolledBack
	}
	return err
}
