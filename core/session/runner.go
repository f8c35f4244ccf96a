package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"causeway/core"
)

// A node that dies is followed by another after leaseFor and one look of leaseEach at most. One that lives, but cannot reach the database, has ended
// its sessions leaseFor minus leaseSafe before anybody else may begin them.
const (
	leaseFor  = 8 * time.Second
	leaseEach = 2 * time.Second
	leaseSafe = 6 * time.Second // after the moment before it was asked for
	askFor    = 2 * time.Second
	endWithin = 10 * time.Second // what a session may take to end before it is called hung
)

var (
	errClosed  = errors.New("the channel's link was closed")
	errStopped = errors.New("the gateway stops")
)

// Runner runs the sessions of the channels whose links are core.SessionLinks: of each channel one, on one node at a time, whatever number of nodes
// have a Runner. Whether a channel may send does not matter. A session that ends is begun again; one whose link is closed, because the channel was
// changed or deleted, ends.
type Runner struct {
	m       *Manager
	only    core.ChannelID // whose session alone is run; empty: all are
	node    string         // names this Runner among all that share the database
	poke    chan struct{}
	stop    context.CancelFunc // of looking
	all     sync.WaitGroup     // the sessions
	looking sync.WaitGroup
	mu      sync.Mutex // guards tenures
	tenures map[core.ChannelID]*tenure
}

// NewRunner makes a Runner of a Manager's links.
func NewRunner(m *Manager) *Runner {
	return &Runner{m: m, node: core.NewID[string](), poke: make(chan struct{}, 1), stop: func() {}, tenures: map[core.ChannelID]*tenure{}}
}

// Only restricts a Runner that is not started yet to one channel.
func (r *Runner) Only(id core.ChannelID) *Runner {
	r.only = id
	return r
}

// Start begins to look for sessions to run, until Stop. It is called once.
func (r *Runner) Start(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	inner, stop := context.WithCancel(ctx)
	r.stop = stop
	r.looking.Go(func() {
		r.m.Refresh(inner)
		tick := time.NewTicker(leaseEach)
		defer tick.Stop()
		for inner.Err() == nil {
			r.renew(inner)
			r.take(inner, ctx)
			select {
			case <-inner.Done():
			case <-tick.C:
			case <-r.poke:
			}
		}
	})
}

// Stop ends all sessions and gives their leases back, so that other nodes go on at once. The error is ctx's if that is over before, and names the
// channels whose sessions have not ended.
func (r *Runner) Stop(ctx context.Context) error {
	r.stop()
	r.looking.Wait() // it asks the database for nothing any more
	for _, t := range r.running() {
		t.end(errStopped)
	}
	over := make(chan struct{})
	go func() { defer close(over); r.all.Wait() }()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", strings.Join(r.names(), ", "), ctx.Err())
	}
}

// names lists the channels whose sessions have not ended.
func (r *Runner) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, t := range r.tenures {
		all = append(all, t.opened.channel.Name)
	}
	slices.Sort(all)
	return all
}

// running lists the sessions, but for those that are ending.
func (r *Runner) running() []*tenure {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*tenure
	for _, t := range r.tenures {
		if t.ctx.Err() == nil {
			all = append(all, t)
		}
	}
	return all
}

// renew prolongs the leases of what runs. Where the database does not answer, each session ends at its own deadline.
func (r *Runner) renew(ctx context.Context) {
	running := r.running()
	if len(running) == 0 {
		return
	}
	leases := make([]core.Lease, len(running))
	for i, t := range running {
		leases[i] = t.lease
	}
	asked := time.Now()
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	kept, err := r.m.Store.RenewLeases(ctx, leases, leaseFor)
	if err != nil {
		r.complain(ctx, "renew", err)
		return
	}
	for _, t := range running {
		if slices.Contains(kept, t.lease) {
			t.prolong(asked)
		} else {
			t.end(core.ErrLeaseLost)
		}
	}
}

// complain logs an error, unless it is our own stop.
func (r *Runner) complain(ctx context.Context, doing string, err error) {
	if !errors.Is(ctx.Err(), context.Canceled) {
		r.m.Log.WarnContext(ctx, "leases of sessions: the database did not do it", "doing", doing, "err", err)
	}
}

// take begins the sessions that nobody runs. They live in the context life.
func (r *Runner) take(ctx, life context.Context) {
	free := r.m.sessions()
	if r.only != "" {
		maps.DeleteFunc(free, func(id core.ChannelID, _ *opened) bool { return id != r.only })
	}
	r.mu.Lock()
	for id := range r.tenures {
		delete(free, id)
	}
	r.mu.Unlock()
	if len(free) == 0 {
		return
	}
	names := make([]string, 0, len(free))
	for id := range free {
		names = append(names, leaseOf+string(id))
	}
	slices.Sort(names)
	asked := time.Now()
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	got, err := r.m.Store.TakeLeases(ctx, r.node, names, leaseFor)
	if err != nil {
		r.complain(ctx, "take", err)
	}
	for _, l := range got {
		r.begin(life, l, free[core.ChannelID(strings.TrimPrefix(l.Name, leaseOf))], asked)
	}
}

// leaseOf begins the names of sessions' leases. The channel's id follows.
const leaseOf = "session/"

// begin runs a session under a lease that was asked for at that time.
func (r *Runner) begin(life context.Context, l core.Lease, o *opened, asked time.Time) {
	t := &tenure{opened: o, lease: l, requests: requests{asked: make(chan struct{}, 1)}}
	t.ctx, t.end = context.WithCancelCause(life)
	t.deadline = time.AfterFunc(time.Until(asked.Add(leaseSafe)), func() { t.end(core.ErrLeaseLost) })
	if !r.m.attach(t) {
		t.end(errClosed)
	}
	r.mu.Lock()
	r.tenures[o.channel.ID] = t
	r.mu.Unlock()
	r.all.Go(func() { r.keep(t) }) //nolint:contextcheck // a session outlives the look that began it
}

// keep runs a session to the end of its tenure.
func (r *Runner) keep(t *tenure) {
	t.opened.host.log.DebugContext(t.ctx, "session begins here", "fence", t.lease.Fence)
	done := make(chan struct{})
	context.AfterFunc(t.ctx, func() { t.watchEnd(done) })
	t.keep()
	close(done)
	r.ended(t)
}

// ended lets others have what ran, and this node look at once whether it is to go on here.
func (r *Runner) ended(t *tenure) {
	t.deadline.Stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), askFor)
	defer cancel()
	why := context.Cause(t.ctx)
	t.opened.host.log.DebugContext(ctx, "session is over here", "fence", t.lease.Fence, "why", why)
	if errors.Is(why, core.ErrLeaseLost) {
		r.m.discard(t.opened) // what lingers of the session must not live on under a later lease
	} else if err := r.m.Store.DropLease(ctx, t.lease); err != nil {
		r.complain(ctx, "give back", err)
	}
	r.mu.Lock()
	delete(r.tenures, t.opened.channel.ID)
	r.mu.Unlock()
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

// sessions lists the open links that are core.SessionLinks.
func (m *Manager) sessions() map[core.ChannelID]*opened {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[core.ChannelID]*opened{}
	for id, o := range m.open {
		if _, ok := o.link.(core.SessionLink); ok {
			all[id] = o
		}
	}
	return all
}

// attach binds a link to a session. False: the link was closed meanwhile.
func (m *Manager) attach(t *tenure) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	there := m.open[t.opened.channel.ID]
	if there == nil || there.host != t.opened.host {
		return false
	}
	t.opened.host.session.Store(t)
	return true
}
