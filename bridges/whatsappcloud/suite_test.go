package whatsappcloud

import (
	"net/http"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta/metatest"
	"causeway/core"
)

func TestSuite(t *testing.T) {
	message := []byte(messages(`{"from":"16505551234","id":"wamid.1","timestamp":"1767225600","type":"text","text":{"body":"hi"}}`))
	two := `{"object":"whatsapp_business_account","entry":[` + entryFor("111111111") + `,` + entryFor("222222222") + `]}`
	bridgetest.Run(t, bridgetest.Case{
		Bridge: Bridge{}, Channel: bridgetest.Channel(Bridge{}, goodSettings()), Settings: goodSettings(), BaseSetting: keyBase,
		Hook: &bridgetest.Hook{Sign: metatest.Signed, Message: message, Two: []byte(two), Accounts: []string{"111111111", "222222222"},
			Forge:   metatest.Forged(message),
			Unknown: []byte(wrap("hologram", `{"x":1}`)), Malformed: []byte(`{"object":`), Samples: bridgetest.Seeds(t),
			Pieces: []string{"entry/*", "entry/*/changes/*", "entry/*/changes/*/value/*messages/*", "entry/*/changes/*/value/message_echoes/*", "entry/*/changes/*/value/calls/*", "entry/*/changes/*/value/statuses/*", "entry/*/changes/*/value/errors/*"}, Vital: vital()},
		Send: &bridgetest.Send{To: []core.IdentityKey{ana}, Files: someFiles(), Refusals: someRefusals(), Contents: someContents(),
			Template: &core.Template{Name: "hello", Language: "en_US", Status: core.TemplateApproved, Components: []core.Component{{Type: "body", Text: "Hi {{1}}"}}}},
		Media: &core.Media{Provider: "4711"}, Act: &core.Act{Action: core.ActionTyping, Target: "wamid.1"}, Templates: true, Setup: true,
		Answer: well,
	})
}

// vital are the members of a message without which nobody can tell whose it is, and those of a call without which nobody can tell who called.
func vital() []string {
	all := []string{"entry/*/*", "entry/*/changes/*/field", "entry/*/changes/*/value", "entry/*/changes/*/value/messages", "entry/*/changes/*/value/message_echoes",
		"entry/*/changes/*/value/calls", "entry/*/changes/*/value/calls/*/event", "entry/*/changes/*/value/calls/*/direction"}
	for _, name := range []string{"id", "from", "from_user_id", "type"} {
		all = append(all, "entry/*/changes/*/value/*/*/"+name)
	}
	return all
}

func entryFor(number string) string {
	return `{"id":"` + wabaID + `","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"phone_number_id":"` + number + `"},
		"messages":[{"from":"16505551234","id":"wamid.` + number + `","timestamp":"1767225600","type":"text","text":{"body":"hi"}}]}}]}`
}

func someFiles() map[core.ContentKind]core.Media {
	return map[core.ContentKind]core.Media{
		core.KindImage: {MIME: "image/jpeg", Name: "a.jpg"}, core.KindVideo: {MIME: "video/mp4"}, core.KindAudio: {MIME: "audio/mpeg"},
		core.KindVoice: {MIME: "audio/ogg"}, core.KindDocument: {MIME: "application/pdf", Name: `a "b".pdf`}, core.KindSticker: {MIME: "image/webp"},
	}
}

func someContents() []core.Content {
	return []core.Content{
		{Kind: core.KindLocation, Location: &core.Location{Latitude: 1, Longitude: 2}},
		{Kind: core.KindContacts, Contacts: []core.Card{{Name: "Ana"}}},
		{Kind: core.KindChoices, Text: "Which?", Choices: &core.Choices{Options: []core.Option{{Title: "a"}, {Title: "b"}}}},
		{Kind: core.KindTemplate, Template: &core.TemplateUse{Name: "hello", Language: "en_US", Values: map[string]string{"body.1": "Ana"}}},
	}
}

func someRefusals() []bridgetest.Refusal {
	wait := http.Header{"Retry-After": {"17"}}
	return append(metatest.Unexplained(), []bridgetest.Refusal{
		{Name: "400 window", Status: 400, Body: metatest.GraphError("131047"), Outcome: core.Rejected, Effect: core.EffectWindow, Code: "131047"},
		{Name: "400 unknown code", Status: 400, Body: metatest.GraphError("777"), Outcome: core.Rejected, Effect: core.EffectFail, Code: "777"},
		{Name: "401 token", Status: 401, Body: metatest.GraphError("190"), Outcome: core.Rejected, Effect: core.EffectPark, Code: "190"},
		{Name: "403 permission", Status: 403, Body: metatest.GraphError("10"), Outcome: core.Rejected, Effect: core.EffectPark, Code: "10"},
		{Name: "403 rate", Status: 403, Body: metatest.GraphError("130429"), Outcome: core.Rejected, Effect: core.EffectSlow, Code: "130429"},
		{Name: "404 wrong number id", Status: 404, Body: `{"error":{"message":"does not exist","code":100,"error_subcode":33}}`, Outcome: core.Rejected, Effect: core.EffectPark, Code: "100"},
		{Name: "429 Graph error with Retry-After", Status: 429, Header: wait, Body: metatest.GraphError("80007"), Outcome: core.Rejected, Effect: core.EffectSlow, Code: "80007", AtLeast: 17},
		{Name: "500 Graph error", Status: 500, Body: metatest.GraphError("131000"), Outcome: core.Rejected, Effect: core.EffectRetry, Code: "131000"},
		{Name: "500 Graph error unknown", Status: 500, Body: metatest.GraphError("777"), Outcome: core.Rejected, Effect: core.EffectRetry, Code: "777"},
		{Name: "200 with an error inside", Status: 200, Body: metatest.GraphError("131026"), Outcome: core.Rejected, Effect: core.EffectFail, Code: "131026"},
		{Name: "200 without an id", Status: 200, Body: `{"messaging_product":"whatsapp","messages":[]}`, Outcome: core.Unknown},
	}...)
}
