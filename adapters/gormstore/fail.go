package gormstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"causeway/core"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	moderncsqlite "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// fail turns an error of the database into one that core knows. The cause stays in the chain.
func fail(err error) error {
	switch {
	case err == nil, errors.Is(err, core.ErrNotFound), errors.Is(err, core.ErrDuplicate), errors.Is(err, core.ErrUnavailable):
		return err
	case errors.Is(err, gorm.ErrRecordNotFound), errors.Is(err, gorm.ErrForeignKeyViolated):
		return fmt.Errorf("%w: %w", core.ErrNotFound, err)
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return fmt.Errorf("%w: %w", core.ErrDuplicate, err)
	case unreachable(err):
		return fmt.Errorf("%w: %w", core.ErrUnavailable, err)
	}
	return err
}

// translate names the two kinds of broken constraint in gorm's words, for both drivers.
func translate(err error) error {
	switch violated(err) {
	case unique:
		return fmt.Errorf("%w: %w", gorm.ErrDuplicatedKey, err)
	case foreign:
		return fmt.Errorf("%w: %w", gorm.ErrForeignKeyViolated, err)
	default:
		return err
	}
}

type constraint int

const (
	none constraint = iota
	unique
	foreign
)

func violated(err error) constraint {
	var lite *moderncsqlite.Error
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &lite):
		switch lite.Code() {
		case codes.SQLITE_CONSTRAINT_UNIQUE, codes.SQLITE_CONSTRAINT_PRIMARYKEY:
			return unique
		case codes.SQLITE_CONSTRAINT_FOREIGNKEY:
			return foreign
		}
	case errors.As(err, &pg):
		switch pg.Code {
		case "23505":
			return unique
		case "23503":
			return foreign
		}
	}
	return none
}

// retryable reports whether the database asks for the transaction to be run once more: deadlock, serialization, busy.
func retryable(err error) bool {
	var lite *moderncsqlite.Error
	var pg *pgconn.PgError
	switch {
	case errors.Is(err, errShared):
		return true
	case errors.As(err, &lite):
		primary := lite.Code() & 0xff
		return primary == codes.SQLITE_BUSY || primary == codes.SQLITE_LOCKED
	case errors.As(err, &pg):
		return pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03"
	}
	return false
}

// damaged reports whether a file is not what SQLite made of it.
func damaged(err error) bool {
	var lite *moderncsqlite.Error
	if !errors.As(err, &lite) {
		return false
	}
	primary := lite.Code() & 0xff
	return primary == codes.SQLITE_NOTADB || primary == codes.SQLITE_CORRUPT
}

// crossed reports whether transactions held what the others wanted.
func crossed(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "40P01"
}

// unreachable reports whether the database cannot be reached or takes no writes.
func unreachable(err error) bool {
	var lite *moderncsqlite.Error
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &connect): // whatever the server says when it lets nobody in
		return true
	case errors.As(err, &lite):
		switch lite.Code() & 0xff {
		case codes.SQLITE_FULL, codes.SQLITE_READONLY, codes.SQLITE_IOERR, codes.SQLITE_CANTOPEN, codes.SQLITE_BUSY, codes.SQLITE_LOCKED,
			codes.SQLITE_NOMEM:
			return true
		}
		return false
	case errors.As(err, &pg):
		return down(pg.Code)
	}
	return errors.As(err, &network) || pgconn.SafeToRetry(err) || closedConn(err)
}

// down reports whether a PostgreSQL error class says that the server is going, full, overloaded or read-only.
func down(code string) bool {
	for _, class := range []string{"08", "53", "57P", "58", "25006", "25P03", "40001", "40P01", "55P03"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return false
}
