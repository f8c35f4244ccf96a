package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/session"
)

// TestSessionIsRobbed: on a real database, a session whose lease another node has taken ends, and stores nothing from that moment on.
func TestSessionIsRobbed(t *testing.T) {
	each(t, func(w *world) {
		began, over := make(chan core.Host, 1), make(chan error, 1)
		b := &socket{name: "robbed", run: func(ctx context.Context, h core.Host) error {
			began <- h
			<-ctx.Done()
			over <- context.Cause(ctx)
			return ctx.Err()
		}}
		w.ch.ID, w.ch.Kind, w.ch.Name, w.ch.Account = core.NewID[core.ChannelID](), "socket", "connected", ""
		w.must(w.repo.SaveChannel(w.Context(), w.ch))
		w.options.Bridges = append(w.options.Bridges, b)
		w.restart()
		r := session.NewRunner(w.m)
		r.Start(w.Context())
		defer func() { w.must(r.Stop(context.WithoutCancel(w.Context()))) }()
		h := hears(w, began)
		w.must(h.Save(w.Context(), "cursor", []byte("1")))
		w.rob()
		if err := h.Save(w.Context(), "cursor", []byte("2")); !errors.Is(err, core.ErrLeaseLost) {
			w.Errorf("saved after it was robbed: %v", err)
		}
		if why := hears(w, over); !errors.Is(why, core.ErrLeaseLost) {
			w.Errorf("it ended for %v", why)
		}
		got, err := h.Load(w.Context(), "cursor")
		w.must(err)
		equal(w, "cursor", string(got), "1")
	})
}

// hears waits for what a session says.
func hears[T any](w *world, from <-chan T) (said T) {
	w.Helper()
	select {
	case said = <-from:
	case <-time.After(2 * time.Minute):
		w.Fatal("the session says nothing")
	}
	return said
}

// rob gives all leases to another holder, as when their time was over by the database's clock.
func (w *world) rob() {
	w.Helper()
	const rob = "UPDATE leases SET holder = 'another', fence = fence + 1"
	var err error
	if db := w.store.SQLite(); db != nil {
		_, err = db.ExecContext(w.Context(), rob)
	} else {
		_, err = w.store.Postgres().Exec(w.Context(), rob)
	}
	w.must(err)
}
