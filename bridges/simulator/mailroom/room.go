package mailroom

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Options says how the relay behaves. The zero value takes everything on a free loopback port.
type Options struct {
	Listen   string           // default 127.0.0.1:0
	Now      func() time.Time // dates of answers; default time.Now
	User     string           // with Password: a login is offered, and asked of everybody
	Password string
	TLS      *tls.Config // STARTTLS is offered with it
	ForceTLS bool        // mail is refused before STARTTLS
	Log      *slog.Logger

	// Gateway is the SMTP address to which agents' answers go; SetGateway changes it.
	Gateway string
	// GatewayTLS, if set, is used after STARTTLS with the gateway.
	GatewayTLS *tls.Config
	// GatewayUser and GatewayPassword log in at the gateway, as a company's own relay would.
	GatewayUser, GatewayPassword string
}

// Room is the relay with all mailboxes.
type Room struct {
	opts   Options
	server *smtp.Server
	listen net.Listener
	addr   string
	done   chan struct{} // closed when the server has ended

	mu       sync.Mutex // guards all below, and every Mailbox
	change   chan struct{}
	closed   bool
	gateway  string
	boxes    map[string]*Mailbox
	order    []*Mailbox
	refusals []*Refusal
	serial   int
	refused  int
}

// Open starts the relay.
func Open(o Options) (*Room, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, err
	}
	r := &Room{
		opts: o, listen: l, addr: l.Addr().String(), gateway: o.Gateway,
		change: make(chan struct{}), boxes: map[string]*Mailbox{}, done: make(chan struct{}),
	}
	r.server = smtp.NewServer(smtp.BackendFunc(r.session))
	r.server.Domain = "relay.example"
	r.server.TLSConfig = o.TLS
	r.server.AllowInsecureAuth = true // loopback
	r.server.MaxLineLength = 128 << 10
	r.server.MaxMessageBytes = 64 << 20
	r.server.ReadTimeout, r.server.WriteTimeout = time.Minute, time.Minute
	r.server.EnableSMTPUTF8, r.server.EnableDSN = true, true
	r.server.ErrorLog = slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug)
	go func() {
		defer close(r.done)
		if err := r.server.Serve(l); err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			o.Log.Error("mailroom ended", "err", err)
		}
	}()
	return r, nil
}

// Addr is host and port of the relay.
func (r *Room) Addr() string { return r.addr }

// SetGateway says where agents' answers go.
func (r *Room) SetGateway(addr string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gateway = addr
}

// Close ends the server and its connections. It may be called twice.
func (r *Room) Close() error {
	r.mu.Lock()
	again := r.closed
	r.closed = true
	r.touch()
	r.mu.Unlock()
	if again {
		return nil
	}
	_ = r.listen.Close() // the server may not know it yet, right after Open
	_ = r.server.Close()
	<-r.done
	return nil
}

// Mailbox finds or makes the mailbox of an address.
func (r *Room) Mailbox(address string) *Mailbox {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mailbox(address)
}

func (r *Room) mailbox(address string) *Mailbox {
	key := strings.ToLower(strings.TrimSpace(address))
	if b := r.boxes[key]; b != nil {
		return b
	}
	b := &Mailbox{room: r, address: key}
	r.boxes[key] = b
	r.order = append(r.order, b)
	return b
}

// Mailboxes lists all that were asked for or got mail.
func (r *Room) Mailboxes() []*Mailbox {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.order)
}

// Changed returns a channel that is closed at the next change of any mailbox.
func (r *Room) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.change
}

// touch wakes everybody who waits. Callers hold mu.
func (r *Room) touch() {
	close(r.change)
	r.change = make(chan struct{})
}

// Refused counts the times that the relay said no because of a Refusal.
func (r *Room) Refused() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}

// AwaitRefused waits until the relay has said no n times.
func (r *Room) AwaitRefused(ctx context.Context, n int) error {
	return r.await(ctx, func() bool { return r.Refused() >= n })
}

// Twice names the Message-IDs that reached one mailbox more than once.
func (r *Room) Twice() []string {
	var out []string
	for _, b := range r.Mailboxes() {
		seen := map[string]bool{}
		for _, m := range b.Mails() {
			if m.Outgoing || m.MessageID == "" {
				continue
			}
			if seen[m.MessageID] {
				out = append(out, m.MessageID)
			}
			seen[m.MessageID] = true
		}
	}
	return out
}

func (r *Room) await(ctx context.Context, ok func() bool) error {
	for {
		changed := r.Changed()
		if ok() {
			return nil
		}
		r.mu.Lock()
		closed := r.closed
		r.mu.Unlock()
		if closed {
			return errors.New("the mailroom is closed")
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
