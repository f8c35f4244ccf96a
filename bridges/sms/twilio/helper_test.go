package twilio

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/sms"
	"causeway/core"
)

const (
	plantedToken  = "planted-auth-token-0123456789"
	plantedSecond = "planted-second-token-0123456789"
	plantedKey    = "planted-api-secret-0123456789"
	accountSID    = "AC0123456789abcdef0123456789abcdef"
	serviceSID    = "MG0123456789abcdef0123456789abcdef"
	ourNumber     = "+14155550100"
	hookURL       = "https://gateway.example/hooks/0199-channel"
)

var ana = core.IdentityKey{Scheme: core.SchemePhone, Value: "16505551234"}

func goodSettings() core.Settings {
	return core.Settings{
		Values:  map[string]string{keySender: ourNumber, keyAccount: accountSID, keyAPIKey: "SK0123456789abcdef0123456789abcdef", keyWebhook: hookURL},
		Secrets: map[string]core.Secret{keyToken: core.NewSecret(plantedToken), keySecond: core.NewSecret(plantedSecond), keyAPISecret: core.NewSecret(plantedKey)},
	}
}

// openLink opens a channel, settings changed by the pairs given.
func openLink(t testing.TB, h *bridgetest.Host, pairs ...string) *link {
	t.Helper()
	return bridgetest.Open[*link](t, Bridge{}, h, goodSettings(), pairs...)
}

// signed is a webhook call as Twilio makes it: a form is signed with its parameters, JSON by its hash in the address.
func signed(body []byte) core.WebhookRequest {
	address, text := hookURL, ""
	if aJSON(body) {
		h := sha256.Sum256(body)
		address += "?" + bodyHash + "=" + hex.EncodeToString(h[:])
	} else {
		text = joined(sms.Form(string(body)))
	}
	return request("POST", address, body, sum(address+text, core.NewSecret(plantedToken)))
}

func request(method, address string, body, signature []byte) core.WebhookRequest {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return core.WebhookRequest{Method: method, URL: address, Query: u.Query(), Body: body,
		Header: http.Header{signHeader: {base64.StdEncoding.EncodeToString(signature)}}}
}

func receive(t testing.TB, l *link, body string) []core.Event {
	t.Helper()
	return bridgetest.Received(t, l, signed([]byte(body)))
}

// newStandIn starts a stand-in; a nil f answers as Twilio does when all is well.
func newStandIn(t testing.TB, f http.HandlerFunc) *bridgetest.StandIn {
	t.Helper()
	if f == nil {
		f = well
	}
	return bridgetest.NewStandIn(t, f)
}

// user is by whom a call says it is made.
func user(c bridgetest.Call) string {
	name, _, _ := (&http.Request{Header: c.Header}).BasicAuth()
	return name
}

func say(w http.ResponseWriter, s string) { _, _ = io.WriteString(w, s) }

// well answers as Twilio does when all is well.
func well(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch path := r.URL.Path; {
	case r.Header.Get("Authorization") == "":
		w.WriteHeader(http.StatusUnauthorized)
		say(w, `{"code":20003,"message":"Authenticate","status":401}`)
	case strings.HasSuffix(path, "/Messages.json"):
		w.WriteHeader(http.StatusCreated)
		say(w, `{"sid":"SM0123456789abcdef0123456789abcdef","status":"queued","error_code":null}`)
	case strings.Contains(path, "/Media/"):
		w.Header().Set("Content-Type", "image/png; x=1")
		say(w, "bytes")
	case strings.HasSuffix(path, "/IncomingPhoneNumbers.json"):
		say(w, `{"incoming_phone_numbers":[{"sid":"PN0123456789abcdef0123456789abcdef","phone_number":"`+ourNumber+`","sms_url":"`+hookURL+`","capabilities":{"sms":true,"mms":true}}]}`)
	case strings.HasSuffix(path, "/SMS/ShortCodes.json"):
		say(w, `{"short_codes":[{"sid":"SC1","short_code":"24453","sms_url":"`+hookURL+`"}]}`)
	case strings.HasSuffix(path, "/v2/Channels/Senders"):
		say(w, `{"senders":[{"sid":"XE1","sender_id":"whatsapp:`+ourNumber+`","status":"ONLINE","webhook":{"callback_url":"`+hookURL+`"}}]}`)
	case strings.HasSuffix(path, "/v1/ContentAndApprovals"):
		say(w, contents)
	case strings.HasSuffix(path, "/Services/"+serviceSID):
		say(w, `{"sid":"`+serviceSID+`","friendly_name":"shop","inbound_request_url":"`+hookURL+`","use_inbound_webhook_on_number":false}`)
	case strings.HasSuffix(path, "/Accounts/"+accountSID+".json"):
		say(w, `{"sid":"`+accountSID+`","status":"active","type":"Full"}`)
	default:
		say(w, `{}`)
	}
}

const contents = `{"contents":[
 {"sid":"HX0123456789abcdef0123456789abcdef","friendly_name":"order","language":"en","variables":{"1":"Ana"},
  "types":{"twilio/text":{"body":"plain {{1}}"},"twilio/call-to-action":{"body":"Hello {{1}}, it is {{2}}","actions":[{"type":"URL","title":"See","url":"https://x.example/{{3}}"}]}},
  "approval_requests":{"status":"approved","category":"UTILITY","rejection_reason":""}},
 {"sid":"HX1","friendly_name":"new","language":"de","types":{"twilio/media":{"body":"Bild","media":["https://x.example/a.png"]}},"approval_requests":[{"status":"received"}]}],
 "meta":{"next_page_url":null}}`

const fixtures = "../../../../shared/fixtures/channels/twilio"

// fixture reads a shared file, or skips the test.
func fixture(t testing.TB, name string, into any) {
	t.Helper()
	if err := json.Unmarshal(bridgetest.Fixture(t, fixtures, name), into); err != nil {
		t.Fatal(err)
	}
}

func sample(pairs ...string) string {
	v := url.Values{"MessageSid": {"SM1"}, "SmsSid": {"SM1"}, "AccountSid": {accountSID}, "From": {"+16505551234"}, "To": {ourNumber}, "Body": {"hi"}, "SmsStatus": {"received"}, "NumMedia": {"0"}}
	for i := 0; i < len(pairs); i += 2 {
		if v.Set(pairs[i], pairs[i+1]); pairs[i+1] == "-" {
			v.Del(pairs[i])
		}
	}
	return v.Encode()
}
