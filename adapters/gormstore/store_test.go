package gormstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/adapters/storetest"
	"causeway/core"
)

// open returns a fresh, migrated store.
func open(t *testing.T, address string) *gormstore.Store {
	t.Helper()
	s := unmigrated(t, address)
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	return s
}

func unmigrated(t *testing.T, address string) *gormstore.Store {
	t.Helper()
	s, err := gormstore.Open(t.Context(), address, gormstore.Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func fresh(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "causeway.db") }

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) core.Store { return open(t, fresh(t)) })
}

func TestPostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T) core.Store { return unmigrated(t, freshstore.Migrated(t)) })
}

// onBoth runs f on both databases, unmigrated.
func onBoth(t *testing.T, f func(t *testing.T, address string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, fresh(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, freshstore.Postgres(t)) })
}

func TestMigrate(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		s := unmigrated(t, address)
		m, err := s.MigrationStatus(t.Context())
		if err != nil || !m.Pending() || m.Current != 0 || len(m.Steps) < 4 || m.Steps[0].Applied {
			t.Fatalf("before: %+v, %v", m, err)
		}
		took, err := s.Migrate(t.Context())
		if err != nil || len(took) != len(m.Steps) || !slices.Contains(took, "00002_queue") {
			t.Fatalf("migrate: %q, %v", took, err)
		}
		m, err = s.MigrationStatus(t.Context())
		if err != nil || m.Pending() || m.Current != m.Latest || !m.Steps[len(m.Steps)-1].Applied {
			t.Errorf("after: %+v, %v", m, err)
		}
		for _, step := range m.Steps {
			if step.Name == "" {
				t.Errorf("step %d has no name", step.Version)
			}
		}
		if took, err = s.Migrate(t.Context()); err != nil || len(took) != 0 {
			t.Errorf("again: %q, %v", took, err)
		}
	})
}

// TestMigrateAtOnce: several nodes, or a node and commands, start on an empty database. Each step is taken once.
func TestMigrateAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		var all sync.WaitGroup
		var steps atomic.Int32
		for range 4 {
			s := unmigrated(t, address)
			all.Go(func() {
				took, err := s.Migrate(t.Context())
				if err != nil {
					t.Error(err)
				}
				steps.Add(int32(len(took))) //nolint:gosec // they are few
				if m, err := s.MigrationStatus(t.Context()); err != nil || m.Pending() {
					t.Errorf("%+v, %v", m, err)
				}
			})
		}
		all.Wait()
		if m, err := unmigrated(t, address).MigrationStatus(t.Context()); err != nil || int(steps.Load()) != len(m.Steps) {
			t.Errorf("of %d steps %d were taken: %v", len(m.Steps), steps.Load(), err)
		}
	})
}

// TestMigrateWaitsItsTurn: who may not migrate because another process does says so when it is told to stop.
func TestMigrateWaitsItsTurn(t *testing.T) {
	address := fresh(t)
	other, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(address, "sqlite:")+".migrating?_txlock=exclusive")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := unmigrated(t, address)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := s.Migrate(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another migrates: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Errorf("when the other is done: %v", err)
	}
}

func TestStrangeDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		s := unmigrated(t, address)
		run(t, s, "CREATE TABLE somebody_elses (id integer)")
		if _, err := s.Migrate(t.Context()); core.CodeOf(err) != core.CodeConflict {
			t.Errorf("migrate: %v", err)
		}
	})
}

func TestNewerDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		s := open(t, address)
		if s.SQLite() != nil {
			run(t, s, "INSERT INTO causeway_schema (version_id, is_applied) VALUES (900, 1)")
		} else {
			run(t, s, "INSERT INTO causeway_schema (version_id, is_applied) VALUES (900, true)")
		}
		if _, err := s.Migrate(t.Context()); core.CodeOf(err) != core.CodeConflict {
			t.Errorf("migrate: %v", err)
		}
	})
}

