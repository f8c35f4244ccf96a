package webchat

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

func everywhere() core.Settings {
	return with(keyWhatsApp, "966501234567", keyTelegram, "@shop_bot", keyPage, "the.shop", keySMS, "447700900123", keyEmail, "hi@shop.test")
}

// TestContinue: each way leads to the business's own account, and brings a code of its own that is the visitor's.
func TestContinue(t *testing.T) {
	r := newRig(t, everywhere())
	token := r.session(`{}`)
	plain := map[string]string{}
	for _, link := range r.want(200, "GET", "/config", "")["links"].([]any) {
		plain[link.(map[string]any)["word"].(string)] = link.(map[string]any)["url"].(string)
	}
	codes := map[string]bool{}
	for channel, want := range map[string][2]string{"whatsapp": {"https://wa.me/966501234567", "text"}, "telegram": {"https://t.me/shop_bot", "start"}, "messenger": {"https://m.me/the.shop", "ref"},
		"sms": {"sms:+447700900123", "body"}, "mail": {"mailto:hi@shop.test", "subject"}} {
		got := r.want(200, "POST", "/continue", `{"channel":"`+channel+`"}`, bearer(token)...)
		address, query, _ := strings.Cut(got["url"].(string), "?")
		values, err := url.ParseQuery(strings.ReplaceAll(query, "+", "%2B")) // what is no form knows no "+" for a space
		if err != nil || address != want[0] || plain[channel] != want[0] || len(values) != 1 {
			t.Errorf("%s: got %s, without a code %s, %v", channel, got["url"], plain[channel], err)
		}
		said := values.Get(want[1])
		c := core.Content{Kind: core.KindText, Text: said}
		if want[1] == "start" || want[1] == "ref" {
			c = core.Content{Referral: &core.Referral{Ref: said}}
		}
		events := r.host.Events()
		e := events[len(events)-1]
		if e.Kind != core.EventContinue || e.Continue.Code != c.ContinueCode() || codes[e.Continue.Code] || e.Peer.Identities[0].Value != r.visitor(token) || !e.Continue.Until.After(r.host.Now()) {
			t.Errorf("%s: %q, event %+v %+v", channel, said, e, e.Continue)
		}
		codes[e.Continue.Code] = true
		if web := strings.HasPrefix(want[0], "https:"); web != (got["qr"] != "") {
			t.Errorf("%s: QR %v", channel, got["qr"])
		}
	}
	r.want(404, "POST", "/continue", `{"channel":"pigeon"}`, bearer(token)...)
	r.want(401, "POST", "/continue", `{"channel":"whatsapp"}`)
	r.host.EmitError = core.ErrUnavailable
	r.want(503, "POST", "/continue", `{"channel":"whatsapp"}`, bearer(token)...) // a code that is not stored is not told
	r = newRig(t, goodSettings())
	r.want(404, "POST", "/continue", `{"channel":"whatsapp"}`, bearer(r.session(`{}`))...)
}

// TestFrame: the chat's own page may be framed by the site alone, and may chat; pages elsewhere still may not.
func TestFrame(t *testing.T) {
	r := newRig(t, with(keyTitle, `A "shop" <b>`))
	r.base = strings.TrimSuffix(r.base, "/v1")
	resp, body := r.ask("GET", `/frame?locale=de-AT&theme=dark"><script>`, "", "Origin", "", "Sec-Fetch-Site", "cross-site")
	if resp.StatusCode != 200 || !strings.Contains(body, `lang="de"`) || !strings.Contains(body, `data-theme="dark&#34;&gt;`) || strings.Contains(body, "<b>") || strings.Count(body, "<script") != 1 {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	policy := resp.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "frame-ancestors 'self' "+page) || !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy: %s", policy)
	}
	r.want(200, "POST", "/v1/session", `{}`, "Origin", r.base)
	r.want(200, "POST", "/v1/session", `{}`, "Origin", "https://chat.gateway.test", "Sec-Fetch-Site", "same-origin") // behind a proxy with another name
	r.want(403, "POST", "/v1/session", `{}`, "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site")
	if resp, _ := r.ask("POST", "/frame", ""); resp.StatusCode != 405 {
		t.Errorf("posted: %d", resp.StatusCode)
	}
}

