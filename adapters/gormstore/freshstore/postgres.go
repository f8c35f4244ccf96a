package freshstore

import (
	"context"
	"errors"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/core"

	"github.com/jackc/pgx/v5"
)

// Postgres makes an empty database for the test, drops it at the end, and returns its URL. Where there is no server the test is skipped, or
// fails, as for Each.
func Postgres(t testing.TB) string {
	t.Helper()
	reachable(t)
	return database(t, "")
}

// Migrated is Postgres with the schema in place, which takes a tenth of the time of making it.
func Migrated(t testing.TB) string {
	t.Helper()
	reachable(t)
	like, err := model()
	if err != nil {
		t.Fatalf("make the model of databases: %v", err)
	}
	return database(t, " TEMPLATE "+like)
}

func reachable(t testing.TB) {
	t.Helper()
	if err := admin(t.Context(), "SELECT 1"); err != nil {
		if os.Getenv("CAUSEWAY_REQUIRE_PEERS") != "" {
			t.Fatalf("PostgreSQL is not reachable: %v", err)
		}
		t.Skipf("PostgreSQL is not reachable: %v", err)
	}
}

// Both runs f with the addresses of a migrated SQLite database and of a migrated PostgreSQL database. With -short one is enough, where there
// is a server the latter: it is not slowed by the race detector, as SQLite is.
func Both(t *testing.T, f func(t *testing.T, address string)) {
	t.Helper()
	server := admin(t.Context(), "SELECT 1") == nil
	if !testing.Short() || !server {
		t.Run("sqlite", func(t *testing.T) { f(t, lite(t)) })
	}
	if !testing.Short() || server {
		t.Run("postgres", func(t *testing.T) { f(t, Migrated(t)) })
	}
}

func database(t testing.TB, like string) string {
	t.Helper()
	name := "causeway_" + core.NewToken(8)
	if err := admin(t.Context(), "CREATE DATABASE "+name+like); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop database: %v", err)
		}
	})
	// No test outlives a crash of the server, which would be all that is lost by not waiting for its disk.
	if err := admin(t.Context(), "ALTER DATABASE "+name+" SET synchronous_commit TO off"); err != nil {
		t.Fatal(err)
	}
	return server(name)
}

// model is a migrated database that those of the tests are copies of. Those of runs long past are dropped.
var model = sync.OnceValues(func() (string, error) {
	ctx := context.Background()
	if err := forget(ctx); err != nil {
		return "", err
	}
	name := "causeway_model_" + core.NewToken(8)
	if err := admin(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	s, err := gormstore.Open(ctx, server(name), gormstore.Options{})
	if err != nil {
		return "", err
	}
	_, err = s.Migrate(ctx)
	return name, errors.Join(err, s.Close())
})

// old finds the models that a run of more than an hour ago left behind. One that another process drops just now has no file any more.
const old = `SELECT datname FROM pg_database WHERE datname LIKE 'causeway\_model\_%'
	AND (pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification < now() - interval '1 hour'`

func forget(ctx context.Context) error {
	c, err := pgx.Connect(ctx, server(""))
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	rows, err := c.Query(ctx, old)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, name := range names {
		_, _ = c.Exec(ctx, "DROP DATABASE IF EXISTS "+name) // or another process does
	}
	return err
}

// server is the address of a database on the server for tests.
func server(name string) string {
	address := os.Getenv("CAUSEWAY_TEST_POSTGRES")
	if address == "" {
		address = "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable"
	}
	u, err := url.Parse(address)
	if err != nil || name == "" {
		return address
	}
	u.Path = "/" + name
	q := u.Query()
	q.Set("deadlock_timeout", "100ms") // a second by default, of which a test would spend many
	u.RawQuery = q.Encode()
	return u.String()
}

// admin runs a statement on the server.
func admin(ctx context.Context, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, server(""))
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, statement)
	return errors.Join(err, c.Close(ctx))
}
