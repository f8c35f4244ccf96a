// Package twiliotest holds calls against Twilio's own description of its interface for messages. It is for tests.
package twiliotest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Description is Twilio's own of its interface.
type Description struct{ doc *openapi3.T }

// Load reads the description that lies in a folder. The test is skipped where it does not.
func Load(t testing.TB, folder string) Description {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, "twilio_api_v2010.messages.form-arrays.json"))
	if os.IsNotExist(err) {
		t.Skip("Twilio's description is not beside this checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	return Description{doc}
}

// route finds the operation that a call is of.
func route(doc *openapi3.T, r *http.Request) (*routers.Route, map[string]string) {
	for template, item := range doc.Paths.Map() {
		names := regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(template, -1)
		pattern := regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(template), `([^/]+?)`)
		m := regexp.MustCompile("^" + pattern + "$").FindStringSubmatch(r.URL.Path)
		if m == nil || item.GetOperation(r.Method) == nil {
			continue
		}
		params := map[string]string{}
		for i, name := range names {
			params[name[1]] = m[i+1]
		}
		return &routers.Route{Spec: doc, Path: template, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method)}, params
	}
	return nil, nil
}

// Described fails the test for a call that Twilio's description does not allow. Its body can be read again.
func (d Description) Described(t testing.TB, req *http.Request) {
	t.Helper()
	raw, _ := io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(raw))
	found, params := route(d.doc, req)
	if found == nil {
		t.Errorf("%s %s is not described", req.Method, req.URL)
		return
	}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: found,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
	if err := openapi3filter.ValidateRequest(req.Context(), in); err != nil {
		t.Errorf("%s %s %s: %v", req.Method, req.URL, raw, err)
	}
	schema := found.Operation.RequestBody
	if schema == nil {
		return
	}
	known := schema.Value.Content["application/x-www-form-urlencoded"].Schema.Value.Properties
	form, _ := url.ParseQuery(string(raw))
	for name := range form {
		if known[name] == nil {
			t.Errorf("%s is no parameter of %s", name, req.URL.Path)
		}
	}
	req.Body = io.NopCloser(bytes.NewReader(raw))
}