func run(t *testing.T, s *gormstore.Store, statement string) {
	t.Helper()
	var err error
	if db := s.SQLite(); db != nil {
		_, err = db.ExecContext(t.Context(), statement)
	} else {
		_, err = s.Postgres().Exec(t.Context(), statement)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestFullDisk: the error says that nothing was stored, and the store works again as soon as there is room.
func TestFullDisk(t *testing.T) {
	s := open(t, fresh(t))
	ws, err := s.EnsureWorkspace(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	run(t, s, "PRAGMA max_page_count = 200")
	add := func(i int) error {
		return s.Tx(t.Context(), func(tx core.Tx) error {
			return tx.In(ws).AddContact(t.Context(), core.Contact{ID: core.ContactID(fmt.Sprint(i)), Name: strings.Repeat("x", 3000)})
		})
	}
	n := 0
	for ; n < 2000 && err == nil; n++ {
		err = add(n)
	}
	if !errors.Is(err, core.ErrUnavailable) {
		t.Fatalf("after %d: %v", n, err)
	}
	if err := add(n); !errors.Is(err, core.ErrUnavailable) {
		t.Fatalf("still full: %v", err)
	}
	small := s.Tx(t.Context(), func(tx core.Tx) error { return tx.In(ws).SetValue(t.Context(), "test", "small", []byte("x")) })
	if err := s.Ping(t.Context()); !errors.Is(err, core.ErrUnavailable) {
		t.Errorf("it says that it is well, though full, after a small write (%v): %v", small, err)
	}
	run(t, s, "PRAGMA max_page_count = 100000")
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := add(n); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// TestWakes: a queue hears of jobs after the commit, and of none that was rolled back.
func TestWakes(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		s := open(t, address)
		q := &ear{}
		s.UseQueue(q)
		if err := s.Tx(t.Context(), func(tx core.Tx) error {
			if err := tx.Enqueue(t.Context(), core.Job{Key: "1"}); err != nil {
				return err
			}
			if err := tx.Enqueue(t.Context(), core.Job{Key: "2"}); err != nil {
				return err
			}
			if len(q.heard) != 0 {
				t.Error("heard before the commit")
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		stop := errors.New("stop")
		if err := s.Tx(t.Context(), func(tx core.Tx) error {
			if err := tx.Enqueue(t.Context(), core.Job{Key: "3"}); err != nil {
				return err
			}
			return stop
		}); !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if len(q.heard) != 2 || q.heard[0].Key != "1" || q.heard[1].Key != "2" {
			t.Errorf("heard %+v", q.heard)
		}
	})
}

type ear struct{ heard []core.Job }

func (*ear) EnqueueTx(context.Context, any, []core.Job) error { return nil }
func (e *ear) Committed(jobs []core.Job)                      { e.heard = append(e.heard, jobs...) }

// TestBrokenConnection: a transaction whose connection the server ends in the middle stores nothing, says that the database is not there, and
// leaves the store able to go on.
func TestBrokenConnection(t *testing.T) {
	s := open(t, freshstore.Postgres(t))
	ws, err := s.EnsureWorkspace(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		id := core.ContactID(fmt.Sprint(i))
		err := s.Tx(t.Context(), func(tx core.Tx) error {
			if err := tx.In(ws).AddContact(t.Context(), core.Contact{ID: id}); err != nil {
				return err
			}
			run(t, s, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'")
			return tx.In(ws).AddContact(t.Context(), core.Contact{ID: id + "b"})
		})
		if !errors.Is(err, core.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		if _, err := s.In(ws).Contact(t.Context(), id); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("half a transaction is there: %v", err)
		}
	}
	if err := s.In(ws).AddContact(t.Context(), core.Contact{ID: "after"}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestRenewalDoesNotWait: a session that stores without a pause never keeps its own lease from being renewed.
func TestRenewalDoesNotWait(t *testing.T) {
	s := unmigrated(t, freshstore.Migrated(t))
	got, err := s.TakeLeases(t.Context(), "a", []string{"one"}, time.Hour)
	if err != nil || len(got) != 1 {
		t.Fatalf("take: %v, %v", got, err)
	}
	if err := s.Tx(t.Context(), func(tx core.Tx) error {
		if err := tx.Holds(t.Context(), got[0]); err != nil {
			return err
		}
		kept, err := s.RenewLeases(t.Context(), got, time.Hour)
		if len(kept) != 1 {
			t.Errorf("renewed %v", kept)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
