package main

import (
	"net"
	"sync"
	"testing"
)

// cable is a connection to a server that can be cut: everybody who goes through it loses the server then.
type cable struct {
	l      net.Listener
	target string
	mu     sync.Mutex
	state  breach
	change chan struct{} // closed when the state changes
	ends   map[net.Conn]struct{}
	all    sync.WaitGroup
}

type breach int

const (
	whole  breach = iota
	gone          // connections are closed, and new ones too
	silent        // connections stay, and nothing comes through: as when a machine is frozen, or its network is
)

func newCable(t *testing.T, target string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{l: l, target: target, change: make(chan struct{}), ends: map[net.Conn]struct{}{}}
	c.all.Go(c.accept)
	t.Cleanup(func() {
		_ = l.Close()
		c.set(gone)
		c.all.Wait()
	})
	return c
}

func (c *cable) accept() {
	for {
		near, err := c.l.Accept()
		if err != nil {
			return
		}
		c.all.Go(func() { c.join(near) })
	}
}

// join carries what one end says to the other until either is closed.
func (c *cable) join(near net.Conn) {
	defer near.Close()
	if !c.hold(near) {
		return
	}
	defer c.release(near)
	c.awaitSound()
	far, err := net.Dial("tcp", c.target)
	if err != nil || !c.hold(far) {
		return
	}
	defer far.Close()
	defer c.release(far)
	var both sync.WaitGroup
	both.Go(func() { c.carry(far, near) })
	both.Go(func() { c.carry(near, far) })
	both.Wait()
}

func (c *cable) carry(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		c.awaitSound()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// hold remembers an end, to be closed when the cable is cut. False: it is.
func (c *cable) hold(end net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == gone {
		return false
	}
	c.ends[end] = struct{}{}
	return true
}

func (c *cable) release(end net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.ends, end)
}

// awaitSound waits while the cable is silent.
func (c *cable) awaitSound() {
	for {
		c.mu.Lock()
		state, change := c.state, c.change
		c.mu.Unlock()
		if state != silent {
			return
		}
		<-change
	}
}

func (c *cable) set(state breach) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = state
	close(c.change)
	c.change = make(chan struct{})
	if state == gone {
		for end := range c.ends {
			_ = end.Close()
		}
	}
}
