package whatsappcloud

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"

	"pgregory.net/rapid"
)

// sentBody sends over a link that is well and returns the request to /messages.
func sentBody(t *testing.T, out core.Outgoing, pairs ...string) map[string]any {
	t.Helper()
	g := newGraph(t, nil)
	h := bridgetest.NewHost(t)
	h.PutFile("f1", []byte("bytes"))
	if _, err := openLink(t, h, append(pairs, keyBase, g.URL)...).Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	all := g.Calls()
	described(t, all[len(all)-1])
	return all[len(all)-1].JSON(t)
}

// TestRecipient: a person is addressed as they were last seen; one-time codes go to numbers only.
func TestRecipient(t *testing.T) {
	user := core.IdentityKey{Scheme: core.SchemeBSUID, Value: "US.13491208655302741918"}
	name := core.IdentityKey{Scheme: core.SchemeUsername, Value: "ana.p"}
	hello := core.Content{Kind: core.KindText, Text: "hi"}
	code := &core.Template{Name: "code", Language: "en", Category: "authentication", Components: []core.Component{{Type: "body", Text: "{{1}}"}}}
	use := core.Content{Kind: core.KindTemplate, Template: &core.TemplateUse{Name: "code", Language: "en", Values: map[string]string{"body.1": "1"}}}
	for what, c := range map[string]struct {
		to       []core.IdentityKey
		content  core.Content
		template *core.Template
		key      string
		value    string
	}{
		"number":                {[]core.IdentityKey{ana}, hello, nil, "to", "+16505551234"},
		"user id":               {[]core.IdentityKey{user}, hello, nil, "recipient", user.Value},
		"user id first":         {[]core.IdentityKey{user, ana}, hello, nil, "recipient", user.Value},
		"user name is no way":   {[]core.IdentityKey{name, user}, hello, nil, "recipient", user.Value},
		"code to a number":      {[]core.IdentityKey{user, ana}, use, code, "to", "+16505551234"},
		"code to whom there is": {[]core.IdentityKey{user}, use, code, "recipient", user.Value},
	} {
		t.Run(what, func(t *testing.T) {
			b := sentBody(t, core.Outgoing{Key: "k", To: c.to, Content: c.content, Template: c.template})
			other := map[string]string{"to": "recipient", "recipient": "to"}[c.key]
			if b[c.key] != c.value || b[other] != nil || b["biz_opaque_callback_data"] != "k" {
				t.Errorf("got %v", b)
			}
		})
	}
}

// TestLearned: what an answer tells of the recipient is handed on, each once and nothing that was known.
func TestLearned(t *testing.T) {
	g := says(t, map[string]string{"/messages": `{"contacts":[{"input":"+5541988887777","wa_id":"554188887777","user_id":"BR.1"},{"wa_id":"554188887777"}],"messages":[{"id":"wamid.1","message_status":"accepted"}]}`})
	out := core.Outgoing{To: []core.IdentityKey{{Scheme: core.SchemePhone, Value: "5541988887777"}}, Content: core.Content{Kind: core.KindText, Text: "hi"}}
	sent, err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL).Send(t.Context(), out)
	if err != nil || fmt.Sprint(sent.Learned) != "[{phone  554188887777} {bsuid  BR.1}]" {
		t.Errorf("got %+v, %v", sent, err)
	}
}

// TestSpamSlowsAndTells: a limit that a person must look at is told in the channel's health, a mere rate is not.
func TestSpamSlowsAndTells(t *testing.T) {
	for code, told := range map[string]int{"131048": 1, "131064": 1, "130429": 0, "131047": 0} {
		g := says(t, map[string]string{"/messages": refusedCode + code + `}}`})
		h := bridgetest.NewHost(t)
		_, err := openLink(t, h, keyBase, g.URL).Send(t.Context(), core.Outgoing{To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: "hi"}})
		if err == nil || len(h.Healths()) != told {
			t.Errorf("%s: %d times told, %v", code, len(h.Healths()), err)
		}
	}
}

