package whatsappcloud

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"

	"github.com/getkin/kin-openapi/openapi3"
)

// messageSchema is Meta's own description of a request to /messages; nil where the fixtures are absent.
var messageSchema = sync.OnceValues(func() (*openapi3.Schema, error) {
	raw, err := os.ReadFile(filepath.Join(fixtureFolder, "specs/meta-messages-media.repaired.json"))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, err
	}
	return doc.Components.Schemas["Message"].Value, nil
})

// described holds a call to /messages against Meta's description. Other calls are left alone.
func described(t testing.TB, c bridgetest.Call) {
	t.Helper()
	schema, err := messageSchema()
	if err != nil {
		t.Fatal(err)
	}
	if schema == nil || !strings.HasSuffix(c.Path, "/messages") {
		return
	}
	if err := schema.VisitJSON(any(c.JSON(t))); err != nil {
		t.Errorf("%s\nis not as Meta describes it: %v", c.Body, err)
	}
}

// everyContent is one of all that can be sent.
func everyContent(t testing.TB, h *bridgetest.Host) map[string]core.Outgoing {
	t.Helper()
	picture := &core.Media{ID: "f1", MIME: "image/jpeg", Name: "a.jpg", Size: 5}
	sheet := &core.Media{URL: "https://files.example.com/a.pdf", MIME: "application/pdf"}
	place := &core.Location{Latitude: 1.5, Longitude: -2, Name: "n", Address: "a"}
	file := func(k core.ContentKind, mime string) core.Content {
		return core.Content{Kind: k, Text: "c", Media: &core.Media{ID: "f1", MIME: mime, Size: 5}}
	}
	choices := func(c core.Choices) core.Content {
		return core.Content{Kind: core.KindChoices, Text: "Which?", Choices: &c}
	}
	ten := make([]core.Option, 10)
	for i := range ten {
		ten[i] = core.Option{Title: strings.Repeat("x", i+1), Description: "d", Section: []string{"", "s"}[i%2]}
	}
	card := core.Card{Name: "Ana P", FirstName: "Ana", Company: "C", Title: "T", Birthday: "1990-01-01", Phones: []core.Labeled{{Label: "work", Value: "+16505551234"}},
		Emails: []core.Labeled{{Label: "home", Value: "a@example.com"}}, URLs: []core.Labeled{{Value: "https://a.example"}}, Addresses: []core.Labeled{{Value: "1 Road, Town"}}}
	all := map[string]core.Outgoing{}
	for name, c := range map[string]core.Content{
		"text": {Kind: core.KindText, Text: "see https://a.example"}, "quote": {Kind: core.KindText, Text: "yes", Quote: &core.Quote{Provider: "wamid.1"}},
		"image": {Kind: core.KindImage, Text: "c", Media: picture}, "video": file(core.KindVideo, "video/mp4"), "audio": file(core.KindAudio, "audio/mpeg"),
		"voice": file(core.KindVoice, "audio/ogg"), "document": {Kind: core.KindDocument, Text: "c", Media: sheet}, "sticker": file(core.KindSticker, "image/webp"),
		"location": {Kind: core.KindLocation, Location: place}, "contacts": {Kind: core.KindContacts, Contacts: []core.Card{card, {Phones: card.Phones}}},
		"buttons":             choices(core.Choices{Header: "h", Footer: "f", Options: []core.Option{{Title: "a"}, {Title: "b"}}}),
		"list":                choices(core.Choices{Options: ten}),
		"link":                choices(core.Choices{Style: core.ChoicesLink, Options: []core.Option{{Title: "o", URL: "https://a.example"}}}),
		"place picker":        choices(core.Choices{Style: core.ChoicesLocation}),
		"form":                choices(core.Choices{Style: core.ChoicesForm, Options: []core.Option{{ID: "123"}}}),
		"too many buttons":    choices(core.Choices{Options: append(slices.Clone(ten), ten...)}),
		"picture and buttons": {Kind: core.KindChoices, Text: "Which?", Media: picture, Choices: &core.Choices{Options: []core.Option{{Title: "a"}}}},
	} {
		all[name] = core.Outgoing{Key: "key", To: []core.IdentityKey{ana}, Content: c}
	}
	for name, c := range bridgetest.Everything(t, h, capabilities(defaultRate)) {
		all[name+" of everything"] = core.Outgoing{Key: "key", To: []core.IdentityKey{ana}, Content: c}
	}
	bsuid := all["text"]
	bsuid.To = []core.IdentityKey{{Scheme: core.SchemeBSUID, Value: "US.13491208655302741918"}, ana}
	all["text to a user id"] = bsuid
	return all
}

