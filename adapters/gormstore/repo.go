package gormstore

import (
	"context"
	"strings"

	"causeway/core"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// repo is one workspace's data, inside a transaction if t is set.
type repo struct {
	s  *Store
	t  *transaction
	ws string
}

var _ core.Repo = repo{}

// rows starts a query, bound to the workspace. Every read goes through it.
func (r repo) rows(ctx context.Context) *gorm.DB {
	db := r.s.reader
	if r.t != nil {
		db = r.t.db
	}
	return db.WithContext(ctx).Where("workspace = ?", r.ws)
}

// changes starts a change: in the transaction, or in one of its own, which a single statement is.
func (r repo) changes(ctx context.Context) *gorm.DB {
	if r.t != nil {
		return r.t.db.WithContext(ctx)
	}
	return r.s.writer.WithContext(ctx)
}

// whole runs f so that all of it happens or nothing.
func (r repo) whole(ctx context.Context, f func(r repo) error) error {
	if r.t != nil {
		return f(r)
	}
	return r.s.tx(ctx, func(t *transaction) error { return f(repo{s: r.s, t: t, ws: r.ws}) })
}

// row is what a table's struct can do: become the core's.
type row[C any] interface{ core() C }

// take reads one row. ErrNotFound: there is none.
func take[R row[C], C any](db *gorm.DB) (C, error) {
	var found R
	if err := db.Take(&found).Error; err != nil {
		var zero C
		return zero, fail(err)
	}
	return found.core(), nil
}

// list reads many rows.
func list[R row[C], C any](db *gorm.DB) ([]C, error) {
	var found []R
	if err := db.Find(&found).Error; err != nil {
		return nil, fail(err)
	}
	all := make([]C, len(found))
	for i, f := range found {
		all[i] = f.core()
	}
	return all, nil
}

// insert adds a row. ErrDuplicate: a unique key is taken. ErrNotFound: it names something that is not in the workspace.
func (r repo) insert(ctx context.Context, row any) error {
	return fail(r.changes(ctx).Create(row).Error)
}

// win adds a row unless one with the same values in the columns of a unique key is there, and reports whether it did. where is the condition
// of the unique index, empty if it has none. No columns: any unique key.
func (r repo) win(ctx context.Context, row any, where string, columns ...string) (bool, error) {
	on := clause.OnConflict{DoNothing: true}
	for _, c := range columns {
		on.Columns = append(on.Columns, clause.Column{Name: c})
	}
	if where != "" {
		on.TargetWhere = clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: where}}}
	}
	res := r.changes(ctx).Clauses(on).Create(row)
	return res.RowsAffected > 0, fail(res.Error)
}

// put inserts a row or, where one with the same key is there, replaces the named columns of it. Keys start with the workspace, so nothing of
// another workspace is ever replaced.
func (r repo) put(ctx context.Context, row any, key string, columns ...string) error {
	on := clause.OnConflict{DoUpdates: clause.AssignmentColumns(columns)}
	for _, c := range strings.Split(key, ",") {
		on.Columns = append(on.Columns, clause.Column{Name: c})
	}
	return fail(r.changes(ctx).Clauses(on).Create(row).Error)
}

// set changes the named columns of the row with this id. ErrNotFound: the workspace has none.
func (r repo) set(ctx context.Context, table, id string, columns map[string]any) error {
	res := r.changes(ctx).Table(table).Where("workspace = ? AND id = ?", r.ws, id).Updates(columns)
	return changed(res)
}

// exec runs one statement. Its condition must hold the workspace.
func (r repo) exec(ctx context.Context, statement string, args ...any) (rows int64, err error) {
	res := r.changes(ctx).Exec(statement, args...)
	return res.RowsAffected, fail(res.Error)
}

// changed returns ErrNotFound if nothing was.
func changed(res *gorm.DB) error {
	if res.Error == nil && res.RowsAffected == 0 {
		return core.ErrNotFound
	}
	return fail(res.Error)
}

// there returns ErrNotFound if the workspace has no row with this id.
func (r repo) there(ctx context.Context, table, id string) error {
	var n int64
	if err := r.rows(ctx).Table(table).Where("id = ?", id).Count(&n).Error; err != nil {
		return fail(err)
	}
	if n == 0 {
		return core.ErrNotFound
	}
	return nil
}

// usualPage and longestPage are how many rows a page holds that does not say, and at most.
const usualPage, longestPage = 50, 200

// limit returns how many rows a page holds.
func limit(p core.Page) int {
	if p.Limit <= 0 {
		return usualPage
	}
	return min(p.Limit, longestPage)
}

// back orders a query by id, newest first, and cuts out the page.
func back(db *gorm.DB, p core.Page) *gorm.DB {
	if p.Before != "" {
		db = db.Where("id < ?", p.Before)
	}
	return db.Order("id DESC").Limit(limit(p))
}
