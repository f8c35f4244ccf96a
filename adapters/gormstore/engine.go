package gormstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"gorm.io/gorm"
)

// engine is what differs between the databases.
type engine interface {
	// begin starts a transaction that can write.
	begin(ctx context.Context) (running, error)
	// read runs steps that read, outside of transactions.
	read(ctx context.Context, steps []step) error
	ping(ctx context.Context) error
	close() error
}

// running is a transaction of the database itself, as gorm sees it, and what else is done in it. commit and rollback end it.
type running interface {
	gorm.ConnPool
	// steps runs steps in order.
	steps(ctx context.Context, steps []step) error
	// commit commits after some last steps. Where it fails, it rolls back.
	commit(ctx context.Context, last []step) error
	rollback(ctx context.Context)
}

// closedConn reports whether the connection broke while it was used.
func closedConn(err error) bool {
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed)
}
