package gormstore

import (
	"context"
	"database/sql"
	"fmt"

	"causeway/core"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// pgConnections bounds the pool unless the URL says pool_max_conns. A queue that works has two more beside it.
const pgConnections = 20

// pgEngine is a server, reached by gorm through database/sql over the same pool that the queue uses.
type pgEngine struct {
	pool *pgxpool.Pool
	db   *sql.DB
}

func openPostgres(ctx context.Context, url string) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil { // pgx leaves the password out of this error
		p := core.Problemf(core.CodeInvalid, "The database URL cannot be read.").Remedied("Write it as postgres://user:password@host:5432/database.")
		p.Field, p.Err = "database.url", err
		return nil, p
	}
	if m := config.ConnConfig.DefaultQueryExecMode; m == pgx.QueryExecModeExec || m == pgx.QueryExecModeSimpleProtocol {
		p := core.Problemf(core.CodeInvalid, "The database URL says that no statements are prepared.").
			Remedied("Leave default_query_exec_mode out; a pooler must be in session mode.")
		p.Field = "database.url"
		return nil, p
	}
	if _, set := config.ConnConfig.RuntimeParams["application_name"]; !set {
		config.ConnConfig.RuntimeParams["application_name"] = "causeway"
	}
	if !poolSized(url) {
		config.MaxConns = pgConnections
	}
	watchful(config)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err == nil {
		err = pool.Ping(ctx)
	}
	if err != nil {
		if pool != nil {
			pool.Close()
		}
		return nil, unanswered(config, err)
	}
	e := &pgEngine{pool: pool, db: stdlib.OpenDBFromPool(pool)}
	s := &Store{engine: e, postgres: pool}
	if s.writer, err = gorm.Open(pgTranslated{&postgres.Dialector{Config: &postgres.Config{Conn: cleaner{e.db}}}}, settings()); err != nil {
		_ = e.close()
		return nil, fmt.Errorf("set up gorm: %w", err)
	}
	s.reader = s.writer
	return s, nil
}

// pgTranslated is the dialector with errors translated in one place for both databases.
type pgTranslated struct{ *postgres.Dialector }

func (pgTranslated) Translate(err error) error { return translate(err) }

func unanswered(config *pgxpool.Config, err error) error {
	c := config.ConnConfig
	p := core.Problemf(core.CodeUnavailable, "The database %q on %s:%d does not let us in.", c.Database, c.Host, c.Port).
		Remedied("Check that PostgreSQL runs there, that the database exists, and the user and password in CAUSEWAY_DATABASE_URL.")
	p.Err = fmt.Errorf("%w: %w", core.ErrUnavailable, err)
	return p
}

// begin takes a connection. The transaction itself begins with its first statement, in the same round trip where that can be.
func (e *pgEngine) begin(ctx context.Context) (running, error) {
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &pgRunning{conn: conn}, nil
}

func (e *pgEngine) read(ctx context.Context, steps []step) error {
	return e.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error { return received(c.SendBatch(ctx, queued(steps)), steps, "") })
}

func (e *pgEngine) ping(ctx context.Context) error { return e.pool.Ping(ctx) }

func (e *pgEngine) close() error {
	err := e.db.Close()
	e.pool.Close()
	return err
}
