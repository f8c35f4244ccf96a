package main

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"causeway/core"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
)

// databaseFlag has a command take the servers to measure on.
func databaseFlag(c *cobra.Command) {
	c.Flags().StringSlice("database", []string{"sqlite"}, "sqlite, or postgres://… of a server on which databases may be made and dropped; may be repeated")
}

// onServers measures on each server that the command names, and writes the table that was filled.
func onServers(cmd *cobra.Command, t table, measure func(server string) error) error {
	servers, _ := cmd.Flags().GetStringSlice("database")
	var all error
	for _, server := range servers {
		all = errors.Join(all, measure(server))
	}
	return errors.Join(all, t.flush())
}

// testbed is an empty database, and a folder for what is kept beside it.
type testbed struct{ dir, database string }

// kind is what the table calls the database.
func (b testbed) kind() string {
	kind, _, _ := strings.Cut(b.database, ":")
	return kind
}

// onTestbed runs f on a testbed of its own, which is removed then.
func onTestbed(ctx context.Context, server string, f func(b testbed) error) error {
	b, remove, err := newTestbed(ctx, server)
	if err != nil {
		return err
	}
	defer remove()
	return f(b)
}

// newTestbed makes a testbed, and tells how to remove it.
func newTestbed(ctx context.Context, server string) (testbed, func(), error) {
	dir, removeDir, err := tempDir()
	if err != nil {
		return testbed{}, nil, err
	}
	if server == "sqlite" {
		return testbed{dir, "sqlite:" + filepath.Join(dir, "bench.db")}, removeDir, nil
	}
	database, err := makeDatabase(ctx, server)
	if err != nil {
		removeDir()
		return testbed{}, nil, err
	}
	return testbed{dir, database}, func() {
		dropDatabase(context.WithoutCancel(ctx), server, database)
		removeDir()
	}, nil
}

// makeDatabase makes an empty database on a PostgreSQL server and returns its URL.
func makeDatabase(ctx context.Context, server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	name := "causeway_bench_" + core.NewToken(5)
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

func dropDatabase(ctx context.Context, server, database string) {
	u, err := url.Parse(database)
	if err != nil {
		return
	}
	if c, err := pgx.Connect(ctx, server); err == nil {
		_, _ = c.Exec(ctx, "DROP DATABASE "+strings.TrimPrefix(u.Path, "/")+" WITH (FORCE)")
		_ = c.Close(ctx)
	}
}

// paced waits until the nth of so many a second is due; false means that ctx was done first.
func paced(ctx context.Context, began time.Time, n int64, perSecond float64) bool {
	return until(ctx, began.Add(time.Duration(float64(n)/perSecond*float64(time.Second))))
}
