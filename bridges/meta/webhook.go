package meta

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"causeway/core"
)

// maxChallenge bounds what a handshake gets echoed.
const maxChallenge = 1 << 10

// Handshake answers the call by which the platform asks whether a callback is ours. It is core.ErrUnauthenticated for a wrong or empty token.
func Handshake(query url.Values, token core.Secret) (core.WebhookAnswer, error) {
	challenge := query.Get("hub.challenge")
	if !token.Same(query.Get("hub.verify_token")) || query.Get("hub.mode") != "subscribe" || challenge == "" || len(challenge) > maxChallenge {
		return core.WebhookAnswer{}, core.ErrUnauthenticated
	}
	return core.WebhookAnswer{Status: http.StatusOK, Type: "text/plain; charset=utf-8", Body: []byte(challenge)}, nil
}

// Signed reports whether the header X-Hub-Signature-256 is the HMAC of the raw body under the app's secret. Meta signs the bytes as it sends
// them, so the body must not have been decoded before. Repeated headers are refused.
func Signed(h http.Header, body []byte, secret core.Secret) bool {
	if secret.Empty() {
		return false
	}
	all := h.Values("X-Hub-Signature-256")
	if len(all) != 1 {
		return false
	}
	given, err := hex.DecodeString(strings.TrimPrefix(all[0], "sha256="))
	if err != nil || !strings.HasPrefix(all[0], "sha256=") {
		return false
	}
	return hmac.Equal(given, sum(body, secret))
}

// Sign returns the value of the header X-Hub-Signature-256, for stand-ins and tests.
func Sign(body []byte, secret core.Secret) string {
	return "sha256=" + hex.EncodeToString(sum(body, secret))
}

func sum(body []byte, secret core.Secret) []byte {
	m := hmac.New(sha256.New, []byte(secret.Reveal()))
	_, _ = m.Write(body) // a hash never fails
	return m.Sum(nil)
}
