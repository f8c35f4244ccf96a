package outhttp

import (
	"net/http"
	"strings"

	"causeway/core"
)

// credentials are the headers that carry them, whatever their value.
var credentials = [...]string{"Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key", "Api-Key", "X-Auth-Token", "Apikey"}

// follow decides on a redirect. The guard looks at its address when it is dialed.
func (c *Clients) follow(secrets []core.Secret) func(*http.Request, []*http.Request) error {
	return func(r *http.Request, via []*http.Request) error {
		first := via[0]
		r.Header.Del("Referer") // it would show the URL before, tokens included
		switch {
		case len(via) > c.opts.Redirects:
			return core.Problemf(core.CodeForbidden, "%s redirects more than %d times.", first.URL.Host, max(c.opts.Redirects, 0))
		case r.URL.Scheme != "https" && r.URL.Scheme != "http":
			return core.Problemf(core.CodeForbidden, "%s redirects to an address that is not http.", first.URL.Host)
		case r.URL.Scheme == "http" && first.URL.Scheme == "https":
			return core.Problemf(core.CodeForbidden, "%s redirects from an encrypted address to one that is not.", first.URL.Host)
		case strings.EqualFold(r.URL.Host, first.URL.Host):
			return nil
		case r.Body != nil && r.Body != http.NoBody || r.Method != http.MethodGet && r.Method != http.MethodHead:
			return core.Problemf(core.CodeForbidden, "%s redirects what we send to another host, %s.", first.URL.Host, r.URL.Host)
		}
		strip(r.Header, secrets)
		return nil
	}
}

// strip takes out of the headers what must not reach another host.
func strip(h http.Header, secrets []core.Secret) {
	for _, name := range credentials {
		h.Del(name)
	}
	for name, values := range h {
		for _, s := range secrets {
			if v := s.Reveal(); v != "" && strings.Contains(strings.Join(values, "\n"), v) {
				h.Del(name)
			}
		}
	}
}
