package forward_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/forward"
)

var update = flag.Bool("update", false, "write the golden files anew")

var changing = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`(?s)^.*<div dir="[a-z]+" style="color:#767676;font-size:12px;margin-bottom:14px">`), "…"},
	{regexp.MustCompile(` style="[^"]*"`), ""},
}

func stable(s string) string {
	for _, c := range changing {
		s = c.pattern.ReplaceAllString(s, c.with)
	}
	return s
}

// golden compares the mails of a case, in all languages, with what a person has read and found right.
func golden(t *testing.T, name string, letters ...forward.Letter) {
	t.Helper()
	var b strings.Builder
	for _, l := range letters {
		b.WriteString("=== from " + l.From.Name + " to " + l.To.Name + ": " + l.Subject + "\n" + stable(l.Text))
		for _, f := range l.Files {
			b.WriteString("[file " + f.Name + " " + f.MIME + "]\n")
		}
		b.WriteString("=== html\n" + stable(l.HTML))
	}
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("%s differs; if it is right, run with -update\n%s", path, got)
	}
}

// all returns the newest mail to each agent.
func (h *house) all() []forward.Letter {
	h.Helper()
	return []forward.Letter{h.last("Lena"), h.last("Omar"), h.last("Olga")}
}

func TestLetters(t *testing.T) {
	media := func(kind core.ContentKind, mime, name, caption string) core.Content {
		return core.Content{Kind: kind, Text: caption, Media: &core.Media{Provider: "m1", MIME: mime, Name: name}}
	}
	for _, c := range []struct {
		name    string
		content core.Content
		data    string // of its file
	}{
		{"text", text("Hello,\nis the <b>blue</b> bicycle still there?"), ""},
		{"arabic", text("مرحبا، هل الدراجة متوفرة؟\nWhatsApp رقم 12"), ""},
		{"image", media(core.KindImage, "image/jpeg", "", "this one"), "jpeg data"},
		{"large-document", media(core.KindDocument, "application/pdf", "contract.pdf", ""), strings.Repeat("x", 101)},
		{"voice", media(core.KindVoice, "audio/ogg", "", ""), "ogg"},
		{"sticker", core.Content{Kind: core.KindSticker, Media: &core.Media{Provider: "m1", MIME: "image/webp", Animated: true}}, "webp"},
		{"location", core.Content{Kind: core.KindLocation, Location: &core.Location{Latitude: 24.7136, Longitude: 46.6753, Name: "Kingdom Centre", Address: "Riyadh"}}, ""},
		{"contacts", core.Content{Kind: core.KindContacts, Contacts: []core.Card{{Name: "Ali; Hassan", Company: "Acme, Inc.", Phones: []core.Labeled{{Label: "WORK", Value: "+966 50 123"}},
			Emails: []core.Labeled{{Value: "ali@example.com"}}}}}, ""},
		{"choice", core.Content{Kind: core.KindChoice, Text: "Blue", Choice: &core.Choice{ID: "1", Title: "Blue", Description: "the cheap one"}}, ""},
		{"order", core.Content{Kind: core.KindOrder, Text: "by Friday please", Order: &core.Order{Items: []core.OrderItem{{Product: "sku-1", Quantity: "2", Price: "9.90", Currency: "SAR"}}}}, ""},
		{"form", core.Content{Kind: core.KindForm, Form: &core.Form{Name: "booking", Fields: map[string]any{"day": "Sunday", "flow_token": "x", "people": 4}}}, ""},
		{"unsupported", core.Content{Kind: core.KindUnsupported, Unsupported: &core.Unsupported{Type: "poll", Code: 131051, Detail: "Message type unknown"}}, ""},
		{"referral", core.Content{Kind: core.KindText, Text: "price?", Forwarded: true, Referral: &core.Referral{Source: "ad", Headline: "Summer sale", URL: "https://fb.me/x"}}, ""},
		{"system", core.Content{Kind: core.KindSystem, Text: "The customer changed to a new number."}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			h.forwardTo("Lena", "Omar", "Olga")
			h.says(c.content)
			if c.data != "" {
				h.fetched(c.data)
			}
			h.settle()
			golden(t, c.name, h.all()...)
		})
	}
}

