package main

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"causeway/adapters/gormstore/freshstore"
	"causeway/bridges/simulator"

	"github.com/jackc/pgx/v5"
)

// refused posts webhooks until one is answered 503, and checks that the program says that it is not ready.
func (w *testWorld) refused() {
	w.Helper()
	n := 0
	w.eventually("a webhook is answered 503", func() bool {
		n++
		status, err := w.sim.Business().PostRaw(w.Context(), w.hook("FULL"+strings.Repeat("I", n), "15554440001", strings.Repeat("fills the disk ", 2000)))
		return err == nil && status == http.StatusServiceUnavailable
	})
	if w.ready() {
		w.Error("it says that it is ready, but takes nothing")
	}
}

func (w *testWorld) ready() bool {
	return wellAt(w.Context(), "http://"+w.ports.private.Addr().String()+"/readyz")
}

// mends checks that all goes on by itself: readiness, a message, its mail, and the answer.
func (w *testWorld) mends() {
	w.Helper()
	w.eventually("it is ready again", w.ready)
	w.postUntilTaken(w.hook("AFTER", "15554440002", "is anybody there again?"))
	w.mailTo(w.lena, "is anybody there again?")
	w.settle()
}

// TestDatabaseTakesNoWrites: a database that is there but full, or may only be read, is told from one that is well, and needs nobody to go on.
func TestDatabaseTakesNoWrites(t *testing.T) {
	t.Run("sqlite full", func(t *testing.T) {
		w := liveIn(t, worldOptions{})
		w.pragma("max_page_count = 1") // it becomes what there is already
		w.refused()
		w.pragma("max_page_count = 1000000000")
		w.mends()
		var said string
		w.must(w.store.SQLite().QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&said))
		if said != "ok" {
			t.Errorf("integrity check: %s", said)
		}
	})
	t.Run("sqlite read-only", func(t *testing.T) {
		w := liveIn(t, worldOptions{})
		w.pragma("query_only = 1")
		w.refused()
		w.pragma("query_only = 0")
		w.mends()
	})
	t.Run("postgres read-only", func(t *testing.T) {
		w := liveIn(t, worldOptions{Database: freshstore.Postgres(t)})
		w.readOnly("on")
		w.refused()
		w.readOnly("off")
		w.mends()
	})
}

func (w *testWorld) pragma(p string) {
	w.Helper()
	_, err := w.store.SQLite().ExecContext(w.Context(), "PRAGMA "+p)
	w.must(err)
}

// readOnly does to PostgreSQL's connections what a failover to a replica does.
func (w *testWorld) readOnly(value string) {
	w.Helper()
	c, err := pgx.Connect(w.Context(), w.cfg.DatabaseURL.Reveal())
	w.must(err)
	defer func() { _ = c.Close(context.WithoutCancel(w.Context())) }()
	for _, s := range []string{"SET default_transaction_read_only = off", "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = " + value + "', current_database()); END $$",
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"} {
		_, err := c.Exec(w.Context(), s)
		w.must(err)
	}
}

// smallDisk is a file system of a size, where this user may mount one.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size="+size, "none", dir).CombinedOutput(); err != nil { //nolint:gosec // the test's own folder
		t.Skipf("a small disk cannot be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil { //nolint:gosec,noctx // the test's own folder; its context is over
			t.Errorf("unmount: %v %s", err, out)
		}
	})
	return dir
}

// fill takes all the room that is left, and returns how to give it back.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	name := filepath.Join(dir, "ballast")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for chunk := 1 << 20; chunk > 0; {
		if _, err := f.Write(make([]byte, chunk)); errors.Is(err, syscall.ENOSPC) {
			chunk /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

// TestDiskFull: the disk under database and files fills up under load. Webhooks are answered 503, health and doctor say so, and when there is room
// again all goes on without a restart; nothing acknowledged is missing, and the file is whole.
func TestDiskFull(t *testing.T) {
	long(t)
	r := newTestRig(t, rigOptions{Dir: smallDisk(t, "48m"), Sim: simulator.Options{Receipts: simulator.Receipts{AutoRead: true}}})
	s := &storm{rig: r, ledger: newLedger(), seed: 1, floods: 2, pace: 4 * time.Second}
	for _, step := range []func() error{func() (err error) { s.key, err = r.apiKey(t.Context()); return err }, func() error { return s.greet(t.Context(), 4) }} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	load, stop := context.WithCancel(t.Context())
	defer stop()
	s.rage(load)
	for range 2 {
		until(load, time.Now().Add(time.Second))
		free := fill(t, filepath.Dir(r.logAt))
		r.awaits(t, "webhooks are answered 503", func() bool { return r.taken(t, s) == http.StatusServiceUnavailable })
		r.awaits(t, "it says that it is not ready", func() bool { return !wellAt(t.Context(), r.health) })
		r.consults(t)
		free()
		if err := r.awaitReady(t.Context()); err != nil {
			t.Error(err)
		}
		r.awaits(t, "webhooks are taken again", func() bool { return r.taken(t, s) == http.StatusOK })
	}
	stop()
	s.all.Wait()
	var o crashOutcome
	if err := (crashPlan{settle: time.Second}).reckon(t.Context(), s, &o); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	o.print(&b, "ledger", 1)
	if t.Log(b.String()); o.bad() {
		t.Error("see the ledger")
	}
	r.isWhole(t)
}

// taken posts one webhook of the ledger's and returns the answer.
func (r *rig) taken(t *testing.T, s *storm) int {
	t.Helper()
	a := r.sim.Business().Account()
	token := s.ledger.begin(kindFlood, 901)
	status, err := r.sim.Business().PostRaw(t.Context(), webhookBody(a.PhoneNumberID, a.WABA, token, "4917999999998", token+" "+strings.Repeat("more ", 1000), time.Now().Unix()))
	if status == http.StatusOK && err == nil {
		s.ledger.acknowledge(token)
	}
	return status
}

func (r *rig) awaits(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if !again(ctx, so) {
		t.Fatalf("it never happened: %s", what)
	}
}

// consults asks the doctor, who must be able to tell what is wrong where nothing can be written.
func (r *rig) consults(t *testing.T) {
	t.Helper()
	c := exec.CommandContext(t.Context(), r.program, "doctor") //nolint:gosec // ourselves
	c.Env = r.env
	out, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "free") || !strings.Contains(string(out), "fix:") {
		t.Errorf("the doctor says, with %v:\n%s", err, out)
	}
}

// isWhole has SQLite check its file. The process has ended.
func (r *rig) isWhole(t *testing.T) {
	t.Helper()
	db, err := sql.Open("sqlite", r.store.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var said string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&said); err != nil || said != "ok" {
		t.Errorf("integrity check: %s %v", said, err)
	}
}
