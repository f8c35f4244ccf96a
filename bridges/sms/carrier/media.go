package carrier

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"causeway/bridges/sms"
	"causeway/core"
)

// Fetch implements core.MediaLink. The credentials go along only where the provider itself keeps the file.
func (l *link) Fetch(ctx context.Context, m core.Media) (core.Download, error) {
	d := core.Download{MIME: m.MIME, Name: m.Name, Size: -1}
	if data, ok := strings.CutPrefix(m.URL, "data:"); ok {
		return within(d, data)
	}
	address := m.URL
	if strings.HasPrefix(address, "/") { // beside the interface
		address = l.conf.values["base"] + address
	}
	if !core.WebAddress(address) {
		return d, fmt.Errorf("the file has no address: %w", core.ErrMediaGone)
	}
	req, err := sms.NewRequest(ctx, http.MethodGet, address, nil)
	if err != nil {
		return d, fmt.Errorf("fetch file: %w", err)
	}
	l.authorize(req)
	return l.call.Download(req, d)
}

// authorize puts what a send carries of credentials on a request to the provider's own host.
func (l *link) authorize(req *http.Request) {
	base, err := url.Parse(l.conf.values["base"])
	if err != nil || req.URL.Scheme != base.Scheme || !strings.EqualFold(req.URL.Host, base.Host) || len(l.def.Send) == 0 {
		return
	}
	r := l.def.Send[0]
	for name, s := range r.Headers {
		if strings.Contains(s, "{"+keyAPIKey) || strings.Contains(s, "{"+keyPassword) {
			req.Header.Set(name, oneLine(mustFill(s, l.setting)))
		}
	}
	if r.Auth != nil {
		req.SetBasicAuth(mustFill(r.Auth.User, l.setting), mustFill(r.Auth.Password, l.setting))
	}
}

// within reads a file that came within the call.
func within(d core.Download, data string) (core.Download, error) {
	mime, coded, ok := strings.Cut(data, ";base64,")
	raw, err := base64.StdEncoding.DecodeString(coded)
	if !ok || err != nil {
		return d, fmt.Errorf("the file cannot be read: %w", core.ErrMediaGone)
	}
	d.MIME, d.Size, d.Body = mime, int64(len(raw)), io.NopCloser(bytes.NewReader(raw))
	return d, nil
}
