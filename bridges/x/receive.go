package x

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"

	"causeway/core"
)

const signHeader = "X-Twitter-Webhooks-Signature"

// aChallenge is a word that X has us sign. No webhook's body looks like one.
var aChallenge = regexp.MustCompile(`^[A-Za-z0-9_=+/.-]{16,256}$`)

// Receive implements core.WebhookLink. A call by GET is X's challenge: is the app's secret known here?
func (l *link) Receive(_ context.Context, r core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
	if word := r.Query.Get("crc_token"); r.Method == http.MethodGet && aChallenge.MatchString(word) {
		return answer(l.conf.seal([]byte(word))), nil, nil
	}
	if r.Method != http.MethodPost || aChallenge.Match(r.Body) || !l.authentic(r) {
		return core.WebhookAnswer{}, nil, core.ErrUnauthenticated
	}
	if !json.Valid(r.Body) {
		return core.WebhookAnswer{}, nil, core.Problemf(core.CodeInvalid, "The webhook's body is not JSON.")
	}
	return core.WebhookAnswer{}, l.open(r.Body).events(), nil
}

// authentic checks the signature over the raw body, in a time that tells nothing about it.
func (l *link) authentic(r core.WebhookRequest) bool {
	shown := r.Header.Values(signHeader)
	return len(shown) == 1 && hmac.Equal([]byte(shown[0]), []byte(l.conf.seal(r.Body)))
}

// seal signs as X does.
func (c conf) seal(body []byte) string {
	m := hmac.New(sha256.New, []byte(c.secret.Reveal()))
	_, _ = m.Write(body)
	return "sha256=" + base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func answer(token string) core.WebhookAnswer {
	raw, err := json.Marshal(map[string]string{"response_token": token})
	if err != nil {
		return core.WebhookAnswer{}
	}
	return core.WebhookAnswer{Type: "application/json", Body: raw}
}
