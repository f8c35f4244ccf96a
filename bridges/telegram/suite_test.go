package telegram

import (
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

const minimal = `{"update_id":1,"message":{"message_id":7,"date":1767225600,"from":{"id":12345,"is_bot":false,"first_name":"Ana"},"chat":{"id":12345,"type":"private"},"text":"hi"}}`

func forged() map[string]core.WebhookRequest {
	with := func(values ...string) core.WebhookRequest {
		r := shown([]byte(minimal))
		r.Header[http.CanonicalHeaderKey(secretHeader)] = values
		return r
	}
	get := shown([]byte(minimal))
	get.Method = http.MethodGet
	query := with()
	query.Query = map[string][]string{"secret_token": {plantedVerify}}
	return map[string]core.WebhookRequest{"wrong": with("planted-webhook-secret-0000000000"), "cut": with(plantedVerify[:20]), "empty": with(""), "twice": with(plantedVerify, plantedVerify),
		"longer": with(plantedVerify + "x"), "in the query": query, "another method": get}
}

func TestSuite(t *testing.T) {
	c := suiteCase()
	c.Hook = &bridgetest.Hook{Sign: shown, Token: true, Message: []byte(minimal), Forge: forged(),
		Unknown: []byte(`{"update_id":2,"hologram":{"x":1}}`), Malformed: []byte(`{"update_id":`),
		Samples: bridgetest.Apart(t, bridgetest.Seeds(t)...), Pieces: []string{"*message*", "callback_query", "business_connection"}, Vital: vital()}
	c.Setup = true
	bridgetest.Run(t, c)
}

// vital are the members of an update without which nobody can tell which message it is about and whose.
func vital() []string {
	all := []string{"*/id", "*/data", "*/direct_messages_topic", "*/direct_messages_topic/topic_id"}
	for _, name := range []string{"message_id", "chat", "chat/id", "chat/type", "from", "from/id", "from/is_bot", "sender_chat", "business_connection_id"} {
		all = append(all, "*/"+name, "callback_query/message/"+name)
	}
	return all
}

func TestSuitePolling(t *testing.T) {
	c := suiteCase()
	c.Settings.Values[keyReceive] = receivePolling
	c.Session = &bridgetest.Session{Serve: waiting}
	c.Answer = func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/getWebhookInfo") {
			say(w, `{"url":"","has_custom_certificate":false,"pending_update_count":3}`)
			return
		}
		handler(w, r)
	}
	bridgetest.Run(t, c)
}

// waiting has one message waiting; Telegram is told by the next offset that it was taken.
func waiting(acknowledged func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, _ := readCall(r)
		offset, _ := c.Fields["offset"].(float64)
		switch {
		case c.Method != "getUpdates":
			well(w, c)
		case offset > 1:
			acknowledged()
			<-r.Context().Done()
		default:
			say(w, "["+minimal+"]")
		}
	}
}

func TestSuiteBusiness(t *testing.T) {
	c := suiteCase()
	c.Setup = true
	c.Settings.Values[keyBusiness] = yes
	c.Send.To = []core.IdentityKey{anaOwner, ana}
	c.Act = &core.Act{Action: core.ActionRead, Target: "12345/7@conn-1", To: c.Send.To}
	c.Hook = &bridgetest.Hook{Sign: shown, Token: true, Message: []byte(strings.Replace(minimal, `"message"`, `"business_message"`, 1)),
		Forge: forged(), Unknown: []byte(`{"update_id":2,"business_hologram":{"x":1}}`), Malformed: []byte(`[`),
		Samples: [][]byte{[]byte(strings.Replace(minimal, `"message"`, `"business_message"`, 1))}, Pieces: []string{"*message*", "callback_query", "business_connection"}, Vital: vital()}
	bridgetest.Run(t, c)
}

func suiteCase() bridgetest.Case {
	return bridgetest.Case{
		Bridge: Bridge{}, Channel: bridgetest.Channel(Bridge{}, goodSettings()), Settings: goodSettings(), BaseSetting: keyBase,
		Send:  &bridgetest.Send{To: []core.IdentityKey{ana}, Files: someFiles(), Contents: someContents(), Refusals: someRefusals()},
		Media: &core.Media{Provider: "4711"}, Act: &core.Act{Action: core.ActionTyping, Target: "12345/7", To: []core.IdentityKey{ana}},
		Answer: handler,
	}
}

func someFiles() map[core.ContentKind]core.Media {
	return map[core.ContentKind]core.Media{
		core.KindImage: {MIME: "image/jpeg", Name: "a.jpg"}, core.KindVideo: {MIME: "video/mp4"}, core.KindAudio: {MIME: "audio/mpeg"},
		core.KindVoice: {MIME: "audio/ogg"}, core.KindDocument: {MIME: "application/pdf", Name: `a "b".pdf`}, core.KindSticker: {MIME: "image/webp"},
	}
}

