package whatsappdevice

import (
	"cmp"
	"context"
	"encoding/json"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/encoding/protojson"
)

const (
	anaLID, anaPN = "194000000000001@lid", "4915112345678@s.whatsapp.net"
	ourLID, ourPN = "194000000000009@lid", "4930123456@s.whatsapp.net"
	street        = "120363000000000001@g.us"
)

// stanza is a message as whatsmeow hands it over, written down.
type stanza struct {
	ID       string          `json:"id"`
	Chat     string          `json:"chat"` // empty: Ana's
	From     string          `json:"from"` // empty: the chat
	Alt      string          `json:"alt"`
	To       string          `json:"to"` // RecipientAlt
	Ours     bool            `json:"ours"`
	List     [][2]string     `json:"list"` // whom a broadcast list went to, by hidden address and number
	Push     string          `json:"push"`
	Message  json.RawMessage `json:"message"`
	Receipt  *string         `json:"receipt"` // its type
	IDs      []string        `json:"ids"`
	Failed   bool            `json:"failed"`  // it could not be decrypted
	Missing  string          `json:"missing"` // the kind of what was not sent to us
	FailMode string          `json:"fail"`    // hide
	Edit     string          `json:"edit"`    // the attribute: 8 is an admin's
}

func (s stanza) info(t *testing.T) types.MessageInfo {
	t.Helper()
	chat := jid(t, cmp.Or(s.Chat, anaLID))
	from := jid(t, cmp.Or(s.From, chat.String()))
	if s.Ours && s.From == "" {
		from = jid(t, ourLID)
	}
	var list []types.BroadcastRecipient
	for _, to := range s.List {
		list = append(list, types.BroadcastRecipient{LID: jid(t, to[0]), PN: jid(t, to[1])})
	}
	return types.MessageInfo{ID: cmp.Or(s.ID, "3A0001"), PushName: s.Push, Edit: types.EditAttribute(s.Edit), Timestamp: time.Unix(1772366400, 0), MessageSource: types.MessageSource{Chat: chat, Sender: from,
		SenderAlt: jid(t, s.Alt), RecipientAlt: jid(t, s.To), IsFromMe: s.Ours, IsGroup: chat.Server == types.GroupServer, BroadcastRecipients: list}}
}

func jid(t testing.TB, s string) types.JID {
	t.Helper()
	if s == "" {
		return types.JID{}
	}
	j, err := types.ParseJID(s)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// pages is a book for tests: Ana is known by both addresses, Bela by the hidden one alone.
type pages struct{ t testing.TB }

func (p pages) hidden(_ context.Context, number types.JID) types.JID {
	if number.String() == anaPN {
		return jid(p.t, anaLID)
	}
	return types.JID{}
}

func (p pages) number(_ context.Context, hidden types.JID) types.JID {
	if hidden.String() == anaLID {
		return jid(p.t, anaPN)
	}
	return types.JID{}
}

func (p pages) names(_ context.Context, j types.JID) (listed, own string) {
	if j.String() == anaLID {
		return "Ana Pavlova", "ana"
	}
	return "", ""
}

func (p pages) subject(_ context.Context, group types.JID) string {
	if group.String() == street {
		return "Our street"
	}
	return ""
}

func (p pages) us(j types.JID) bool { return j.String() == ourLID || j.String() == ourPN }

func (p pages) vote(_ context.Context, e *events.Message) *waE2E.PollVoteMessage {
	sealed := e.Message.GetPollUpdateMessage().GetVote().GetEncPayload()
	if len(sealed)%32 != 0 {
		return nil
	}
	v := &waE2E.PollVoteMessage{}
	for ; len(sealed) > 0; sealed = sealed[32:] {
		v.SelectedOptions = append(v.SelectedOptions, sealed[:32])
	}
	return v
}

func (p pages) attendance(_ context.Context, e *events.Message) *waE2E.EventResponseMessage {
	a := &waE2E.EventResponseMessage{}
	if protojson.Unmarshal(e.Message.GetEncEventResponseMessage().GetEncPayload(), a) != nil {
		return nil
	}
	return a
}

func (p pages) reaction(_ context.Context, e *events.Message) *waE2E.ReactionMessage {
	emoji := string(e.Message.GetEncReactionMessage().GetEncPayload())
	return &waE2E.ReactionMessage{Text: &emoji}
}

func (p pages) edited(_ context.Context, e *events.Message) *waE2E.Message {
	said := string(e.Message.GetSecretEncryptedMessage().GetEncPayload())
	return &waE2E.Message{Conversation: &said}
}

func (p pages) options(_ context.Context, poll string) map[string]string {
	if poll != anaLID+"/out/3AP0" {
		return nil
	}
	return map[string]string{"3131313131313131313131313131313131313131313131313131313131313131": "Red", "3232323232323232323232323232323232323232323232323232323232323232": "Blue"}
}

// key knows our part behind one id.
func key(id types.MessageID) string {
	if id == stanzaOf("part-1") {
		return "part-1"
	}
	return ""
}

func (s stanza) events(t *testing.T) []core.Event {
	t.Helper()
	r, info := reader{book: pages{t}, groups: true}, s.info(t)
	switch {
	case s.Receipt != nil:
		return r.receipt(t.Context(), &events.Receipt{MessageSource: info.MessageSource, MessageIDs: s.IDs, Timestamp: info.Timestamp, Type: types.ReceiptType(*s.Receipt)}, key)
	case s.Failed:
		return r.waiting(t.Context(), &events.UndecryptableMessage{Info: info, UnavailableType: events.UnavailableType(s.Missing), DecryptFailMode: events.DecryptFailMode(s.FailMode)})
	}
	raw := &waE2E.Message{}
	if err := protojson.Unmarshal(s.Message, raw); err != nil {
		t.Fatalf("%s: %v", s.ID, err)
	}
	return r.message(t.Context(), (&events.Message{Info: info, RawMessage: raw}).UnwrapRaw())
}

func TestGolden(t *testing.T) {
	bridgetest.Golden(t, ".json", func(t *testing.T, _ string, raw []byte) []core.Event {
		t.Helper()
		var all []stanza
		if err := json.Unmarshal(raw, &all); err != nil {
			t.Fatal(err)
		}
		made := []core.Event{}
		for _, s := range all {
			made = append(made, s.events(t)...)
		}
		return made
	})
}
