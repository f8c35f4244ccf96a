package bridgetest

import (
	"strconv"
	"testing"

	"causeway/core"
)

// Everything is one of all that capabilities say can be sent: each kind of file, by its bytes and by a public link, bare and with words; and each other kind
// but templates, which need a definition. A kind that nobody wrote a sample of fails the test.
func Everything(t testing.TB, h *Host, can core.Capabilities) map[string]core.Content {
	t.Helper()
	all := map[string]core.Content{"text": {Kind: core.KindText, Text: "Hi *Ana* <& https://shop.example/?a=1&b=2 مرحبا 👩🏽‍🚒"},
		"quote": {Kind: core.KindText, Text: "yes", Quote: &core.Quote{Provider: "12345/7"}}}
	for kind, rule := range can.Media {
		for name, m := range filesOf(h, kind, rule) {
			all[string(kind)+name] = core.Content{Kind: kind, Media: &m}
			if rule.Caption {
				all[string(kind)+name+" with words"] = core.Content{Kind: kind, Media: &m, Text: "look: *this* <"}
			}
		}
	}
	for _, kind := range can.Kinds {
		some := sampleOf(kind, can)
		if some == nil && kind != core.KindTemplate {
			t.Fatalf("there is no sample of %s: write one", kind)
		}
		for n, c := range some {
			all[string(kind)+" "+strconv.Itoa(n)] = c
		}
	}
	return all
}

// filesOf are a file of each type that a kind can have, by its bytes and by a link.
func filesOf(h *Host, kind core.ContentKind, rule core.MediaRule) map[string]core.Media {
	types := rule.MIME
	if len(types) == 0 {
		types = []string{"application/pdf"}
	}
	all := map[string]core.Media{}
	for _, mime := range types {
		id := core.MediaID(string(kind) + "/" + mime)
		h.PutFile(id, []byte("bytes"))
		all[" "+mime] = core.Media{ID: id, MIME: mime, Name: `a "b".x`, Size: 5}
		all[" "+mime+" by link"] = core.Media{URL: "https://files.example/a", MIME: mime, Name: "a.x"}
	}
	return all
}

func sampleOf(kind core.ContentKind, can core.Capabilities) []core.Content {
	switch kind {
	case core.KindLocation:
		return []core.Content{{Kind: kind, Location: &core.Location{Latitude: 52.5, Longitude: -13.4}},
			{Kind: kind, Location: &core.Location{Latitude: 52.5, Longitude: 13.4, Name: "Shop", Address: "Street 1", URL: "https://maps.example/1"}}}
	case core.KindContacts:
		return []core.Content{{Kind: kind, Contacts: []core.Card{{Name: "Bo", Phones: []core.Labeled{{Label: "work", Value: "+15551234567"}}}}},
			{Kind: kind, Contacts: []core.Card{{Name: "Bo Li", FirstName: "Bo", LastName: "Li", Company: "C", Title: "T", Birthday: "1990-01-01", Phones: []core.Labeled{{Value: "+15551234567"}},
				Emails: []core.Labeled{{Value: "bo@home.example"}}, URLs: []core.Labeled{{Value: "https://bo.example"}}, Addresses: []core.Labeled{{Value: "1 Road, Town"}}}}}}
	case core.KindChoices:
		return choicesUpTo(max(can.Buttons, can.ListRows))
	default:
		return nil
	}
}

// choicesUpTo are the sorts of choices, from one up to as many as a channel shows.
func choicesUpTo(most int) []core.Content {
	options := make([]core.Option, most)
	for n := range options {
		options[n] = core.Option{ID: "id-" + strconv.Itoa(n), Title: "Option " + strconv.Itoa(n)}
	}
	of := func(c core.Choices) core.Content {
		return core.Content{Kind: core.KindChoices, Text: "Which?", Choices: &c}
	}
	return []core.Content{of(core.Choices{Options: options[:1]}), of(core.Choices{Options: options[:min(2, most)], Header: "Head", Footer: "Foot"}), of(core.Choices{Options: options}),
		of(core.Choices{Style: core.ChoicesLink, Options: []core.Option{{Title: "Open", URL: "https://shop.example/a"}}})}
}
