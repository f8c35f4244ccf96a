package whatsapptest

import (
	"fmt"
	"strconv"
	"time"

	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// Received is a message that a linked device sent, as the one who got it read it.
type Received struct {
	ID      string
	Chat    types.JID // the group, else the one it is for
	From    types.JID
	Content *waE2E.Message // of a copy for the account's own devices: what was sent
	Edit    string         // what the stanza says it changes: 1 an edit, 7 a message taken back, 8 one that an admin took back
	Retry   int            // how often it had to be asked for again
	Token   []byte         // the privacy token that came with it, nil for none

	server *Server
}

// Text is the message's text or caption, empty if it has none.
func (r Received) Text() string { return textOf(r.Content) }

// box is where a device's messages lie, under the server's lock.
type box struct {
	unread []Received
	copies map[string]int // how often each message came, by its id
}

// put keeps a message. One that came before is only counted, as an app shows it once.
func (b *box) put(r Received) {
	if b.copies == nil {
		b.copies = map[string]int{}
	}
	if b.copies[r.ID]++; b.copies[r.ID] == 1 {
		b.unread = append(b.unread, r)
	}
}

func (d *device) next(s *Server) Received {
	s.t.Helper()
	return await(s, fmt.Sprintf("a message to %s", d.jid), func() (Received, bool) {
		if len(d.box.unread) == 0 {
			return Received{}, false
		}
		next := d.box.unread[0]
		d.box.unread = d.box.unread[1:]
		return next, true
	})
}

// Got is the next message that a linked device sent to this person; for an owner, the copy of what it sent to others.
func (p *person) Got() Received { p.server.t.Helper(); return p.device.next(p.server) }

// CloudGot is the next message that the Cloud API's end of a coexistence account got.
func (p *person) CloudGot() Received { p.server.t.Helper(); return p.hosted.next(p.server) }

// Waiting is how many messages came that no Got has returned.
func (p *person) Waiting() int {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	return len(p.device.box.unread)
}

// Copies is how often a message came. Got returns it once, as an app shows it once.
func (p *person) Copies(id string) int {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	return p.device.box.copies[id]
}

// take passes a message of a linked device on to those it is for, and acknowledges it.
func (l *line) take(n *wa.Node) {
	s, to := l.server, jid(n, "to")
	ack := wa.Node{Tag: "ack", Attrs: wa.Attrs{"class": "message", "id": text(n, "id"), "from": to, "t": now()}}
	code, silent, delay := s.judge(l.device, n)
	if code != 0 {
		ack.Attrs["error"] = code
	} else {
		l.deliver(n)
	}
	switch {
	case l.cutOff(n):
	case silent:
	case delay > 0:
		time.AfterFunc(delay, func() { l.say(ack) })
	default:
		l.say(ack)
	}
}

// cutOff ends the connection instead of an answer to a message, if a test wants that.
func (l *line) cutOff(n *wa.Node) bool {
	l.server.mu.Lock()
	cut := l.server.faults.cut && text(n, "category") != "peer"
	l.server.mu.Unlock()
	if cut {
		l.cancel()
	}
	return cut
}

// deliver decrypts each copy with the keys of the device it is for.
func (l *line) deliver(n *wa.Node) {
	to, participant := jid(n, "to"), jid(n, "participant")
	participants := n.GetChildByTag("participants")
	for _, child := range participants.GetChildren() {
		enc := child.GetChildByTag("enc")
		l.read(n, jid(&child, "jid"), &enc)
	}
	enc, ok := n.GetOptionalChildByTag("enc")
	switch {
	case !ok:
	case text(&enc, "type") == "skmsg":
		l.readGroup(n, to, &enc)
	case !participant.IsEmpty(): // a member of a group asked for it again
		l.read(n, participant, &enc)
	default: // somebody asked for it again, or it is for the account's phone alone
		l.read(n, to, &enc)
	}
}

// read has one device read its copy. One that cannot asks for the message again, with keys for a new session.
func (l *line) read(n *wa.Node, to types.JID, enc *wa.Node) {
	s := l.server
	p, d := s.reader(to)
	if d == nil {
		return
	}
	m, err := d.open(l.ctx, l.device.lid, sealed{text(enc, "type"), enc.Content.([]byte)})
	if err != nil {
		if d == p.device && p.Copies(text(n, "id")) == 0 {
			p.askAgain(l.device, n)
		}
		return
	}
	if key := m.GetSenderKeyDistributionMessage(); key != nil {
		group, _ := types.ParseJID(key.GetGroupID())
		if err := d.learn(l.ctx, group, l.device.lid, key.GetAxolotlSenderKeyDistributionMessage()); err != nil {
			s.t.Errorf("the sender key for %s: %v", group, err)
		}
		if m.SenderKeyDistributionMessage = nil; proto.Size(m) == 0 {
			return
		}
	}
	if text(n, "category") == "peer" {
		l.device.phone.asked(text(n, "id"), m.GetProtocolMessage())
		return
	}
	l.put(n, d, m, enc)
}

// put lays a message into a device's box.
func (l *line) put(n *wa.Node, d *device, m *waE2E.Message, enc *wa.Node) {
	r := Received{ID: text(n, "id"), Chat: jid(n, "to"), From: l.device.lid, Content: m, Edit: text(n, "edit"), Token: content(n, "tctoken"), server: l.server}
	if copied := m.GetDeviceSentMessage(); copied != nil {
		r.Content = copied.GetMessage()
		r.Chat, _ = types.ParseJID(copied.GetDestinationJID())
	}
	r.Retry, _ = strconv.Atoi(text(enc, "count"))
	l.server.change(func() { d.box.put(r) })
}

// readGroup has every member of a group read what was sent to it.
func (l *line) readGroup(n *wa.Node, group types.JID, enc *wa.Node) {
	for _, p := range l.server.members(group) {
		m, err := p.device.openGroup(l.ctx, group, l.device.lid, enc.Content.([]byte))
		switch {
		case err == nil:
			l.put(n, p.device, m, enc)
		case p.Copies(text(n, "id")) == 0:
			p.askAgain(l.device, n)
		}
	}
}

// reader returns the device that a JID means, nil if it is not here.
func (s *Server) reader(j types.JID) (*person, *device) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(j)
	switch {
	case p == nil:
		return nil, nil
	case j.Device == 0:
		return p, p.device
	case p.hosted != nil && j.Device == p.hosted.jid.Device:
		return p, p.hosted
	}
	return p, nil
}
