package whatsapptest

import (
	"slices"

	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// Group is a conversation of several.
type Group struct {
	server *Server
	jid    types.JID
	phone  *Phone

	// under the server's lock
	name    string
	members []*person
	keyed   map[*device]map[*linked]bool // who gave whom the key to their messages
}

// Group makes a group of an owner and contacts.
func (s *Server) Group(name string, owner *Phone, members ...*Contact) *Group {
	g := &Group{server: s, jid: types.NewJID("12036300000000"+s.nextID(), types.GroupServer), phone: owner, name: name, keyed: map[*device]map[*linked]bool{}}
	g.members = []*person{owner.person}
	for _, m := range members {
		g.members = append(g.members, m.person)
	}
	s.change(func() { s.groups[g.jid] = g })
	return g
}

// JID is the group's address.
func (g *Group) JID() types.JID { return g.jid }

// seal encrypts a letter for the group, with the sender's key where the device does not have it yet.
func (g *Group) seal(from *device, l *letter, to *linked) ([]wa.Node, error) {
	ctx := g.server.context()
	body, key, err := from.sealGroup(ctx, g.jid, l.message)
	if err != nil {
		return nil, err
	}
	var parts []wa.Node
	if g.first(from, to) {
		one, err := from.seal(ctx, to.lid, key, to.bundle, nil)
		if err != nil {
			return nil, err
		}
		parts = append(parts, wa.Node{Tag: "enc", Attrs: wa.Attrs{"v": "2", "type": one.kind}, Content: one.body})
	}
	return append(parts, l.enc(body, 0)), nil
}

// first reports whether a device is written to for the first time.
func (g *Group) first(from *device, to *linked) bool {
	g.server.mu.Lock()
	defer g.server.mu.Unlock()
	if g.keyed[from] == nil {
		g.keyed[from] = map[*linked]bool{}
	}
	known := g.keyed[from][to]
	g.keyed[from][to] = true
	return !known
}

// again is a letter for a device that could not read it: one of a group brings its key along.
func (l *letter) again(from *device, count int) *waE2E.Message {
	if l.group == nil || count == 0 {
		return l.message
	}
	m := proto.CloneOf(l.message)
	if _, key, err := from.sealGroup(l.group.server.context(), l.group.jid, l.message); err == nil {
		m.SenderKeyDistributionMessage = key.SenderKeyDistributionMessage
	}
	return m
}

// members are the contacts in a group.
func (s *Server) members(group types.JID) []*person {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[group]
	if g == nil {
		return nil
	}
	return slices.Clone(g.members)
}

// groupQuery answers what a group is, and which there are.
func (l *line) groupQuery(n *wa.Node) {
	s := l.server
	s.mu.Lock()
	g, mine := s.groups[jid(n, "to")], []wa.Node{}
	for _, other := range s.groups {
		if other.phone == l.device.phone {
			mine = append(mine, other.node())
		}
	}
	s.mu.Unlock()
	_, all := n.GetOptionalChildByTag("participating")
	switch {
	case all:
		l.answer(n, wa.Node{Tag: "groups", Content: mine})
	case g == nil:
		l.deny(n, 404, "item-not-found")
	default:
		s.mu.Lock()
		info := g.node()
		s.mu.Unlock()
		l.answer(n, info)
	}
}

// node describes the group. The lock must be held.
func (g *Group) node() wa.Node {
	var members []wa.Node
	for _, m := range g.members {
		members = append(members, wa.Node{Tag: "participant", Attrs: wa.Attrs{"jid": m.lid, "phone_number": m.pn}})
	}
	return wa.Node{Tag: "group", Attrs: wa.Attrs{"id": g.jid.User, "subject": g.name, "s_t": now(), "creation": now(), "creator": g.phone.lid,
		"addressing_mode": "lid", "size": len(members)}, Content: members}
}

// Rename gives the group another name.
func (g *Group) Rename(name string) {
	g.server.change(func() { g.name = name })
	g.notify(wa.Node{Tag: "subject", Attrs: wa.Attrs{"subject": name, "s_t": now(), "s_o": g.phone.lid}})
}

// Add takes somebody into the group.
func (g *Group) Add(c *Contact) {
	g.server.change(func() { g.members = append(g.members, c.person) })
	g.notify(wa.Node{Tag: "add", Content: []wa.Node{{Tag: "participant", Attrs: wa.Attrs{"jid": c.lid, "phone_number": c.pn}}}})
}

// Remove puts somebody out of the group.
func (g *Group) Remove(c *Contact) {
	g.server.change(func() { g.members = slices.DeleteFunc(g.members, func(p *person) bool { return p == c.person }) })
	g.notify(wa.Node{Tag: "remove", Content: []wa.Node{{Tag: "participant", Attrs: wa.Attrs{"jid": c.lid, "phone_number": c.pn}}}})
}

// Announce tells the owner's devices of the group, as when they were taken into it.
func (g *Group) Announce() {
	g.server.mu.Lock()
	info := g.node()
	g.server.mu.Unlock()
	g.notify(wa.Node{Tag: "create", Attrs: wa.Attrs{"type": "new"}, Content: []wa.Node{info}})
}

func (g *Group) notify(what wa.Node) {
	g.server.toAccount(g.phone.lid, wa.Node{Tag: "notification", Attrs: wa.Attrs{"from": g.jid, "type": "w:gp2", "id": g.server.nextID(), "t": now(),
		"participant": g.phone.lid}, Content: []wa.Node{what}})
}
