package mailroom

import (
	"bytes"
	"errors"
	"io"

	"github.com/emersion/go-message/mail"
)

// write puts a mail together: text, or text and HTML as alternatives, in front of files if there are any.
func write(h mail.Header, plain, rich string, files []File) ([]byte, error) {
	var buf bytes.Buffer
	if rich == "" && len(files) == 0 {
		h.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
		w, err := mail.CreateSingleInlineWriter(&buf, h)
		return finish(&buf, w, plain, err)
	}
	if len(files) == 0 {
		w, err := mail.CreateInlineWriter(&buf, h)
		if err == nil {
			err = errors.Join(alternatives(w, plain, rich), w.Close())
		}
		return buf.Bytes(), err
	}
	w, err := mail.CreateWriter(&buf, h)
	if err != nil {
		return nil, err
	}
	in, err := w.CreateInline()
	if err == nil {
		err = errors.Join(alternatives(in, plain, rich), in.Close())
	}
	for _, f := range files {
		err = errors.Join(err, attach(w, f))
	}
	return buf.Bytes(), errors.Join(err, w.Close())
}

func finish(buf *bytes.Buffer, w io.WriteCloser, body string, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(w, body)
	err = errors.Join(err, w.Close())
	return buf.Bytes(), err
}

func alternatives(w *mail.InlineWriter, plain, rich string) error {
	for _, alt := range [][2]string{{"text/plain", plain}, {"text/html", rich}} {
		if alt[1] == "" {
			continue
		}
		var h mail.InlineHeader
		h.SetContentType(alt[0], map[string]string{"charset": "utf-8"})
		p, err := w.CreatePart(h)
		if err != nil {
			return err
		}
		_, err = io.WriteString(p, alt[1])
		if err := errors.Join(err, p.Close()); err != nil {
			return err
		}
	}
	return nil
}

func attach(w *mail.Writer, f File) error {
	var h mail.AttachmentHeader
	h.SetContentType(f.MIME, nil)
	h.SetFilename(f.Name)
	if f.ContentID != "" {
		h.Set("Content-Id", "<"+f.ContentID+">")
		h.Set("Content-Disposition", "inline")
	}
	p, err := w.CreateAttachment(h)
	if err != nil {
		return err
	}
	_, err = p.Write(f.Data)
	return errors.Join(err, p.Close())
}
