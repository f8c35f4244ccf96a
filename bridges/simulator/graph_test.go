package simulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

func TestRefusalsOfSends(t *testing.T) {
	w := newWorld(t, Options{})
	mona := w.Customer("491511234567", "Mona")
	mona.Say("hi")
	w.Customer("4930111", "Silent")
	long := strings.Repeat("ä", 4097)
	template := func(name string, components ...obj) obj {
		return obj{"to": "491511234567", "type": "template", "template": obj{
			"name": name, "language": obj{"code": "en_US"}, "components": components,
		}}
	}
	params := func(values ...string) obj {
		ps := []obj{}
		for _, v := range values {
			ps = append(ps, obj{"type": "text", "text": v})
		}
		return obj{"type": "body", "parameters": ps}
	}
	for _, c := range []struct {
		name, code string
		message    obj
	}{
		{"no recipient", "131008", obj{"type": "text", "text": obj{"body": "x"}}},
		{"type without its object", "131008", obj{"to": "491511234567", "type": "image"}},
		{"another type's object beside", "100", obj{"to": "491511234567", "type": "text", "text": obj{"body": "x"}, "image": obj{"id": "1"}}},
		{"unknown type", "100", obj{"to": "491511234567", "type": "hologram", "hologram": obj{}}},
		{"unknown key", "100", obj{"to": "491511234567", "type": "text", "text": obj{"body": "x", "colour": "red"}}},
		{"empty text", "131008", obj{"to": "491511234567", "type": "text", "text": obj{"body": ""}}},
		{"text of 4097", "131009", obj{"to": "491511234567", "type": "text", "text": obj{"body": long}}},
		{"unknown media", "100", obj{"to": "491511234567", "type": "image", "image": obj{"id": "123"}}},
		{"id and link", "100", obj{"to": "491511234567", "type": "image", "image": obj{"id": "123", "link": "https://a.example/x"}}},
		{"nobody", "131026", obj{"to": "4900000", "type": "text", "text": obj{"body": "x"}}},
		{"the business itself", "131021", obj{"to": "15550783881", "type": "text", "text": obj{"body": "x"}}},
		{"closed window", "131047", obj{"to": "4930111", "type": "text", "text": obj{"body": "x"}}},
		{"unknown template", "132001", template("nope")},
		{"too few parameters", "132000", template("we_are_back", params("Mona"))},
		{"too many parameters", "132000", template("hello_world", params("Mona"))},
		{"missing picture", "132012", template("offer_picture", params("Mona"))},
		{"new line in a parameter", "132018", template("we_are_back", params("a\nb", "c"))},
		{"positional for named", "100", template("order_shipped", params("Mona", "1042"))},
		{"reaction to nothing", "131009", obj{"to": "491511234567", "type": "reaction", "reaction": obj{"message_id": "wamid.x", "emoji": "👍"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out := w.send(c.message)
			if errorCode(out) != c.code {
				t.Errorf("got %d %v, want code %s", status, out, c.code)
			}
			if trace, _ := dig(out, "error", "fbtrace_id").(string); len(trace) < 10 {
				t.Errorf("fbtrace_id is %q", trace)
			}
		})
	}
	if got := len(mona.Received()); got != 0 {
		t.Errorf("the phone shows %d messages", got)
	}
}

func TestSendReachesThePhoneAndIsReported(t *testing.T) {
	w := newWorld(t, Options{})
	mona := w.Customer("491511234567", "Mona")
	mona.Say("hi")
	_, out := w.send(obj{
		"to": "+491511234567", "type": "text", "text": obj{"body": "at your service"}, "biz_opaque_callback_data": "part-7",
	})
	id := dig(out, "messages", 0, "id").(string)
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(id, "wamid."))
	if err != nil || !bytes.HasPrefix(raw, []byte("\x1c\x18\x0c491511234567\x15\x02\x00\x11\x18\x12")) {
		t.Errorf("wamid decodes to %q, %v", raw, err)
	}
	mona.Read()
	got := w.app.await(t, 4)
	for i, want := range []string{"sent", "delivered", "read"} {
		st := dig(value(t, got[i+1]), "statuses", 0).(map[string]any)
		if st["status"] != want || st["id"] != id || st["biz_opaque_callback_data"] != "part-7" || st["recipient_id"] != "491511234567" {
			t.Errorf("status %d is %v, want %s", i, st, want)
		}
	}
	if m, _ := mona.Message(id); m.Tick != Read || m.Text != "at your service" {
		t.Errorf("the phone shows %+v", m)
	}
}

