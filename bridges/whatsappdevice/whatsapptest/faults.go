package whatsapptest

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// faults are what a test has gone wrong, under the server's lock.
type faults struct {
	down     bool
	web      uint32        // the revision of WhatsApp Web that is published, and asked of every device; 0: any
	silent   bool          // messages are taken and not acknowledged
	deaf     bool          // what devices acknowledge is not heard
	delay    time.Duration // before a message is acknowledged
	cut      bool          // a message is answered by the end of the connection
	media    int           // the status that every download is answered with; 0 for none
	stuck    chan struct{} // while it is open downloads are not answered; nil: they are
	garbled  map[*person]int
	contacts []*Contact
}

// context is for what is done in memory.
func (*Server) context() context.Context { return context.Background() }

// Down breaks every connection and refuses new ones.
func (s *Server) Down() {
	s.change(func() { s.faults.down = true })
	s.hangUp()
}

// Up takes connections again.
func (s *Server) Up() { s.change(func() { s.faults.down = false }) }

func (s *Server) isDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.down
}

// Publish has WhatsApp Web say that it is at this revision, and refuses devices that appear as an older one (405).
func (s *Server) Publish(revision uint32) { s.change(func() { s.faults.web = revision }) }

// published is the revision of WhatsApp Web.
func (s *Server) published() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.web
}

// HangUp breaks every connection; a client may connect again at once.
func (s *Server) HangUp() { s.hangUp() }

// DropAcks has messages taken and passed on, but not acknowledged, so that the sender cannot know.
func (s *Server) DropAcks(drop bool) { s.change(func() { s.faults.silent = drop }) }

// Deaf has what devices acknowledge be lost on the way: it is handed out again at the next login.
func (s *Server) Deaf(deaf bool) { s.change(func() { s.faults.deaf = deaf }) }

// Delay has a message acknowledged only after some time.
func (s *Server) Delay(d time.Duration) { s.change(func() { s.faults.delay = d }) }

// CutOff has a message taken and passed on, and the connection broken instead of an answer.
func (s *Server) CutOff(cut bool) { s.change(func() { s.faults.cut = cut }) }

// Stick leaves every download without an answer until the test is over.
func (s *Server) Stick() {
	stuck := make(chan struct{})
	s.change(func() { s.faults.stuck = stuck })
	s.t.Cleanup(func() { close(stuck) })
}

// Asked is how many messages of linked devices were taken so far, and how many downloads were asked for.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// MediaGone answers every download with a status, such as 404 or 410; 0 ends it.
func (s *Server) MediaGone(status int) { s.change(func() { s.faults.media = status }) }

// Garble makes the next messages of somebody unreadable, until the device asks for them again.
func (p *person) Garble(count int) {
	p.server.change(func() {
		if p.server.faults.garbled == nil {
			p.server.faults.garbled = map[*person]int{}
		}
		p.server.faults.garbled[p] = count
	})
}

// DropSession has the contact forget the keys it shares with others, as after a reinstallation: what is sent to it cannot be read and is asked for again.
func (p *person) DropSession() {
	p.device.dropSessions()
	p.server.change(func() {
		for _, g := range p.server.groups {
			delete(g.keyed, p.device)
		}
	})
}

// Refuse has every message to the contact refused with a code, such as 463; 0 ends it.
func (c *Contact) Refuse(code int) { c.server.change(func() { c.refusal = code }) }

// tooNew is WhatsApp's code for a message to somebody who has not written before, from an account that may not begin conversations.
const tooNew = 463

// Restrict bars the account from writing to whom gave it no privacy token, and tells its devices so. The zero time lifts it.
func (p *Phone) Restrict(until time.Time) {
	active := !until.IsZero()
	p.server.change(func() { p.locked = active })
	lock := map[string]any{"is_active": active}
	if active {
		lock["time_enforcement_ends"] = strconv.FormatInt(until.Unix(), 10)
		lock["enforcement_type"] = "RESTRICT_ALL_COMPANIONS"
	}
	raw, err := json.Marshal(map[string]any{"data": map[string]any{"xwa2_notify_account_reachout_timelock": lock}})
	if err != nil {
		p.server.t.Fatal(err)
	}
	p.server.toAccount(p.lid, wa.Node{Tag: "notification", Attrs: wa.Attrs{"from": types.ServerJID, "type": "mex", "id": p.server.nextID(), "t": now()},
		Content: []wa.Node{{Tag: "update", Attrs: wa.Attrs{"op_name": "NotificationAccountReachoutTimelockUpdate"}, Content: raw}}})
}

