package twilio

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

func TestSuite(t *testing.T) {
	message := []byte(sample())
	wrong := signed(message)
	wrong.Header = http.Header{signHeader: {"AAAAAAAAAAAAAAAAAAAAAAAAAAA="}}
	double := signed(message)
	double.Header = http.Header{signHeader: {double.Header.Get(signHeader), double.Header.Get(signHeader)}}
	elsewhere := signed(message)
	elsewhere.URL = "https://other.example/hooks/1"
	json := signed(message)
	json.Body = []byte(`{"MessageSid":"SM1"}`)
	bridgetest.Run(t, bridgetest.Case{
		Bridge: Bridge{}, Channel: bridgetest.Channel(Bridge{}, goodSettings()), Settings: goodSettings(), BaseSetting: keyBase,
		Hook: &bridgetest.Hook{Sign: signed, Message: message, Two: []byte(sample("To", "+14155550199")), Accounts: []string{"+14155550199"},
			Forge:   map[string]core.WebhookRequest{"another's": wrong, "two signatures": double, "another address": elsewhere, "JSON in place of the form": json, "another method": {Method: "PUT"}},
			Unknown: []byte("EventType=onHologram&x=1"), Malformed: []byte("<html>no form</html>"),
			Samples: samples(t), Form: bridgetest.URLEncoded, Blank: true, Vital: []string{"MessageSid", "SmsSid", "From", "To", "MessageStatus", "SmsStatus"}},
		Send:  &bridgetest.Send{To: []core.IdentityKey{ana}, Files: someFiles(), Refusals: someRefusals(), Contents: someContents(), Template: someTemplate()},
		Media: &core.Media{URL: "/2010-04-01/Accounts/" + accountSID + "/Messages/MM1/Media/ME1"}, Templates: true, Setup: true, Answer: well,
	})
}

// samples are the forms of testdata.
func samples(t *testing.T) [][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.forms")
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, file := range files {
		raw, err := os.ReadFile(file) //nolint:gosec // the test's own data
		if err != nil {
			t.Fatal(err)
		}
		_, forms, _ := bytes.Cut(raw, []byte("\n"))
		all = append(all, bytes.Split(bytes.TrimSpace(forms), []byte("\n"))...)
	}
	return all
}

func someTemplate() *core.Template {
	return &core.Template{ProviderID: "HX0123456789abcdef0123456789abcdef", Name: "order", Language: "en", Status: core.TemplateApproved,
		Components: []core.Component{{Type: "body", Text: "Hello {{1}}"}, {Type: "button", Format: "url", URL: "https://x.example/{{2}}", Index: 0}}}
}

func someContents() []core.Content {
	return []core.Content{
		{Kind: core.KindLocation, Location: &core.Location{Latitude: 52.5, Longitude: 13.4, Name: "Here"}},
		{Kind: core.KindContacts, Contacts: []core.Card{{Name: "Ben", Phones: []core.Labeled{{Value: "+1 650 555 1235"}}}}},
		{Kind: core.KindTemplate, Template: &core.TemplateUse{Name: "order", Language: "en", Values: map[string]string{"body.1": "Ana", "button.0": "42"}}},
	}
}

func someFiles() map[core.ContentKind]core.Media {
	return map[core.ContentKind]core.Media{
		core.KindImage: {MIME: "image/jpeg", Name: "a.jpg"}, core.KindVideo: {MIME: "video/mp4"}, core.KindAudio: {MIME: "audio/mpeg"}, core.KindDocument: {MIME: "application/pdf"},
	}
}

func someRefusals() []bridgetest.Refusal {
	said := func(code string) string {
		return `{"code":` + code + `,"message":"no","more_info":"https://x","status":400}`
	}
	wait := http.Header{"Retry-After": {"17"}}
	return []bridgetest.Refusal{
		{Name: "opted out", Status: 400, Body: said("21610"), Outcome: core.Rejected, Effect: core.EffectStop, Code: "21610"},
		{Name: "bad number", Status: 400, Body: said("21211"), Outcome: core.Rejected, Effect: core.EffectFail, Code: "21211"},
		{Name: "unknown code", Status: 400, Body: said("77777"), Outcome: core.Rejected, Effect: core.EffectFail, Code: "77777"},
		{Name: "window", Status: 400, Body: said("63016"), Outcome: core.Rejected, Effect: core.EffectWindow, Code: "63016"},
		{Name: "401", Status: 401, Body: said("20003"), Outcome: core.Rejected, Effect: core.EffectPark, Code: "20003"},
		{Name: "401 that says little", Status: 401, Body: `{"error":"out of credits"}`, Outcome: core.Rejected, Effect: core.EffectPark, Code: "http-401"},
		{Name: "403", Status: 403, Body: "no", Outcome: core.Rejected, Effect: core.EffectPark, Code: "http-403"},
		{Name: "404", Status: 404, Body: said("20404"), Outcome: core.Rejected, Effect: core.EffectPark, Code: "20404"},
		{Name: "429", Status: 429, Header: wait, Body: said("20429"), Outcome: core.Rejected, Effect: core.EffectSlow, Code: "20429", AtLeast: 17},
		{Name: "429 that says little", Status: 429, Header: wait, Body: "slow", Outcome: core.Rejected, Effect: core.EffectSlow, Code: "http-429", AtLeast: 17},
		{Name: "500", Status: 500, Body: said("20500"), Outcome: core.Unknown, Code: "http-500"},
		{Name: "502", Status: 502, Body: "<html>", Outcome: core.Unknown, Code: "http-502"},
		{Name: "503", Status: 503, Header: wait, Body: said("20503"), Outcome: core.Rejected, Effect: core.EffectRetry, Code: "20503", AtLeast: 17},
		{Name: "201 without an id", Status: 201, Body: "{}", Outcome: core.Unknown},
		{Name: "201 with an error", Status: 201, Body: `{"sid":"SM1","error_code":30007}`, Outcome: core.Rejected, Effect: core.EffectFail, Code: "30007"},
	}
}
