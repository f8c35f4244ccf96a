package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"
	_ "modernc.org/sqlite" // the driver of the floors on SQLite
)

// The floors are what causeway bench compares the gateway with: the least work that a webhook can be, on the same machine and database.
//
//	bare    gin and the check of the signature
//	insert  the same, and the body in a row of its own, committed before the answer
//	each    the same, but requests that wait together share a commit
//	group   the same, and one statement on PostgreSQL; on SQLite it is each
func floorCommand() *cobra.Command {
	c := &cobra.Command{Use: "bench-floor KIND", Short: "Serve a floor of the benchmark", Hidden: true, Args: cobra.ExactArgs(1), RunE: serveFloor}
	c.Flags().String("database", "", "sqlite:PATH or postgres://…")
	c.Flags().String("secret", "", "app secret")
	return c
}

func serveFloor(cmd *cobra.Command, args []string) error {
	url, _ := cmd.Flags().GetString("database")
	secret, _ := cmd.Flags().GetString("secret")
	keep, err := keeper(cmd.Context(), args[0], url)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &http.Server{Handler: floor([]byte(secret), keep), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-cmd.Context().Done()
		_ = s.Close()
	}()
	fmt.Fprintf(cmd.OutOrStdout(), "webhooks and API  http://%s\n", l.Addr())
	_ = s.Serve(l)
	return nil
}

// floor answers signed webhooks after keep has returned.
func floor(secret []byte, keep func(ctx context.Context, body []byte) error) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.POST("/*any", func(c *gin.Context) {
		body, err := io.ReadAll(io.LimitReader(c.Request.Body, 4<<20))
		given, ok := strings.CutPrefix(c.GetHeader("X-Hub-Signature-256"), "sha256=")
		sum, _ := hex.DecodeString(given)
		mac := hmac.New(sha256.New, secret)
		mac.Write(body)
		if err != nil || !ok || !hmac.Equal(sum, mac.Sum(nil)) {
			c.AbortWithStatus(http.StatusUnauthorized)
			return
		}
		if err := keep(c.Request.Context(), body); err != nil {
			c.AbortWithStatus(http.StatusInternalServerError)
			return
		}
		c.Status(http.StatusOK)
	})
	return e
}

const floorTable = "CREATE TABLE IF NOT EXISTS floor (id %s, body %s NOT NULL)"

// keeper is what a floor does with a body.
func keeper(ctx context.Context, kind, url string) (func(context.Context, []byte) error, error) {
	if kind == "bare" {
		return func(context.Context, []byte) error { return nil }, nil
	}
	insert, err := inserter(ctx, url, kind == "group")
	if err != nil {
		return nil, err
	}
	switch kind {
	case "insert":
		return func(ctx context.Context, body []byte) error { return insert(ctx, [][]byte{body}) }, nil
	case "each", "group":
		return grouped(ctx, insert), nil
	}
	return nil, fmt.Errorf("there is no floor %q", kind)
}

// inserter writes bodies in one commit, and where the database can, in one statement if they are to be at once.
func inserter(ctx context.Context, url string, atOnce bool) (func(context.Context, [][]byte) error, error) {
	path, lite := strings.CutPrefix(url, "sqlite:")
	if lite {
		return liteInserter(ctx, path)
	}
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, fmt.Sprintf(floorTable, "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "BYTEA")); err != nil {
		return nil, err
	}
	const one = "INSERT INTO floor (body) VALUES ($1)"
	return func(ctx context.Context, bodies [][]byte) error {
		if len(bodies) == 1 {
			_, err := pool.Exec(ctx, one, bodies[0])
			return err
		}
		return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			if atOnce {
				_, err := tx.Exec(ctx, "INSERT INTO floor (body) SELECT unnest($1::bytea[])", bodies)
				return err
			}
			for _, b := range bodies {
				if _, err := tx.Exec(ctx, one, b); err != nil {
					return err
				}
			}
			return nil
		})
	}, nil
}

func liteInserter(ctx context.Context, path string) (func(context.Context, [][]byte) error, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, fmt.Sprintf(floorTable, "INTEGER PRIMARY KEY", "BLOB")); err != nil {
		return nil, err
	}
	statement, err := db.PrepareContext(ctx, "INSERT INTO floor (body) VALUES (?)")
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, bodies [][]byte) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		one := tx.StmtContext(ctx, statement)
		defer func() { _ = one.Close() }()
		for _, b := range bodies {
			if _, err := one.ExecContext(ctx, b); err != nil {
				return err
			}
		}
		return tx.Commit()
	}, nil
}

// grouped has everything that waits while a commit is under way share the next one.
func grouped(ctx context.Context, insert func(context.Context, [][]byte) error) func(context.Context, []byte) error {
	type waiting struct {
		body []byte
		done chan error
	}
	queue := make(chan waiting, 1024)
	go func() {
		for {
			var batch []waiting
			select {
			case <-ctx.Done():
				return
			case w := <-queue:
				batch = append(batch, w)
			}
			for len(batch) < 256 && len(queue) > 0 {
				batch = append(batch, <-queue)
			}
			bodies := make([][]byte, len(batch))
			for i, w := range batch {
				bodies[i] = bytes.Clone(w.body)
			}
			err := insert(ctx, bodies)
			for _, w := range batch {
				w.done <- err
			}
		}
	}()
	return func(ctx context.Context, body []byte) error {
		w := waiting{body, make(chan error, 1)}
		select {
		case queue <- w:
			return <-w.done
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
