package x

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

// chunk is how much of a file is handed over at once; X takes 5 MB at most.
const chunk = 4 << 20

// uploaded is a file as X knows it.
type uploaded struct {
	Data struct {
		ID         text `json:"id"`
		Processing *struct {
			State text `json:"state"`
			After int  `json:"check_after_secs"`
		} `json:"processing_info"`
	} `json:"data"`
}

// upload hands a file over and returns its id, once X can send it. Whatever goes wrong here, no message has gone out.
func (l *link) upload(ctx context.Context, kind core.ContentKind, m core.Media) (string, error) {
	id, err := l.handOver(ctx, kind, m)
	if err == nil {
		return id, nil
	}
	e := core.AsSendError(l.api.failed(err))
	if e.Outcome == core.Unknown {
		e.Outcome, e.Effect, e.Reason, e.Remedy = core.Rejected, core.EffectRetry, "X did not take the file; nothing was sent yet.", "Check the network if this lasts."
	}
	return "", e
}

func (l *link) handOver(ctx context.Context, kind core.ContentKind, m core.Media) (string, error) {
	body, err := l.host.Open(ctx, m.ID)
	if err != nil {
		return "", core.Unopened(ctx, err)
	}
	defer body.Close()
	var up uploaded
	begin := map[string]any{"media_category": category(kind, m), "media_type": m.MIME, "total_bytes": m.Size}
	if err := l.api.call(ctx, http.MethodPost, "/2/media/upload/initialize", begin, &up); err != nil {
		return "", err
	}
	id := up.Data.ID.id()
	if id == "" {
		return "", &failure{sent: true, err: errors.New("the file got no id")}
	}
	if err := l.pieces(ctx, id, body); err != nil {
		return "", err
	}
	up = uploaded{}
	if err := l.api.call(ctx, http.MethodPost, "/2/media/upload/"+id+"/finalize", nil, &up); err != nil {
		return "", err
	}
	return id, l.processed(ctx, id, up)
}

func category(kind core.ContentKind, m core.Media) string {
	switch {
	case m.MIME == "image/gif":
		return "dm_gif"
	case kind == core.KindVideo:
		return "dm_video"
	}
	return "dm_image"
}

// pieces hands over a file's bytes.
func (l *link) pieces(ctx context.Context, id string, body io.Reader) error {
	for i := 0; ; i++ {
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		n, err := piece(w, i, io.LimitReader(body, chunk))
		if err != nil {
			return &failure{err: fmt.Errorf("read file: %w", err)}
		}
		if n == 0 && i > 0 {
			return nil
		}
		req, err := l.api.carry(ctx, http.MethodPost, "/2/media/upload/"+id+"/append", w.FormDataContentType(), form.Bytes())
		if err != nil {
			return err
		}
		l.conf.authorize(req, l.api.now())
		if err := l.api.read(req, nil); err != nil || n < chunk {
			return err
		}
	}
}

// piece writes the form of one piece, and returns how many bytes of the file are in it.
func piece(w *multipart.Writer, i int, body io.Reader) (int64, error) {
	if err := w.WriteField("segment_index", strconv.Itoa(i)); err != nil {
		return 0, err
	}
	part, err := w.CreateFormFile("media", "piece")
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(part, body)
	return n, errors.Join(err, w.Close())
}

// maxChecks bounds how often X is asked whether it is done with a file; each time it says when to ask again.
const maxChecks = 60

// processed waits until X is done with a file.
func (l *link) processed(ctx context.Context, id string, up uploaded) error {
	for range maxChecks {
		p := up.Data.Processing
		switch {
		case p == nil || p.State == "succeeded":
			return nil
		case p.State == "failed":
			return core.Unsendable("X cannot use this file: it is damaged, or of a form that X does not take.", "Send it in another format, or as a link.")
		}
		if err := core.Wait(ctx, time.Duration(max(1, min(p.After, 30)))*time.Second); err != nil {
			return &failure{err: err}
		}
		up = uploaded{}
		if err := l.api.call(ctx, http.MethodGet, "/2/media/upload?command=STATUS&media_id="+id, nil, &up); err != nil {
			return err
		}
	}
	return &failure{err: errors.New("X is not done with the file")}
}

// maxFile bounds a fetched file: X takes none larger.
const maxFile = 512 << 20

// Fetch implements core.MediaLink. Pictures of direct messages are given only to who asks as the account; nobody else is shown that signature.
func (l *link) Fetch(ctx context.Context, m core.Media) (core.Download, error) {
	d := core.Download{MIME: m.MIME, Name: m.Name, Size: -1}
	address := m.URL
	if strings.HasPrefix(address, "/") { // one of the interface's own
		address = l.conf.base + address
	}
	if !core.WebAddress(address) {
		return d, fmt.Errorf("the file has no address: %w", core.ErrMediaGone)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return d, fmt.Errorf("fetch file: %w", core.Unaddressed(err))
	}
	if l.private(req.URL) {
		l.conf.authorize(req, l.api.now())
	}
	resp, err := l.api.do(req) //nolint:bodyclose // the body is handed on in d
	if err != nil {
		return d, fmt.Errorf("fetch file: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone {
			return d, fmt.Errorf("fetch file: status %d: %w", resp.StatusCode, core.ErrMediaGone)
		}
		return d, fmt.Errorf("fetch file: %w", &failure{sent: true, reply: reply{status: resp.StatusCode}, err: errors.New("the file was not given")})
	}
	if mime, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); d.MIME == "" {
		d.MIME = strings.TrimSpace(mime)
	}
	d.Size, d.Body = resp.ContentLength, core.Bounded(resp.Body, maxFile)
	return d, nil
}

// private reports whether an address is where X keeps the pictures of direct messages, reached in a way that nobody overhears.
func (l *link) private(u *url.URL) bool {
	base, err := url.Parse(l.conf.base)
	if err == nil && u.Scheme == base.Scheme && strings.EqualFold(u.Host, base.Host) {
		return true
	}
	host := strings.ToLower(u.Host)
	return l.conf.base == defaultBase && u.Scheme == "https" && (host == "ton.twitter.com" || host == "ton.x.com")
}
