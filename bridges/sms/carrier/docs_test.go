package carrier

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// documented are the definitions of docs/sms.md, by the name of their carrier.
func documented(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/sms.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)## (\\w+):.*?```json\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		all[m[1]] = m[2]
	}
	return all
}

// carried is a carrier of the documentation, played by its own words.
type carried struct {
	name     string
	answer   string // to a send
	id       string
	refusal  string // what it says when it refuses
	status   int
	effect   core.Effect
	auth     string // what stands in the Authorization header
	inside   string // what stands in the body of a send
	message  string // a customer's
	receipt  string // of a message that arrived
	failed   string // and of one that did not, because the customer has stopped or could not be reached
	provenBy func(l *link, body string) core.WebhookRequest
}

func TestDocumentedCarriers(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	definitions := documented(t)
	all := []carried{{
		name: "Telnyx", answer: `{"data":{"id":"40385f64-5717-4562-b3fc-2c963f66afa6","record_type":"message"}}`, id: "40385f64-5717-4562-b3fc-2c963f66afa6",
		refusal: `{"errors":[{"code":"40300","title":"Blocked due to STOP message","detail":"Messages cannot be sent"}]}`, status: 403, effect: core.EffectStop, auth: "Bearer " + plantedKey, inside: `"to":"+16505551234"`,
		message:  `{"data":{"event_type":"message.received","payload":{"id":"m1","from":{"phone_number":"+16505551234"},"to":[{"phone_number":"+14155550100"}],"text":"привет","media":[],"received_at":"2026-03-01T11:59:00.000+00:00"}}}`,
		receipt:  `{"data":{"event_type":"message.finalized","payload":{"id":"o1","to":[{"phone_number":"+16505551234","status":"delivered"}],"errors":[]}}}`,
		failed:   `{"data":{"event_type":"message.finalized","payload":{"id":"o1","to":[{"phone_number":"+16505551234","status":"delivery_failed"}],"errors":[{"code":"40300","title":"Blocked due to STOP message"}]}}}`,
		provenBy: func(l *link, body string) core.WebhookRequest { return edSigned(l, private, body) },
	}, {
		name: "Sinch", answer: `{"id":"01FC66621XXXXX119Z8PMV1QPQ","to":["16505551234"]}`, id: "01FC66621XXXXX119Z8PMV1QPQ", refusal: `{"code":"unauthorized","text":"The credentials are wrong."}`, status: 401, effect: core.EffectPark,
		auth: "Bearer " + plantedKey, inside: `"to":["16505551234"]`,
		message: `{"type":"mo_text","id":"m1","from":"16505551234","to":"14155550100","body":"привет","received_at":"2026-03-01T11:59:00.000Z"}`,
		receipt: `{"type":"recipient_delivery_report_sms","batch_id":"o1","recipient":"16505551234","status":"Delivered","code":0}`,
		failed:  `{"type":"recipient_delivery_report_sms","batch_id":"o1","recipient":"16505551234","status":"Failed","code":411}`,
		provenBy: func(l *link, body string) core.WebhookRequest {
			r := post(body)
			r.Header = http.Header{"X-Sinch-Webhook-Signature-Nonce": {"n-1"}, "X-Sinch-Webhook-Signature-Timestamp": {fmt.Sprint(l.host.Now().Unix())}}
			return prove(l, r)
		},
	}, {
		name: "46elks", answer: `{"status":"created","id":"s70df59406a1b4643b96f3f91e0bfb7b0"}`, id: "s70df59406a1b4643b96f3f91e0bfb7b0", refusal: `Not enough credits`, status: 403, effect: core.EffectPark,
		auth: "Basic " + base64.StdEncoding.EncodeToString([]byte("user1:"+plantedPassword)), inside: "to=%2B16505551234",
		message: "direction=incoming&id=m1&from=%2B16505551234&to=%2B14155550100&message=%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82", receipt: "id=o1&status=delivered&delivered=2026-03-01T11:59:00", failed: "id=o1&status=failed",
		provenBy: func(l *link, body string) core.WebhookRequest { return prove(l, post(body)) },
	}, {
		name: "SMSC", answer: `<?xml version="1.0" encoding="UTF-8"?><result><id>1234</id><cnt>1</cnt></result>`, id: "1234", refusal: `<result><error>authorise error</error><error_code>2</error_code></result>`, status: 200, effect: core.EffectPark,
		inside: "phones=16505551234", message: "id=m1&phone=16505551234&to=14155550100&mes=%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82", receipt: "id=o1&phone=16505551234&status=1", failed: "id=o1&phone=16505551234&status=20&err=6",
		provenBy: func(l *link, body string) core.WebhookRequest {
			f := fromForm(body, nil)
			word := func(name string) string { return strings.Join(leaves([]any{f[name]}), "") }
			sum := md5.Sum([]byte(word("id") + ":" + word("phone") + ":" + word("status") + word("mes") + ":" + plantedSecret))
			return post(body + "&md5=" + hex.EncodeToString(sum[:]))
		},
	}}
	if len(all) != len(definitions) {
		t.Errorf("the page has %d definitions, %d are tried", len(definitions), len(all))
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) { c.works(t, definitions[c.name], base64.StdEncoding.EncodeToString(public)) })
	}
}

