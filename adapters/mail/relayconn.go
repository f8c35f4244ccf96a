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

	"causeway/core/forward"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// stage says how far connecting came.
type stage string

const (
	stageDial  stage = "connect"
	stageTLS   stage = "encrypt"
	stageGreet stage = "greet"
	stageLogin stage = "log in"
)

// stageError is an error before the first letter.
type stageError struct {
	stage stage
	err   error
}

func (e *stageError) Error() string { return fmt.Sprintf("%s: %v", e.stage, e.err) }
func (e *stageError) Unwrap() error { return e.err }

func atStage(err error, s stage) bool {
	var e *stageError
	return errors.As(err, &e) && e.stage == s
}

// commandError is a reply to one of the commands that hand a letter over.
type commandError struct {
	stage forward.Stage
	err   error
}

func (e *commandError) Error() string { return string(e.stage) + ": " + e.err.Error() }
func (e *commandError) Unwrap() error { return e.err }

var (
	errNoSTARTTLS = errors.New("the server does not offer STARTTLS")
	errNoLogin    = errors.New("the server does not offer a login by PLAIN or LOGIN")
)

// contentError is a failure to produce the mail, not of the server.
type contentError struct{ err error }

func (e *contentError) Error() string { return e.err.Error() }
func (e *contentError) Unwrap() error { return e.err }

// relayConn is one logged-in connection, used by one letter at a time.
type relayConn struct {
	client *smtp.Client
	raw    net.Conn
	begun  bool // the server took the current letter's MAIL
	idle   *time.Timer
}

// connect dials, encrypts and logs in. When ctx ends, the connection is cut.
func (r *Relay) connect(ctx context.Context) (*relayConn, error) {
	dialCtx, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	conn, err := r.opts.Dial(dialCtx, "tcp", r.to.address())
	if err != nil {
		return nil, &stageError{stageDial, err}
	}
	raw := &steadyConn{conn, r.opts.Timeout}
	defer context.AfterFunc(dialCtx, func() { _ = conn.Close() })()
	c := &relayConn{raw: raw}
	if err := r.open(dialCtx, c); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return c, nil
}

func (r *Relay) open(ctx context.Context, c *relayConn) error {
	var err error
	cfg := r.opts.TLS.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName = r.to.host
	}
	switch r.to.tls {
	case tlsStart:
		if c.client, err = smtp.NewClientStartTLS(c.raw, cfg); err != nil {
			return &stageError{stageTLS, startTLSError(err)}
		}
	case tlsImplicit:
		conn := tls.Client(c.raw, cfg)
		_ = conn.SetDeadline(time.Now().Add(r.opts.Timeout))
		if err := conn.HandshakeContext(ctx); err != nil {
			return &stageError{stageTLS, err}
		}
		c.client = smtp.NewClient(conn)
	default:
		c.client = smtp.NewClient(c.raw)
	}
	c.client.CommandTimeout, c.client.SubmissionTimeout = r.opts.Timeout, 5*r.opts.Timeout
	if err := c.client.Hello(r.opts.Hello); err != nil {
		return &stageError{greetStage(err), err}
	}
	if r.to.user == "" {
		return nil
	}
	return r.login(c.client)
}

// startTLSError names the commonest trouble, for which go-smtp has only a text.
func startTLSError(err error) error {
	if strings.Contains(err.Error(), "doesn't support STARTTLS") {
		return errNoSTARTTLS
	}
	return err
}

// greetStage finds out whether EHLO failed in the TLS handshake, which happens with the first command after STARTTLS.
func greetStage(err error) stage {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	if errors.As(err, &cert) || errors.As(err, &record) || errors.As(err, &alert) || strings.HasPrefix(err.Error(), "tls: ") {
		return stageTLS
	}
	return stageGreet
}

