package whatsappcloud

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta/metatest"
	"causeway/bridges/simulator"
	"causeway/core"
)

// says is a stand-in that is well, but for the paths whose end is named.
func says(t testing.TB, answers map[string]string) *bridgetest.StandIn {
	return newGraph(t, metatest.Except(answers, well))
}

const refusedCode = `{"error":{"message":"no","type":"OAuthException","code":`

func TestCheck(t *testing.T) {
	const both = `"scopes":["whatsapp_business_management","whatsapp_business_messaging"]`
	soon := `{"data":{"is_valid":true,"expires_at":` + "1772971200" + `,` + both + `}}` // 8 March 2026, seven days after the host's now
	phone := func(more string) map[string]string {
		return map[string]string{"/" + numberID: `{"display_phone_number":"+1 555-078-3881","verified_name":"Shop","platform_type":"CLOUD_API","status":"CONNECTED"` + more + `}`}
	}
	for name, c := range map[string]struct {
		answers map[string]string
		pairs   []string
		subject string
		level   core.HealthLevel
		detail  string
		remedy  string
	}{
		"token good":             {nil, nil, "access token", core.HealthGood, "does not expire", ""},
		"token invalid":          {map[string]string{"/debug_token": `{"data":{"is_valid":false,` + both + `}}`}, nil, "access token", core.HealthBad, "invalid", "new token"},
		"token expired":          {map[string]string{"/debug_token": refusedCode + `190}}`}, nil, "access token", core.HealthBad, "no longer valid", "new token"},
		"token without manage":   {map[string]string{"/debug_token": `{"data":{"is_valid":true,"scopes":["whatsapp_business_messaging"]}}`}, nil, "access token", core.HealthBad, "lacks the permission whatsapp_business_management", "new token"},
		"token not spoken of":    {map[string]string{"/debug_token": `{"success":true}`, "/me/permissions": `{"data":[{"permission":"whatsapp_business_messaging","status":"granted"}]}`}, nil, "access token", core.HealthBad, "lacks the permission whatsapp_business_management", "new token"},
		"token expires soon":     {map[string]string{"/debug_token": soon}, nil, "access token", core.HealthWarning, "expires on 8 March 2026", "new token"},
		"token keeps silent":     {map[string]string{"/debug_token": refusedCode + `100}}`, "/me/permissions": `{"data":[{"permission":"whatsapp_business_messaging","status":"granted"}]}`}, nil, "access token", core.HealthBad, "lacks the permission whatsapp_business_management", "new token"},
		"number good":            {nil, nil, "phone number", core.HealthGood, "Shop", ""},
		"number unknown":         {map[string]string{"/" + numberID: refusedCode + `100,"error_subcode":33}}`}, nil, "phone number", core.HealthBad, "does not know the phone number ID", "Check the phone number ID"},
		"number disconnected":    {map[string]string{"/" + numberID: `{"display_phone_number":"+1","status":"DISCONNECTED"}`}, nil, "phone number", core.HealthBad, "disconnected", "Register"},
		"number banned":          {map[string]string{"/" + numberID: `{"display_phone_number":"+1","status":"BANNED"}`}, nil, "phone number", core.HealthBad, "banned", "review"},
		"number elsewhere":       {map[string]string{"/" + numberID: `{"display_phone_number":"+1","platform_type":"ON_PREMISE"}`}, nil, "phone number", core.HealthBad, "not on the Cloud API", "Register"},
		"number of another":      {nil, []string{keyPhone, "+49 30 1234567"}, "phone number", core.HealthWarning, "says another number", keyPhone},
		"quality good":           {nil, nil, "quality", core.HealthGood, "good", ""},
		"quality red":            {phone(`,"quality_rating":"RED"`), nil, "quality", core.HealthWarning, "bad", "block or report"},
		"slowed down":            {phone(`,"is_on_biz_app":true`), nil, "speed", core.HealthGood, "20 messages a second", ""},
		"fast enough":            {phone(`,"is_on_biz_app":true`), []string{keyRate, "20"}, "phone number", core.HealthGood, "also used in the WhatsApp Business app", ""},
		"not subscribed":         {map[string]string{"/subscribed_apps": `{"data":[]}`}, nil, "webhook subscription", core.HealthBad, "nothing that customers write comes in", "subscribe"},
		"subscribed":             {map[string]string{"/subscribed_apps": `{"data":[{"override_callback_uri":"https://g.example/hooks/0199-channel"}]}`}, nil, "webhook subscription", core.HealthGood, "this channel's address", ""},
		"subscribed elsewhere":   {map[string]string{"/subscribed_apps": `{"data":[{"override_callback_uri":"https://old.example/x?key=k"}]}`}, nil, "webhook subscription", core.HealthWarning, "old.example", "subscribe"},
		"another app":            {map[string]string{"/debug_token": `{"data":{"app_id":"7","is_valid":true,` + both + `}}`, "/subscribed_apps": `{"data":[{"whatsapp_business_api_data":{"id":"8"}}]}`}, nil, "webhook subscription", core.HealthBad, "Only other apps", "subscribe"},
		"fields":                 {appSays(`{"data":[{"object":"whatsapp_business_account","fields":[{"name":"messages"},{"name":"account_update"},{"name":"message_template_status_update"}]}]}`), nil, "webhook fields", core.HealthGood, "gets messages", ""},
		"secret accepted":        {appSays(`{"data":[]}`), nil, "app secret", core.HealthGood, "accepts", ""},
		"no webhook at all":      {appSays(`{"data":[{"object":"page"}]}`), nil, "webhook fields", core.HealthBad, "no webhooks of WhatsApp", "Configuration"},
		"messages missing":       {appSays(`{"data":[{"object":"whatsapp_business_account","fields":[{"name":"account_update"}]}]}`), nil, "webhook fields", core.HealthBad, "not subscribed to messages", "messages"},
		"news missing":           {appSays(`{"data":[{"object":"whatsapp_business_account","fields":[{"name":"messages"}]}]}`), nil, "webhook fields", core.HealthWarning, "templates", "account_update"},
		"another app's secret":   {appSays(refusedCode + `190}}`), nil, "app secret", core.HealthBad, "refused as forged", "App settings, Basic"},
		"subscription refused":   {map[string]string{"/subscribed_apps": refusedCode + `200}}`}, nil, "webhook subscription", core.HealthBad, "lacks a permission", "new token"},
		"no template":            {map[string]string{"/message_templates": `{"data":[]}`}, nil, "templates", core.HealthWarning, "nobody can be written to after 24 hours", "approved"},
		"no business account":    {nil, []string{keyAccount, ""}, "business account", core.HealthWarning, "does not name", keyAccount},
		"the clock is wrong":     {nil, nil, "clock", core.HealthWarning, "reply windows", "timedatectl"}, // the host's now is a day of its own
		"nobody is there at all": {map[string]string{"/debug_token": "<html>", "/" + numberID: "<html>"}, nil, "phone number", core.HealthWarning, "did not answer", "API base"},
	} {
		t.Run(name, func(t *testing.T) {
			g := says(t, c.answers)
			for _, f := range openLink(t, bridgetest.NewHost(t), append(c.pairs, keyBase, g.URL)...).Check(t.Context()) {
				if f.Subject != c.subject {
					continue
				}
				if f.Level != c.level || !strings.Contains(f.Detail, c.detail) || !strings.Contains(f.Remedy, c.remedy) || (f.Remedy == "") != (f.Level == core.HealthGood) {
					t.Errorf("got %+v, want %s %q %q", f, c.level, c.detail, c.remedy)
				}
				if strings.Contains(f.Detail, "key=k") {
					t.Errorf("it shows the query of an address: %s", f.Detail)
				}
				return
			}
			t.Errorf("nothing is found of %s", c.subject)
		})
	}
}

