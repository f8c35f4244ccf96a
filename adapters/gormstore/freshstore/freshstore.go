// Package freshstore gives tests of the domain a real store, empty and migrated, on each database, and a queue that keeps what is enqueued in
// the same transaction.
package freshstore

import (
	"testing"

	"causeway/adapters/gormstore"
	"causeway/core"
)

// Each runs f on SQLite and on PostgreSQL, each time with a store of its own. Where no PostgreSQL can be reached its part is skipped, or fails if
// CAUSEWAY_REQUIRE_PEERS is set. CAUSEWAY_TEST_POSTGRES names another server than the one on this machine. The stores' clock is now; nil means
// time.Now.
func Each(t *testing.T, now core.Clock, f func(t *testing.T, s *gormstore.Store, q *Queue)) {
	t.Helper()
	Both(t, func(t *testing.T, address string) {
		s, q := open(t, address, now)
		f(t, s, q)
	})
}

// SQLite returns a store in a file, for tests to which the database makes no difference.
func SQLite(t *testing.T, now core.Clock) (*gormstore.Store, *Queue) {
	t.Helper()
	return open(t, lite(t), now)
}

func open(t *testing.T, address string, now core.Clock) (*gormstore.Store, *Queue) {
	t.Helper()
	s, err := gormstore.Open(t.Context(), address, gormstore.Options{Now: now})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	q, err := newQueue(t.Context(), s)
	if err != nil {
		t.Fatalf("make queue: %v", err)
	}
	s.UseQueue(q)
	return s, q
}
