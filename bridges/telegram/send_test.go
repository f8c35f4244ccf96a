package telegram

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// sendOne sends a content to somebody and returns what was called.
func sendOne(t *testing.T, h *bridgetest.Host, to core.IdentityKey, c core.Content, f func(w http.ResponseWriter, c call)) ([]call, core.Sent, error) {
	t.Helper()
	b := newBots(t, f)
	sent, err := openLink(t, h, keyBase, b.URL).Send(t.Context(), core.Outgoing{Key: "key", To: []core.IdentityKey{{Scheme: core.SchemePhone, Value: "1"}, to}, Content: c})
	return b.all(), sent, err
}

// fieldsOf writes a call's fields, but for its recipient.
func fieldsOf(c call) string {
	out := map[string]any{}
	for k, v := range c.Fields {
		if k != "chat_id" {
			out[k] = v
		}
	}
	raw, _ := json.Marshal(out)
	return c.Method + " " + string(raw)
}

func words(s string) core.Content { return core.Content{Kind: core.KindText, Text: s} }

func TestSendShapes(t *testing.T) {
	topic, direct := core.IdentityKey{Scheme: Scheme, Value: "12345/77"}, core.IdentityKey{Scheme: Scheme, Value: "-100777/d12345"}
	pdf := &core.Media{URL: "https://x.example/a.pdf", MIME: "application/pdf"}
	for name, c := range map[string]struct {
		to      core.IdentityKey
		content core.Content
		want    string
	}{
		"text":           {ana, words("a_b <c>"), `sendMessage {"text":"a_b <c>"}`},
		"formatted":      {ana, words("*a* <c>"), `sendMessage {"parse_mode":"HTML","text":"<b>a</b> &lt;c&gt;"}`},
		"topic":          {topic, words("a"), `sendMessage {"message_thread_id":77,"text":"a"}`},
		"channel direct": {direct, words("a"), `sendMessage {"direct_messages_topic_id":12345,"text":"a"}`},
		"business":       {anaOwner, words("a"), `sendMessage {"business_connection_id":"conn-1","text":"a"}`},
		"quote":          {ana, core.Content{Kind: core.KindText, Text: "a", Quote: &core.Quote{Provider: "12345/9"}}, `sendMessage {"reply_parameters":{"allow_sending_without_reply":true,"message_id":9},"text":"a"}`},
		"foreign quote":  {ana, core.Content{Kind: core.KindText, Text: "a", Quote: &core.Quote{Provider: "99/9"}}, `sendMessage {"text":"a"}`},
		"button's quote": {ana, core.Content{Kind: core.KindText, Text: "a", Quote: &core.Quote{Provider: "press/123"}}, `sendMessage {"text":"a"}`},
		"link to a file": {ana, core.Content{Kind: core.KindDocument, Media: pdf, Text: "*c*"}, `sendDocument {"caption":"<b>c</b>","document":"https://x.example/a.pdf","parse_mode":"HTML"}`},
		"point":          {ana, core.Content{Kind: core.KindLocation, Location: &core.Location{Latitude: 1.5, Longitude: -2}}, `sendLocation {"latitude":1.5,"longitude":-2}`},
		"place":          {ana, core.Content{Kind: core.KindLocation, Location: &core.Location{Latitude: 1.5, Longitude: -2, Name: "Shop"}}, `sendVenue {"address":"Shop","latitude":1.5,"longitude":-2,"title":"Shop"}`},
		"card": {ana, core.Content{Kind: core.KindContacts, Contacts: []core.Card{{Name: "Bo Li", FirstName: "Bo", LastName: "Li", VCard: "BEGIN:VCARD", Phones: []core.Labeled{{Value: "+15551234567"}}}}},
			`sendContact {"first_name":"Bo","last_name":"Li","phone_number":"+15551234567","vcard":"BEGIN:VCARD"}`},
		"cards": {ana, core.Content{Kind: core.KindContacts, Contacts: []core.Card{{Name: "Bo", Emails: []core.Labeled{{Value: "bo@x.example"}}}, {Name: "Al", Phones: []core.Labeled{{Value: "+1555"}}}}},
			`sendMessage {"text":"Bo\nbo@x.example\n\nAl\n+1555"}`},
		"buttons": {ana, offer("", core.Option{ID: "y", Title: "Yes"}, core.Option{Title: "No"}, core.Option{Title: "Site", URL: "https://x.example"}),
			`sendMessage {"reply_markup":{"inline_keyboard":[[{"callback_data":"y","text":"Yes"},{"callback_data":"1","text":"No"},{"text":"Site","url":"https://x.example"}]]},"text":"Which?"}`},
		"rows": {ana, offer("", core.Option{ID: "a", Title: "A rather long title"}, core.Option{ID: "b", Title: "Another long one", Description: "with more"}),
			`sendMessage {"reply_markup":{"inline_keyboard":[[{"callback_data":"a","text":"A rather long title"}],[{"callback_data":"b","text":"Another long one"}]]},"text":"Which?\n\n• Another long one – with more"}`},
		"too long an id":  {ana, offer("", core.Option{ID: strings.Repeat("x", 65), Title: "A"}, core.Option{ID: "b", Title: "B", Description: "d"}), `sendMessage {"text":"Which?\n1. A\n2. B – d"}`},
		"link":            {ana, offer(core.ChoicesLink, core.Option{Title: "Go", URL: "https://x.example"}), `sendMessage {"reply_markup":{"inline_keyboard":[[{"text":"Go","url":"https://x.example"}]]},"text":"Which?"}`},
		"link to nothing": {ana, offer(core.ChoicesLink, core.Option{Title: "Go"}), `sendMessage {"text":"Which?"}`},
		"location": {ana, offer(core.ChoicesLocation, core.Option{Title: "Here"}, core.Option{Title: "Later"}),
			`sendMessage {"reply_markup":{"keyboard":[[{"request_location":true,"text":"Here"},{"text":"Later"}]],"one_time_keyboard":true,"resize_keyboard":true},"text":"Which?"}`},
		"form": {ana, offer(core.ChoicesForm, core.Option{Title: "Fill in", URL: "https://x.example/f"}),
			`sendMessage {"reply_markup":{"keyboard":[[{"text":"Fill in","web_app":{"url":"https://x.example/f"}}]],"one_time_keyboard":true,"resize_keyboard":true},"text":"Which?"}`},
		"form elsewhere": {ana, offer(core.ChoicesForm, core.Option{Title: "Fill in", ID: "12345"}), `sendMessage {"text":"Which?"}`},
		"framed": {ana, core.Content{Kind: core.KindChoices, Text: "Which?", Choices: &core.Choices{Header: "H", Footer: "f", Options: []core.Option{{ID: "a", Title: "A"}}}},
			`sendMessage {"parse_mode":"HTML","reply_markup":{"inline_keyboard":[[{"callback_data":"a","text":"A"}]]},"text":"<b>H</b>\n\nWhich?\n\n<i>f</i>"}`},
		"buttons below a file": {ana, core.Content{Kind: core.KindChoices, Text: "Which?", Media: pdf, Choices: &core.Choices{Options: []core.Option{{ID: "a", Title: "A"}}}},
			`sendDocument {"caption":"Which?","document":"https://x.example/a.pdf","reply_markup":{"inline_keyboard":[[{"callback_data":"a","text":"A"}]]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			calls, sent, err := sendOne(t, bridgetest.NewHost(t), c.to, c.content, nil)
			if err != nil || len(calls) != 1 {
				t.Fatalf("%d calls, %v", len(calls), err)
			}
			if got := unescaped(fieldsOf(calls[0])); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			a, _ := addressOf(c.to)
			if sent.Provider != a.message(133) || !sent.At.Equal(time.Unix(1767225700, 0)) || calls[0].Fields["chat_id"] != float64(a.chat) {
				t.Errorf("sent %+v to %v", sent, calls[0].Fields["chat_id"])
			}
		})
	}
}

func unescaped(s string) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(s)
}

func offer(style core.ChoicesStyle, options ...core.Option) core.Content {
	return core.Content{Kind: core.KindChoices, Text: "Which?", Choices: &core.Choices{Style: style, Options: options}}
}

func TestSendUploads(t *testing.T) {
	for name, c := range map[string]struct {
		content core.Content
		want    string // method, field, file
	}{
		"photo":     {core.Content{Kind: core.KindImage, Media: &core.Media{MIME: "image/jpeg", Name: "a.jpg"}}, "sendPhoto photo a.jpg image/jpeg bytes"},
		"gif":       {core.Content{Kind: core.KindImage, Media: &core.Media{MIME: "image/gif"}}, "sendAnimation animation animation.gif image/gif bytes"},
		"video":     {core.Content{Kind: core.KindVideo, Media: &core.Media{MIME: "video/mp4"}}, "sendVideo video video.mp4 video/mp4 bytes"},
		"animation": {core.Content{Kind: core.KindVideo, Media: &core.Media{MIME: "video/mp4", Animated: true}}, "sendAnimation animation animation.mp4 video/mp4 bytes"},
		"audio":     {core.Content{Kind: core.KindAudio, Media: &core.Media{MIME: "audio/mpeg"}}, "sendAudio audio audio.mp3 audio/mpeg bytes"},
		"voice":     {core.Content{Kind: core.KindVoice, Media: &core.Media{MIME: "audio/ogg"}}, "sendVoice voice voice.ogg audio/ogg bytes"},
		"sticker":   {core.Content{Kind: core.KindSticker, Text: "😀", Media: &core.Media{MIME: "image/webp"}}, "sendSticker sticker sticker.webp image/webp bytes"},
		"document":  {core.Content{Kind: core.KindDocument, Media: &core.Media{Name: "a \"b\"\n.pdf"}}, "sendDocument document a \"b\" .pdf application/octet-stream bytes"},
	} {
		for _, size := range []int64{0, 5} {
			t.Run(fmt.Sprintf("%s/%d", name, size), func(t *testing.T) {
				h := bridgetest.NewHost(t)
				h.PutFile("m", []byte("bytes"))
				content := c.content
				m := *content.Media
				m.ID, m.Size, content.Media = "m", size, &m
				calls, _, err := sendOne(t, h, anaOwner, content, nil)
				if err != nil || len(calls) != 1 {
					t.Fatalf("%d calls, %v", len(calls), err)
				}
				field := strings.Fields(c.want)[1]
				if got := calls[0].Method + " " + field + " " + calls[0].Files[field]; got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
				if calls[0].Fields["business_connection_id"] != "conn-1" {
					t.Errorf("sent %v", calls[0].Fields)
				}
			})
		}
	}
}

// TestSendMends: what Telegram refuses for a reason that can be mended goes out all the same, once.
func TestSendMends(t *testing.T) {
	topic := core.IdentityKey{Scheme: Scheme, Value: "-55/4"}
	picture := core.Content{Kind: core.KindImage, Text: "c", Media: &core.Media{ID: "m", MIME: "image/png", Size: 5}}
	for name, c := range map[string]struct {
		to         core.IdentityKey
		content    core.Content
		words      string
		parameters string
		want       string // of the second call
		learned    string
	}{
		"formatting":  {ana, words("*a* b"), "Bad Request: can't parse entities: Unsupported start tag", "", `sendMessage {"text":"*a* b"}`, ""},
		"caption":     {ana, core.Content{Kind: core.KindDocument, Text: "*c*", Media: &core.Media{URL: "https://x.example/a"}}, "Bad Request: can't parse entities", "", `sendDocument {"caption":"*c*","document":"https://x.example/a"}`, ""},
		"migrated":    {topic, words("a"), "Bad Request: group chat was upgraded to a supergroup chat", `{"migrate_to_chat_id":-10055}`, `sendMessage {"text":"a"}`, "-10055"},
		"topic gone":  {topic, words("a"), "Bad Request: message thread not found", "", `sendMessage {"text":"a"}`, ""},
		"quote gone":  {ana, core.Content{Kind: core.KindText, Text: "a", Quote: &core.Quote{Provider: "12345/9"}}, "Bad Request: message to be replied not found", "", `sendMessage {"text":"a"}`, ""},
		"odd picture": {ana, picture, "Bad Request: PHOTO_INVALID_DIMENSIONS", "", `sendDocument {"caption":"c"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := bridgetest.NewHost(t)
			h.PutFile("m", []byte("bytes"))
			n := 0
			calls, sent, err := sendOne(t, h, c.to, c.content, func(w http.ResponseWriter, k call) {
				if n++; n == 1 {
					refuseWith(w, 400, c.words, c.parameters)
					return
				}
				well(w, k)
			})
			if err != nil || len(calls) != 2 {
				t.Fatalf("%d calls, %v", len(calls), err)
			}
			if got := fieldsOf(calls[1]); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if c.learned != "" && (len(sent.Learned) != 1 || sent.Learned[0].Value != c.learned || sent.Provider != c.learned+"/133") {
				t.Errorf("learned %+v", sent)
			}
			if name == "odd picture" && calls[1].Files["document"] == "" {
				t.Errorf("the file did not go along: %+v", calls[1])
			}
		})
	}
}