// appSays is a platform that tells the token's app and answers it about its webhooks.
func appSays(answer string) map[string]string {
	return map[string]string{"/subscriptions": answer, "/debug_token": `{"data":{"app_id":"7","is_valid":true,"scopes":["whatsapp_business_management","whatsapp_business_messaging"]}}`}
}

func TestCheckClockRight(t *testing.T) {
	g := says(t, nil)
	h := bridgetest.NewHost(t)
	h.SetNow(time.Now().Add(20 * time.Second))
	for _, f := range openLink(t, h, keyBase, g.URL).Check(t.Context()) {
		if f.Subject == "clock" && f.Level == core.HealthGood {
			return
		}
	}
	t.Error("a clock that is right is not found so")
}

// TestLeave: the subscription goes with the channel, unless it leads elsewhere or another number needs it.
func TestLeave(t *testing.T) {
	const ours = "https://g.example/hooks/1"
	for name, c := range map[string]struct {
		registered string
		staying    []core.Channel
		calls      int
		says       string
	}{
		"the last number": {ours, []core.Channel{{Kind: Kind, Name: "other", Settings: map[string]string{keyAccount: "another"}}}, 2, ""},
		"one of two":      {ours, []core.Channel{{Kind: Kind, Name: "other", Settings: map[string]string{keyAccount: wabaID}}}, 1, "causeway channel subscribe other"},
		"another address": {"https://else.example/x", nil, 1, ""},
		"the app's own":   {"", nil, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGraph(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					_, _ = io.WriteString(w, `{"data":[{"override_callback_uri":"`+c.registered+`","whatsapp_business_api_data":{"id":"1"}}]}`)
					return
				}
				_, _ = io.WriteString(w, `{"success":true}`)
			})
			err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL).Leave(t.Context(), ours, c.staying)
			if all := g.Calls(); len(all) != c.calls || c.calls == 2 && (all[1].Method != http.MethodDelete || all[1].Path != "/v25.0/"+wabaID+"/subscribed_apps") {
				t.Errorf("called %+v", all)
			}
			if (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSubscribe(t *testing.T) {
	g := says(t, nil)
	l := openLink(t, bridgetest.NewHost(t), keyBase, g.URL)
	if err := l.Subscribe(t.Context(), "https://g.example/hooks/1"); err != nil {
		t.Fatal(err)
	}
	c := g.Calls()[0]
	if got := c.JSON(t); c.Path != "/v25.0/"+wabaID+"/subscribed_apps" || got["override_callback_uri"] != "https://g.example/hooks/1" || got["verify_token"] != metatest.Verify {
		t.Errorf("called %s with %v", c.Path, got)
	}
	for name, c := range map[string]struct {
		base, account, callback string
		code                    core.Code
	}{
		"no account":   {g.URL, "", "https://g.example", core.CodeInvalid},
		"no address":   {g.URL, wabaID, "g.example", core.CodeInvalid},
		"refused":      {says(t, map[string]string{"/subscribed_apps": refusedCode + `100,"error_data":{"details":"callback verification failed"}}}`}).URL, wabaID, "https://g.example", core.CodeChannelDown},
		"no right":     {says(t, map[string]string{"/subscribed_apps": refusedCode + `10}}`}).URL, wabaID, "https://g.example", core.CodeChannelDown},
		"nobody there": {"http://127.0.0.1:1", wabaID, "https://g.example", core.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			err := openLink(t, bridgetest.NewHost(t), keyBase, c.base, keyAccount, c.account).Subscribe(t.Context(), c.callback)
			if core.CodeOf(err) != c.code || name == "refused" && !strings.Contains(err.Error(), "callback verification failed. Check that the public URL") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// paged answers by the cursor that is asked for.
func paged(pages map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, pages[r.URL.Query().Get("after")])
	})
}

// TestCheckSimulated: against the stand-in that knows all of this, everything is found good.
func TestCheckSimulated(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	t.Cleanup(sim.Close)
	server := httptest.NewServer(sim.Graph())
	t.Cleanup(server.Close)
	a := sim.Business().Account()
	h := bridgetest.NewHost(t)
	h.SetNow(time.Now())
	l := openLink(t, h, keyBase, server.URL, keyNumber, a.PhoneNumberID, keyAccount, a.WABA, keyToken, a.Token, keyAppSecret, a.AppSecret, keyRate, "20")
	seen := map[string]bool{}
	for _, f := range l.Check(t.Context()) {
		if seen[f.Subject] = true; f.Level != core.HealthGood && f.Subject != "webhook subscription" { // nobody has subscribed yet
			t.Errorf("%+v", f)
		}
	}
	for _, subject := range []string{"access token", "phone number", "quality", "clock", "app secret", "webhook fields", "webhook subscription", "templates"} {
		if !seen[subject] {
			t.Errorf("nothing is found of %s", subject)
		}
	}
	wrong := openLink(t, h, keyBase, server.URL, keyNumber, a.PhoneNumberID, keyAccount, a.WABA, keyToken, a.Token, keyAppSecret, "another-app-secret")
	if all := wrong.Check(t.Context()); !slices.ContainsFunc(all, func(f core.Finding) bool { return f.Subject == "app secret" && f.Level == core.HealthBad }) {
		t.Errorf("another app's secret is not found: %+v", all)
	}
}

// TestProof: every call to Meta proves the app's secret; none to a reseller does, and none for a file itself.
func TestProof(t *testing.T) {
	all := func(pairs ...string) []bridgetest.Call {
		g, h := newGraph(t, nil), bridgetest.NewHost(t)
		h.PutFile("f", []byte("bytes"))
		l := openLink(t, h, append([]string{keyBase, g.URL}, pairs...)...)
		l.Check(t.Context())
		_ = l.Subscribe(t.Context(), "https://g.example/hooks/1")
		_, _ = l.Templates(t.Context())
		_, _ = l.Send(t.Context(), core.Outgoing{Key: "key", To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindImage, Media: &core.Media{ID: "f", MIME: "image/jpeg", Size: 5}}})
		if d, err := l.Fetch(t.Context(), core.Media{Provider: "4711"}); err == nil {
			_ = d.Body.Close()
		}
		return g.Calls()
	}
	calls := all()
	metatest.AllProven(t, calls)
	if len(calls) < 9 || calls[len(calls)-1].Path != "/files/4711" {
		t.Errorf("called %v", calls)
	}
	for _, pairs := range [][]string{{keyProvider, "360dialog"}, {keySignature, "header:X-Secret"}} {
		for _, c := range all(pairs...) {
			if c.Query.Has("appsecret_proof") {
				t.Errorf("%v: %s %s", pairs, c.Method, c.Path)
			}
		}
	}
	for answer, remedy := range map[string]string{metatest.Unproven: "the token's own app", metatest.Proofless: "Require App Secret off"} {
		g := newGraph(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, answer)
		})
		metatest.Misconfigured(t, openLink(t, bridgetest.NewHost(t), keyBase, g.URL), ana, remedy)
	}
}
