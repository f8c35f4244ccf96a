package carrier

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// everything is a definition that uses all there is.
const everything = `{
 "title": "Acme", "base": "https://acme.example", "needs": ["username", "password", "api_key", "extra.application_id"],
 "numbers": {"to": "plus", "receive": "international"}, "text": {"limit": 500, "unit": "utf-16", "clean": ["smart"]}, "media": {"as": "file", "mime": ["image/png", "video/mp4", "audio/mpeg", "application/pdf"]},
 "send": [
  {"when": {"media_url": "*"}, "url": "{base}/mms/{account_id}", "headers": {"X-Key": "{api_key}"}, "json": {"to": ["{to}"], "from": "{from}", "text?": "{text}", "media": ["{media_url}"], "type": "{mime}"}},
  {"url": "{base}/sms/{account_id}", "auth": {"user": "{username}", "password": "{password}"}, "headers": {"X-Key": "{api_key}"}, "query": {"app": "{extra.application_id}"},
   "json": {"to": "{to|digits|number}", "from": "{from}", "text": "{text}", "reference": "{key}", "unicode": "{segments|boolean}", "report?callback": {"url": "{callback}"}}}],
 "answer": {"read": "json", "ok": {"state": ["queued", "sent"]}, "id": "message.id", "code": "error.code", "words": ["error.message", "message"]},
 "errors": [{"code": ["42"], "effect": "stop", "reason": "The customer has stopped.", "remedy": "Use another channel."}, {"code": ["1"], "effect": "slow", "wait": "3s"}, {"http": [403], "match": "credit", "effect": "park", "reason": "No credit.", "remedy": "Top up."}],
 "hooks": [{"read": "json", "each": "events", "answer": {"status": 202, "type": "text/plain", "body": "OK"}, "rules": [
   {"when": {"type": "in"}, "kind": "message", "id": "id", "from": "from", "to": "to", "text": "text", "at": "at", "name": "name", "media": "files.*.url"},
   {"when": {"type": "report"}, "kind": "receipt", "id": "id", "part": "query.part", "to": "to", "status": "state", "code": "code", "words": "why", "statuses": {"ok": "delivered", "bad": "failed", "wait": "ignore"}},
   {"when": {"type": "noise"}, "kind": "ignore"}]}],
 "undelivered": [{"code": ["42"], "effect": "stop", "reason": "The customer has stopped.", "remedy": "Use another channel."}],
 "sign": {"kind": "hmac", "at": "header.X-Sign", "prefix": "sha256=", "over": "{url}\n{body}"},
 "check": {"url": "{base}/balance", "headers": {"X-Key": "{api_key}"}},
 "subscribe": [{"method": "PUT", "url": "{base}/hook", "headers": {"X-Key": "{api_key}"}, "json": {"url": "{callback}"}}],
 "rate": 10
}`

func event(to string) string {
	return `{"type":"in","id":"m1","from":"16505551234","to":"` + to + `","text":"hi","at":"2026-02-03T04:05:06Z","name":"Ana"}`
}

func acme(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/files/"):
		w.Header().Set("Content-Type", "image/png; x")
		_, _ = io.WriteString(w, "bytes")
	case strings.HasPrefix(r.URL.Path, "/sms/"), strings.HasPrefix(r.URL.Path, "/mms/"):
		_, _ = io.WriteString(w, `{"state":"queued","message":{"id":"a1"}}`)
	default:
		_, _ = io.WriteString(w, `{}`)
	}
}

