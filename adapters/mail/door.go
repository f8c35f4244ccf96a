package mail

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// door lets connections in, counts them, and bounds how long they stay. go-smtp itself has no such limits.
type door struct {
	limits Limits

	mu       sync.Mutex
	conns    map[*doorConn]struct{}
	perAddr  map[netip.Addr]int
	rates    map[netip.Addr]*rate.Limiter
	draining bool
}

func newDoor(l Limits) *door {
	return &door{limits: l, conns: map[*doorConn]struct{}{}, perAddr: map[netip.Addr]int{}, rates: map[netip.Addr]*rate.Limiter{}}
}

// guard wraps a listener.
func (d *door) guard(ctx context.Context, l net.Listener) net.Listener {
	return &doorListener{l, d, ctx}
}

type doorListener struct {
	net.Listener
	door *door
	ctx  context.Context // of what the connections do; a listener's Accept cannot be given one
}

// Accept returns the next connection that may come in. Others are told to come back later.
func (l *doorListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := l.door.admit(l.ctx, conn); c != nil {
			return c, nil
		}
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(conn, "421 4.7.0 Too many connections, try again later\r\n")
		_ = conn.Close()
	}
}

// maxRates bounds how many addresses are remembered for the rate limit.
const maxRates = 10000

func (d *door) admit(ctx context.Context, conn net.Conn) *doorConn {
	remote := remoteAddr(conn)
	key := addressKey(remote)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.draining || len(d.conns) >= d.limits.Connections {
		return nil
	}
	if !within(d.limits.Unlimited, remote) && (d.perAddr[key] >= d.limits.PerAddress || !d.rate(key).Allow()) {
		return nil
	}
	c := &doorConn{Conn: conn, door: d, ctx: ctx, remote: remote, key: key, idle: d.limits.Idle, end: time.Now().Add(d.limits.Session)}
	d.conns[c] = struct{}{}
	d.perAddr[key]++
	return c
}

// rate returns the limiter of an address. The table is emptied of those at rest before it grows large.
func (d *door) rate(key netip.Addr) *rate.Limiter {
	if l := d.rates[key]; l != nil {
		return l
	}
	if len(d.rates) >= maxRates {
		for k, l := range d.rates {
			if l.Tokens() >= float64(l.Burst()) || len(d.rates) >= 2*maxRates {
				delete(d.rates, k)
			}
		}
	}
	l := rate.NewLimiter(rate.Limit(d.limits.PerMinute)/60, d.limits.PerMinute)
	d.rates[key] = l
	return l
}

func (d *door) left(c *doorConn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.conns[c]; !ok {
		return
	}
	delete(d.conns, c)
	if d.perAddr[c.key]--; d.perAddr[c.key] <= 0 {
		delete(d.perAddr, c.key)
	}
}

func (d *door) each(f func(*doorConn)) {
	d.mu.Lock()
	conns := make([]*doorConn, 0, len(d.conns))
	for c := range d.conns {
		conns = append(conns, c)
	}
	d.mu.Unlock()
	for _, c := range conns {
		f(c)
	}
}

// drain lets nobody in any more and wakes connections that carry no mail.
func (d *door) drain() {
	d.mu.Lock()
	d.draining = true
	d.mu.Unlock()
	d.each((*doorConn).drain)
}

func (d *door) closeAll() { d.each(func(c *doorConn) { _ = c.Close() }) }

// doorConn is one connection.
type doorConn struct {
	net.Conn
	door   *door
	ctx    context.Context // for Accept and Deliver
	remote netip.Addr
	key    netip.Addr
	idle   time.Duration
	end    time.Time

	mu       sync.Mutex
	busy     bool // a mail is being received
	draining bool
	dead     bool // a read timed out: what follows must not be taken for commands
}

// Read bounds the wait for the peer, each time and over the whole session.
func (c *doorConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	if c.dead || c.draining && !c.busy {
		c.mu.Unlock()
		return 0, os.ErrDeadlineExceeded
	}
	deadline := time.Now().Add(c.idle)
	if deadline.After(c.end) {
		deadline = c.end
	}
	_ = c.Conn.SetReadDeadline(deadline)
	c.mu.Unlock()
	n, err := c.Conn.Read(p)
	if err != nil && n == 0 {
		c.kill()
	}
	return n, err
}

func (c *doorConn) kill() {
	c.mu.Lock()
	c.dead = true
	c.mu.Unlock()
}

func (c *doorConn) setBusy(busy bool) {
	c.mu.Lock()
	c.busy = busy
	c.mu.Unlock()
}

func (c *doorConn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draining = true
	if !c.busy {
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// Close frees the connection's place.
func (c *doorConn) Close() error {
	c.door.left(c)
	return c.Conn.Close()
}

func remoteAddr(conn net.Conn) netip.Addr {
	ap, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// addressKey is what limits count by: whoever has one IPv6 address has a /64 of them.
func addressKey(a netip.Addr) netip.Addr {
	if a.Is6() {
		p, _ := a.Prefix(64)
		return p.Addr()
	}
	return a
}

func within(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
