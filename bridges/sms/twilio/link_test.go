package twilio

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/bridges/sms"
	"causeway/core"
)

// TestSettings: what each wrong setting is told.
func TestSettings(t *testing.T) {
	for _, tt := range []struct {
		key, value string
		field      string // "" if it is right
	}{
		{keySender, "14155550100", keySender}, {keySender, "+1 (415) 555-0100", ""}, {keySender, "24453", ""}, {keySender, "My Shop", ""}, {keySender, "a name too long", keySender},
		{keySender, serviceSID, ""}, {keySender, "whatsapp:14155550100", keySender}, {keySender, "whatsapp:+1 415 555 0100", ""}, {keySender, "§", keySender},
		{keyAccount, "SK0123456789abcdef0123456789abcdef", keyAccount}, {keyAccount, "AC/..", keyAccount}, {keyService, "AC1", keyService}, {keyToken, "12", keyToken},
		{keyToken, "12345\n6", keyToken}, {keyAPIKey, "", keyAPIKey}, {keyAPISecret, "", keyAPISecret}, {keyBase, "ftp://x", keyBase}, {keyCountry, "USA", keyCountry}, {keyCountry, "br", ""},
		{keyOptOut, "nobody", keyOptOut}, {keyRate, "0", keyRate}, {keyRate, "30", ""}, {keyWebhook, "here", keyWebhook},
	} {
		t.Run(tt.key+"="+tt.value, func(t *testing.T) {
			_, err := read(bridgetest.With(goodSettings(), tt.key, tt.value))
			var field string
			var p *core.Problem
			if errors.As(err, &p) {
				field = p.Field
			}
			if field != tt.field || err != nil && tt.field == "" {
				t.Errorf("got %v about %q, want %q", err, field, tt.field)
			}
		})
	}
}

// TestFilesOut: Twilio is given an address of ours, and gets the file there, until its time is over; a changed address gets nothing.
func TestFilesOut(t *testing.T) {
	s, h := newStandIn(t, nil), bridgetest.NewHost(t)
	h.PutFile("0199-file", []byte("bytes"))
	l := openLink(t, h, keyBase, s.URL)
	out := core.Outgoing{Key: "p1", To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindImage, Text: "look", Media: &core.Media{ID: "0199-file", MIME: "image/png"}}}
	if _, err := l.Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	given := s.Last(t).Form().Get("MediaUrl")
	if !strings.HasPrefix(given, hookURL+"?") || s.Last(t).Form().Get("Body") != "look" {
		t.Fatalf("got %v", s.Last(t).Form())
	}
	fetch := func(address string) (core.WebhookAnswer, error) {
		u, _ := url.Parse(address)
		answer, events, err := l.Receive(t.Context(), core.WebhookRequest{Method: "GET", URL: address, Query: u.Query(), Header: http.Header{}})
		if len(events) > 0 {
			t.Errorf("a file made events: %+v", events)
		}
		return answer, err
	}
	if answer, err := fetch(given); err != nil || string(answer.Body) != "bytes" || answer.Type != "image/png" {
		t.Errorf("got %+v %v", answer, err)
	}
	if _, err := fetch(strings.Replace(given, "0199-file", "0199-other", 1)); !errors.Is(err, core.ErrUnauthenticated) {
		t.Errorf("another's file: %v", err)
	}
	h.SetNow(h.Now().Add(25 * time.Hour))
	if _, err := fetch(given); !errors.Is(err, core.ErrUnauthenticated) {
		t.Errorf("after its time: %v", err)
	}
}

