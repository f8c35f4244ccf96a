package riverqueue

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"causeway/core"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// Database is the store whose database holds the jobs. It must have been migrated.
type Database interface {
	SQLite() *sql.DB         // the one connection that writes; nil on PostgreSQL
	Postgres() *pgxpool.Pool // nil on SQLite
	Path() string            // of the file; empty on PostgreSQL
}

// Options are what a Queue can be given. The zero value will do.
type Options struct {
	Log *slog.Logger // failures of jobs and of the queue itself; nil: nothing is logged
	// KeepDead is how long dead jobs are kept; zero: for ever.
	KeepDead time.Duration
	Now      core.Clock // what Job.At is measured by: a job waits, in real time, for what At is ahead of it; nil: time.Now
	// Ended is told of every end of a start. It must not block. Nil: nobody is told.
	Ended func(Ended)
}

// Ended is how a start of a job ended.
type Ended struct {
	Kind    core.JobKind
	Outcome Outcome
	Waited  time.Duration // from when it was due until it started
	Took    time.Duration
}

// Outcome is what became of a job.
type Outcome string

const (
	OutcomeDone  Outcome = "done"
	OutcomeAgain Outcome = "again" // the same job was enqueued while it ran
	OutcomeLater Outcome = "later" // by core.Later, or handed back while stopping
	OutcomeRetry Outcome = "retry"
	OutcomeDead  Outcome = "dead"
	OutcomeLost  Outcome = "lost" // another start has the job by now
)

// Queue is core.Queue, and what gormstore.Store.UseQueue takes.
type Queue struct {
	base     base
	pool     *pgxpool.Pool                          // nil on SQLite
	within   func(tx pgx.Tx) riverdriver.ExecutorTx // River's statements in a transaction; nil on SQLite
	path     string
	keepDead time.Duration // -1: for ever, as River has it
	sql      statements
	node     string // names this Queue in the database, from one Start to the next
	log      *slog.Logger
	now      core.Clock
	ended    func(Ended)
	client   func(c *river.Config) (client, error)
	bell     *bell
	others   atomic.Pointer[bell] // rings at other nodes; nil unless this one works on PostgreSQL
	nodes    atomic.Int32         // how many were alive at the last look; zero: there was none
	starts   starts
	handled  map[core.JobKind]handler
	mu       sync.Mutex // guards running
	running  *running   // nil while stopped
}

type handler struct {
	parallel int
	work     core.Worker
}

var _ core.Queue = (*Queue)(nil)

// Open makes the queue of a migrated store. It works on nothing before Start.
func Open(ctx context.Context, db Database, o Options) (*Queue, error) {
	q := &Queue{log: o.Log, now: o.Now, ended: o.Ended, path: db.Path(), keepDead: cmp.Or(o.KeepDead, -1), bell: newBell(""), handled: map[core.JobKind]handler{}, node: newNode()}
	if q.log == nil {
		q.log = slog.New(slog.DiscardHandler)
	}
	if q.now == nil {
		q.now = time.Now
	}
	if q.pool = db.Postgres(); q.pool != nil {
		d := riverpgxv5.New(q.pool)
		q.base, q.sql, q.client, q.within = server{q.pool}, onPostgres, clients(driver[pgx.Tx]{d, q}), d.UnwrapExecutor
	} else {
		q.base, q.sql, q.client = lite{db.SQLite()}, onSQLite, clients(driver[*sql.Tx]{riversqlite.New(db.SQLite()), q})
	}
	if _, err := q.Waiting(ctx); err != nil {
		return nil, fmt.Errorf("look at queue: %w", err)
	}
	return q, nil
}

func newNode() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%.60s/%s", host, core.NewID[string]())
}

// Handle sets the worker of a kind, with how many of its jobs run at once. It panics after Start: then it is too late.
func (q *Queue) Handle(kind core.JobKind, parallel int, w core.Worker) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running != nil {
		panic("riverqueue: Handle after Start")
	}
	q.handled[kind] = handler{parallel: max(parallel, 1), work: w}
}

// Start begins to work until Stop; the end of ctx does not stop it. Jobs that a crashed process left running are freed first.
func (q *Queue) Start(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running != nil {
		return errors.New("the queue is running already")
	}
	r, err := q.start(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	q.running = r
	return nil
}

// Nodes is how many nodes work on the database, this one included, as of some seconds ago.
func (q *Queue) Nodes() int { return max(1, int(q.nodes.Load())) }

// handBack is how long Stop waits, after ctx is over, for workers to see that their context is.
const handBack = 3 * time.Second

// Stop starts no more jobs and waits for those that run until ctx is over; workers with much to do are asked by Work.Stopping to hand back
// the rest. What still runs when ctx is over is cancelled and handed back, to be started anew by another node or the next process. What is
// handed back keeps its place, and no attempt is counted. The error is ctx's if that came to pass, and names what ran. Stopping twice is harmless.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running == nil {
		return nil
	}
	r := q.running
	q.running = nil
	return r.stop(ctx)
}
