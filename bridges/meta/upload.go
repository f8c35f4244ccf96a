package meta

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// File is what Upload sends. Size is trusted and must be the length of Body; with zero the whole of Body is read into memory first, because
// the platform wants to know the length.
type File struct {
	Field string // of the form; empty: "file"
	Name  string
	MIME  string
	Size  int64
	Body  io.Reader
}

// maxUnsized bounds a file whose length is not known before.
const maxUnsized = 100 << 20

// Upload posts a form with fields and one file. The file is streamed.
func (c *Client) Upload(ctx context.Context, path string, fields [][2]string, f File, into any) error {
	if f.Size <= 0 {
		all, err := io.ReadAll(io.LimitReader(f.Body, maxUnsized+1))
		if err != nil {
			return &Failure{Err: fmt.Errorf("read file to upload: %w", err)}
		}
		f.Body, f.Size = bytes.NewReader(all), int64(len(all))
	}
	head, tail, kind, err := frame(fields, f)
	if err != nil {
		return &Failure{Err: fmt.Errorf("frame upload: %w", err)}
	}
	body := io.MultiReader(bytes.NewReader(head), f.Body, bytes.NewReader(tail))
	req, err := c.request(ctx, http.MethodPost, c.address(path, nil), body)
	if err != nil {
		return err
	}
	req.ContentLength = int64(len(head)) + f.Size + int64(len(tail))
	req.Header.Set("Content-Type", kind)
	return c.call(req, into)
}

// frame makes what stands before and after the file in the form.
func frame(fields [][2]string, f File) (head, tail []byte, kind string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, field := range fields {
		if err := w.WriteField(field[0], field[1]); err != nil {
			return nil, nil, "", err
		}
	}
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", `form-data; name="`+cmp.Or(f.Field, "file")+`"; filename="`+quoted(f.Name)+`"`)
	h.Set("Content-Type", f.MIME)
	if _, err := w.CreatePart(h); err != nil {
		return nil, nil, "", err
	}
	cut := b.Len()
	if err := w.Close(); err != nil {
		return nil, nil, "", err
	}
	return b.Bytes()[:cut:cut], b.Bytes()[cut:], w.FormDataContentType(), nil
}

// quoted makes a file name fit for a header.
func quoted(name string) string {
	if name == "" {
		name = "file"
	}
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", " ", "\n", " ", "\x00", "").Replace(name)
}

// MetasHost reports whether an address is at one of Meta's hosts.
func MetasHost(address string) bool {
	u, err := url.Parse(address)
	return err == nil && metas(u.Hostname())
}

// Download fetches an address that the platform gave. The token goes along if trusted is true or the address is the platform's own; it never
// travels unencrypted to another host than the client's own. Anything but a 2xx is a *Failure or an *Error.
func (c *Client) Download(ctx context.Context, address string, trusted bool) (*http.Response, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, &Failure{Err: errors.New("the file's address is no web address")}
	}
	own, err := url.Parse(c.base())
	if err != nil {
		return nil, &Failure{Err: errors.New("the base address is no web address")}
	}
	home := u.Scheme == own.Scheme && u.Host == own.Host
	if u.Scheme == "http" && !home {
		return nil, &Failure{Err: errors.New("the file's address is not encrypted")}
	}
	req, err := c.request(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.do(req, home || trusted || c.Header == "" && metas(u.Hostname()))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if e := c.refusal(resp, raw); e != nil {
		return nil, e
	}
	return nil, c.failure(resp, errors.New("the file was not given"))
}

// metas reports whether a host is one of Meta's.
func metas(host string) bool {
	for _, domain := range []string{"facebook.com", "fbsbx.com", "fbcdn.net", "whatsapp.net"} {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}