func edSigned(l *link, key ed25519.PrivateKey, body string) core.WebhookRequest {
	at := fmt.Sprint(l.host.Now().Unix())
	r := post(body)
	r.Header = http.Header{"Telnyx-Timestamp": {at}, "Telnyx-Signature-Ed25519": {base64.StdEncoding.EncodeToString(ed25519.Sign(key, []byte(at+"|"+body)))}}
	return r
}

func (c carried) works(t *testing.T, definition, public string) {
	t.Helper()
	status, answer := 200, c.answer
	s := bridgetest.NewStandIn(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	})
	set := goodSettings(custom, definition)
	set.Values[keyBase] = s.URL
	if strings.Contains(definition, signEd) {
		set.Secrets[keyWebhookSecret] = core.NewSecret(public)
	}
	l := open(t, bridgetest.NewHost(t), set)
	out := core.Outgoing{Key: "part-1", To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: "привет & <b>"}}
	if sent, err := l.Send(t.Context(), out); err != nil || sent.Provider != c.id {
		t.Errorf("got %+v %v", sent, err)
	}
	if got := s.Last(t); got.Header.Get("Authorization") != c.auth || !strings.Contains(string(got.Body), c.inside) {
		t.Errorf("sent %q %s", got.Header.Get("Authorization"), got.Body)
	}
	for _, f := range l.Check(t.Context()) {
		if f.Level == core.HealthBad {
			t.Errorf("got %+v", f)
		}
	}
	status, answer = c.status, c.refusal
	if _, err := l.Send(t.Context(), out); core.AsSendError(err).Effect != c.effect || core.AsSendError(err).Outcome != core.Rejected {
		t.Errorf("refused: got %+v", core.AsSendError(err))
	}
	c.hears(t, l)
}

func (c carried) hears(t *testing.T, l *link) {
	t.Helper()
	events := bridgetest.Received(t, l, c.provenBy(l, c.message))
	if len(events) != 1 || events[0].Fault != "" || events[0].Message == nil || events[0].Message.Content.Text != "привет" || events[0].Peer.Identities[0] != ana || events[0].ID != "m1" {
		t.Fatalf("got %+v", events)
	}
	for body, want := range map[string]core.Status{c.receipt: core.StatusDelivered, c.failed: core.StatusFailed} {
		if got := bridgetest.Received(t, l, c.provenBy(l, body)); got[0].Receipt == nil || got[0].Receipt.Status != want || got[0].Receipt.Provider != "o1" {
			t.Errorf("%s: got %+v", body, got)
		}
	}
	forged := c.provenBy(l, c.message)
	forged.Header, forged.Query = http.Header{}, nil
	forged.Body = []byte(strings.Replace(string(forged.Body), "&md5=", "&md5=0", 1))
	refused(t, l, forged, "unsigned")
	if c.name == "46elks" {
		return // a word in the address does not sign the body
	}
	changed := c.provenBy(l, c.message)
	changed.Body = []byte(strings.Replace(string(changed.Body), "m1", "m2", 1))
	refused(t, l, changed, "changed")
}

func hmacOf(text, secret string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

// TestSignatureAmongOthers: a signature that stands in a header beside its time.
func TestSignatureAmongOthers(t *testing.T) {
	h := bridgetest.NewHost(t)
	l := open(t, h, goodSettings(custom, signing(`{"kind":"hmac","at":"header.X-Signature","pattern":"t=(?P<time>\\d+),v1=(?P<sign>[0-9a-f]+)","over":"{time}.{body}","time":"time","within":"5m"}`)))
	at := func(seconds int64) core.WebhookRequest {
		r := post("id=1&from=%2B16505551234&text=hi")
		stamp := fmt.Sprint(h.Now().Unix() + seconds)
		m := hmacOf(stamp+"."+string(r.Body), plantedSecret)
		r.Header = http.Header{"X-Signature": {"t=" + stamp + ",v1=" + m + ",v0=00"}}
		return r
	}
	if events := bridgetest.Received(t, l, at(0)); len(events) != 1 {
		t.Errorf("got %+v", events)
	}
	refused(t, l, at(-400), "too old")
	for _, given := range []string{"v1=00", "t=1,v1=", "t=,v1=00", "nonsense"} {
		r := at(0)
		r.Header.Set("X-Signature", given)
		refused(t, l, r, given)
	}
	bridgetest.Refused(t, Bridge{}, goodSettings(custom, "{}"), keyDefinition, signing(`{"kind":"hmac","at":"header.X","pattern":"v1=(.*)"}`))
}
