package ginapi

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"causeway/core"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
)

const (
	journalWaits = 1024                  // entries kept in memory until they are written
	journalBatch = 256                   // entries written at once
	journalRest  = 50 * time.Millisecond // between two batches that are not full: each is a commit, for which the webhooks' own wait
	journalTime  = 10 * time.Second      // for one batch
)

// Exchange is an entry of the channel log with the workspace it belongs to.
type Exchange struct {
	Workspace core.WorkspaceID
	core.LogEntry
}

// JournalTo returns a function that writes entries to a store, all in one transaction and statement.
func JournalTo(store core.Store) func(ctx context.Context, entries []Exchange) error {
	return func(ctx context.Context, entries []Exchange) error {
		rows := core.Rows{Log: make([]core.Owned[core.LogEntry], len(entries))}
		for i, e := range entries {
			if e.ID == "" {
				e.ID = core.NewID[string]()
			}
			rows.Log[i] = core.Owned[core.LogEntry]{Workspace: e.Workspace, Value: e.LogEntry}
		}
		return store.Tx(ctx, func(tx core.Tx) error {
			if err := tx.Write(ctx, rows); err != nil {
				return fmt.Errorf("append to channel log: %w", err)
			}
			return nil
		})
	}
}

// call is a webhook call to be logged, with its texts as they came: they are cut and redacted by the journal's goroutine.
type call struct {
	workspace core.WorkspaceID
	channel   core.ChannelID
	at        time.Time
	took      time.Duration
	method    string
	url       string
	status    int
	request   head
	response  head
	note      string
}

// journal writes the channel log behind the answers.
type journal struct {
	write   func(ctx context.Context, entries []Exchange) error
	log     *slog.Logger
	dropped prometheus.Counter
	calls   chan logged
	strange *rate.Limiter // of calls by strangers: they cannot fill the log
}

func newJournal(write func(context.Context, []Exchange) error, log *slog.Logger, dropped prometheus.Counter) *journal {
	return &journal{write: write, log: log, dropped: dropped, calls: make(chan logged, journalWaits), strange: rate.NewLimiter(2, 20)}
}

// logged is something for the log; the journal's goroutine makes the entry of it.
type logged interface{ entry() Exchange }

func (e Exchange) entry() Exchange { return e }

// Record puts an entry into the channel log, behind the webhooks' own. It never waits. Before Serve they are kept, as far as there is room.
func (s *Server) Record(ws core.WorkspaceID, e core.LogEntry) { s.journal.add(Exchange{ws, e}) }

// add puts something into the log. It never waits.
func (j *journal) add(c logged) {
	select {
	case j.calls <- c:
	default:
		j.dropped.Inc()
	}
}

// stranger puts a call that did not authenticate into the log: without its body, and not many in a second.
func (j *journal) stranger(c call) {
	if !j.strange.Allow() {
		j.dropped.Inc()
		return
	}
	c.request, c.response = head{}, head{}
	j.add(c)
}

// run writes what is added until end is closed, and what is there then.
func (j *journal) run(ctx context.Context, end <-chan struct{}) {
	for {
		select {
		case c := <-j.calls:
			j.batch(ctx, c)
			j.rest(end)
		case <-end:
			for len(j.calls) > 0 {
				j.batch(ctx, <-j.calls)
			}
			return
		}
	}
}

// rest waits for more, unless there is enough for a batch, or nothing more to come.
func (j *journal) rest(end <-chan struct{}) {
	if len(j.calls) >= journalBatch {
		return
	}
	t := time.NewTimer(journalRest)
	defer t.Stop()
	select {
	case <-t.C:
	case <-end:
	}
}

// batch writes a call together with those that wait behind it.
func (j *journal) batch(ctx context.Context, first logged) {
	entries := []Exchange{first.entry()}
	for len(entries) < journalBatch && len(j.calls) > 0 {
		entries = append(entries, (<-j.calls).entry()) // this goroutine is the only one to take
	}
	ctx, cancel := context.WithTimeout(ctx, journalTime)
	defer cancel()
	err := j.save(ctx, entries)
	if err == nil {
		return
	}
	lost := len(entries)
	if lost > 1 && !again(err) { // one that cannot be written must not take its neighbours along
		for _, e := range entries {
			if j.save(ctx, []Exchange{e}) == nil {
				lost--
			}
		}
	}
	j.dropped.Add(float64(lost))
	j.log.WarnContext(ctx, "channel log not written", "entries", lost, "err", err)
}

// save survives a writer that panics: the log must not take the gateway down.
func (j *journal) save(ctx context.Context, entries []Exchange) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return j.write(ctx, entries)
}

func (c call) entry() Exchange {
	return Exchange{Workspace: c.workspace, LogEntry: core.LogEntry{ID: core.NewID[string](), Channel: c.channel, At: c.at, Inward: true,
		Method: c.method, URL: redact(c.url), Status: c.status, Took: c.took, Request: excerpt(c.request), Response: excerpt(c.response), Note: c.note}}
}
