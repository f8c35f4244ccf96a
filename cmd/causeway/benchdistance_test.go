package main

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestDistant: what goes through a distance comes back whole, and late.
func TestDistant(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}
	}()
	const away = 30 * time.Millisecond
	at, err := distant(t.Context(), "postgres://me@"+l.Addr().String()+"/db?sslmode=disable", away)
	if err != nil || !strings.HasSuffix(at, "/db?sslmode=disable") {
		t.Fatal(at, err)
	}
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	said := bytes.Repeat([]byte("how far is it? "), 100_000)
	began := time.Now()
	go func() { _, _ = c.Write(said) }()
	heard := make([]byte, len(said))
	if _, err := io.ReadFull(c, heard); err != nil || !bytes.Equal(heard, said) {
		t.Errorf("heard something else: %v", err)
	}
	if took := time.Since(began); took < away {
		t.Errorf("there and back took %s, less than %s", took, away)
	}
}

// TestNotDistant: without a distance the server stays where it is, SQLite in any case, and a socket cannot be moved.
func TestNotDistant(t *testing.T) {
	for _, c := range []struct {
		server string
		away   time.Duration
	}{{"postgres://me@127.0.0.1/db", 0}, {"sqlite", time.Second}} {
		if at, err := distant(t.Context(), c.server, c.away); at != c.server || err != nil {
			t.Errorf("%s, %s away: %s, %v", c.server, c.away, at, err)
		}
	}
	if _, err := distant(t.Context(), "postgres:///db?host=/run/postgresql", time.Second); err == nil || !strings.Contains(err.Error(), "host and port") {
		t.Errorf("a socket: %v", err)
	}
}
