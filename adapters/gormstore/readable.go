package gormstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"reflect"
	"strings"

	"gorm.io/gorm"
)

// readable returns s as both databases can hold it.
func readable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// cleaner makes every text that goes to the database readable, whether it is stored or looked for.
type cleaner struct{ pool gorm.ConnPool }

func (c cleaner) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return c.pool.PrepareContext(ctx, query)
}

func (c cleaner) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := ctx.Err(); err != nil { // pgx would call the connection broken
		return nil, err
	}
	return c.pool.ExecContext(ctx, query, plain(args)...)
}

func (c cleaner) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.pool.QueryContext(ctx, query, plain(args)...)
}

func (c cleaner) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return c.pool.QueryRowContext(ctx, query, plain(args)...)
}

// plain returns the arguments as the few types that every driver knows.
func plain(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = plainOne(a)
	}
	return out
}

// plainAt makes an argument one of the few types that bulks write. What rows are full of is written from where it stands, which saves an allocation for
// each.
func plainAt(a any) any {
	switch at := a.(type) {
	case *string:
		*at = readable(*at)
		return at
	case *optional:
		at.id = readable(at.id)
		return at
	case *int64, *int, *bool, *number, *stamp:
		return at
	}
	return plainOne(a)
}

func plainOne(a any) any {
	if v, ok := a.(driver.Valuer); ok {
		value, err := v.Value()
		if err != nil {
			return a // the driver asks again and reports it
		}
		a = value
	}
	if s, ok := a.(string); ok {
		if r := readable(s); r != s {
			return r
		}
		return a // a new interface would be a new allocation, for each text of each row
	}
	if v := reflect.ValueOf(a); v.IsValid() && v.Kind() == reflect.String {
		return readable(v.String())
	}
	return a
}
