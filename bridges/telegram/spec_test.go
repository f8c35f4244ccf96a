package telegram

import (
	"maps"
	"slices"
	"testing"

	"causeway/bridges/telegram/telegramtest"
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
