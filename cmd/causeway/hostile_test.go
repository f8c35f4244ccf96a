package main

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // as Twilio signs
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"causeway/core"
)

const (
	hostileTelegram = "verify-0123456789abcdef"
	hostileTwilio   = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	hostileCarrier  = "carrier-0123456789abcdef"
)

// everyDoor is a business with a channel of each kind that receives by webhook.
func everyDoor(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "{file: " + path + "}"
	}
	meta := "      access_token: {env: TOKEN}\n      app_secret: {env: APP_SECRET}\n      verify_token: " + file("verify", "a-word-of-ours") + "\n      api_base: {env: GRAPH}\n"
	return oneNumber +
		"  - name: page\n    kind: messenger\n    settings:\n      page_id: \"1112223334445\"\n" + meta +
		"  - name: gram\n    kind: instagram\n    settings:\n      account_id: \"17841499999999999\"\n" + meta +
		"  - name: bot\n    kind: telegram\n    settings:\n      bot_id: \"987654321\"\n      bot_token: " + file("bot", "987654321:AAH0123456789abcdefghijklmnopqrstuv") +
		"\n      verify_token: " + file("botverify", hostileTelegram) + "\n      api_base: {env: GRAPH}\n" +
		"  - name: texts\n    kind: sms-twilio\n    settings:\n      sender: \"+14155550123\"\n      account_sid: AC0123456789abcdef0123456789abcdef\n      auth_token: " + file("twilio", hostileTwilio) +
		"\n      api_base: {env: GRAPH}\n" +
		"  - name: carrier\n    kind: sms-http\n    settings:\n      sender: \"+14155550124\"\n      provider: infobip\n      country: US\n      api_key: " + file("carrierkey", "an-api-key-of-ours") +
		"\n      webhook_secret: " + file("carrier", hostileCarrier) + "\n      api_base: {env: GRAPH}\n"
}

// authentic makes the request that a channel's provider would make with this body.
func (w *testWorld) authentic(ch core.Channel, body []byte) *http.Request {
	w.Helper()
	at := w.webhookURL(ch.ID)
	header := http.Header{"Content-Type": {"application/json"}}
	switch ch.Kind {
	case "telegram":
		header.Set("X-Telegram-Bot-Api-Secret-Token", hostileTelegram)
	case "sms-twilio":
		sum := sha256.Sum256(body)
		at += "?bodySHA256=" + hex.EncodeToString(sum[:])
		mac := hmac.New(sha1.New, []byte(hostileTwilio))
		_, _ = mac.Write([]byte(at))
		header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	case "sms-http":
		at += "?token=" + url.QueryEscape(hostileCarrier)
	default:
		header.Set("X-Hub-Signature-256", w.sim.Business().Sign(body))
	}
	r, err := http.NewRequestWithContext(w.Context(), http.MethodPost, at, bytes.NewReader(body))
	w.must(err)
	r.Header = header
	return r
}

// good is a message of a kind of channel; TEXT and ID stand where text and id are, inside of their quotes.
var good = map[string]string{
	"whatsapp-cloud": `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"phone_number_id":"NUMBER"},` +
		`"contacts":[{"profile":{"name":"TEXT"},"wa_id":"15557770001"}],"messages":[{"from":"15557770001","id":"ID","timestamp":"1790000000","type":"text","text":{"body":"TEXT"}}]}}]}]}`,
	"messenger": `{"object":"page","entry":[{"id":"1112223334445","time":1790000000000,"messaging":[{"sender":{"id":"77001"},"recipient":{"id":"1112223334445"},"timestamp":1790000000000,` +
		`"message":{"mid":"ID","text":"TEXT"}}]}]}`,
	"instagram": `{"object":"instagram","entry":[{"id":"17841499999999999","time":1790000000000,"messaging":[{"sender":{"id":"77002"},"recipient":{"id":"17841499999999999"},"timestamp":1790000000000,` +
		`"message":{"mid":"ID","text":"TEXT"}}]}]}`,
	"telegram":   `{"update_id":7,"message":{"message_id":9,"from":{"id":77003,"is_bot":false,"first_name":"TEXT"},"chat":{"id":77003,"type":"private","first_name":"TEXT"},"date":1790000000,"text":"TEXT ID"}}`,
	"sms-twilio": `{"MessageSid":"ID","AccountSid":"AC0123456789abcdef0123456789abcdef","From":"+15557770004","To":"+14155550123","Body":"TEXT"}`,
	"sms-http":   `{"results":[{"messageId":"ID","from":"15557770005","to":"14155550124","receivedAt":"2026-10-06T09:28:39.220+0000","message":[{"contentType":"text/plain","value":"TEXT"}]}]}`,
}