func TestTemplateIsRenderedOutsideTheWindow(t *testing.T) {
	w := newWorld(t, Options{})
	mona := w.Customer("491511234567", "Mona")
	mona.Say("hi")
	w.clock.jump(25 * time.Hour)
	if _, out := w.send(obj{"to": mona.Phone(), "type": "text", "text": obj{"body": "late"}}); errorCode(out) != "131047" {
		t.Fatalf("25 hours later: %v", out)
	}
	status, out := w.send(obj{"to": mona.Phone(), "type": "template", "template": obj{
		"name": "order_shipped", "language": obj{"code": "en_US"}, "components": []obj{
			{"type": "body", "parameters": []obj{
				{"type": "text", "parameter_name": "order", "text": "1042"},
				{"type": "text", "parameter_name": "first_name", "text": "Mona"},
			}},
			{"type": "button", "sub_type": "url", "index": "0", "parameters": []obj{{"type": "text", "text": "1042"}}},
		},
	}})
	if status != 200 {
		t.Fatal(status, out)
	}
	m := mona.Received()[0]
	if m.Text != "Hi Mona, your order 1042 is on its way." || m.Buttons[0].Value != "https://track.example.com/1042" {
		t.Errorf("the phone shows %+v", m)
	}
	if got := dig(value(t, w.app.await(t, 2)[1]), "statuses", 0, "pricing", "billable"); got != true {
		t.Errorf("billable is %v", got)
	}
}

func TestLateRefusalFailsByWebhook(t *testing.T) {
	w := newWorld(t, Options{LateRefusals: true})
	mona := w.Customer("491511234567", "Mona")
	w.sendText(mona.Phone(), "too late")
	st := value(t, w.app.await(t, 1)[0])
	if dig(st, "statuses", 0, "status") != "failed" || fmt.Sprint(dig(st, "statuses", 0, "errors", 0, "code")) != "131047" {
		t.Errorf("status is %v", st)
	}
	if len(mona.Received()) != 0 {
		t.Error("the phone shows a message that failed")
	}
}