// TestAnyChoices: whatever is offered, Meta's limits hold, no option is lost, and each comes back by its id.
func TestAnyChoices(t *testing.T) {
	l := openLink(t, bridgetest.NewHost(t))
	rapid.Check(t, func(r *rapid.T) {
		word := rapid.StringMatching(`[a-zäश👋🏽 ]{0,40}`)
		c := core.Content{Kind: core.KindChoices, Text: "Which?" + word.Draw(r, "text"), Choices: &core.Choices{Header: word.Draw(r, "header"), Footer: word.Draw(r, "footer"), Label: word.Draw(r, "label")}}
		for i := range rapid.IntRange(1, 14).Draw(r, "options") {
			c.Choices.Options = append(c.Choices.Options, core.Option{Title: fmt.Sprint(i) + strings.TrimSpace(word.Draw(r, "title")), Description: word.Draw(r, "description"), Section: word.Draw(r, "section")})
		}
		b := body{"messaging_product": "whatsapp", "to": "+1"}
		if err := l.fillChoices(r.Context(), b, c, wordsIn("en")); err != nil {
			r.Fatal(err)
		}
		raw, _ := json.Marshal(b)
		for i, o := range c.Choices.Options {
			if strings.Contains(string(raw), `"`+fmt.Sprint(i)+`"`) || strings.Contains(string(raw), fmt.Sprintf(`%d. %s`, i+1, o.Title)) {
				continue
			}
			r.Fatalf("option %d is lost: %s", i, raw)
		}
		var sent struct{ Interactive struct{ Action sentAction } }
		if err := json.Unmarshal(raw, &sent); err != nil {
			r.Fatal(err)
		}
		sent.Interactive.Action.holds(r)
	})
}

type sentAction struct {
	Button   string
	Buttons  []struct{ Reply struct{ Title string } }
	Sections []struct {
		Title string
		Rows  []struct{ Title, Description string }
	}
}

// holds checks Meta's limits.
func (a sentAction) holds(t *rapid.T) {
	short := func(s string, limit int) {
		if n := core.UnitRunes.Len(s); n > limit {
			t.Fatalf("%q has %d characters, allowed are %d", s, n, limit)
		}
	}
	rows := 0
	short(a.Button, maxButtonTitle)
	for _, b := range a.Buttons {
		short(b.Reply.Title, maxButtonTitle)
	}
	for _, s := range a.Sections {
		if short(s.Title, maxSection); len(a.Sections) > 1 && s.Title == "" {
			t.Fatal("one of several sections has no title")
		}
		for _, r := range s.Rows {
			short(r.Title, maxRowTitle)
			short(r.Description, maxRowText)
			rows++
		}
	}
	if len(a.Buttons) > maxButtons || rows > maxRows {
		t.Fatalf("%d buttons, %d rows", len(a.Buttons), rows)
	}
}

// TestQuoteOfAFile: WhatsApp knows a file out of a form by the form's id alone.
func TestQuoteOfAFile(t *testing.T) {
	b := sentBody(t, core.Outgoing{Key: "k", To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: "thanks", Quote: &core.Quote{Provider: "wamid.1#2"}}})
	if id := b["context"].(map[string]any)["message_id"]; id != "wamid.1" {
		t.Errorf("quotes %v", id)
	}
	g := newGraph(t, nil)
	l := openLink(t, bridgetest.NewHost(t), keyBase, g.URL)
	for _, a := range []core.Action{core.ActionRead, core.ActionReaction} {
		if _, err := l.Act(t.Context(), core.Act{Action: a, Key: "k", To: []core.IdentityKey{ana}, Target: "wamid.1#2", Emoji: "👍"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range g.Calls() {
		if strings.Contains(string(c.Body), "#") {
			t.Errorf("sent %s", c.Body)
		}
	}
}

// TestBirthday: what is no whole date is refused by WhatsApp, so it stays out.
func TestBirthday(t *testing.T) {
	for birthday, want := range map[string]any{"1990-02-01": "1990-02-01", "19900201": nil, "--0201": nil, "": nil} {
		b := sentBody(t, core.Outgoing{Key: "k", To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindContacts, Contacts: []core.Card{{Name: "Ana", Birthday: birthday}}}})
		if got := b["contacts"].([]any)[0].(map[string]any)["birthday"]; got != want {
			t.Errorf("%q: sent %v", birthday, got)
		}
	}
}
