package twilio

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"causeway/bridges/sms"
	"causeway/core"
)

// Fetch implements core.MediaLink. Twilio's own addresses want the credentials and lead elsewhere; nobody else gets them.
func (l *link) Fetch(ctx context.Context, m core.Media) (core.Download, error) {
	d := core.Download{MIME: m.MIME, Name: m.Name, Size: -1}
	address := m.URL
	if strings.HasPrefix(address, "/2010-04-01/") { // as Twilio's interface names its own resources
		address = l.conf.base + address
	}
	if !core.WebAddress(address) {
		return d, fmt.Errorf("the file has no address: %w", core.ErrMediaGone)
	}
	req, err := sms.NewRequest(ctx, http.MethodGet, address, nil)
	if err != nil {
		return d, fmt.Errorf("fetch file: %w", err)
	}
	if l.twilios(req.URL) {
		req.SetBasicAuth(l.conf.user, l.conf.password.Reveal())
	}
	return l.call.Download(req, d)
}

// twilios reports whether an address is one of the provider itself, reached in a way that nobody overhears.
func (l *link) twilios(u *url.URL) bool {
	base, err := url.Parse(l.conf.base)
	if err == nil && u.Scheme == base.Scheme && strings.EqualFold(u.Host, base.Host) {
		return true
	}
	return l.conf.base == defaultBase && u.Scheme == "https" && strings.HasSuffix(strings.ToLower(u.Hostname()), ".twilio.com")
}
