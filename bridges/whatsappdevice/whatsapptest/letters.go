package whatsapptest

import (
	"maps"
	"strconv"
	"time"

	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// letter is a message before it is encrypted, kept to be encrypted again for a device that could not read it.
type letter struct {
	message *waE2E.Message
	phone   *Phone // whose linked devices it is for
	group   *Group // nil for a message to one
	chat    types.JID
	id      string
	at      time.Time
	kind    string // text, media, reaction, poll
	attrs   wa.Attrs
	hide    bool // a device that cannot read it shows nothing
	quoted  *Message
	once    bool // view once
	by      *device
	absent  string              // why a device gets no content; empty where it does
	posted  map[*linked]wa.Node // as it was last sent, under the server's lock
}

// Message is one that somebody sent, as a test refers to it: to quote it, react to it, change it or take it back.
type Message struct {
	ID      string
	Chat    types.JID // the group, else the other side
	Sender  types.JID
	At      time.Time
	Content *waE2E.Message

	letter *letter
}

// SendOption changes a message before it is sent.
type SendOption func(*letter)

// In sends to a group.
func In(g *Group) SendOption { return func(l *letter) { l.group, l.phone = g, g.phone } }

// To sends to one of several phones.
func To(p *Phone) SendOption { return func(l *letter) { l.phone = p } }

// Quoting answers a message.
func Quoting(m Message) SendOption { return func(l *letter) { l.quoted = &m } }

// ViewOnce lets the media be looked at once.
func ViewOnce() SendOption { return func(l *letter) { l.once = true } }

// Unavailable gives the linked devices no content, only the reason, such as "view_once": the message is on the phone alone.
func Unavailable(why string) SendOption { return func(l *letter) { l.absent = why } }

// newLetter puts a message together.
func (p *person) newLetter(m *waE2E.Message, options []SendOption) *letter {
	l := &letter{message: m, at: time.Now(), kind: kindOf(m)}
	for _, change := range options {
		change(l)
	}
	if l.id == "" {
		l.id = p.server.messageID()
	}
	if l.phone == nil {
		l.phone = p.server.only()
	}
	if l.quoted != nil {
		quote(l.message, *l.quoted)
	}
	if l.once {
		l.message = &waE2E.Message{ViewOnceMessageV2: &waE2E.FutureProofMessage{Message: l.message}}
	}
	l.hide = m.GetReactionMessage() != nil || m.GetEditedMessage() != nil || m.GetProtocolMessage() != nil
	return l
}

// Send sends any message to the phone's account.
func (c *Contact) Send(m *waE2E.Message, options ...SendOption) Message {
	c.server.t.Helper()
	l := c.newLetter(m, options)
	l.chat = c.lid
	l.attrs = wa.Attrs{"from": c.lid, "sender_pn": c.pn, "addressing_mode": "lid", "notify": c.name}
	if c.byPhone {
		l.chat = c.pn
		l.attrs = wa.Attrs{"from": c.pn, "sender_lid": c.lid, "addressing_mode": "pn", "notify": c.name}
	}
	if c.hidden {
		delete(l.attrs, "sender_pn")
	}
	if l.group != nil {
		l.chat = l.group.jid
		l.attrs = wa.Attrs{"from": l.group.jid, "participant": c.lid, "participant_pn": c.pn, "addressing_mode": "lid", "notify": c.name}
	}
	return c.mail(l)
}

// Send sends a message from the phone: the linked devices get a copy. The other side does not read it here, for what a test asks of a contact is what
// the linked device sent.
func (p *Phone) Send(to *Contact, m *waE2E.Message, options ...SendOption) Message {
	p.server.t.Helper()
	return p.mail(p.echo(p.lid, to, m, options))
}

// SendIn sends a message from the phone to a group.
func (p *Phone) SendIn(g *Group, m *waE2E.Message, options ...SendOption) Message {
	p.server.t.Helper()
	l := p.newLetter(m, append(options, In(g)))
	l.chat = g.jid
	l.attrs = wa.Attrs{"from": g.jid, "participant": p.lid, "participant_pn": p.pn, "addressing_mode": "lid"}
	return p.mail(l)
}

// echo is the copy that the account's other devices get of a message that one of them sent.
func (p *Phone) echo(from types.JID, to *Contact, m *waE2E.Message, options []SendOption) *letter {
	l := p.newLetter(m, append(options, To(p)))
	l.chat = to.lid
	l.attrs = wa.Attrs{"from": from, "recipient": to.lid, "peer_recipient_pn": to.pn, "addressing_mode": "lid"}
	if to.hidden {
		delete(l.attrs, "peer_recipient_pn")
	}
	l.message = &waE2E.Message{DeviceSentMessage: &waE2E.DeviceSentMessage{DestinationJID: proto.String(to.lid.String()), Message: l.message}}
	return l
}

// tell sends what only the account's own devices are told.
func (p *Phone) tell(m *waE2E.ProtocolMessage) {
	l := p.newLetter(&waE2E.Message{ProtocolMessage: m}, []SendOption{To(p)})
	l.chat, l.kind = p.lid, "text"
	l.attrs = wa.Attrs{"from": p.lid, "category": "peer"}
	p.mail(l)
}

// mail gives a letter to every linked device of the phone.
func (p *person) mail(l *letter) Message {
	p.server.t.Helper()
	return p.mailFrom(p.device, l)
}

func (p *person) mailFrom(from *device, l *letter) Message {
	s := p.server
	s.t.Helper()
	s.mu.Lock()
	p.sent[l.id], l.by = l, from
	to := append([]*linked(nil), l.phone.linked...)
	s.mu.Unlock()
	for _, d := range to {
		if err := p.post(from, l, d, nil, 0); err != nil {
			s.t.Errorf("encrypt for %s: %v", d.jid, err)
		}
	}
	plain := l.message
	if sent := plain.GetDeviceSentMessage().GetMessage(); sent != nil {
		plain = sent
	}
	return Message{ID: l.id, Chat: l.chat, Sender: from.jid, At: l.at, Content: plain, letter: l}
}

// post encrypts a letter for one linked device and puts it into its queue. Given keys begin a new session; a count above 0 says that the device has
// asked for the message again.
func (p *person) post(from *device, l *letter, to *linked, given *bundle, count int) error {
	var parts []wa.Node
	var err error
	if l.absent != "" {
		parts = []wa.Node{{Tag: "unavailable", Attrs: wa.Attrs{"type": l.absent}}}
	} else if l.group != nil && count == 0 {
		parts, err = l.group.seal(from, l, to)
	} else {
		var one sealed
		if one, err = from.seal(l.phone.server.context(), to.lid, l.again(from, count), to.bundle, given); err == nil {
			parts = []wa.Node{l.enc(one, count)}
		}
	}
	if err != nil {
		return err
	}
	if l.absent == "" && p.garble() {
		body := parts[len(parts)-1].Content.([]byte)
		body[len(body)-1] ^= 1
	}
	n := wa.Node{Tag: "message", Attrs: maps.Clone(l.attrs), Content: parts}
	n.Attrs["id"], n.Attrs["t"], n.Attrs["type"] = l.id, l.at.Unix(), l.kind
	if edit := editOf(l.message); edit != "" {
		n.Attrs["edit"] = edit
	}
	l.phone.server.change(func() {
		if l.posted == nil {
			l.posted = map[*linked]wa.Node{}
		}
		l.posted[to] = n
	})
	to.push(n)
	return nil
}

// enc is the element of one encrypted copy.
func (l *letter) enc(s sealed, count int) wa.Node {
	n := wa.Node{Tag: "enc", Attrs: wa.Attrs{"v": "2", "type": s.kind}, Content: s.body}
	if media := mediaOf(l.message); media != "" {
		n.Attrs["mediatype"] = media
	}
	if l.hide {
		n.Attrs["decrypt-fail"] = "hide"
	}
	if count > 0 {
		n.Attrs["count"] = strconv.Itoa(count)
	}
	return n
}

// Repeat sends a message once more under its identifier, encrypted anew, as a client does that missed WhatsApp's answer.
func (c *Contact) Repeat(m Message) { c.server.t.Helper(); c.mail(m.letter) }

// Repeat sends a message of the phone once more under its identifier.
func (p *Phone) Repeat(m Message) { p.server.t.Helper(); p.mail(m.letter) }

// Redeliver has the server hand out a message once more that was acknowledged already, byte for byte.
func (p *person) Redeliver(m Message) {
	p.server.mu.Lock()
	again := maps.Clone(m.letter.posted)
	p.server.mu.Unlock()
	for d, n := range again {
		d.push(n)
	}
}

// resent answers a device that could not read a message: it is encrypted for it again.
func (p *person) resent(n *wa.Node, by *linked) error {
	s := p.server
	id := text(n, "id")
	s.mu.Lock()
	l := p.sent[id]
	s.mu.Unlock()
	if l == nil {
		return nil
	}
	retry := n.GetChildByTag("retry")
	count, _ := strconv.Atoi(text(&retry, "count"))
	var given *bundle
	if _, ok := n.GetOptionalChildByTag("keys"); ok {
		given = readBundle(n)
	}
	return p.post(l.by, l, by, given, count)
}

// garble reports whether the next message of this person cannot be read.
func (p *person) garble() bool {
	s := p.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.garbled[p] == 0 {
		return false
	}
	s.faults.garbled[p]--
	return true
}
