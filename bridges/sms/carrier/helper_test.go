package carrier

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

const (
	plantedPassword = "planted-password-0123456789"
	plantedKey      = "planted-api-key-0123456789"
	plantedSecret   = "planted-webhook-secret-0123456789"
	hookURL         = "https://gateway.example/hooks/0199-channel"
	ourNumber       = "+14155550100"
)

var ana = core.IdentityKey{Scheme: core.SchemePhone, Value: "16505551234"}

// goodSettings are those of a channel with a provider that comes along, or with a definition.
func goodSettings(provider, definition string) core.Settings {
	return core.Settings{
		Values: map[string]string{keyProvider: provider, keyDefinition: definition, keySender: ourNumber, keyUser: "user1", keyAccount: "acct-1", keyCountry: "US",
			keyExtra: "application_id=app-1", keyWebhook: hookURL, keyBase: "https://provider.example"},
		Secrets: map[string]core.Secret{keyPassword: core.NewSecret(plantedPassword), keyAPIKey: core.NewSecret(plantedKey), keyWebhookSecret: core.NewSecret(plantedSecret)},
	}
}

func open(t testing.TB, h core.Host, s core.Settings) *link {
	t.Helper()
	return bridgetest.Open[*link](t, Bridge{}, h, s)
}

// prove makes a call authentic, as the link's provider would.
func prove(l *link, r core.WebhookRequest) core.WebhookRequest {
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if r.Query == nil {
		r.Query = url.Values{}
	}
	s := l.def.Sign
	secret := mustFill(s.Secret, l.setting)
	source, name, _ := strings.Cut(s.At, ".")
	put := func(v string) {
		if source == "query" {
			r.Query.Set(name, v)
			r.URL += map[bool]string{true: "&", false: "?"}[strings.Contains(r.URL, "?")] + name + "=" + url.QueryEscape(v)
			return
		}
		r.Header.Set(name, s.Prefix+v)
	}
	switch s.Kind {
	case signQuery, signHeader:
		put(secret)
	case signBasic:
		req := http.Request{Header: r.Header}
		req.SetBasicAuth(mustFill(s.User, l.setting), secret)
	case signHMAC:
		if strings.Contains(s.Over, "Nonce") {
			r.Header.Set("X-Plivo-Signature-V2-Nonce", "12345")
		}
		m := hmac.New(hasher(s.Hash), []byte(secret))
		m.Write([]byte(mustOver(s.Over, l.over(r, secret))))
		if s.Encoding == "base64" {
			put(base64.StdEncoding.EncodeToString(m.Sum(nil)))
		} else {
			put(hex.EncodeToString(m.Sum(nil)))
		}
	case signJWT:
		claims := map[string]any{"exp": l.host.Now().Unix() + 60}
		for name, want := range s.Claims {
			claims[name] = mustOver(want, l.over(r, secret))
		}
		put(token(claims, secret))
	}
	return r
}

func token(claims map[string]any, secret string) string {
	raw, _ := json.Marshal(claims)
	said := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(raw)
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(said))
	return said + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// post is a call with a body.
func post(body string) core.WebhookRequest {
	return core.WebhookRequest{Method: "POST", URL: hookURL, Body: []byte(body)}
}

// get is a call with a query.
func get(query string) core.WebhookRequest {
	q, _ := url.ParseQuery(query)
	return core.WebhookRequest{Method: "GET", URL: hookURL + "?" + query, Query: q}
}

func receive(t testing.TB, l *link, r core.WebhookRequest) []core.Event {
	t.Helper()
	return bridgetest.Received(t, l, prove(l, r))
}

const fixtures = "../../../../shared/fixtures/channels/sms-http"
