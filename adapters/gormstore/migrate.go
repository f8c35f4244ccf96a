package gormstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"time"

	"causeway/core"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

//go:embed migrations
var migrations embed.FS

// versions is the table in which the schema's version is kept. Its name is ours, so that a database of another program is not taken for it.
const versions = "causeway_schema"

// Migration is one step of the schema.
type Migration struct {
	Version int64
	Name    string
	Applied bool
}

// MigrationStatus tells where the schema is.
type MigrationStatus struct {
	Current, Latest int64
	Steps           []Migration
}

// Pending reports whether Migrate has something to do.
func (m MigrationStatus) Pending() bool { return m.Current < m.Latest }

// MigrationStatus looks without changing anything. A newer or unknown database is a Problem, as for Migrate.
func (s *Store) MigrationStatus(ctx context.Context) (MigrationStatus, error) {
	var m MigrationStatus
	known, err := s.known(ctx)
	if err != nil {
		return m, err
	}
	p, err := s.provider()
	if err != nil {
		return m, err
	}
	for _, src := range p.ListSources() {
		m.Steps = append(m.Steps, Migration{Version: src.Version, Name: stepName(src)})
		m.Latest = max(m.Latest, src.Version)
	}
	if !known {
		return m, nil
	}
	if err := s.writer.WithContext(ctx).Raw("SELECT MAX(version_id) FROM " + versions).Scan(&m.Current).Error; err != nil {
		return m, fmt.Errorf("read schema version: %w", fail(err))
	}
	for i := range m.Steps {
		m.Steps[i].Applied = m.Steps[i].Version <= m.Current
	}
	if m.Current > m.Latest {
		return m, core.Problemf(core.CodeConflict, "The database is of a newer Causeway (schema %d; this one knows %d).", m.Current, m.Latest).
			Remedied("Run the newer program, or restore the backup made before it was installed.")
	}
	return m, nil
}

// Migrate brings the schema up to date and returns the steps it took. Several nodes may do it at once: one does it, the others wait.
// It refuses a newer schema, and a database that holds something else.
func (s *Store) Migrate(ctx context.Context) ([]string, error) {
	m, err := s.MigrationStatus(ctx)
	if err != nil {
		return nil, err
	}
	if m.Pending() {
		done, err := s.turn(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
	}
	p, err := s.provider()
	if err != nil {
		return nil, err
	}
	done, err := p.Up(ctx)
	var steps []string
	for _, r := range done {
		steps = append(steps, stepName(r.Source))
		s.log.InfoContext(ctx, "schema migrated", "step", stepName(r.Source), "took", r.Duration)
	}
	if err != nil {
		return steps, fmt.Errorf("migrate database: %w", fail(err))
	}
	return steps, nil
}

// turnEach is how often it is looked whether another process has done with migrating.
const turnEach = 50 * time.Millisecond

// turn waits until no other process migrates the same file, and keeps them from it until done is called: a step that two take at once fails, or is taken
// twice. What is locked is an empty file of its own, so that the steps are transactions of their own. On PostgreSQL goose takes such a lock itself.
func (s *Store) turn(ctx context.Context) (done func(), err error) {
	if s.lite == nil {
		return func() {}, nil
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: s.path + ".migrating"}).EscapedPath()+"?_txlock=exclusive")
	if err != nil {
		return nil, fmt.Errorf("wait for the turn to migrate: %w", err)
	}
	for {
		tx, err := db.BeginTx(ctx, nil)
		if err == nil {
			return func() { _, _ = tx.Rollback(), db.Close() }, nil // it holds nothing
		}
		var busy *sqlite.Error
		if !errors.As(err, &busy) || busy.Code()&0xff != codes.SQLITE_BUSY {
			return nil, errors.Join(fmt.Errorf("wait for the turn to migrate: %w", fail(err)), db.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("wait for the turn to migrate: %w", ctx.Err()), db.Close())
		case <-time.After(turnEach):
		}
	}
}

// stepName is the file of a step, or its name if it has none.
func stepName(src *goose.Source) string {
	if src.Version == queueStep {
		return queueStepName
	}
	return src.Path
}

func (s *Store) provider() (*goose.Provider, error) {
	dialect, folder, db := goose.DialectSQLite3, "migrations/sqlite", s.lite
	options := []goose.ProviderOption{goose.WithTableName(versions), goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(queueTables(s.postgres))}
	if e, ok := s.engine.(*pgEngine); ok {
		dialect, folder, db = goose.DialectPostgres, "migrations/postgres", e.db
		one, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, fmt.Errorf("set up migration lock: %w", err)
		}
		options = append(options, goose.WithSessionLocker(one))
	}
	return newProvider(dialect, db, folder, options)
}

func newProvider(dialect goose.Dialect, db *sql.DB, folder string, options []goose.ProviderOption) (*goose.Provider, error) {
	steps, err := fs.Sub(migrations, folder)
	if err != nil {
		return nil, fmt.Errorf("find migrations: %w", err)
	}
	p, err := goose.NewProvider(dialect, db, steps, options...)
	if err != nil {
		return nil, fmt.Errorf("set up migrations: %w", err)
	}
	return p, nil
}

// known reports whether the database is one of ours; a fresh one is not. One with other tables is refused.
func (s *Store) known(ctx context.Context) (bool, error) {
	list := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	if s.postgres != nil {
		list = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
	}
	var tables []string
	if err := s.writer.WithContext(ctx).Raw(list).Scan(&tables).Error; err != nil {
		return false, fmt.Errorf("look at database: %w", fail(err))
	}
	for _, t := range tables {
		if t == versions {
			return true, nil
		}
	}
	if len(tables) > 0 {
		return false, core.Problemf(core.CodeConflict, "The database is not empty and not Causeway's: it holds the table %q.", tables[0]).
			Remedied("Give Causeway a database of its own in CAUSEWAY_DATABASE_URL.")
	}
	return false, nil
}
