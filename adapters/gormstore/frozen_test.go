package gormstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
)

// TestFrozenNode: a node that stops dead in a transaction, its connection as alive as ever, holds up the others for some ten seconds, and stores
// nothing when it moves again.
func TestFrozenNode(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for the server to lose patience")
	}
	t.Parallel()
	address := freshstore.Postgres(t)
	frozen, other := open(t, address), unmigrated(t, address)
	ws, err := frozen.EnsureWorkspace(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	holds, moves, ended := make(chan struct{}, 1), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- frozen.Tx(t.Context(), func(tx core.Tx) error {
			if err := tx.In(ws).SetValue(t.Context(), "who", "has it", []byte("the frozen")); err != nil {
				return err
			}
			holds <- struct{}{}
			<-moves
			return nil
		})
	}()
	select {
	case <-holds:
	case err := <-ended:
		t.Fatalf("it ended before it held anything: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err = other.In(ws).SetValue(ctx, "who", "has it", []byte("the other"))
	close(moves)
	if err != nil {
		t.Errorf("the other still waits for it: %v", err)
	}
	if err := <-ended; !errors.Is(err, core.ErrUnavailable) {
		t.Errorf("the frozen ended with %v, want ErrUnavailable", err)
	}
	if got, err := other.In(ws).Value(t.Context(), "who", "has it"); string(got) != "the other" {
		t.Errorf("stored is %q, %v", got, err)
	}
}

// TestServerLosesPatience: there is one setting of it, and it is the ten seconds of which the frozen are told.
func TestServerLosesPatience(t *testing.T) {
	s := open(t, freshstore.Postgres(t))
	var got string
	if err := s.Postgres().QueryRow(t.Context(), "SHOW idle_in_transaction_session_timeout").Scan(&got); err != nil || got != "10s" {
		t.Errorf("it waits %q, %v; want 10s", got, err)
	}
}
