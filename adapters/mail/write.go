package mail

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"strings"
	"time"

	"causeway/core"
	"causeway/core/forward"

	"github.com/emersion/go-message"
)

// Write writes a letter as an RFC 5322 message with CRLF line ends. Files are streamed: each is opened once, read once and closed, and at
// most a few kilobytes of it are in memory. A line break or a NUL in any field that becomes a header is refused with a *core.Problem before
// a byte is written; names of files come from customers and are cleaned instead.
func Write(ctx context.Context, w io.Writer, l forward.Letter) error {
	header, err := letterHeader(l)
	if err != nil {
		return err
	}
	body := letterBody(l)
	body.fill(&header)
	mw, err := message.CreateWriter(w, header.build())
	if err != nil {
		return fmt.Errorf("write the header: %w", err)
	}
	return body.write(ctx, mw)
}

// section is one part of the mail to write: children, or a text, or a file.
type section struct {
	media    string
	params   string // appended to the Content-Type as it stands
	boundary string
	children []*section
	text     string
	encoding string
	file     *forward.Attachment
}

// letterBody builds mixed(alternative(text, html), files…) and leaves out each layer that would hold a single part.
func letterBody(l forward.Letter) *section {
	var forms []*section
	if l.Text != "" || l.HTML == "" {
		forms = append(forms, textSection("text/plain", l.Text))
	}
	if l.HTML != "" {
		forms = append(forms, textSection("text/html", l.HTML))
	}
	body := group("multipart/alternative", forms)
	if len(l.Files) == 0 {
		return body
	}
	parts := []*section{body}
	for i := range l.Files {
		parts = append(parts, &section{media: fileType(l.Files[i].MIME), encoding: "base64", file: &l.Files[i]})
	}
	return group("multipart/mixed", parts)
}

func group(media string, children []*section) *section {
	if len(children) == 1 {
		return children[0]
	}
	return &section{media: media, boundary: newBoundary(), children: children}
}

func textSection(media, text string) *section {
	return &section{media: media, params: "; charset=utf-8", text: text, encoding: textEncoding(text)}
}

// newBoundary cannot occur in quoted-printable or base64, and nobody who writes the text can know it.
func newBoundary() string {
	var b [15]byte
	_, _ = rand.Read(b[:]) // never fails
	return "=_" + hex.EncodeToString(b[:])
}

// fileType is the media type that a file is sent as. A type that would have to be written as it stands (a mail, a multipart) is sent as
// plain bytes, since RFC 2046 forbids encoding it.
func fileType(declared string) string {
	media, _, err := mime.ParseMediaType(declared)
	if err != nil || !strings.Contains(media, "/") || strings.HasPrefix(media, "multipart/") || strings.HasPrefix(media, "message/") {
		return "application/octet-stream"
	}
	return media
}

// textEncoding chooses the shortest encoding that survives every server: plain lines as they are, else quoted-printable or base64.
func textEncoding(text string) string {
	plain, escapes := true, 0
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if len(line) > 78 || strings.HasSuffix(line, " ") || strings.HasPrefix(line, "From ") {
			plain = false
		}
		for i := 0; i < len(line); i++ {
			if c := line[i]; c >= 127 || c < ' ' && c != '\t' {
				plain, escapes = false, escapes+1
			}
		}
	}
	switch {
	case plain:
		return "7bit"
	case escapes*6 > len(text):
		return "base64"
	}
	return "quoted-printable"
}

// fill adds the fields that describe a section.
func (s *section) fill(h *headerBuilder) {
	switch {
	case s.children != nil:
		h.raw("Content-Type", s.media+"; boundary=\""+s.boundary+"\"")
		return
	case s.file != nil:
		name := fileName(s.file.Name)
		h.raw("Content-Type", s.media+legacyName(name))
		h.raw("Content-Disposition", "attachment"+modernName(name))
	default:
		h.raw("Content-Type", s.media+s.params)
	}
	h.raw("Content-Transfer-Encoding", s.encoding)
}

func (s *section) write(ctx context.Context, w *message.Writer) error {
	switch {
	case s.children != nil:
		return s.writeChildren(ctx, w)
	case s.file != nil:
		return s.writeFile(ctx, w)
	}
	text := strings.ReplaceAll(s.text, "\r\n", "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if _, err := io.WriteString(w, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		return fmt.Errorf("write the text: %w", err)
	}
	return w.Close()
}

func (s *section) writeChildren(ctx context.Context, w *message.Writer) error {
	for _, child := range s.children {
		var h headerBuilder
		child.fill(&h)
		pw, err := w.CreatePart(h.build())
		if err != nil {
			return fmt.Errorf("write a part: %w", err)
		}
		if err := child.write(ctx, pw); err != nil {
			return err
		}
	}
	return w.Close()
}

func (s *section) writeFile(ctx context.Context, w *message.Writer) error {
	r, err := s.file.Open(ctx)
	if err != nil {
		return fmt.Errorf("open the file %q: %w", s.file.Name, err)
	}
	defer func() { _ = r.Close() }()
	if _, err := io.Copy(w, contextReader{ctx, r}); err != nil {
		return fmt.Errorf("write the file %q: %w", s.file.Name, err)
	}
	return w.Close()
}

// contextReader stops between two reads when its context is done.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// letterHeader checks and lays out the fields of the mail itself.
func letterHeader(l forward.Letter) (headerBuilder, error) {
	var h headerBuilder
	h.address("From", l.From)
	h.address("To", l.To)
	if l.ReplyTo.Address != "" {
		h.address("Reply-To", l.ReplyTo)
	}
	h.text("Subject", l.Subject)
	date := l.Date
	if date.IsZero() {
		date = time.Now()
	}
	h.raw("Date", date.Format(time.RFC1123Z))
	h.ids("Message-ID", orNewID(l))
	h.ids("In-Reply-To", l.InReplyTo)
	h.ids("References", l.References...)
	h.text("Thread-Topic", l.ThreadTopic)
	h.raw("Thread-Index", l.ThreadIndex)
	for _, extra := range l.Headers {
		h.extra(extra[0], extra[1])
	}
	h.raw("MIME-Version", "1.0")
	return h, h.err
}

func orNewID(l forward.Letter) string {
	if l.MessageID != "" {
		return l.MessageID
	}
	_, domain, _ := strings.Cut(l.From.Address, "@")
	return newBoundary()[2:] + "@" + domain
}

func badField(name string) *core.Problem {
	return core.Problemf(core.CodeInvalid, "The mail's %s holds a line break or another character that a mail header cannot carry.", name)
}
