package instagram

import (
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta/metatest"
	"causeway/core"
)

const accountID = "1234567890"

// inbox is the bridge as its tests see it.
var inbox = metatest.Inbox{Bridge: Bridge{}, Settings: goodSettings(), Object: "instagram", Account: accountID,
	Fields: fields, Own: ownFields, Audio: "audio/aac", Voice: "audio/mp4", Answer: answer}

const plantedSecond = "planted-second-secret-0123456789"

func goodSettings() core.Settings {
	s := core.Settings{Values: map[string]string{keyAccount: accountID}, Secrets: metatest.Secrets()}
	s.Secrets[keyInstagram] = core.NewSecret(plantedSecond)
	return s
}

var ana = inbox.Ana()

// openLink opens a channel, settings changed by the pairs given.
func openLink(t testing.TB, h *bridgetest.Host, pairs ...string) *link {
	t.Helper()
	return bridgetest.Open[*link](t, Bridge{}, h, inbox.Settings, pairs...)
}

// receive hands a signed body to a link.
func receive(t testing.TB, l *link, body string) []core.Event {
	t.Helper()
	return bridgetest.Received(t, l, metatest.Signed([]byte(body)))
}

// answer is what the platform says besides, when all is well.
func answer(r *http.Request) string {
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/debug_token"):
		return `{"data":{"app_id":"` + metatest.App + `","type":"PAGE","is_valid":true,"expires_at":0,"scopes":["instagram_basic","instagram_manage_messages","pages_manage_metadata"]}}`
	case strings.HasSuffix(path, "/me") && strings.Contains(r.URL.Query().Get("fields"), "instagram_business_account"):
		return `{"id":"777","name":"Shop","instagram_business_account":{"id":"` + accountID + `","username":"shop"}}`
	case strings.HasSuffix(path, "/me"):
		return `{"id":"999","user_id":"` + accountID + `","username":"shop"}`
	case strings.HasSuffix(path, "/refresh_access_token"):
		return `{"access_token":"` + renewed + `","token_type":"bearer","expires_in":5183944,"permissions":"instagram_business_basic"}`
	case strings.HasSuffix(path, "/5678"):
		return `{"name":"Ana Pérez","username":"ana.p","id":"5678"}`
	}
	return ""
}

const fixtureFolder = "../../../shared/fixtures/channels/instagram"
