package telegram

import (
	"maps"
	"slices"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/telegram/telegramtest"
	"causeway/core"
)

var spec = telegramtest.Load(fixtureFolder + "/specs")

// against says what is wrong with a call by Telegram's description; nothing where that is absent.
func against(t testing.TB, c call) []string {
	t.Helper()
	return spec.Against(t, c.Method, c.Fields, slices.Collect(maps.Keys(c.Files))...)
}

// TestSpecificationIsStrict: what the stand-in must notice, it notices.
func TestSpecificationIsStrict(t *testing.T) {
	if !spec.There() {
		t.Skip("the shared fixtures are not beside this checkout")
	}
	for name, c := range map[string]call{
		"no such method":  {Method: "sendLetter"},
		"missing field":   {Method: "sendMessage", Fields: map[string]any{"chat_id": 1.0}},
		"unknown field":   {Method: "sendMessage", Fields: map[string]any{"chat_id": 1.0, "text": "a", "colour": "red"}},
		"wrong type":      {Method: "sendMessage", Fields: map[string]any{"chat_id": true, "text": "a"}},
		"text for a list": {Method: "setWebhook", Fields: map[string]any{"url": "https://x.example", "allowed_updates": "message"}},
		"wrong keyboard":  {Method: "sendMessage", Fields: map[string]any{"chat_id": 1.0, "text": "a", "reply_markup": map[string]any{"inline_keyboard": []any{map[string]any{"text": "a"}}}}},
	} {
		if len(against(t, c)) == 0 {
			t.Errorf("%s: accepted", name)
		}
	}
	fine := call{Method: "sendPhoto", Fields: map[string]any{"chat_id": 1.0}, Files: map[string]string{"photo": "x"}}
	if wrong := against(t, fine); len(wrong) > 0 {
		t.Errorf("a good call: %v", wrong)
	}
}

// TestEverythingIsAsDescribed: all that the bridge says it can send and do is, on the wire, what Telegram describes: to a person, in a topic, in a channel's
// direct messages, and in a chat of the owner's.
func TestEverythingIsAsDescribed(t *testing.T) {
	h := bridgetest.NewHost(t)
	b := newBots(t, nil)
	l := openAny(t, h, keyBase, b.URL, keyBusiness, yes)
	for where, to := range map[string]core.IdentityKey{"person": ana, "topic": {Scheme: Scheme, Value: "-1001/4"}, "direct": {Scheme: Scheme, Value: "-1002/d5"}, "owner": anaOwner} {
		for name, c := range bridgetest.Everything(t, h, l.Capabilities()) {
			for _, silent := range []string{"", "Lena"} {
				if _, err := l.Send(t.Context(), core.Outgoing{Key: "part-1", To: []core.IdentityKey{to}, Content: c, Author: silent}); err != nil {
					t.Errorf("%s to %s: %v", name, where, err)
				}
			}
		}
	}
	seen := map[string]bool{}
	for _, target := range []string{"12345/7", "12345/7@conn-1"} {
		for _, a := range l.Capabilities().Actions {
			act := core.Act{Action: a, Key: "part-1", To: []core.IdentityKey{ana}, Target: target, Emoji: "👍", Content: core.Content{Kind: core.KindText, Text: "now *this*"}}
			if _, err := l.(core.ActionLink).Act(t.Context(), act); err != nil && core.AsSendError(err).Outcome != core.Rejected {
				t.Errorf("%s of %s: %v", a, target, err)
			}
		}
	}
	for _, c := range b.all() {
		seen[c.Method] = true
	}
	for _, method := range []string{"sendMessage", "sendPhoto", "sendVideo", "sendAudio", "sendVoice", "sendDocument", "sendSticker", "sendLocation", "sendVenue", "sendContact", "sendChatAction",
		"setMessageReaction", "editMessageText", "deleteMessage", "deleteBusinessMessages", "readBusinessMessage"} {
		if !seen[method] {
			t.Errorf("%s was never called", method)
		}
	}
}
