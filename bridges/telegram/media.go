package telegram

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"causeway/core"
)

// carrier is the method, and the field in it, by which a file is sent.
func carrier(c core.Content) (method, field string) {
	switch {
	case (c.Kind == core.KindVideo || c.Kind == core.KindImage) && c.Media.Animated || c.Media.MIME == "image/gif" && c.Kind == core.KindImage:
		return "sendAnimation", "animation"
	case c.Kind == core.KindImage:
		return "sendPhoto", "photo"
	case c.Kind == core.KindVideo:
		return "sendVideo", "video"
	case c.Kind == core.KindAudio:
		return "sendAudio", "audio"
	case c.Kind == core.KindVoice:
		return "sendVoice", "voice"
	case c.Kind == core.KindSticker:
		return "sendSticker", "sticker"
	}
	return "sendDocument", "document"
}

func composeMedia(c core.Content) (request, error) {
	if c.Media == nil {
		return request{}, core.Unsendable("The message has no file.", "Attach one.")
	}
	r := request{p: params{}, media: c.Media}
	r.method, r.field = carrier(c)
	if c.Media.ID == "" {
		if !core.WebAddress(c.Media.URL) {
			return r, core.Unsendable("The message's file is nowhere to be found.", "Attach it again.")
		}
		r.p[r.field] = c.Media.URL
	}
	if c.Kind == core.KindSticker {
		return r, nil
	}
	return r, r.text("caption", c.Text, captionLimit)
}

// asDocument sends the same file as a document.
func (r *request) asDocument() {
	if link, there := r.p[r.field]; there {
		delete(r.p, r.field)
		r.p["document"] = link
	}
	r.method, r.field = "sendDocument", "document"
}

// hand uploads the file of a request with it.
func (l *link) hand(ctx context.Context, r request, into any) error {
	f, err := l.opened(ctx, r, r.field)
	if err != nil {
		return err
	}
	defer f.Body.Close()
	return l.api.upload(ctx, r.method, r.p, []file{f}, into)
}

// opened is the file of a request, to be uploaded in a field and closed.
func (l *link) opened(ctx context.Context, r request, field string) (file, error) {
	body, err := l.host.Open(ctx, r.media.ID)
	if err != nil {
		return file{}, core.Unopened(ctx, err)
	}
	f := file{Field: field, Name: r.media.Name, MIME: r.media.MIME, Size: r.media.Size, Body: body}
	if f.MIME == "" {
		f.MIME = "application/octet-stream"
	}
	if f.Name == "" {
		f.Name = r.field + endings[f.MIME]
	}
	return f, nil
}

// endings are of the names that Telegram tells some files by.
var endings = map[string]string{"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp", "video/mp4": ".mp4", "video/webm": ".webm",
	"audio/ogg": ".ogg", "audio/mpeg": ".mp3", "audio/mp4": ".m4a", "application/pdf": ".pdf", "application/x-tgsticker": ".tgs", "text/plain": ".txt"}

// typeOf returns the MIME type that an ending stands for, "" if it is not known.
func typeOf(ending string) string {
	switch strings.ToLower(ending) {
	case ".oga", ".opus":
		return "audio/ogg"
	case ".jpeg":
		return "image/jpeg"
	}
	for mime, e := range endings {
		if e == strings.ToLower(ending) {
			return mime
		}
	}
	return ""
}

// maxFile bounds a fetched file: a Bot API server of one's own gives files of any size, Telegram's own up to 20 MB.
const maxFile = 2 << 30

// Fetch implements core.MediaLink. The address of the file has the token in it and is never handed on.
func (l *link) Fetch(ctx context.Context, m core.Media) (core.Download, error) {
	d := core.Download{MIME: m.MIME, Name: m.Name, Size: -1}
	if m.Provider == "" {
		return d, fmt.Errorf("the file has no id: %w", core.ErrMediaGone)
	}
	var found struct {
		Path text   `json:"file_path"`
		Size number `json:"file_size"`
	}
	if err := l.api.call(ctx, "getFile", params{"file_id": m.Provider}, &found); err != nil {
		return d, fmt.Errorf("ask where the file is: %w", lost(err))
	}
	where := string(found.Path)
	if !relative(where) {
		return d, errors.New("ask where the file is: the answer names no path that can be fetched")
	}
	resp, err := l.api.download(ctx, where) //nolint:bodyclose // the body is handed on in d
	if err != nil {
		return d, fmt.Errorf("fetch file: %w", err)
	}
	describe(&d, resp, where, int64(found.Size))
	return d, nil
}

// describe fills in what the message did not tell.
func describe(d *core.Download, resp *http.Response, where string, size int64) {
	switch {
	case resp.ContentLength >= 0:
		d.Size = resp.ContentLength
	case size > 0:
		d.Size = size
	}
	if d.MIME == "" {
		d.MIME = typeOf(path.Ext(where))
	}
	if d.Name == "" {
		d.Name = path.Base(where)
	}
	d.Body = core.Bounded(resp.Body, maxFile)
}

// relative reports whether a path can stand behind the base. A Bot API server in local mode names files on its own disk.
func relative(where string) bool {
	if where == "" || strings.HasPrefix(where, "/") || strings.ContainsAny(where, "\\?#%") {
		return false
	}
	return path.Clean(where) == where && !strings.HasPrefix(where, "..")
}

func (a *api) download(ctx context.Context, where string) (*http.Response, error) {
	u := url.URL{Path: where}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+"/file/bot"+a.token.Reveal()+"/"+u.EscapedPath(), nil)
	if err != nil {
		return nil, &failure{Err: core.HideIn(fmt.Errorf("address to call: %w", core.Unaddressed(err)), a.hidden...)}
	}
	resp, err := a.do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone {
		return nil, fmt.Errorf("%w: %w", core.ErrMediaGone, a.failure(resp, errors.New("the file was not given")))
	}
	return nil, a.failure(resp, errors.New("the file was not given"))
}

// lost tells what will never be there again from what may be tried again.
func lost(err error) error {
	switch {
	case says(err, "file is too big"):
		p := core.Problemf(core.CodeTooLarge, "Telegram gives bots no files over %s.", core.Bytes(20<<20)).Remedied("Ask the customer to send it smaller or as a link, or use a Bot API server of your own.")
		p.Err = err
		return p
	case says(err, "temporarily unavailable"):
		return err
	case says(err, "wrong file", "invalid file", "file not found", "FILE_ID_INVALID", "FILE_REFERENCE_", "wrong remote file"):
		return fmt.Errorf("%w: %w", core.ErrMediaGone, err)
	}
	return err
}
