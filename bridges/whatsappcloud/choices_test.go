package whatsappcloud

import (
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestChoicesAtTheirLimits: what WhatsApp takes no more goes in the next best way.
func TestChoicesAtTheirLimits(t *testing.T) {
	long := strings.Repeat("x", maxBody+1)
	link := core.Choices{Style: core.ChoicesLink, Options: []core.Option{{Title: "Shop", URL: "https://a.example"}}}
	picks := func(id string) core.Choices { return core.Choices{Options: []core.Option{{Title: "a", ID: id}}} }
	rows := func(id string) core.Choices {
		return core.Choices{Options: []core.Option{{Title: "a", Description: "first", ID: id}, {Title: "b"}}}
	}
	for name, c := range map[string]struct {
		text string
		ch   core.Choices
		kind string
		says string
	}{
		"a link":             {long[1:], link, "cta_url", long[1:]},
		"a link below more":  {long, link, "text", long + "\n\nShop: https://a.example"},
		"a place asked for":  {long, core.Choices{Style: core.ChoicesLocation}, "text", long},
		"the id of a button": {"Which?", picks(long[:maxButtonID]), "button", "Which?"},
		"a longer id":        {"Which?", picks(long[:maxButtonID+1]), "text", "Which?\n\n1. a"},
		"the id of a row":    {"Which?", rows(long[:maxRowID]), "list", "Which?"},
		"a longer one":       {"Which?", rows(long[:maxRowID+1]), "text", "Which?\n\n1. a – first\n2. b"},
		"an id twice":        {"Which?", core.Choices{Options: []core.Option{{Title: "a", ID: "1"}, {Title: "b"}}}, "text", "Which?\n\n1. a\n2. b"},
		"a blank title":      {"Which?", core.Choices{Options: []core.Option{{Title: " "}}}, "text", "Which?\n\n1."},
		"an address":         {"Which?", core.Choices{Header: "Shop", Footer: "Bye", Options: []core.Option{{Title: "a"}, {Title: "b", URL: "https://b.example"}}}, "text", "*Shop*\n\nWhich?\n\n1. a\n2. b: https://b.example\n\n_Bye_"},
	} {
		t.Run(name, func(t *testing.T) {
			got := sentBody(t, core.Outgoing{Key: "k", To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindChoices, Text: c.text, Choices: &c.ch}})
			kind, says := got["type"], ""
			switch sent := got[got["type"].(string)].(map[string]any); kind {
			case "text":
				says = sent["body"].(string)
			default:
				kind, says = sent["type"], sent["body"].(map[string]any)["text"].(string)
			}
			if kind != c.kind || says != c.says {
				t.Errorf("got %v %q, want %s %q", kind, says, c.kind, c.says)
			}
		})
	}
	form := core.Content{Kind: core.KindChoices, Text: long, Choices: &core.Choices{Style: core.ChoicesForm, Options: []core.Option{{ID: "1"}}}}
	g := newGraph(t, nil)
	if _, err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL).Send(t.Context(), core.Outgoing{Key: "k", To: []core.IdentityKey{ana}, Content: form}); err == nil {
		t.Error("a form below too long a text was sent")
	}
}
