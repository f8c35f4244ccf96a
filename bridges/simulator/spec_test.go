package simulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

const specFolder = "../../../shared/fixtures/channels/whatsapp"

// spec is Meta's published description of messages and media.
func spec(t *testing.T) *openapi3.T {
	t.Helper()
	raw := fixture(t, "specs/meta-messages-media.repaired.json")
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(specFolder, name))
	if os.IsNotExist(err) {
		t.Skip("the shared fixtures with Meta's description are not beside this checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// plainJSON reads JSON as the validator wants it.
func plainJSON(t *testing.T, raw []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func answerSchema(t *testing.T, doc *openapi3.T, method, path string) *openapi3.Schema {
	t.Helper()
	item := doc.Paths.Value(path)
	if item == nil {
		t.Fatalf("the description has no %s", path)
	}
	return item.GetOperation(method).Responses.Value("200").Value.Content["application/json"].Schema.Value
}

func check(t *testing.T, what string, s *openapi3.Schema, v any) {
	t.Helper()
	if err := s.VisitJSON(v); err != nil {
		t.Errorf("%s is not as Meta describes it: %v", what, err)
	}
}

// marks are the placeholders in Meta's examples.
var marks = regexp.MustCompile(`\{\{[^}]*\}\}|<[^>]*>`)

// filled puts real ids for the placeholders of an example.
func filled(raw []byte, phone, media, quote string) []byte {
	out := marks.ReplaceAllStringFunc(string(raw), func(m string) string {
		switch low := strings.ToLower(m); {
		case strings.Contains(low, "phone"):
			return phone
		case strings.Contains(low, "object_id"):
			return media
		case strings.Contains(low, "msgid"):
			return quote
		case strings.Contains(low, "http"):
			return "https://files.example.com/a"
		case strings.Contains(low, "type"):
			return "text"
		}
		return strings.ToLower(strings.Trim(m[max(0, len(m)-15):], "<>{}"))
	})
	out = strings.ReplaceAll(out, "wamid.HBgLM...", quote)
	return []byte(strings.ReplaceAll(out, "http(s)://", "https://files.example.com/"))
}

// unlike are Meta's own examples that the simulator refuses, and why.
func unlike() map[string]string {
	return map[string]string{
		"132001": "the template of the example does not exist here",
		"131009": "the example's language code is a description of one",
		"131026": "the number of the example is nobody's",
	}
}

func TestOfficialExamplesAreTakenAndAnsweredAsDescribed(t *testing.T) {
	doc := spec(t)
	var file struct{ Examples map[string]json.RawMessage }
	if err := json.Unmarshal(fixture(t, "specs/official-send-examples.json"), &file); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, Options{})
	mona := w.Customer("16505551234", "Sheena Nelson")
	said := mona.Say("hi")
	media := map[string]string{}
	for kind, mime := range map[string]string{"image": "image/jpeg", "video": "video/mp4", "audio": "audio/ogg", "document": "application/pdf", "sticker": "image/webp"} {
		_, out := w.upload([]byte("x"), mime)
		media[kind] = out["id"].(string)
	}
	message := doc.Components.Schemas["Message"].Value
	answer := answerSchema(t, doc, http.MethodPost, "/{Version}/{Phone-Number-ID}/messages")
	taken := 0
	for name, raw := range file.Examples {
		var kind struct{ Type string }
		_ = json.Unmarshal(raw, &kind)
		body := filled(raw, mona.Phone(), cmp.Or(media[kind.Type], media["image"]), said)
		status, out := w.call(http.MethodPost, sendPath, "application/json", body)
		conforms := message.VisitJSON(plainJSON(t, body)) == nil
		switch {
		case status == 200:
			taken++
			if !conforms {
				t.Errorf("%s: taken, but not as Meta describes it: %s", name, body)
			}
			if out["success"] == nil {
				check(t, name, answer, any(out))
			}
		case conforms && unlike()[errorCode(out)] == "":
			t.Errorf("%s: refused with %v: %s", name, out, body)
		}
	}
	t.Logf("%d of %d examples taken", taken, len(file.Examples))
	if taken < 30 {
		t.Errorf("only %d of %d examples are taken", taken, len(file.Examples))
	}
}

func TestPeersRequestsAreJudgedAsDescribed(t *testing.T) {
	doc := spec(t)
	var cases []struct {
		Name   string
		Expect struct {
			Requests []struct{ Body obj }
		}
	}
	if err := json.Unmarshal(fixture(t, "outgoing_cases.json"), &cases); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, Options{})
	w.Customer("250788123123", "Kerry").Say("hi")
	message := doc.Components.Schemas["Message"].Value
	seen := 0
	for _, c := range cases {
		for _, r := range c.Expect.Requests {
			if r.Body["recipient"] != nil { // the peer's user is ours under another id
				r.Body["recipient"] = w.Business().Customer("250788123123", "").BSUID()
			}
			raw, _ := json.Marshal(r.Body)
			status, out := w.call(http.MethodPost, sendPath, "application/json", raw)
			conforms := message.VisitJSON(plainJSON(t, raw)) == nil
			if status == 200 && !conforms {
				t.Errorf("%s: taken, but not as Meta describes it: %s", c.Name, raw)
			}
			if status != 200 && conforms && unlike()[errorCode(out)] == "" {
				t.Errorf("%s: refused with %v: %s", c.Name, out, raw)
			}
			seen++
		}
	}
	t.Logf("%d requests judged", seen)
}

// TestDefectsInRequestsAreSeen breaks good requests in every way that the description forbids.
func TestDefectsInRequestsAreSeen(t *testing.T) {
	doc := spec(t)
	message := doc.Components.Schemas["Message"].Value
	w := newWorld(t, Options{})
	w.Customer("491511234567", "Mona").Say("hi")
	for name, body := range map[string]string{
		"no product":          `{"to":"491511234567","type":"text","text":{"body":"x"}}`,
		"other product":       `{"messaging_product":"sms","to":"491511234567","type":"text","text":{"body":"x"}}`,
		"no recipient":        `{"messaging_product":"whatsapp","type":"text","text":{"body":"x"}}`,
		"body a number":       `{"messaging_product":"whatsapp","to":"491511234567","type":"text","text":{"body":7}}`,
		"wrong object":        `{"messaging_product":"whatsapp","to":"491511234567","type":"text","image":{"id":"1"}}`,
		"unknown key":         `{"messaging_product":"whatsapp","to":"491511234567","type":"text","text":{"body":"x","x":1}}`,
		"read without id":     `{"messaging_product":"whatsapp","status":"read"}`,
		"typing of no kind":   `{"messaging_product":"whatsapp","status":"read","message_id":"wamid.x","typing_indicator":{}}`,
		"template unnamed":    `{"messaging_product":"whatsapp","to":"491511234567","type":"template","template":{"language":{"code":"en"}}}`,
		"interactive no act":  `{"messaging_product":"whatsapp","to":"491511234567","type":"interactive","interactive":{"type":"button","body":{"text":"x"}}}`,
		"no contacts":         `{"messaging_product":"whatsapp","to":"491511234567","type":"contacts","contacts":[]}`,
		"sticker id and link": `{"messaging_product":"whatsapp","to":"491511234567","type":"sticker","sticker":{"id":"1","link":"https://a.example"}}`,
	} {
		if message.VisitJSON(plainJSON(t, []byte(body))) == nil {
			t.Errorf("%s: the description has nothing against it", name)
		}
		if status, out := w.call(http.MethodPost, sendPath, "application/json", []byte(body)); status == 200 {
			t.Errorf("%s: taken: %v", name, out)
		}
	}
}

func TestMediaAnswersAreAsDescribed(t *testing.T) {
	doc := spec(t)
	w := newWorld(t, Options{})
	_, up := w.upload([]byte("x"), "image/png")
	check(t, "upload", answerSchema(t, doc, http.MethodPost, "/{Version}/{Phone-Number-ID}/media"), any(up))
	path := "/v23.0/" + up["id"].(string)
	_, got := w.call(http.MethodGet, path, "", nil)
	check(t, "media", answerSchema(t, doc, http.MethodGet, "/{Version}/{Media-ID}"), any(got))
	_, gone := w.call(http.MethodDelete, path, "", nil)
	check(t, "delete", answerSchema(t, doc, http.MethodDelete, "/{Version}/{Media-ID}"), any(gone))
}

func TestAccountAnswersAreAsDescribed(t *testing.T) {
	raw := fixture(t, "specs/meta-business-messaging-api_v23.0.yaml")
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, Options{})
	schema := func(name string) *openapi3.Schema { return doc.Components.Schemas[name].Value }
	for path, s := range map[string]*openapi3.Schema{
		"/v23.0/106540352242922":                   schema("PhoneNumberInfo"),
		"/v23.0/102290129340398":                   schema("WhatsAppBusinessAccount"),
		"/v23.0/102290129340398/subscribed_apps":   schema("SubscribedAppsResponse"),
		"/v23.0/102290129340398/message_templates": answerSchema(t, doc, http.MethodGet, "/{Version}/{WABA-ID}/message_templates"),
	} {
		status, out := w.call(http.MethodGet, path, "", nil)
		if status != 200 {
			t.Errorf("%s: %d %v", path, status, out)
		}
		check(t, path, s, any(out))
	}
	_, out := w.call(http.MethodPost, "/v23.0/102290129340398/subscribed_apps", "application/json", nil)
	check(t, "subscribe", schema("SubscriptionResponse"), any(out))
	_, out = w.call(http.MethodGet, "/v23.0/1", "", nil)
	check(t, "error", schema("GraphAPIError"), any(out))
}

