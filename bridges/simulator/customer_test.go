package simulator

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestEveryKindOfMessageReachesTheApp(t *testing.T) {
	w := newWorld(t, Options{})
	mona := w.Customer("+49 151 1234567", "Mona Haddad")
	mona.SetUsername("mona")
	own := mona.Say("hello")
	sent := w.sendText(mona.Phone(), "hi")
	w.app.await(t, 3) // hello, sent, delivered
	card := Contact{Name: "Omar", Phones: []string{"+966 50 1"}, Emails: []string{"o@example.com"}}
	for _, c := range []struct {
		kind string
		act  func() string
		want any
		path []any
	}{
		{"text", func() string { return mona.Reply(sent, "näher") }, sent, []any{"context", "id"}},
		{"text", func() string { return mona.Forward("f") }, true, []any{"context", "forwarded"}},
		{"text", func() string { return mona.SayFromAd("ad", "77", "Sale", "https://fb.me/x") }, "77", []any{"referral", "source_id"}},
		{"image", func() string { return mona.SendImage("a.jpg", []byte("jpeg"), "", "cap") }, "cap", []any{"image", "caption"}},
		{"video", func() string { return mona.SendVideo("a.mp4", []byte("mp4"), "", "") }, "video/mp4", []any{"video", "mime_type"}},
		{"document", func() string { return mona.SendDocument("a.pdf", []byte("pdf"), "", "") }, "a.pdf", []any{"document", "filename"}},
		{"audio", func() string { return mona.SendVoice([]byte("ogg")) }, true, []any{"audio", "voice"}},
		{"sticker", func() string { return mona.SendSticker([]byte("webp")) }, false, []any{"sticker", "animated"}},
		{"location", func() string { return mona.SendLocation(Location{Latitude: 1.5, Name: "x"}) }, 1.5, []any{"location", "latitude"}},
		{"contacts", func() string { return mona.SendContact(card) }, "Omar", []any{"contacts", 0, "name", "formatted_name"}},
		{"reaction", func() string { return mona.React(sent, "👍") }, "👍", []any{"reaction", "emoji"}},
		{"edit", func() string { return mona.Edit(own, "hello!") }, "hello!", []any{"edit", "message", "text", "body"}},
		{"revoke", func() string { return mona.Revoke(own) }, own, []any{"revoke", "original_message_id"}},
		{"unsupported", func() string { return mona.SendUnsupported(131060) }, 131060.0, []any{"errors", 0, "code"}},
		{"order", func() string { return mona.Order("c", "two", OrderItem{Product: "p", Quantity: 2}) }, "p", []any{"order", "product_items", 0, "product_retailer_id"}},
		{"interactive", func() string { return mona.SubmitFlow(sent, map[string]any{"a": 1}) }, `{"a":1}`, []any{"interactive", "nfm_reply", "response_json"}},
		{"system", func() string { return mona.ChangeNumber("+49 151 7654321") }, "491517654321", []any{"system", "wa_id"}},
	} {
		t.Run(c.kind, func(t *testing.T) {
			before := len(w.app.await(t, 0))
			id := c.act()
			v := value(t, w.app.await(t, before+1)[before])
			m, _ := dig(v, "messages", 0).(map[string]any)
			if m["id"] != id || m["type"] != c.kind {
				t.Fatalf("got %v of type %v, want %s of type %s", m["id"], m["type"], id, c.kind)
			}
			if got := dig(m, c.path...); got != c.want {
				t.Errorf("%v: got %v, want %v in %v", c.path, got, c.want, m)
			}
			if hasContacts := v["contacts"] != nil; hasContacts == (c.kind == "system") {
				t.Errorf("contacts present: %v", hasContacts)
			}
		})
	}
	if w.app.bad != 0 {
		t.Errorf("%d webhooks with a wrong signature", w.app.bad)
	}
}

func TestWebhookIsAsciiWithEscapedSlashes(t *testing.T) {
	w := newWorld(t, Options{})
	w.Customer("966501112222", "منى").Say("Grüße 👋🏽 a/b <&>")
	body := w.app.await(t, 1)[0]
	if i := bytes.IndexFunc(body, func(r rune) bool { return r > 126 }); i >= 0 {
		t.Errorf("byte %d is not ASCII: %s", i, body)
	}
	for _, want := range []string{`Gr\u00fc\u00dfe \ud83d\udc4b\ud83c\udffd a\/b <&>`, `\u0645\u0646\u0649`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("%s is missing in %s", want, body)
		}
	}
	if got := dig(value(t, body), "messages", 0, "text", "body"); got != "Grüße 👋🏽 a/b <&>" {
		t.Errorf("reads back as %q", got)
	}
}

func TestHiddenPhoneLeavesOnlyTheUserID(t *testing.T) {
	w := newWorld(t, Options{})
	mona := w.Customer("491511234567", "Mona")
	mona.HidePhone(true)
	mona.Say("who am I")
	v := value(t, w.app.await(t, 1)[0])
	if v := dig(v, "contacts", 0, "wa_id"); v != nil {
		t.Errorf("wa_id is %v", v)
	}
	if v := dig(v, "messages", 0, "from"); v != nil {
		t.Errorf("from is %v", v)
	}
	if got := dig(v, "messages", 0, "from_user_id"); got != mona.BSUID() {
		t.Errorf("from_user_id is %v, want %s", got, mona.BSUID())
	}
	status, out := w.send(obj{"recipient": mona.BSUID(), "type": "text", "text": obj{"body": "you"}})
	if status != 200 || dig(out, "contacts", 0, "wa_id") != nil || dig(out, "contacts", 0, "user_id") != mona.BSUID() {
		t.Errorf("answer to a send by user id: %d %v", status, out)
	}
	st := value(t, w.app.await(t, 2)[1])
	if got := dig(st, "statuses", 0, "recipient_id"); got != nil {
		t.Errorf("status tells recipient_id %v", got)
	}
}

