package whatsappcloud

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta/metatest"
	"causeway/core"
)

// dialog is a stand-in for 360dialog, written after its documentation, with one number.
type dialog struct {
	hook    map[string]any // what is entered as the webhook
	health  string         // what it says of the number; empty: all is well
	refuse  int            // status of every answer, as for a wrong key; zero: none
	pageOf  int            // templates it gives at once, whatever is asked for
	strange []string       // calls that nobody should make
}

func (d *dialog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	say := func(s string) { _, _ = io.WriteString(w, s) }
	switch call := r.Method + " " + r.URL.Path; {
	case r.Header.Get("D360-API-KEY") != metatest.Token || r.Header.Get("Authorization") != "" || d.refuse != 0:
		w.WriteHeader(max(d.refuse, http.StatusUnauthorized))
		say(`{"meta":{"success":false,"http_code":401,"developer_message":"Invalid api key"}}`)
	case call == "POST /messages":
		w.WriteHeader(http.StatusCreated)
		say(`{"messaging_product":"whatsapp","contacts":[{"input":"16505551234","wa_id":"16505551234"}],"messages":[{"id":"wamid.HBgLMTY1MDUwNzY1MjAVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA"}]}`)
	case call == "POST /media":
		say(`{"id":"4711"}`)
	case call == "GET /4711":
		say(`{"messaging_product":"whatsapp","url":"https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=4711&ext=1&hash=a%2Fb","mime_type":"image/jpeg","id":"4711"}`)
	case call == "GET /whatsapp_business/attachments/" && r.URL.RawQuery == "mid=4711&ext=1&hash=a%2Fb":
		w.Header().Set("Content-Type", "image/jpeg")
		say("bytes")
	case call == "GET /health_status":
		if d.health == "" {
			d.health = `{"id":"` + numberID + `","display_phone_number":"+1 555-078-3881","verified_name":"Shop","quality_rating":"GREEN","health_status":{"can_send_message":"AVAILABLE","entities":[]}}`
		}
		say(d.health)
	case call == "POST /v1/configs/webhook":
		d.hook = nil
		if json.NewDecoder(r.Body).Decode(&d.hook) != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		say(`{"url":"entered"}`)
	case call == "GET /v1/configs/webhook" && d.hook == nil:
		say(`{"url":""}`)
	case call == "GET /v1/configs/webhook":
		say(`{"url":"` + d.hook["url"].(string) + `","headers":{"x-causeway-secret":"` + d.secret() + `"}}`)
	case call == "GET /v1/configs/templates":
		d.templates(w, r.URL.Query())
	default:
		d.strange = append(d.strange, call)
		w.WriteHeader(http.StatusNotFound)
	}
}

func (d *dialog) secret() string {
	headers, _ := d.hook["headers"].(map[string]any)
	secret, _ := headers[dialogSecret].(string)
	return secret
}

// templates gives a page of three.
func (d *dialog) templates(w io.Writer, asked url.Values) {
	all := []string{"one", "two", "three"}
	from, _ := strconv.Atoi(asked.Get("offset"))
	from = min(from, len(all))
	var page []string
	for _, name := range all[from:min(len(all), from+d.pageOf)] {
		page = append(page, `{"id":"x","name":"`+name+`","language":"en","category":"UTILITY","status":"approved","components":[{"type":"BODY","text":"Hi {{1}}"}]}`)
	}
	_, _ = io.WriteString(w, `{"count":`+strconv.Itoa(len(page))+`,"total":3,"waba_templates":[`+strings.Join(page, ",")+`]}`)
}

// throughDialog opens a channel that calls the stand-in.
func throughDialog(t *testing.T, d *dialog, pairs ...string) (*link, *bridgetest.Host, *bridgetest.StandIn) {
	t.Helper()
	h := bridgetest.NewHost(t)
	h.SetNow(time.Now()) // the stand-in's answers are dated
	g := bridgetest.NewStandIn(t, d.ServeHTTP)
	l := openLink(t, h, append([]string{keyProvider, "360dialog", keyBase, g.URL}, pairs...)...)
	t.Cleanup(func() {
		if len(d.strange) > 0 {
			t.Errorf("called %v", d.strange)
		}
	})
	return l, h, g
}

