package simulator

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Simulator is the platform with everybody on it.
type Simulator struct {
	opts   Options
	client *http.Client
	ownTr  *http.Transport // to be closed by us; nil with Options.HTTP

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu         sync.Mutex // guards all below and every Business, Customer and message
	change     chan struct{}
	closed     bool
	order      []*Business
	businesses map[string]*Business // by phone number id
	media      map[string]*mediaFile
	codes      map[string]*Business // of Meta's window, not exchanged yet
	lanes      map[string]*lane
	pending    int // webhooks not yet answered 2xx nor given up
	hooks      []*Webhook
	calls      []Call
	faults     []*Fault
	held       *Webhook // the one that a reorder fault keeps back
	serial     int
}

// New builds a world and starts nothing until something happens in it.
func New(o Options) *Simulator {
	o = o.withDefaults()
	ctx, cancel := context.WithCancel(context.Background()) // ended by Close
	s := &Simulator{
		opts: o, client: o.HTTP, ctx: ctx, cancel: cancel,
		change:     make(chan struct{}),
		businesses: map[string]*Business{},
		media:      map[string]*mediaFile{},
		codes:      map[string]*Business{},
		lanes:      map[string]*lane{},
	}
	if s.client == nil {
		s.ownTr = &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second}
		s.client = &http.Client{Transport: s.ownTr, CheckRedirect: noRedirect}
	}
	for _, a := range o.Businesses {
		s.AddBusiness(a)
	}
	return s
}

// noRedirect makes callbacks as Meta does, which follows no redirects.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Close stops every delivery and waits for it. It may be called twice.
func (s *Simulator) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
	if s.ownTr != nil {
		s.ownTr.CloseIdleConnections()
	}
}

// Closed is closed by Close, for those who serve long answers out of this world.
func (s *Simulator) Closed() <-chan struct{} { return s.ctx.Done() }

// Now is the time in the simulated world.
func (s *Simulator) Now() time.Time { return s.opts.Now() }

// Business is the first business; the only one unless Options named more.
func (s *Simulator) Business() *Business {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.order[0]
}

// Businesses lists all, in the order in which they were added.
func (s *Simulator) Businesses() []*Business {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Business(nil), s.order...)
}

// Customer is Business().Customer.
func (s *Simulator) Customer(phone, name string) *Customer {
	return s.Business().Customer(phone, name)
}

// Changed returns a channel that is closed at the next change of anything visible.
func (s *Simulator) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.change
}

// touch wakes everybody who waits for a change. Callers hold mu.
func (s *Simulator) touch() {
	close(s.change)
	s.change = make(chan struct{})
}

// await blocks until ok, which is called without mu, says yes.
func (s *Simulator) await(ctx context.Context, ok func() bool) error {
	for {
		changed := s.Changed()
		if ok() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ctx.Done():
			return errClosed
		}
	}
}

// spawn runs f in a goroutine that Close waits for; after Close it does nothing. Callers hold mu.
func (s *Simulator) spawn(f func()) bool {
	if s.closed {
		return false
	}
	s.wg.Go(f)
	return true
}

// pause waits in real time, or returns false because the world ends.
func (s *Simulator) pause(d time.Duration) bool {
	if d <= 0 {
		return s.ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}
