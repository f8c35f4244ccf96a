package instagram

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta"
	"causeway/bridges/meta/metatest"
	"causeway/core"
)

func find(t *testing.T, all []core.Finding, subject string) core.Finding {
	t.Helper()
	for _, f := range all {
		if f.Subject == subject {
			return f
		}
	}
	t.Fatalf("no finding about %q in %+v", subject, all)
	return core.Finding{}
}

func TestCheck(t *testing.T) {
	scopes := func(all string) map[string]string {
		return map[string]string{"/debug_token": `{"data":{"app_id":"` + metatest.App + `","is_valid":true,"scopes":["` + all + `"]}}`}
	}
	for name, c := range map[string]struct {
		login   string
		answers map[string]string
		subject string
		level   core.HealthLevel
		detail  string
		remedy  string
	}{
		"token good":              {loginFacebook, nil, "access token", core.HealthGood, "does not expire", ""},
		"token cannot send":       {loginFacebook, scopes("instagram_basic"), "access token", core.HealthBad, "instagram_manage_messages", "Grant"},
		"account good":            {loginFacebook, nil, "account", core.HealthGood, "@shop", ""},
		"no account at the page":  {loginFacebook, map[string]string{"/me": `{"id":"1","name":"Shop"}`}, "account", core.HealthBad, "no Page with an Instagram account", "Link"},
		"another account":         {loginFacebook, map[string]string{"/me": `{"id":"1","name":"Shop","instagram_business_account":{"id":"9","username":"other"}}`}, "account", core.HealthBad, "other (9)", keyAccount},
		"hooks":                   {loginFacebook, nil, "webhook fields", core.HealthGood, "All fields", ""},
		"hooks without messages":  {loginFacebook, map[string]string{"/subscriptions": `{"data":[{"object":"instagram","fields":[{"name":"comments"}]}]}`}, "webhook fields", core.HealthBad, "messages is not subscribed", "messages"},
		"secret of another":       {loginFacebook, map[string]string{"/subscriptions": metatest.GraphError("190")}, "app secret", core.HealthBad, "refused as forged", "Basic"},
		"own account":             {loginInstagram, nil, "account", core.HealthGood, "@shop", ""},
		"own account, another":    {loginInstagram, map[string]string{"/me": `{"user_id":"9","username":"other"}`}, "account", core.HealthBad, "other (9)", keyAccount},
		"own token ended":         {loginInstagram, map[string]string{"/me": metatest.GraphError("190")}, "account", core.HealthBad, "no longer valid", "new access token"},
		"own token may read":      {loginInstagram, nil, "access token", core.HealthGood, "instagram_business_manage_messages", ""},
		"own token may not read":  {loginInstagram, map[string]string{"/me/conversations": metatest.GraphError("10")}, "access token", core.HealthBad, "lacks the permission instagram_business_manage_messages", "Allow access"},
		"own subscription":        {loginInstagram, nil, "webhook subscription", core.HealthGood, "All fields", ""},
		"own subscription halved": {loginInstagram, map[string]string{"/subscribed_apps": `{"data":[{"id":"` + metatest.App + `","subscribed_fields":["messages"]}]}`}, "webhook subscription", core.HealthWarning, "messaging_seen", "subscribe"},
		"own, not subscribed":     {loginInstagram, map[string]string{"/subscribed_apps": `{"data":[]}`}, "webhook subscription", core.HealthBad, "nothing that customers write", "subscribe"},
		"end unknown":             {loginInstagram, nil, "token's end", core.HealthGood, "60 days", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := find(t, openLink(t, bridgetest.NewHost(t), keyBase, inbox.StandIn(t, c.answers).URL, keyLogin, c.login).Check(t.Context()), c.subject)
			if f.Level != c.level || !strings.Contains(f.Detail, c.detail) || !strings.Contains(f.Remedy, c.remedy) {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestSubscribe(t *testing.T) {
	for name, c := range map[string]struct {
		pairs []string
		want  string
	}{
		"a page": {nil, "/v25.0/me/subscribed_apps messages"}, "an account": {[]string{keyLogin, loginInstagram}, "/v25.0/me/subscribed_apps " + strings.Join(ownFields, ",")},
		"an app": {[]string{keyApp, metatest.App}, "/v25.0/" + metatest.App + "/subscriptions " + strings.Join(fields, ",") + " /v25.0/me/subscribed_apps messages"},
	} {
		t.Run(name, func(t *testing.T) {
			g := inbox.StandIn(t, nil)
			if err := openLink(t, bridgetest.NewHost(t), append(c.pairs, keyBase, g.URL)...).Subscribe(t.Context(), "https://gateway.example/hooks/1"); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, k := range g.Calls() {
				b := k.JSON(t)
				all, _ := b["subscribed_fields"].(string)
				if b["object"] == "instagram" {
					all, _ = b["fields"].(string)
				}
				got = append(got, k.Path+" "+all)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("called %q, want %q", got, c.want)
			}
		})
	}
}

// TestLeave: the subscription goes with the channel. A Page and its Instagram account have one together, and the account's own serves nobody else.
func TestLeave(t *testing.T) {
	page, other := core.Channel{Kind: "messenger", Name: "our page"}, core.Channel{Kind: "telegram", Name: "bot"}
	for name, c := range map[string]struct {
		login   string
		staying []core.Channel
		answers map[string]string
		calls   int
		says    string
	}{
		"the last of a page":            {loginFacebook, []core.Channel{other}, nil, 1, ""},
		"beside its page":               {loginFacebook, []core.Channel{other, page}, nil, 0, "channel subscribe 'our page'"},
		"beside another account":        {loginFacebook, []core.Channel{{Kind: Kind, Name: "second"}}, nil, 0, "channel subscribe second"},
		"by its own log-in":             {loginInstagram, nil, nil, 1, ""},
		"by its own, beside a page":     {loginInstagram, []core.Channel{page}, nil, 1, ""},
		"by its own, beside another":    {loginInstagram, []core.Channel{{Kind: Kind, Name: "second"}}, nil, 1, ""},
		"with a token that has no more": {loginInstagram, nil, map[string]string{"/me/subscribed_apps": metatest.GraphError("190")}, 1, "still subscribed"},
	} {
		t.Run(name, func(t *testing.T) {
			g := inbox.StandIn(t, c.answers)
			err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL, keyLogin, c.login).Leave(t.Context(), "https://gateway.example/hooks/1", c.staying)
			all := g.Calls()
			if len(all) != c.calls || c.calls == 1 && (all[0].Method != http.MethodDelete || all[0].Path != "/v25.0/me/subscribed_apps") {
				t.Errorf("called %+v", all)
			}
			var p *core.Problem
			if said := errors.As(err, &p); said != (c.says != "") || said && (!strings.Contains(p.Detail+p.Remedy, c.says) || p.Remedy == "") {
				t.Errorf("got %v %+v", err, p)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	for name, c := range map[string]struct{ key, value string }{"a name": {keyAccount, "@shop"}, "a log-in": {keyLogin, "google"}, "an app": {keyApp, "x"}, "a secret cut": {keySecret, "cut"}, "another cut": {keyInstagram, "cut"}, "no base": {keyBase, "x"}} {
		t.Run(name, func(t *testing.T) {
			bridgetest.Refused(t, Bridge{}, inbox.Settings, c.key, c.value)
		})
	}
	for login, want := range map[string]string{"": "", loginFacebook: "", loginInstagram: instagramBase} {
		if got := openLink(t, bridgetest.NewHost(t), keyLogin, login).Graph.Base; got != want {
			t.Errorf("%q calls %q", login, got)
		}
	}
}

// TestEitherSecretSigns: with Instagram's log-in there are two secrets, and either may sign.
func TestEitherSecretSigns(t *testing.T) {
	l := openLink(t, bridgetest.NewHost(t))
	body := []byte(inbox.Wrap(accountID, metatest.Says(accountID, "m_1", `"text":"hi"`)))
	for name, c := range map[string]struct {
		secret core.Secret
		good   bool
	}{"the app's": {core.NewSecret(metatest.Secret), true}, "Instagram's": {core.NewSecret(plantedSecond), true}, "another": {core.NewSecret("another"), false}, "none": {core.Secret{}, false}} {
		r := metatest.Signed(body)
		r.Header.Set("X-Hub-Signature-256", meta.Sign(body, c.secret))
		if _, _, err := l.Receive(t.Context(), r); (err == nil) != c.good {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestProof(t *testing.T) {
	inbox.Proves(t)
	g := inbox.StandIn(t, nil)
	l := openLink(t, bridgetest.NewHost(t), keyBase, g.URL, keyLogin, loginInstagram)
	l.Check(t.Context())
	for _, c := range g.Calls() {
		if c.Query.Has("appsecret_proof") {
			t.Errorf("with Instagram's log-in: %s %s", c.Method, c.Path)
		}
	}
}