func TestDialogSends(t *testing.T) {
	l, h, g := throughDialog(t, &dialog{})
	h.PutFile("f", []byte("bytes"))
	to := []core.IdentityKey{ana}
	for _, c := range []core.Content{{Kind: core.KindText, Text: "hi"}, {Kind: core.KindImage, Text: "look", Media: &core.Media{ID: "f", MIME: "image/png", Name: "a.png", Size: 5}}} {
		if sent, err := l.Send(t.Context(), core.Outgoing{To: to, Content: c, Key: "k1"}); err != nil || sent.Stanza != "9A3CA5B3D4CD6E67E7" {
			t.Errorf("%s: %+v, %v", c.Kind, sent, err)
		}
	}
	if last := g.Last(t).JSON(t); last["image"].(map[string]any)["id"] != "4711" || last["biz_opaque_callback_data"] != "k1" || last["to"] != "+16505551234" {
		t.Errorf("sent %v", last)
	}
	if _, err := l.Act(t.Context(), core.Act{Action: core.ActionRead, To: to, Target: "wamid.x"}); err != nil {
		t.Error(err)
	}
	if last := g.Last(t).JSON(t); last["status"] != "read" {
		t.Errorf("sent %v", last)
	}
}

// TestDialogFetches: the file is fetched at 360dialog, for Meta's host knows no API key; and the key goes nowhere else.
func TestDialogFetches(t *testing.T) {
	l, h, g := throughDialog(t, &dialog{})
	for _, m := range []core.Media{{Provider: "4711"}, {URL: "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=4711&ext=1&hash=a%2Fb"}} {
		d, err := l.Fetch(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(d.Body)
		if d.Body.Close(); err != nil || string(all) != "bytes" {
			t.Errorf("%+v: %q, %v", m, all, err)
		}
	}
	elsewhere := ""
	other := bridgetest.NewStandIn(t, func(w http.ResponseWriter, r *http.Request) {
		elsewhere += r.Header.Get(dialogKey) + r.Header.Get("Authorization")
	})
	l.graph.HTTP = &http.Client{Transport: to(other.URL)}
	if d, err := l.Fetch(t.Context(), core.Media{URL: "https://files.example.com/a"}); err == nil {
		d.Body.Close()
	}
	if elsewhere != "" || len(other.Calls()) != 1 || len(g.Calls()) == 0 || strings.Contains(h.Logged(), metatest.Token) {
		t.Errorf("another host got %q in %d calls", elsewhere, len(other.Calls()))
	}
}

// to is a transport that goes to one server, whatever is called.
type to string

func (t to) RoundTrip(r *http.Request) (*http.Response, error) {
	u, err := url.Parse(string(t))
	if err != nil {
		return nil, err
	}
	r.URL.Scheme, r.URL.Host = u.Scheme, u.Host
	return http.DefaultTransport.RoundTrip(r)
}

// TestDialogWebhook: the header that is entered there is the one that is asked for here, and nothing else opens the door.
func TestDialogWebhook(t *testing.T) {
	d := &dialog{pageOf: 3}
	l, _, _ := throughDialog(t, d)
	if err := l.Subscribe(t.Context(), "https://gateway.example/hooks/"+string(l.channel.ID)); err != nil {
		t.Fatal(err)
	}
	if d.secret() != metatest.Secret || !strings.HasSuffix(d.hook["url"].(string), string(l.channel.ID)) {
		t.Fatalf("entered %v", d.hook)
	}
	signed := metatest.Signed([]byte(messages(`{"from":"16505551234","id":"wamid.1","timestamp":"1767225600","type":"text","text":{"body":"hi"}}`)))
	if _, _, err := l.Receive(t.Context(), signed); !errors.Is(err, core.ErrUnauthenticated) {
		t.Errorf("with Meta's signature alone: %v", err)
	}
	signed.Header.Set(dialogSecret, d.secret())
	if _, events, err := l.Receive(t.Context(), signed); err != nil || len(events) != 1 || events[0].Kind != core.EventMessage {
		t.Errorf("with the header: %+v, %v", events, err)
	}
	if err := l.Subscribe(t.Context(), "nowhere"); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("an address that is none: %v", err)
	}
}

func TestDialogTemplates(t *testing.T) {
	for _, pageOf := range []int{1, 3} {
		l, _, _ := throughDialog(t, &dialog{pageOf: pageOf}, keyAccount, "")
		all, err := l.Templates(t.Context())
		if err != nil || len(all) != 3 || all[2].Name != "three" || all[0].Status != core.TemplateApproved || all[0].Category != "utility" {
			t.Errorf("%d at once: %+v, %v", pageOf, all, err)
		}
	}
}

// TestDialogImports: contacts and history are 360dialog's to ask for, and can be asked for once.
func TestDialogImports(t *testing.T) {
	l, h, g := throughDialog(t, &dialog{health: `{"id":"` + numberID + `","display_phone_number":"+1 555-078-3881","platform_type":"CLOUD_API","is_on_biz_app":true}`})
	if asked, err := l.Imports(t.Context()); err != nil || len(asked) != 0 || len(g.Calls()) != 1 {
		t.Errorf("asked for %v, %v, in %d calls", asked, err, len(g.Calls()))
	}
	told := h.Events()
	if len(told) != 1 || told[0].Change.Number != "15550783881" || l.Capabilities().PerSecond != coexistenceRate {
		t.Errorf("the number was not looked at: %+v, %g a second", told, l.Capabilities().PerSecond)
	}
}

