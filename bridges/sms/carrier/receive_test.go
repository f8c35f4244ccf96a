package carrier

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestGolden: each call in testdata becomes exactly the events beside it. The file's name is the provider's; a line that begins with ? is the query
// of a GET, another the body of a POST.
func TestGolden(t *testing.T) {
	bridgetest.Golden(t, ".calls", func(t *testing.T, name string, raw []byte) []core.Event {
		l := open(t, bridgetest.NewHost(t), goodSettings(name, ""))
		var events []core.Event
		for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
			r := post(lines.Text())
			if query, ok := strings.CutPrefix(lines.Text(), "?"); ok {
				r = get(query)
			}
			events = append(events, receive(t, l, r)...)
		}
		return events
	})
}

// TestTokenIsNotKept: a provider's token never gets into what is kept.
func TestTokenIsNotKept(t *testing.T) {
	h := bridgetest.NewHost(t)
	l := open(t, h, goodSettings("vonage", ""))
	for _, r := range []core.WebhookRequest{get("hologram=1"), post("hologram=1"), post(`{"hologram":1}`), get("")} {
		events := receive(t, l, r)
		if len(events) != 1 || events[0].Kind != core.EventOther {
			t.Errorf("got %+v", events)
		}
		if leaked := bridgetest.Leaks(goodSettings("vonage", ""), events, string(events[0].Raw)); len(leaked) > 0 {
			t.Errorf("kept: %v in %s", leaked, events[0].Raw)
		}
	}
}

func part(n, total, text string) core.WebhookRequest {
	return get("msisdn=16505551234&to=14155550100&messageId=m" + n + "&text=" + text + "&concat=true&concat-ref=7&concat-part=" + n + "&concat-total=" + total)
}

// TestJoin: a long message comes in parts, in any order, and is one.
func TestJoin(t *testing.T) {
	h := bridgetest.NewHost(t)
	l := open(t, h, goodSettings("vonage", ""))
	for _, r := range []core.WebhookRequest{part("3", "3", "c"), part("1", "3", "a"), part("1", "3", "a")} {
		if events := receive(t, l, r); len(events) != 0 {
			t.Fatalf("before all are there: %+v", events)
		}
	}
	// The parts outlive the program.
	again := open(t, h, goodSettings("vonage", ""))
	events := receive(t, again, part("2", "3", "b"))
	if len(events) != 1 || events[0].ID != "m1" || events[0].Message.Content.Text != "abc" || events[0].Message.Provider != "m1" {
		t.Errorf("got %+v", events)
	}
	if events := receive(t, l, part("1", "1", "x")); len(events) != 1 || events[0].Message.Content.Text != "x" {
		t.Errorf("one part of one: %+v", events)
	}
	// Hours later the phone uses the number again: what is old does not belong to it.
	h.SetNow(h.Now().Add(3 * time.Hour))
	if events := receive(t, again, part("1", "3", "z")); len(events) != 0 {
		t.Errorf("old parts were used: %+v", events)
	}
}

// TestJoinAgain: a phone counts its long messages in one byte. The next one of the same number is another message, in whatever order its parts come, and a part
// that the provider repeats is still of the first.
func TestJoinAgain(t *testing.T) {
	long := func(id, n, text string) core.WebhookRequest {
		return get("msisdn=16505551234&to=14155550100&messageId=" + id + "&text=" + text + "&concat=true&concat-ref=200&concat-part=" + n + "&concat-total=2")
	}
	h := bridgetest.NewHost(t)
	l := open(t, h, goodSettings("vonage", ""))
	for _, c := range []struct {
		part core.WebhookRequest
		want string // empty: nothing yet
	}{
		{long("a1", "1", "Hello"), ""}, {long("a2", "2", "Ann"), "HelloAnn"}, {long("a2", "2", "Ann"), "HelloAnn"},
		{long("b2", "2", "Bob"), ""}, {long("b1", "1", "Hello"), "HelloBob"},
		{long("c1", "1", "Bye"), ""}, {long("c2", "2", "Bob"), "ByeBob"},
	} {
		h.SetNow(h.Now().Add(time.Minute / 2))
		got := ""
		for _, e := range receive(t, l, c.part) {
			got += e.Message.Content.Text
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.part.Query.Get("messageId"), got, c.want)
		}
	}
}

