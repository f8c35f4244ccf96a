package whatsappcloud

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta/metatest"
	"causeway/core"
)

const (
	numberID = "106540352242922"
	wabaID   = "102290129340398"
)

var ana = core.IdentityKey{Scheme: core.SchemePhone, Value: "16505551234"}

func goodSettings() core.Settings {
	return core.Settings{Values: map[string]string{keyNumber: numberID, keyAccount: wabaID}, Secrets: metatest.Secrets()}
}

// openLink opens a channel, settings changed by the pairs given.
func openLink(t testing.TB, h *bridgetest.Host, pairs ...string) *link {
	t.Helper()
	return bridgetest.Open[*link](t, Bridge{}, h, goodSettings(), pairs...)
}

// receive hands a signed body to a link.
func receive(t testing.TB, l *link, body string) []core.Event {
	t.Helper()
	return bridgetest.Received(t, l, metatest.Signed([]byte(body)))
}

// wrap puts a value into Meta's envelope.
func wrap(field, value string) string {
	return `{"object":"whatsapp_business_account","entry":[{"id":"` + wabaID + `","time":1767225600,"changes":[{"field":"` + field + `","value":` + value + `}]}]}`
}

// messages puts messages into a value with one contact.
func messages(all ...string) string {
	return wrap("messages", `{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"`+numberID+`"},
		"contacts":[{"profile":{"name":"Ana","username":"@ana.p"},"wa_id":"16505551234","user_id":"US.13491208655302741918"}],"messages":[`+strings.Join(all, ",")+`]}`)
}

// newGraph starts a stand-in; a nil f answers every message.
func newGraph(t testing.TB, f http.HandlerFunc) *bridgetest.StandIn {
	t.Helper()
	if f == nil {
		f = well
	}
	return bridgetest.NewStandIn(t, f)
}

// well answers as the platform does when all is well.
func well(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	say := func(s string) { _, _ = io.WriteString(w, s) }
	switch path := r.URL.Path; {
	case r.Header.Get("Authorization") != "Bearer "+metatest.Token:
		w.WriteHeader(http.StatusUnauthorized)
		say(`{"error":{"message":"Invalid OAuth access token","type":"OAuthException","code":190,"fbtrace_id":"A1"}}`)
	case metatest.Misproven(r):
		w.WriteHeader(http.StatusBadRequest)
		say(metatest.Unproven)
	case strings.HasPrefix(path, "/files/"):
		say("bytes")
	case strings.HasSuffix(path, "/messages"):
		say(`{"messaging_product":"whatsapp","contacts":[{"input":"+16505551234","wa_id":"16505551234"}],"messages":[{"id":"wamid.HBgLMTY1MDUwNzY1MjAVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA"}]}`)
	case strings.HasSuffix(path, "/media"):
		say(`{"id":"4711"}`)
	case strings.HasSuffix(path, "/4711"):
		say(`{"url":"http://` + r.Host + `/files/4711?sig=1","mime_type":"image/jpeg; x=1","sha256":"00","file_size":"5","id":"4711","messaging_product":"whatsapp"}`)
	case strings.HasSuffix(path, "/message_templates"):
		say(`{"data":[{"id":"1","name":"hello","language":"en_US","category":"UTILITY","status":"APPROVED","components":[{"type":"BODY","text":"Hi"}]}],"paging":{"cursors":{"before":"a","after":"b"}}}`)
	case strings.HasSuffix(path, "/subscribed_apps") && r.Method == http.MethodGet:
		say(`{"data":[{"whatsapp_business_api_data":{"id":"1","name":"app"}}]}`)
	case strings.HasSuffix(path, "/debug_token"):
		say(`{"data":{"is_valid":true,"expires_at":0,"scopes":["whatsapp_business_management","whatsapp_business_messaging"]}}`)
	case strings.HasSuffix(path, "/"+numberID):
		say(`{"id":"1","display_phone_number":"+1 555-078-3881","verified_name":"Shop","quality_rating":"GREEN","platform_type":"CLOUD_API","status":"CONNECTED"}`)
	default:
		say(`{"success":true}`)
	}
}

const fixtureFolder = "../../../shared/fixtures/channels/whatsapp"
