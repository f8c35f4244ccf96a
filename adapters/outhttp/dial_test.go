package outhttp

import (
	"errors"
	"strings"
	"testing"

	"causeway/core"
)

// TestDial: what does not speak HTTP is guarded as what does.
func TestDial(t *testing.T) {
	at := serve(t, "127.0.0.1", hello)
	for name, c := range map[string]struct {
		allow []string
		ok    bool
	}{"nothing allowed": {nil, false}, "host and port": {[]string{at}, true}, "another port": {[]string{"127.0.0.1:1"}, false}, "network": {[]string{"127.0.0.0/8"}, true}} {
		t.Run(name, func(t *testing.T) {
			all, err := New(Options{Allow: c.allow})
			if err != nil {
				t.Fatal(err)
			}
			defer all.Close()
			conn, err := all.Dial(t.Context(), at)
			if err == nil {
				conn.Close()
			}
			var p *core.Problem
			if (err == nil) != c.ok || !c.ok && (!errors.As(err, &p) || p.Code != core.CodeForbidden || !strings.Contains(p.Remedy, "allow_private")) {
				t.Errorf("got %v, want success: %v", err, c.ok)
			}
		})
	}
}
