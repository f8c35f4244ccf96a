package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/bridges/instagram"
	"causeway/bridges/messenger"
	"causeway/bridges/meta/metatest"
	"causeway/bridges/simulator/mailroom"
	"causeway/bridges/sms/twilio/twiliotest"
	"causeway/bridges/telegram/telegramtest"
	"causeway/core"
)

// talk is a customer's message on one channel, and what the provider is called with when an agent's mail answers it.
type talk struct {
	provider
	says   func(id string, w *testWorld) core.WebhookRequest
	answer string // the provider's to what is sent
	// check holds the call that sends against the provider's description, and returns its text.
	check func(t *testing.T, r *http.Request, c bridgetest.Call) string
}

const hello = "Is the blue bicycle still there?"

// talks are of all channels whose providers call us.
func talks(t *testing.T) map[string]talk {
	all := map[string]talk{
		"messenger": inboxTalk(messengerPage(), metatest.Inbox{Bridge: messenger.Bridge{}, Object: "page", Account: "1234567890"}),
		"instagram": inboxTalk(instagramAccount(), metatest.Inbox{Bridge: instagram.Bridge{}, Object: "instagram", Account: "1234567890"}),
		"telegram":  telegramTalk(),
		"twilio":    twilioTalk(t),
		"x":         xTalk(),
	}
	for name := range carriers {
		all[name] = carrierTalk(name)
	}
	return all
}

func inboxTalk(p provider, inbox metatest.Inbox) talk {
	return talk{provider: p, answer: `{"recipient_id":"5678","message_id":"m_sent"}`,
		says: func(id string, w *testWorld) core.WebhookRequest {
			e := fmt.Sprintf(`{"sender":{"id":"5678"},"recipient":{"id":"1234567890"},"timestamp":%d,"message":{"mid":%q,"text":%q}}`, w.now().UnixMilli(), id, hello)
			return posted([]byte(inbox.Wrap("1234567890", e)))
		},
		check: func(t *testing.T, r *http.Request, c bridgetest.Call) string {
			inbox.Documented(t, c)
			if r.Header.Get("Authorization") != "Bearer EAA"+planted || fmt.Sprint(c.JSON(t)["recipient"]) != "map[id:5678]" {
				t.Errorf("sent by another, or to somebody else: %s", c.Body)
			}
			m, _ := c.JSON(t)["message"].(map[string]any)
			return fmt.Sprint(m["text"])
		}}
}

var telegramSpec = telegramtest.Load("../../../shared/fixtures/channels/telegram/specs")

func telegramTalk() talk {
	return talk{provider: telegramBot(), answer: `{"ok":true,"result":{"message_id":133,"date":1767225700,"chat":{"id":12345,"type":"private"}}}`,
		says: func(id string, w *testWorld) core.WebhookRequest {
			n := numbered(id)
			return posted(fmt.Appendf(nil, `{"update_id":%d,"message":{"message_id":%d,"date":%d,"chat":{"id":12345,"type":"private","first_name":"Ana"},"from":{"id":12345,"is_bot":false,"first_name":"Ana"},"text":%q}}`,
				n, n, w.now().Unix(), hello))
		},
		check: func(t *testing.T, r *http.Request, c bridgetest.Call) string {
			_, method, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/bot"), "/")
			for _, wrong := range telegramSpec.Against(t, method, c.JSON(t)) {
				t.Error(wrong)
			}
			if !strings.HasPrefix(r.URL.Path, "/bot"+botID+":"+planted+"/") || fmt.Sprint(c.JSON(t)["chat_id"]) != "12345" {
				t.Errorf("sent by another, or to somebody else: %s", c.Body)
			}
			return fmt.Sprint(c.JSON(t)["text"])
		}}
}

