package messenger

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta"
	"causeway/bridges/meta/metatest"
	"causeway/core"
)

func TestCheck(t *testing.T) {
	token := func(more string) map[string]string {
		return map[string]string{"/debug_token": `{"data":{"app_id":"` + metatest.App + `",` + more + `}}`}
	}
	const both = `"scopes":["pages_messaging","pages_manage_metadata"]`
	subscribed := func(app string, some ...string) map[string]string {
		return map[string]string{"/subscribed_apps": `{"data":[{"id":"` + app + `","subscribed_fields":["` + strings.Join(some, `","`) + `"]}]}`}
	}
	hooks := func(object string, some ...string) map[string]string {
		return map[string]string{"/subscriptions": `{"data":[{"object":"` + object + `","fields":[{"name":"` + strings.Join(some, `"},{"name":"`) + `"}]}]}`}
	}
	for name, c := range map[string]struct {
		answers map[string]string
		subject string
		level   core.HealthLevel
		detail  string
		remedy  string
	}{
		"token good":            {nil, "access token", core.HealthGood, "does not expire", ""},
		"token invalid":         {token(`"is_valid":false,` + both), "access token", core.HealthBad, "invalid", "new access token"},
		"token refused":         {map[string]string{"/debug_token": metatest.GraphError("190")}, "access token", core.HealthBad, "no longer valid", "new access token"},
		"token cannot send":     {token(`"is_valid":true,"scopes":["pages_manage_metadata"]`), "access token", core.HealthBad, "lacks the permission pages_messaging", "pages_messaging"},
		"token cannot register": {token(`"is_valid":true,"scopes":["pages_messaging"]`), "access token", core.HealthWarning, "pages_manage_metadata: the webhook cannot be registered", "Grant"},
		"token ends":            {token(`"is_valid":true,"expires_at":1772971200,` + both), "access token", core.HealthWarning, "expires on 8 March 2026", "new access token"},
		"access ends":           {token(`"is_valid":true,"data_access_expires_at":1772971200,` + both), "access token", core.HealthWarning, "8 March 2026", "new access token"},
		"token keeps silent":    {map[string]string{"/debug_token": metatest.GraphError("100")}, "access token", core.HealthWarning, "does not tell", "other findings"},
		"page good":             {nil, "page", core.HealthGood, "Shop", ""},
		"page of another":       {map[string]string{"/me": `{"id":"777","name":"Other"}`}, "page", core.HealthBad, "Other (777)", keyPage},
		"subscribed":            {nil, "webhook subscription", core.HealthGood, "All fields", ""},
		"not subscribed":        {map[string]string{"/subscribed_apps": `{"data":[]}`}, "webhook subscription", core.HealthBad, "nothing that customers write comes in", "subscribe"},
		"another app":           {subscribed("1", "messages"), "webhook subscription", core.HealthBad, "Only other apps", "subscribe"},
		"messages missing":      {subscribed(metatest.App, fields[1:]...), "webhook subscription", core.HealthBad, "messages is not subscribed", "messages"},
		"echoes missing":        {subscribed(metatest.App, "messages"), "webhook subscription", core.HealthWarning, "message_echoes", "message_echoes"},
		"subscription refused":  {map[string]string{"/subscribed_apps": metatest.GraphError("200")}, "webhook subscription", core.HealthBad, "lacks a permission", "access token"},
		"secret accepted":       {nil, "app secret", core.HealthGood, "accepts", ""},
		"another app's secret":  {map[string]string{"/subscriptions": metatest.GraphError("190")}, "app secret", core.HealthBad, "refused as forged", "App settings, Basic"},
		"hooks of another kind": {hooks("instagram", "messages"), "webhook fields", core.HealthBad, "no webhooks of Messenger", "messages"},
		"hooks without echoes":  {hooks("page", "messages"), "webhook fields", core.HealthWarning, "message_echoes", "Configure webhooks"},
		"the clock is wrong":    {nil, "clock", core.HealthWarning, "reply windows", "timedatectl"}, // the host's now is a day of its own
		"nobody is there":       {map[string]string{"/me": "<html>"}, "page", core.HealthWarning, "did not answer", "API base"},
	} {
		t.Run(name, func(t *testing.T) {
			found := openLink(t, bridgetest.NewHost(t), keyBase, inbox.StandIn(t, c.answers).URL).Check(t.Context())
			for _, f := range found {
				if f.Subject == c.subject {
					if f.Level != c.level || !strings.Contains(f.Detail, c.detail) || !strings.Contains(f.Remedy, c.remedy) {
						t.Errorf("got %+v", f)
					}
					return
				}
			}
			t.Errorf("no finding about %q in %+v", c.subject, found)
		})
	}
}

