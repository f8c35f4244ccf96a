package gormstore

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"causeway/core"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	wireTopic  = "causeway_wire"
	wireMost   = 7000 // bytes of a notification, of the 8000 that PostgreSQL takes
	wireLines  = 10_000
	wireGather = 10 * time.Millisecond
	wireRetry  = time.Second
)

// Wire carries short lines between the nodes that share a PostgreSQL, by its notifications: what is told at about the same time goes in one. Lines
// are hints. They are lost while the database is away, and where there are far too many.
type Wire struct {
	pool    *pgxpool.Pool
	log     *slog.Logger
	hear    func(line string)
	node    string
	mu      sync.Mutex
	waiting []string
	rung    chan struct{}
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// Wire starts a Wire, which hear gets the other nodes' lines from, until ctx is done or it is closed. On SQLite there are no other nodes: it is nil.
func (s *Store) Wire(ctx context.Context, log *slog.Logger, hear func(line string)) *Wire {
	if s.postgres == nil {
		return nil
	}
	w := &Wire{pool: s.postgres, log: log, hear: hear, node: uuid.NewString(), rung: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(ctx)
	w.stop = stop
	w.done.Go(func() { w.speak(ctx) })
	w.done.Go(func() { w.listen(ctx) })
	return w
}

// Close ends both sides. Calling it twice is harmless.
func (w *Wire) Close() error {
	w.stop()
	w.done.Wait()
	return nil
}

// Tell hands a line to the other nodes. It never waits.
func (w *Wire) Tell(line string) {
	w.mu.Lock()
	if len(w.waiting) < wireLines && len(line) < wireMost {
		w.waiting = append(w.waiting, line)
	}
	w.mu.Unlock()
	select {
	case w.rung <- struct{}{}:
	default:
	}
}

// speak notifies of what was told.
func (w *Wire) speak(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.rung:
		}
		if core.Wait(ctx, wireGather) != nil { // what else is told now goes along
			return
		}
		for _, text := range w.take() {
			if _, err := w.pool.Exec(ctx, "SELECT pg_notify($1, $2)", wireTopic, w.node+"\n"+text); err != nil && ctx.Err() == nil {
				w.log.DebugContext(ctx, "other nodes not told", "err", err)
			}
		}
	}
}

// take returns what waits, each line once, in texts that fit a notification.
func (w *Wire) take() []string {
	w.mu.Lock()
	lines := w.waiting
	w.waiting = nil
	w.mu.Unlock()
	var texts []string
	var b strings.Builder
	seen := map[string]bool{}
	for _, line := range lines {
		if seen[line] {
			continue
		}
		seen[line] = true
		if b.Len() > 0 && b.Len()+len(line) >= wireMost {
			texts = append(texts, b.String())
			b.Reset()
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
	}
	if b.Len() > 0 {
		texts = append(texts, b.String())
	}
	return texts
}

// listen hears the other nodes, over a connection of its own, again and again.
func (w *Wire) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := w.attend(ctx); err != nil && ctx.Err() == nil {
			w.log.DebugContext(ctx, "other nodes not heard", "err", err)
		}
		_ = core.Wait(ctx, wireRetry)
	}
}

func (w *Wire) attend(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, w.pool.Config().ConnConfig.Copy())
	if err != nil {
		return fmt.Errorf("connect to listen: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+wireTopic); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("wait for other nodes: %w", err)
		}
		from, text, _ := strings.Cut(n.Payload, "\n")
		if from == w.node {
			continue
		}
		for line := range strings.SplitSeq(text, "\n") {
			w.hear(line)
		}
	}
}
