package gormstore_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
)

// TestWire: lines reach the other nodes and not the one that told, however many there are, and again after the connection broke.
func TestWire(t *testing.T) {
	url := freshstore.Postgres(t)
	heard := make(chan string, 20_000)
	var wires []*gormstore.Wire
	var stores []*gormstore.Store
	for i := range 2 {
		s, err := gormstore.Open(t.Context(), url, gormstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w := s.Wire(t.Context(), slog.New(slog.DiscardHandler), func(line string) { heard <- fmt.Sprint(i, " ", line) })
		wires, stores = append(wires, w), append(stores, s)
		t.Cleanup(func() { _, _ = w.Close(), s.Close() })
	}
	// hears tells again and again, for lines may be lost while nobody listens yet.
	hears := func(what string) {
		t.Helper()
		deadline := time.After(30 * time.Second)
		for {
			wires[0].Tell(what)
			select {
			case line := <-heard:
				if line == "1 "+what {
					return
				}
				if strings.HasPrefix(line, "0 ") {
					t.Fatalf("node 0 heard itself: %q", line)
				}
			case <-time.After(50 * time.Millisecond):
			case <-deadline:
				t.Fatalf("%q is never heard", what)
			}
		}
	}
	hears("hello")
	long := strings.Repeat("x", 200)
	for i := range 500 {
		wires[0].Tell(fmt.Sprint(long, i))
		wires[0].Tell(fmt.Sprint(long, i))
	}
	got := map[string]int{}
	for len(got) < 500 {
		select {
		case line := <-heard:
			if strings.HasPrefix(line, "1 xxx") {
				got[line]++
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%d of 500 lines came", len(got))
		}
	}
	_, err := stores[0].Postgres().Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")
	if err != nil {
		t.Fatal(err)
	}
	hears("again")
	for _, w := range wires {
		for range 2 {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		}
		w.Tell("after the end") // is lost, and harms nobody
	}
}

// TestNoWire: a single node has nobody to tell.
func TestNoWire(t *testing.T) {
	s, _ := freshstore.SQLite(t, time.Now)
	if w := s.Wire(t.Context(), slog.New(slog.DiscardHandler), nil); w != nil {
		t.Error("SQLite has a wire")
	}
}