// TestTelling: what a page says of a visitor, and the page itself, comes with the message before which it changed, once.
func TestTelling(t *testing.T) {
	r := newRig(t, goodSettings())
	token := r.session(`{}`)
	n := 0
	say := func(more string) (form map[string]any, on *core.Referral) {
		n++
		r.want(201, "POST", "/messages", `{"text":"x"`+more+`}`, keyed(token, "id-00000"+string(rune('0'+n)))...)
		for _, e := range r.host.Events() {
			switch {
			case !strings.HasPrefix(e.Message.Provider[strings.Index(e.Message.Provider, ".")+1:], "id-00000"+string(rune('0'+n))):
			case e.Message.Content.Kind == core.KindForm:
				form = e.Message.Content.Form.Fields
			default:
				on = e.Message.Content.Referral
			}
		}
		return form, on
	}
	form, on := say(`,"page":"https://www.shop.test/a?q=1","title":"Bikes","attributes":{"plan":"gold","cart":3,"vip":true,"email":"forged@x.test","deep":{"a":1},"":"x","none":null}`)
	if len(form) != 3 || form["plan"] != "gold" || form["cart"] != "3" || form["vip"] != "true" || on == nil || on.URL != "https://www.shop.test/a" || on.Headline != "Bikes" {
		t.Errorf("got %v, %+v", form, on)
	}
	if form, on = say(`,"page":"https://www.shop.test/a","attributes":{"plan":"gold","cart":3,"vip":true}`); form != nil || on != nil {
		t.Errorf("nothing new: %v %+v", form, on)
	}
	if form, on = say(``); form != nil || on != nil { // a client that does not say
		t.Errorf("nothing said: %v %+v", form, on)
	}
	if form, on = say(`,"page":"https://www.shop.test/b","attributes":{"plan":"gold","cart":4}`); len(form) != 2 || form["cart"] != "4" || on == nil || on.URL != "https://www.shop.test/b" {
		t.Errorf("news: %v %+v", form, on)
	}
	if form, _ = say(`,"attributes":{"plan":"gold","cart":3,"vip":true}`); form["cart"] != "3" {
		t.Errorf("as it was before: %v", form)
	}
	many, _ := json.Marshal(map[string]any{strings.Repeat("n", 41): "x", "long": strings.Repeat("é", 500)})
	if form, _ = say(`,"attributes":` + string(many)); len(form) != 1 || len([]rune(form["long"].(string))) != longestID {
		t.Errorf("too much: %v", form)
	}
}

