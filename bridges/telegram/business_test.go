package telegram

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// connects is an update by which an owner connects the bot.
func connects(id, owner, rights, enabled string) string {
	return `{"update_id":9,"business_connection":{"id":"` + id + `","user":{"id":` + owner + `,"is_bot":false,"first_name":"Olga"},"user_chat_id":` + owner +
		`,"date":1767225600,"rights":` + rights + `,"is_enabled":` + enabled + `}}`
}

const mayReply = `{"can_reply":true,"can_read_messages":true}`

func TestAnswersGoByTheOwnersConnection(t *testing.T) {
	for name, c := range map[string]struct {
		news []string
		want string // the connection used; "" if the send is refused before any call
	}{
		"nothing known":            {nil, "conn-1"},
		"connected":                {[]string{connects("conn-1", "555", mayReply, "true")}, "conn-1"},
		"disconnected":             {[]string{connects("conn-1", "555", mayReply, "true"), connects("conn-1", "555", "{}", "false")}, ""},
		"may not reply":            {[]string{connects("conn-1", "555", "{}", "true")}, ""},
		"connected anew":           {[]string{connects("conn-1", "555", "{}", "false"), connects("conn-2", "555", mayReply, "true")}, "conn-2"},
		"another owner's is not":   {[]string{connects("conn-1", "555", "{}", "false"), connects("conn-2", "777", mayReply, "true")}, ""},
		"the newest of several":    {[]string{connects("conn-1", "555", "{}", "false"), connects("conn-9", "555", mayReply, "true"), connects("conn-3", "555", mayReply, "true")}, "conn-3"},
		"rights of older Bot APIs": {[]string{strings.Replace(connects("conn-1", "555", "{}", "true"), `"rights":{}`, `"can_reply":true`, 1)}, "conn-1"},
	} {
		t.Run(name, func(t *testing.T) {
			h := bridgetest.NewHost(t)
			b := newBots(t, nil)
			l := openLink(t, h, keyBase, b.URL)
			for _, n := range c.news {
				receive(t, l, n)
				h.SetNow(h.Now().Add(time.Minute))
			}
			_, err := openLink(t, h, keyBase, b.URL).Send(t.Context(), core.Outgoing{To: []core.IdentityKey{anaOwner}, Content: words("a")}) // by another process
			calls := b.all()
			if c.want == "" {
				if e := core.AsSendError(err); err == nil || e.Outcome != core.Rejected || e.Remedy == "" || len(calls) > 0 {
					t.Errorf("got %v after %d calls", err, len(calls))
				}
				return
			}
			if err != nil || len(calls) != 1 || calls[0].Fields["business_connection_id"] != c.want {
				t.Errorf("got %v, %+v", err, calls)
			}
		})
	}
}

func TestBusinessWindow(t *testing.T) {
	h := bridgetest.NewHost(t)
	if w := openLink(t, h).Capabilities().Window; w.Free != 0 {
		t.Errorf("a bot has the window %+v", w)
	}
	w := openLink(t, h, keyBusiness, yes).Capabilities().Window
	if w.Free != 24*time.Hour || w.After != core.AfterNothing {
		t.Errorf("a business account has the window %+v", w)
	}
}

// TestEchoesAreTheOwners: what the owner types in the app is no customer's word, and what we sent ourselves does not come in again.
func TestEchoesAreTheOwners(t *testing.T) {
	l := openLink(t, bridgetest.NewHost(t))
	message := func(from, more string) string {
		return `{"update_id":1,"business_message":{"message_id":7,"date":1767225600,"business_connection_id":"conn-1","from":{"id":` + from + `,"is_bot":false,"first_name":"X"},"chat":{"id":12345,"type":"private","first_name":"Ana"},"text":"a"` + more + `}}`
	}
	for _, c := range []struct {
		name, update string
		kind         core.EventKind
		origin       core.Origin
	}{
		{"customer", message("12345", ""), core.EventMessage, core.OriginCustomer},
		{"owner", message("555", ""), core.EventMessage, core.OriginDevice},
		{"ourselves", message("555", `,"sender_business_bot":{"id":`+botID+`,"is_bot":true,"first_name":"Shop"}`), core.EventOther, core.OriginProvider},
		{"absence note", message("555", `,"is_from_offline":true`), core.EventMessage, core.OriginGateway},
		{"another bot", message("555", `,"sender_business_bot":{"id":4,"is_bot":true,"first_name":"B"}`), core.EventMessage, core.OriginDevice},
	} {
		e := receive(t, l, c.update)[0]
		if e.Kind != c.kind || e.Origin != c.origin {
			t.Errorf("%s: got %s from %s", c.name, e.Kind, e.Origin)
		}
		if e.Kind == core.EventMessage && (e.Peer.Name == "" || e.Peer.Identities[0] != anaOwner || e.Message.Provider != "12345/7@conn-1") {
			t.Errorf("%s: got %+v", c.name, e)
		}
	}
}