// TestSendGivesUpMending: a platform that refuses the same again and again is asked a few times at most.
func TestSendGivesUpMending(t *testing.T) {
	id := int64(-1000)
	calls, _, err := sendOne(t, bridgetest.NewHost(t), core.IdentityKey{Scheme: Scheme, Value: "-55"}, words("a"), func(w http.ResponseWriter, _ call) {
		id--
		refuseWith(w, 400, "Bad Request: group chat was upgraded to a supergroup chat", fmt.Sprintf(`{"migrate_to_chat_id":%d}`, id))
	})
	if err == nil || len(calls) != repairs+1 {
		t.Errorf("%d calls, %v", len(calls), err)
	}
}

func TestSendRefusesBeforeCalling(t *testing.T) {
	long := strings.Repeat("👋", 2049)
	for name, c := range map[string]core.Content{
		"too long":            words(long),
		"blank":               words(" \n"),
		"caption too long":    {Kind: core.KindDocument, Text: long[:4*513], Media: &core.Media{URL: "https://x.example/a"}},
		"file nowhere":        {Kind: core.KindDocument, Media: &core.Media{URL: "ftp://x.example/a"}},
		"file not kept":       {Kind: core.KindDocument, Media: &core.Media{ID: "none"}},
		"choices, no text":    {Kind: core.KindChoices, Choices: &core.Choices{Options: []core.Option{{Title: "a"}}}},
		"address with a name": {Kind: core.KindImage, Media: &core.Media{URL: "https://user:pw@x.example/a"}},
	} {
		t.Run(name, func(t *testing.T) {
			calls, _, err := sendOne(t, bridgetest.NewHost(t), ana, c, nil)
			if e := core.AsSendError(err); err == nil || e.Outcome != core.Rejected || e.Remedy == "" || len(calls) != 0 {
				t.Errorf("%d calls, %+v", len(calls), e)
			}
		})
	}
}