// TestForm: what must be told blocks; what may be is asked for once, before the first words, and an address also while nobody answers.
func TestForm(t *testing.T) {
	for name, c := range map[string]struct {
		settings     []string
		opening      string
		write        bool
		must, offers bool
		asked        []string
	}{
		"nothing to ask":         {nil, `{}`, false, false, false, nil},
		"may be told":            {[]string{keyAsk, "name, email"}, `{}`, false, false, true, []string{"name", "email"}},
		"was asked":              {[]string{keyAsk, "name, email"}, `{"asked":true}`, false, false, false, []string{"name", "email"}},
		"has told":               {[]string{keyAsk, "name"}, `{"fields":{"name":"Ana"}}`, false, false, false, []string{"name"}},
		"has written":            {[]string{keyAsk, "name"}, `{}`, true, false, false, []string{"name"}},
		"must be told":           {[]string{keyAsk, "email*"}, `{}`, false, true, true, []string{"email"}},
		"closed":                 {[]string{keyHours, "Mon-Fri 09:00-17:00"}, `{}`, true, false, true, []string{"email"}},
		"closed, and asks a way": {[]string{keyHours, "Mon-Fri 09:00-17:00", keyAsk, "phone"}, `{}`, true, false, true, []string{"phone"}},
		"closed, and known":      {[]string{keyHours, "Mon-Fri 09:00-17:00"}, `{"fields":{"email":"ana@home.test"}}`, true, false, false, []string{"email"}},
		"open":                   {[]string{keyHours, "Sun 09:00-17:00"}, `{}`, false, false, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, with(c.settings...)) // the host's clock stands on a Sunday at noon
			var asked []string
			if all, ok := r.want(200, "GET", "/config", "")["ask"].([]any); ok {
				for _, f := range all {
					asked = append(asked, f.(map[string]any)["name"].(string))
				}
			}
			s := r.want(200, "POST", "/session", c.opening)
			if c.write {
				r.write(s["token"].(string), "id-000001", "hi")
				s = r.want(200, "POST", "/session", `{}`, bearer(s["token"].(string))...)
			}
			if !slices.Equal(asked, c.asked) || s["ask"] != c.must || s["offer"] != c.offers {
				t.Errorf("asks for %q, must %v, offers %v", asked, s["ask"], s["offer"])
			}
		})
	}
}

// TestAffairs: a stream says who deals with the visitor, that it is over, and that the widget shows what is no longer so.
func TestAffairs(t *testing.T) {
	for _, names := range []string{yes, no} {
		r := newRig(t, with(keyNames, names, keyHours, "Sun 09:00-17:00"))
		token := r.session(`{}`)
		who := core.IdentityKey{Scheme: Scheme, Scope: "shop", Value: r.visitor(token)}
		lena := core.Standing{State: core.ConversationOpen, Agent: "Lena"}
		r.host.Stand(who, lena)
		if got := r.want(200, "POST", "/session", `{}`, bearer(token)...); (got["agent"] == "Lena") != (names == yes) || got["closed"] != false {
			t.Errorf("names %s: got %v", names, got)
		}
		var kinds []string
		r.listen(token, "", func(kind string, _ []line) bool {
			kinds = append(kinds, kind)
			switch kind {
			case "agent":
				r.host.Stand(who, core.Standing{State: core.ConversationClosed, Agent: "Lena"})
				r.link.Hear("news " + seat(who.Value))
			case "closed":
				r.host.SetNow(r.host.Now().Add(6 * 60 * 60e9)) // the business closes
				r.link.Hear("news " + seat(who.Value))
			}
			return kind != "config"
		})
		if want := []string{"agent", "closed", "config"}; !slices.Equal(kinds, want) {
			t.Errorf("names %s: got %q, want %q", names, kinds, want)
		}
	}
}

// TestConfigIsAskedForOnce: a browser that has what there is gets it not again.
func TestConfigIsAskedForOnce(t *testing.T) {
	r := newRig(t, with(keyHours, "Sun 09:00-17:00"))
	resp, _ := r.ask("GET", "/config?locale=de", "")
	tag := resp.Header.Get("ETag")
	if again, body := r.ask("GET", "/config?locale=de", "", "If-None-Match", tag); again.StatusCode != 304 || body != "" {
		t.Errorf("the same: %d %q", again.StatusCode, body)
	}
	if other, _ := r.ask("GET", "/config?locale=ru", "", "If-None-Match", tag); other.StatusCode != 200 {
		t.Errorf("another language: %d", other.StatusCode)
	}
	r.host.SetNow(r.host.Now().Add(6 * 60 * 60e9))
	if later, _ := r.ask("GET", "/config?locale=de", "", "If-None-Match", tag); later.StatusCode != 200 {
		t.Errorf("after hours: %d", later.StatusCode)
	}
	changed, err := Bridge{}.Open(testChannel(), with(keyGreeting, "Hi"), bridgetest.NewHost(t))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := r.link.face, changed.(*link).face; a == b {
		t.Error("another greeting has the same face")
	}
}