func xTalk() talk {
	return talk{provider: xUser(), answer: `{"data":{"dm_conversation_id":"2244994946-3805104374","dm_event_id":"1582838499983564806"}}`,
		says: func(id string, w *testWorld) core.WebhookRequest {
			return posted(xSays(numbered(id), "3805104374", xAccount, hello, w.now()))
		},
		check: func(t *testing.T, r *http.Request, c bridgetest.Call) string {
			if !strings.HasPrefix(r.Header.Get("Authorization"), "OAuth ") || r.URL.Path != "/2/dm_conversations/with/3805104374/messages" {
				t.Errorf("sent by another, or to somebody else: %s", r.URL.Path)
			}
			return fmt.Sprint(c.JSON(t)["text"])
		}}
}

// xSays is a direct message as X reports it, to whom it went and to whom it came.
func xSays(id int, from, to, text string, at time.Time) []byte {
	return fmt.Appendf(nil, `{"for_user_id":%q,"direct_message_events":[{"type":"message_create","id":"%d","created_timestamp":"%d","message_create":{"target":{"recipient_id":%q},"sender_id":%q,"message_data":{"text":%q}}}],`+
		`"users":{"3805104374":{"id":"3805104374","name":"Ana"}}}`, xAccount, id, at.UnixMilli(), to, from, text)
}

// numbered makes a number of an id.
func numbered(id string) int {
	n := 0
	for _, c := range id {
		n = n*31%1_000_003 + int(c)
	}
	return n
}

func twilioTalk(t *testing.T) talk {
	spec := twiliotest.Load(t, "../../../shared/fixtures/channels/twilio/specs")
	return talk{provider: twilioNumber(), answer: `{"sid":"SM0123456789abcdef0123456789abcdef","status":"queued","error_code":null}`,
		says: func(id string, _ *testWorld) core.WebhookRequest {
			return posted([]byte(encoded([2]string{"MessageSid", id}, [2]string{"AccountSid", "AC0123456789abcdef0123456789abcdef"}, [2]string{"From", "+16505551234"}, [2]string{"To", "+14155550100"},
				[2]string{"Body", hello}, [2]string{"SmsStatus", "received"}, [2]string{"NumMedia", "0"})))
		},
		check: func(t *testing.T, r *http.Request, c bridgetest.Call) string {
			spec.Described(t, r)
			if user, password, _ := r.BasicAuth(); user != "AC0123456789abcdef0123456789abcdef" || password != planted || c.Form().Get("To") != "+16505551234" {
				t.Errorf("sent by %q, to %q", user, c.Form().Get("To"))
			}
			return c.Form().Get("Body")
		}}
}