// gzipBomb is 64 MB of nothing in some KB. It is made once, for making it takes longer than being hit by it.
var gzipBomb = sync.OnceValue(func() []byte {
	var zipped bytes.Buffer
	z, _ := gzip.NewWriterLevel(&zipped, gzip.BestSpeed)
	_, _ = z.Write(make([]byte, 64<<20)) // a buffer takes everything
	_ = z.Close()
	return zipped.Bytes()
})

// hostile are bodies that nobody means well with, made from a good one.
func hostile(like string) map[string][]byte {
	with := func(text string) []byte { return []byte(strings.ReplaceAll(like, "TEXT", text)) }
	last := strings.LastIndex(like, "TEXT")
	return map[string][]byte{
		"empty":                      nil,
		"null":                       []byte("null"),
		"a list of nothing":          []byte("[]"),
		"an object of nothing":       []byte("{}"),
		"a NUL byte":                 {0},
		"a NUL byte in the text":     with("a\x00b"),
		"an escaped NUL":             with(`a\u0000b`),
		"an escaped NUL as id":       []byte(strings.ReplaceAll(like, "ID", `\u0000`)),
		"an id of 100 KB":            []byte(strings.ReplaceAll(like, "ID", strings.Repeat("i", 100<<10))),
		"no UTF-8":                   with("a\xff\xfe\xc0\x80b"),
		"half a surrogate pair":      with(`a\ud800b`),
		"a byte order mark":          append([]byte("\xef\xbb\xbf"), with("marked")...),
		"cut off":                    with("whole")[:len(like)/2],
		"lists 100,000 deep":         []byte(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)),
		"objects 100,000 deep":       []byte(strings.Repeat(`{"entry":`, 100_000) + "1" + strings.Repeat("}", 100_000)),
		"lists 9,000 deep inside":    with(`x","deep":` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + `,"y":"`),
		"3 MB of text":               []byte(strings.ReplaceAll(like[:last]+strings.Repeat("all of it counts ", 3<<20/17)+like[last+len("TEXT"):], "TEXT", "x")),
		"100,000 lists":              []byte("[" + strings.Repeat("[],", 100_000) + "[]]"),
		"more than the limit":        bytes.Repeat([]byte(" "), 5<<20),
		"numbers as texts":           []byte(strings.NewReplacer("1790000000000", `"1790000000000"`, `"update_id":7`, `"update_id":"7"`, "77003", `"77003"`).Replace(like)),
		"texts as numbers":           []byte(strings.NewReplacer(`"ID"`, "12345678901234567890", `"TEXT"`, "0.1").Replace(like)),
		"numbers without end":        []byte(strings.NewReplacer("1790000000", strings.Repeat("9", 5000), `"TEXT"`, "1e999999", "77003", "1e30").Replace(like)),
		"numbers below zero":         []byte(strings.ReplaceAll(like, "1790000000", "-9223372036854775808")),
		"each key twice":             []byte(strings.Replace(like, "{", `{"object":[],"entry":7,"message":null,"results":"x","Body":[1],`, 1)),
		"everything is null":         []byte(strings.NewReplacer(`"TEXT"`, "null", `"ID"`, "null").Replace(like)),
		"a gzip bomb without a name": gzipBomb(),
	}
}

