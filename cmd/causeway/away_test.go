package main

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"causeway/adapters/gormstore/freshstore"
	"causeway/bridges/simulator"
)

// awayFor is how long the database is away: for seconds, or as long as CAUSEWAY_AWAY says ("20s,100s").
func awayFor(t *testing.T) []time.Duration {
	t.Helper()
	said := os.Getenv("CAUSEWAY_AWAY")
	if said == "" {
		return []time.Duration{3 * time.Second, 12 * time.Second}
	}
	var all []time.Duration
	for _, s := range strings.Split(said, ",") {
		d, err := time.ParseDuration(strings.TrimSpace(s))
		if err != nil {
			t.Fatalf("CAUSEWAY_AWAY: %v", err)
		}
		all = append(all, d)
	}
	return all
}

// TestDatabaseCutOff: while nothing reaches the database, webhooks are answered 503 within the time a provider waits, the program says that it is
// not ready, and stays. When the database is back, all goes on by itself, and nothing that was acknowledged is missing.
func TestDatabaseCutOff(t *testing.T) {
	long(t)
	for name, state := range map[string]breach{"gone": gone, "silent": silent} {
		t.Run(name, func(t *testing.T) {
			if os.Getenv("CAUSEWAY_AWAY") == "" {
				t.Parallel() // it mostly waits
			}
			database := freshstore.Postgres(t)
			r := newTestRig(t, rigOptions{Database: database, Sim: simulator.Options{Receipts: simulator.Receipts{AutoRead: true}}})
			wire := r.rewire(t, database)
			s := &storm{rig: r, ledger: newLedger(), seed: 1, floods: 2, pace: 4 * time.Second}
			for _, step := range []func() error{func() (err error) { s.key, err = r.apiKey(t.Context()); return err }, func() error { return s.greet(t.Context(), 4) }} {
				if err := step(); err != nil {
					t.Fatal(err)
				}
			}
			load, stop := context.WithCancel(t.Context())
			defer stop()
			s.rage(load)
			for _, lasting := range awayFor(t) {
				until(load, time.Now().Add(time.Second))
				wire.set(state)
				r.sits(t, s, lasting)
				wire.set(whole)
				if err := r.awaitReady(t.Context()); err != nil {
					t.Error(err)
				}
			}
			until(load, time.Now().Add(time.Second))
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
		})
	}
}

// newTestRig is a rig that ends with the test.
func newTestRig(t *testing.T, o rigOptions) *rig {
	t.Helper()
	o.Program = build(t)
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	r, err := newRig(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the gateway's log ends with:\n%s", r.logTail())
		}
	})
	return r
}

// rewire starts the process again so that it reaches the database by a cable. The rig itself keeps its own way.
func (r *rig) rewire(t *testing.T, database string) *cable {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	wire := newCable(t, u.Host)
	u.Host = wire.l.Addr().String()
	const name = "CAUSEWAY_DATABASE_URL="
	for i, e := range r.env {
		if strings.HasPrefix(e, name) {
			r.env[i] = name + u.String()
		}
	}
	for _, step := range []func() error{r.terminate, func() error { return r.start(t.Context()) }, func() error { return r.awaitReady(t.Context()) }} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return wire
}

// sits watches the program for as long as its database is away.
func (r *rig) sits(t *testing.T, s *storm, lasting time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), lasting)
	defer cancel()
	a := r.sim.Business().Account()
	answered, slowest := map[int]int{}, time.Duration(0)
	for until(ctx, time.Now().Add(100*time.Millisecond)) {
		began := time.Now()
		token := s.ledger.begin(kindFlood, 900)
		status, err := r.sim.Business().PostRaw(ctx, webhookBody(a.PhoneNumberID, a.WABA, token, "4917999999999", token+" of the darkness", time.Now().Unix()))
		if ctx.Err() != nil {
			break // the answer belongs to the time after
		}
		if status == http.StatusOK && err == nil {
			s.ledger.acknowledge(token)
		}
		answered[status]++
		slowest = max(slowest, time.Since(began))
	}
	t.Logf("while it was away for %s webhooks were answered %v, the slowest after %s", lasting, answered, slowest.Round(time.Millisecond))
	if lasting > 10*time.Second && (answered[http.StatusServiceUnavailable] == 0 || len(answered) != 1) {
		t.Errorf("while it was away webhooks were answered %v instead of 503", answered)
	}
	if wellAt(t.Context(), r.health) {
		t.Error("it says that it is ready, without a database")
	}
	if !wellAt(t.Context(), strings.Replace(r.health, "/readyz", "/healthz", 1)) {
		t.Error("it says that it does not live")
	}
}