// carriers are the providers of SMS that come along: a customer's message as each of them brings it, and what each answers to one that is sent.
var carriers = map[string]struct{ says, answer string }{
	"africastalking": {encoded([2]string{"linkId", "1"}, [2]string{"id", "in-1"}, [2]string{"from", "+16505551234"}, [2]string{"to", "14155550100"}, [2]string{"text", hello}, [2]string{"date", "2026-05-03T06:04:45Z"}),
		`{"SMSMessageData":{"Recipients":[{"status":"Success","messageId":"1002"}]}}`},
	"bandwidth": {`[{"type":"message-received","time":"2026-09-14T18:20:16Z","description":"","to":"+14155550100","message":{"id":"in-1","time":"2026-09-14T18:20:16Z","to":["+14155550100"],"from":"+16505551234","text":"` +
		hello + `","applicationId":"a","owner":"+14155550100","direction":"in","segmentCount":1}}]`, `{"id":"55555"}`},
	"clickatell": {`{"messageId":"in-1","fromNumber":"16505551234","toNumber":"14155550100","timestamp":1790000000000,"text":"` + hello + `","charset":"UTF-8"}`,
		`{"messages":[{"apiMessageId":"id1002","accepted":true,"to":"16505551234","error":null}],"error":null}`},
	"infobip": {`{"results":[{"messageId":"in-1","from":"16505551234","to":"14155550100","text":"` + hello + `","receivedAt":"2026-10-06T09:28:40.000+0000"}],"messageCount":1,"pendingMessageCount":0}`,
		`{"messages":[{"status":{"groupId":1},"messageId":"1002"}]}`},
	"jasmin":      {encoded([2]string{"content", hello}, [2]string{"coding", "0"}, [2]string{"from", "16505551234"}, [2]string{"to", "14155550100"}, [2]string{"id", "in-1"}), `Success "1002"`},
	"kannel":      {encoded([2]string{"sender", "+16505551234"}, [2]string{"message", hello}, [2]string{"ts", "1790000000"}, [2]string{"id", "in-1"}, [2]string{"to", "14155550100"}), "0: Accepted for delivery"},
	"messagebird": {encoded([2]string{"id", "in-1"}, [2]string{"recipient", "14155550100"}, [2]string{"originator", "16505551234"}, [2]string{"body", hello}, [2]string{"createdDatetime", "2026-07-27T00:49:29Z"}), `{"id":"efa6405d"}`},
	"vonage":      {encoded([2]string{"to", "14155550100"}, [2]string{"msisdn", "16505551234"}, [2]string{"text", hello}, [2]string{"messageId", "in-1"}), `{"messages":[{"status":"0","message-id":"1002"}]}`},
	"plivo":       {encoded([2]string{"To", "14155550100"}, [2]string{"From", "16505551234"}, [2]string{"Text", hello}, [2]string{"Type", "sms"}, [2]string{"MessageUUID", "in-1"}), `{"message_uuid":["abc123"]}`},
	"thinq":       {encoded([2]string{"message", hello}, [2]string{"from", "6505551234"}, [2]string{"to", "4155550100"}, [2]string{"type", "sms"}), `{"guid":"abc123"}`},
	"wavy":        {`{"id":"in-1","source":"16505551234","shortCode":"14155550100","messageText":"` + hello + `","receivedAt":1790000000000}`, `{"id":"1002"}`},
	"zenvia": {`{"id":"1","timestamp":"2026-05-03T03:04:45Z","type":"MESSAGE","message":{"id":"in-1","from":"16505551234","to":"14155550100","direction":"IN","contents":[{"type":"text","text":"` +
		hello + `"}],"visitor":{"name":"Ana"}}}`, `{"id":"55555"}`},
}

func carrierTalk(name string) talk {
	c := carriers[name]
	says := posted([]byte(c.says))
	if name == "kannel" {
		query, _ := url.ParseQuery(c.says)
		says = core.WebhookRequest{Method: http.MethodGet, Header: http.Header{}, Query: query}
	}
	return talk{provider: carrierOf(name), answer: c.answer, says: func(string, *testWorld) core.WebhookRequest { return says },
		check: func(t *testing.T, r *http.Request, c bridgetest.Call) string {
			all, _ := url.QueryUnescape(string(c.Body) + " " + r.URL.RawQuery) // where in it the text stands is a test of the bridge's
			if !strings.Contains(all, "6505551234") {
				t.Errorf("sent to somebody else: %s", all)
			}
			return all
		}}
}

const team = `
agents:
  - name: Lena Brandt
    addresses: [%s]
forwards:
  - name: everything
    to: [Lena Brandt]
`

// staff gives a tenant an agent, who gets a mail of everything.
func (w *tenant) staff() *mailroom.Mailbox {
	w.Helper()
	address := "lena-" + w.workspaceName + "@example.com"
	w.apply(w.workspaceName, "channels:\n"+w.made.channel("shop", w.values)+fmt.Sprintf(team, address), w.values)
	return w.room.Mailbox(address)
}

// TestEveryChannelByMail: on each channel a customer's message is an agent's mail, and the mail that answers it is a call of the provider that the
// provider's own description allows.
func TestEveryChannelByMail(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		world := liveIn(t, worldOptions{Database: database, Business: "channels: []", Flags: map[string]string{"allow_private": "127.0.0.0/8"}})
		for name, k := range talks(t) {
			t.Run(name, func(t *testing.T) { k.play(world.in(t)) })
		}
	})
}

