package sms_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"causeway/bridges/sms"
	"causeway/core"
)

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		home, number, text string
		want               sms.Wish
	}{
		{"", "", "STOP", sms.WishStop}, {"", "", " stop. ", sms.WishStop}, {"", "", "\"Stop!\"", sms.WishStop}, {"", "", "stop all", sms.WishStop}, {"", "", "opt-out", sms.WishStop},
		{"", "", "Revoke", sms.WishStop}, {"", "", "OPTOUT", sms.WishStop}, {"", "", "please stop calling", sms.WishNone}, {"", "", "", sms.WishNone}, {"", "", "start", sms.WishStart},
		{"", "", "Help", sms.WishHelp}, {"", "", "info", sms.WishHelp},
		{"FR", "", "arrêt", sms.WishStop}, {"US", "", "baja", sms.WishStop}, {"DE", "", "baja", sms.WishNone}, {"DE", "34612345678", "BAJA", sms.WishStop}, {"DE", "", "Stopp", sms.WishStop},
		{"BR", "", "SAIR", sms.WishStop}, {"RU", "", "стоп", sms.WishStop}, {"IN", "", "रोकें", sms.WishStop}, {"SA", "", "إيقاف", sms.WishStop}, {"SA", "", "ايقاف", sms.WishStop},
		{"TR", "", "iptal", sms.WishStop}, {"TR", "", "İPTAL", sms.WishStop}, {"KR", "", "수신거부", sms.WishStop}, {"CN", "", "td", sms.WishStop}, {"", "", "peru", sms.WishNone},
		{"FI", "", "peru", sms.WishStop}, {"", "", strings.Repeat("stop ", 20), sms.WishNone}, {"XX", "", "weg", sms.WishStop},
	} {
		got, confirm := sms.WordsFor(tt.home, "Weg", " ").Read(tt.text, tt.number)
		if got != tt.want || (got == sms.WishStop || got == sms.WishStart) != (confirm != "") {
			t.Errorf("%q in %q from %q: got %q, confirmed by %q", tt.text, tt.home, tt.number, got, confirm)
		}
	}
}

// TestOptOutData: every language is whole, and every answer says how to turn back in a word that its readers' language knows.
func TestOptOutData(t *testing.T) {
	raw, err := os.ReadFile("optout.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Languages map[string]struct {
			Stop, Start, Help []string
			Stopped, Started  string
		}
		Countries map[string][]string
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	said := func(text string, words []string) bool {
		for _, w := range append(words, "START", "STOP") {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	for code, l := range file.Languages {
		if len(l.Stop) == 0 || len(l.Start) == 0 || !said(l.Stopped, l.Start) || !said(l.Started, l.Stop) {
			t.Errorf("%s is not whole: %+v", code, l)
		}
		if n := core.CountSegments(l.Stopped).Count; n > 2 {
			t.Errorf("%s: the answer takes %d SMS", code, n)
		}
	}
	for country, spoken := range file.Countries {
		if !sms.Region(country) {
			t.Errorf("%s is no country", country)
		}
		for _, code := range spoken {
			if _, ok := file.Languages[code]; !ok {
				t.Errorf("%s speaks %s, which is not there", country, code)
			}
		}
	}
}

func TestPreference(t *testing.T) {
	m := core.Event{Kind: core.EventMessage, ID: "SM1", Account: "a", Peer: core.Peer{Identities: []core.IdentityKey{{Scheme: core.SchemePhone, Value: "34612345678"}}},
		Message: &core.MessageBody{Content: core.Content{Kind: core.KindText, Text: "Baja"}}}
	w := sms.WordsFor("")
	e, ok := w.Preference(m, false)
	if !ok || !e.Preference.Stop || e.Preference.Marketing || !strings.Contains(e.Preference.Confirm, "ALTA") || e.ID == m.ID || len(e.Peer.Identities) != 1 {
		t.Errorf("got %+v %v", e, ok)
	}
	if e, ok := w.Preference(m, true); !ok || e.Preference.Confirm != "" {
		t.Errorf("answered by the provider: got %+v %v", e, ok)
	}
	if m.Message.Content.Text = "ayuda"; true {
		if e, ok := w.Preference(m, false); ok {
			t.Errorf("a call for help changes nothing: %+v", e)
		}
	}
}

func TestPlain(t *testing.T) {
	for want, c := range map[string]core.Content{
		"Shop\nMain St 1\nhttps://maps.google.com/?q=1.5,-2": {Kind: core.KindLocation, Location: &core.Location{Latitude: 1.5, Longitude: -2, Name: "Shop", Address: "Main St 1"}},
		"Ana, ACME, +1, a@b.c":                               {Kind: core.KindContacts, Contacts: []core.Card{{Name: "Ana", Company: "ACME", Phones: []core.Labeled{{Value: "+1"}}, Emails: []core.Labeled{{Value: "a@b.c"}}}}},
		"x":                                                  {Kind: core.KindText, Text: "x"},
		"":                                                   {Kind: core.KindLocation},
	} {
		if got := sms.Plain(c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
