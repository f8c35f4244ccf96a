package whatsapptest

import (
	"strings"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// Text writes a text.
func (c *Contact) Text(words string, options ...SendOption) Message {
	c.server.t.Helper()
	return c.Send(Words(words), options...)
}

// Says writes a text on the phone.
func (p *Phone) Says(to *Contact, words string, options ...SendOption) Message {
	p.server.t.Helper()
	return p.Send(to, Words(words), options...)
}

// Words is the content of a text.
func Words(words string) *waE2E.Message { return &waE2E.Message{Conversation: &words} }

// Location sends a place.
func (c *Contact) Location(latitude, longitude float64, name string, options ...SendOption) Message {
	c.server.t.Helper()
	return c.Send(&waE2E.Message{LocationMessage: &waE2E.LocationMessage{DegreesLatitude: &latitude, DegreesLongitude: &longitude, Name: &name}}, options...)
}

// Card sends somebody's contact card.
func (c *Contact) Card(name, number string, options ...SendOption) Message {
	c.server.t.Helper()
	card := "BEGIN:VCARD\nVERSION:3.0\nFN:" + name + "\nTEL;type=CELL;waid=" + strings.TrimPrefix(number, "+") + ":" + number + "\nEND:VCARD"
	return c.Send(&waE2E.Message{ContactMessage: &waE2E.ContactMessage{DisplayName: &name, Vcard: &card}}, options...)
}

// Poll asks a question with choices.
func (c *Contact) Poll(question string, choices ...string) Message {
	c.server.t.Helper()
	poll := &waE2E.PollCreationMessage{Name: &question, SelectableOptionsCount: proto.Uint32(1)}
	for _, choice := range choices {
		poll.Options = append(poll.Options, &waE2E.PollCreationMessage_Option{OptionName: &choice})
	}
	return c.Send(&waE2E.Message{PollCreationMessage: poll, MessageContextInfo: &waE2E.MessageContextInfo{MessageSecret: make([]byte, 32)}})
}

// React puts an emoji on a message; an empty one takes it off.
func (c *Contact) React(to Message, emoji string) Message {
	c.server.t.Helper()
	return c.Send(Reaction(c.key(to), emoji), in(to)...)
}

// ReactTo puts an emoji on a message that the contact got.
func (c *Contact) ReactTo(r Received, emoji string) Message {
	c.server.t.Helper()
	return c.Send(Reaction(receivedKey(r), emoji), To(c.server.phoneAt(r.From)))
}

// Edit changes a text, or the words below a picture.
func (c *Contact) Edit(m Message, words string) Message {
	c.server.t.Helper()
	return c.Send(Edited(c.key(m), rewritten(m, words)), in(m)...)
}

// Revoke takes a message back.
func (c *Contact) Revoke(m Message) Message {
	c.server.t.Helper()
	return c.Send(Revoked(c.key(m)), in(m)...)
}

// Reacts puts, on the phone, an emoji on a message.
func (p *Phone) Reacts(to *Contact, m Message, emoji string) Message {
	p.server.t.Helper()
	return p.Send(to, Reaction(p.key(m), emoji))
}

// Edits changes, on the phone, a text that was sent from there, or the words below a picture.
func (p *Phone) Edits(to *Contact, m Message, words string) Message {
	p.server.t.Helper()
	return p.Send(to, Edited(p.key(m), rewritten(m, words)))
}

// Revokes takes back, on the phone, a message that was sent from there.
func (p *Phone) Revokes(to *Contact, m Message) Message {
	p.server.t.Helper()
	return p.Send(to, Revoked(p.key(m)))
}

// rewritten is what a message is changed to. Of a picture the apps send the new words, and not the picture.
func rewritten(m Message, words string) *waE2E.Message {
	if m.Content.GetImageMessage() != nil {
		return &waE2E.Message{ImageMessage: &waE2E.ImageMessage{Caption: &words}}
	}
	return Words(words)
}

// in says where a message was, for one that refers to it.
func in(m Message) []SendOption {
	if m.letter == nil {
		return nil
	}
	if m.letter.group != nil {
		return []SendOption{In(m.letter.group)}
	}
	return []SendOption{To(m.letter.phone)}
}

// key names a message as this person sees it.
func (p *person) key(m Message) *waCommon.MessageKey {
	k := &waCommon.MessageKey{ID: &m.ID, FromMe: proto.Bool(m.Sender.User == p.lid.User), RemoteJID: proto.String(m.Chat.String())}
	if m.Chat.Server == types.GroupServer && !k.GetFromMe() {
		k.Participant = proto.String(m.Sender.ToNonAD().String())
	}
	return k
}

// receivedKey names a message that a linked device sent, as the one who got it sees it.
func receivedKey(r Received) *waCommon.MessageKey {
	return &waCommon.MessageKey{ID: &r.ID, FromMe: proto.Bool(false), RemoteJID: proto.String(r.From.ToNonAD().String())}
}

// Reaction is the content of a reaction.
func Reaction(to *waCommon.MessageKey, emoji string) *waE2E.Message {
	return &waE2E.Message{ReactionMessage: &waE2E.ReactionMessage{Key: to, Text: &emoji, SenderTimestampMS: proto.Int64(now() * 1000)}}
}

// Edited is the content of a change.
func Edited(of *waCommon.MessageKey, into *waE2E.Message) *waE2E.Message {
	return &waE2E.Message{EditedMessage: &waE2E.FutureProofMessage{Message: &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{Key: of,
		Type: waE2E.ProtocolMessage_MESSAGE_EDIT.Enum(), EditedMessage: into, TimestampMS: proto.Int64(now() * 1000)}}}}
}