func (k talk) play(world *testWorld) {
	t := world.T
	sent := make(chan string, 10)
	s := bridgetest.NewStandIn(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(raw)))
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(string(raw)+r.URL.RawQuery, "bicycle") {
			sent <- k.check(t, r, bridgetest.Call{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header, Body: raw})
		}
		_, _ = io.WriteString(w, k.answer)
	})
	w := world.tenant(k.provider, map[string]string{"api_base": s.URL})
	defer w.leave()
	lena := w.staff()
	r := w.request(k.says("in-1", world), true)
	for range 2 { // the second time nothing comes of it
		if status := w.door(r); status/100 != 2 {
			t.Fatalf("answered %d", status)
		}
	}
	m := w.mailTo(lena, hello)
	_, err := lena.Reply(w.within(), m, "Yes: the blue bicycle is here.", mailroom.ReplyOptions{})
	w.must(err)
	select {
	case text := <-sent:
		if !strings.Contains(text, "Yes: the blue bicycle is here.") {
			t.Errorf("sent %q", text)
		}
	case <-w.within().Done():
		t.Fatalf("the answer did not reach the provider; it was called with %+v", s.Calls())
	}
	conversations := w.conversations()
	w.eventually("the answer counts as sent", func() bool { return w.messages(conversations[0].ID)[0].Status == core.StatusSent })
	if len(conversations) != 1 || len(w.messages(conversations[0].ID)) != 2 || len(lena.Received()) != 1 || len(sent) != 0 {
		t.Errorf("%d conversations, %d mails, %d more calls", len(conversations), len(lena.Received()), len(sent))
	}
}

// TestEchoesOnX: what we sent is not taken for new when X reports it, whoever is quicker; what the business typed in the app is in the conversation
// and is answered by nobody.
func TestEchoesOnX(t *testing.T) {
	world := liveIn(t, worldOptions{Business: "channels: []", Flags: map[string]string{"allow_private": "127.0.0.0/8"}})
	k := xTalk()
	s := bridgetest.NewStandIn(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, k.answer) })
	w := world.in(t).tenant(k.provider, map[string]string{"api_base": s.URL})
	lena := w.staff()
	reports := func(id int, from, to, text string) {
		w.expect(text, w.request(posted(xSays(id, from, to, text, world.now())), true), http.StatusOK)
	}
	reports(1, "3805104374", xAccount, hello)
	_, err := lena.Reply(w.within(), w.mailTo(lena, hello), "Yes: the blue bicycle is here.", mailroom.ReplyOptions{})
	w.must(err)
	id := w.conversations()[0].ID
	w.eventually("the answer counts as sent", func() bool { return w.messages(id)[0].Status == core.StatusSent })
	reports(1582838499983564806, xAccount, "3805104374", "Yes: the blue bicycle is here.")
	reports(2, xAccount, "3805104374", "Typed in the app.")
	all := w.messages(id)
	if len(all) != 3 || all[0].Direction != core.Out || all[0].Content.Text != "Typed in the app." || len(w.conversations()) != 1 || len(s.Calls()) != 1 {
		t.Errorf("%d messages, %d calls of X; the last message is %+v", len(all), len(s.Calls()), all[0])
	}
}

