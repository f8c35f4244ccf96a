package forward

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"
)

// Address is a mailbox with the name shown for it.
type Address struct{ Name, Address string }

// Letter is a mail to an agent, complete but for its wire format.
type Letter struct {
	Envelope    string // return path, for bounces; empty: the null sender
	From        Address
	To          Address
	ReplyTo     Address
	Subject     string
	Date        time.Time
	MessageID   string // without brackets, like the next two
	InReplyTo   string
	References  []string // oldest first
	ThreadTopic string
	ThreadIndex string      // base64, for Outlook
	Headers     [][2]string // further ones, in order
	Text        string
	HTML        string // may be empty
	Files       []Attachment
}

// Attachment is a file of a Letter. Open is called once, while the letter is written.
type Attachment struct {
	Name string
	MIME string
	Size int64
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// Relay hands letters over to a mail server. Its errors are *RelayError when the server said no.
type Relay interface {
	Send(ctx context.Context, l Letter) error
}

// RelayError is a mail server's refusal. Temporary ones are tried again.
type RelayError struct {
	Code      int     // SMTP reply code, zero if the server was not reached
	Status    string  // its enhanced status code, "5.7.1"; empty if it gave none
	Refused   Refused // what it is about; empty if the server was not reached
	Text      string
	Temporary bool
}

func (e *RelayError) Error() string {
	return "relay answered " + strings.TrimSpace(fmt.Sprintf("%d %s", e.Code, e.Status)) + " " + e.Text
}

// Envelope is how a mail reached our SMTP door.
type Envelope struct {
	From   string // MAIL FROM, empty for the null sender
	To     string // one RCPT TO
	Remote netip.Addr
	Helo   string
	User   string // who logged in, empty if nobody
}

// Incoming is a mail from an agent, parsed.
type Incoming struct {
	From       []Address // of all From headers together: anything but exactly one is suspicious
	FromFields int       // how many From headers there are
	Recipients []string  // To, Cc, Delivered-To, X-Original-To, Envelope-To, in this order
	MessageID  string    // without brackets; made from a hash where it is missing
	InReplyTo  []string
	References []string
	Subject    string
	Date       time.Time
	Header     map[string][]string // canonical names, decoded values
	Type       string              // media type of the whole: "multipart/report", …
	Signed     string              // media type of a detached signature, which is not among the files; empty if there is none
	Text       string              // of the text parts, decoded; empty if there is none
	HTML       string
	Files      []IncomingFile
}

// IncomingFile is a file of an Incoming.
type IncomingFile struct {
	Name      string
	MIME      string
	ContentID string // without brackets
	Inline    bool   // shown in the HTML by its ContentID
	Data      []byte
}

// Parser reads a raw mail. It never panics and returns what it can; a *core.Problem says that a mail is too complex or not a mail.
type Parser func(raw []byte) (Incoming, error)

// Proof is what an Authenticator found out about who sent a mail.
type Proof struct {
	Aligned bool   // DKIM or SPF passed for the domain of From, or the sender is trusted by configuration
	Method  string // "dkim", "spf", "relay", "login"; empty if nothing passed
	Detail  string // for the log: what was tried, what failed
	// Temporary says that something could not be asked now, and might pass later.
	Temporary bool
}

// Authenticator checks that a mail comes from the domain that its one From address names.
type Authenticator interface {
	Authenticate(ctx context.Context, env Envelope, from string, raw []byte) Proof
}