func TestSuite(t *testing.T) {
	l := open(t, bridgetest.NewHost(t), goodSettings(custom, everything))
	signed := func(body []byte) core.WebhookRequest { return prove(l, post(string(body))) }
	message := []byte(`{"events":[` + event(ourNumber) + `]}`)
	wrong := signed(message)
	wrong.Header = http.Header{"X-Sign": {"sha256=" + strings.Repeat("00", 32)}}
	double := signed(message)
	double.Header = http.Header{"X-Sign": {double.Header.Get("X-Sign"), double.Header.Get("X-Sign")}}
	bare := signed(message)
	bare.Header = http.Header{"X-Sign": {strings.TrimPrefix(bare.Header.Get("X-Sign"), "sha256=")}}
	said := func(code string) string { return `{"state":"rejected","error":{"code":"` + code + `","message":"no"}}` }
	bridgetest.Run(t, bridgetest.Case{
		Bridge: Bridge{}, Channel: core.Channel{ID: "0199-channel", Kind: Kind, Name: "shop", Account: ourNumber}, Settings: goodSettings(custom, everything), BaseSetting: keyBase,
		Hook: &bridgetest.Hook{Sign: signed, Message: message, Two: []byte(`{"events":[` + event("111111111") + `,` + event("222222222") + `]}`), Accounts: []string{"111111111", "222222222"},
			Forge:   map[string]core.WebhookRequest{"another's": wrong, "two signatures": double, "no prefix": bare, "another method": {Method: "DELETE"}},
			Unknown: []byte(`{"holograms":[1]}`), Malformed: []byte(`{"events":`),
			Samples: [][]byte{[]byte(`{"events":[` + event(ourNumber) + `,` + event("222222222") + `,{"type":"report","id":"m2","to":"16505551234","state":"ok"},{"type":"noise"},{"type":"hologram"}]}`)},
			Blank:   true, Pieces: []string{"events/*"}, Vital: []string{"events/*/type", "events/*/id", "events/*/from", "events/*/at"}},
		Send: &bridgetest.Send{To: []core.IdentityKey{ana},
			Files: map[core.ContentKind]core.Media{core.KindImage: {MIME: "image/png"}, core.KindVideo: {MIME: "video/mp4"}, core.KindAudio: {MIME: "audio/mpeg"}, core.KindDocument: {MIME: "application/pdf"}},
			Contents: []core.Content{{Kind: core.KindLocation, Location: &core.Location{Latitude: 1, Longitude: 2}},
				{Kind: core.KindContacts, Contacts: []core.Card{{Name: "Ben", Phones: []core.Labeled{{Value: "+1"}}}}}},
			Refusals: []bridgetest.Refusal{
				{Name: "stopped", Status: 200, Body: said("42"), Outcome: core.Rejected, Effect: core.EffectStop, Code: "42"},
				{Name: "unknown code", Status: 400, Body: said("77"), Outcome: core.Rejected, Effect: core.EffectFail, Code: "http-400"},
				{Name: "slow", Status: 429, Header: http.Header{"Retry-After": {"17"}}, Body: said("1"), Outcome: core.Rejected, Effect: core.EffectSlow, Code: "1", AtLeast: 17},
				{Name: "no credit", Status: 403, Body: `{"error":{"message":"Out of CREDIT"}}`, Outcome: core.Rejected, Effect: core.EffectPark},
				{Name: "401", Status: 401, Body: "no", Outcome: core.Rejected, Effect: core.EffectPark, Code: "http-401"},
				{Name: "404", Status: 404, Body: "no", Outcome: core.Rejected, Effect: core.EffectPark, Code: "http-404"},
				{Name: "500", Status: 500, Body: said("77"), Outcome: core.Unknown, Code: "http-500"},
				{Name: "503", Status: 503, Body: "no", Outcome: core.Rejected, Effect: core.EffectRetry, Code: "http-503"},
				{Name: "200 of another kind", Status: 200, Body: `{"x":1}`, Outcome: core.Unknown, Code: "http-200"},
				{Name: "200 without an id", Status: 200, Body: `{"state":"queued"}`, Outcome: core.Unknown},
			}},
		Media: &core.Media{URL: "/files/1"}, Setup: true, Answer: acme,
	})
}

