package email

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"time"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"

	"causeway/bridges/email/mailbox"
	"causeway/core"
)

// letter is a mail to write.
type letter struct {
	from, to    mail.Address
	id, subject string
	thread      thread
	at          time.Time
	channel     core.ChannelID
	text        string
	html        string // the same with its marks; empty: it has none
	media       *core.Media
	open        func() (io.ReadCloser, error) // the file, if there is one
}

// Send implements core.Link.
func (l *link) Send(ctx context.Context, out core.Outgoing) (core.Sent, error) {
	to, ok := recipient(out.To)
	if !ok {
		return core.Sent{}, core.Unsendable("The contact has no mail address that can be written to.", "Add one to the contact.")
	}
	if e := fits(out.Content); e != nil {
		return core.Sent{}, e
	}
	t, err := l.thread(ctx, to)
	if err != nil {
		return core.Sent{}, &core.SendError{Outcome: core.Rejected, Effect: core.EffectRetry, Reason: "The thread of the mail could not be looked up.", Detail: err.Error()}
	}
	m := l.compose(ctx, out, to, t)
	if err := l.deliver(ctx, m); err != nil {
		return core.Sent{}, failed(err)
	}
	if t.Last == "" { // the next mail goes on in this one's thread
		if err := l.keepThread(ctx, to, thread{Subject: m.subject, Last: m.id}); err != nil {
			l.host.Log().WarnContext(ctx, "thread not kept", "err", err)
		}
	}
	return core.Sent{Provider: m.id, At: m.at}, nil
}

// recipient is the first address that can be written to.
func recipient(to []core.IdentityKey) (string, bool) {
	for _, k := range to {
		if address, ok := plainAddress(k.Value); ok && k.Scheme == core.SchemeEmail {
			return strings.ToLower(address), true
		}
	}
	return "", false
}

// fits says why a content cannot go by mail, or nil.
func fits(c core.Content) *core.SendError {
	switch {
	case c.Kind == core.KindText && strings.TrimSpace(c.Text) == "":
		return core.Unsendable("The message is empty.", "Write something.")
	case len(c.Text) > textLimit:
		return core.Unsendable("The text is longer than a mail should be.", "Send it as a file.")
	case c.Kind == core.KindText:
		return nil
	case !c.Kind.HasMedia():
		return core.Unsendable("E-mail cannot carry a message of this kind ("+string(c.Kind)+").", "Send it as text or as a file.")
	case c.Media == nil || c.Media.ID == "" && c.Media.URL == "":
		return core.Unsendable("The message has no file.", "Attach one.")
	case c.Media.Size > fileLimit:
		return core.Unsendable("The file is larger than "+core.Bytes(fileLimit)+", which is what mail servers take.", "Send it as a link.")
	}
	return nil
}

// compose lays out a mail. A file that lies elsewhere is linked, one of ours attached.
func (l *link) compose(ctx context.Context, out core.Outgoing, to string, t thread) letter {
	m := letter{from: mail.Address{Name: l.conf.name, Address: l.conf.address}, to: mail.Address{Address: to}, id: l.conf.messageID(out.Key), at: l.host.Now(),
		channel: l.channel.ID, text: out.Content.Text, thread: t.answer(out.Content.Quote)}
	if t.To != "" {
		m.to.Address = t.To
	}
	if m.subject = oneLine(out.Content.Subject); m.subject == "" {
		m.subject = l.subject(t)
	}
	switch file := out.Content.Media; {
	case !out.Content.Kind.HasMedia():
	case file.ID == "":
		m.text = strings.TrimSpace(m.text + "\n\n" + file.URL)
	default:
		m.media = file
		m.open = func() (io.ReadCloser, error) { return l.host.Open(ctx, file.ID) }
	}
	m.text, m.html = written(m.text)
	return m
}

// written is a text as a mail has it: plain, and as a page if it has marks.
func written(s string) (plain, page string) {
	plain, marked := core.PlainText(s)
	if !marked {
		return s, ""
	}
	page, _ = core.PageMarks().Render(s)
	return plain, "<!DOCTYPE html>\n<html><body><div dir=\"auto\">" + page + "</div></body></html>"
}

func (l *link) subject(t thread) string {
	switch {
	case t.Last != "" && t.Subject == "":
		return "Re:"
	case t.Last != "" && strings.HasPrefix(t.Last, "cw-"):
		return t.Subject
	case t.Last != "":
		return "Re: " + t.Subject
	case l.conf.subject != "":
		return l.conf.subject
	case l.conf.name != "":
		return "Message from " + l.conf.name
	}
	return "Message from " + l.conf.address
}

