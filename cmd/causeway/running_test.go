package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"causeway/core"
)

// TestRunning: status says whether a gateway runs here, and what is amiss if it is not ready.
func TestRunning(t *testing.T) {
	for name, c := range map[string]struct {
		code   int
		answer string
		level  core.HealthLevel
		says   string
	}{
		"ready":         {200, `{"ready":true}`, core.HealthGood, "A gateway runs on this machine."},
		"not ready":     {503, `{"ready":false,"checks":{"store":false,"disk":false,"running":true}}`, core.HealthBad, "not ready (disk, store)."},
		"another thing": {404, `no such page`, core.HealthBad, "not ready."},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/readyz" {
					t.Errorf("asked for %s", r.URL)
				}
				w.WriteHeader(c.code)
				fmt.Fprint(w, c.answer)
			}))
			defer s.Close()
			if f := running(t.Context(), strings.TrimPrefix(s.URL, "http://")); f.Level != c.level || !strings.Contains(f.Detail, c.says) {
				t.Errorf("%+v", f)
			}
		})
	}
	s := httptest.NewServer(nil)
	s.Close()
	if f := running(t.Context(), strings.TrimPrefix(s.URL, "http://")); f.Level != core.HealthBad || !strings.Contains(f.Detail, "No gateway answers") {
		t.Errorf("nobody there: %+v", f)
	}
}
