package outhttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"causeway/core"
)

const (
	keptBody  = 4 << 10 // of a body in the log
	readAhead = 4 << 10 // more is kept until it is redacted, so that what is cut off is cut behind the redaction
)

// recorder reports each exchange.
type recorder struct {
	next      http.RoundTripper
	opts      Options
	workspace core.WorkspaceID
	channel   core.ChannelID
	redact    redactor
	polls     polls
}

// polls remembers what each address that is asked again and again answered last.
type polls struct {
	mu   sync.Mutex
	last map[string]string
}

// news reports whether an exchange says anything that the last one of its address did not. What goes wrong always does.
func (p *polls) news(e core.LogEntry) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Note != "" || e.Status < 200 || e.Status > 299 {
		delete(p.last, e.URL)
		return true
	}
	if before, asked := p.last[e.URL]; asked && before == e.Response {
		return false
	}
	if p.last == nil {
		p.last = map[string]string{}
	}
	p.last[e.URL] = e.Response
	return true
}

func (c *recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	x := &exchange{c: c, ctx: context.WithoutCancel(r.Context()), began: c.opts.Now(), clock: time.Now(), request: c.capture(r.Header)}
	x.entry = core.LogEntry{ID: core.NewID[string](), Channel: c.channel, At: x.began, Method: r.Method, URL: c.redact.url(r.URL)}
	if r.Body != nil && r.Body != http.NoBody {
		r = r.Clone(r.Context())
		r.Body = &tee{ReadCloser: r.Body, into: x.request}
	}
	resp, err := c.next.RoundTrip(r)
	if err != nil {
		x.response = &capture{}
		x.end(err)
		return nil, err
	}
	x.entry.Status, x.response = resp.StatusCode, c.capture(resp.Header)
	resp.Body = &tee{ReadCloser: resp.Body, into: x.response, done: x.end}
	return resp, nil
}

// exchange is a request and its answer until it is reported.
type exchange struct {
	c                 *recorder
	ctx               context.Context
	began, clock      time.Time // the gateway's clock, which may be moved, and the real one
	entry             core.LogEntry
	request, response *capture
	once              sync.Once
}

func (x *exchange) end(err error) {
	x.once.Do(func() {
		x.entry.Took = time.Since(x.clock)
		x.entry.Request, x.entry.Response = x.request.show(x.c.redact), x.response.show(x.c.redact)
		if trace := core.TraceIn(x.ctx); trace != "" {
			x.entry.Note = "trace " + trace
		}
		if err != nil {
			x.entry.Note = strings.TrimPrefix(x.entry.Note+": "+x.c.redact.text(core.Unaddressed(err).Error(), false), ": ")
		}
		if core.IsPolling(x.ctx) && !x.c.polls.news(x.entry) {
			return
		}
		x.c.opts.Record(x.ctx, x.c.workspace, x.entry)
	})
}

// tee keeps the beginning of what is read, and tells when it is over.
type tee struct {
	io.ReadCloser
	into *capture
	done func(error)
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.into.add(p[:n])
	if err != nil && t.done != nil {
		if errors.Is(err, io.EOF) {
			t.done(nil)
		} else {
			t.done(err)
		}
	}
	return n, err
}

func (t *tee) Close() error {
	err := t.ReadCloser.Close()
	if t.done != nil {
		t.done(nil)
	}
	return err
}

// capture is the beginning of a body, if it is text; of anything else only the size.
type capture struct {
	mu   sync.Mutex // the transport may still be reading the request when the answer is there
	kind string
	text bool
	kept bytes.Buffer
	size int64
}

func (c *recorder) capture(h http.Header) *capture {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind = "application/octet-stream"
	}
	return &capture{kind: kind, text: textual(kind) && h.Get("Content-Disposition") == "" && h.Get("Content-Encoding") == ""}
}

func textual(kind string) bool {
	return strings.HasPrefix(kind, "text/") && kind != "text/vcard" && kind != "text/csv" || kind == "application/x-www-form-urlencoded" ||
		kind == "application/json" || kind == "application/xml" || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml")
}

func (c *capture) add(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size += int64(len(p))
	if room := keptBody + readAhead - c.kept.Len(); c.text && room > 0 {
		c.kept.Write(p[:min(room, len(p))])
	}
}

func (c *capture) show(r redactor) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.size == 0:
		return ""
	case !c.text:
		return fmt.Sprintf("[%s, %s]", c.kind, core.Bytes(c.size))
	}
	cut := c.size > int64(c.kept.Len())
	s := strings.ToValidUTF8(r.text(c.kept.String(), cut), "\uFFFD")
	if len(s) <= keptBody && !cut {
		return s
	}
	whole := strings.ToValidUTF8(s[:min(len(s), keptBody)], "") // the cut may go through a character
	return fmt.Sprintf("%s… [%s]", whole, core.Bytes(c.size))
}
