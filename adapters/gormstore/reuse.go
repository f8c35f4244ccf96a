package gormstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	moderncsqlite "modernc.org/sqlite"
)

// mostStatements bounds what a connection keeps prepared: what is asked here is not many different texts, but for lists of varying length.
const mostStatements = 500

// liteConnector opens connections to an SQLite file that keep their statements prepared. The driver's own parse each text anew, which for short
// statements costs more than running them.
type liteConnector struct{ name string }

// Driver implements driver.Connector.
func (c liteConnector) Driver() driver.Driver { return &moderncsqlite.Driver{} }

// Connect implements driver.Connector.
func (c liteConnector) Connect(context.Context) (driver.Conn, error) {
	made, err := c.Driver().Open(c.name)
	if err != nil {
		return nil, err
	}
	full, ok := made.(liteConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a %T cannot do what connections here must", made), made.Close())
	}
	return &reusing{liteConn: full, known: map[string]*statement{}}, nil
}

// liteConn is what the driver's connections can do.
type liteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// reusing is a connection that prepares each text once. Like all connections it is used by one goroutine at a time.
type reusing struct {
	liteConn
	known map[string]*statement
}

// statement is prepared. While its rows are read it is busy.
type statement struct {
	driver.Stmt
	busy bool
}

// prepared returns the statement of a text; nil if it is not one to keep, or is busy.
func (c *reusing) prepared(ctx context.Context, text string) (*statement, error) {
	if s := c.known[text]; s != nil {
		if s.busy {
			return nil, nil
		}
		return s, nil
	}
	if !reusable(text) {
		return nil, nil
	}
	made, err := c.PrepareContext(context.WithoutCancel(ctx), text)
	if err != nil {
		return nil, err
	}
	c.makeRoom()
	s := &statement{Stmt: made}
	c.known[text] = s
	return s, nil
}

// makeRoom forgets some statement, if there are too many.
func (c *reusing) makeRoom() {
	for text, s := range c.known {
		if len(c.known) < mostStatements {
			return
		}
		if !s.busy {
			delete(c.known, text)
			_ = s.Close()
		}
	}
}

// reusable reports whether a text is one statement that reads or changes rows.
func reusable(text string) bool {
	for strings.HasPrefix(text, "--") {
		_, text, _ = strings.Cut(text, "\n")
	}
	text = strings.TrimSpace(text)
	word, _, _ := strings.Cut(text, " ")
	word, _, _ = strings.Cut(word, "\n")
	return slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}, strings.ToUpper(word)) && !strings.Contains(strings.TrimRight(text, "; \n"), ";")
}

// ExecContext implements driver.ExecerContext.
func (c *reusing) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.liteConn.ExecContext(ctx, text, args)
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *reusing) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.liteConn.QueryContext(ctx, text, args)
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &reusedRows{rows, s}, nil
}

// Close implements driver.Conn.
func (c *reusing) Close() error {
	for _, s := range c.known {
		_ = s.Close()
	}
	clear(c.known)
	return c.liteConn.Close()
}

// reusedRows give their statement back.
type reusedRows struct {
	driver.Rows
	of *statement
}

// Close implements driver.Rows.
func (r *reusedRows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}
