package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"
	"sync/atomic"
)

// file is a file to upload in a field of a method. Size is trusted and must be the length of Body; with zero the whole of Body is read into
// memory first, for Telegram wants to know the length.
type file struct {
	Field, Name, MIME string
	Size              int64
	Body              io.ReadCloser
}

// upload calls a method with files. They are streamed.
func (a *api) upload(ctx context.Context, method string, p params, files []file, into any) error {
	for i := range files {
		if f := &files[i]; f.Size <= 0 {
			all, err := io.ReadAll(io.LimitReader(f.Body, fileLimit+1))
			if err != nil {
				return &failure{Err: fmt.Errorf("read file to upload: %w", err)}
			}
			f.Body, f.Size = io.NopCloser(bytes.NewReader(all)), int64(len(all)) // who opened it closes it
		}
	}
	form, size, kind, err := frame(p, files)
	if err != nil {
		return &failure{Err: fmt.Errorf("frame upload: %w", err)}
	}
	body := &counted{next: form}
	resp, err := a.post(ctx, method, kind, body, size)
	var broke *failure
	if errors.As(err, &broke) && body.n.Load() < size {
		broke.Sent = false // Telegram cannot act on half a form
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return a.read(resp, into)
}

// counted counts what was read of it.
type counted struct {
	next io.Reader
	n    atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.next.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// frame makes the form: the fields, then the files. It returns its length and its type.
func frame(p params, files []file) (form io.Reader, size int64, kind string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, key := range slices.Sorted(maps.Keys(p)) {
		written, err := formValue(p[key])
		if err == nil {
			err = w.WriteField(key, written)
		}
		if err != nil {
			return nil, 0, "", err
		}
	}
	var pieces []io.Reader
	between := func() {
		piece := bytes.Clone(b.Bytes())
		pieces, size = append(pieces, bytes.NewReader(piece)), size+int64(len(piece))
		b.Reset()
	}
	for _, f := range files {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", `form-data; name="`+f.Field+`"; filename="`+quoted(f.Name)+`"`)
		h.Set("Content-Type", f.MIME)
		if _, err := w.CreatePart(h); err != nil {
			return nil, 0, "", err
		}
		between()
		pieces, size = append(pieces, f.Body), size+f.Size
	}
	if err := w.Close(); err != nil {
		return nil, 0, "", err
	}
	between()
	return io.MultiReader(pieces...), size, w.FormDataContentType(), nil
}

// formValue writes a value as a form has it: texts as they are, all else as JSON.
func formValue(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	raw, err := json.Marshal(v)
	return string(raw), err
}

// quoted makes a file name fit for a header.
func quoted(name string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", " ", "\n", " ", "\x00", "").Replace(name)
}
