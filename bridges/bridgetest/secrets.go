package bridgetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"causeway/core"
)

// secrets: with a provider that says back whatever it was told, no planted secret appears in a result, an error, a finding or the log.
func (c Case) secrets(t *testing.T) {
	if c.Bound != nil {
		c.boundSecrets(t)
		return
	}
	base := provider(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		all := fmt.Sprintf("%s %s %v %s", r.Method, r.URL, r.Header, raw)
		w.WriteHeader(http.StatusBadRequest)
		// Both a body that no bridge understands and, for those that read such, an error that quotes the request.
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": false, "error_code": 999999, "code": 999999, "error": map[string]any{"code": 999999, "message": all, "error_data": map[string]any{"details": all}},
			"description": all, "message": all})
	})
	for name, at := range map[string]string{"echoing provider": base, "no provider": "http://127.0.0.1:1"} {
		t.Run(name, func(t *testing.T) {
			h := NewHost(t)
			l := c.link(t, h, at)
			said := append(c.everything(t, l), fmt.Sprintf("%v %+v", h.Healths(), h.Events()), h.Logged(), l, c.Bridge.Info())
			if leaked := Leaks(c.Settings, said...); len(leaked) > 0 {
				t.Errorf("shown: %v", leaked)
			}
		})
	}
}

// everything calls all that a link can do and returns all it says.
func (c Case) everything(t *testing.T, l core.Link) []any {
	t.Helper()
	var said []any
	for _, f := range l.Check(t.Context()) {
		said = append(said, f)
		if f.Subject == "" || f.Detail == "" || f.Level != core.HealthGood && f.Remedy == "" {
			t.Errorf("the finding lacks subject, detail or remedy: %+v", f)
		}
	}
	if len(said) == 0 {
		t.Error("Check finds nothing at all")
	}
	if c.Send != nil {
		sent, err := l.Send(t.Context(), c.hello())
		if said = append(said, sent, err); err != nil {
			said = append(said, core.AsSendError(err))
		}
	}
	if m, ok := l.(core.MediaLink); ok && c.Media != nil {
		d, err := m.Fetch(t.Context(), *c.Media)
		said = append(said, d.Name, err)
	}
	if a, ok := l.(core.ActionLink); ok && c.Act != nil {
		_, err := a.Act(t.Context(), *c.Act)
		said = append(said, err)
	}
	if x, ok := l.(core.TemplateLink); ok {
		all, err := x.Templates(t.Context())
		said = append(said, all, err)
	}
	if s, ok := l.(core.SetupLink); ok {
		said = append(said, s.Subscribe(t.Context(), "https://gateway.example/hooks/1"))
	}
	return said
}
