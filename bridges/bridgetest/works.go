package bridgetest

import (
	"io"
	"testing"

	"causeway/core"
)

// works: every duty that the Case declares succeeds against a provider that is well.
func (c Case) works(t *testing.T) {
	c, stage := c.stage(t, NewHost(t))
	l := stage.Link
	if m, ok := l.(core.MediaLink); ok && c.Media != nil {
		d, err := m.Fetch(t.Context(), *c.Media)
		if err != nil {
			t.Fatalf("fetch: %v", err)
		}
		all, err := io.ReadAll(d.Body)
		if d.Body.Close(); err != nil || len(all) == 0 {
			t.Errorf("fetch: got %d bytes, %v", len(all), err)
		}
	}
	if a, ok := l.(core.ActionLink); ok && c.Act != nil {
		if _, err := a.Act(t.Context(), *c.Act); err != nil {
			t.Errorf("act: %v", err)
		}
	}
	if x, ok := l.(core.TemplateLink); ok {
		if all, err := x.Templates(t.Context()); err != nil || len(all) == 0 {
			t.Errorf("templates: got %d, %v", len(all), err)
		}
	}
	if s, ok := l.(core.SetupLink); ok {
		if err := s.Subscribe(t.Context(), "https://gateway.example/hooks/1"); err != nil {
			t.Errorf("subscribe: %v", err)
		}
	}
	for _, f := range l.Check(t.Context()) {
		if f.Level == core.HealthBad {
			t.Errorf("check of a provider that is well: %+v", f)
		}
	}
}
