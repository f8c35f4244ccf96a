package bridgetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
)

// StandIn is a server in a provider's place that keeps what it was asked. It may be used from many goroutines.
type StandIn struct {
	*httptest.Server
	mu    sync.Mutex
	calls []Call
}

// Call is a request that a StandIn got.
type Call struct {
	Method, Path string
	Query        url.Values
	Header       http.Header
	Body         []byte
}

// NewStandIn starts a server that answers as the handler says, until the test is over.
func NewStandIn(t testing.TB, answer http.HandlerFunc) *StandIn {
	t.Helper()
	s := &StandIn{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body) // what was cut off on purpose is kept as it came
		s.mu.Lock()
		s.calls = append(s.calls, Call{r.Method, r.URL.Path, r.URL.Query(), r.Header.Clone(), raw})
		s.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(raw))
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// Calls returns what was asked so far.
func (s *StandIn) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Last returns the last call; none fails the test.
func (s *StandIn) Last(t testing.TB) Call {
	t.Helper()
	all := s.Calls()
	if len(all) == 0 {
		t.Fatal("nothing was called")
	}
	return all[len(all)-1]
}

// JSON reads the body as an object; another fails the test.
func (c Call) JSON(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(c.Body, &v); err != nil {
		t.Fatalf("the request is no JSON object: %s", c.Body)
	}
	return v
}

// Form reads the body as a form.
func (c Call) Form() url.Values {
	values, _ := url.ParseQuery(string(c.Body)) // what is no form has no values
	return values
}
