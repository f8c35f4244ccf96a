package riverqueue_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/adapters/queuetest"
	"causeway/adapters/riverqueue"
	"causeway/core"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(childDatabase); address != "" {
		child(address)
	}
	goleak.VerifyTestMain(m)
}

// onBoth runs f on SQLite and on PostgreSQL.
func onBoth(t *testing.T, f func(t *testing.T, address string)) { freshstore.Both(t, f) }

func fresh(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "causeway.db") }

// open returns a store with a queue of its own on it, a node.
func open(t testing.TB, address string, o riverqueue.Options) (*gormstore.Store, *riverqueue.Queue) {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	s, err := gormstore.Open(t.Context(), address, gormstore.Options{Log: o.Log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	q, err := riverqueue.Open(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	s.UseQueue(q)
	return s, q
}

func TestContract(t *testing.T) {
	for name, address := range map[string]func(testing.TB) string{"sqlite": fresh, "postgres": freshstore.Migrated} {
		t.Run(name, func(t *testing.T) {
			queuetest.Run(t, func(t *testing.T) (core.Store, core.Queue) {
				s, q := open(t, address(t), riverqueue.Options{})
				return s, q
			})
		})
	}
}
