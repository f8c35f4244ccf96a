package gormstore

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"causeway/core"

	"github.com/jackc/pgx/v5/pgconn"
	moderncsqlite "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// refusal remembers that the database, though it is there, takes no writes: its disk is full or broken, or may only be read. Reading alone would
// not show it. A write that succeeds proves nothing: a small one may fit into a page that is free when a customer's message no longer does. Only
// Store.writes lifts it.
type refusal struct{ is atomic.Bool }

// heard draws the conclusion from how a transaction ended.
func (r *refusal) heard(err error) {
	if err != nil && unwritable(err) {
		r.is.Store(true)
	}
}

// unwritable reports whether an error says that nothing can be written now.
func unwritable(err error) bool {
	var lite *moderncsqlite.Error
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &lite):
		switch lite.Code() & 0xff {
		case codes.SQLITE_FULL, codes.SQLITE_READONLY, codes.SQLITE_IOERR, codes.SQLITE_CANTOPEN:
			return true
		}
	case errors.As(err, &pg):
		return pg.Code == "53100" || pg.Code == "25006" || pg.Code == "58030" // disk full, read-only transaction, I/O error
	}
	return false
}

// room is what is written to see whether there is some: more than fits into the pages that happen to be free, and than a long message takes.
const room = 256 << 10

// writes finds out whether a database that refused a write takes one again. Nobody else may try while we say that we are not well.
func (s *Store) writes(ctx context.Context) error {
	all, err := s.Workspaces(ctx)
	for _, ws := range all {
		err = s.tx(ctx, func(t *transaction) error { return t.In(ws).SetValue(ctx, "store", "room", make([]byte, room)) })
		if err == nil {
			err = s.tx(ctx, func(t *transaction) error { return t.In(ws).SetValue(ctx, "store", "room", nil) })
		}
		break
	}
	if err != nil {
		return fmt.Errorf("%w: it takes no writes: %w", core.ErrUnavailable, err)
	}
	s.refusal.is.Store(false)
	return nil
}