// TestSent: what a definition makes of a message.
func TestSent(t *testing.T) {
	s, h := bridgetest.NewStandIn(t, acme), bridgetest.NewHost(t)
	set := goodSettings(custom, everything)
	set.Values[keyBase] = s.URL
	l := open(t, h, set)
	out := core.Outgoing{Key: "part-1", To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: "“Hi” \"a\\b\"\n…"}}
	if sent, err := l.Send(t.Context(), out); err != nil || sent.Provider != "a1" {
		t.Fatalf("got %+v %v", sent, err)
	}
	got := s.Last(t)
	want := `{"from":"+14155550100","reference":"part-1","report":{"url":"https://gateway.example/hooks/0199-channel?part=part-1"},"text":"\"Hi\" \"a\\b\"\n...","to":16505551234,"unicode":true}`
	if string(got.Body) != want || got.Path != "/sms/acct-1" || got.Query.Get("app") != "app-1" || got.Header.Get("X-Key") != plantedKey || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s %v\n%s\n%s", got.Path, got.Query, got.Body, want)
	}
	h.PutFile("f", []byte("bytes"))
	out.Content = core.Content{Kind: core.KindImage, Media: &core.Media{ID: "f", MIME: "image/png"}}
	if _, err := l.Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal(s.Last(t).Body, &body); err != nil || body["text"] != nil || !strings.HasPrefix(body["media"].([]any)[0].(string), hookURL) {
		t.Errorf("got %s", s.Last(t).Body)
	}
}

// TestXML: a provider of XML, and one of plain text with a query token.
func TestXML(t *testing.T) {
	const soap = `{"title":"Soap","base":"https://x.example","send":[{"url":"{base}/","xml":"<m to=\"{to|digits}\"><t>{text}</t></m>"}],
	 "answer":{"read":"xml","ok":{"r.@state":"ok"},"id":"r.id","code":"r.error.@code","words":"r.error.#"},"errors":[{"code":["9"],"effect":"retry","wait":"1m"}],
	 "hooks":[{"read":"xml","each":"in.sms","rules":[{"kind":"message","id":"@id","from":"from","text":"text","decode":[{"when":{"@enc":"hex"},"steps":["hex","utf16be"]}]}]}],"sign":{"kind":"header","at":"header.X-Token"}}`
	answer := `<?xml version="1.0"?><r state="ok"><id>x1</id></r>`
	s := bridgetest.NewStandIn(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
	set := goodSettings("", soap)
	set.Values[keyBase] = s.URL
	l := open(t, bridgetest.NewHost(t), set)
	out := core.Outgoing{Key: "p", To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: `<a & "b">`}}
	if sent, err := l.Send(t.Context(), out); err != nil || sent.Provider != "x1" || string(s.Last(t).Body) != `<m to="16505551234"><t>&lt;a &amp; &#34;b&#34;&gt;</t></m>` {
		t.Errorf("got %+v %v %s", sent, err, s.Last(t).Body)
	}
	answer = `<r state="no"><error code="9"> busy </error></r>`
	if _, err := l.Send(t.Context(), out); core.AsSendError(err).Effect != core.EffectRetry || core.AsSendError(err).Detail != "busy" {
		t.Errorf("got %+v", core.AsSendError(err))
	}
	events := receive(t, l, post(`<in><sms id="1"><from>+16505551234</from><text>a</text></sms><sms id="2" enc="hex"><from>+16505551234</from><text>00620063</text></sms></in>`))
	if len(events) != 2 || events[0].Message.Content.Text != "a" || events[1].Message.Content.Text != "bc" {
		t.Errorf("got %+v", events)
	}
}

// TestKannelReport: a report that names our own key finds its message by it.
func TestKannelReport(t *testing.T) {
	l := open(t, bridgetest.NewHost(t), goodSettings("kannel", ""))
	for _, name := range []string{"part", "uuid"} {
		e := receive(t, l, get(name+"=0199-part&status=1"))[0]
		if e.Kind != core.EventReceipt || e.Key != "0199-part" || e.Receipt.Status != core.StatusDelivered {
			t.Errorf("got %+v", e)
		}
	}
}