func TestDialogCheck(t *testing.T) {
	id := string(openLink(t, bridgetest.NewHost(t)).channel.ID)
	here := map[string]any{"url": "https://gateway.example/hooks/" + id, "headers": map[string]any{dialogSecret: metatest.Secret}}
	for name, c := range map[string]struct {
		d    dialog
		want string // the worst, and a piece of it
		bad  core.HealthLevel
	}{
		"all well":            {dialog{hook: here, pageOf: 3}, "360dialog accepts it", core.HealthGood},
		"a wrong key":         {dialog{refuse: 401}, "360dialog does not accept the API key", core.HealthBad},
		"another number":      {dialog{hook: here, pageOf: 3, health: `{"id":"999999999"}`}, "belongs to the phone number ID 999999999", core.HealthBad},
		"sending is blocked":  {dialog{hook: here, pageOf: 3, health: `{"id":"` + numberID + `","health_status":{"can_send_message":"BLOCKED","entities":[{"entity_type":"WABA","errors":[{"error_code":1,"error_description":"No payment method.","possible_solution":"Add one"}]}]}}`}, "No payment method", core.HealthWarning},
		"no webhook":          {dialog{pageOf: 3}, "No webhook is entered", core.HealthBad},
		"a webhook elsewhere": {dialog{pageOf: 3, hook: map[string]any{"url": "https://other.example/x"}}, "other.example", core.HealthWarning},
		"without the header":  {dialog{pageOf: 3, hook: map[string]any{"url": here["url"]}}, "refused as forged", core.HealthBad},
		"no templates":        {dialog{hook: here}, "No template is approved", core.HealthWarning},
	} {
		t.Run(name, func(t *testing.T) {
			l, _, _ := throughDialog(t, &c.d)
			found, hit := l.Check(t.Context()), false
			for _, f := range found {
				hit = hit || f.Level == c.bad && strings.Contains(f.Detail, c.want)
				if f.Level != core.HealthGood && (c.bad == core.HealthGood || f.Remedy == "") {
					t.Errorf("%+v", f)
				}
				if strings.Contains(f.Detail+f.Remedy, metatest.Token) || strings.Contains(f.Detail+f.Remedy, metatest.Secret) {
					t.Errorf("a secret is told: %+v", f)
				}
			}
			if !hit {
				t.Errorf("want %v %q in %+v", c.bad, c.want, found)
			}
		})
	}
}

// TestDialogRefuses: a key that is refused parks the channel, with what to do; what is a Graph error is one here too.
func TestDialogRefuses(t *testing.T) {
	l, _, _ := throughDialog(t, &dialog{refuse: 403})
	_, err := l.Send(t.Context(), core.Outgoing{To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: "hi"}})
	if e := core.AsSendError(err); e.Effect != core.EffectPark || e.Outcome != core.Rejected || e.Remedy != newKey || strings.Contains(e.Detail, metatest.Token) {
		t.Errorf("%+v", e)
	}
	if _, err := l.Templates(t.Context()); core.CodeOf(err) != core.CodeChannelDown || !strings.Contains(err.Error(), "360dialog") {
		t.Errorf("templates: %v", err)
	}
}

func TestDialogSettings(t *testing.T) {
	for _, c := range []struct {
		pairs []string
		base  string
		field string
	}{
		{[]string{keyProvider, "360dialog"}, dialogBase, ""},
		{[]string{keyProvider, "360Dialog", keyBase, "https://graph.facebook.com"}, dialogBase, ""},
		{[]string{keyProvider, "360dialog", keyBase, "https://waba-sandbox.360dialog.io"}, "https://waba-sandbox.360dialog.io", ""},
		{[]string{keyProvider, "meta"}, "", ""},
		{[]string{keyProvider, "twilio"}, "", keyProvider},
	} {
		s := goodSettings()
		for i := 0; i < len(c.pairs); i += 2 {
			s.Values[c.pairs[i]] = c.pairs[i+1]
		}
		got, err := read(s)
		var p *core.Problem
		switch {
		case c.field != "":
			if !errors.As(err, &p) || p.Field != c.field || p.Remedy == "" {
				t.Errorf("%v: %v", c.pairs, err)
			}
		case err != nil || got.base != c.base || got.dialog != (c.base != "") || got.dialog && got.signName != dialogSecret:
			t.Errorf("%v: %+v, %v", c.pairs, got, err)
		}
	}
	s := goodSettings()
	s.Values[keyProvider] = "360dialog"
	s.Secrets[keyAppSecret] = core.NewSecret("short-one")
	var p *core.Problem
	if _, err := read(s); !errors.As(err, &p) || p.Field != keyAppSecret {
		t.Errorf("a short secret: %v", err)
	}
}