// Revoked is the content of a message that takes another back.
func Revoked(of *waCommon.MessageKey) *waE2E.Message {
	return &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{Key: of, Type: waE2E.ProtocolMessage_REVOKE.Enum()}}
}

// quote makes a message an answer to another.
func quote(m *waE2E.Message, to Message) {
	c := &waE2E.ContextInfo{StanzaID: &to.ID, Participant: proto.String(to.Sender.ToNonAD().String()), QuotedMessage: to.Content}
	switch {
	case m.Conversation != nil:
		m.ExtendedTextMessage = &waE2E.ExtendedTextMessage{Text: m.Conversation, ContextInfo: c}
		m.Conversation = nil
	case m.ExtendedTextMessage != nil:
		m.ExtendedTextMessage.ContextInfo = c
	case m.ImageMessage != nil:
		m.ImageMessage.ContextInfo = c
	case m.AudioMessage != nil:
		m.AudioMessage.ContextInfo = c
	case m.VideoMessage != nil:
		m.VideoMessage.ContextInfo = c
	case m.DocumentMessage != nil:
		m.DocumentMessage.ContextInfo = c
	case m.LocationMessage != nil:
		m.LocationMessage.ContextInfo = c
	}
}

// Answered is the message that a received one quotes; empty if none.
func (r Received) Answered() string {
	m := r.Content
	for _, c := range []*waE2E.ContextInfo{m.GetExtendedTextMessage().GetContextInfo(), m.GetImageMessage().GetContextInfo(), m.GetAudioMessage().GetContextInfo(),
		m.GetVideoMessage().GetContextInfo(), m.GetDocumentMessage().GetContextInfo()} {
		if c.GetStanzaID() != "" {
			return c.GetStanzaID()
		}
	}
	return ""
}

// textOf is a message's text or caption.
func textOf(m *waE2E.Message) string {
	if edited := m.GetEditedMessage().GetMessage().GetProtocolMessage().GetEditedMessage(); edited != nil {
		m = edited
	}
	for _, s := range []string{m.GetConversation(), m.GetExtendedTextMessage().GetText(), m.GetImageMessage().GetCaption(), m.GetVideoMessage().GetCaption(),
		m.GetDocumentMessage().GetCaption(), m.GetReactionMessage().GetText()} {
		if s != "" {
			return s
		}
	}
	return ""
}

// kindOf is the type that a stanza gives its message.
func kindOf(m *waE2E.Message) string {
	switch {
	case m.GetReactionMessage() != nil:
		return "reaction"
	case m.GetPollCreationMessage() != nil || m.GetPollUpdateMessage() != nil:
		return "poll"
	case mediaOf(m) != "":
		return "media"
	}
	return "text"
}

// mediaOf is the kind of media that an encrypted copy names; empty for none.
func mediaOf(m *waE2E.Message) string {
	if inner := m.GetViewOnceMessageV2().GetMessage(); inner != nil {
		m = inner
	}
	if inner := m.GetDeviceSentMessage().GetMessage(); inner != nil {
		m = inner
	}
	switch {
	case m.GetImageMessage() != nil:
		return "image"
	case m.GetVideoMessage() != nil:
		return "video"
	case m.GetDocumentMessage() != nil:
		return "document"
	case m.GetStickerMessage() != nil:
		return "sticker"
	case m.GetAudioMessage().GetPTT():
		return "ptt"
	case m.GetAudioMessage() != nil:
		return "audio"
	case m.GetContactMessage() != nil:
		return "vcard"
	}
	return ""
}

// editOf is what a stanza says its message changes; empty for nothing.
func editOf(m *waE2E.Message) string {
	if inner := m.GetDeviceSentMessage().GetMessage(); inner != nil {
		m = inner
	}
	switch {
	case m.GetEditedMessage() != nil:
		return string(types.EditAttributeMessageEdit)
	case m.GetProtocolMessage().GetType() == waE2E.ProtocolMessage_REVOKE && m.GetProtocolMessage().GetKey() != nil:
		return string(types.EditAttributeSenderRevoke)
	case m.GetReactionMessage() != nil && m.GetReactionMessage().GetText() == "":
		return string(types.EditAttributeSenderRevoke)
	}
	return ""
}