func TestTicksRiseByAcknowledgementAndReadMark(t *testing.T) {
	w := newWorld(t, Options{})
	mona := w.Customer("491511234567", "Mona")
	first, id := mona.Say("one"), mona.Say("two")
	if _, err := mona.Await(testContext(t), func(m ChatMessage) bool { return m.ID == id && m.Tick == Delivered }); err != nil {
		t.Fatal(err)
	}
	status, out := w.send(obj{"status": "read", "message_id": id, "typing_indicator": obj{"type": "text"}})
	if status != 200 || out["success"] != true {
		t.Fatalf("read mark: %d %v", status, out)
	}
	if m, _ := mona.Message(first); m.Tick != Read {
		t.Errorf("the earlier message has tick %s, want %s", m.Tick, Read)
	}
	if !mona.Typing() {
		t.Error("the phone does not show typing")
	}
	if status, out = w.send(obj{"status": "read", "message_id": "wamid.no"}); errorCode(out) != "131009" {
		t.Errorf("unknown message: %d %v", status, out)
	}
}

func TestOwnersPhoneComesAsEcho(t *testing.T) {
	w := newWorld(t, Options{})
	mona := w.Customer("491511234567", "Mona")
	phone := w.Business().Phone()
	id := phone.Type(mona, "from my sofa")
	phone.Edit(mona, id, "from my chair")
	phone.Revoke(mona, id)
	got := w.app.await(t, 3)
	v := value(t, got[0])
	if dig(v, "message_echoes", 0, "id") != id || dig(v, "message_echoes", 0, "to") != "491511234567" {
		t.Errorf("echo is %v", v)
	}
	if dig(value(t, got[1]), "message_echoes", 0, "edit", "message", "text", "body") != "from my chair" {
		t.Errorf("edit is %s", got[1])
	}
	if m, _ := mona.Message(id); !m.Deleted || !m.Phone {
		t.Errorf("the phone shows %+v", m)
	}
	if mona.WindowOpen() {
		t.Error("an echo opened the window")
	}
}

func TestPressAnswersWithWhatWasOffered(t *testing.T) {
	w := newWorld(t, Options{})
	mona := w.Customer("491511234567", "Mona")
	mona.Say("hi")
	w.send(obj{"to": mona.Phone(), "type": "interactive", "interactive": obj{
		"type": "button", "body": obj{"text": "Ship?"}, "action": obj{"buttons": []obj{
			{"type": "reply", "reply": obj{"id": "y", "title": "Yes"}}, {"type": "reply", "reply": obj{"id": "n", "title": "No"}},
		}},
	}})
	id := mona.Press("yes")
	if id == "" || mona.Press("maybe") != "" {
		t.Fatalf("pressing gave %q", id)
	}
	got := w.app.await(t, 4)
	if r := dig(value(t, got[3]), "messages", 0, "interactive", "button_reply", "id"); r != "y" {
		t.Errorf("button_reply is %v", r)
	}
}

func TestManyCustomersAtOnceLoseNothingAndKeepTheirOrder(t *testing.T) {
	w := newWorld(t, Options{Retry: []time.Duration{}})
	const people, each = 20, 15
	var wg sync.WaitGroup
	for i := range people {
		wg.Go(func() {
			c := w.Customer(fmt.Sprintf("49151%07d", i), "P")
			for n := range each {
				c.Say(fmt.Sprint(n))
			}
		})
	}
	wg.Wait()
	next := map[any]int{}
	for _, body := range w.app.await(t, people*each) {
		m := dig(value(t, body), "messages", 0)
		from := dig(m, "from")
		if got := dig(m, "text", "body"); got != fmt.Sprint(next[from]) {
			t.Errorf("%v: got message %v, want %d", from, got, next[from])
		}
		next[from]++
	}
	if len(next) != people {
		t.Errorf("%d customers came through, want %d", len(next), people)
	}
}

func TestNumberChangeMovesThePerson(t *testing.T) {
	w := newWorld(t, Options{})
	mona := w.Customer("491511234567", "Mona")
	mona.Say("hi")
	before := mona.BSUID()
	mona.ChangeNumber("+49 151 7654321")
	if w.Customer("491517654321", "") != mona || mona.BSUID() == before {
		t.Error("the new number is somebody else's, or the user id stayed")
	}
	if _, out := w.send(obj{"to": "491511234567", "type": "text", "text": obj{"body": "x"}}); errorCode(out) != "131026" {
		t.Errorf("the old number: %v", out)
	}
	w.sendText("491517654321", "there you are")
}

func TestOfflinePhoneGetsItsMessagesLater(t *testing.T) {
	w := newWorld(t, Options{Receipts: Receipts{AutoRead: true}})
	mona := w.Customer("491511234567", "Mona")
	mona.Say("hi")
	mona.SetOnline(false)
	id := w.sendText(mona.Phone(), "wait")
	if m, _ := mona.Message(id); m.Tick != Sent {
		t.Errorf("tick is %s, want %s", m.Tick, Sent)
	}
	mona.SetOnline(true)
	if m, _ := mona.Message(id); m.Tick != Read {
		t.Errorf("tick is %s, want %s", m.Tick, Read)
	}
}
