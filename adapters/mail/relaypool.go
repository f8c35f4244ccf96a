package mail

import (
	"context"
	"sync"
	"time"
)

// pool keeps connections between letters and bounds how many are open.
type pool struct {
	slots   chan struct{}
	idleFor time.Duration

	mu     sync.Mutex
	idle   []*relayConn
	closed bool
	ending sync.WaitGroup
}

// enter waits for a place.
func (p *pool) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pool) leave() { <-p.slots }

// take returns the connection used last, nil if none is kept.
func (p *pool) take() *relayConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		c := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if c.idle.Stop() {
			p.ending.Done()
			return c
		}
	}
	return nil
}

// put keeps a connection for a while.
func (p *pool) put(c *relayConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		p.ending.Go(c.quit)
		return
	}
	p.ending.Add(1)
	c.idle = time.AfterFunc(p.idleFor, func() {
		defer p.ending.Done()
		p.forget(c)
		c.quit()
	})
	p.idle = append(p.idle, c)
}

func (p *pool) forget(c *relayConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.idle {
		if p.idle[i] == c {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			return
		}
	}
}

// close quits what is kept and waits for it. It may be called twice.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	for c := p.take(); c != nil; c = p.take() {
		c.quit()
	}
	p.ending.Wait()
}
