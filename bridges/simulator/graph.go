package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// Graph answers as graph.facebook.com does, for /{version}/…, and as the host of media downloads.
func (s *Simulator) Graph() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{version}/{id}/messages", s.call(s.sendMessage))
	mux.HandleFunc("POST /{version}/{id}/media", s.call(s.uploadMedia))
	mux.HandleFunc("POST /{version}/{id}/smb_app_data", s.call(s.syncApp))
	mux.HandleFunc("GET /{version}/{id}/message_templates", s.call(s.listTemplates))
	mux.HandleFunc("GET /{version}/{id}/phone_numbers", s.call(s.listNumbers))
	mux.HandleFunc("GET /{version}/{id}/subscribed_apps", s.call(s.listSubscribed))
	mux.HandleFunc("POST /{version}/{id}/subscribed_apps", s.call(s.subscribe))
	mux.HandleFunc("DELETE /{version}/{id}/subscribed_apps", s.call(s.unsubscribe))
	mux.HandleFunc("GET /{version}/{id}/subscriptions", s.call(s.appSubscriptions))
	mux.HandleFunc("GET /{version}/oauth/access_token", s.exchange)
	mux.HandleFunc("GET /{version}/debug_token", s.call(s.debugToken))
	mux.HandleFunc("GET /{version}/me", s.call(s.me))
	mux.HandleFunc("GET /{version}/{id}", s.call(s.getNode))
	mux.HandleFunc("DELETE /{version}/{id}", s.call(s.deleteNode))
	mux.HandleFunc("GET /whatsapp_business/attachments/{$}", s.download)
	mux.HandleFunc("/", s.call(func(*request) reply { return fail(unknownPath()) }))
	return mux
}

// request is a call on its way through the platform.
type request struct {
	*http.Request
	id    string
	token string
	body  []byte
	biz   *Business // whose token it is
}

// reply is what a call ends in. After is run, under mu, once the answer is decided.
type reply struct {
	status int
	body   any
	err    *apiError
	sent   *ChatMessage
	to     string
}

const maxBody = 110 << 20 // documents may have 100 MB

var versionPath = regexp.MustCompile(`^v\d{1,2}\.\d$`)

// call wraps a handler with the token check, faults and the ledger.
func (s *Simulator) call(handle func(*request) reply) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			write(w, fail(badRequest("the body could not be read")))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		req := &request{Request: r, id: r.PathValue("id"), token: bearer(r), body: body}
		sending := r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/messages")
		s.mu.Lock()
		early := s.takeFor(sending, FaultLost, FaultAnswer)
		late := (*Fault)(nil)
		if early == nil {
			late = s.takeFor(sending, FaultCut, FaultHang)
		}
		s.mu.Unlock()
		if early != nil {
			s.answerEarly(w, req, *early)
			return
		}
		rep := s.authorized(req, handle)
		s.enter(req, rep, late)
		s.finish(w, r, rep, late)
	}
}

// authorized runs the handler if version and token are good.
func (s *Simulator) authorized(req *request, handle func(*request) reply) reply {
	version, _, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), "/")
	if !versionPath.MatchString(version) {
		return fail(unknownPath())
	}
	if req.token == "" {
		return fail(badToken("An access token is required to request this resource."))
	}
	s.mu.Lock()
	for _, b := range s.order {
		if b.acc.Token == req.token || b.acc.appToken() == req.token {
			req.biz = b
			break
		}
	}
	s.mu.Unlock()
	if req.biz == nil {
		return fail(badToken("Error validating access token: Session has expired or the token is malformed."))
	}
	if proof := req.URL.Query().Get("appsecret_proof"); proof != "" && proof != strings.TrimPrefix(sign(req.biz.acc.AppSecret, []byte(req.token)), "sha256=") {
		return fail(&apiError{status: http.StatusBadRequest, code: 100, kind: "GraphMethodException", title: "Invalid appsecret_proof provided in the API argument"})
	}
	return handle(req)
}

// answerEarly is a fault before anything is done.
func (s *Simulator) answerEarly(w http.ResponseWriter, req *request, f Fault) {
	if f.Kind == FaultLost {
		s.enter(req, reply{}, &f)
		panic(http.ErrAbortHandler)
	}
	status := f.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	rep := fail(faultAnswer(status))
	s.enter(req, rep, nil)
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	write(w, rep)
}

// finish answers, or does not.
func (s *Simulator) finish(w http.ResponseWriter, r *http.Request, rep reply, f *Fault) {
	if f == nil {
		write(w, rep)
		return
	}
	if f.Kind == FaultHang {
		select {
		case <-r.Context().Done():
		case <-s.ctx.Done():
		}
	}
	panic(http.ErrAbortHandler) // net/http closes the connection without a word
}

// enter writes the ledger.
func (s *Simulator) enter(req *request, rep reply, cut *Fault) {
	c := Call{Method: req.Method, Path: req.URL.Path, Status: rep.status, Recipient: rep.to}
	if !strings.HasSuffix(req.URL.Path, "/media") {
		c.Body = req.body
	}
	if cut != nil {
		c.Status = 0
	}
	if rep.err != nil {
		c.Code = rep.err.code
	}
	if rep.sent != nil {
		c.Message, c.Opaque = rep.sent.ID, rep.sent.Opaque
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record(c)
}

func bearer(r *http.Request) string {
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return strings.TrimSpace(t)
	}
	return r.URL.Query().Get("access_token")
}

func ok(body any) reply { return reply{status: http.StatusOK, body: body} }

func fail(e *apiError) reply { return reply{status: e.status, body: e.document(), err: e} }

func write(w http.ResponseWriter, rep reply) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("X-Fb-Trace-Id", fbtrace())
	w.Header().Set("Facebook-Api-Version", "v23.0")
	w.WriteHeader(rep.status)
	_ = json.NewEncoder(w).Encode(rep.body) // the client may be gone
}

// decode reads a JSON object without losing digits of numbers.
func decode(body []byte) (obj, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var o obj
	if err := dec.Decode(&o); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return o, nil
}
