// Package outhttp makes the HTTP clients with which links call their providers.
//
// A client refuses addresses that are not public, whatever name leads to them, at the moment of dialing and for each redirect; it bounds how
// long an answer may take and how large it may be; it takes credentials to no other host than the one they were meant for; and it reports
// every exchange, without secrets, for the channel log.
//
// Errors of a refusal are a *core.Problem inside the *url.Error that net/http makes. That *url.Error shows the whole URL: where an URL carries a
// token, use the error inside it.
package outhttp

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"causeway/core"
)

// Options configure the clients. The zero value is ready to use.
type Options struct {
	Version string // in the User-Agent; default "dev"

	// Allow names what may be reached although it is not public: "host:port" as it stands in the URL, or a network ("10.0.0.0/8"). Empty:
	// nothing. It is for stand-ins of providers and for proxies of one's own.
	Allow []string

	Dial      time.Duration // for connecting, TLS included; default 10 s
	Answer    time.Duration // until the answer begins; default 60 s
	Stall     time.Duration // without a byte of the body; default 30 s
	Whole     time.Duration // of an exchange, body included; default 15 min
	MaxBody   int64         // bytes of an answer, unpacked; default 128 MB
	Redirects int           // followed at most; default 3, negative for none

	// Record gets every exchange, with the workspace of its channel, once its answer is read or closed. The context is not cancelled. It may be called from many goroutines.
	Record func(ctx context.Context, ws core.WorkspaceID, e core.LogEntry)
	Now    core.Clock // default time.Now

	// Lookup replaces the resolver, for tests.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

func (o Options) withDefaults() Options {
	for d, standard := range map[*time.Duration]time.Duration{&o.Dial: 10 * time.Second, &o.Answer: time.Minute, &o.Stall: 30 * time.Second, &o.Whole: 15 * time.Minute} {
		if *d <= 0 {
			*d = standard
		}
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 128 << 20
	}
	if o.Redirects == 0 {
		o.Redirects = 3
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Lookup == nil {
		o.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	return o
}

// Clients makes a client for each channel. Their connections are shared. Close it at the end.
type Clients struct {
	opts      Options
	guard     *guard
	transport *http.Transport
}

// New checks the allow list. Environment variables for proxies are not heeded: a proxy would be asked to connect where the guard cannot look.
func New(o Options) (*Clients, error) {
	o = o.withDefaults()
	g, err := newGuard(o)
	if err != nil {
		return nil, err
	}
	return &Clients{opts: o, guard: g, transport: &http.Transport{
		DialContext:            g.dial,
		TLSHandshakeTimeout:    o.Dial,
		ResponseHeaderTimeout:  o.Answer,
		MaxResponseHeaderBytes: 256 << 10,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        90 * time.Second,
		ForceAttemptHTTP2:      true,
	}}, nil
}

// For returns the client of a channel. The secrets are what must not stand in the channel log.
func (c *Clients) For(ch core.Channel, secrets []core.Secret) *http.Client {
	var rt http.RoundTripper = &bounded{c.transport, c.opts}
	if c.opts.Record != nil {
		rt = &recorder{next: rt, opts: c.opts, workspace: ch.Workspace, channel: ch.ID, redact: newRedactor(secrets)}
	}
	return &http.Client{Transport: rt, CheckRedirect: c.follow(secrets)}
}

// Apart returns a client for what is no channel's, and stands in no channel log.
func (c *Clients) Apart(secrets []core.Secret) *http.Client {
	return &http.Client{Transport: &bounded{c.transport, c.opts}, CheckRedirect: c.follow(secrets)}
}

// Dial connects to a server that does not speak HTTP, if a client may call it.
func (c *Clients) Dial(ctx context.Context, address string) (net.Conn, error) {
	return c.guard.dial(ctx, "tcp", address)
}

// Refuses says why calls to a web address would be refused, by what its name leads to now; nil: they are not, or its name leads nowhere.
func (c *Clients) Refuses(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return nil // is no address
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.Dial)
	defer cancel()
	return c.guard.refuses(ctx, u.Hostname(), port)
}

// Close closes the connections that nobody uses.
func (c *Clients) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

func userAgent(version string) string { return fmt.Sprintf("Causeway/%s", version) }
