package outhttp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"causeway/core"
)

const (
	mostTried = 8               // addresses of one name
	leastWait = 2 * time.Second // for each
)

// guard dials public addresses and what the admin allowed, and nothing else.
type guard struct {
	dialer net.Dialer
	lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	hosts  map[string]bool // "host:port"
	nets   []netip.Prefix
}

func newGuard(o Options) (*guard, error) {
	g := &guard{dialer: net.Dialer{Timeout: o.Dial}, lookup: o.Lookup, hosts: map[string]bool{}}
	for _, a := range o.Allow {
		if p, err := netip.ParsePrefix(a); err == nil {
			g.nets = append(g.nets, p.Masked())
			continue
		}
		host, port, err := net.SplitHostPort(a)
		if _, bad := strconv.ParseUint(port, 10, 16); err != nil || host == "" || bad != nil {
			return nil, core.Problemf(core.CodeInvalid, "%q in allow_private is neither host:port nor a network.", a).
				Remedied("Write it like 127.0.0.1:9000, api.internal:443 or 10.1.0.0/16.")
		}
		g.hosts[strings.ToLower(a)] = true
	}
	return g, nil
}

// dial resolves the name itself and connects to the very addresses that it has looked at, so that a name which resolves to something else the next
// moment gains nothing.
func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address to call: %w", err)
	}
	named := g.hosts[strings.ToLower(address)]
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	addrs = slices.DeleteFunc(addrs, func(a netip.Addr) bool { return !named && !g.allows(a) })
	if len(addrs) == 0 {
		return nil, refused(host, port)
	}
	addrs = addrs[:min(len(addrs), mostTried)]
	end := time.Now().Add(g.dialer.Timeout)
	var failed []error
	for i, a := range addrs {
		conn, err := g.connect(ctx, network, a, port, named, max(leastWait, time.Until(end)/time.Duration(len(addrs)-i)))
		if err == nil {
			return conn, nil
		}
		failed = append(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(failed...)
}

// refuses says why nothing of a host's may be called; nil where something may, or where the host is not found.
func (g *guard) refuses(ctx context.Context, host, port string) error {
	if g.hosts[strings.ToLower(net.JoinHostPort(host, port))] {
		return nil
	}
	addrs, err := g.resolve(ctx, host)
	if err != nil || len(addrs) == 0 || slices.ContainsFunc(addrs, g.allows) {
		return nil //nolint:nilerr // a name may lead somewhere later
	}
	return refused(host, port)
}

func (g *guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	addrs, err := g.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, nil
}

// connect looks once more at the address that the system is about to connect to.
func (g *guard) connect(ctx context.Context, network string, a netip.Addr, port string, named bool, wait time.Duration) (net.Conn, error) {
	d := g.dialer
	d.Timeout = wait
	d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !named && !g.allows(at.Addr().Unmap()) {
			return refused(a.String(), port)
		}
		return nil
	}
	return d.DialContext(ctx, network, net.JoinHostPort(a.String(), port))
}

func (g *guard) allows(a netip.Addr) bool {
	for _, p := range g.nets {
		if p.Contains(a) {
			return true
		}
	}
	return public(a)
}

func refused(host, port string) error {
	return core.Problemf(core.CodeForbidden, "The address %s is not on the public internet, and calls to such addresses are refused.", net.JoinHostPort(host, port)).
		Remedied("If it is meant, add it to allow_private (CAUSEWAY_ALLOW_PRIVATE).")
}
