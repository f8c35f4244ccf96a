package carrier

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestSubscribeByHand: where a person must enter the address, they are told where, and the channel knows it from then on.
func TestSubscribeByHand(t *testing.T) {
	h := bridgetest.NewHost(t)
	s := goodSettings("vonage", "")
	delete(s.Values, keyWebhook)
	l := open(t, h, s)
	err := l.Subscribe(t.Context(), hookURL)
	if core.CodeOf(err) != core.CodeUnsupported || !strings.Contains(err.Error(), "?token=") {
		t.Errorf("got %v", err)
	}
	if at := open(t, h, s).callback(t.Context(), "p"); !strings.HasPrefix(at, hookURL+"?part=p&token=") {
		t.Errorf("the address is %q", at)
	}
}

// TestSubscribeZenvia: where the provider can be told, it is, and a token goes along.
func TestSubscribeZenvia(t *testing.T) {
	s := bridgetest.NewStandIn(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	set := goodSettings("zenvia", "")
	set.Values[keyBase] = s.URL
	if err := open(t, bridgetest.NewHost(t), set).Subscribe(t.Context(), hookURL); err != nil {
		t.Fatal(err)
	}
	all := s.Calls()
	if len(all) != 2 || all[0].Path != "/v2/subscriptions" || !strings.Contains(string(all[0].Body), hookURL+"?token=") || !strings.Contains(string(all[1].Body), "MESSAGE_STATUS") {
		t.Errorf("got %+v", all)
	}
}

// TestCheck: each trouble is named with its remedy.
func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name, provider, own string
		status              int
		subject             string
		level               core.HealthLevel
	}{
		{"well", "vonage", "", 200, "credentials", core.HealthGood},
		{"refused", "vonage", "", 401, "credentials", core.HealthBad},
		{"trouble", "vonage", "", 500, "credentials", core.HealthWarning},
		{"cannot be asked", "kannel", "", 200, "credentials", core.HealthWarning},
		{"cannot be asked either", "thinq", "", 200, "credentials", core.HealthWarning},
		{"may send, perhaps, but not ask", "infobip", "", 403, "credentials", core.HealthWarning},
		{"refused by Infobip", "infobip", "", 401, "credentials", core.HealthBad},
		{"several, and none fits", "", `{"extends":"infobip","check":[{"when":{"extra.none":"*"},"url":"{base}/x"}]}`, 200, "credentials", core.HealthWarning},
		{"unsigned", "", `{"extends":"kannel","sign":{"kind":"none"}}`, 200, "webhook signature", core.HealthWarning},
		{"signed", "plivo", "", 200, "webhook signature", core.HealthGood},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := bridgetest.NewStandIn(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(tt.status) })
			set := goodSettings(tt.provider, tt.own)
			set.Values[keyBase] = s.URL
			for _, f := range open(t, bridgetest.NewHost(t), set).Check(t.Context()) {
				if f.Subject == tt.subject && f.Level == tt.level && (f.Level == core.HealthGood || f.Remedy != "") {
					return
				}
			}
			t.Error("not found")
		})
	}
}

// TestWhatIsAsked: the check calls what the provider has for it, with the channel's credentials, and sends nothing.
func TestWhatIsAsked(t *testing.T) {
	for provider, path := range map[string]string{"africastalking": "/version1/user", "jasmin": "/balance", "messagebird": "/balance", "plivo": "/v1/Account/", "vonage": "/account/get-balance",
		"bandwidth": "/api/v2/users/", "clickatell": "/public-client/balance", "infobip": "/account/1/balance", "zenvia": "/v2/subscriptions"} {
		t.Run(provider, func(t *testing.T) {
			s := bridgetest.NewStandIn(t, func(w http.ResponseWriter, _ *http.Request) {})
			set := goodSettings(provider, "")
			set.Values[keyBase] = s.URL
			open(t, bridgetest.NewHost(t), set).Check(t.Context())
			c := s.Last(t)
			_, password, _ := (&http.Request{Header: c.Header}).BasicAuth()
			said := fmt.Sprint(c.Header, c.Query, password)
			if len(s.Calls()) != 1 || c.Method != http.MethodGet || !strings.HasPrefix(c.Path, path) || len(c.Body) > 0 ||
				!strings.Contains(said, set.Secret(keyAPIKey).Reveal()) && !strings.Contains(said, set.Secret(keyPassword).Reveal()) {
				t.Errorf("called %s %s with %s", c.Method, c.Path, said)
			}
		})
	}
}

// TestInlineFile: a file that came within the call is fetched from what was kept of it.
func TestInlineFile(t *testing.T) {
	set := goodSettings("thinq", "")
	l := open(t, bridgetest.NewHost(t), set)
	events := receive(t, l, post("message=iVBORw0KGgo%3D&from=2065551234&type=mms&to=4155550100"))
	m := events[0].Message.Content.Media
	if len(events) != 1 || m == nil || m.MIME != "image/png" || events[0].Message.Content.Kind != core.KindImage || events[0].Peer.Identities[0].Value != "12065551234" {
		t.Fatalf("got %+v", events)
	}
	d, err := l.Fetch(t.Context(), *m)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Body.Close()
	if raw, err := io.ReadAll(d.Body); err != nil || string(raw) != "\x89PNG\r\n\x1a\n" {
		t.Errorf("got %q %v", raw, err)
	}
}

// TestFetchKeepsCredentials: only the provider's own host gets them.
func TestFetchKeepsCredentials(t *testing.T) {
	serve := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "bytes") }
	s, other := bridgetest.NewStandIn(t, serve), bridgetest.NewStandIn(t, serve)
	set := goodSettings("bandwidth", "")
	set.Values[keyBase] = s.URL
	l := open(t, bridgetest.NewHost(t), set)
	for at, want := range map[*bridgetest.StandIn]bool{s: true, other: false} {
		d, err := l.Fetch(t.Context(), core.Media{URL: at.URL + "/media/1"})
		if err != nil {
			t.Fatal(err)
		}
		d.Body.Close()
		if has := at.Last(t).Header.Get("Authorization") != ""; has != want {
			t.Errorf("credentials: %v, want %v", has, want)
		}
	}
}

// TestStopOnSend: whom the provider says to have stopped is remembered.
func TestStopOnSend(t *testing.T) {
	s := bridgetest.NewStandIn(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"SMSMessageData":{"Recipients":[{"status":"UserInBlacklist","statusCode":406}]}}`)
	})
	h, set := bridgetest.NewHost(t), goodSettings("africastalking", "")
	set.Values[keyBase] = s.URL
	_, err := open(t, h, set).Send(t.Context(), core.Outgoing{Key: "p", Attempt: 1, To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: "x"}})
	if all := h.Events(); core.AsSendError(err).Effect != core.EffectStop || len(all) != 1 || !all[0].Preference.Stop {
		t.Errorf("got %v %+v", err, all)
	}
}