// TestJoinByHeader: where a provider hands on a message's user data header, that says which part of which message it is.
func TestJoinByHeader(t *testing.T) {
	const mo = `{"messageId":"%s","fromNumber":"16505551234","toNumber":"14155550100","timestamp":1772366340000,"text":"%s","charset":"UTF-8","udh":"%s"}`
	h := bridgetest.NewHost(t)
	l := open(t, h, goodSettings("clickatell", `{"extends":"clickatell","sign":{"kind":"none"}}`))
	for _, c := range []struct{ id, text, udh, want string }{
		{"c3", "три", "050003CC0303", ""}, {"c1", "раз, ", "050003cc0301", ""}, {"c3", "три", "050003CC0303", ""}, {"c2", "два, ", "05 00 03 CC 03 02", "раз, два, три"},
		{"d2", "there", "060804BEEF0202", ""}, {"d1", "Hello ", "060804BEEF0201", "Hello there"}, // a reference of two bytes
		{"e1", "Dear ", "0003050201", ""}, {"e2", "you", "0003050202", "Dear you"}, {"f1", "port first ", "0B0504158200000003070201", ""}, {"f2", "and then", "0003070202", "port first and then"},
		{"g1", "alone", "050003AA0101", "alone"}, {"g2", "odd", "050003AA0205", "odd"}, {"g3", "cut", "050003AA", "cut"}, {"g4", "none", "zz", "none"}, {"g5", "ring", "06050415811581", "ring"}, {"g6", "plain", "", "plain"},
		{"g7", "long", "70fe" + strings.Repeat("00", 254), "long"},
	} {
		got := ""
		for _, e := range receive(t, l, post(fmt.Sprintf(mo, c.id, c.text, c.udh))) {
			got += e.Message.Content.Text
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.id, got, c.want)
		}
	}
}

// TestWholeBesideJoin: where a definition knows parts, a message that is none keeps its files.
func TestWholeBesideJoin(t *testing.T) {
	l := open(t, bridgetest.NewHost(t), goodSettings(custom, `{"send":[{"url":"{base}/x"}],"answer":{"id":"id"},"sign":{"kind":"none"},"hooks":[{"rules":[
		{"kind":"message","id":"id","from":"from","text":"text","media":"media","join":{"ref":"ref","part":"part","total":"of"}}]}]}`))
	all := receive(t, l, post(`{"id":"m1","from":"+16505551234","text":"Look","media":["https://m.example/1.jpg","https://m.example/2.pdf"]}`))
	if len(all) != 2 || all[0].Message.Content.Text != "Look" || all[0].Message.Content.Media == nil || all[1].Message.Content.Kind != core.KindDocument {
		t.Errorf("got %+v", all)
	}
}

// TestJoinTogether: parts that come at the same time give one message, or the same one twice.
func TestJoinTogether(t *testing.T) {
	l := open(t, bridgetest.NewHost(t), goodSettings("vonage", ""))
	var mu sync.Mutex
	ids := map[string]string{}
	var all sync.WaitGroup
	for _, n := range []string{"1", "2", "3", "4"} {
		all.Go(func() {
			_, events, err := l.Receive(t.Context(), prove(l, part(n, "4", n)))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, e := range events {
				ids[e.ID] = e.Message.Content.Text
			}
		})
	}
	all.Wait()
	if len(ids) != 1 || ids["m1"] != "1234" {
		t.Errorf("got %v", ids)
	}
}

// TestJoinLate: what does not come is not waited for.
func TestJoinLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := bridgetest.NewHost(t)
		l := open(t, h, goodSettings("vonage", ""))
		receive(t, l, part("2", "3", "b"))
		receive(t, l, part("3", "3", "c"))
		<-time.After(patience + time.Second)
		synctest.Wait()
		events := h.Events()
		if len(events) != 1 || events[0].Message.Content.Text != "bc" {
			t.Errorf("got %+v", events)
		}
		receive(t, l, part("1", "3", "a"))
		if err := l.Close(); err != nil { // no timer stays behind
			t.Error(err)
		}
	})
}

