package ginapi

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"causeway/core"
)

// smallBody is the size up to which a body costs little to wait for.
const smallBody = 64 << 10

// requestOf is what a bridge gets to see, but for the body.
func (s *Server) requestOf(r *http.Request) core.WebhookRequest {
	return core.WebhookRequest{Method: r.Method, URL: strings.TrimRight(s.PublicURL, "/") + r.URL.RequestURI(), Query: r.URL.Query(), Header: r.Header}
}

// bodyOf reads a webhook's body. Its memory is not used again: events may hold on to it.
func (s *Server) bodyOf(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	switch {
	case r.ContentLength == 0:
		return nil, nil
	case r.ContentLength > s.HookBytes:
		return nil, errTooLarge
	}
	return readAll(newBody(w, r.Body, s.HookBytes, s.BodyWait, 0), r.ContentLength)
}

// readAll reads a body of announced size, -1 if it was not announced. A client's word gets it no more memory than it sends.
func readAll(r io.Reader, size int64) ([]byte, error) {
	if size < 0 || size > smallBody {
		return io.ReadAll(r)
	}
	buf := make([]byte, size)
	if _, err := io.ReadFull(r, buf); err != nil {
		return nil, err
	}
	_, err := r.Read(make([]byte, 1)) // reach its end
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return buf, err
}

// plausible reports whether a text may be one of our ids, before anybody is asked for it.
func plausible(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	return strings.IndexFunc(id, strange) < 0
}

// strange reports whether a character occurs in none of our ids.
func strange(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_':
		return false
	}
	return true
}