// TestDoorIsLearned: until the channel knows its own address, it asks for no reports and sends no files of its own; a call or a registration tells it.
func TestDoorIsLearned(t *testing.T) {
	s, h := newStandIn(t, nil), bridgetest.NewHost(t)
	set := goodSettings()
	delete(set.Values, keyWebhook)
	set.Values[keyBase] = s.URL
	open := func() core.Link {
		l, err := Bridge{}.Open(core.Channel{ID: "0199-channel"}, set, h)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := open()
	file := core.Outgoing{Key: "p", To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindImage, Media: &core.Media{ID: "f"}}}
	if _, err := l.Send(t.Context(), file); core.AsSendError(err).Effect != core.EffectPark {
		t.Errorf("got %v, want it parked", err)
	}
	text := core.Outgoing{Key: "p", To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: "x"}}
	if _, err := l.Send(t.Context(), text); err != nil || s.Last(t).Form().Has("StatusCallback") {
		t.Errorf("got %v, form %v", err, s.Last(t).Form())
	}
	if err := l.(core.SetupLink).Subscribe(t.Context(), hookURL); err != nil {
		t.Fatal(err)
	}
	if _, err := open().Send(t.Context(), file); err != nil || s.Last(t).Form().Get("StatusCallback") != hookURL+"?part=p" {
		t.Errorf("got %v, form %v", err, s.Last(t).Form())
	}
}

// TestBlockedIsRemembered: who blocked the sender in their app is not written to again until they write; a message that a carrier blocked says nothing of
// its customer.
func TestBlockedIsRemembered(t *testing.T) {
	for code, want := range map[int]core.Effect{63014: core.EffectBlock, 30004: core.EffectFail, 63032: core.EffectFail} {
		if e := sendError(code, ""); e.Effect != want || e.Remedy == "" {
			t.Errorf("%d: got %+v", code, e)
		}
	}
}

// TestReceiptKey: the address of a callback says which part it is about.
func TestReceiptKey(t *testing.T) {
	l := openLink(t, bridgetest.NewHost(t))
	const at = hookURL + "?part=0199-part"
	body := "MessageSid=SM1&MessageStatus=delivered"
	_, events, err := l.Receive(t.Context(), request("POST", at, []byte(body), sum(at+joined(sms.Form(body)), core.NewSecret(plantedToken))))
	if err != nil || len(events) != 1 || events[0].Key != "0199-part" {
		t.Errorf("got %+v %v", events, err)
	}
}

// TestStopOnSend: whom Twilio says to have stopped is remembered, for everything and at once.
func TestStopOnSend(t *testing.T) {
	s, h := newStandIn(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		say(w, `{"code":21610,"message":"Attempt to send to unsubscribed recipient"}`)
	}), bridgetest.NewHost(t)
	_, err := openLink(t, h, keyBase, s.URL).Send(t.Context(), core.Outgoing{Key: "p", Attempt: 1, To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: "x"}})
	if core.AsSendError(err).Effect != core.EffectStop {
		t.Errorf("got %v", err)
	}
	all := h.Events()
	if len(all) != 1 || all[0].Preference == nil || !all[0].Preference.Stop || all[0].Peer.Identities[0] != ana || all[0].ID == "" {
		t.Errorf("got %+v", all)
	}
}

// TestSubscribe: each sort of sender gets our address in its own way.
func TestSubscribe(t *testing.T) {
	for sender, want := range map[string]struct {
		Path, Body string
		Form       url.Values
	}{
		ourNumber:               {Path: "/2010-04-01/Accounts/" + accountSID + "/IncomingPhoneNumbers/PN0123456789abcdef0123456789abcdef.json", Form: url.Values{"SmsUrl": {hookURL}, "SmsMethod": {"POST"}}},
		"24453":                 {Path: "/2010-04-01/Accounts/" + accountSID + "/SMS/ShortCodes/SC1.json", Form: url.Values{"SmsUrl": {hookURL}, "SmsMethod": {"POST"}}},
		serviceSID:              {Path: "/v1/Services/" + serviceSID, Form: url.Values{"InboundRequestUrl": {hookURL}, "InboundMethod": {"POST"}, "UseInboundWebhookOnNumber": {"false"}}},
		"whatsapp:" + ourNumber: {Path: "/v2/Channels/Senders/XE1", Body: `{"webhook":{"callback_method":"POST","callback_url":"` + hookURL + `"}}`},
	} {
		s := newStandIn(t, nil)
		if err := openLink(t, bridgetest.NewHost(t), keySender, sender, keyBase, s.URL).Subscribe(t.Context(), hookURL); err != nil {
			t.Errorf("%s: %v", sender, err)
		}
		if got := s.Last(t); got.Method != "POST" || got.Path != want.Path || want.Form != nil && got.Form().Encode() != want.Form.Encode() || want.Body != "" && string(got.Body) != want.Body {
			t.Errorf("%s: got %+v", sender, got)
		}
	}
	s := newStandIn(t, nil)
	if err := openLink(t, bridgetest.NewHost(t), keySender, "+14155550999", keyBase, s.URL).Subscribe(t.Context(), hookURL); err == nil || !strings.Contains(err.Error(), "no such number") {
		t.Errorf("another account's number: %v", err)
	}
}