// TestWhen: the ways of writing a time, and what is none.
func TestWhen(t *testing.T) {
	h := bridgetest.NewHost(t)
	l := open(t, h, goodSettings("kannel", ""))
	want := time.Date(2023, 7, 27, 0, 49, 29, 0, time.UTC)
	for _, s := range []string{"2023-07-27T00:49:29Z", "2023-07-27T02:49:29+02:00", "2023-07-27T00:49:29.000+0000", "2023-07-27 00:49:29", "20230727004929", "1690418969", "1690418969000", "1690418969000000", "Thu, 27 Jul 2023 00:49:29 GMT"} {
		if got := l.when(s); !got.Equal(want) {
			t.Errorf("%s: got %s", s, got)
		}
	}
	for _, s := range []string{"", "yesterday", "0", "-1", "1e300", "NaN", "9999-01-01T00:00:00Z", "12"} {
		if got := l.when(s); !got.Equal(h.Now()) {
			t.Errorf("%s: got %s", s, got)
		}
	}
}

func TestUndone(t *testing.T) {
	for _, tt := range []struct{ in, step, want string }{
		{"a%20b", "percent", "a b"}, {"%zz", "percent", "%zz"}, {"aGk=", "base64", "hi"}, {"?", "base64", "?"}, {"6869", "hex", "hi"}, {"\xe9", "latin1", "é"}, {"\x00h\x00i", "utf16be", "hi"},
		{"\xd8\x3d\xdc\x4d", "utf16be", "👍"}, {"\x05\x1be\x00", "gsm7", "é€@"}, {"é", "gsm7", "é"}, {"a\x1b", "gsm7", "a\x1b"},
	} {
		if got := undone(tt.in, tt.step); got != tt.want {
			t.Errorf("%q by %s: got %q, want %q", tt.in, tt.step, got, tt.want)
		}
	}
}

// FuzzReceive: whatever is authentic becomes events that can be stored, or a Problem; never a panic, and nothing is lost.
func FuzzReceive(f *testing.F) {
	var links []*link
	for _, name := range presets() {
		links = append(links, open(f, bridgetest.NewHost(f), goodSettings(name, "")))
	}
	f.Add(uint8(0), []byte("from=1&text=a"))
	f.Add(uint8(1), []byte(`[{"type":"message-received","message":{"id":"\u0000","from":"+1","text":"x","media":["http://a/b.png"]}}]`))
	f.Add(uint8(3), []byte(`{"results":[{"from":1,"status":{}},null,[]]}`))
	f.Add(uint8(9), []byte("from=1&type=mms&message=aGk="))
	f.Add(uint8(7), []byte(`<a><b c="d">e</b></a>`))
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		l := links[int(which)%len(links)]
		_, events, err := l.Receive(t.Context(), prove(l, post(string(body))))
		if err != nil {
			if core.CodeOf(err) != core.CodeInvalid {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		if len(events) == 0 && !strings.Contains(string(body), "concat") {
			t.Fatalf("lost: %q", body)
		}
		for _, e := range events {
			raw, err := json.Marshal(e)
			if err != nil || e.ID == "" || bytes.Contains(raw, []byte(`\u0000`)) && !bytes.Contains(raw, []byte(`\\u0000`)) {
				t.Fatalf("cannot be kept: %s %v", raw, err)
			}
		}
	})
}

// FuzzDefine: whatever an admin writes is a definition that can be used, or an error.
func FuzzDefine(f *testing.F) {
	f.Add(everything)
	f.Add(`{"extends":"vonage"}`)
	f.Add(`{"send":[{"url":"{base}/{{x}}","json":["{text|number}"]}],"answer":{"id":["a.*.-1","=x"]},"sign":{"kind":"none"}}`)
	h := bridgetest.NewHost(f)
	f.Fuzz(func(t *testing.T, own string) {
		d, err := define("", own)
		if err != nil {
			return
		}
		l := &link{def: d, host: h, conf: conf{values: map[string]string{"base": "https://x.example"}}}
		for i := range d.Send {
			if _, err := d.Send[i].build(t.Context(), func(string) string { return "v\n\"<" }); err != nil && strings.Contains(err.Error(), "planted") {
				t.Fatal(err)
			}
		}
		_ = l.authentic(post("a=b"))
	})
}

