package gormstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	"causeway/core"
)

// Snapshot writes the SQLite database as it is at one moment into a new file, while others go on reading and writing, and looks whether the copy is
// sound. Copying page by page instead would begin anew at each write of another process, and so might never end. Until it is done the
// write-ahead log cannot be emptied, and grows.
func (s *Store) Snapshot(ctx context.Context, path string) (err error) {
	if s.lite == nil {
		return errors.New("only an SQLite database is one file")
	}
	from := liteDB(s.path, 1, "")
	defer func() { err = errors.Join(err, from.Close()) }()
	if _, err := from.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("copy database: %w", fail(err))
	}
	if err := sound(ctx, path); err != nil {
		return err
	}
	return settled(path)
}

// sound looks through a database file, without changing it.
func sound(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro")
	if err != nil {
		return unopened(path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return fmt.Errorf("check database %s: %w", path, fail(err))
	}
	if verdict != "ok" {
		return core.Problemf(core.CodeConflict, "The database is damaged: %s.", verdict).Remedied("Stop the gateway, and restore the last good backup.")
	}
	return nil
}

// settled makes a file durable, and readable by its owner only.
func settled(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open copy of database: %w", err)
	}
	return errors.Join(f.Chmod(0o600), f.Sync(), f.Close())
}
