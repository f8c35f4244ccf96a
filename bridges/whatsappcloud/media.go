package whatsappcloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"causeway/bridges/meta"
	"causeway/core"
)

// upload gives a file to the platform and returns its id there. Whatever goes wrong, the message that needs the file was not sent: no outcome
// of an upload is unknown.
func (l *link) upload(ctx context.Context, kind core.ContentKind, m core.Media) (string, error) {
	file, err := l.host.Open(ctx, m.ID)
	if err != nil {
		return "", core.Unopened(ctx, err)
	}
	defer file.Close()
	mime := m.MIME
	if mime == "" {
		mime = "application/octet-stream"
	}
	name := m.Name
	if name == "" {
		name = string(kind)
	}
	var answer struct {
		ID meta.Text `json:"id"`
	}
	fields := [][2]string{{"messaging_product", "whatsapp"}, {"type", mime}}
	err = l.graph.Upload(ctx, l.conf.edge("media"), fields, meta.File{Name: name, MIME: mime, Size: m.Size, Body: file}, &answer)
	if err != nil {
		return "", l.conf.uploadFailed(err)
	}
	if answer.ID == "" {
		return "", &core.SendError{Outcome: core.Rejected, Effect: core.EffectRetry, Reason: "WhatsApp took the file but gave it no id."}
	}
	return string(answer.ID), nil
}

func (c conf) uploadFailed(err error) error {
	e := core.AsSendError(c.failed(err))
	if e.Outcome == core.Unknown {
		e.Outcome, e.Effect, e.Reason, e.Remedy = core.Rejected, core.EffectRetry, "The file could not be handed to WhatsApp.", ""
	}
	return e
}

// maxFile bounds a fetched file: no medium on WhatsApp is larger, but for documents sent from the phone.
const maxFile = 2 << 30

// Fetch implements core.MediaLink. The platform's id leads to an address that is good for minutes; only a webhook that carries no id makes us
// use the address it carries.
func (l *link) Fetch(ctx context.Context, m core.Media) (core.Download, error) {
	d := core.Download{MIME: m.MIME, Name: m.Name, Size: -1}
	address, trusted := m.URL, false
	if m.Provider != "" {
		var err error
		if address, err = l.locate(ctx, m.Provider, &d); err != nil {
			return d, fmt.Errorf("ask where the file is: %w", gone(err))
		}
		trusted = !l.conf.dialog && strings.HasPrefix(address, "https://") // the platform itself sent us there
	}
	if address == "" {
		return d, fmt.Errorf("the file has neither an id nor an address: %w", core.ErrMediaGone)
	}
	address = l.conf.reach(address)
	resp, err := l.graph.Download(ctx, address, trusted) //nolint:bodyclose // the body is handed on in d
	if err != nil {
		return d, fmt.Errorf("fetch file: %w", gone(err))
	}
	if resp.ContentLength >= 0 {
		d.Size = resp.ContentLength
	}
	d.Body = core.Bounded(resp.Body, maxFile)
	return d, nil
}

// locate asks for a file's address.
func (l *link) locate(ctx context.Context, id string, d *core.Download) (string, error) {
	var answer struct {
		URL  meta.Text `json:"url"`
		MIME meta.Text `json:"mime_type"`
		Size meta.Text `json:"file_size"`
	}
	if !aFile(id) {
		return "", fmt.Errorf("the file's id is none: %w", core.ErrMediaGone)
	}
	if err := l.graph.Get(ctx, url.PathEscape(id), nil, &answer); err != nil {
		return "", err
	}
	if mime, _, _ := strings.Cut(string(answer.MIME), ";"); mime != "" {
		d.MIME = strings.TrimSpace(mime)
	}
	if size := answer.Size.Float(); size > 0 {
		d.Size = int64(size)
	}
	if answer.URL == "" {
		return "", errors.New("the answer names no address")
	}
	return string(answer.URL), nil
}

// aFile reports whether an id can stand in a path.
func aFile(id string) bool {
	return meta.GoodID(id) && id != "." && id != ".."
}

// gone turns the platform's words for a file that is not there into core.ErrMediaGone.
func gone(err error) error {
	var g *meta.Error
	var f *meta.Failure
	switch {
	case errors.As(err, &g) && (g.Status == http.StatusNotFound || g.Status == http.StatusGone || g.Code == 100 && g.Subcode == 33):
		return fmt.Errorf("%w: %w", core.ErrMediaGone, err)
	case errors.As(err, &f) && (f.Status == http.StatusNotFound || f.Status == http.StatusGone):
		return fmt.Errorf("%w: %w", core.ErrMediaGone, err)
	}
	return err
}