// Trusts gives the account a privacy token, by which it may write to the contact even while it is restricted.
func (c *Contact) Trusts(p *Phone) {
	token := []byte("token of " + c.Number())
	c.server.change(func() { c.tokens[p.lid.User] = token })
	c.server.toAccount(p.lid, wa.Node{Tag: "notification", Attrs: wa.Attrs{"from": c.pn, "sender_lid": c.lid, "type": "privacy_token", "id": c.server.nextID(), "t": now()},
		Content: []wa.Node{{Tag: "tokens", Content: []wa.Node{{Tag: "token", Attrs: wa.Attrs{"type": "trusted_contact", "t": now()}, Content: token}}}}})
}

// judge says what becomes of a message: a code to refuse it with, whether it goes unacknowledged, and how long that takes.
func (s *Server) judge(by *linked, n *wa.Node) (code int, silent bool, delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text(n, "category") != "peer" {
		s.asked++
	}
	p := s.find(jid(n, "to"))
	i := slices.IndexFunc(s.faults.contacts, func(c *Contact) bool { return c.person == p })
	switch {
	case i < 0:
	case s.faults.contacts[i].refusal != 0:
		code = s.faults.contacts[i].refusal
	case by.phone.locked && (p.tokens[by.phone.lid.User] == nil || string(content(n, "tctoken")) != string(p.tokens[by.phone.lid.User])):
		code = tooNew
	}
	return code, s.faults.silent && text(n, "category") != "peer", s.faults.delay
}

// replaced is what a device is told whose place another connection took.
func replaced() wa.Node {
	return wa.Node{Tag: "stream:error", Content: []wa.Node{{Tag: "conflict", Attrs: wa.Attrs{"type": "replaced"}}}}
}

// Replaced ends the connection as when the same device connects elsewhere.
func (p *Phone) Replaced() { p.kick(replaced()) }

// Restarts ends the connection as when WhatsApp's server is about to restart.
func (p *Phone) Restarts() { p.kick(wa.Node{Tag: "stream:error", Attrs: wa.Attrs{"code": "503"}}) }

// Unlinks takes the linked devices off the account, as the owner does on the phone.
func (p *Phone) Unlinks() {
	p.kick(wa.Node{Tag: "stream:error", Attrs: wa.Attrs{"code": "401"}, Content: []wa.Node{{Tag: "conflict", Attrs: wa.Attrs{"type": "device_removed"}}}})
	p.server.change(func() { p.linked = nil })
}

// UnlinksUnseen takes the linked devices off the account while they are not connected: they learn of it when they log in.
func (p *Phone) UnlinksUnseen() {
	there := p.connected()
	p.server.change(func() { p.linked = nil })
	for _, l := range there {
		l.cancel()
	}
}

// Bans bars the account for a while. The codes are WhatsApp's: 101 too many messages to strangers, 102 blocked by many, 103 groups, 104 too much of the
// same, 106 broadcast lists.
func (p *Phone) Bans(code int, expires time.Duration) {
	p.Rejects(402, wa.Attrs{"code": code, "expire": int(expires.Seconds())})
}

// Rejects has logins fail with a reason, such as 401, 403, 405 or 503, and breaks the connection.
func (p *Phone) Rejects(reason int, more wa.Attrs) {
	p.server.change(func() { p.refusal = &refusal{reason, more} })
	p.cut()
}

// Admits lets devices log in again.
func (p *Phone) Admits() { p.server.change(func() { p.refusal = nil }) }

// kick says a last thing to the linked devices and hangs up.
func (p *Phone) kick(last wa.Node) {
	for _, l := range p.connected() {
		p.server.change(func() { l.device.line, l.device.ready = nil, false })
		p.server.serving.Go(func() { l.leave(whole(last)) })
	}
}

// cut breaks the connections of the linked devices.
func (p *Phone) cut() {
	for _, l := range p.connected() {
		l.cancel()
	}
}