func someContents() []core.Content {
	return []core.Content{
		{Kind: core.KindLocation, Location: &core.Location{Latitude: 52.5, Longitude: 13.4, Name: "Shop", Address: "Street 1"}},
		{Kind: core.KindContacts, Contacts: []core.Card{{Name: "Bo", Phones: []core.Labeled{{Value: "+15551234567"}}}}},
		{Kind: core.KindChoices, Text: "Which?", Choices: &core.Choices{Options: []core.Option{{ID: "a", Title: "A"}, {ID: "b", Title: "B"}}}},
	}
}

func someRefusals() []bridgetest.Refusal {
	no := func(code, words string) string {
		return `{"ok":false,"error_code":` + code + `,"description":"` + words + `"}`
	}
	html := "<html>" + strings.Repeat("x", 100) + "</html>"
	wait := http.Header{"Retry-After": {"17"}}
	return []bridgetest.Refusal{
		{Name: "400 chat not found", Status: 400, Body: no("400", "Bad Request: chat not found"), Outcome: core.Rejected, Effect: core.EffectFail, Code: "400"},
		{Name: "400 unknown words", Status: 400, Body: no("400", "Bad Request: HOLOGRAM_INVALID"), Outcome: core.Rejected, Effect: core.EffectFail, Code: "400"},
		{Name: "400 window", Status: 400, Body: no("400", "Bad Request: BUSINESS_PEER_USAGE_MISSING"), Outcome: core.Rejected, Effect: core.EffectWindow, Code: "400"},
		{Name: "401 token", Status: 401, Body: no("401", "Unauthorized"), Outcome: core.Rejected, Effect: core.EffectPark, Code: "401"},
		{Name: "401 of a proxy", Status: 401, Body: html, Outcome: core.Rejected, Effect: core.EffectPark, Code: "http-401"},
		{Name: "403 blocked", Status: 403, Body: no("403", "Forbidden: bot was blocked by the user"), Outcome: core.Rejected, Effect: core.EffectBlock, Code: "403"},
		{Name: "403 unknown words", Status: 403, Body: no("403", "Forbidden: no holograms"), Outcome: core.Rejected, Effect: core.EffectFail, Code: "403"},
		{Name: "404 token", Status: 404, Body: no("404", "Not Found"), Outcome: core.Rejected, Effect: core.EffectPark, Code: "404"},
		{Name: "404 of a proxy", Status: 404, Body: html, Outcome: core.Rejected, Effect: core.EffectPark, Code: "http-404"},
		{Name: "409 another program", Status: 409, Body: no("409", "Conflict: terminated by other getUpdates request"), Outcome: core.Rejected, Effect: core.EffectPark, Code: "409"},
		{Name: "413 of a proxy", Status: 413, Body: html, Outcome: core.Rejected, Effect: core.EffectFail, Code: "http-413"},
		{Name: "429 retry_after", Status: 429, Body: `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 14","parameters":{"retry_after":14}}`,
			Outcome: core.Rejected, Effect: core.EffectSlow, Code: "429", AtLeast: 14},
		{Name: "429 of a proxy", Status: 429, Header: wait, Body: html, Outcome: core.Rejected, Effect: core.EffectSlow, Code: "http-429", AtLeast: 17},
		{Name: "500 Telegram's own", Status: 500, Body: no("500", "Internal Server Error"), Outcome: core.Rejected, Effect: core.EffectRetry, Code: "500"},
		{Name: "500 while it restarts", Status: 500, Body: no("500", "Internal Server Error: restart"), Outcome: core.Unknown, Code: "500"},
		{Name: "500 unreadable", Status: 500, Body: "oops", Outcome: core.Unknown, Code: "http-500"},
		{Name: "502 of Telegram's front", Status: 502, Body: no("502", "Bad Gateway"), Outcome: core.Unknown, Code: "502"},
		{Name: "504 of Telegram's front", Status: 504, Body: no("504", "Gateway Timeout"), Outcome: core.Unknown, Code: "504"},
		{Name: "503 of Telegram's front", Status: 503, Body: no("503", "Service Unavailable"), Outcome: core.Rejected, Effect: core.EffectRetry, Code: "503"},
		{Name: "502 unreadable", Status: 502, Body: html, Outcome: core.Unknown, Code: "http-502"},
		{Name: "503 unreadable", Status: 503, Header: wait, Body: html, Outcome: core.Rejected, Effect: core.EffectRetry, Code: "http-503", AtLeast: 17},
		{Name: "504 unreadable", Status: 504, Body: html, Outcome: core.Unknown, Code: "http-504"},
		{Name: "200 with a refusal inside", Status: 200, Body: no("400", "Bad Request: message is too long"), Outcome: core.Rejected, Effect: core.EffectFail, Code: "400"},
		{Name: "200 without an id", Status: 200, Body: `{"ok":true,"result":{}}`, Outcome: core.Unknown},
		{Name: "200 with nothing", Status: 200, Body: `{}`, Outcome: core.Unknown, Code: "http-200"},
	}
}
