package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"causeway/core"
	"causeway/core/forward"

	"github.com/emersion/go-smtp"
)

// RelayOptions configure a Relay. The zero value is ready to use.
type RelayOptions struct {
	Hello       string        // our name in EHLO; default "localhost", better the public host name
	DKIM        []DKIM        // keys to sign with; none: letters are not signed
	Connections int           // to the server at once; default 2
	Idle        time.Duration // how long an unused connection is kept; default 30 s
	Timeout     time.Duration // for connecting and for each answer; default 1 min, five times that for the answer to a whole mail
	SpoolMemory int           // bytes of a mail that is signed before it goes to a temporary file; default 4 MB
	TLS         *tls.Config   // the trusted roots, for servers with a certificate of their own making; default the system's

	// Dial replaces the network, for tests and proxies; default a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

func (o RelayOptions) withDefaults() RelayOptions {
	if o.Hello == "" {
		o.Hello = "localhost"
	}
	if o.Connections <= 0 {
		o.Connections = 2
	}
	if o.Idle <= 0 {
		o.Idle = 30 * time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.SpoolMemory <= 0 {
		o.SpoolMemory = 4 << 20
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return o
}

// Relay hands letters to one submission server. It is safe for concurrent use and keeps a few connections for letters that follow each
// other. Close it at the end.
type Relay struct {
	to      target
	opts    RelayOptions
	signers []signer
	pool    pool
}

var _ forward.Relay = (*Relay)(nil)

// NewRelay reads smtp://user:password@host:port or smtps://…; nothing is connected yet. STARTTLS is demanded from a host that is not this
// machine unless the URL says ?tls=none or ?tls=implicit.
func NewRelay(url core.Secret, opts RelayOptions) (*Relay, error) {
	to, err := parseRelay(url)
	if err != nil {
		return nil, err
	}
	r := &Relay{to: to, opts: opts.withDefaults()}
	for _, d := range opts.DKIM {
		s, err := newSigner(d)
		if err != nil {
			return nil, err
		}
		r.signers = append(r.signers, s)
	}
	r.pool.slots = make(chan struct{}, r.opts.Connections)
	r.pool.idleFor = r.opts.Idle
	return r, nil
}

// Close ends the kept connections. Letters under way are not waited for.
func (r *Relay) Close() error {
	r.pool.close()
	return nil
}

// Send hands one letter over. A refusal is a *forward.RelayError; a letter that cannot be written is a *core.Problem; what went wrong while a
// file was read comes back as it is, and the server then discards what it has got.
func (r *Relay) Send(ctx context.Context, l forward.Letter) error {
	if _, err := letterHeader(l); err != nil {
		return err
	}
	from, to, err := envelopeOf(l)
	if err != nil {
		return err
	}
	m := outgoing{from: from, to: to, id: l.MessageID, content: func(w io.Writer) error { return Write(ctx, w, l) }}
	if len(r.signers) > 0 {
		spooled, err := r.sign(ctx, l)
		if err != nil {
			return err
		}
		defer spooled.close()
		m.content, m.size = spooled.writeTo, spooled.size
	} else {
		m.atLeast = letterSize(l)
	}
	if err := r.pool.enter(ctx); err != nil {
		return fmt.Errorf("wait for a connection to %s: %w", r.to.host, err)
	}
	defer r.pool.leave()
	return r.relayed(ctx, r.hand(ctx, m))
}

// outgoing is a letter in the form that goes over the wire.
type outgoing struct {
	from, to, id string
	size         int64 // exact, 0 if not known before it is written
	atLeast      int64 // what it will surely have
	content      func(io.Writer) error
}

// envelopeOf checks the addresses of MAIL and RCPT.
func envelopeOf(l forward.Letter) (from, to string, err error) {
	if l.Envelope != "" {
		if from, err = asciiAddress(l.Envelope); err != nil {
			return "", "", err
		}
	}
	to, err = asciiAddress(l.To.Address)
	return from, to, err
}

// letterSize is a lower bound: base64 makes four bytes out of three.
func letterSize(l forward.Letter) int64 {
	size := int64(len(l.Text) + len(l.HTML))
	for _, f := range l.Files {
		size += f.Size / 3 * 4
	}
	return size
}

// hand gives the mail to a kept connection or a new one. A kept one that the server has meanwhile closed is replaced.
func (r *Relay) hand(ctx context.Context, m outgoing) error {
	for {
		c, kept := r.pool.take(), true
		if c == nil {
			var err error
			if c, err = r.connect(ctx); err != nil {
				return err
			}
			kept = false
		}
		err := c.transmit(ctx, m)
		if err == nil || c.usable(err) {
			r.pool.put(c)
			return err
		}
		c.abort()
		if kept && !c.begun && ctx.Err() == nil {
			continue
		}
		return err
	}
}

// relayed turns an error into the caller's: a refusal, a lost server, or what it is.
func (r *Relay) relayed(ctx context.Context, err error) error {
	var content *contentError
	var reply *smtp.SMTPError
	var p *core.Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &content):
		return content.err
	case errors.As(err, &p):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("send by %s: %w", r.to.host, context.Cause(ctx))
	case errors.As(err, &reply):
		return r.refusal(err, reply)
	}
	return &forward.RelayError{Text: r.scrub(err.Error()), Temporary: true}
}

// refusal makes the caller's error of a server's reply. What concerns us and not the letter a person will put right, and the letter must not be lost
// until then.
func (r *Relay) refusal(err error, reply *smtp.SMTPError) *forward.RelayError {
	e := &forward.RelayError{Code: reply.Code, Text: r.scrub(reply.Message), Refused: forward.RefusedUs}
	if c := reply.EnhancedCode; c[0] > 0 {
		e.Status = fmt.Sprintf("%d.%d.%d", c[0], c[1], c[2])
	}
	var before *stageError
	var at *commandError
	if !errors.As(err, &before) && reply.Code != 530 && reply.Code != 535 && errors.As(err, &at) {
		e.Refused = forward.RefusedFor(reply.Code, e.Status, at.stage)
	}
	e.Temporary = reply.Temporary() || e.Refused == forward.RefusedUs
	return e
}

// scrub removes the password from a text that a server may have echoed.
func (r *Relay) scrub(text string) string {
	if pass := r.to.pass.Reveal(); len(pass) > 2 {
		text = strings.ReplaceAll(text, pass, r.to.pass.String())
	}
	return text
}
