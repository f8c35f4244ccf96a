package whatsapptest

import (
	"encoding/binary"
	"fmt"
	"slices"

	"go.mau.fi/libsignal/ecc"
	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// Receives says that the contact's phone has got messages.
func (c *Contact) Receives(rs ...Received) { c.receipt("", rs) }

// Reads says that the contact has read messages.
func (c *Contact) Reads(rs ...Received) { c.receipt("read", rs) }

// Plays says that the contact has listened to voice messages.
func (c *Contact) Plays(rs ...Received) { c.receipt("played", rs) }

func (c *Contact) receipt(kind string, rs []Received) {
	n := wa.Node{Tag: "receipt", Attrs: wa.Attrs{"from": c.lid, "sender_pn": c.pn, "addressing_mode": "lid", "type": kind}}
	if c.hidden {
		delete(n.Attrs, "sender_pn")
	}
	if rs[0].Chat.Server == types.GroupServer {
		n.Attrs["from"], n.Attrs["participant"] = rs[0].Chat, c.lid
	}
	var ids []string
	for _, r := range rs {
		ids = append(ids, r.ID)
	}
	c.server.receipt(rs[0].From, n, ids)
}

// Reads says that the owner has read, on the phone, messages of somebody.
func (p *Phone) Reads(ms ...Message) {
	n := wa.Node{Tag: "receipt", Attrs: wa.Attrs{"from": p.lid, "recipient": ms[0].Chat, "type": "read-self"}}
	if ms[0].Chat.Server == types.GroupServer {
		n.Attrs = wa.Attrs{"from": ms[0].Chat, "participant": p.lid, "recipient": ms[0].Sender, "type": "read-self"}
	}
	var ids []string
	for _, m := range ms {
		ids = append(ids, m.ID)
	}
	p.server.receipt(p.lid, n, ids)
}

// receipt gives one receipt for several messages to the linked devices of an account.
func (s *Server) receipt(account types.JID, n wa.Node, ids []string) {
	n.Attrs["id"], n.Attrs["t"] = ids[0], now()
	if len(ids) > 1 {
		var items []wa.Node
		for _, id := range ids[1:] {
			items = append(items, wa.Node{Tag: "item", Attrs: wa.Attrs{"id": id}})
		}
		n.Content = []wa.Node{{Tag: "list", Content: items}}
	}
	s.toAccount(account, n)
}

// toAccount puts a stanza into the queue of every linked device of an account.
func (s *Server) toAccount(account types.JID, n wa.Node) {
	s.mu.Lock()
	var to []*linked
	if p := s.find(account); p != nil {
		if phone := s.phoneOf(p); phone != nil {
			to = slices.Clone(phone.linked)
		}
	}
	s.mu.Unlock()
	for _, d := range to {
		d.push(whole(n))
	}
}

// receipted is called when a linked device has got, read or failed to read messages.
func (l *line) receipted(n *wa.Node) {
	s, kind, ids := l.server, text(n, "type"), idsOf(n)
	to := jid(n, "to")
	if participant := jid(n, "participant"); !participant.IsEmpty() {
		to = participant
	}
	var p *person
	s.change(func() {
		p = s.find(to)
		for _, id := range ids {
			if kind != "read" && kind != "played" && kind != "retry" && kind != "server-error" {
				l.device.done("message", id, "")
			}
			if p != nil {
				p.ticks[id] = append(p.ticks[id], kind)
			}
		}
	})
	if p == nil {
		return
	}
	var err error
	switch kind {
	case "retry":
		err = p.resent(n, l.device)
	case "server-error":
		err = l.device.phone.reupload(n, l.device)
	}
	if err != nil {
		s.t.Errorf("the receipt %s of %s: %v", kind, ids[0], err)
	}
}

func idsOf(n *wa.Node) []string {
	ids := []string{text(n, "id")}
	list := n.GetChildByTag("list")
	for _, item := range list.GetChildren() {
		ids = append(ids, text(&item, "id"))
	}
	return ids
}

// SeesDelivered waits until a linked device has said that it got a message.
func (p *person) SeesDelivered(m Message) { p.server.t.Helper(); p.sees(m, "", "inactive", "sender") }

// SeesRead waits until a linked device has said that a message was read.
func (p *person) SeesRead(m Message) { p.server.t.Helper(); p.sees(m, "read") }

// SeesRetry waits until a linked device has said that it could not read a message.
func (p *person) SeesRetry(m Message) { p.server.t.Helper(); p.sees(m, "retry") }

func (p *person) sees(m Message, kinds ...string) {
	p.server.t.Helper()
	await(p.server, fmt.Sprintf("a receipt %q for %s", kinds, m.ID), func() (bool, bool) {
		return true, slices.ContainsFunc(p.ticks[m.ID], func(k string) bool { return slices.Contains(kinds, k) })
	})
}

// Ticks are the receipts that came for a message, in their order: "" or inactive for delivered, read, played, retry, and sender for a copy.
func (p *person) Ticks(m Message) []string {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	return slices.Clone(p.ticks[m.ID])
}

// askAgain says that a message could not be read, with the keys for a new session.
func (p *person) askAgain(from *linked, n *wa.Node) {
	b, j := p.device.bundle(), p.lid
	receipt := wa.Node{Tag: "receipt", Attrs: wa.Attrs{"from": j, "id": text(n, "id"), "type": "retry", "t": now()}}
	if to := jid(n, "to"); to.Server == types.GroupServer {
		receipt.Attrs["from"], receipt.Attrs["participant"] = to, j
	} else if p == from.phone.person {
		receipt.Attrs["recipient"] = to
	}
	receipt.Content = []wa.Node{
		{Tag: "retry", Attrs: wa.Attrs{"count": 1, "id": text(n, "id"), "t": now(), "v": 1}},
		{Tag: "registration", Content: number(b.registration, 4)},
		{Tag: "keys", Content: b.nodes()},
	}
	from.push(receipt)
}

// number is an integer in so many bytes, the highest first.
func number(n uint32, bytes int) []byte { return binary.BigEndian.AppendUint32(nil, n)[4-bytes:] }

// nodes is how a bundle is sent.
func (b bundle) nodes() []wa.Node {
	ns := []wa.Node{{Tag: "type", Content: []byte{ecc.DjbType}}, {Tag: "identity", Content: b.identity}, keyNode("skey", b.signed)}
	if b.once != nil {
		ns = append(ns, keyNode("key", b.once))
	}
	return ns
}

func keyNode(tag string, k *keys.PreKey) wa.Node {
	ns := []wa.Node{{Tag: "id", Content: number(k.KeyID, 3)}, {Tag: "value", Content: k.Pub[:]}}
	if k.Signature != nil {
		ns = append(ns, wa.Node{Tag: "signature", Content: k.Signature[:]})
	}
	return wa.Node{Tag: tag, Content: ns}
}

// readBundle takes the keys from a stanza: those of a device that could not read a message, or those that one uploads.
func readBundle(n *wa.Node) *bundle {
	within := n
	if ks, ok := n.GetOptionalChildByTag("keys"); ok {
		within = &ks
	}
	b := &bundle{registration: binary.BigEndian.Uint32(content(n, "registration")), identity: content(within, "identity")}
	b.signed = readKey(within.GetChildByTag("skey"))
	if once, ok := within.GetOptionalChildByTag("key"); ok {
		b.once = readKey(once)
	}
	return b
}

func readKey(n wa.Node) *keys.PreKey {
	return preKey(content(&n, "id"), content(&n, "value"), content(&n, "signature"))
}

// Types says that the contact is writing, to the server's one phone or to the one that is given.
func (c *Contact) Types(to ...*Phone) { c.chatState("composing", to) }

// Stops says that the contact is no longer writing.
func (c *Contact) Stops(to ...*Phone) { c.chatState("paused", to) }

func (c *Contact) chatState(state string, to []*Phone) {
	if len(to) == 0 {
		to = []*Phone{c.server.only()}
	}
	for _, l := range to[0].connected() {
		l.say(wa.Node{Tag: "chatstate", Attrs: wa.Attrs{"from": c.lid}, Content: []wa.Node{{Tag: state}}})
	}
}

// connected are the connections of the phone's linked devices.
func (p *Phone) connected() (ls []*line) {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	for _, d := range p.linked {
		if d.line != nil {
			ls = append(ls, d.line)
		}
	}
	return ls
}

// typing is called when a linked device says what it does in a chat.
func (l *line) typing(n *wa.Node) {
	l.server.change(func() {
		if p := l.server.find(jid(n, "to")); p != nil && len(n.GetChildren()) == 1 {
			p.presence = append(p.presence, n.GetChildren()[0].Tag)
		}
	})
}

// SeesTyping waits until a linked device says that it is writing to the contact.
func (c *Contact) SeesTyping() {
	c.server.t.Helper()
	await(c.server, "the linked device to type", func() (bool, bool) { return true, slices.Contains(c.presence, "composing") })
}

// present is called when a linked device says whether somebody sits before it.
func (l *line) present(n *wa.Node) {
	l.server.change(func() {
		if l.device != nil && text(n, "to") == "" {
			l.device.phone.presence = append(l.device.phone.presence, text(n, "type"))
		}
	})
}

// Presence is what linked devices said of themselves, in order: available, unavailable.
func (p *Phone) Presence() []string {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	return slices.Clone(p.presence)
}
