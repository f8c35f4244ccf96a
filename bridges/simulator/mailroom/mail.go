package mailroom

import (
	"bytes"
	"errors"
	"io"
	"net/textproto"
	"strings"
	"time"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // mails come in every charset
	"github.com/emersion/go-message/mail"
)

// Mail is one mail in a mailbox.
type Mail struct {
	ID        int // within the room
	At        time.Time
	Raw       []byte
	Sender    string // MAIL FROM; empty for the null sender
	Recipient string // RCPT TO
	User      string // who logged in
	TLS       bool
	Outgoing  bool // an answer written here, not one that came in
	Seen      bool

	From, To, Cc, ReplyTo []Address
	Subject               string
	Date                  time.Time
	MessageID             string // without brackets, like the next two
	InReplyTo, References []string
	Header                textproto.MIMEHeader // all fields, decoded where they can be
	Text, HTML            string
	Files                 []File
	Problem               string // why some of it could not be read
}

// Address is a mailbox with the name shown for it.
type Address struct{ Name, Address string }

// String is the address as people see it.
func (a Address) String() string {
	if a.Name == "" {
		return a.Address
	}
	return a.Name + " <" + a.Address + ">"
}

// File is an attachment, or a picture that the HTML shows by its ContentID.
type File struct {
	Name, MIME, ContentID string
	Inline                bool
	Data                  []byte
}

// maxParts bounds what is read of one mail.
const maxParts = 200

// Parse reads a mail as far as it can be read.
func Parse(raw []byte) Mail {
	m := Mail{Raw: bytes.Clone(raw), Header: textproto.MIMEHeader{}}
	entity, err := message.Read(bytes.NewReader(raw))
	if entity == nil {
		m.Problem = err.Error()
		return m
	}
	h := mail.Header{Header: entity.Header}
	for f := h.Fields(); f.Next(); {
		v, err := f.Text()
		if err != nil {
			v = f.Value()
		}
		m.Header.Add(f.Key(), v)
	}
	m.From, m.To, m.Cc = addresses(h, "From"), addresses(h, "To"), addresses(h, "Cc")
	m.ReplyTo = addresses(h, "Reply-To")
	m.Subject, _ = h.Subject()
	m.Date, _ = h.Date()
	m.MessageID, _ = h.MessageID()
	m.InReplyTo, _ = h.MsgIDList("In-Reply-To")
	m.References, _ = h.MsgIDList("References")
	m.readParts(mail.NewReader(entity))
	return m
}

func addresses(h mail.Header, key string) []Address {
	list, err := h.AddressList(key)
	if err != nil {
		return nil
	}
	out := make([]Address, len(list))
	for i, a := range list {
		out[i] = Address{a.Name, a.Address}
	}
	return out
}

func (m *Mail) readParts(r *mail.Reader) {
	for range maxParts {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return
		}
		if p == nil {
			m.Problem = err.Error()
			return
		}
		data, err := io.ReadAll(p.Body)
		if err != nil {
			m.Problem = err.Error()
		}
		switch h := p.Header.(type) {
		case *mail.InlineHeader:
			m.inline(h, data)
		case *mail.AttachmentHeader:
			kind, _, _ := h.ContentType()
			name, _ := h.Filename()
			m.Files = append(m.Files, File{Name: name, MIME: kind, ContentID: contentID(h.Get("Content-Id")), Data: data})
		}
	}
	m.Problem = "too many parts"
}

func (m *Mail) inline(h *mail.InlineHeader, data []byte) {
	kind, params, _ := h.ContentType()
	switch kind {
	case "text/plain", "":
		m.Text += crlf(data)
	case "text/html":
		m.HTML += crlf(data)
	default:
		m.Files = append(m.Files, File{
			Name: params["name"], MIME: kind, ContentID: contentID(h.Get("Content-Id")), Inline: true, Data: data,
		})
	}
}

func crlf(data []byte) string { return strings.ReplaceAll(string(data), "\r\n", "\n") }

func contentID(s string) string { return strings.Trim(strings.TrimSpace(s), "<>") }

// Root is the Message-ID of the first mail in the thread, as far as the mail knows.
func (m Mail) Root() string {
	for _, list := range [][]string{m.References, m.InReplyTo} {
		if len(list) > 0 {
			return list[0]
		}
	}
	return m.MessageID
}
