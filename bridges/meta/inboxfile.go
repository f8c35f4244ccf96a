package meta

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"

	"causeway/core"
)

// maxFile bounds a fetched file: the platforms send nothing near it.
const maxFile = 512 << 20

// Fetch implements core.MediaLink. The platform's links need no credential and are good for days at most. A link without a host is below the API
// base, as a stand-in may give it.
func (i *Inbox) Fetch(ctx context.Context, m core.Media) (core.Download, error) {
	d := core.Download{MIME: m.MIME, Name: m.Name, Size: -1}
	graph := i.Graph
	if strings.HasPrefix(m.URL, "/") {
		m.URL = graph.base() + m.URL
	}
	if !core.WebAddress(m.URL) {
		return d, fmt.Errorf("the file has no address: %w", core.ErrMediaGone)
	}
	resp, err := graph.Download(ctx, m.URL, false) //nolint:bodyclose // the body is handed on in d
	if err != nil {
		return d, fmt.Errorf("fetch file: %w", gone(err))
	}
	if resp.ContentLength >= 0 {
		d.Size = resp.ContentLength
	}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err == nil && kind != "application/octet-stream" {
		d.MIME = kind
	}
	if d.Name == "" {
		d.Name = nameOf(resp.Header, m.URL)
	}
	d.Body = core.Bounded(resp.Body, maxFile)
	return d, nil
}

// nameOf is what the platform calls a file: in the answer's header, else at the end of the address.
func nameOf(h http.Header, address string) string {
	if _, params, err := mime.ParseMediaType(h.Get("Content-Disposition")); err == nil && params["filename"] != "" {
		return path.Base(strings.ReplaceAll(params["filename"], `\`, "/"))
	}
	u, err := url.Parse(address)
	if err != nil || path.Ext(u.Path) == "" {
		return ""
	}
	return path.Base(u.Path)
}

// gone turns the platform's words for a link that is no longer good into core.ErrMediaGone.
func gone(err error) error {
	var g *Error
	var f *Failure
	status := 0
	switch {
	case errors.As(err, &g):
		status = g.Status
	case errors.As(err, &f):
		status = f.Status
	}
	if status == http.StatusNotFound || status == http.StatusGone || status == http.StatusForbidden {
		return fmt.Errorf("%w: %w", core.ErrMediaGone, err)
	}
	return err
}
