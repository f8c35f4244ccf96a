package telegram

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"causeway/core"
)

// message turns a new message into an event.
func (u update) message(raw json.RawMessage) core.Event {
	var m message
	_ = json.Unmarshal(raw, &m) // strange fields stay empty; what is needed is looked at one by one
	e, fine := u.from(m, core.EventMessage, "message")
	if !fine {
		return e
	}
	if m.MigrateTo != 0 {
		return u.migrated(m, e)
	}
	if m.service(raw) {
		return u.other("service")
	}
	content := m.content(raw)
	content.Text = m.spoken(m.picked() + content.Text)
	content.Album = string(m.Album)
	content.Quote, content.Referral, content.Forwarded = m.quote(), m.referral(), m.Origin != nil || m.ForwardDate > 0
	e.ID = m.address().message(int64(m.ID))
	e.Message = &core.MessageBody{Provider: e.ID, Content: content}
	e.Peer.Identities = append(e.Peer.Identities, m.phone()...)
	if content.Kind != core.KindUnsupported {
		e.Raw = nil // what it says is in the content
	}
	return e
}

// from starts an event about a message: where it stands, who wrote it, when. It is not fine if the message does not concern us or cannot be
// told; then the event says so.
func (u update) from(m message, kind core.EventKind, name string) (core.Event, bool) {
	e := u.event(kind, name)
	switch {
	case m.Chat.ID == 0 || m.ID <= 0:
		e.Fault = "It does not say which message of which chat it is about."
		return e, false
	case m.Connection != "" && !aConnection.MatchString(string(m.Connection)):
		e.Fault = "The business connection's id cannot be used."
		return e, false
	case !u.l.conversation(m):
		return u.other("chat"), false
	}
	e.Peer, e.Origin = m.peer(), m.origin()
	if m.BusinessBot != nil && m.BusinessBot.ID.String() == u.l.conf.bot {
		return u.other("own"), false // our own send, whose answer told it already
	}
	return stamp(e, m.Date), true
}

// conversation reports whether what is said in the message's chat concerns us: private chats do, groups if the settings say so, channels never,
// but for their direct messages. Bots are not talked to.
func (l *link) conversation(m message) bool {
	switch {
	case m.DirectTopic != nil && m.DirectTopic.ID != 0:
		return m.SenderChat != nil || m.From == nil || !bool(m.From.Bot)
	case m.Chat.private():
		return m.From == nil || m.Connection != "" || !bool(m.From.Bot)
	}
	anonymous := m.SenderChat != nil // a group's administrator or a channel, behind a bot of Telegram's own
	return l.conf.groups && !m.Chat.channel() && (m.From == nil || !bool(m.From.Bot) || anonymous)
}

// origin tells a customer's words from the business's own: in a business chat, the chat has the customer's id; in a channel's direct messages,
// the channel itself speaks. Greetings and absence notes are sent by Telegram in the owner's name: nobody has answered.
func (m message) origin() core.Origin {
	owner := m.Connection != "" && (m.BusinessBot != nil || m.From != nil && m.From.ID != m.Chat.ID)
	switch {
	case owner && bool(m.Offline):
		return core.OriginGateway
	case owner, m.DirectTopic != nil && m.SenderChat != nil:
		return core.OriginDevice
	}
	return core.OriginCustomer
}

func (m message) address() address {
	a := address{connection: string(m.Connection), chat: int64(m.Chat.ID)}
	switch {
	case m.DirectTopic != nil && m.DirectTopic.ID != 0:
		a.topic, a.direct = int64(m.DirectTopic.ID), true
	case bool(m.InTopic) && m.Thread > 0:
		a.topic = int64(m.Thread)
	}
	return a
}

// peer describes the contact: the chat that an answer goes to first, then the person or group itself.
func (m message) peer() core.Peer {
	person, username := m.Chat.ID, m.Chat.Username
	name := fullName(m.Chat.First, m.Chat.Last)
	switch {
	case m.DirectTopic != nil && m.DirectTopic.ID != 0:
		name, person, username = string(m.Chat.Title), 0, ""
		if p := m.DirectTopic.User; p != nil {
			name, person, username = p.name(), p.ID, p.Username
		}
	case !m.Chat.private():
		name = strings.TrimSpace(string(m.Chat.Title))
	case m.From != nil && m.From.ID == m.Chat.ID && m.From.name() != "":
		name, username = m.From.name(), cmp.Or(m.From.Username, username)
	}
	return peer(name, m.address(), int64(person), string(username))
}

