package instagram

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta/metatest"
	"causeway/core"
)

const renewed = "IGAArenewed-token-0123456789"

// TestRenew: a token is renewed long before it ends, its end is then known and shown, and the token itself is kept by nobody here.
func TestRenew(t *testing.T) {
	h := bridgetest.NewHost(t)
	g := inbox.StandIn(t, nil)
	r, err := openLink(t, h, keyBase, g.URL, keyLogin, loginInstagram).Renew(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if left := r.Expires.Sub(h.Now()); r.Secrets[keyToken].Reveal() != renewed || left != 5183944*time.Second || r.Next.Sub(h.Now()) != renewEach {
		t.Errorf("got %+v", r)
	}
	c := g.Calls()[0]
	if c.Path != "/refresh_access_token" || c.Query.Get("grant_type") != "ig_refresh_token" || c.Query.Get("access_token") != metatest.Token {
		t.Errorf("called %s %v", c.Path, c.Query)
	}
	kept, _ := h.Load(t.Context(), keptToken)
	if s := string(kept) + h.Logged() + fmt.Sprintf("%+v", r); strings.Contains(s, renewed) || strings.Contains(s, metatest.Token) {
		t.Errorf("a token is kept or shown: %s", s)
	}
	ending := func(token string) core.Finding {
		return find(t, openLink(t, h, keyBase, g.URL, keyLogin, loginInstagram, keyToken, token).Check(t.Context()), "token's end")
	}
	if f := ending(renewed); f.Level != core.HealthGood || !strings.Contains(f.Detail, "30 April 2026") {
		t.Errorf("got %+v", f)
	}
	if f := ending(metatest.Token); f.Level != core.HealthGood || !strings.Contains(f.Detail, "60 days") { // the admin put another one there
		t.Errorf("got %+v", f)
	}
	h.SetNow(r.Expires.Add(-10 * 24 * time.Hour))
	if f := ending(renewed); f.Level != core.HealthWarning || !strings.Contains(f.Remedy, "Log in at Instagram again") {
		t.Errorf("got %+v", f)
	}
	h.SetNow(r.Expires)
	if f := ending(renewed); f.Level != core.HealthBad {
		t.Errorf("got %+v", f)
	}
}

func TestRenewFails(t *testing.T) {
	for name, c := range map[string]struct{ answer, reason string }{
		"too young": {metatest.GraphError("100"), "could not be renewed"}, "ended": {metatest.GraphError("190"), "no longer valid"}, "no token": {`{"expires_in":5}`, "did not tell the new one"}, "no end": {`{"access_token":"x"}`, "did not tell"},
		"a page": {`<html>`, "could not be renewed"},
	} {
		t.Run(name, func(t *testing.T) {
			h := bridgetest.NewHost(t)
			g := inbox.StandIn(t, map[string]string{"/refresh_access_token": c.answer})
			r, err := openLink(t, h, keyBase, g.URL, keyLogin, loginInstagram).Renew(t.Context())
			var p *core.Problem
			if !errors.As(err, &p) || !strings.Contains(p.Detail, c.reason) || p.Remedy == "" || len(r.Secrets) > 0 || strings.Contains(fmt.Sprintf("%v %+v", err, p), metatest.Token) || len(h.Healths()) > 0 {
				t.Errorf("got %+v %v %v", r, err, h.Healths())
			}
		})
	}
}

// TestRenewFailsNearTheEnd: only then are the admins told.
func TestRenewFailsNearTheEnd(t *testing.T) {
	h := bridgetest.NewHost(t)
	good := inbox.StandIn(t, nil)
	r, err := openLink(t, h, keyBase, good.URL, keyLogin, loginInstagram).Renew(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.SetNow(r.Expires.Add(-10 * 24 * time.Hour))
	g := inbox.StandIn(t, map[string]string{"/refresh_access_token": metatest.GraphError("2")})
	if _, err := openLink(t, h, keyBase, g.URL, keyLogin, loginInstagram, keyToken, renewed).Renew(t.Context()); err == nil {
		t.Fatal("it was renewed")
	}
	if all := h.Healths(); len(all) != 1 || all[0].Level != core.HealthWarning || all[0].Remedy != loginAnew {
		t.Errorf("got %+v", all)
	}
}

// TestNothingToRenew: the token of a Page is not renewed; Meta is asked when it ends.
func TestNothingToRenew(t *testing.T) {
	g := inbox.StandIn(t, nil)
	r, err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL).Renew(t.Context())
	if all := g.Calls(); err != nil || len(r.Secrets) > 0 || !r.Expires.IsZero() || len(all) != 1 || !strings.HasSuffix(all[0].Path, "/debug_token") {
		t.Errorf("got %+v %v after %+v", r, err, all)
	}
}