// TestHostileBodies: whatever is signed and sent to whichever webhook is answered clearly, loses nothing that is a message, and harms nobody else.
func TestHostileBodies(t *testing.T) {
	long(t)
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database, Business: oneNumber})
		w.must(w.setUp(t.Context(), w.base, worldOptions{Business: everyDoor(t)})) // later: the simulated platform is none of the others
		channels, err := w.repo().Channels(t.Context())
		w.must(err)
		if len(channels) != len(good) {
			t.Fatalf("%d channels, want %d", len(channels), len(good))
		}
		before := runtime.NumGoroutine()
		for _, ch := range channels {
			like := strings.ReplaceAll(good[ch.Kind], "NUMBER", w.sim.Business().Account().PhoneNumberID)
			n := 100
			for name, body := range hostile(like) {
				n++ // each is a message of its own
				body = []byte(strings.NewReplacer(`"ID"`, fmt.Sprintf(`"id-%d"`, n), `"message_id":9`, fmt.Sprintf(`"message_id":%d`, n)).Replace(string(body)))
				r := w.authentic(ch, body)
				if strings.Contains(name, "gzip") {
					r.Header.Set("Content-Encoding", "gzip")
				}
				status := w.ask(r)
				if !slices.Contains([]int{http.StatusOK, http.StatusNoContent, http.StatusBadRequest, http.StatusUnauthorized, http.StatusRequestEntityTooLarge}, status) {
					t.Errorf("%s, %s: answered %d", ch.Kind, name, status)
				}
				if want := name == "more than the limit"; want != (status == http.StatusRequestEntityTooLarge) {
					t.Errorf("%s, %s: answered %d", ch.Kind, name, status)
				}
			}
			id := "last-" + ch.Name
			if status := w.ask(w.authentic(ch, []byte(strings.NewReplacer("ID", id, "TEXT", "still well", `"message_id":9`, `"message_id":10`).Replace(like)))); status != http.StatusOK {
				t.Errorf("%s: a good message was answered %d afterwards", ch.Kind, status)
			}
			found, err := w.repo().Conversations(t.Context(), core.ConversationFilter{Channel: ch.ID}, core.Page{Limit: 50})
			w.must(err)
			texts := ""
			for _, c := range found {
				for _, m := range w.messages(c.ID) {
					texts += m.Content.Text + "\n"
				}
			}
			for _, want := range []string{"still well", "all of it counts all"} {
				if !strings.Contains(texts, want) {
					t.Errorf("%s: %q was not stored", ch.Kind, want)
				}
			}
		}
		for _, bad := range []string{"panic", "incident="} {
			if i := strings.Index(w.log.String(), bad); i >= 0 {
				t.Errorf("the log speaks of %q: %s", bad, tail(w.log.String()[:min(len(w.log.String()), i+600)], 1000))
			}
		}
		http.DefaultClient.CloseIdleConnections()
		w.eventually("no goroutine is left over", func() bool { return runtime.NumGoroutine() < before+50 })
	})
}

// ask does a request and returns the answer's status, zero if none came.
func (w *testWorld) ask(r *http.Request) int {
	w.Helper()
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Errorf("%s: %v", r.URL.Path, err)
		return 0
	}
	defer a.Body.Close()
	_, _ = io.Copy(io.Discard, a.Body)
	return a.StatusCode
}

// endless is a body that goes on until it is told that enough is enough.
type endless struct{ sent int }

func (e *endless) Read(p []byte) (int, error) {
	if e.sent > 256<<20 {
		return 0, errors.New("256 MB were taken")
	}
	e.sent += len(p)
	return len(p), nil
}

// TestBodyWithoutEnd: a body of no announced length is cut off at the limit.
func TestBodyWithoutEnd(t *testing.T) {
	w := liveIn(t, worldOptions{})
	body := &endless{}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.webhookURL(w.theChannel().ID), body)
	w.must(err)
	a, err := http.DefaultClient.Do(r)
	if err == nil {
		defer a.Body.Close()
		if a.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("answered %d", a.StatusCode)
		}
	}
	if body.sent > 64<<20 {
		t.Errorf("%d MB were taken", body.sent>>20)
	}
	w.post(w.hook("AFTER", "15551239999", "and on it goes"))
	w.mailTo(w.lena, "and on it goes")
}