// peer puts identities together, without the same one twice.
func peer(name string, at address, person int64, username string) core.Peer {
	p := core.Peer{Name: name, Identities: []core.IdentityKey{at.key()}}
	if plain := (address{chat: person}); person != 0 && plain.key() != p.Identities[0] {
		p.Identities = append(p.Identities, plain.key())
	}
	if username != "" {
		p.Identities = append(p.Identities, core.IdentityKey{Scheme: core.SchemeUsername, Scope: Kind, Value: username})
	}
	return p
}

// phone returns the number that a contact shared as their own: Telegram itself names the card's user.
func (m message) phone() []core.IdentityKey {
	if m.Contact == nil || m.From == nil || m.Contact.User == 0 || m.Contact.User != m.From.ID || m.origin() != core.OriginCustomer || !m.Chat.private() {
		return nil
	}
	digits := core.Digits(string(m.Contact.Phone))
	if len(digits) < 7 || len(digits) > 15 {
		return nil
	}
	return []core.IdentityKey{{Scheme: core.SchemePhone, Value: digits}}
}

// spoken puts the speaker's name before what is said in a group.
func (m message) spoken(said string) string {
	if m.Chat.private() || m.DirectTopic != nil {
		return said
	}
	name := ""
	switch {
	case m.SenderChat != nil:
		name = string(m.SenderChat.Title)
	case m.From != nil:
		name = m.From.name()
	}
	if name = strings.TrimSpace(name); name == "" {
		return said
	}
	return strings.TrimSpace(name + ": " + said)
}

// quote names the message answered to. In a topic, Telegram names the message that opened it where nothing else is answered to.
func (m message) quote() *core.Quote {
	if m.ReplyTo == nil || m.ReplyTo.ID <= 0 || bool(m.InTopic) && m.ReplyTo.ID == m.Thread {
		return nil
	}
	return &core.Quote{Provider: m.address().message(int64(m.ReplyTo.ID))}
}

// picked is what the contact picked out of the message that they answer, or what they answer in another chat, as lines before their own.
func (m message) picked() string {
	if m.Picked == nil || !bool(m.Picked.Manual) && m.Elsewhere == nil {
		return ""
	}
	return cited(string(m.Picked.Text))
}

// referral reads a story or a post of another chat that is answered, a channel's post that is forwarded, or a deep link: t.me/bot?start=payload has the contact send "/start payload".
func (m message) referral() *core.Referral {
	if s := m.ToStory; s != nil && s.ID > 0 {
		return referred("story", s.Chat, "/s/", s.ID)
	}
	if p := m.Elsewhere; p != nil && p.ID > 0 && p.Chat.Title+p.Chat.Username != "" {
		return referred("post", p.Chat, "/", p.ID)
	}
	if p := m.Origin; p != nil && p.ID > 0 && p.Chat.Title+p.Chat.Username != "" {
		return referred("post", p.Chat, "/", p.ID)
	}
	command, payload, _ := strings.Cut(strings.TrimSpace(string(m.Text)), " ")
	command, _, _ = strings.Cut(command, "@")
	payload = strings.TrimSpace(payload)
	if command != "/start" || payload == "" {
		return nil
	}
	return &core.Referral{Source: "link", Ref: payload}
}

// referred names something of a chat, with its address if that is public.
func referred(source string, where chat, below string, id number) *core.Referral {
	r := &core.Referral{Source: source, ID: id.String(), Headline: string(where.Title)}
	if where.Username != "" {
		r.URL = "https://t.me/" + string(where.Username) + below + r.ID
	}
	return r
}

// migrated tells that a group got another id.
func (u update) migrated(m message, e core.Event) core.Event {
	fresh := address{chat: int64(m.MigrateTo)}
	e.Kind, e.Raw = core.EventIdentity, nil
	e.Identity = &core.IdentityBody{Old: []core.IdentityKey{m.address().key()}, New: []core.IdentityKey{fresh.key()}, Note: "Telegram gave the group a new id."}
	return e
}

// edit turns a changed message into an event. A live location that moves is no change of what was said.
func (u update) edit(raw json.RawMessage) core.Event {
	var m message
	_ = json.Unmarshal(raw, &m)
	e, fine := u.from(m, core.EventEdit, "edit")
	if !fine {
		return e
	}
	content := m.content(raw)
	if content.Kind == core.KindLocation || m.service(raw) {
		return u.other("moved")
	}
	content.Text, content.Album = m.spoken(m.picked()+content.Text), string(m.Album)
	if m.Edited > 0 {
		e = u.inTurn(stamp(e, m.Edited))
	}
	e.Edit = &core.EditBody{Target: m.address().message(int64(m.ID)), Content: content}
	return e
}