// upload posts a file and returns its id.
func (w *world) upload(data []byte, mime string) (int, map[string]any) {
	w.t.Helper()
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	_ = form.WriteField("messaging_product", "whatsapp")
	_ = form.WriteField("type", mime)
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="a.bin"`}, "Content-Type": {mime},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	_, _ = part.Write(data)
	_ = form.Close()
	return w.call(http.MethodPost, "/v23.0/106540352242922/media", form.FormDataContentType(), buf.Bytes())
}

func (w *world) fetch(url, token string) (int, []byte) {
	w.t.Helper()
	req, _ := http.NewRequestWithContext(w.t.Context(), http.MethodGet, url, nil)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, _ := io.ReadAll(res.Body)
	return res.StatusCode, data
}

func TestMediaGoesUpAndDown(t *testing.T) {
	w := newWorld(t, Options{})
	mona := w.Customer("491511234567", "Mona")
	mona.Say("hi")
	status, out := w.upload([]byte("picture"), "image/png")
	if status != 200 {
		t.Fatal(status, out)
	}
	id := out["id"].(string)
	if status, out = w.send(obj{"to": mona.Phone(), "type": "image", "image": obj{"id": id, "caption": "look"}}); status != 200 {
		t.Fatal(status, out)
	}
	if m := mona.Received()[0]; string(m.Media.Data) != "picture" || m.Text != "look" {
		t.Errorf("the phone shows %+v", m)
	}
	_, out = w.call(http.MethodGet, "/v23.0/"+id, "", nil)
	link := out["url"].(string)
	if status, data := w.fetch(link, DefaultAccount().Token); status != 200 || string(data) != "picture" {
		t.Errorf("download: %d %q", status, data)
	}
	if status, _ := w.fetch(link, ""); status != 401 {
		t.Errorf("download without token: %d", status)
	}
	w.clock.jump(6 * time.Minute)
	if status, _ := w.fetch(link, DefaultAccount().Token); status != 404 {
		t.Errorf("download by an old link: %d", status)
	}
	if _, out = w.call(http.MethodDelete, "/v23.0/"+id, "", nil); out["success"] != true {
		t.Errorf("delete: %v", out)
	}
	if status, out = w.call(http.MethodGet, "/v23.0/"+id, "", nil); status != 400 || errorCode(out) != "100" {
		t.Errorf("after delete: %d %v", status, out)
	}
	if status, out = w.upload([]byte("x"), "application/x-msdownload"); status != 400 {
		t.Errorf("a program: %d %v", status, out)
	}
	if _, out = w.upload(make([]byte, 5<<20+1), "image/png"); errorCode(out) != "131053" {
		t.Errorf("over 5 MB: %v", out)
	}
}

func TestTokenAndPaths(t *testing.T) {
	w := newWorld(t, Options{})
	w.Business().SetToken("another")
	if status, out := w.call(http.MethodGet, "/v23.0/106540352242922", "", nil); status != 401 || errorCode(out) != "190" {
		t.Errorf("expired token: %d %v", status, out)
	}
	w.Business().SetToken(DefaultAccount().Token)
	for path, code := range map[string]string{
		"/v23.0/999": "100", "/23/106540352242922": "2500", "/v23.0/1/2/3": "2500",
	} {
		if _, out := w.call(http.MethodGet, path, "", nil); errorCode(out) != code {
			t.Errorf("%s: %v, want %s", path, out, code)
		}
	}
	_, out := w.call(http.MethodGet, "/v23.0/106540352242922?fields=is_on_biz_app,platform_type", "", nil)
	if out["platform_type"] != "CLOUD_API" || out["verified_name"] != nil {
		t.Errorf("fields: %v", out)
	}
	_, out = w.call(http.MethodGet, "/v23.0/debug_token?input_token=wrong", "", nil)
	if dig(out, "data", "is_valid") != false {
		t.Errorf("debug_token: %v", out)
	}
}

func TestTemplatesComeInPages(t *testing.T) {
	w := newWorld(t, Options{})
	seen, after := map[string]bool{}, ""
	for range 10 {
		_, out := w.call(http.MethodGet, "/v23.0/102290129340398/message_templates?limit=2&after="+after, "", nil)
		data, _ := out["data"].([]any)
		for _, d := range data {
			seen[fmt.Sprint(dig(d, "name"), dig(d, "language"))] = true
		}
		after, _ = dig(out, "paging", "cursors", "after").(string)
		if dig(out, "paging", "next") == nil {
			break
		}
	}
	if want := len(DefaultTemplates()); len(seen) != want {
		t.Errorf("saw %d templates, want %d", len(seen), want)
	}
}

func TestSubscribingPerformsTheHandshake(t *testing.T) {
	w := newWorld(t, Options{})
	w.Business().SetCallback("", "")
	path := "/v23.0/102290129340398/subscribed_apps"
	body := func(token string) []byte {
		b, _ := json.Marshal(obj{"override_callback_uri": w.app.URL, "verify_token": token})
		return b
	}
	if status, out := w.call(http.MethodPost, path, "application/json", body("wrong")); status != 400 || errorCode(out) != "100" {
		t.Errorf("wrong verify token: %d %v", status, out)
	}
	if _, out := w.call(http.MethodGet, path, "", nil); len(out["data"].([]any)) != 0 {
		t.Errorf("subscribed after a failed handshake: %v", out)
	}
	if status, out := w.call(http.MethodPost, path, "application/json", body("simulated-verify-token")); status != 200 {
		t.Fatal(status, out)
	}
	_, out := w.call(http.MethodGet, path, "", nil)
	if dig(out, "data", 0, "override_callback_uri") != w.app.URL {
		t.Errorf("subscriptions: %v", out)
	}
	w.Customer("491511234567", "Mona").Say("hi")
	w.app.await(t, 1)
}
