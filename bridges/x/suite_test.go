package x

import (
	"net/http"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

const minimal = `{"for_user_id":"` + account + `","direct_message_events":[{"type":"message_create","id":"1062015437679050760","created_timestamp":"1767225600000",` +
	`"message_create":{"target":{"recipient_id":"` + account + `"},"sender_id":"` + customer + `","message_data":{"text":"hi"}}}]}`

const foreign = `{"for_user_id":"777","direct_message_events":[{"type":"message_create","id":"1062015437679050761","created_timestamp":"1767225600000",` +
	`"message_create":{"target":{"recipient_id":"777"},"sender_id":"` + customer + `","message_data":{"text":"hi"}}}]}`

func TestSuite(t *testing.T) { bridgetest.Run(t, suiteCase(t)) }

// TestSuiteVersion1: the same, with what only version 1.1 has.
func TestSuiteVersion1(t *testing.T) {
	c := suiteCase(t)
	c.Settings.Values[keyVersion1] = yes
	c.Act = &core.Act{Action: core.ActionRead, To: []core.IdentityKey{ana}, Target: "1062015437679050760"}
	c.Send.Contents = []core.Content{{Kind: core.KindChoices, Text: "Which?", Choices: &core.Choices{Options: []core.Option{{Title: "Blue"}, {ID: "red", Title: "Red"}}}}}
	bridgetest.Run(t, c)
}

func suiteCase(t *testing.T) bridgetest.Case {
	t.Helper()
	get := shown([]byte(minimal))
	get.Method = http.MethodGet
	twice := shown([]byte(minimal))
	for k, v := range twice.Header {
		twice.Header[k] = []string{v[0], v[0]}
	}
	asked := core.WebhookRequest{Method: http.MethodGet, Query: map[string][]string{"crc_token": {minimal}}}
	word := shown([]byte("a.word-of-our+own=")) // what anybody could have had signed by the challenge
	return bridgetest.Case{
		Bridge: Bridge{}, Channel: bridgetest.Channel(Bridge{}, goodSettings()), Settings: goodSettings(), BaseSetting: keyBase,
		Hook: &bridgetest.Hook{Sign: shown, Message: []byte(minimal), Two: []byte(foreign), Accounts: []string{"777"},
			Forge: map[string]core.WebhookRequest{"another's": signedBy("another-secret-0123456789", []byte(minimal)), "another method": get, "two signatures": twice,
				"a webhook as the challenge": asked, "a challenge as the webhook": word},
			Unknown: []byte(`{"for_user_id":"` + account + `","hologram_events":[{"id":"1"}]}`), Malformed: []byte(`{"direct_message_events":[`),
			Samples: bridgetest.Apart(t, bridgetest.Seeds(t)...), Pieces: []string{"*_event*/[0-9]*"},
			Vital: []string{"*/*/id", "*/*/type", "*/*/message_create", "*/*/message_create/sender_id", "*/*/message_create/target", "*/*/message_create/target/recipient_id"}},
		Send: &bridgetest.Send{To: []core.IdentityKey{ana}, Refusals: someRefusals(),
			Files: map[core.ContentKind]core.Media{core.KindImage: {MIME: "image/jpeg", Name: "a.jpg"}, core.KindVideo: {MIME: "video/mp4"}}},
		Media: &core.Media{URL: "/1.1/ton/data/dm/1/2/a.jpg"}, Setup: true, Answer: well,
	}
}

func someRefusals() []bridgetest.Refusal {
	said := func(code string) string { return `{"errors":[{"code":` + code + `,"message":"no"}]}` }
	problem := func(name string) string {
		return `{"title":"No","detail":"no","status":403,"type":"https://api.twitter.com/2/problems/` + name + `"}`
	}
	// The double of the gateway lives in March 2026.
	reset := http.Header{"X-Rate-Limit-Remaining": {"0"}, "X-Rate-Limit-Reset": {"1772366517"}}
	day := http.Header{"X-Rate-Limit-Remaining": {"3"}, "X-Rate-Limit-Reset": {"1772366417"}, "X-User-Limit-24hour-Remaining": {"0"}, "X-User-Limit-24hour-Reset": {"1772370000"}}
	rejected := core.Rejected
	return []bridgetest.Refusal{
		{Name: "88", Status: 429, Header: reset, Body: said("88"), Outcome: rejected, Effect: core.EffectSlow, Code: "88", AtLeast: 117},
		{Name: "429", Status: 429, Header: reset, Body: `{"title":"Too Many Requests","detail":"Too Many Requests","type":"about:blank","status":429}`, Outcome: rejected, Effect: core.EffectSlow, Code: "http-429", AtLeast: 117},
		{Name: "the day's limit", Status: 429, Header: day, Body: "", Outcome: rejected, Effect: core.EffectSlow, Code: "http-429", AtLeast: 3600},
		{Name: "429 that says little", Status: 429, Body: "slow", Outcome: rejected, Effect: core.EffectSlow, Code: "http-429", AtLeast: 60},
		{Name: "429 of a front that knows nothing of limits", Status: 429, Header: http.Header{"Retry-After": {"300"}}, Body: "<html>", Outcome: rejected, Effect: core.EffectSlow, Code: "http-429", AtLeast: 300},
		{Name: "usage capped", Status: 429, Body: problem("usage-capped"), Outcome: rejected, Effect: core.EffectSlow, Code: "usage-capped", AtLeast: 3600},
		{Name: "150", Status: 403, Body: said("150"), Outcome: rejected, Effect: core.EffectFail, Code: "150"},
		{Name: "349", Status: 403, Body: said("349"), Outcome: rejected, Effect: core.EffectFail, Code: "349"},
		{Name: "unknown code", Status: 403, Body: said("7777"), Outcome: rejected, Effect: core.EffectFail, Code: "7777"},
		{Name: "403 of version 2", Status: 403, Body: `{"detail":"You do not have permission to DM one or more participants.","type":"about:blank","title":"Forbidden","status":403}`,
			Outcome: rejected, Effect: core.EffectFail, Code: "http-403"},
		{Name: "no rights", Status: 403, Body: problem("oauth1-permissions"), Outcome: rejected, Effect: core.EffectPark, Code: "oauth1-permissions"},
		{Name: "another plan", Status: 403, Body: said("453"), Outcome: rejected, Effect: core.EffectPark, Code: "453"},
		{Name: "89", Status: 401, Body: said("89"), Outcome: rejected, Effect: core.EffectPark, Code: "89"},
		{Name: "401", Status: 401, Body: `{"title":"Unauthorized","type":"about:blank","status":401}`, Outcome: rejected, Effect: core.EffectPark, Code: "http-401"},
		{Name: "400", Status: 400, Body: `{"errors":[{"message":"no"}],` + problem("invalid-request")[1:], Outcome: rejected, Effect: core.EffectFail, Code: "invalid-request"},
		{Name: "413", Status: 413, Body: "<html>", Outcome: rejected, Effect: core.EffectFail, Code: "http-413"},
		{Name: "503", Status: 503, Header: http.Header{"Retry-After": {"17"}}, Body: said("130"), Outcome: rejected, Effect: core.EffectRetry, Code: "130", AtLeast: 17},
		{Name: "503 until a time", Status: 503, Header: http.Header{"Retry-After": {"Sun, 01 Mar 2026 12:02:00 GMT"}, "Date": {"Sun, 01 Mar 2026 12:00:00 GMT"}}, Body: "<html>",
			Outcome: rejected, Effect: core.EffectRetry, Code: "http-503", AtLeast: 120},
		{Name: "500", Status: 500, Body: said("131"), Outcome: core.Unknown, Code: "131"},
		{Name: "502", Status: 502, Body: "<html>", Outcome: core.Unknown, Code: "http-502"},
		{Name: "201 without an id", Status: 201, Body: `{"data":{}}`, Outcome: core.Unknown},
	}
}
