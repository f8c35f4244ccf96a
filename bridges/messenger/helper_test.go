package messenger

import (
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta/metatest"
	"causeway/core"
)

const pageID = "1234567890"

// inbox is the bridge as its tests see it.
var inbox = metatest.Inbox{Bridge: Bridge{}, Settings: core.Settings{Values: map[string]string{keyPage: pageID}, Secrets: metatest.Secrets()}, Object: "page", Account: pageID,
	Fields: fields, Own: fields, Audio: "audio/mpeg", Voice: "audio/ogg", Answer: answer}

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
		return `{"data":{"app_id":"` + metatest.App + `","type":"PAGE","is_valid":true,"expires_at":0,"data_access_expires_at":1788000000,"scopes":["pages_messaging","pages_manage_metadata"]}}`
	case strings.HasSuffix(path, "/me"):
		return `{"id":"` + pageID + `","name":"Shop"}`
	case strings.HasSuffix(path, "/5678"):
		return `{"first_name":"Ana","last_name":"Pérez","id":"5678"}`
	}
	return ""
}

const fixtureFolder = "../../../shared/fixtures/channels/messenger"