func TestUploadThatBreaksWasNotSent(t *testing.T) {
	a := &api{http: bridgetest.NewHost(t).HTTP(), token: core.NewSecret(plantedToken)}
	b := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer b.Close()
	a.base = b.URL
	torn := io.MultiReader(strings.NewReader("byt"), failing{})
	err := a.upload(t.Context(), "sendDocument", params{"chat_id": 1}, []file{{Field: "document", Name: "a", MIME: "x/y", Size: 1 << 20, Body: io.NopCloser(torn)}}, nil)
	if e := core.AsSendError(failed(err)); err == nil || e.Outcome != core.Rejected || e.Effect != core.EffectRetry {
		t.Errorf("got %v: %+v", err, e)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }

// TestMeanings: what Telegram says becomes what it means. The words are those of its servers.
func TestMeanings(t *testing.T) {
	for _, c := range []struct {
		code   int
		words  string
		effect core.Effect
		reason string // a piece of it
	}{
		{400, "Bad Request: chat not found", core.EffectFail, "does not know this recipient"},
		{400, "Bad Request: message is too long", core.EffectFail, "longer"},
		{400, "Bad Request: message text is empty", core.EffectFail, "no text"},
		{400, "Bad Request: BUSINESS_PEER_USAGE_MISSING", core.EffectWindow, "24 hours"},
		{400, "Bad Request: BUSINESS_PEER_INVALID", core.EffectFail, "does not let the bot answer"},
		{400, "Bad Request: BUSINESS_CONNECTION_INVALID", core.EffectFail, "no longer connected"},
		{400, "Bad Request: business connection not found", core.EffectFail, "no longer connected"},
		{400, "Bad Request: not enough rights to send text messages to the chat", core.EffectFail, "may not send"},
		{400, "Bad Request: VOICE_MESSAGES_FORBIDDEN", core.EffectFail, "voice"},
		{400, "Bad Request: wrong file identifier/HTTP URL specified", core.EffectFail, "fetch the file"},
		{400, "Bad Request: failed to get HTTP URL content", core.EffectFail, "fetch the file"},
		{400, "Bad Request: wrong file_id or the file is temporarily unavailable", core.EffectFail, "file"},
		{400, "Bad Request: TOPIC_CLOSED", core.EffectFail, "topic is closed"},
		{400, "Bad Request: REACTION_INVALID", core.EffectFail, "reaction"},
		{400, "Bad Request: BUTTON_URL_INVALID", core.EffectFail, "buttons"},
		{400, "Bad Request: inline keyboard button URL 'http://shop/' is invalid: Wrong HTTP URL", core.EffectFail, "buttons"},
		{401, "Unauthorized", core.EffectPark, "token"},
		{404, "Not Found", core.EffectPark, "token"},
		{403, "Forbidden: bot was blocked by the user", core.EffectBlock, "blocked the bot"},
		{400, "Bad Request: YOU_BLOCKED_USER", core.EffectFail, "owner's account has blocked"},
		{403, "Forbidden: user is deactivated", core.EffectFail, "no longer exists"},
		{403, "Forbidden: bot can't initiate conversation with a user", core.EffectFail, "may not write first"},
		{403, "Forbidden: bot was kicked from the supergroup chat", core.EffectFail, "no longer in this group"},
		{403, "Forbidden: bot is not a member of the channel chat", core.EffectFail, "no longer in this group"},
		{403, "Forbidden: bots can't send messages to bots", core.EffectFail, "a bot"},
		{403, "Forbidden: PRIVACY_PREMIUM_REQUIRED", core.EffectFail, "Premium"},
		{409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running", core.EffectPark, "Another program"},
		{413, "Request Entity Too Large", core.EffectFail, "larger"},
		{429, "Too Many Requests: retry after 14", core.EffectSlow, "slow down"},
		{500, "Internal Server Error", core.EffectRetry, "trouble"},
		{400, "Bot domain invalid.", core.EffectFail, "Bot domain invalid."},
	} {
		e := refused(&refusal{Code: c.code, Words: c.words})
		if e.Effect != c.effect || !strings.Contains(e.Reason, c.reason) || e.Outcome != core.Rejected || e.Detail != c.words {
			t.Errorf("%s: got %s %q", c.words, e.Effect, e.Reason)
		}
	}
}

// TestMeaningsAreForPeople: each line of the table has a sentence, and those that stop the channel name a remedy.
func TestMeaningsAreForPeople(t *testing.T) {
	for _, m := range meanings {
		if m.code == 0 && len(m.words) == 0 || m.effect == "" || !strings.HasSuffix(m.reason, ".") || m.remedy != "" && !strings.HasSuffix(m.remedy, ".") || m.effect == core.EffectPark && m.remedy == "" {
			t.Errorf("%+v", m)
		}
	}
}
