package riverqueue

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5/pgxpool"
)

// base runs statements of its own, outside of anybody's transaction.
type base interface {
	exec(ctx context.Context, statement string, args ...any) (rows int64, err error)
	each(ctx context.Context, row func(scan func(...any) error) error, statement string, args ...any) error
}

type lite struct{ db *sql.DB }

func (b lite) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	r, err := b.db.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (b lite) each(ctx context.Context, row func(scan func(...any) error) error, statement string, args ...any) error {
	rows, err := b.db.QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

type server struct{ pool *pgxpool.Pool }

func (b server) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	tag, err := b.pool.Exec(ctx, statement, args...)
	return tag.RowsAffected(), err
}

func (b server) each(ctx context.Context, row func(scan func(...any) error) error, statement string, args ...any) error {
	rows, err := b.pool.Query(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
