package workflow_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"causeway/core"
)

// TestPlaceholdersOfRequests: whatever a contact writes, it stands in a request as what it is.
func TestPlaceholdersOfRequests(t *testing.T) {
	for _, text := range []string{"hi", "Ana Meyer", `he said "hi"`, `"`, `""`, `\`, `","admin":"yes`, "a/b?c=d&e#f+g %41", "two\nlines", "<ü👋🏽>"} {
		lite(t, func(w *world) {
			var path, query string
			var body map[string]string
			s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				path, query = r.URL.Path, r.FormValue("q")
				raw, _ := io.ReadAll(r.Body)
				if err := json.Unmarshal(raw, &body); err != nil {
					w.Errorf("body %s: %v", raw, err)
				}
			}))
			w.Cleanup(s.Close)
			w.engine.Call = func(core.WorkspaceID, []core.Secret) *http.Client { return s.Client() }
			w.put(strings.ReplaceAll(`{name: w, on: {event: opened}, steps: [
				{http: {url: "$CRM/by/{{message.text}}/x?q={{message.text}}", body: '{"said": "{{message.text}}"}'}}]}`, "$CRM", s.URL))
			w.says(text)
			if want := "/by/" + text + "/x"; path != want || query != text || len(body) != 1 || body["said"] != text {
				w.Errorf("%q: path %q, query %q, body %q", text, path, query, body)
			}
		})
	}
}

// TestRequestsStayBelowTheirAddress: what a contact writes chooses no other address of the system that is asked.
func TestRequestsStayBelowTheirAddress(t *testing.T) {
	for _, text := range []string{"..", ".", "../..", `x/../..`} {
		lite(t, func(w *world) {
			asked := 0
			s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
			w.Cleanup(s.Close)
			w.engine.Call = func(core.WorkspaceID, []core.Secret) *http.Client { return s.Client() }
			w.put(strings.ReplaceAll(`{name: w, on: {event: opened}, steps: [{http: {url: "$CRM/customers/{{message.text}}/orders", retries: 1}}]}`, "$CRM", s.URL))
			w.says(text)
			if asked > 0 {
				w.Errorf("%q was asked for", text)
			}
		})
	}
}
