package riverqueue

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/riverqueue/river/riverdriver"
)

// inserted is River's topic for queues in which there is something to do.
const inserted = "river_insert"

// bell wakes the queues of this process. Rings that nobody has heard yet are one.
type bell struct {
	from  string // who rings
	mu    sync.Mutex
	rung  []riverdriver.Notification
	heard chan struct{} // has a value while rung has some
}

func newBell(from string) *bell { return &bell{from: from, heard: make(chan struct{}, 1)} }

// notice is what River reads, and who says it.
func notice(queue, from string) string { return fmt.Sprintf(`{"queue":%q,"from":%q}`, queue, from) }

func (b *bell) ring(queue string) { b.pass(inserted, []string{notice(queue, b.from)}) }

// ringAt rings when a job is due.
func (b *bell) ringAt(queue string, due time.Time) {
	time.AfterFunc(time.Until(due)+time.Millisecond, func() { b.ring(queue) })
}

// pass hands notices on.
func (b *bell) pass(topic string, payloads []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range payloads {
		b.add(riverdriver.Notification{Topic: topic, Payload: p})
	}
	if len(b.rung) > 0 {
		select {
		case b.heard <- struct{}{}:
		default:
		}
	}
}

func (b *bell) add(n riverdriver.Notification) {
	for _, there := range b.rung {
		if there == n {
			return
		}
	}
	b.rung = append(b.rung, n)
}

// next takes a notice that waits.
func (b *bell) next() (riverdriver.Notification, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.rung) == 0 {
		return riverdriver.Notification{}, false
	}
	n := b.rung[0]
	b.rung = b.rung[1:]
	if len(b.rung) > 0 {
		select {
		case b.heard <- struct{}{}:
		default:
		}
	}
	return n, true
}

// ears is a listener to the bell, and to what other nodes notify.
type ears struct {
	bell *bell
	far  riverdriver.Listener // nil on SQLite
	own  string               // what this node's own notices contain: it has rung for them already
	wait chan distant         // a wait for far that goes on while the bell was heard; nil: none
}

type distant struct {
	n   *riverdriver.Notification
	err error
}

// WaitForNotification returns what comes first. When ctx ends, nothing waits any more.
func (e *ears) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	e.listen(ctx)
	for {
		select {
		case <-e.bell.heard:
			if n, ok := e.bell.next(); ok {
				return &n, nil
			}
		case d := <-e.wait:
			e.wait = nil
			if d.err == nil && strings.Contains(d.n.Payload, e.own) {
				e.listen(ctx)
				continue
			}
			return d.n, d.err
		case <-ctx.Done():
			return nil, e.leave(ctx)
		}
	}
}

// listen waits for far, if nobody does.
func (e *ears) listen(ctx context.Context) {
	if e.far == nil || e.wait != nil {
		return
	}
	wait := make(chan distant, 1)
	e.wait = wait
	go func() {
		n, err := e.far.WaitForNotification(ctx)
		wait <- distant{n, err}
	}()
}

// leave waits for the end of a wait that ctx has ended. What it heard at the last moment is rung, not lost.
func (e *ears) leave(ctx context.Context) error {
	if e.wait == nil {
		return ctx.Err()
	}
	d := <-e.wait
	e.wait = nil
	if d.n != nil {
		e.bell.pass(d.n.Topic, []string{d.n.Payload})
	}
	return ctx.Err()
}

func (e *ears) Close(ctx context.Context) error {
	return e.do(func(l riverdriver.Listener) error { return l.Close(ctx) })
}

func (e *ears) Connect(ctx context.Context) error {
	return e.do(func(l riverdriver.Listener) error { return l.Connect(ctx) })
}

func (e *ears) Listen(ctx context.Context, topic string) error {
	return e.do(func(l riverdriver.Listener) error { return l.Listen(ctx, topic) })
}

func (e *ears) Unlisten(ctx context.Context, topic string) error {
	return e.do(func(l riverdriver.Listener) error { return l.Unlisten(ctx, topic) })
}

func (e *ears) Ping(ctx context.Context) error {
	return e.do(func(l riverdriver.Listener) error { return l.Ping(ctx) })
}

// Schema implements riverdriver.Listener; ours is always the connection's.
func (e *ears) Schema() string { return "" }

// SetAfterConnectExec implements riverdriver.Listener, for River's tests.
func (e *ears) SetAfterConnectExec(string) {}

func (e *ears) do(f func(riverdriver.Listener) error) error {
	if e.far == nil {
		return nil
	}
	return f(e.far)
}
