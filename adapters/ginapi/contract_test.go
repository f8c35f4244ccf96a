package ginapi

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// contract checks every answer that a client gets against the document that the server gives, and remembers what was exercised.
type contract struct {
	t      *testing.T
	doc    *openapi3.T
	router routers.Router
	mu     sync.Mutex
	seen   map[string]bool // "operation status"
}

func newContract(t *testing.T, document []byte) *contract {
	t.Helper()
	doc := load(t, document)
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatalf("route by document: %v", err)
	}
	return &contract{t: t, doc: doc, router: router, seen: map[string]bool{}}
}

// RoundTrip does a request and checks its answer.
func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || !strings.HasPrefix(r.URL.Path, apiPath) {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	path := &http.Request{Method: r.Method, URL: &url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}, Header: r.Header}
	route, params, err := c.router.FindRoute(path)
	if err != nil {
		if resp.StatusCode != 404 && resp.StatusCode != 405 {
			c.t.Errorf("%s %s is not documented and gave %d", r.Method, r.URL.Path, resp.StatusCode)
		}
		return resp, nil
	}
	in := &openapi3filter.RequestValidationInput{Request: path, PathParams: params, Route: route}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: strings.HasPrefix(route.Operation.OperationID, "download")}}
	out.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		c.t.Errorf("%s %s gave %d, which is not as documented: %v\n%s", r.Method, r.URL, resp.StatusCode, err, body)
	}
	for _, secret := range []string{plantedSecret, plantedToken} {
		if bytes.Contains(body, []byte(secret)) {
			c.t.Errorf("%s %s shows a secret: %s", r.Method, r.URL, body)
		}
	}
	c.mu.Lock()
	c.seen[route.Operation.OperationID+" "+resp.Status[:1]] = true
	c.mu.Unlock()
	return resp, nil
}

// operations lists the ids of the documented operations.
func (c *contract) operations() []string {
	var all []string
	for _, item := range c.doc.Paths.Map() {
		for _, op := range item.Operations() {
			all = append(all, op.OperationID)
		}
	}
	slices.Sort(all)
	return all
}

// exercised complains of operations that never succeeded, or never answered a problem.
func (c *contract) exercised() {
	for _, op := range c.operations() {
		if !c.seen[op+" 2"] {
			c.t.Errorf("%s never succeeded in this test", op)
		}
		if !c.seen[op+" 4"] {
			c.t.Errorf("%s never refused in this test", op)
		}
	}
}

// load reads a document and checks that it is one.
func load(t *testing.T, document []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatalf("load document: %v", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatalf("the document is not valid: %v", err)
	}
	return doc
}
