package mailroom

import (
	"bytes"
	"crypto/subtle"
	"io"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Step is where in a delivery a Refusal strikes.
type Step string

// The steps of a delivery. AfterData takes the mail, keeps it, and says no all the same: the sender
// cannot know.
const (
	AtMail    Step = "mail"
	AtRcpt    Step = "rcpt"
	AtData    Step = "data"
	AfterData Step = "after-data"
)

// Refusal is a no for the next Times deliveries; negative: for all until ClearRefusals.
type Refusal struct {
	Step  Step   `json:"step"`
	Code  int    `json:"code"` // 4xx: later perhaps; 5xx: never
	Text  string `json:"text,omitempty"`
	Times int    `json:"times"`
	To    string `json:"to,omitempty"` // only for this recipient
}

// Refuse adds a refusal. It reports false for one that makes no sense.
func (r *Room) Refuse(f Refusal) bool {
	known := slices.Contains([]Step{AtMail, AtRcpt, AtData, AfterData}, f.Step)
	if !known || f.Code < 400 || f.Code > 599 || f.Times == 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refusals = append(r.refusals, &f)
	return true
}

// ClearRefusals makes the relay friendly again.
func (r *Room) ClearRefusals() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refusals = nil
}

// refusal takes one that strikes here.
func (r *Room) refusal(at Step, to ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, f := range r.refusals {
		if f.Step != at || (f.To != "" && !slices.ContainsFunc(to, func(s string) bool { return strings.EqualFold(s, f.To) })) {
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		if f.Times == 0 {
			r.refusals = slices.Delete(r.refusals, i, i+1)
		}
		r.refused++
		r.touch()
		text := f.Text
		if text == "" {
			text = "refused on demand"
		}
		return &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.EnhancedCode{f.Code / 100, 3, 0}, Message: text}
	}
	return nil
}

// session is one sender's connection.
type session struct {
	room *Room
	conn *smtp.Conn
	user string
	from string
	to   []string
}

var _ smtp.AuthSession = (*session)(nil)

func (r *Room) session(c *smtp.Conn) (smtp.Session, error) { return &session{room: r, conn: c}, nil }

func (s *session) AuthMechanisms() []string {
	if s.room.opts.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(mech string) (sasl.Server, error) {
	if s.room.opts.User == "" || mech != sasl.Plain {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	return sasl.NewPlainServer(func(_, user, password string) error {
		o := s.room.opts
		if user != o.User || subtle.ConstantTimeCompare([]byte(password), []byte(o.Password)) != 1 {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	_, secured := s.conn.TLSConnectionState()
	switch {
	case s.room.opts.ForceTLS && !secured:
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Must issue a STARTTLS command first"}
	case s.room.opts.User != "" && s.user == "":
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	s.from = from
	return s.room.refusal(AtMail)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.room.refusal(AtRcpt, to); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(r); err != nil {
		return err
	}
	if err := s.room.refusal(AtData, s.to...); err != nil {
		return err
	}
	_, secured := s.conn.TLSConnectionState()
	for _, to := range s.to {
		m := Parse(buf.Bytes())
		m.Sender, m.Recipient, m.User, m.TLS = s.from, to, s.user, secured
		s.room.put(to, m)
	}
	return s.room.refusal(AfterData, s.to...)
}

func (s *session) Reset() { s.from, s.to = "", nil }

func (s *session) Logout() error { return nil }
