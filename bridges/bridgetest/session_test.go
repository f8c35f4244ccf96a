package bridgetest

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"causeway/core"
)

// poller is the least bridge that polls.
type poller struct{}

func (poller) Info() core.Info { return core.Info{Kind: "poller", Title: "Poller"} }

func (poller) Open(_ core.Channel, s core.Settings, h core.Host) (core.Link, error) {
	return polled{base: s.Get("base"), host: h}, nil
}

type polled struct {
	core.Link
	base string
	host core.Host
}

func (polled) Close() error { return nil }

// Run asks for what is new and acknowledges it by asking with its number.
func (p polled) Run(ctx context.Context) error {
	last := "0"
	for ctx.Err() == nil {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/?after="+last, nil)
		if err != nil {
			return err
		}
		resp, err := p.host.HTTP().Do(r)
		if err != nil {
			continue
		}
		var id string
		err = json.NewDecoder(resp.Body).Decode(&id)
		resp.Body.Close()
		if err != nil || id == "" {
			continue
		}
		e := core.Event{Kind: core.EventMessage, ID: id, At: time.Unix(1, 0), Origin: core.OriginCustomer, Message: &core.MessageBody{Provider: id},
			Peer: core.Peer{Identities: []core.IdentityKey{{Scheme: core.SchemePhone, Value: "1"}}}}
		if p.host.Emit(ctx, e) == nil {
			last = id
		}
	}
	return ctx.Err()
}

func TestSession(t *testing.T) {
	Case{Bridge: poller{}, BaseSetting: "base", Session: &Session{Serve: func(acknowledged func()) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("after") == "1" {
				acknowledged()
				<-r.Context().Done() // nothing more is waiting
				return
			}
			_ = json.NewEncoder(w).Encode("1")
		}
	}}}.session(t)
}

func TestFit(t *testing.T) {
	for _, unit := range []core.Unit{core.UnitBytes, core.UnitRunes, core.UnitUTF16, core.UnitSegments} {
		for _, piece := range []string{"a", "नमस्ते ", "👋🏽", "€"} {
			limit := 40
			if unit == core.UnitSegments {
				limit = 3
			}
			if text := fit(piece, limit, unit); unit.Len(text) != limit || unit.Len(text+".") <= limit {
				t.Errorf("%s of %q: %d, and one more gives %d", unit, piece, unit.Len(text), unit.Len(text+"."))
			}
		}
	}
}

// TestLeaks: a secret is found however it is shown.
func TestLeaks(t *testing.T) {
	s := core.Settings{Secrets: map[string]core.Secret{"token": core.NewSecret("planted")}}
	type inner struct{ hidden string }
	for name, shown := range map[string]any{"text": "a planted b", "field": inner{"planted"}, "error": core.Problemf(core.CodeInvalid, "planted"), "map": map[string]any{"k": []string{"planted"}}} {
		if len(Leaks(s, shown)) != 1 {
			t.Errorf("%s: not found", name)
		}
	}
	if found := Leaks(s, s, struct{ s core.Secret }{core.NewSecret("planted")}); len(found) > 0 {
		t.Errorf("found in what shows nothing: %v", found)
	}
}

// TestHostStaysHere: no test leaves the machine.
func TestHostStaysHere(t *testing.T) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := NewHost(t).HTTP().Do(r); err == nil {
		resp.Body.Close()
		t.Error("a stranger was called")
	}
}