// TestWebhooksLookLikeMetasSamples holds every webhook against a sample of its kind: each key of the
// sample must be there with the same type.
func TestWebhooksLookLikeMetasSamples(t *testing.T) {
	w := newWorld(t, Options{})
	mona := w.Customer("491511234567", "Mona")
	own := mona.Say("hi")
	sent := w.sendText(mona.Phone(), "hello")
	w.app.await(t, 3)
	phone := w.Business().Phone()
	typed := phone.Type(mona, "before")
	for sample, act := range map[string]func(){
		"meta-openapi/text-message.json":     func() { mona.Say("x") },
		"meta-openapi/reaction-message.json": func() { mona.React(sent, "👍") },
		"meta-openapi/location-message.json": func() {
			mona.SendLocation(Location{Latitude: 1, Longitude: 2, Name: "n", Address: "a", URL: "https://a.example"})
		},
		"meta-openapi/interactive-list-reply-message.json": func() {
			mona.press(ChatMessage{ID: sent}, Button{Kind: "row", ID: "i", Title: "t", Description: "d"})
		},
		"meta-openapi/interactive-button-reply-message.json": func() {
			mona.press(ChatMessage{ID: sent}, Button{Kind: "reply", ID: "i", Title: "t"})
		},
		"courier/09-receive-valid-button-message.json": func() {
			mona.press(ChatMessage{ID: sent}, Button{Kind: "quick_reply", ID: "i", Title: "t"})
		},
		"pywa/message--image.json":          func() { mona.SendImage("a.jpg", []byte("x"), "", "c") },
		"pywa/message--document.json":       func() { mona.SendDocument("a.pdf", []byte("x"), "", "c") },
		"pywa/message--audio.json":          func() { mona.SendVoice([]byte("x")) },
		"pywa/message--static-sticker.json": func() { mona.SendSticker([]byte("x")) },
		"pywa/message--reply.json":          func() { mona.Reply(sent, "x") },
		"pywa/message--order.json": func() {
			mona.Order("c", "x", OrderItem{Product: "p", Quantity: 1, Price: 2.5, Currency: "EUR"})
		},
		"pywa/message--unsupported.json":    func() { mona.SendUnsupported(131051) },
		"pywa/deleted-message--revoke.json": func() { mona.Revoke(own) },
		"pywa/outgoing-message--text.json":  func() { phone.Type(mona, "x") },
		"pywa/outgoing-message--edit.json":  func() { phone.Edit(mona, typed, "x") },
		"pywa/message-status--read.json":    mona.Read,
		"pywa/template-status-update--approved.json": func() {
			w.Business().SetTemplateStatus("hello_world", "en_US", "APPROVED", "")
		},
	} {
		t.Run(sample, func(t *testing.T) {
			want := plainJSON(t, fixture(t, "payloads/"+sample))
			before := len(w.Webhooks())
			act()
			got := w.Webhooks()[before].Body
			for _, gap := range gaps("", want, plainJSON(t, got)) {
				if !tolerated(gap) {
					t.Errorf("%s\n%s", gap, got)
				}
			}
		})
	}
}

// tolerated are keys of samples that not every webhook has.
func tolerated(gap string) bool {
	for _, optional := range []string{"parent_user_id", "/conversation", "/username", "/url", "/referred_product", "/description", "audio/", "/context"} {
		if strings.Contains(gap, optional) {
			return true
		}
	}
	return false
}

// gaps lists what want has and got has not.
func gaps(at string, want, got any) []string {
	if want == nil {
		return nil
	}
	var out []string
	switch want := want.(type) {
	case obj:
		g, isObject := got.(obj)
		if !isObject {
			return []string{at + " is missing or no object"}
		}
		for k, v := range want {
			out = append(out, gaps(at+"/"+k, v, g[k])...)
		}
	case []any:
		g, isList := got.([]any)
		if !isList || len(g) == 0 {
			return []string{at + " is missing or no list"}
		}
		if len(want) > 0 {
			return gaps(at+"/0", want[0], g[0])
		}
	default:
		if reflect.TypeOf(want) != reflect.TypeOf(got) {
			return []string{fmt.Sprintf("%s is %T, want %T", at, got, want)}
		}
	}
	return out
}
