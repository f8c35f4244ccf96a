package whatsapptest

import (
	"strings"

	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// query answers what a client asks. What this server knows nothing of has an empty answer.
func (l *line) query(n *wa.Node) {
	kind := text(n, "type")
	if kind == "result" || kind == "error" {
		l.answered(n)
		return
	}
	switch text(n, "xmlns") {
	case "md":
		l.linking(n)
	case "encrypt":
		l.keys(n)
	case "usync":
		l.usync(n)
	case "passive":
		l.answer(n)
		l.awake(n)
	case "w:m":
		l.answer(n, mediaConnection())
	case "w:g2":
		l.groupQuery(n)
	case "w:sync:app:state":
		l.syncState(n)
	case "privacy":
		l.privacy(n)
	case "w:profile:picture":
		l.deny(n, 404, "item-not-found")
	default:
		l.answer(n)
	}
}

func (l *line) answered(n *wa.Node) {
	id := text(n, "id")
	l.server.mu.Lock()
	waits := l.asked[id]
	delete(l.asked, id)
	l.server.mu.Unlock()
	if waits != nil {
		waits <- *n
	}
}

func (l *line) answer(n *wa.Node, children ...wa.Node) {
	a := wa.Node{Tag: "iq", Attrs: wa.Attrs{"from": types.ServerJID, "id": text(n, "id"), "type": "result"}}
	if len(children) > 0 {
		a.Content = children
	}
	l.say(a)
}

func (l *line) deny(n *wa.Node, code int, why string) {
	l.say(wa.Node{Tag: "iq", Attrs: wa.Attrs{"from": types.ServerJID, "id": text(n, "id"), "type": "error"},
		Content: []wa.Node{{Tag: "error", Attrs: wa.Attrs{"code": code, "text": why}}}})
}

// awake notes that a linked device asks for what is new. The first time, the phone gives it the account's keys and history.
func (l *line) awake(n *wa.Node) {
	if _, active := n.GetOptionalChildByTag("active"); !active || l.device == nil {
		return
	}
	l.server.mu.Lock()
	known := l.device.welcome
	l.device.welcome = true
	l.server.mu.Unlock()
	if !known {
		l.device.phone.welcomes()
	}
	l.server.change(func() { l.device.ready = true })
}

// linking answers the questions of a device that is being linked, or that takes its leave.
func (l *line) linking(n *wa.Node) {
	if len(n.GetChildren()) == 0 {
		l.answer(n)
		return
	}
	switch child := n.GetChildren()[0]; child.Tag {
	case codeTag:
		l.codeQuery(n, &child)
	case "ref", "passkey_prologue", "companion_nonce", "encrypted_pairing_request":
		l.passkeyQuery(n, &child)
	case "remove-companion-device":
		l.server.change(func() { l.device.phone.linked = without(l.device.phone.linked, l.device) })
		l.answer(n)
	default:
		l.answer(n)
	}
}

func without(ds []*linked, gone *linked) (rest []*linked) {
	for _, d := range ds {
		if d != gone {
			rest = append(rest, d)
		}
	}
	return rest
}

// few is how many one-time keys the server says that a device has which has uploaded none: whatsmeow makes 812 of them, which takes long, only where
// there are none at all.
const few = 1

// keys takes a device's one-time keys, counts them, or gives out those of others.
func (l *line) keys(n *wa.Node) {
	if _, ok := n.GetOptionalChildByTag("count"); ok {
		l.server.mu.Lock()
		count := max(len(l.device.once), few)
		l.server.mu.Unlock()
		l.answer(n, wa.Node{Tag: "count", Attrs: wa.Attrs{"value": count}})
		return
	}
	if text(n, "type") == "set" {
		list := n.GetChildByTag("list")
		b := readBundle(n)
		l.server.change(func() {
			l.device.registration, l.device.signed = b.registration, b.signed
			for _, k := range list.GetChildren() {
				l.device.once = append(l.device.once, readKey(k))
			}
		})
		l.answer(n)
		return
	}
	asked := n.GetChildByTag("key")
	var users []wa.Node
	for _, u := range asked.GetChildren() {
		users = append(users, l.server.bundleOf(jid(&u, "jid")))
	}
	l.answer(n, wa.Node{Tag: "list", Content: users})
}

// bundleOf gives out the keys of somebody's device.
func (s *Server) bundleOf(j types.JID) wa.Node {
	n := wa.Node{Tag: "user", Attrs: wa.Attrs{"jid": j}}
	_, d := s.reader(j)
	if d == nil {
		n.Content = []wa.Node{{Tag: "error", Attrs: wa.Attrs{"code": 404, "text": "item-not-found"}}}
		return n
	}
	b := d.bundle()
	n.Content = append([]wa.Node{{Tag: "registration", Content: number(b.registration, 4)}}, b.nodes()...)
	return n
}

// usync answers who somebody is and which devices they have.
func (l *line) usync(n *wa.Node) {
	q, list := n.GetChildByTag("usync", "query"), n.GetChildByTag("usync", "list")
	var users []wa.Node
	for _, u := range list.GetChildren() {
		users = append(users, l.server.profile(&q, &u))
	}
	l.answer(n, wa.Node{Tag: "usync", Content: []wa.Node{{Tag: "list", Content: users}}})
}

func (s *Server) profile(q, u *wa.Node) wa.Node {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := jid(u, "jid")
	asked := string(content(u, "contact"))
	if asked != "" {
		number, _, _ := strings.Cut(strings.TrimPrefix(asked, "+"), "@")
		j = types.NewJID(number, types.DefaultUserServer)
	}
	n := wa.Node{Tag: "user", Attrs: wa.Attrs{"jid": j}}
	p, there := s.find(j), "out"
	if p != nil {
		there = "in"
	}
	if p != nil && asked != "" {
		n.Attrs["jid"], n.Attrs["pn_jid"] = p.lid, p.pn
	}
	var answers []wa.Node
	for _, about := range q.GetChildren() {
		switch {
		case about.Tag == "contact":
			answers = append(answers, wa.Node{Tag: "contact", Attrs: wa.Attrs{"type": there}, Content: []byte(asked)})
		case about.Tag == "lid" && p != nil:
			answers = append(answers, wa.Node{Tag: "lid", Attrs: wa.Attrs{"val": p.lid}})
		case about.Tag == "devices" && p != nil:
			answers = append(answers, s.deviceList(p))
		}
	}
	n.Content = answers
	return n
}

// deviceList names a person's devices. The lock must be held.
func (s *Server) deviceList(p *person) wa.Node {
	var ds []wa.Node
	for _, d := range p.devices() {
		ds = append(ds, wa.Node{Tag: "device", Attrs: wa.Attrs{"id": int(d.jid.Device), "is_hosted": d.jid.Server == types.HostedLIDServer}})
	}
	if phone := s.phoneOf(p); phone != nil {
		for _, d := range phone.linked {
			ds = append(ds, wa.Node{Tag: "device", Attrs: wa.Attrs{"id": int(d.jid.Device), "is_hosted": false}})
		}
	}
	return wa.Node{Tag: "devices", Content: []wa.Node{{Tag: "device-list", Content: ds}}}
}

// privacy answers the account's settings, and takes the tokens that a device gives to those it writes to.
func (l *line) privacy(n *wa.Node) {
	if text(n, "type") == "get" {
		l.answer(n, wa.Node{Tag: "privacy"})
		return
	}
	l.answer(n)
}
