package riverqueue

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"causeway/core"

	"github.com/jackc/pgx/v5"
)

// pulse is the life of a node on PostgreSQL: a lock held by a connection of its own. The server takes it away when the process dies, or its
// machine falls silent for about ten seconds. A row with a time of last sight will not do: a busy node is late with it, and is robbed.
type pulse struct {
	q    *Queue
	conn *pgx.Conn // nil: lost
	held bool
	stop context.CancelFunc // of crying
	done sync.WaitGroup
}

// notify tells the nodes what River's notices tell.
const notify = `SELECT pg_notify(concat(current_schema(), '.river_insert'), $1)`

// cryEach bounds how often other nodes are told of the same.
const (
	cryEach  = 5 * time.Millisecond
	cryAlone = 200 * time.Millisecond // where there was no other at the last look
)

const silent = `SET tcp_keepalives_idle = 4; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; SET tcp_user_timeout = 10000`

// lockKey is the number of the lock of a node.
func lockKey(node string) int64 {
	sum := sha256.Sum256([]byte("causeway queue " + node))
	return int64(binary.BigEndian.Uint64(sum[:8])) //nolint:gosec // any 64 bits will do
}

func openPulse(ctx context.Context, q *Queue) (alive, error) {
	p := &pulse{q: q}
	if err := p.hold(ctx); err != nil {
		p.end(ctx)
		return nil, err
	}
	if err := errors.Join(p.count(ctx), p.freeDead(ctx)); err != nil {
		p.end(ctx)
		return nil, err
	}
	inner, stop := context.WithCancel(ctx)
	p.stop = stop
	others := newBell(q.node)
	q.others.Store(others)
	p.done.Go(func() { p.cry(inner, others) })
	return p, nil
}

// cry tells other nodes what is rung.
func (p *pulse) cry(ctx context.Context, b *bell) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.heard:
		}
		for n, ok := b.next(); ok; n, ok = b.next() {
			if _, err := p.q.pool.Exec(ctx, notify, n.Payload); err != nil && ctx.Err() == nil {
				p.q.log.WarnContext(ctx, "other nodes not told of jobs; they look by themselves", "err", err)
			}
		}
		_ = core.Wait(ctx, p.pause())
	}
}

// pause is how long to be silent after a cry: longer where nobody was there to hear it at the last look.
func (p *pulse) pause() time.Duration {
	if p.q.nodes.Load() == 1 {
		return cryAlone
	}
	return cryEach
}

// hold sees to it that the lock is held.
func (p *pulse) hold(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if p.conn == nil {
		c, err := pgx.ConnectConfig(ctx, p.q.pool.Config().ConnConfig.Copy())
		if err != nil {
			return fmt.Errorf("connect for the queue: %w", err)
		}
		p.conn, p.held = c, false
		if _, err := c.Exec(ctx, silent); err != nil {
			p.q.log.DebugContext(ctx, "no keep-alive on this connection", "err", err)
		}
	}
	ask := "SELECT true"
	if !p.held { // an earlier connection of ours may hold it still, which is as good as long as it lasts
		ask = fmt.Sprintf("SELECT pg_try_advisory_lock(%d)", lockKey(p.q.node))
	}
	if err := p.conn.QueryRow(ctx, ask).Scan(&p.held); err != nil {
		p.drop(ctx)
		return fmt.Errorf("hold the queue's lock: %w", err)
	}
	return nil
}

func (p *pulse) drop(ctx context.Context) {
	if p.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // to say goodbye, also after cancellation
	defer cancel()
	_ = p.conn.Close(ctx)
	p.conn, p.held = nil, false
}

func (p *pulse) beat(ctx context.Context) {
	err := p.hold(ctx)
	if err == nil {
		err = p.count(ctx)
	}
	if err == nil {
		err = p.freeDead(ctx)
	}
	if err != nil && ctx.Err() == nil {
		p.q.log.WarnContext(ctx, "the queue's lock on the database is not held; other nodes may take over its jobs", "err", err)
	}
}

// living is how many nodes hold their locks: nobody else locks numbers of 64 bits for as long as a process lives.
const living = `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND mode = 'ExclusiveLock'
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

// count counts the nodes.
func (p *pulse) count(ctx context.Context) error {
	var n int32
	if err := p.conn.QueryRow(ctx, living).Scan(&n); err != nil {
		return fmt.Errorf("count nodes: %w", err)
	}
	p.q.nodes.Store(n)
	return nil
}

// freeDead frees what nodes without a lock have left running.
func (p *pulse) freeDead(ctx context.Context) error {
	nodes, err := p.busy(ctx)
	for _, node := range nodes {
		if err == nil && node != p.q.node {
			err = p.freeIfDead(ctx, node)
		}
	}
	return err
}

// busy lists the nodes for which something runs.
func (p *pulse) busy(ctx context.Context) (nodes []string, err error) {
	rows, err := p.q.pool.Query(ctx, `SELECT DISTINCT attempted_by[array_upper(attempted_by, 1)] FROM river_job WHERE state = 'running'`)
	if err != nil {
		return nil, fmt.Errorf("list busy nodes: %w", err)
	}
	if nodes, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return nil, fmt.Errorf("list busy nodes: %w", err)
	}
	return nodes, nil
}

func (p *pulse) freeIfDead(ctx context.Context, node string) error {
	var n int64
	err := pgx.BeginFunc(ctx, p.q.pool, func(tx pgx.Tx) error {
		dead := false
		if err := tx.QueryRow(ctx, fmt.Sprintf("SELECT pg_try_advisory_xact_lock(%d)", lockKey(node))).Scan(&dead); err != nil || !dead {
			return err
		}
		tag, err := tx.Exec(ctx, p.q.sql.crashed, node, suspectAfter, deadAfter)
		n = tag.RowsAffected()
		return err
	})
	if err != nil {
		return fmt.Errorf("free jobs of a dead node: %w", err)
	}
	if n > 0 {
		p.q.log.WarnContext(ctx, "jobs freed that a dead node had left running", "node", node, "jobs", n)
		p.q.ringAll()
	}
	return nil
}

func (p *pulse) end(ctx context.Context) {
	p.q.others.Store(nil)
	if p.stop != nil {
		p.stop()
		p.done.Wait()
	}
	p.drop(ctx)
}
