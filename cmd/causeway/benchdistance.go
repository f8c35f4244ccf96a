package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"time"

	"causeway/core"

	"github.com/jackc/pgx/v5"
)

// distant returns the address under which a server of PostgreSQL answers as if it were some time away, there and back, until ctx ends. Zero: the
// server's own address. Of SQLite, which is never away, there is nothing to be said.
func distant(ctx context.Context, server string, away time.Duration) (string, error) {
	u, err := url.Parse(server)
	if away == 0 || err != nil || u.Scheme == "" {
		return server, err
	}
	if u.Hostname() == "" {
		return "", core.Problemf(core.CodeInvalid, "The server of %s is not named by host and port, so nothing can be put between it and the gateway.", u.Redacted()).
			Remedied("Name it as postgres://user@host:5432/database, or leave --distance out.")
	}
	port := u.Port()
	if port == "" {
		port = "5432"
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("make way for PostgreSQL: %w", err)
	}
	go relay(ctx, l, net.JoinHostPort(u.Hostname(), port), away/2)
	u.Host = l.Addr().String()
	return u.String(), nil
}

// tellDistance writes how far away a server is found to be. A system that wakes who sleeps for less than a millisecond after a whole one makes it farther.
func tellDistance(ctx context.Context, out io.Writer, server string) error {
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("measure the distance: %w", err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	took := make([]time.Duration, 50)
	for i := range took {
		began := time.Now()
		if err := c.Ping(ctx); err != nil {
			return fmt.Errorf("measure the distance: %w", err)
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	_, err = fmt.Fprintf(out, "PostgreSQL answers in %s ms\n", millis(took[len(took)/2]))
	return err
}

// relay hands what comes on a listener on to a server, and back, each some time late.
func relay(ctx context.Context, l net.Listener, server string, late time.Duration) {
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	for {
		near, err := l.Accept()
		if err != nil {
			return
		}
		var d net.Dialer
		far, err := d.DialContext(ctx, "tcp", server)
		if err != nil {
			_ = near.Close()
			continue
		}
		go carry(ctx, far, near, late)
		go carry(ctx, near, far, late)
	}
}

// parcel is what was read at once, and when it is there.
type parcel struct {
	due  time.Time
	data []byte
}

// underWay is how many parcels may be on the way.
const underWay = 1024

// carry writes to one end what the other says, some time late, until either is closed.
func carry(ctx context.Context, to, from net.Conn, late time.Duration) {
	parcels := make(chan parcel, underWay)
	go func() {
		defer close(parcels)
		for {
			data := make([]byte, 32<<10)
			n, err := from.Read(data)
			if n > 0 {
				parcels <- parcel{time.Now().Add(late), data[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	defer func() { _ = to.Close() }()
	for p := range parcels {
		until(ctx, p.due)
		_, _ = to.Write(p.data) // an end that is closed takes nothing any more
	}
}
