package riverqueue

import (
	"context"
	"fmt"
	"time"

	"causeway/core"
)

// file is the life of a process on SQLite: it has the database to itself, as far as working on jobs goes.
type file struct {
	q       *Queue
	unlock  func()
	version int64 // SQLite's count of what other processes have written
	stop    context.CancelFunc
	ended   chan struct{}
}

// otherEach is how often it is looked whether another process, such as a command, has enqueued something.
const otherEach = 250 * time.Millisecond

func openFile(ctx context.Context, q *Queue) (alive, error) {
	unlock, err := lock(q.path + ".lock")
	if err != nil {
		return nil, err
	}
	f := &file{q: q, unlock: unlock, ended: make(chan struct{})}
	n, err := q.base.exec(ctx, q.sql.crashed, "", suspectAfter, deadAfter)
	if err == nil {
		// A leader that is dead would only keep what is scheduled waiting.
		_, err = q.base.exec(ctx, "DELETE FROM river_leader")
	}
	if err != nil {
		unlock()
		return nil, fmt.Errorf("free what a dead process left running: %w", err)
	}
	if n > 0 {
		q.log.WarnContext(ctx, "jobs freed that a dead process had left running", "jobs", n)
	}
	inner, stop := context.WithCancel(ctx)
	f.stop = stop
	go f.watch(inner)
	return f, nil
}

// watch rings when another process has written to the database.
func (f *file) watch(ctx context.Context) {
	defer close(f.ended)
	core.Every(ctx, otherEach, func() {
		before := f.version
		err := f.q.base.each(ctx, func(scan func(...any) error) error { return scan(&f.version) }, "PRAGMA data_version")
		if err == nil && before != f.version && before != 0 {
			f.q.ringAll()
		}
	})
}

func (f *file) beat(context.Context) {}

func (f *file) end(context.Context) {
	f.stop()
	<-f.ended
	f.unlock()
}

func taken(path string) error {
	return core.Problemf(core.CodeConflict, "Another Causeway is working on this database already: it holds %s.", path).
		Remedied("Stop it first, or use PostgreSQL, on which any number may work.")
}