func (r *Relay) login(c *smtp.Client) error {
	var how sasl.Client
	switch {
	case c.SupportsAuth(sasl.Plain):
		how = sasl.NewPlainClient("", r.to.user, r.to.pass.Reveal())
	case c.SupportsAuth(sasl.Login):
		how = &loginClient{answers: []string{r.to.user, r.to.pass.Reveal()}}
	default:
		return &stageError{stageLogin, errNoLogin}
	}
	if err := c.Auth(how); err != nil {
		return &stageError{stageLogin, err}
	}
	return nil
}

// loginClient answers LOGIN's two questions in order, however they are worded. go-sasl's own insists on one wording.
type loginClient struct{ answers []string }

func (l *loginClient) Start() (string, []byte, error) { return sasl.Login, nil, nil }

func (l *loginClient) Next([]byte) ([]byte, error) {
	if len(l.answers) == 0 {
		return nil, sasl.ErrUnexpectedServerChallenge
	}
	answer := l.answers[0]
	l.answers = l.answers[1:]
	return []byte(answer), nil
}

// transmit sends one mail. After an error other than a reply of the server the connection must be aborted.
func (c *relayConn) transmit(ctx context.Context, m outgoing) error {
	defer context.AfterFunc(ctx, func() { _ = c.raw.Close() })()
	c.begun = false
	if limit, ok := c.client.MaxMessageSize(); ok && limit > 0 && max(m.size, m.atLeast) > int64(limit) {
		return &commandError{forward.StageLetter, &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 3, 4},
			Message: fmt.Sprintf("the mail is larger than the %d bytes that the server takes", limit)}}
	}
	if err := c.client.Mail(m.from, &smtp.MailOptions{Size: m.size, EnvelopeID: envelopeID(m.id), Return: smtp.DSNReturnHeaders}); err != nil {
		return &commandError{forward.StageSender, err}
	}
	c.begun = true
	notify := &smtp.RcptOptions{Notify: []smtp.DSNNotify{smtp.DSNNotifyFailure, smtp.DSNNotifyDelayed}}
	if err := c.client.Rcpt(m.to, notify); err != nil {
		return &commandError{forward.StageRecipient, err}
	}
	data, err := c.client.Data()
	if err != nil {
		return &commandError{forward.StageLetter, err}
	}
	w := &recordingWriter{w: data}
	if err := m.content(w); err != nil {
		if w.err != nil {
			return w.err
		}
		return &contentError{err} // without the final dot the server forgets the mail
	}
	if _, err = data.CloseWithResponse(); err != nil {
		return &commandError{forward.StageLetter, err}
	}
	return nil
}

// envelopeID is the ENVID that a delivery report will repeat; an id that does not fit is left out.
func envelopeID(id string) string {
	if len(id) > 100 || strings.ContainsFunc(id, func(r rune) bool { return r < 33 || r > 126 }) {
		return ""
	}
	return id
}

// usable reports whether the connection can carry another letter after this error, and prepares it.
func (c *relayConn) usable(err error) bool {
	var reply *smtp.SMTPError
	if !errors.As(err, &reply) || reply.Code == 421 {
		return false
	}
	return c.client.Reset() == nil
}

func (c *relayConn) abort() { _ = c.raw.Close() }

// quit ends the connection politely, within a moment.
func (c *relayConn) quit() {
	c.client.CommandTimeout = 2 * time.Second
	_ = c.client.Quit()
	c.abort()
}

// steadyConn bounds each write: go-smtp sets no deadline while it writes a mail.
type steadyConn struct {
	net.Conn
	limit time.Duration
}

func (c *steadyConn) Write(p []byte) (int, error) {
	_ = c.SetWriteDeadline(time.Now().Add(c.limit))
	return c.Conn.Write(p)
}

// recordingWriter remembers that writing failed, to tell the server's failures from the content's.
type recordingWriter struct {
	w   io.Writer
	err error
}

func (r *recordingWriter) Write(p []byte) (int, error) {
	n, err := r.w.Write(p)
	if err != nil {
		r.err = err
	}
	return n, err
}
