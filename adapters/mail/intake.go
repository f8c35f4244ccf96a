package mail

import (
	"errors"
	"io"
	"strings"

	"github.com/emersion/go-smtp"
)

// intake reads one mail into memory, within what the Receiver may use for all of them.
type intake struct {
	r    *Receiver
	held int64
}

// read returns head and the mail. The buffer grows with what really comes, not with what was announced.
func (m *intake) read(r io.Reader, head string) ([]byte, error) {
	if !m.hold(32 << 10) {
		return nil, errBusy()
	}
	buf := append(make([]byte, 0, 32<<10), head...)
	for {
		if len(buf) == cap(buf) {
			if !m.hold(int64(cap(buf))) {
				return nil, errBusy()
			}
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (m *intake) hold(n int64) bool {
	if m.r.memory.Add(n) > m.r.opts.Limits.Memory {
		m.r.memory.Add(-n)
		return false
	}
	m.held += n
	return true
}

func (m *intake) free() { m.r.memory.Add(-m.held) }

func errBusy() error {
	return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "Too many mails at once, try again later"}
}

// replyText fits a sentence into one line of an SMTP reply.
func replyText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r < ' ' || r > 126:
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), 400)]
}
