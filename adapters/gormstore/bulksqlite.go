package gormstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"causeway/core"
)

// jsonKeys is keys given as one JSON array of arrays.
func jsonKeys(columns int) string {
	names := make([]string, columns)
	for i := range names {
		n := strconv.Itoa(i)
		names[i] = "value ->> " + n + " AS k" + n
	}
	return "(SELECT " + strings.Join(names, ", ") + " FROM json_each(?1)) AS k"
}

// loop runs the steps one after the other, on the driver itself: database/sql would cost more than SQLite does. A step is not interrupted, since
// for that the driver would start a goroutine for each row.
func loop(ctx context.Context, conn *sql.Conn, steps []step) error {
	whole := context.WithoutCancel(ctx)
	return conn.Raw(func(c any) error {
		for _, s := range steps {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.runOn(whole, c.(*reusing)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s step) runOn(ctx context.Context, conn *reusing) error {
	statement, err := kept(ctx, conn, s.text)
	if err != nil {
		return err
	}
	var unless driver.Stmt
	if s.unless != "" {
		if unless, err = kept(ctx, conn, s.unless); err != nil {
			return err
		}
	}
	return s.runAll(ctx, statement, unless)
}

// kept is a statement that the connection keeps prepared.
func kept(ctx context.Context, conn *reusing, text string) (driver.Stmt, error) {
	statement, err := conn.prepared(ctx, text)
	if err == nil && statement == nil {
		err = errors.New("it is not one that can be kept")
	}
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", text, err)
	}
	return statement.Stmt, nil
}

func (s step) runAll(ctx context.Context, statement, unless driver.Stmt) error {
	rows := s.rows
	if s.keys {
		whole, err := json.Marshal(s.rows)
		if err != nil {
			return err
		}
		rows = [][]any{{string(whole)}}
	}
	args := make([]driver.NamedValue, len(rows[0]))
	for _, row := range rows {
		for i, v := range row {
			args[i] = driver.NamedValue{Ordinal: i + 1, Value: valueAt(v)}
		}
		if unless != nil {
			if found, err := finds(ctx, unless, args); err != nil {
				return err
			} else if found {
				continue
			}
		}
		if err := s.run(ctx, statement, args); err != nil {
			return err
		}
	}
	return nil
}

// valueAt is what stands where an argument points to.
func valueAt(v any) driver.Value {
	switch v := v.(type) {
	case *string:
		return *v
	case *int64:
		return *v
	case *int:
		return int64(*v)
	case *bool:
		return *v
	case driver.Valuer: // one that cannot fail
		value, _ := v.Value()
		return value
	}
	return v
}

// finds reports whether a query has a row.
func finds(ctx context.Context, query driver.Stmt, args []driver.NamedValue) (bool, error) {
	rows, err := query.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return false, err
	}
	defer func() { _ = rows.Close() }()
	err = rows.Next(make([]driver.Value, len(rows.Columns())))
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return err == nil, err
}

func (s step) run(ctx context.Context, statement driver.Stmt, args []driver.NamedValue) error {
	if s.each != nil {
		return s.read(ctx, statement, args)
	}
	done, err := statement.(driver.StmtExecContext).ExecContext(ctx, args)
	if err != nil || !s.must {
		return err
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		err = core.ErrOutrun
	}
	return err
}

func (s step) read(ctx context.Context, statement driver.Stmt, args []driver.NamedValue) error {
	rows, err := statement.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	values := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(values); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := s.each(func(into ...any) error { return assign(values, into) }); err != nil {
			return err
		}
	}
}

// assign puts a row of the driver's into variables.
func assign(values []driver.Value, into []any) error {
	for i, to := range into {
		switch to := to.(type) {
		case sql.Scanner:
			if err := to.Scan(values[i]); err != nil {
				return err
			}
		case *string:
			*to, _ = values[i].(string)
		case *int64:
			*to, _ = values[i].(int64)
		case *int:
			n, _ := values[i].(int64)
			*to = int(n)
		case *bool:
			n, _ := values[i].(int64)
			*to = n != 0
		default:
			return fmt.Errorf("a %T cannot be read into a %T", values[i], to)
		}
	}
	return nil
}