// deliver hands a mail in.
func (l *link) deliver(ctx context.Context, m letter) error {
	var file io.ReadCloser
	size := int64(len(m.text) + len(m.html))
	if m.open != nil {
		var err error
		if file, err = m.open(); err != nil {
			return fmt.Errorf("open the file: %w", err)
		}
		defer file.Close()
		size += m.media.Size * 4 / 3
	}
	r, stop, err := l.dialRelay(ctx)
	if err != nil {
		return err
	}
	defer stop()
	err = r.transmit(envelope{from: m.from.Address, to: m.to.Address, id: m.id, size: size}, func(w io.Writer) error { return m.write(w, file) })
	var s *mailbox.StageError
	if errors.As(err, &s) {
		_ = r.conn.Close() // quitting after half a mail would end it
		return err
	}
	r.quit()
	return err
}

// header is everything but what describes the content.
func (m letter) header() mail.Header {
	var h mail.Header
	h.SetAddressList("From", []*mail.Address{&m.from})
	h.SetAddressList("To", []*mail.Address{&m.to})
	h.SetSubject(m.subject)
	h.SetDate(m.at)
	h.SetMessageID(m.id)
	if m.thread.Last != "" {
		h.SetMsgIDList("In-Reply-To", []string{m.thread.Last})
		h.SetMsgIDList("References", few(append(append([]string{}, m.thread.References...), m.thread.Last)))
		h.SetText("Thread-Topic", m.thread.Subject)
		if index := childIndex(m.thread.Index, m.id, m.at); index != "" {
			h.Set("Thread-Index", index)
		}
	}
	h.Set(markHeader, string(m.channel))
	h.Set("Mime-Version", "1.0")
	return h
}

// write writes the mail, file being what it carries, nil if nothing.
func (m letter) write(w io.Writer, file io.Reader) error {
	h := m.header()
	if file == nil {
		return m.body(h.Header, func(h message.Header) (*message.Writer, error) { return message.CreateWriter(w, h) })
	}
	h.SetContentType("multipart/mixed", nil)
	mw, err := message.CreateWriter(w, h.Header)
	if err != nil {
		return err
	}
	if m.text != "" {
		if err := m.body(message.Header{}, mw.CreatePart); err != nil {
			return err
		}
	}
	if err := part(mw, m.fileHeader(), &bounded{r: file, left: fileLimit}); err != nil {
		return err
	}
	return mw.Close()
}

// body writes the text into what begin opens, under the header: as it is, or as text and page to choose from.
func (m letter) body(h message.Header, begin func(message.Header) (*message.Writer, error)) error {
	if m.html == "" {
		textHeader(&h, "text/plain")
		w, err := begin(h)
		if err != nil {
			return err
		}
		return fill(w, strings.NewReader(crlf(m.text)))
	}
	h.SetContentType("multipart/alternative", nil)
	w, err := begin(h)
	if err != nil {
		return err
	}
	for _, form := range [][2]string{{"text/plain", m.text}, {"text/html", m.html}} {
		var fh message.Header
		textHeader(&fh, form[0])
		if err := part(w, fh, strings.NewReader(crlf(form[1]))); err != nil {
			return err
		}
	}
	return w.Close()
}

func textHeader(h *message.Header, kind string) {
	h.SetContentType(kind, map[string]string{"charset": "utf-8"})
	h.Set("Content-Transfer-Encoding", "quoted-printable")
}

func (m letter) fileHeader() message.Header {
	var h mail.AttachmentHeader
	media, _, err := mime.ParseMediaType(m.media.MIME)
	if err != nil || strings.HasPrefix(media, "multipart/") || strings.HasPrefix(media, "message/") {
		media = "application/octet-stream"
	}
	name := oneLine(strings.NewReplacer("/", "-", `\`, "-").Replace(m.media.Name))
	if name == "" {
		name = "file"
		if all, err := mime.ExtensionsByType(media); err == nil && len(all) > 0 {
			name += all[0]
		}
	}
	h.SetContentType(media, nil)
	h.SetFilename(name)
	h.Set("Content-Transfer-Encoding", "base64")
	return h.Header
}

func part(mw *message.Writer, h message.Header, r io.Reader) error {
	pw, err := mw.CreatePart(h)
	if err != nil {
		return err
	}
	return fill(pw, r)
}

func fill(w io.WriteCloser, r io.Reader) error {
	if _, err := io.Copy(w, r); err != nil {
		return err
	}
	return w.Close()
}

func crlf(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n"), "\n", "\r\n") + "\r\n"
}

// bounded refuses a file that is larger than it was said to be.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, core.Unsendable("The file is larger than "+core.Bytes(fileLimit)+", which is what mail servers take.", "Send it as a link.")
	}
	return n, err
}