// TestCheck: each trouble is named with its remedy.
func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name, path, answer string
		status             int
		subject            string
		level              core.HealthLevel
	}{
		{"wrong token", "/Accounts/", `{"code":20003,"message":"Authenticate"}`, 401, "account", core.HealthBad},
		{"suspended", "/Accounts/" + accountSID + ".json", `{"status":"suspended"}`, 200, "account", core.HealthBad},
		{"trial", "/Accounts/" + accountSID + ".json", `{"status":"active","type":"Trial"}`, 200, "account", core.HealthWarning},
		{"no such number", "/IncomingPhoneNumbers", `{"incoming_phone_numbers":[]}`, 200, "sender", core.HealthBad},
		{"no webhook", "/IncomingPhoneNumbers", `{"incoming_phone_numbers":[{"sid":"PN1","phone_number":"` + ourNumber + `","capabilities":{"sms":true,"mms":true}}]}`, 200, "webhook", core.HealthBad},
		{"another's webhook", "/IncomingPhoneNumbers", `{"incoming_phone_numbers":[{"sid":"PN1","phone_number":"` + ourNumber + `","sms_url":"https://demo.twilio.com/","capabilities":{"sms":true}}]}`, 200, "webhook", core.HealthWarning},
		{"an application", "/IncomingPhoneNumbers", `{"incoming_phone_numbers":[{"sid":"PN1","phone_number":"` + ourNumber + `","sms_application_sid":"AP1","capabilities":{"sms":true}}]}`, 200, "webhook", core.HealthWarning},
		{"voice only", "/IncomingPhoneNumbers", `{"incoming_phone_numbers":[{"sid":"PN1","phone_number":"` + ourNumber + `","capabilities":{"sms":false}}]}`, 200, "sender", core.HealthBad},
		{"trouble", "/IncomingPhoneNumbers", `oops`, 500, "sender", core.HealthWarning},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStandIn(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, tt.path) {
					w.WriteHeader(tt.status)
					say(w, tt.answer)
					return
				}
				well(w, r)
			})
			for _, f := range openLink(t, bridgetest.NewHost(t), keyBase, s.URL).Check(t.Context()) {
				if f.Subject == tt.subject && f.Level == tt.level && f.Detail != "" && f.Remedy != "" {
					return
				}
			}
			t.Error("not found")
		})
	}
}

// TestTemplates: what Twilio's content becomes.
func TestTemplates(t *testing.T) {
	s := newStandIn(t, nil)
	all, err := openLink(t, bridgetest.NewHost(t), keySender, "whatsapp:"+ourNumber, keyBase, s.URL).Templates(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("got %+v %v", all, err)
	}
	a, b := all[0], all[1]
	if a.Status != core.TemplateApproved || a.Category != "utility" || strings.Join(a.Parameters(), " ") != "body.1 body.2 button.0" || b.Status != core.TemplatePending {
		t.Errorf("got %+v\n%+v %v", a, b, a.Parameters())
	}
	values := url.Values{}
	l := openLink(t, bridgetest.NewHost(t), keyBase, s.URL)
	if e := l.fillTemplate(t.Context(), values, core.TemplateUse{Values: map[string]string{"body.1": "Ana", "body.2": "x", "button.0": "42"}}, &a); e != nil ||
		values.Get("ContentVariables") != `{"1":"Ana","2":"x","3":"42"}` {
		t.Errorf("got %v %v", values, e)
	}
}