func TestActs(t *testing.T) {
	for name, c := range map[string]struct {
		act  core.Act
		want string
	}{
		"typing":             {core.Act{Action: core.ActionTyping, To: []core.IdentityKey{ana}}, `sendChatAction {"action":"typing"}`},
		"typing in a topic":  {core.Act{Action: core.ActionTyping, To: []core.IdentityKey{{Scheme: Scheme, Value: "12345/77"}}}, `sendChatAction {"action":"typing","message_thread_id":77}`},
		"typing as owner":    {core.Act{Action: core.ActionTyping, To: []core.IdentityKey{anaOwner}}, `sendChatAction {"action":"typing","business_connection_id":"conn-1"}`},
		"reaction":           {core.Act{Action: core.ActionReaction, Target: "12345/7", Emoji: "👍"}, `setMessageReaction {"message_id":7,"reaction":[{"emoji":"👍","type":"emoji"}]}`},
		"reaction taken":     {core.Act{Action: core.ActionReaction, Target: "12345/7"}, `setMessageReaction {"message_id":7,"reaction":[]}`},
		"edit":               {core.Act{Action: core.ActionEdit, Target: "12345/7", Content: words("*b*")}, `editMessageText {"message_id":7,"parse_mode":"HTML","text":"<b>b</b>"}`},
		"edit as owner":      {core.Act{Action: core.ActionEdit, Target: "12345/7@conn-1", Content: words("b")}, `editMessageText {"business_connection_id":"conn-1","message_id":7,"text":"b"}`},
		"caption":            {core.Act{Action: core.ActionEdit, Target: "12345/7", Content: core.Content{Kind: core.KindImage, Text: "b"}}, `editMessageCaption {"caption":"b","message_id":7}`},
		"no caption":         {core.Act{Action: core.ActionEdit, Target: "12345/7", Content: core.Content{Kind: core.KindImage}}, `editMessageCaption {"caption":"","message_id":7}`},
		"revoke":             {core.Act{Action: core.ActionRevoke, Target: "12345/7"}, `deleteMessage {"message_id":7}`},
		"revoke as owner":    {core.Act{Action: core.ActionRevoke, Target: "12345/7@conn-1"}, `deleteBusinessMessages {"business_connection_id":"conn-1","message_ids":[7]}`},
		"read as owner":      {core.Act{Action: core.ActionRead, Target: "12345/7@conn-1"}, `readBusinessMessage {"business_connection_id":"conn-1","message_id":7}`},
		"read":               {core.Act{Action: core.ActionRead, Target: "12345/7"}, ""},
		"reaction as owner":  {core.Act{Action: core.ActionReaction, Target: "12345/7@conn-1", Emoji: "👍"}, "refused"},
		"of a button":        {core.Act{Action: core.ActionReaction, Target: "press/7", Emoji: "👍"}, "refused"},
		"unknown":            {core.Act{Action: "dance", Target: "12345/7"}, "refused"},
		"typing to a number": {core.Act{Action: core.ActionTyping, To: []core.IdentityKey{{Scheme: core.SchemePhone, Value: "1"}}}, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBots(t, nil)
			_, err := openLink(t, bridgetest.NewHost(t), keyBase, b.URL).Act(t.Context(), c.act)
			got := ""
			for _, k := range b.all() {
				got += unescaped(fieldsOf(k))
			}
			switch {
			case c.want == "refused":
				if e := core.AsSendError(err); err == nil || e.Outcome != core.Rejected || got != "" {
					t.Errorf("got %v after %s", err, got)
				}
			case err != nil || got != c.want:
				t.Errorf("got %s %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestEditFallsBackToPlainText(t *testing.T) {
	n := 0
	b := newBots(t, func(w http.ResponseWriter, c call) {
		if n++; n == 1 {
			refuseWith(w, 400, "Bad Request: can't parse entities", "")
			return
		}
		refuseWith(w, 400, "Bad Request: message is not modified: specified new message content is exactly the same", "")
	})
	_, err := openLink(t, bridgetest.NewHost(t), keyBase, b.URL).Act(t.Context(), core.Act{Action: core.ActionEdit, Target: "12345/7", Content: words("*b*")})
	if calls := b.all(); err != nil || len(calls) != 2 || fieldsOf(calls[1]) != `editMessageText {"message_id":7,"text":"*b*"}` {
		t.Errorf("got %v after %+v", err, calls)
	}
}

func TestButtonIsAnsweredWithTheWebhook(t *testing.T) {
	l := openLink(t, bridgetest.NewHost(t))
	answer, events, err := l.Receive(t.Context(), shown([]byte(`{"update_id":5,"callback_query":{"id":"cb","from":{"id":12345,"first_name":"Ana"},"chat_instance":"1","data":"y"}}`)))
	if err != nil || len(events) != 1 || answer.Type != "application/json" || string(answer.Body) != `{"callback_query_id":"cb","method":"answerCallbackQuery"}` {
		t.Errorf("got %s %s %+v %v", answer.Type, answer.Body, events, err)
	}
	answer, _, _ = l.Receive(t.Context(), shown([]byte(minimal)))
	if len(answer.Body) > 0 {
		t.Errorf("a message is answered with %s", answer.Body)
	}
}
