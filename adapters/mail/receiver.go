package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"causeway/core"
	"causeway/core/forward"

	"github.com/emersion/go-smtp"
)

// ReceiverOptions configure a Receiver. Domain, Accept and Deliver are needed.
type ReceiverOptions struct {
	Domain   string // of the reply addresses; mail for any other is refused
	Hostname string // in the greeting; default Domain
	MaxSize  int64  // bytes of a mail; default 36 MB, which is a 25 MB file in base64

	// Accept is asked for each recipient. A *core.Problem refuses it with its sentence (550, or 450 if its code is unavailable); any other
	// error is ours and makes the sender try again.
	Accept func(ctx context.Context, env forward.Envelope) error
	// Deliver takes the mail for one recipient and returns when it is durable. A *core.Problem refuses it for good with its sentence, any
	// other error makes the sender try again with all recipients, so Deliver must know a mail that it has had. The bytes may be kept but
	// not changed: recipients share them.
	Deliver func(ctx context.Context, env forward.Envelope, raw []byte) error

	TLS   *tls.Config                                                        // offers STARTTLS; nil: not offered
	Users func(ctx context.Context, user string, password core.Secret) error // offers AUTH PLAIN, under TLS only; nil: not offered
	Log   *slog.Logger                                                       // default slog.Default()
	Clock func() time.Time                                                   // default time.Now
	ID    func() string                                                      // of a mail, for its Received line; default random

	Limits Limits
}

// Limits bound what peers can use up. A zero field takes the default.
type Limits struct {
	Recipients  int            // of one mail; default 20
	Connections int            // at once; default 200
	PerAddress  int            // at once from one address (a /64 of IPv6); default 20
	PerMinute   int            // new ones from one address; default 120
	Unlimited   []netip.Prefix // addresses that the two limits above do not hold for: a mail server in front
	Session     time.Duration  // of a connection, whatever it does; default 15 min
	Idle        time.Duration  // between two reads; default 2 min
	Deliver     time.Duration  // for Accept and Deliver; default 1 min
	Memory      int64          // for mails being received, all together; default 256 MB
}

func (l Limits) withDefaults() Limits {
	l.Recipients = orInt(l.Recipients, 20)
	l.Connections = orInt(l.Connections, 200)
	l.PerAddress = orInt(l.PerAddress, 20)
	l.PerMinute = orInt(l.PerMinute, 120)
	l.Session = orInt(l.Session, 15*time.Minute)
	l.Idle = orInt(l.Idle, 2*time.Minute)
	l.Deliver = orInt(l.Deliver, time.Minute)
	l.Memory = orInt(l.Memory, 256<<20)
	return l
}

func orInt[T int | int64 | time.Duration](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}

// maxLine is what one line of a mail may measure. RFC 5321's thousand would bounce a good part of the mail that programs write.
const maxLine = 128 << 10

// Receiver is an SMTP server that takes mail for one domain. It relays nothing, for nobody.
type Receiver struct {
	opts       ReceiverOptions
	server     *smtp.Server
	door       *door
	memory     atomic.Int64 // in use
	deliveries sync.WaitGroup
}

// NewReceiver makes a Receiver that is not listening yet.
func NewReceiver(opts ReceiverOptions) (*Receiver, error) {
	if opts.Domain == "" || opts.Accept == nil || opts.Deliver == nil {
		return nil, core.Problemf(core.CodeInvalid, "The SMTP door needs the domain of the reply addresses, Accept and Deliver.")
	}
	opts.Limits = opts.Limits.withDefaults()
	opts.MaxSize = orInt(opts.MaxSize, 36<<20)
	if opts.Hostname == "" {
		opts.Hostname = opts.Domain
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.ID == nil {
		opts.ID = func() string { return newBoundary()[2:] }
	}
	r := &Receiver{opts: opts, door: newDoor(opts.Limits)}
	r.server = r.newServer()
	return r, nil
}

func (r *Receiver) newServer() *smtp.Server {
	s := smtp.NewServer(smtp.BackendFunc(r.session))
	s.Domain = r.opts.Hostname
	s.MaxMessageBytes = r.opts.MaxSize
	s.MaxRecipients = r.opts.Limits.Recipients
	s.MaxLineLength = maxLine
	s.TLSConfig = r.opts.TLS
	s.WriteTimeout = time.Minute
	s.EnableSMTPUTF8 = true
	s.ErrorLog = serverLog{r.opts.Log}
	return s
}

// Serve takes connections until ctx is done or Shutdown is called, then lets mails that are being received end. It closes the listener.
func (r *Receiver) Serve(ctx context.Context, l net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- r.server.Serve(r.door.guard(context.WithoutCancel(ctx), l)) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	// The context is over, but mails half received still deserve an answer.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.opts.Limits.Deliver)
	defer cancel()
	err := r.Shutdown(grace)
	_ = l.Close() // go-smtp leaves it open if it was shut down before it began to serve
	return errors.Join(err, <-served)
}

// Shutdown stops listening, cuts connections that carry no mail, and waits for the others until ctx is done; then it cuts them too. It may be
// called twice.
func (r *Receiver) Shutdown(ctx context.Context) error {
	r.door.drain()
	err := r.server.Shutdown(ctx)
	if errors.Is(err, smtp.ErrServerClosed) {
		err = nil
	}
	if err != nil {
		r.door.closeAll()
	}
	quiet := make(chan struct{})
	go func() { r.deliveries.Wait(); close(quiet) }()
	select {
	case <-quiet:
	case <-ctx.Done():
		return ctx.Err()
	}
	return err
}

// serverLog takes go-smtp's messages: they are about single connections and seldom matter.
type serverLog struct{ log *slog.Logger }

func (s serverLog) Printf(format string, v ...any) {
	s.log.Debug("smtp connection", "detail", fmt.Sprintf(format, v...))
}

func (s serverLog) Println(v ...any) {
	s.log.Debug("smtp connection", "detail", strings.TrimSpace(fmt.Sprintln(v...)))
}
