package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"causeway/bridges/email/mailbox"
)

// Stages of handing a mail in, beside those of the mailbox.
const (
	stageSender  mailbox.Stage = "name the sender"
	stageReceive mailbox.Stage = "name the recipient"
	stageContent mailbox.Stage = "hand over the content"
	stageAnswer  mailbox.Stage = "wait for the answer" // the whole mail has left
)

// relay is one connection to the business's mail server, ready for a mail.
type relay struct {
	conn   net.Conn
	client *smtp.Client
}

// dialRelay connects, encrypts and logs in. When ctx ends, the connection is cut; stop ends that watch.
func (l *link) dialRelay(ctx context.Context) (r *relay, stop func() bool, err error) {
	dial, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	conn, err := l.host.Dial(dial, net.JoinHostPort(l.conf.smtp.host, l.conf.smtp.port))
	if err != nil {
		return nil, nil, &mailbox.StageError{Stage: mailbox.StageConnect, Err: err}
	}
	r = &relay{conn: &steadyConn{conn, l.timeout}}
	stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	if err = r.greet(dial, l.conf.smtp.mode, l.conf.tls(l.conf.smtp.host), l.timeout); err == nil {
		err = l.loginRelay(ctx, r)
	}
	if err != nil {
		stop()
		_ = conn.Close()
		return nil, nil, err
	}
	return r, stop, nil
}

// greet sets up the client, encrypted as the setting wants it.
func (r *relay) greet(ctx context.Context, mode mailbox.Mode, cfg *tls.Config, limit time.Duration) error {
	switch mode {
	case mailbox.StartTLS:
		client, err := smtp.NewClientStartTLS(r.conn, cfg)
		if err != nil {
			return &mailbox.StageError{Stage: mailbox.StageEncrypt, Err: noStartTLS(err)}
		}
		r.client = client
	case mailbox.Implicit:
		conn := tls.Client(r.conn, cfg)
		_ = conn.SetDeadline(time.Now().Add(limit))
		if err := conn.HandshakeContext(ctx); err != nil {
			return &mailbox.StageError{Stage: mailbox.StageEncrypt, Err: err}
		}
		r.client = smtp.NewClient(conn)
	default:
		r.client = smtp.NewClient(r.conn)
	}
	r.client.CommandTimeout, r.client.SubmissionTimeout = limit, 5*limit
	if err := r.client.Hello("causeway.invalid"); err != nil {
		return &mailbox.StageError{Stage: greetStage(err), Err: err}
	}
	return nil
}

// noStartTLS names the commonest trouble, for which go-smtp has only a text.
func noStartTLS(err error) error {
	if strings.Contains(err.Error(), "doesn't support STARTTLS") {
		return mailbox.ErrNoTLS
	}
	return err
}

// greetStage finds out whether EHLO failed in the handshake, which happens with the first command after STARTTLS.
func greetStage(err error) mailbox.Stage {
	var record tls.RecordHeaderError
	var alert tls.AlertError
	if badCertificate(err) || errors.As(err, &record) || errors.As(err, &alert) || strings.HasPrefix(err.Error(), "tls: ") {
		return mailbox.StageEncrypt
	}
	return mailbox.StageConnect
}

func badCertificate(err error) bool {
	var cert *tls.CertificateVerificationError
	return errors.As(err, &cert)
}

// loginRelay logs in if there is a user. A token that is refused is asked for anew with the next mail.
func (l *link) loginRelay(ctx context.Context, r *relay) error {
	if l.conf.smtpUser == "" {
		return nil
	}
	var how sasl.Client
	var err error
	if l.conf.oauth.url != "" {
		how, err = l.tokenLogin(ctx, r.client)
	} else {
		how = l.passwordLogin(r.client)
	}
	switch {
	case err != nil:
	case how == nil:
		err = mailbox.ErrNoLogin
	default:
		if err = r.client.Auth(how); err != nil {
			l.forgetToken()
		}
	}
	if err != nil {
		return &mailbox.StageError{Stage: mailbox.StageLogin, Err: err}
	}
	return nil
}

func (l *link) passwordLogin(c *smtp.Client) sasl.Client {
	switch {
	case c.SupportsAuth(sasl.Plain):
		return sasl.NewPlainClient("", l.conf.smtpUser, l.conf.smtpPass.Reveal())
	case c.SupportsAuth(sasl.Login):
		return &loginClient{answers: []string{l.conf.smtpUser, l.conf.smtpPass.Reveal()}}
	}
	return nil
}

func (l *link) tokenLogin(ctx context.Context, c *smtp.Client) (sasl.Client, error) {
	xoauth, bearer := c.SupportsAuth("XOAUTH2"), c.SupportsAuth(sasl.OAuthBearer)
	if !xoauth && !bearer {
		return nil, nil
	}
	token, err := l.accessToken(ctx)
	if err != nil {
		return nil, err
	}
	if xoauth {
		return mailbox.XOAUTH2(l.conf.smtpUser, token.Reveal()), nil
	}
	return sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: l.conf.smtpUser, Token: token.Reveal()}), nil
}

// loginClient answers LOGIN's two questions in order, however they are worded.
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

// envelope is what the server is told beside the content.
type envelope struct {
	from, to, id string
	size         int64 // at least
}

// transmit hands a mail in. Its error says at which stage; only from stageAnswer on may the mail have gone out.
func (r *relay) transmit(e envelope, content func(w io.Writer) error) error {
	if limit, ok := r.client.MaxMessageSize(); ok && limit > 0 && e.size > int64(limit) {
		return &mailbox.StageError{Stage: stageSender, Err: &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 3, 4},
			Message: fmt.Sprintf("the mail is larger than the %d bytes that the server takes", limit)}}
	}
	if err := r.client.Mail(e.from, &smtp.MailOptions{EnvelopeID: e.id, Return: smtp.DSNReturnHeaders}); err != nil {
		return &mailbox.StageError{Stage: stageSender, Err: err}
	}
	if err := r.client.Rcpt(e.to, &smtp.RcptOptions{Notify: []smtp.DSNNotify{smtp.DSNNotifyFailure}}); err != nil {
		return &mailbox.StageError{Stage: stageReceive, Err: err}
	}
	data, err := r.client.Data()
	if err == nil {
		err = content(data) // without the final dot the server forgets what it got
	}
	if err != nil {
		return &mailbox.StageError{Stage: stageContent, Err: err}
	}
	if _, err := data.CloseWithResponse(); err != nil {
		return &mailbox.StageError{Stage: stageAnswer, Err: err}
	}
	return nil
}

// quit ends the connection politely, within a moment.
func (r *relay) quit() {
	r.client.CommandTimeout = time.Second
	_ = r.client.Quit()
	_ = r.conn.Close()
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
