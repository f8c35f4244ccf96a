package riverqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"causeway/core"

	"github.com/riverqueue/river"
)

const (
	// pollEach is how often a queue is looked at though nothing called for it: the net under the bells.
	pollEach = 2 * time.Second
	// cooldown is the least time between two looks at a queue; a first job after a pause is fetched at once.
	cooldown = 5 * time.Millisecond
	// keepDone is how long a finished job's row stays. On SQLite it keeps the row's number from being given out again while River may still
	// mention it.
	keepDone = 10 * time.Minute
	// lookEach is how often the jobs of dead nodes and lost starts are looked for.
	lookEach = 3 * time.Second
	// roundTime is how long such a look may take: a database that has fallen silent must not end the looking.
	roundTime = 30 * time.Second
)

// running is everything between Start and Stop.
type running struct {
	q      *Queue
	client client
	cancel context.CancelFunc
	ending chan struct{} // closed when stop begins
	loops  sync.WaitGroup
	alive  alive
}

// alive tells others that this process works on the database.
type alive interface {
	// beat does what must be done from time to time.
	beat(ctx context.Context)
	end(ctx context.Context)
}

func (q *Queue) start(ctx context.Context) (*running, error) {
	inner, cancel := context.WithCancel(ctx)
	q.node = newNode()
	r := &running{q: q, cancel: cancel, ending: make(chan struct{})}
	err := r.begin(ctx, inner)
	if err != nil {
		cancel()
		if r.alive != nil {
			r.alive.end(ctx)
		}
		return nil, err
	}
	return r, nil
}

func (r *running) begin(ctx, inner context.Context) (err error) {
	q := r.q
	if q.pool != nil {
		r.alive, err = openPulse(ctx, q)
	} else {
		r.alive, err = openFile(ctx, q)
	}
	if err != nil || len(q.handled) == 0 {
		return err
	}
	q.starts.reset(q.node)
	if r.client, err = q.client(r.config()); err != nil {
		return err
	}
	if err := r.client.Start(ctx); err != nil {
		return err
	}
	r.loops.Go(func() { r.every(inner, lookEach, r.alive.beat) })
	r.loops.Go(func() { r.every(inner, lookEach, q.freeLost) })
	return nil
}

func (r *running) every(ctx context.Context, d time.Duration, f func(context.Context)) {
	core.Every(ctx, d, func() {
		round, end := context.WithTimeout(ctx, roundTime)
		defer end()
		f(round)
	})
}

// config is what River is told. Workers have no time limit: what they wait for has. Jobs left running are our own business (alive), and
// River's rescuer only catches what nothing else did.
func (r *running) config() *river.Config {
	q, workers := r.q, river.NewWorkers()
	queues := map[string]river.QueueConfig{suspects: {MaxWorkers: 1}}
	for kind, h := range q.handled {
		queues[string(kind)] = river.QueueConfig{MaxWorkers: h.parallel}
		river.AddWorkerArgs(workers, args{kind: kind}, &worker{q: q, kind: kind, do: h.work, ending: r.ending})
	}
	return &river.Config{ID: q.node, Queues: queues, Workers: workers, Logger: quiet(q.log), JobTimeout: -1, RescueStuckJobsAfter: 48 * time.Hour,
		FetchCooldown: cooldown, FetchPollInterval: pollEach, MaxAttempts: maxAttempts, CompletedJobRetentionPeriod: keepDone,
		CancelledJobRetentionPeriod: q.keepDead, DiscardedJobRetentionPeriod: q.keepDead, ReindexerIndexNames: []string{}, SkipUnknownJobCheck: true}
}

// quiet lets River log only what a person should know, and the same not again and again: without its database each of the queues says so every two
// seconds.
func quiet(log *slog.Logger) *slog.Logger {
	return slog.New(seldom{log.Handler(), &said{at: map[string]time.Time{}}})
}

// sayAgain is after how long the same message is worth another line.
const sayAgain = 10 * time.Second

// mostSaid bounds what is kept in mind, should a message ever have something of its own in it.
const mostSaid = 200

// said is when which message was last logged.
type said struct {
	mu sync.Mutex
	at map[string]time.Time // by message
}

// fresh reports whether a message is worth a line, and notes that it gets one.
func (s *said) fresh(message string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.at[message]) < sayAgain {
		return false
	}
	if len(s.at) == mostSaid {
		clear(s.at)
	}
	s.at[message] = now
	return true
}

type seldom struct {
	slog.Handler
	said *said
}

func (h seldom) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

func (h seldom) Handle(ctx context.Context, r slog.Record) error {
	if !h.said.fresh(r.Message, r.Time) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h seldom) WithAttrs(a []slog.Attr) slog.Handler { return seldom{h.Handler.WithAttrs(a), h.said} }

func (h seldom) WithGroup(name string) slog.Handler { return seldom{h.Handler.WithGroup(name), h.said} }

func (r *running) stop(ctx context.Context) error {
	close(r.ending)
	var err error
	if r.client != nil {
		if err = r.client.Stop(ctx); err != nil {
			err = errors.Join(fmt.Errorf("%s: %w", r.q.starts.names(time.Now()), err), r.giveUp(ctx))
		}
	}
	r.cancel()
	r.loops.Wait()
	if err != nil {
		r.q.handBack(ctx)
	}
	r.alive.end(ctx)
	return err
}

// giveUp cancels what runs and waits a little for it to end.
func (r *running) giveUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handBack)
	defer cancel()
	if err := r.client.StopAndCancel(ctx); err != nil {
		return errors.New("some workers do not end")
	}
	return nil
}