// TestTokenEnds: Meta is asked when the token ends; one that it calls invalid has ended.
func TestTokenEnds(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		ends   int64 // Unix seconds; zero: it has no end
		fails  bool
	}{
		"never":            {`{"data":{"is_valid":true,"expires_at":0}}`, 0, false},
		"both":             {`{"data":{"is_valid":true,"expires_at":1780000000,"data_access_expires_at":1772971200}}`, 1772971200, false},
		"the token":        {`{"data":{"is_valid":true,"expires_at":1772971200,"data_access_expires_at":0}}`, 1772971200, false},
		"invalid":          {`{"data":{"is_valid":false}}`, bridgetest.NewHost(t).Now().Unix(), false},
		"refused":          {metatest.GraphError("190"), bridgetest.NewHost(t).Now().Unix(), false},
		"may not be asked": {metatest.GraphError("100"), 0, false},
		"trouble":          {"<html>", 0, true},
		"somebody else":    {`{"success":true}`, 0, true},
		"not said":         {`{"data":{"app_id":"7","expires_at":1}}`, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := bridgetest.NewHost(t)
			r, err := openLink(t, h, keyBase, inbox.StandIn(t, map[string]string{"/debug_token": c.answer}).URL).Renew(t.Context())
			if (err != nil) != c.fails || !r.Expires.IsZero() != (c.ends != 0) || c.ends != 0 && r.Expires.Unix() != c.ends || !c.fails && (!r.Next.After(h.Now()) || r.Remedy == "") {
				t.Errorf("got %+v %v", r, err)
			}
		})
	}
}

func TestSubscribe(t *testing.T) {
	g := inbox.StandIn(t, nil)
	if err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL).Subscribe(t.Context(), "https://gateway.example/hooks/1"); err != nil {
		t.Fatal(err)
	}
	if all := g.Calls(); len(all) != 1 || all[0].Path != "/v25.0/"+pageID+"/subscribed_apps" || !strings.Contains(string(all[0].Body), "messages,messaging_postbacks,") {
		t.Errorf("called %+v", all)
	}
	g = inbox.StandIn(t, nil)
	if err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL, keyApp, metatest.App).Subscribe(t.Context(), "https://gateway.example/hooks/1"); err != nil {
		t.Fatal(err)
	}
	first := g.Calls()[0]
	if b := first.JSON(t); first.Path != "/v25.0/"+metatest.App+"/subscriptions" || first.Header.Get("Authorization") != "Bearer "+metatest.App+"|"+metatest.Secret || b["object"] != "page" ||
		b["callback_url"] != "https://gateway.example/hooks/1" || b["verify_token"] != metatest.Verify || len(g.Calls()) != 2 {
		t.Errorf("called %+v", first)
	}
	g = inbox.StandIn(t, map[string]string{"/subscriptions": metatest.GraphError("2200")})
	var p *core.Problem
	err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL, keyApp, metatest.App).Subscribe(t.Context(), "https://gateway.example/hooks/1")
	if !errors.As(err, &p) || !strings.Contains(p.Remedy, "public URL") || len(g.Calls()) != 1 {
		t.Errorf("got %v", err)
	}
}

