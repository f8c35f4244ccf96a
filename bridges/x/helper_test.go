package x

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

const (
	account       = "2244994946"
	customer      = "3805104374"
	plantedSecret = "planted-consumer-secret-0123456789"
	plantedToken  = account + "-plantedtoken0123456789abcdefghij"
)

var ana = core.IdentityKey{Scheme: Scheme, Value: customer}

func goodSettings() core.Settings {
	return core.Settings{Values: map[string]string{keyAccount: account, keyAPIKey: "xvz1evFS4wEEPTGEFPHBoh"},
		Secrets: map[string]core.Secret{keySecret: core.NewSecret(plantedSecret), keyToken: core.NewSecret(plantedToken), keyTokenSec: core.NewSecret("planted-token-secret-0123456789-abcdefghij")}}
}

// openLink opens a channel, settings changed by the pairs given.
func openLink(t testing.TB, h *bridgetest.Host, pairs ...string) *link {
	t.Helper()
	l := bridgetest.Open[core.Link](t, Bridge{}, h, goodSettings(), pairs...)
	if v, is := l.(versioned); is {
		return v.link
	}
	return l.(*link)
}

func signedBy(secret string, body []byte) core.WebhookRequest {
	c := conf{secret: core.NewSecret(secret)}
	return core.WebhookRequest{Method: http.MethodPost, Body: body, Header: http.Header{http.CanonicalHeaderKey(signHeader): {c.seal(body)}}}
}

func shown(body []byte) core.WebhookRequest { return signedBy(plantedSecret, body) }

func say(w http.ResponseWriter, s string) { _, _ = io.WriteString(w, s) }

// well answers as X does when all is well.
func well(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	auth := r.Header.Get("Authorization")
	switch path := r.URL.Path; {
	case auth == "":
		w.WriteHeader(http.StatusUnauthorized)
		say(w, `{"errors":[{"code":215,"message":"Bad Authentication data."}]}`)
	case path == "/oauth2/token":
		say(w, `{"token_type":"bearer","access_token":"app-only"}`)
	case strings.HasPrefix(path, "/2/webhooks") && auth != "Bearer app-only", !strings.HasPrefix(path, "/2/webhooks") && !strings.HasPrefix(auth, "OAuth "):
		w.WriteHeader(http.StatusForbidden)
		say(w, `{"title":"Unsupported Authentication","status":403,"type":"https://api.twitter.com/2/problems/unsupported-authentication"}`)
	case path == "/2/webhooks" && r.Method == http.MethodGet:
		say(w, `{"data":[{"id":"1146654567674912769","url":"https://gateway.example/hooks/0199-channel","valid":true,"created_at":"2026-01-01T00:00:00.000Z"}],"meta":{"result_count":1}}`)
	case path == "/2/webhooks":
		say(w, `{"id":"1146654567674912770","url":"https://gateway.example/hooks/1","valid":true,"created_at":"2026-01-01T00:00:00.000Z"}`)
	case strings.HasSuffix(path, "/subscriptions/all"):
		say(w, `{"data":{"subscribed":true}}`)
	case path == "/2/users/me":
		say(w, `{"data":{"id":"`+account+`","name":"The Shop","username":"theshop"}}`)
	case path == "/2/media/upload/initialize":
		say(w, `{"data":{"id":"1146654567674912771","media_key":"3_1146654567674912771","expires_after_secs":86400}}`)
	case strings.HasSuffix(path, "/finalize"):
		say(w, `{"data":{"id":"1146654567674912771","processing_info":{"state":"pending","check_after_secs":0}}}`)
	case path == "/2/media/upload":
		say(w, `{"data":{"id":"1146654567674912771","processing_info":{"state":"succeeded","progress_percent":100}}}`)
	case strings.HasSuffix(path, "/append"):
		say(w, `{"data":{"expires_at":1767225600}}`)
	case path == "/1.1/direct_messages/events/new.json":
		say(w, `{"event":{"type":"message_create","id":"1582838499983564807","created_timestamp":"1666213080000"}}`)
	case strings.HasPrefix(path, "/1.1/direct_messages/"):
		w.WriteHeader(http.StatusNoContent)
	case strings.HasPrefix(path, "/2/dm_conversations/with/"+customer+"/"):
		w.WriteHeader(http.StatusCreated)
		say(w, `{"data":{"dm_conversation_id":"`+account+`-`+customer+`","dm_event_id":"1582838499983564806"}}`)
	default:
		w.Header().Set("Content-Type", "image/jpeg")
		say(w, "bytes")
	}
}
