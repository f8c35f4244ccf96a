package webchat

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

const (
	bodyLimit = 64 << 10
	bodyWait  = 20 * time.Second
)

// failure is an answer other than success, for programs; the widget has words of its own.
type failure struct {
	status int
	Code   string `json:"error"`
}

func (f failure) Error() string { return f.Code }

var (
	errNowhere  = failure{http.StatusNotFound, "not-found"}
	errMethod   = failure{http.StatusMethodNotAllowed, "method"}
	errOrigin   = failure{http.StatusForbidden, "origin"}
	errIdentity = failure{http.StatusForbidden, "identity"} // only users proven by the site may write
	errSession  = failure{http.StatusUnauthorized, "session"}
	errProof    = failure{http.StatusUnauthorized, "proof"}
	errInvalid  = failure{http.StatusBadRequest, "invalid"}
	errKey      = failure{http.StatusBadRequest, "idempotency-key"} // there must be one
	errForm     = failure{http.StatusForbidden, "form"}             // what must be told before the chat has not been
	errTooLarge = failure{http.StatusRequestEntityTooLarge, "too-large"}
	errOften    = failure{http.StatusTooManyRequests, "too-often"}
	errBusy     = failure{http.StatusServiceUnavailable, "unavailable"}
	errGone     = failure{http.StatusGone, "expired"}
)

// call is a request to the interface, by a page that may make it.
type call struct {
	*http.Request
	visitor visitor // zero where the door needs none
}

// door is one call of the interface.
type door struct {
	method string
	token  bool // needs a visitor
	answer func(l *link, w http.ResponseWriter, c call) error
}

func doors() map[string][]door {
	return map[string][]door{
		"/v1/config":   {{http.MethodGet, false, (*link).answerConfig}},
		"/v1/session":  {{http.MethodPost, false, (*link).startSession}},
		"/v1/messages": {{http.MethodPost, true, (*link).takeMessage}, {http.MethodGet, true, (*link).answerMessages}},
		"/v1/files":    {{http.MethodPost, true, (*link).takeFile}},
		"/v1/typing":   {{http.MethodPost, true, (*link).takeTyping}},
		"/v1/read":     {{http.MethodPost, true, (*link).takeMarks}},
		"/v1/continue": {{http.MethodPost, true, (*link).takeContinue}},
		"/v1/events":   {{http.MethodGet, true, (*link).answerEvents}},
	}
}

// methods are what an address takes.
func methods(at []door) string {
	var all []string
	for _, d := range at {
		all = append(all, d.method)
	}
	return strings.Join(all, ", ")
}

// ServeHTTP implements core.ServeLink.
func (l *link) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	err := l.serve(w, r)
	var f failure
	switch {
	case err == nil:
		return
	case errors.As(err, &f):
	case r.Context().Err() != nil, core.CodeOf(err) == core.CodeUnavailable, errors.Is(err, core.ErrUnavailable):
		f = errBusy
	default:
		l.host.Log().ErrorContext(r.Context(), "chat request failed", "path", r.URL.Path, "err", err)
		f = failure{http.StatusInternalServerError, "internal"}
	}
	if f.status == http.StatusTooManyRequests || f.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	answer(w, f.status, f)
}

func (l *link) serve(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case strings.HasPrefix(r.URL.Path, fileDoor):
		return l.answerFile(w, r)
	case r.URL.Path == "/frame":
		return l.answerFrame(w, r)
	}
	at := doors()[r.URL.Path]
	if at == nil {
		return errNowhere
	}
	if err := l.admit(w, r, at); err != nil {
		return err
	}
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	d := at[slices.IndexFunc(at, func(d door) bool { return d.method == r.Method })]
	c, err := l.identify(r, d)
	if err != nil {
		return err
	}
	return d.answer(l, w, c)
}

// own reports whether a page of the gateway itself calls, which is the chat's in a frame. What a browser says of the site a page is of, no script changes.
func own(r *http.Request, origin string) bool {
	_, host, _ := strings.Cut(origin, "://")
	return r.Header.Get("Sec-Fetch-Site") == "same-origin" || host != "" && host == r.Host
}

// admit lets in pages of the site's origins only. A browser names the origin in every request but a GET of our own pages.
func (l *link) admit(w http.ResponseWriter, r *http.Request, at []door) error {
	origin, head := r.Header.Get("Origin"), w.Header()
	head.Add("Vary", "Origin")
	switch {
	case origin != "" && (l.conf.allows(origin) || own(r, origin)):
		head.Set("Access-Control-Allow-Origin", origin)
		head.Set("Access-Control-Expose-Headers", "Retry-After")
	case origin != "" || r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Site") == "cross-site":
		return errOrigin
	}
	if r.Method == http.MethodOptions {
		head.Set("Access-Control-Allow-Methods", methods(at))
		head.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID")
		head.Set("Access-Control-Max-Age", "7200")
		return nil
	}
	if !slices.ContainsFunc(at, func(d door) bool { return d.method == r.Method }) {
		head.Set("Allow", methods(at)+", OPTIONS")
		return errMethod
	}
	return nil
}

// identify finds out who calls, and how often. An unproven visitor is refused here wherever only proven ones may write, on every call.
func (l *link) identify(r *http.Request, d door) (call, error) {
	if !d.token {
		if !l.visits.allow(address(r), l.host.Now()) || !l.crowd.allow("", l.host.Now()) {
			return call{}, errOften
		}
		return call{Request: r}, nil
	}
	v, err := l.conf.open(bearing(r), l.host.Now())
	if err != nil {
		if !l.visits.allow(address(r), l.host.Now()) {
			return call{}, errOften
		}
		return call{}, errSession
	}
	if l.conf.require && !v.Proven {
		return call{}, errIdentity
	}
	if r.Method == http.MethodPost && !l.talk.allow(v.ID, l.host.Now()) {
		return call{}, errOften
	}
	return call{r, v}, nil
}

// bearing is the token that a request brings. It is taken from nowhere else: what is in an address ends up in logs.
func bearing(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

// address is where a request comes from. One that a proxy on our own machine or network passed on comes from where that proxy says.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !ip.Unmap().IsPrivate() && !ip.IsLoopback() {
		return network(ip, host)
	}
	all := r.Header.Values("X-Forwarded-For")
	if len(all) == 0 {
		return host
	}
	last := all[len(all)-1]
	last = strings.TrimSpace(last[strings.LastIndex(last, ",")+1:])
	if ip, err = netip.ParseAddr(last); err != nil {
		return host
	}
	return network(ip, last)
}

// network is the part of an address that one customer of a provider has: all of IPv4, half of IPv6.
func network(ip netip.Addr, text string) string {
	if ip = ip.Unmap(); ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return text
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil { // nothing that we answer with can fail to
		status, body = http.StatusInternalServerError, []byte("{}")
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// decode reads a small JSON body; one that is empty says nothing.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	raw, err := readBody(w, r, bodyLimit)
	if err != nil {
		return err
	}
	if len(raw) > 0 && json.Unmarshal(raw, into) != nil {
		return errInvalid
	}
	return nil
}

func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyWait))
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return nil, unread(err)
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return raw, nil
}

// unread is the answer to a body that could not be read to its end.
func unread(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return errTooLarge
	}
	return errInvalid
}