// TestBadCallsAtEveryDoor: what does not prove where it comes from gets an empty 401, what is too large a 413; what is authentic and not for us,
// not known or not readable is kept. Then the door is still open.
func TestBadCallsAtEveryDoor(t *testing.T) {
	world := stillWorld(t, "")
	for name, k := range talks(t) {
		t.Run(name, func(t *testing.T) {
			w := world.in(t).tenant(k.provider)
			defer w.leave()
			good := k.says("in-1", world)
			forged := maps.Clone(w.values)
			for _, f := range k.settings() {
				if f.Secret {
					forged[f.Key] += "x"
				}
			}
			other := w.request(good, false)
			k.sign(&other, forged)
			w.expect("unsigned", w.request(good, false), http.StatusUnauthorized)
			w.expect("signed by another", other, http.StatusUnauthorized)
			w.expect("huge", w.request(posted(bytes.Repeat([]byte("x"), 6<<20)), true), http.StatusRequestEntityTooLarge)
			if all := w.conversations(); len(all) > 0 {
				t.Errorf("a conversation came of it")
			}
			for _, body := range []string{`{"holograms":[1]}`, "holograms=1", `{"entry":`, "%zz=\x00\xff"} {
				r := w.request(posted([]byte(body)), true)
				events, problem := w.understood(r)
				if errors.Is(problem, core.ErrUnauthenticated) { // a form where there are none: nothing signed speaks of it
					w.expect(body, r, http.StatusUnauthorized)
					continue
				}
				w.expect(body, r, http.StatusOK)
				if lost := w.lost(events, problem); len(events) == 0 && problem == nil || len(lost) > 0 {
					t.Errorf("%q is lost: %+v", body, lost)
				}
			}
			w.expect("good", w.request(good, true), http.StatusOK)
			if all := w.conversations(); len(all) != 1 {
				t.Errorf("%d conversations", len(all))
			}
		})
	}
}

// expect makes a call. One that is refused is told nothing.
func (w *tenant) expect(name string, r core.WebhookRequest, want int) {
	w.Helper()
	status, body := w.call(r)
	if status/100 != want/100 || want/100 != 2 && (status != want || len(body) > 0) {
		w.Errorf("%s: answered %d %q, want %d", name, status, body, want)
	}
}

// TestForeignAccount: what is for an account that the channel does not stand for is kept, and is nobody's message.
func TestForeignAccount(t *testing.T) {
	world := stillWorld(t, "")
	for name, k := range talks(t) {
		t.Run(name, func(t *testing.T) {
			w := world.in(t).tenant(k.provider)
			w.leave()
			w.links.Refresh(t.Context()) // the gateway may have opened it before, and would not look again for some seconds
			w.expect("foreign", w.request(k.says("in-1", world), true), http.StatusOK)
			dead, err := w.own.DeadLetters(t.Context(), core.Page{})
			w.must(err)
			if len(w.conversations()) != 0 || len(dead) != 1 || !strings.Contains(string(dead[0].Event), "blue bicycle") {
				t.Errorf("%d conversations, dead letters: %+v", len(w.conversations()), dead)
			}
		})
	}
}

// TestEntrance: an admin is told what to enter elsewhere, and no secret but the word that the provider's page asks for.
func TestEntrance(t *testing.T) {
	world := stillWorld(t, "")
	polled := telegramBot()
	polled.values["receive"] = "polling"
	for name, c := range map[string]struct {
		provider
		want []string
	}{
		"messenger":        {messengerPage(), []string{"webhook URL /hooks/", "verify token", "by hand App dashboard"}},
		"carrier":          {carrierOf("kannel"), []string{"webhook URL /hooks/", "by hand ?token="}},
		"telegram":         {telegramBot(), []string{"webhook URL /hooks/"}},
		"telegram polling": {polled, []string{"receives by asking"}},
		"webchat":          {webChat(), []string{`for your pages <script src=" /w/bridge.js" data-key=" async></script>`}},
	} {
		t.Run(name, func(t *testing.T) {
			w := world.in(t).tenant(c.provider)
			defer w.leave()
			all := w.entrance(t.Context(), w.channel)
			if len(all) != len(c.want) {
				t.Fatalf("got %v, want %v", all, c.want)
			}
			for i, e := range all {
				for _, part := range strings.Fields(c.want[i]) {
					if !strings.Contains(e.name+" "+e.value, part) {
						t.Errorf("got %v, want %q in it", e, part)
					}
				}
			}
			if strings.Contains(fmt.Sprint(all), planted) {
				t.Errorf("a secret is told: %v", all)
			}
		})
	}
}
