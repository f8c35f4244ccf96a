package gormstore

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"causeway/core"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// readers is how many goroutines read at once, beside the one that writes.
const readers = 4

// liteEngine is one file with one connection that writes; all that read outside transactions share others.
type liteEngine struct {
	writer, reader *sql.DB
	shared         *shared // transactions on writer
	checkpoints    *checkpoints
}

// translated gives gorm's dialector the errors of the driver that is really used.
type translated struct{ *sqlite.Dialector }

func (translated) Translate(err error) error { return translate(err) }

func openSQLite(ctx context.Context, path string) (*Store, error) {
	path, err := databaseFile(path)
	if err != nil {
		return nil, err
	}
	e := &liteEngine{}
	e.writer = liteDB(path, 1, "&_pragma=cache_size(-8192)")
	e.reader = liteDB(path, readers, "&_pragma=query_only(1)&_pragma=cache_size(-4096)")
	e.shared = &shared{db: e.writer}
	s := &Store{engine: e, path: path, lite: e.writer}
	if s.writer, err = liteGorm(single{cleaner{e.writer}, e.shared}); err == nil {
		s.reader, err = liteGorm(cleaner{e.reader})
	}
	if err == nil {
		err = e.writer.PingContext(ctx)
	}
	if err != nil {
		_ = e.close()
		return nil, unopened(path, err)
	}
	e.checkpoints = checkpointing(context.WithoutCancel(ctx), path, e.shared)
	return s, nil
}

// databaseFile makes the file where it is missing, readable by its owner only: it holds what customers wrote.
func databaseFile(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find database file: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", unopened(path, err)
	}
	return path, f.Close()
}

func unopened(path string, err error) error {
	p := core.Problemf(core.CodeUnavailable, "The database file %s cannot be opened.", path).
		Remedied("Check that its folder exists and that this user may write there, or name another file in CAUSEWAY_DATABASE_URL.")
	if damaged(err) {
		p = core.Problemf(core.CodeUnavailable, "The file %s is damaged, or is no SQLite database.", path).
			Remedied("Move it away and restore a backup (causeway restore), or name another file in CAUSEWAY_DATABASE_URL.")
	}
	p.Err = fmt.Errorf("%w: %w", core.ErrUnavailable, err)
	return p
}

// liteDB opens a pool. What it sets holds for every connection, which a PRAGMA sent later would not. Commits make checkpoints of their own only where
// the log is so long that nobody else can have made them.
func liteDB(path string, connections int, more string) *sql.DB {
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)" +
		"&_pragma=foreign_keys(1)&_pragma=wal_autocheckpoint(40000)&_txlock=immediate&_time_format=sqlite" + more
	db := sql.OpenDB(liteConnector{name})
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db
}

func liteGorm(pool gorm.ConnPool) (*gorm.DB, error) {
	return gorm.Open(translated{&sqlite.Dialector{Conn: pool}}, settings())
}

func (e *liteEngine) begin(ctx context.Context) (running, error) {
	r, err := e.shared.run(ctx)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (e *liteEngine) read(ctx context.Context, steps []step) error {
	conn, err := e.reader.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return loop(ctx, conn, steps)
}

func (e *liteEngine) ping(ctx context.Context) error { return e.reader.PingContext(ctx) }

func (e *liteEngine) close() error {
	var err error
	if e.checkpoints != nil {
		err = e.checkpoints.close()
	}
	if closeErr := e.reader.Close(); err == nil {
		err = closeErr
	}
	if closeErr := e.writer.Close(); err == nil {
		err = closeErr
	}
	return err
}
