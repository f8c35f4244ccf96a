package whatsappdevice

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
)

type (
	fieldDescriptor = protoreflect.FieldDescriptor
	fieldValue      = protoreflect.Value
)

func unix(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// book is what a session knows of addresses and names.
type book interface {
	// hidden is the LID behind a phone number, number the phone number behind a LID; an empty one: not known.
	hidden(ctx context.Context, number types.JID) types.JID
	number(ctx context.Context, hidden types.JID) types.JID
	// names are what the phone's address book calls somebody, and what they call themselves; empty: not known.
	names(ctx context.Context, j types.JID) (listed, own string)
	// subject is what a group is called; empty: not known.
	subject(ctx context.Context, group types.JID) string
	// us reports whether an address is the business's own.
	us(j types.JID) bool
	// opened decrypts what a message holds that is sealed with another one's secret: votes, answers to invitations, reactions and edits. Nil: it cannot.
	vote(ctx context.Context, e *events.Message) *waE2E.PollVoteMessage
	attendance(ctx context.Context, e *events.Message) *waE2E.EventResponseMessage
	reaction(ctx context.Context, e *events.Message) *waE2E.ReactionMessage
	edited(ctx context.Context, e *events.Message) *waE2E.Message
	// options are those of a poll, by their digests in hex.
	options(ctx context.Context, poll string) map[string]string
}

// reader makes events of what WhatsApp hands over.
type reader struct {
	book   book
	groups bool
}

// chatOf is where a message belongs: the person a private message is exchanged with, known by the LID where there is one, or the group.
func (r reader) chatOf(ctx context.Context, s types.MessageSource) (chat, other types.JID, ok bool) {
	chat = s.Chat
	if s.IsIncomingBroadcast() {
		chat = s.Sender
	}
	chat = user(chat)
	switch chat.Server {
	case types.GroupServer:
		return chat, types.JID{}, r.groups
	case types.DefaultUserServer, types.HiddenUserServer:
	default:
		return chat, other, false // status updates, newsletters, bots
	}
	if s.IsFromMe {
		other = user(s.RecipientAlt)
	} else {
		other = user(s.SenderAlt)
	}
	if r.book.us(chat) { // notes to oneself
		return chat, other, false
	}
	chat, other = r.couple(ctx, chat, other)
	return chat, other, chat.User != ""
}

// couple puts the LID first, and fills in what the book knows.
func (r reader) couple(ctx context.Context, a, b types.JID) (first, second types.JID) {
	if b.Server != types.DefaultUserServer && b.Server != types.HiddenUserServer || b.Server == a.Server {
		b = types.JID{}
	}
	if b.IsEmpty() && a.Server == types.DefaultUserServer {
		b = r.book.hidden(ctx, a)
	} else if b.IsEmpty() {
		b = r.book.number(ctx, a)
	}
	if a.Server == types.DefaultUserServer && !b.IsEmpty() {
		return b, a
	}
	return a, b
}

// draft is an event without what it says.
func (r reader) draft(ctx context.Context, i types.MessageInfo) (core.Event, ref, bool) {
	chat, other, ok := r.chatOf(ctx, i.MessageSource)
	if !ok || i.ID == "" {
		return core.Event{}, ref{}, false
	}
	m := ref{chat: chat, ours: i.IsFromMe, id: plainID(i.ID)}
	e := core.Event{At: i.Timestamp.UTC(), Origin: core.OriginCustomer}
	if m.ours {
		e.Origin = core.OriginDevice
	}
	if chat.Server != types.GroupServer {
		e.Peer = peerOf(r.nameOf(ctx, i, chat, other), chat, other)
		return e, m, len(e.Peer.Identities) > 0
	}
	e.Peer = peerOf(plain(r.book.subject(ctx, chat)), chat)
	if !m.ours {
		sender, alt := r.couple(ctx, user(i.Sender), user(i.SenderAlt))
		m.sender = sender
		e.Author = r.nameOf(ctx, i, sender, alt)
		if e.Author == "" && alt.User != "" {
			e.Author = "+" + alt.User
		}
	}
	return e, m, true
}

// nameOf is what somebody is called: in the phone's address book, under any of their addresses, or else by themselves.
func (r reader) nameOf(ctx context.Context, i types.MessageInfo, addresses ...types.JID) string {
	called := r.known(ctx, addresses...)
	if called == "" && !i.IsFromMe && i.PushName != "-" {
		called = i.PushName
	}
	return plain(called)
}

// known is what somebody is called who is known by any of the addresses.
func (r reader) known(ctx context.Context, addresses ...types.JID) (called string) {
	for _, j := range addresses {
		if j.IsEmpty() {
			continue
		}
		listed, own := r.book.names(ctx, j)
		if listed != "" {
			return listed
		}
		called = cmp.Or(called, own)
	}
	return called
}

// message makes events of a message, none for what is not for people.
func (r reader) message(ctx context.Context, m *events.Message) []core.Event {
	if m.Info.IsFromMe && m.Info.Chat.IsBroadcastList() {
		return r.broadcast(ctx, m)
	}
	e, id, ok := r.draft(ctx, m.Info)
	if !ok || m.Message == nil {
		return nil
	}
	m.Message = unwrapped(m.Message)
	switch {
	case m.Message.GetProtocolMessage() != nil:
		return r.steering(ctx, e, id, m)
	case m.Message.GetReactionMessage() != nil:
		return reaction(e, id, r.target(ctx, id, m.Message.GetReactionMessage().GetKey()), m.Message.GetReactionMessage())
	case m.Message.GetEncReactionMessage() != nil:
		sealed := m.Message.GetEncReactionMessage()
		if open := r.book.reaction(ctx, m); open != nil {
			return reaction(e, id, r.target(ctx, id, sealed.GetTargetMessageKey()), open)
		}
		return nil
	case m.Message.GetSecretEncryptedMessage() != nil:
		sealed := m.Message.GetSecretEncryptedMessage()
		if open := r.book.edited(ctx, m); open != nil && sealed.GetSecretEncType() != waE2E.SecretEncryptedMessage_POLL_ADD_OPTION {
			e.At = inSecond(e.At, open.GetProtocolMessage().GetTimestampMS())
			return r.edit(ctx, e, id, r.target(ctx, id, sealed.GetTargetMessageKey()), inner(open))
		}
		return nil
	case m.Message.GetPollUpdateMessage() != nil:
		return r.vote(ctx, e, id, m)
	case m.Message.GetEncEventResponseMessage() != nil:
		return r.attendance(ctx, e, id, m)
	}
	return r.plainMessage(ctx, e, id, m)
}

// broadcast makes events of what the business sent to a broadcast list from the phone: everybody on it has it in their own chat. It answers nobody, and
// opens nothing; it is there when they answer to it. All have it under one id, by which the other side of the number could take them for one person: so each
// has a stanza of its own.
func (r reader) broadcast(ctx context.Context, m *events.Message) []core.Event {
	var all []core.Event
	for _, to := range m.Info.BroadcastRecipients {
		one := *m
		one.Info.Chat, one.Info.RecipientAlt = to.LID, to.PN
		if to.LID.IsEmpty() {
			one.Info.Chat, one.Info.RecipientAlt = to.PN, types.JID{}
		}
		for _, e := range r.message(ctx, &one) {
			if e.Historic = true; e.Message != nil {
				e.Message.Stanza += "@" + one.Info.Chat.User
			}
			all = append(all, e)
		}
	}
	return all
}

// inner is what an edit's message holds, which may be wrapped once more.
func inner(m *waE2E.Message) *waE2E.Message {
	if p := m.GetProtocolMessage().GetEditedMessage(); p != nil {
		return p
	}
	return m
}

// plainMessage makes the event of a message that is shown.
func (r reader) plainMessage(ctx context.Context, e core.Event, id ref, m *events.Message) []core.Event {
	s := contentOf(m.Message)
	which, needless := version(m.Message)
	if s.Kind == "" || needless {
		return nil
	}
	if s.Kind.HasMedia() {
		s.Text = lines(which, s.Text)
	}
	if m.IsViewOnce && s.Kind.HasMedia() && s.Media.Provider != "" {
		s.Text = lines("(to be viewed once)", s.Text)
	}
	s.of(id)
	r.quote(ctx, id, &s)
	r.mentions(ctx, &s)
	e.Kind, e.ID = core.EventMessage, id.String()
	e.Message = &core.MessageBody{Provider: id.String(), Stanza: id.id, Content: s.Content}
	if s.Kind == core.KindUnsupported {
		e.Raw = rawOf(m.Message)
	}
	if m.Message.GetPlaceholderMessage() != nil {
		e.ID += waitingSign
	}
	return []core.Event{e}
}

// rawOf keeps what nobody understood, without what may be long.
func rawOf(m *waE2E.Message) json.RawMessage {
	const most = 16 << 10
	raw, err := protojson.Marshal(m)
	if err != nil || len(raw) > most || !json.Valid(raw) {
		return json.RawMessage(`{"kind":` + quoteJSON(kindOf(m)) + `}`)
	}
	return raw
}

func quoteJSON(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}

// quote says which message is answered to.
func (r reader) quote(ctx context.Context, id ref, s *said) {
	if s.context.GetStanzaID() == "" || toStatus(s.context) {
		return
	}
	q := ref{chat: id.chat, id: plainID(s.context.GetStanzaID())}
	author, err := types.ParseJID(s.context.GetParticipant())
	switch {
	case err == nil && r.book.us(user(author)):
		q.ours = true
	case id.chat.Server == types.GroupServer && err == nil:
		q.sender, _ = r.couple(ctx, user(author), types.JID{})
	}
	product := ""
	if s.Quote != nil {
		product = s.Quote.Product
	}
	s.Quote = &core.Quote{Provider: q.String(), Stanza: q.id, Product: product}
}

// target is the message that a key names in a message of a chat: keys are written as their sender sees it.
func (r reader) target(ctx context.Context, within ref, k *waCommon.MessageKey) ref {
	t := ref{chat: within.chat, id: plainID(k.GetID())}
	author, err := types.ParseJID(k.GetParticipant())
	named := err == nil && author.User != ""
	switch {
	case within.chat.Server != types.GroupServer:
		t.ours = k.GetFromMe() == within.ours
	case k.GetFromMe():
		t.ours, t.sender = within.ours, within.sender
	case named && r.book.us(user(author)):
		t.ours = true
	case named:
		t.sender, _ = r.couple(ctx, user(author), types.JID{})
	}
	return t
}

// steering makes events of what is about other messages.
func (r reader) steering(ctx context.Context, e core.Event, id ref, m *events.Message) []core.Event {
	p := m.Message.GetProtocolMessage()
	switch p.GetType() {
	case waE2E.ProtocolMessage_REVOKE:
		t := r.target(ctx, id, p.GetKey())
		if !sameAuthor(id, t) && (id.chat.Server != types.GroupServer || m.Info.Edit != types.EditAttributeAdminRevoke) {
			return nil // WhatsApp's own programs do not believe it either
		}
		e.Kind, e.ID, e.Revoke = core.EventRevoke, id.String(), &core.RevokeBody{Target: t.String(), Stanza: t.id}
		return []core.Event{e}
	case waE2E.ProtocolMessage_MESSAGE_EDIT:
		if p.GetEditedMessage() == nil {
			return nil
		}
		e.At = inSecond(e.At, p.GetTimestampMS())
		return r.edit(ctx, e, id, r.target(ctx, id, p.GetKey()), p.GetEditedMessage())
	default: // settings of the chat, keys, requests between the account's own devices
		return nil
	}
}

// sameAuthor reports whether two messages of a chat are by one and the same.
func sameAuthor(a, b ref) bool { return a.ours == b.ours && a.sender == b.sender }

// inSecond is the moment in a second of WhatsApp's clock by the sender's clock, which counts in milliseconds and may be off: of two edits or
// reactions in one second it tells which is later. Zero: the sender's clock is not known.
func inSecond(second time.Time, sender int64) time.Time {
	at := time.UnixMilli(sender).UTC()
	switch last := second.Add(time.Second - time.Millisecond); {
	case at.Before(second):
		return second
	case at.After(last):
		return last
	}
	return at
}

func (r reader) edit(ctx context.Context, e core.Event, id, target ref, now *waE2E.Message) []core.Event {
	s := contentOf(unwrapped(now)) // the caption of a document is wrapped once more
	if s.Kind == "" || !sameAuthor(id, target) {
		return nil
	}
	if s.of(target); s.nowhere() {
		s.Media.Provider = "" // new words alone: the file stays
	}
	r.quote(ctx, id, &s)
	r.mentions(ctx, &s)
	e.Kind, e.ID, e.Edit = core.EventEdit, id.String(), &core.EditBody{Target: target.String(), Stanza: target.id, Content: s.Content}
	return []core.Event{e}
}

func reaction(e core.Event, id, target ref, r *waE2E.ReactionMessage) []core.Event {
	e.At = inSecond(e.At, r.GetSenderTimestampMS())
	e.Kind, e.ID, e.Reaction = core.EventReaction, id.String(), &core.ReactionBody{Target: target.String(), Stanza: target.id, Emoji: plain(r.GetText())}
	return []core.Event{e}
}

// vote makes a message of a vote in a poll, which answers to the poll.
func (r reader) vote(ctx context.Context, e core.Event, id ref, m *events.Message) []core.Event {
	about := r.target(ctx, id, m.Message.GetPollUpdateMessage().GetPollCreationMessageKey())
	content := unsupported("pollUpdateMessage", "A vote in a poll. Open WhatsApp on the phone to see it.")
	if v := r.book.vote(ctx, m); v != nil {
		content = voteContent(r.book.options(ctx, about.String()), v.GetSelectedOptions())
	}
	return answering(e, id, about, content)
}

// attendance makes a message of somebody's word on whether they come to an event, which answers to the event.
func (r reader) attendance(ctx context.Context, e core.Event, id ref, m *events.Message) []core.Event {
	about := r.target(ctx, id, m.Message.GetEncEventResponseMessage().GetEventCreationMessageKey())
	content := unsupported("encEventResponseMessage", "An answer to an invitation. Open WhatsApp on the phone to see it.")
	if a := r.book.attendance(ctx, m); a != nil {
		content = attendanceContent(a)
	}
	return answering(e, id, about, content)
}

// answering makes an event of a message about another.
func answering(e core.Event, id, about ref, content core.Content) []core.Event {
	content.Quote = &core.Quote{Provider: about.String(), Stanza: about.id}
	e.Kind, e.ID = core.EventMessage, id.String()
	e.Message = &core.MessageBody{Provider: id.String(), Stanza: id.id, Content: content}
	return []core.Event{e}
}

// waitingSign tells the event of a placeholder from that of the message, which comes under the same id.
const waitingSign = "#waiting"

// waiting is the placeholder of a message that could not be read yet. The message itself, when it comes, takes its place.
func (r reader) waiting(ctx context.Context, u *events.UndecryptableMessage) []core.Event {
	if u.DecryptFailMode == events.DecryptFailHide {
		return nil
	}
	e, id, ok := r.draft(ctx, u.Info)
	if !ok {
		return nil
	}
	content := unsupported("undecryptable", "This message has not arrived whole; it is asked for again. Until then, open WhatsApp on the phone to read it.")
	if u.UnavailableType == events.UnavailableTypeViewOnce {
		content = unsupported("view_once", "A message to be viewed once, which WhatsApp shows on the phone only.")
	}
	e.Kind, e.ID = core.EventMessage, id.String()+waitingSign
	e.Message = &core.MessageBody{Provider: id.String(), Stanza: id.id, Content: content}
	return []core.Event{e}
}

// receipt makes an event for each message that a receipt is about. Those of the business's own devices are about what came in: it was read there.
// The others are about what was sent; key names our parts among that.
func (r reader) receipt(ctx context.Context, rc *events.Receipt, key func(types.MessageID) string) []core.Event {
	status := statusOf(rc.Type)
	chat, other, ok := r.chatOf(ctx, rc.MessageSource)
	self := rc.Type == types.ReceiptTypeReadSelf || rc.Type == types.ReceiptTypePlayedSelf
	if !ok || status == "" || self && !rc.IsFromMe || rc.IsFromMe && status != core.StatusRead {
		return nil
	}
	all := make([]core.Event, 0, len(rc.MessageIDs))
	for _, stanza := range rc.MessageIDs {
		m := ref{chat: chat, id: plainID(stanza), ours: !rc.IsFromMe}
		e := core.Event{Kind: core.EventReceipt, At: rc.Timestamp.UTC(), Origin: core.OriginCustomer, Peer: peerOf("", chat, other)}
		if rc.IsFromMe {
			e.Origin = core.OriginDevice
			m.sender, _ = r.couple(ctx, user(rc.MessageSender), types.JID{})
		} else {
			e.Key = key(stanza)
		}
		e.ID = m.String() + "#" + string(status)
		if chat.Server == types.GroupServer {
			e.ID += "/" + user(rc.Sender).String()
		}
		e.Receipt = &core.ReceiptBody{Provider: m.String(), Stanza: m.id, Status: status}
		all = append(all, e)
	}
	return all
}

// statusOf is what a receipt says of a message, "" for receipts between devices.
func statusOf(t types.ReceiptType) core.Status {
	switch t {
	case types.ReceiptTypeDelivered, types.ReceiptTypeInactive:
		return core.StatusDelivered
	case types.ReceiptTypeRead, types.ReceiptTypeReadSelf, types.ReceiptTypePlayed, types.ReceiptTypePlayedSelf:
		return core.StatusRead
	default:
		return ""
	}
}