// everyTemplate is one of each way of filling a template.
func everyTemplate() map[string]core.Outgoing {
	of := func(named bool, use core.TemplateUse, all ...core.Component) core.Outgoing {
		use.Name, use.Language = "t", "en_US"
		return core.Outgoing{Key: "key", To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindTemplate, Template: &use},
			Template: &core.Template{Name: "t", Language: "en_US", Status: core.TemplateApproved, Named: named, Components: all}}
	}
	body := core.Component{Type: "body", Text: "Hi {{1}}, {{2}}"}
	values := map[string]string{"body.1": "a", "body.2": "b", "button.0": "x", "button.1": "y", "button.2": "z", "header.1": "h", "body.first_name": "Ana"}
	file := func(format, mime string) core.Outgoing {
		return of(false, core.TemplateUse{Values: values, Header: &core.Media{ID: "f1", MIME: mime, Size: 5, Name: "n"}}, core.Component{Type: "header", Format: format}, body)
	}
	return map[string]core.Outgoing{
		"bare":            of(false, core.TemplateUse{}, core.Component{Type: "body", Text: "Hi"}, core.Component{Type: "footer", Text: "f"}),
		"positional":      of(false, core.TemplateUse{Values: values}, core.Component{Type: "header", Format: "text", Text: "H {{1}}"}, body),
		"named":           of(true, core.TemplateUse{Values: values}, core.Component{Type: "body", Text: "Hi {{first_name}}"}),
		"image header":    file("image", "image/jpeg"),
		"video header":    file("video", "video/mp4"),
		"document header": file("document", "application/pdf"),
		"place header":    of(false, core.TemplateUse{Values: values, Location: &core.Location{Latitude: 1, Longitude: 2, Name: "n", Address: "a"}}, core.Component{Type: "header", Format: "location"}, body),
		"buttons": of(false, core.TemplateUse{Values: values}, body, core.Component{Type: "button", Format: "quick_reply", Text: "q"},
			core.Component{Type: "button", Format: "url", URL: "https://a.example/{{1}}", Index: 1}, core.Component{Type: "button", Format: "copy_code", Index: 2},
			core.Component{Type: "button", Format: "flow", Index: 3}, core.Component{Type: "button", Format: "phone_number", Index: 4}),
		"one-time code": of(false, core.TemplateUse{Values: values}, body, core.Component{Type: "button", Format: "otp"}),
	}
}

// TestRequestsAreAsDescribed: whatever we send is what Meta's specification allows.
func TestRequestsAreAsDescribed(t *testing.T) {
	bridgetest.Fixture(t, fixtureFolder, "cases.json")
	h := bridgetest.NewHost(t)
	h.PutFile("f1", []byte("bytes"))
	for _, all := range []map[string]core.Outgoing{everyContent(t, h), everyTemplate()} {
		for name, out := range all {
			t.Run(name, func(t *testing.T) {
				g := newGraph(t, nil)
				if _, err := openLink(t, h, keyBase, g.URL).Send(t.Context(), out); err != nil {
					t.Fatal(err)
				}
				calls := g.Calls()
				sent := calls[len(calls)-1]
				if described(t, sent); sent.JSON(t)["biz_opaque_callback_data"] != "key" {
					t.Errorf("the key is not in %s", sent.Body)
				}
			})
		}
	}
	for _, a := range []core.Action{core.ActionRead, core.ActionTyping, core.ActionReaction} {
		t.Run(string(a), func(t *testing.T) {
			g := newGraph(t, nil)
			act := core.Act{Action: a, Key: "key", To: []core.IdentityKey{ana}, Target: "wamid.1", Emoji: "👍"}
			if _, err := openLink(t, h, keyBase, g.URL).Act(t.Context(), act); err != nil {
				t.Fatal(err)
			}
			described(t, g.Calls()[0])
		})
	}
}

// TestAccountCallsAreAsDescribed: the calls beside messages go where Meta's specification has them, and carry what it says.
func TestAccountCallsAreAsDescribed(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(bridgetest.Fixture(t, fixtureFolder, "specs/meta-business-messaging-api_v23.0.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	g := newGraph(t, nil)
	l := openLink(t, bridgetest.NewHost(t), keyBase, g.URL)
	if err := l.Subscribe(t.Context(), "https://gateway.example/hooks/1"); err != nil {
		t.Fatal(err)
	}
	l.Check(t.Context())
	if _, err := l.Templates(t.Context()); err != nil {
		t.Fatal(err)
	}
	names := strings.NewReplacer("/v25.0", "/{Version}", numberID, "{Phone-Number-ID}", wabaID, "{WABA-ID}")
	seen := 0
	for _, c := range g.Calls() {
		path := names.Replace(c.Path)
		item := doc.Paths.Find(path)
		if item == nil || item.GetOperation(c.Method) == nil {
			if !slices.Contains([]string{"/{Version}/debug_token", "/{Version}/me/permissions"}, path) { // of the Graph interface at large, not in this file
				t.Errorf("%s %s is not in the description", c.Method, path)
			}
			continue
		}
		seen++
		if c.Method != "POST" {
			continue
		}
		var body any
		if err := json.Unmarshal(c.Body, &body); err != nil {
			t.Fatal(err)
		}
		if err := item.GetOperation(c.Method).RequestBody.Value.Content["application/json"].Schema.Value.VisitJSON(body); err != nil {
			t.Errorf("%s %s: %s is not as described: %v", c.Method, path, c.Body, err)
		}
	}
	if seen < 4 {
		t.Errorf("only %d calls were held against the description", seen)
	}
}
