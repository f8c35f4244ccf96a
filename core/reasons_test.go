package core

import (
	"strings"
	"testing"
	"time"
)

func TestReasonsAreWhole(t *testing.T) {
	all, err := reasons()
	if err != nil || len(all) == 0 {
		t.Fatalf("%d sentences, %v", len(all), err)
	}
	for english, said := range all {
		for _, language := range []string{"ar", "ru"} {
			s := said[language]
			if s == "" || s == english || strings.Contains(english, "{channel}") && !strings.Contains(s, "{channel}") {
				t.Errorf("%s of %q: %q", language, english, s)
			}
		}
	}
}

func TestReason(t *testing.T) {
	for _, c := range []struct{ language, title, sentence, want string }{
		{"ru", "WhatsApp", "This conversation is closed.", "Этот разговор закрыт."},
		{"ru", "Telegram", "Telegram is not available at the moment.", "Telegram сейчас недоступен."},
		{"ar", "WhatsApp", "WhatsApp has trouble at the moment.", "لدى WhatsApp عطل الآن."},
		{"en", "WhatsApp", "This conversation is closed.", "This conversation is closed."},
		{"fr", "WhatsApp", "This conversation is closed.", "This conversation is closed."},
		{"ru", "", "Nobody has said this yet.", "Nobody has said this yet."},
	} {
		if got := Reason(c.language, c.title, c.sentence); got != c.want {
			t.Errorf("%s: %q, want %q", c.sentence, got, c.want)
		}
	}
}

// What the gate says most can be read by those who read no English.
func TestGateSpeaksOtherLanguages(t *testing.T) {
	text := Content{Kind: KindText, Text: "hello"}
	able := Capabilities{Window: Window{Free: 24 * time.Hour, After: AfterTemplates}}
	for name, q := range map[string]Question{
		"closed":    {Conversation: ConversationClosed},
		"blocked":   {Contact: Contact{Blocked: true}},
		"opted out": {Contact: Contact{OptedOut: true}},
		"broadcast": {Phone: true, Author: Broadcaster()},
		"silent":    {Silence: Silence{All: true}},
		"stranger":  {First: true},
		"parked":    {State: ChannelParked, Window: WindowState{Last: noonish}},
		"over":      {Window: WindowState{Last: noonish.Add(-48 * time.Hour), Closed: noonish}},
		"shared":    {Window: WindowState{Last: noonish.Add(-48 * time.Hour), Closed: noonish}, Shared: true, Phone: true},
	} {
		q.Title, q.Content = "WhatsApp", text
		if q.Capabilities = able; q.First {
			q.Capabilities.Window.After = AfterNothing
		}
		if q.State == "" {
			q.State = ChannelActive
		}
		d := Decide(q, noonish)
		if d.Reason == "" {
			t.Errorf("%s: it may be sent", name)
		}
		for _, s := range []string{d.Reason, d.Remedy} {
			if Reason("ar", q.Title, s) == s || Reason("ru", q.Title, s) == s {
				t.Errorf("%s: %q is English to all", name, s)
			}
		}
	}
}

var noonish = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
