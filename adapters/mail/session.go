package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"

	"causeway/core"
	"causeway/core/forward"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one peer's conversation with the Receiver.
type session struct {
	r        *Receiver
	smtp     *smtp.Conn
	conn     *doorConn
	secure   bool
	env      forward.Envelope
	to       []string
	failures int
}

var _ smtp.AuthSession = (*session)(nil)

func (r *Receiver) session(c *smtp.Conn) (smtp.Session, error) {
	s := &session{r: r, smtp: c}
	conn := c.Conn()
	if t, ok := conn.(*tls.Conn); ok {
		conn, s.secure = t.NetConn(), true
	}
	var ok bool
	if s.conn, ok = conn.(*doorConn); !ok {
		return nil, fmt.Errorf("a connection that did not come through the door: %T", conn)
	}
	s.env.Remote = s.conn.remote
	return s, nil
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if s.r.opts.Users == nil {
		return nil
	}
	return []string{sasl.Plain}
}

// maxLogins is how many wrong passwords one connection may try.
const maxLogins = 3

// Auth implements smtp.AuthSession.
func (s *session) Auth(mech string) (sasl.Server, error) {
	if mech != sasl.Plain || s.r.opts.Users == nil {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	return sasl.NewPlainServer(func(identity, user, password string) error {
		if identity != "" && identity != user {
			return smtp.ErrAuthFailed
		}
		ctx, cancel := s.context()
		defer cancel()
		if err := s.r.opts.Users(ctx, user, core.NewSecret(password)); err != nil {
			s.r.opts.Log.Info("smtp login refused", "user", user, "remote", s.env.Remote, "err", err)
			if s.failures++; s.failures >= maxLogins {
				s.conn.kill()
			}
			return smtp.ErrAuthFailed
		}
		s.env.User = user
		return nil
	}), nil
}

func (s *session) context() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.conn.ctx, s.r.opts.Limits.Deliver)
}

// Mail implements smtp.Session. The null sender is welcome: bounces come from it.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.Reset()
	s.env.From, s.env.Helo = from, s.smtp.Hostname()
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	_, domain, _ := strings.Cut(to, "@")
	if !strings.EqualFold(strings.TrimSuffix(domain, "."), s.r.opts.Domain) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "We take mail for " + s.r.opts.Domain + " only"}
	}
	for _, known := range s.to {
		if known == to {
			return nil
		}
	}
	ctx, cancel := s.context()
	defer cancel()
	env := s.env
	env.To = to
	if err := s.r.opts.Accept(ctx, env); err != nil {
		return s.answer(err, env, smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}}, smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}})
	}
	s.to = append(s.to, to)
	return nil
}

// Data implements smtp.Session. Returning nil is the promise that the mail is safe.
func (s *session) Data(r io.Reader) error {
	s.r.deliveries.Add(1)
	defer s.r.deliveries.Done()
	s.conn.setBusy(true)
	defer s.conn.setBusy(false)
	m := intake{r: s.r}
	defer m.free()
	raw, err := m.read(r, s.received())
	if err != nil {
		return s.readError(err)
	}
	return s.deliver(raw)
}

// deliver asks for every recipient before it answers. One that could not be stored makes the sender repeat them all.
func (s *session) deliver(raw []byte) error {
	var refused, later error
	done := 0
	for _, to := range s.to {
		env := s.env
		env.To = to
		ctx, cancel := s.context()
		err := s.r.opts.Deliver(ctx, env, raw)
		cancel()
		if err == nil {
			done++
			continue
		}
		answer := s.answer(err, env, smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}}, smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}})
		if answer.Code < 500 {
			later = answer
		} else {
			if len(s.to) > 1 {
				answer.Message = "<" + to + "> " + answer.Message
			}
			refused = answer
		}
	}
	if later != nil {
		return later
	}
	return refused
}

// answer turns an error into a reply: a Problem's sentence is for the sender, anything else is ours, logged and kept to ourselves.
func (s *session) answer(err error, env forward.Envelope, never, later smtp.SMTPError) *smtp.SMTPError {
	var p *core.Problem
	switch {
	case errors.As(err, &p) && p.Code != core.CodeUnavailable:
		never.Message = replyText(p.Error())
		return &never
	case p != nil:
		later.Message = replyText(p.Error())
		return &later
	}
	s.r.opts.Log.Error("mail not taken", "from", env.From, "to", env.To, "remote", env.Remote, "err", err)
	later.Message = "Temporary trouble on our side, try again later"
	return &later
}

// readError answers a mail that did not come through whole.
func (s *session) readError(err error) error {
	var reply *smtp.SMTPError
	switch {
	case errors.As(err, &reply):
		return reply
	case errors.Is(err, smtp.ErrTooLongLine):
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "A line of the mail is longer than 128 KB"}
	}
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 4, 2}, Message: "The mail did not arrive whole"}
}

// received is the trace line that every mail server adds.
func (s *session) received() string {
	with := "ESMTP"
	if s.secure {
		with += "S"
	}
	if s.env.User != "" {
		with += "A"
	}
	helo := strings.Map(func(r rune) rune {
		if r > ' ' && r < 127 && !strings.ContainsRune("()<>;\\\"", r) {
			return r
		}
		return -1
	}, s.env.Helo)
	return fmt.Sprintf("Received: from %s ([%s])\r\n\tby %s with %s id %s;\r\n\t%s\r\n", helo[:min(len(helo), 255)], s.env.Remote, s.r.opts.Hostname, with,
		s.r.opts.ID(), s.r.opts.Clock().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
}

// Reset implements smtp.Session. Who logged in stays.
func (s *session) Reset() { s.env.From, s.to = "", nil }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }
