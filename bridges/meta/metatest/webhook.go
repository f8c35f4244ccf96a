// Package metatest is what the tests of the bridges on Meta's Graph interface share: signed webhooks and forged ones, the platform's refusals, and
// for those on meta.Inbox a stand-in of the platform and the tests that are the same for each of them.
package metatest

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta"
	"causeway/core"
)

// What a test's channel has. Each is found nowhere else, so that it is seen where it should not be.
const (
	Token  = "EAAplanted-token-0123456789"
	Secret = "planted-app-secret-0123456789" //nolint:gosec // planted
	Verify = "planted-verify-token-0123456789"
	App    = "4567890123"
)

// Secrets are those of a test's channel.
func Secrets() map[string]core.Secret {
	return map[string]core.Secret{"access_token": core.NewSecret(Token), "app_secret": core.NewSecret(Secret), "verify_token": core.NewSecret(Verify)}
}

const signature = "X-Hub-Signature-256"

// Signed is a webhook call as Meta makes it.
func Signed(body []byte) core.WebhookRequest {
	h := http.Header{"Content-Type": {"application/json"}, signature: {meta.Sign(body, core.NewSecret(Secret))}}
	return core.WebhookRequest{Method: http.MethodPost, URL: "https://gateway.example/hooks/1", Header: h, Body: body, Query: url.Values{}}
}

// Forged are calls with a body that is not from Meta, or does not prove it.
func Forged(body []byte) map[string]core.WebhookRequest {
	good := Signed(body).Header.Get(signature)
	all := map[string]core.WebhookRequest{"another method": {Method: http.MethodPut},
		"handshake with a wrong token": {Method: http.MethodGet, Query: url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {"<b>1</b>"}, "hub.verify_token": {"wrong"}}}}
	for name, header := range map[string]http.Header{"another's secret": {signature: {meta.Sign(body, core.NewSecret("another secret"))}}, "old header": {"X-Hub-Signature": {"sha1=0000"}},
		"cut": {signature: {good[:20]}}, "two signatures": {signature: {good, "sha256=00"}}} {
		r := Signed(body)
		r.Header = header
		all[name] = r
	}
	return all
}

// GraphError is the platform's refusal with a code, which a subcode may follow: 10, or 10,"error_subcode":2018278.
func GraphError(numbers string) string {
	return `{"error":{"message":"no","type":"OAuthException","code":` + numbers + `,"error_data":{"details":"why"},"fbtrace_id":"A1"}}`
}

// Except answers as well does, but for the paths whose end is named.
func Except(answers map[string]string, well http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for end, answer := range answers {
			if strings.HasSuffix(r.URL.Path, end) {
				if strings.Contains(answer, `"error":`) {
					w.WriteHeader(http.StatusBadRequest)
				}
				_, _ = io.WriteString(w, answer)
				return
			}
		}
		well(w, r)
	}
}

// Unexplained are answers without a Graph error, as proxies and the platform's own front give them, and what each must become.
func Unexplained() []bridgetest.Refusal {
	html := "<html>" + strings.Repeat("x", 100) + "</html>"
	wait := http.Header{"Retry-After": {"17"}}
	return []bridgetest.Refusal{
		{Name: "401 without a Graph error", Status: 401, Body: html, Outcome: core.Rejected, Effect: core.EffectPark, Code: "http-401"},
		{Name: "403 without a Graph error", Status: 403, Body: html, Outcome: core.Rejected, Effect: core.EffectPark, Code: "http-403"},
		{Name: "404 without a Graph error", Status: 404, Body: html, Outcome: core.Rejected, Effect: core.EffectPark, Code: "http-404"},
		{Name: "413 without a Graph error", Status: 413, Body: html, Outcome: core.Rejected, Effect: core.EffectFail, Code: "http-413"},
		{Name: "429 without a Graph error", Status: 429, Header: wait, Body: html, Outcome: core.Rejected, Effect: core.EffectSlow, Code: "http-429", AtLeast: 17},
		{Name: "500 without a Graph error", Status: 500, Body: "Bad Gateway", Outcome: core.Unknown, Code: "http-500"},
		{Name: "502 without a Graph error", Status: 502, Body: html, Outcome: core.Unknown, Code: "http-502"},
		{Name: "503 without a Graph error", Status: 503, Header: wait, Body: html, Outcome: core.Rejected, Effect: core.EffectRetry, Code: "http-503", AtLeast: 17},
		{Name: "504 without a Graph error", Status: 504, Body: html, Outcome: core.Unknown, Code: "http-504"},
	}
}