// aPress is an id of a button press that can be a key.
var aPress = regexp.MustCompile(`^[ -~]{1,256}$`)

// press turns a pressed button into what the contact chose.
func (u update) press(raw json.RawMessage) core.Event {
	var p pressed
	_ = json.Unmarshal(raw, &p)
	if p.From == nil || p.From.ID == 0 || p.ID == "" {
		e := u.event(core.EventMessage, "press")
		e.Fault = "It does not say who pressed which button."
		return e
	}
	m := message{Chat: chat{ID: p.From.ID, Type: "private"}}
	if p.Message != nil && p.Message.Chat.ID != 0 {
		m = *p.Message
	}
	m.From, m.SenderChat = p.From, nil
	byOwner := m.Connection != "" && p.From.ID != m.Chat.ID
	if byOwner || p.Inline != "" || p.Data == "" || !u.l.conversation(m) || m.Connection != "" && !aConnection.MatchString(string(m.Connection)) {
		return u.other("press")
	}
	e := u.event(core.EventMessage, "press")
	if e.Peer, e.Origin, e.Raw = m.peer(), core.OriginCustomer, nil; aPress.MatchString(string(p.ID)) {
		e.ID = "press/" + string(p.ID)
	}
	title := m.label(p.Data)
	content := core.Content{Kind: core.KindChoice, Text: m.spoken(title), Choice: &core.Choice{ID: string(p.Data), Title: title}}
	if m.ID > 0 {
		content.Quote = &core.Quote{Provider: m.address().message(int64(m.ID))}
	}
	e.Message = &core.MessageBody{Provider: e.ID, Content: content}
	return e
}

// label finds what stood on the button with the data; without the message it is the data itself.
func (m message) label(data text) string {
	if m.Markup != nil {
		for _, row := range m.Markup.Rows {
			for _, b := range row {
				if b.Data == data && b.Text != "" {
					return string(b.Text)
				}
			}
		}
	}
	return string(data)
}

// reaction turns a change of reactions into an event. Telegram names all before and all after; what was added counts, else what is left.
func (u update) reaction(raw json.RawMessage) core.Event {
	var r reacted
	_ = json.Unmarshal(raw, &r)
	m := message{ID: r.Message, Chat: r.Chat, From: r.User, Date: r.Date}
	e, fine := u.from(m, core.EventReaction, "reaction")
	if !fine {
		return e
	}
	emoji, shown := picked(r)
	if r.User == nil || !shown {
		return u.other("reaction")
	}
	e = u.inTurn(e)
	e.Reaction = &core.ReactionBody{Target: m.address().message(int64(m.ID)), Emoji: string(emoji)}
	return e
}

// picked returns the emoji that counts, "" for one taken back; false if only stars were paid, which says nothing of the message.
func picked(r reacted) (last text, shown bool) {
	had := map[text]bool{}
	for _, o := range r.Old {
		had[o.emoji()] = true
	}
	for _, n := range r.New {
		if n.Type == "paid" {
			continue
		}
		if last = n.emoji(); !had[last] {
			return last, true
		}
	}
	return last, last != "" || len(r.New) == 0
}

// emoji is what stands for a reaction: those of people's own making have no letter.
func (r reaction) emoji() text {
	if r.Emoji == "" {
		return "❔"
	}
	return r.Emoji
}

// deleted takes back what was deleted in a business chat. Telegram does not say by whom.
func (u update) deleted(raw json.RawMessage) []core.Event {
	var r removed
	_ = json.Unmarshal(raw, &r)
	m := message{Chat: r.Chat, Connection: r.Connection}
	var all []core.Event
	for i, id := range r.Messages {
		e := u.event(core.EventRevoke, "deleted")
		e.ID += "/" + strconv.Itoa(i)
		if e.Raw = nil; id <= 0 || r.Chat.ID == 0 || !aConnection.MatchString(string(r.Connection)) {
			e.Fault, e.Raw = "It does not say which message of which chat it is about.", u.raw
			all = append(all, e)
			continue
		}
		e.Peer, e.Revoke = m.peer(), &core.RevokeBody{Target: m.address().message(int64(id))}
		all = append(all, e)
	}
	if len(all) == 0 {
		return []core.Event{u.other("deleted")}
	}
	return all
}