// TestWhatIsNoFile: what stands in the place of a file, and is none, is not lost; a page's layout is none.
func TestWhatIsNoFile(t *testing.T) {
	const pixel = "iVBORw0KGgoAAAAN+UhEUgAAAAEAAAABCAYAAAAfFcSJ"
	for name, c := range map[string]struct {
		provider, body, text, url string
		kind                      core.ContentKind
	}{
		"an address":           {"thinq", "from=2065551234&to=4155550100&type=mms&message=https%3A%2F%2Ffiles.example%2Fa.jpg", "", "https://files.example/a.jpg", core.KindImage},
		"words":                {"thinq", "from=2065551234&to=4155550100&type=mms&message=Hello+World", "Hello World", "", core.KindText},
		"a word like base64":   {"thinq", "from=2065551234&to=4155550100&type=mms&message=Okay", "Okay", "", core.KindText},
		"a plus became blank":  {"thinq", "from=2065551234&to=4155550100&type=mms&message=" + pixel, "", "data:image/png;", core.KindImage},
		"layout of an MMS":     {"bandwidth", `[{"type":"message-received","message":{"id":"1","to":["+14155550100"],"from":"+12065551234","text":"Look","media":["https://m.example/0.smil","https://m.example/1.jpg"]}}]`, "Look", "https://m.example/1.jpg", core.KindImage},
		"binary, and it is so": {"vonage", "msisdn=12065551234&to=14155550100&messageId=1&type=binary&data=48C3A9", "Hé", "", core.KindText},
		"hex of UCS-2":         {"jasmin", "id=1&from=12065551234&to=14155550100&coding=8&content=&binary=004800e9", "Hé", "", core.KindText},
	} {
		t.Run(name, func(t *testing.T) {
			set := goodSettings(c.provider, `{"extends":"`+c.provider+`","sign":{"kind":"none"}}`)
			all := receive(t, open(t, bridgetest.NewHost(t), set), post(c.body))
			got := all[0].Message.Content
			if len(all) != 1 || got.Kind != c.kind || got.Text != c.text || (got.Media == nil) != (c.url == "") || got.Media != nil && !strings.HasPrefix(got.Media.URL, c.url) {
				t.Errorf("%d events, got %+v %+v", len(all), got, got.Media)
			}
		})
	}
}

// TestNothingLegible: a message of which nothing can be shown says what it was, and is kept as it came.
func TestNothingLegible(t *testing.T) {
	for name, c := range map[string]struct {
		provider, body, kind string
	}{
		"a form of the provider's": {"zenvia", `{"type":"MESSAGE","channel":"sms","message":{"id":"m1","from":"16505551234","to":"14155550100","direction":"IN","contents":[{"type":"json","payload":{"order":7}}]}}`, "json"},
		"only unknown ones":        {"zenvia", `{"type":"MESSAGE","message":{"id":"m1","from":"16505551234","direction":"IN","contents":[{"type":"contacts","contacts":[{"name":"Bo"}]},{"type":"json"}]}}`, "contacts"},
		"nothing at all":           {"zenvia", `{"type":"MESSAGE","message":{"id":"m1","from":"16505551234","direction":"IN","contents":[{"type":"text","text":""}]}}`, ""},
		"an empty text":            {"kannel", "?sender=%2B16505551234&id=m1&message=", ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, bridgetest.NewHost(t), goodSettings(c.provider, `{"extends":"`+c.provider+`","sign":{"kind":"none"}}`))
			r := post(c.body)
			if query, ok := strings.CutPrefix(c.body, "?"); ok {
				r = get(query)
			}
			all := receive(t, l, r)
			if len(all) != 1 || all[0].Message == nil || all[0].ID != "m1" || len(all[0].Raw) == 0 {
				t.Fatalf("got %+v", all)
			}
			u := all[0].Message.Content.Unsupported
			if (u != nil) != (c.kind != "") || u != nil && (u.Type != c.kind || u.Detail == "") {
				t.Errorf("got %+v %+v", all[0].Message.Content, u)
			}
		})
	}
}

// TestMessageBirdID: a message without an id of its own has the call's, so that it comes once however often the call is repeated.
func TestMessageBirdID(t *testing.T) {
	h := bridgetest.NewHost(t)
	l := open(t, h, goodSettings("messagebird", `{"extends":"messagebird","sign":{"kind":"none"}}`))
	body := `{"id":"e8077d803532c0b5937c639b60216938","recipient":"14155550100","originator":"16505551234","body":"hi","createdDatetime":"2026-11-22T12:00:00+01:00"}`
	for range 2 {
		if all := receive(t, l, post(body)); len(all) != 1 || all[0].ID != "e8077d803532c0b5937c639b60216938" {
			t.Errorf("got %+v", all)
		}
		h.SetNow(h.Now().Add(time.Hour))
	}
}