func TestLettersOfConversation(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena", "Omar", "Olga")
	first := h.says(text("Is it open on Sunday?"))
	h.settle()
	h.says(core.Content{Kind: core.KindText, Text: "and this?", Quote: &core.Quote{Provider: first}})
	h.settle()
	golden(t, "quote", h.all()...)
	h.accept(h.event(core.EventReaction, core.Event{Reaction: &core.ReactionBody{Target: first, Emoji: "👍"}}))
	h.settle()
	golden(t, "reaction", h.all()...)
	h.accept(h.event(core.EventEdit, core.Event{Edit: &core.EditBody{Target: first, Content: text("Is it open on Monday?")}}))
	h.settle()
	golden(t, "edit", h.all()...)
	h.accept(h.event(core.EventRevoke, core.Event{Revoke: &core.RevokeBody{Target: first}}))
	h.settle()
	golden(t, "revoke", h.all()...)
	e := h.event(core.EventMessage, core.Event{Origin: core.OriginDevice, Message: &core.MessageBody{Provider: "wamid.echo", Content: text("Come on Monday")}})
	h.accept(e)
	h.settle()
	golden(t, "phone", h.all()...)
	if n := len(h.relay.to(h.agents["Lena"])); n != 6 {
		t.Errorf("%d mails, want 6", n)
	}
	for _, l := range h.relay.to(h.agents["Lena"]) {
		if l.Subject != "Grace Miller (WhatsApp) #1" {
			t.Errorf("subject %q", l.Subject)
		}
	}
}

// What the business sent by its phone can be anything that its app offers.
func TestPhoneEchoes(t *testing.T) {
	h := newHouse(t)
	h.templates()
	h.forwardTo("Lena")
	h.says(text("hello"))
	h.settle()
	for i, c := range []struct {
		content core.Content
		want    []string
	}{
		{core.Content{Kind: core.KindChoices, Text: "Which colour?", Choices: &core.Choices{Options: []core.Option{{Title: "Blue"}, {Title: "Site", URL: "https://a.example"}}}},
			[]string{"Which colour?", "• Blue\n• Site https://a.example"}},
		{core.Content{Kind: core.KindTemplate, Template: &core.TemplateUse{Name: "followup", Language: "en_US", Values: map[string]string{"body.1": "Grace", "body.2": "it"}}},
			[]string{"Template: followup", "Hello Grace, about it: please write back."}},
		{core.Content{Kind: core.KindText, Text: "this one", Quote: &core.Quote{Provider: "unknown", Product: "sku-9"}}, []string{"About the product sku-9", "this one"}},
	} {
		h.accept(h.event(core.EventMessage, core.Event{Origin: core.OriginDevice, Message: &core.MessageBody{Provider: "echo" + string(rune('a'+i)), Content: c.content}}))
		h.settle()
		l := h.last("Lena")
		for _, want := range append(c.want, "Sent from the phone") {
			if !strings.Contains(l.Text, want) {
				t.Errorf("%q is not in\n%s", want, l.Text)
			}
		}
	}
	l := h.last("Lena")
	for _, want := range []string{"The business phone", "[Template: followup]", "[Offered to choose from] Which colour?"} {
		if !strings.Contains(l.Text, want) {
			t.Errorf("%q is not in\n%s", want, l.Text)
		}
	}
}

// A placeholder that another transport could read later is mailed with its file.
func TestPlaceholderFilled(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	id := h.says(core.Content{Kind: core.KindUnsupported, Unsupported: &core.Unsupported{Type: "unknown", Code: 131060}})
	h.settle()
	e := h.event(core.EventMessage, core.Event{Message: &core.MessageBody{Provider: id, Content: core.Content{Kind: core.KindImage, Text: "look", Media: &core.Media{Provider: "m9", MIME: "image/png", Name: "late.png"}}}})
	h.accept(e)
	h.fetched("late data")
	h.settle()
	if l := h.last("Lena"); !strings.Contains(l.Text, "late.png") || !strings.Contains(l.Text, "look") || string(h.relay.files["late.png"]) != "late data" ||
		!strings.Contains(l.Text, "that could not be shown is here now") {
		t.Errorf("%s", l.Text)
	}
}

func TestFooter(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(h *house)
		want    string
	}{
		{"no window", func(h *house) { h.link.can.Window = core.Window{} }, "You can answer at any time."},
		{"nothing after it", func(h *house) { h.link.can.Window.After = core.AfterNothing; h.clock = noon.Add(25 * time.Hour) }, "over until the customer writes again"},
		{"templates after it", func(h *house) { h.clock = noon.Add(25 * time.Hour) }, "now takes only approved templates"},
		{"parked", func(h *house) {
			h.must(h.repo.SetChannelState(h.Context(), h.channel.ID, core.ChannelParked, core.Health{}))
		}, "The channel cannot send now"},
		{"opted out", func(h *house) {
			c, err := h.repo.Contact(h.Context(), h.conversation().Contact)
			h.must(err)
			c.OptedOut = true
			h.must(h.repo.SetContact(h.Context(), c))
		}, "does not want messages here"},
		{"closed", func(h *house) {
			c := h.conversation()
			c.State, c.Closed = core.ConversationClosed, noon
			h.must(h.repo.SetConversation(h.Context(), c))
		}, "This conversation is closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			h.forwardTo("Lena")
			h.says(text("hello"))
			c.prepare(h)
			h.settle()
			if l := h.last("Lena"); !strings.Contains(l.Text, c.want) {
				t.Errorf("%s", l.Text)
			}
		})
	}
}