// TestTemplateKinds: of each kind of content, what the author reads, what they must fill in, and what Twilio gets for it.
func TestTemplateKinds(t *testing.T) {
	const ours = "https://files.example/a/b.jpg"
	for name, c := range map[string]struct {
		types, parameters, preview string
		use                        core.TemplateUse
		variables                  string // as they are sent
		refused                    string
	}{
		"a file with a variable": {`{"twilio/media":{"body":"Hello {{1}}","media":["https://files.example/{{2}}"]}}`, "header.2 body.1", "https://files.example/[2]\nHello [1]",
			core.TemplateUse{Values: map[string]string{"header.2": "c.png", "body.1": "Ana"}}, `{"1":"Ana","2":"c.png"}`, ""},
		"a file given": {`{"twilio/media":{"body":"Hello {{1}}","media":["https://files.example/{{2}}"]}}`, "header.2 body.1", "",
			core.TemplateUse{Values: map[string]string{"body.1": "Ana"}, Header: &core.Media{URL: ours, MIME: "image/jpeg"}}, `{"1":"Ana","2":"a/b.jpg"}`, ""},
		"a file elsewhere": {`{"twilio/media":{"body":"Hello","media":["https://other.example/{{2}}"]}}`, "header.2", "",
			core.TemplateUse{Header: &core.Media{URL: ours, MIME: "image/jpeg"}}, "", "https://other.example/"},
		"a whole address": {`{"twilio/media":{"body":"Hello","media":["{{1}}"]}}`, "header.1", "", core.TemplateUse{Header: &core.Media{URL: ours}}, `{"1":"` + ours + `"}`, ""},
		"a card": {`{"twilio/card":{"title":"{{1}} is here","subtitle":"Until {{2}}","media":["https://files.example/a.jpg"],"actions":[{"type":"QUICK_REPLY","title":"Yes","id":"yes"}]}}`,
			"body.1 body.2", "[1] is here\nUntil [2]", core.TemplateUse{Values: map[string]string{"body.1": "It", "body.2": "noon"}}, `{"1":"It","2":"noon"}`, ""},
		"WhatsApp's card": {`{"whatsapp/card":{"body":"Sale","header_text":"For {{1}}","footer":"STOP ends it","actions":[{"type":"COPY_CODE","title":"Copy","code":"{{2}}"}]},"twilio/text":{"body":"plain"}}`,
			"header.1 button.0", "For [1]\nSale\nSTOP ends it", core.TemplateUse{Values: map[string]string{"header.1": "Ana", "button.0": "SAVE20"}}, `{"1":"Ana","2":"SAVE20"}`, ""},
		"a code that is always the same": {`{"whatsapp/card":{"body":"Sale","actions":[{"type":"COPY_CODE","code":"SAVE20"}]}}`, "", "Sale", core.TemplateUse{}, "", ""},
		"a log-in": {`{"whatsapp/authentication":{"add_security_recommendation":true,"actions":[{"type":"COPY_CODE","copy_code_text":"Copy code"}]}}`, "body.1", "[1] is your verification code.",
			core.TemplateUse{Values: map[string]string{"body.1": "471100"}}, `{"1":"471100"}`, ""},
		"a list": {`{"twilio/list-picker":{"body":"Which?","button":"Look","items":[{"item":"{{1}}","id":"a","description":"red"},{"item":"Boat","id":"b"}]}}`, "body.1", "Which?\n[1]: red\nBoat",
			core.TemplateUse{Values: map[string]string{"body.1": "Bike"}}, `{"1":"Bike"}`, ""},
		"a carousel": {`{"twilio/carousel":{"body":"New","cards":[{"title":"{{1}}","body":"red","media":"https://files.example/{{2}}","actions":[{"type":"URL","title":"See","url":"https://x.example/{{3}}"}]}]}}`,
			"body.1 body.2 body.3", "New\n[1]\nred\n[2] [3]", core.TemplateUse{Values: map[string]string{"body.1": "Bike", "body.2": "b.jpg", "body.3": "7"}}, `{"1":"Bike","2":"b.jpg","3":"7"}`, ""},
		"in the text and behind a button": {`{"twilio/call-to-action":{"body":"Order {{1}}, {{2}}: see {{1}}","actions":[{"type":"URL","title":"See","url":"https://x.example/{{1}}"},{"type":"URL","title":"Pay","url":"https://x.example/pay/{{3}}"},` +
			`{"type":"URL","title":"Return","url":"https://x.example/back/{{3}}"}]}}`, "body.1 body.2 button.1", "Order [1], [2]: see [1]",
			core.TemplateUse{Values: map[string]string{"body.1": "42", "body.2": "Ana", "button.1": "7"}}, `{"1":"42","2":"Ana","3":"7"}`, ""},
		"given for the button too, as before": {`{"twilio/call-to-action":{"body":"Order {{1}}","actions":[{"type":"URL","title":"See","url":"https://x.example/{{1}}"}]}}`, "body.1", "",
			core.TemplateUse{Values: map[string]string{"body.1": "42", "button.0": "42"}}, `{"1":"42"}`, ""},
		"in the header and the text": {`{"whatsapp/card":{"body":"Dear {{1}}","header_text":"For {{1}}"}}`, "header.1", "For [1]\nDear [1]", core.TemplateUse{Values: map[string]string{"header.1": "Ana"}}, `{"1":"Ana"}`, ""},
		"a code that is in the text": {`{"whatsapp/card":{"body":"Use {{1}}","actions":[{"type":"COPY_CODE","code":"{{1}}"}]}}`, "body.1", "", core.TemplateUse{Values: map[string]string{"body.1": "SAVE20"}}, `{"1":"SAVE20"}`, ""},
		"a file named in the text":   {`{"twilio/media":{"body":"See {{1}}","media":["https://files.example/{{1}}"]}}`, "header.1", "", core.TemplateUse{Header: &core.Media{URL: ours}}, `{"1":"a/b.jpg"}`, ""},
		"a place": {`{"twilio/location":{"label":"Shop","latitude":"{{1}}","longitude":"{{2}}"}}`, "body.1 body.2", "Shop\n[1] [2]",
			core.TemplateUse{Values: map[string]string{"body.1": "52.5", "body.2": "13.4"}}, `{"1":"52.5","2":"13.4"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStandIn(t, func(w http.ResponseWriter, _ *http.Request) {
				say(w, `{"contents":[{"sid":"HX0123456789abcdef0123456789abcdef","friendly_name":"t","language":"en","types":`+c.types+`,"approval_requests":{"status":"approved"}}]}`)
			})
			l := openLink(t, bridgetest.NewHost(t), keySender, "whatsapp:"+ourNumber, keyBase, s.URL)
			all, err := l.Templates(t.Context())
			if err != nil || len(all) != 1 {
				t.Fatalf("got %+v %v", all, err)
			}
			if p := all[0].Sendable(&c.use); p != nil {
				t.Errorf("cannot be sent: %v", p)
			}
			if got := strings.Join(all[0].Parameters(), " "); got != c.parameters || c.preview != "" && all[0].Preview(nil) != c.preview {
				t.Errorf("asks for %q and shows %q", got, all[0].Preview(nil))
			}
			values := url.Values{}
			e := l.fillTemplate(t.Context(), values, c.use, &all[0])
			if (e != nil) != (c.refused != "") || e != nil && (!strings.Contains(e.Reason, c.refused) || e.Remedy == "") || values.Get("ContentVariables") != c.variables {
				t.Errorf("sends %v, %v", values, e)
			}
		})
	}
}

// TestFixedHeader: a file that would not be sent is refused, not forgotten.
func TestFixedHeader(t *testing.T) {
	x := core.Template{Name: "t", Status: core.TemplateApproved, Components: []core.Component{{Type: "header", Format: core.HeaderFixed}, {Type: "body", Text: "Hello"}}}
	if p := x.Sendable(&core.TemplateUse{Header: &core.Media{URL: "https://x.example/a.png"}}); p == nil || p.Remedy == "" {
		t.Errorf("got %v", p)
	}
	if p := x.Sendable(&core.TemplateUse{}); p != nil {
		t.Errorf("got %v", p)
	}
}

// TestFetchKeepsCredentials: nobody but the provider gets them.
func TestFetchKeepsCredentials(t *testing.T) {
	other := newStandIn(t, func(w http.ResponseWriter, _ *http.Request) { say(w, "bytes") })
	s := newStandIn(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/stored", http.StatusFound)
	})
	l := openLink(t, bridgetest.NewHost(t), keyBase, s.URL)
	for _, address := range []string{s.URL + "/m/1", other.URL + "/m/2"} {
		d, err := l.Fetch(t.Context(), core.Media{URL: address})
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(d.Body)
		d.Body.Close()
		// Both stand-ins are one host to net/http, on another port: what is asked of the first must not depend on that.
		if string(raw) != "bytes" || address == other.URL+"/m/2" && user(other.Last(t)) != "" {
			t.Errorf("%s: got %q as %q", address, raw, user(other.Last(t)))
		}
	}
	if user(s.Last(t)) == "" {
		t.Error("the provider did not get its credentials")
	}
	if l := openLink(t, bridgetest.NewHost(t)); !l.twilios(&url.URL{Scheme: "https", Host: "media.twilio.com"}) || l.twilios(&url.URL{Scheme: "http", Host: "api.twilio.com"}) ||
		l.twilios(&url.URL{Scheme: "https", Host: "eviltwilio.com"}) {
		t.Error("the wrong addresses are taken for Twilio's")
	}
}

// TestEveryCode: the table names no code twice, and everything it says is a sentence.
func TestEveryCode(t *testing.T) {
	seen := map[int]bool{}
	for _, r := range refusals {
		for _, c := range r.codes {
			if seen[c] {
				t.Errorf("%d is there twice", c)
			}
			seen[c] = true
		}
		if !strings.HasSuffix(r.reason, ".") || r.effect == "" || r.remedy == "" && r.effect != core.EffectRetry && r.effect != core.EffectSlow {
			t.Errorf("incomplete: %+v", r)
		}
	}
	var dictionary struct{ Codes map[string]string }
	fixture(t, "specs/error-codes.json", &dictionary)
	for _, c := range []string{"20003", "20429", "21211", "21217", "21610", "21614", "30001", "30003", "30004", "30005", "30006", "30007", "30008", "63016", "63018"} {
		if dictionary.Codes[c] == "" || !seen[atoi(c)] {
			t.Errorf("%s is not known", c)
		}
	}
}

func atoi(s string) (n int) {
	for _, r := range s {
		n = n*10 + int(r-'0')
	}
	return n
}

// TestWhatAFailureTeaches: who has answered STOP gets nothing any more; who wants no marketing still gets answers. Callbacks with the old name of the
// status alone are about our messages, too.
func TestWhatAFailureTeaches(t *testing.T) {
	for code, silent := range map[string]bool{"21610": true, "63050": false, "30003": false} {
		for _, name := range []string{"MessageStatus", "SmsStatus"} {
			body := url.Values{"MessageSid": {"SM1"}, name: {"failed"}, "From": {ourNumber}, "To": {"+16505551234"}, "ErrorCode": {code}}.Encode()
			events := receive(t, openLink(t, bridgetest.NewHost(t)), body)
			if r := events[0].Receipt; r == nil || r.Status != core.StatusFailed || r.Error.Code != code || events[0].Account != ourNumber {
				t.Errorf("%s %s: got %+v", name, code, events[0])
			}
			if got := len(events) == 2 && events[1].Preference.Stop && !events[1].Preference.Marketing; got != silent {
				t.Errorf("%s %s: silences: %v, events %+v", name, code, got, events)
			}
		}
		s, h := newStandIn(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			say(w, `{"code":`+code+`,"message":"no"}`)
		}), bridgetest.NewHost(t)
		_, err := openLink(t, h, keyBase, s.URL).Send(t.Context(), core.Outgoing{Key: "p", Attempt: 1, To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: "x"}})
		if got := len(h.Events()) > 0; err == nil || got != silent {
			t.Errorf("%s on sending: silences: %v, %v", code, got, err)
		}
	}
}