// TestLeave: the subscription goes with the channel, unless another account may need it.
func TestLeave(t *testing.T) {
	for name, c := range map[string]struct {
		staying []core.Channel
		calls   int
	}{
		"the last": {[]core.Channel{{Kind: "telegram", Name: "bot"}}, 1}, "one of two": {[]core.Channel{{Kind: "instagram", Name: "my shop"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := inbox.StandIn(t, nil)
			err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL).Leave(t.Context(), "https://gateway.example/hooks/1", c.staying)
			if all := g.Calls(); len(all) != c.calls || c.calls == 1 && (all[0].Method != http.MethodDelete || all[0].Path != "/v25.0/"+pageID+"/subscribed_apps") {
				t.Errorf("called %+v", all)
			}
			if (err != nil) != (c.calls == 0) || err != nil && !strings.Contains(err.Error(), "channel subscribe 'my shop'") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestByHand: without the app's id, a person enters the address at Meta, and is told where.
func TestByHand(t *testing.T) {
	if said := openLink(t, bridgetest.NewHost(t)).ByHand(); !strings.Contains(said, where) || !strings.Contains(said, "verify token") {
		t.Errorf("got %q", said)
	}
	if said := openLink(t, bridgetest.NewHost(t), keyApp, metatest.App).ByHand(); said != "" {
		t.Errorf("with the app: %q", said)
	}
}

// TestSubscribeWithoutForms: an app that is not given the fields of Meta's forms is subscribed to the others.
func TestSubscribeWithoutForms(t *testing.T) {
	var asked []string
	g := bridgetest.NewStandIn(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if asked = append(asked, string(body)); strings.Contains(string(body), "messaging_feedback") {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, metatest.GraphError("100"))
			return
		}
		_, _ = io.WriteString(w, `{"success":true}`)
	})
	if err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL).Subscribe(t.Context(), "https://gateway.example/hooks/1"); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 2 || !strings.Contains(asked[0], "messaging_customer_information") || !strings.Contains(asked[1], "message_echoes") {
		t.Errorf("asked %q", asked)
	}
}

func TestSettings(t *testing.T) {
	for name, c := range map[string]struct{ key, value string }{
		"a name": {keyPage, "My Page"}, "an app that is the page": {keyApp, pageID}, "an app by name": {keyApp, "my app"}, "a secret cut": {keySecret, "cut"}, "a token with a line break": {keyToken, "EAA\nx"},
		"no address": {keyBase, "graph"}, "no version": {keyVersion, "25"}, "less than anybody": {keyHuman, "1h"}, "more than Meta allows": {keyHuman, "200h"}, "no time": {keyHuman, "a week"}, "a sample": {keyToken, "<token>"},
	} {
		t.Run(name, func(t *testing.T) {
			bridgetest.Refused(t, Bridge{}, inbox.Settings, c.key, c.value)
		})
	}
	for value, want := range map[string]time.Duration{"": meta.Longest, "0": 0, "72h": 72 * time.Hour, "24h": meta.Free, "168h": meta.Longest} {
		if got := openLink(t, bridgetest.NewHost(t), keyHuman, value).Capabilities().Window; got.Human != want || got.Free != meta.Free || got.After != core.AfterNothing {
			t.Errorf("%q: got %+v", value, got)
		}
	}
}

// TestUnsentTakesAll: a message that was split by its files is taken back whole.
func TestUnsentTakesAll(t *testing.T) {
	l := openLink(t, bridgetest.NewHost(t))
	receive(t, l, inbox.Wrap(pageID, metatest.Says(pageID, "m_1", `"attachments":[{"type":"image","payload":{"url":"https://a.example/1.jpg"}},{"type":"image","payload":{"url":"https://a.example/2.jpg"}}]`)))
	var targets []string
	for _, e := range receive(t, l, inbox.Wrap(pageID, metatest.Says(pageID, "m_1", `"is_deleted":true`))) {
		targets = append(targets, string(e.Kind)+" "+e.Revoke.Target)
	}
	if got := strings.Join(targets, ", "); got != "revoke m_1, revoke m_1#1" {
		t.Errorf("got %s", got)
	}
}

func TestProof(t *testing.T) { inbox.Proves(t) }
