package simulator

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Past is a message from before a number came to the platform.
type Past struct {
	Mine    bool // the customer wrote it
	Text    string
	Ago     time.Duration
	Picture []byte // a file; its webhook comes after the placeholder's, unless it is older than two weeks
	media   *Media
	Status  string // of what the business wrote: DELIVERED, READ, PLAYED, SENT, PENDING, ERROR; default READ
}

// coexistence is what a number in coexistence has on its owner's phone, and what of it was handed over. It is guarded by Simulator.mu.
type coexistence struct {
	past     []pastChat
	book     []bookEntry
	declined bool
	onboard  time.Time
	asked    map[string]string // sync type to request id
	offboard bool
}

type pastChat struct {
	with  *Customer
	lines []Past
}

type bookEntry struct{ Phone, Name, First string }

// pieceOf is how many messages one history webhook holds at most.
const pieceOf = 2000

// fileDays is for how long the files of the history are handed over.
const fileDays = 14 * 24 * time.Hour

// Remember gives the owner's phone a chat from before the platform.
func (p OwnersPhone) Remember(c *Customer, lines ...Past) {
	lines = slices.Clone(lines)
	for i, l := range lines {
		if l.Picture != nil {
			lines[i].media = &Media{ID: p.biz.sim.keep(p.biz, "", "image/jpeg", l.Picture, keepInbound), MIME: "image/jpeg", Data: l.Picture}
		}
	}
	p.biz.sim.mu.Lock()
	defer p.biz.sim.mu.Unlock()
	p.biz.shared.past = append(p.biz.shared.past, pastChat{c, lines})
}

// Decline keeps the history on the phone.
func (p OwnersPhone) Decline() {
	p.biz.sim.mu.Lock()
	defer p.biz.sim.mu.Unlock()
	p.biz.shared.declined = true
}

// Name writes somebody into the phone's address book; an empty name takes them out. Once the contacts were handed over, each change is a webhook.
func (p OwnersPhone) Name(phone, name string) {
	s, b := p.biz.sim, p.biz
	s.mu.Lock()
	defer s.mu.Unlock()
	phone = onlyDigits(phone)
	b.shared.book = slices.DeleteFunc(b.shared.book, func(e bookEntry) bool { return e.Phone == phone })
	e := bookEntry{Phone: phone, Name: name, First: name}
	if name != "" {
		b.shared.book = append(b.shared.book, e)
	}
	if b.shared.asked["smb_app_state_sync"] != "" {
		s.post(b, "book", b.bookValue(e), "smb_app_state_sync")
	}
}

func (b *Business) bookValue(all ...bookEntry) obj {
	list := make([]obj, len(all))
	for i, e := range all {
		card, action := obj{"phone_number": e.Phone, "full_name": e.Name, "first_name": e.First}, "add"
		if e.Name == "" {
			card, action = obj{"phone_number": e.Phone}, "remove"
		}
		list[i] = obj{"type": "contact", "contact": card, "action": action, "metadata": obj{"timestamp": unix(b.sim.Now())}}
	}
	v := b.value()
	v["state_sync"] = list
	return v
}

// React puts an emoji on a message from the owner's phone.
func (p OwnersPhone) React(c *Customer, wamid, emoji string) string {
	return p.echo(c, "reaction", obj{"message_id": wamid, "emoji": emoji}, nil)
}

// Reply writes a text from the owner's phone that quotes a message.
func (p OwnersPhone) Reply(c *Customer, quote, text string) string {
	return p.echoing(c, "text", obj{"body": text}, &ChatMessage{Kind: "text", Text: text, Quote: quote}, obj{"context": obj{"id": quote}})
}

// Offboard takes the number off the platform, as when the owner changes the phone; Reconnect brings it back. While it is away, sends are refused.
func (p OwnersPhone) Offboard() { p.moved(true, "ACCOUNT_OFFBOARDED", 0) }

// Reconnect ends Offboard. Its time is a second before the departure's, as the platform's own samples have it.
func (p OwnersPhone) Reconnect() { p.moved(false, "ACCOUNT_RECONNECTED", -time.Second) }

func (p OwnersPhone) moved(away bool, event string, off time.Duration) {
	s, b := p.biz.sim, p.biz
	s.mu.Lock()
	defer s.mu.Unlock()
	b.shared.offboard = away
	s.postAt(b, "account", obj{"event": event}, "account_update", s.Now().Add(off))
}

// away reports whether the number is off the platform just now.
func (b *Business) away() bool {
	b.sim.mu.Lock()
	defer b.sim.mu.Unlock()
	return b.shared.offboard
}

// Disconnect ends the coexistence for a reason of the platform's.
func (p OwnersPhone) Disconnect(reason, by string) {
	s, b := p.biz.sim, p.biz
	s.mu.Lock()
	defer s.mu.Unlock()
	b.acc.Coexists, b.shared.asked = false, nil
	s.post(b, "account", obj{"event": "PARTNER_REMOVED", "waba_info": obj{"waba_id": b.acc.WABA}, "disconnection_info": obj{"reason": reason, "initiated_by": by}}, "account_update")
}

// Onboard begins the coexistence: for a day contacts and history can be asked for, each once.
func (p OwnersPhone) Onboard() {
	p.biz.sim.mu.Lock()
	defer p.biz.sim.mu.Unlock()
	p.biz.acc.Coexists, p.biz.shared.onboard, p.biz.shared.asked = true, p.biz.sim.Now(), nil
}

// Asked tells what was asked for, by the platform's name, with the id of the request.
func (p OwnersPhone) Asked() map[string]string {
	p.biz.sim.mu.Lock()
	defer p.biz.sim.mu.Unlock()
	return maps.Clone(p.biz.shared.asked)
}

// syncApp answers smb_app_data.
func (s *Simulator) syncApp(r *request) reply {
	b := s.ofNumber(r)
	if b == nil {
		return fail(unknownObject(r.id))
	}
	in, err := decode(r.body)
	kind := text(in["sync_type"])
	if err != nil || text(in["messaging_product"]) != "whatsapp" || kind != "smb_app_state_sync" && kind != "history" {
		return fail(badRequest("sync_type must be smb_app_state_sync or history"))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !b.acc.Coexists:
		return fail(badRequest("The number is not used in the WhatsApp Business app"))
	case b.shared.asked[kind] != "":
		return fail(codeError(2593107, "The synchronization was requested already"))
	case s.Now().Sub(b.shared.onboard) > 24*time.Hour:
		return fail(codeError(2593108, "The time for synchronization is over"))
	}
	if b.shared.asked == nil {
		b.shared.asked = map[string]string{}
	}
	id := randomHex(12)
	b.shared.asked[kind] = id
	if kind == "history" {
		b.handOver()
	} else if len(b.shared.book) > 0 {
		s.post(b, "book", b.bookValue(b.shared.book...), kind)
	}
	return ok(obj{"messaging_product": "whatsapp", "request_id": id})
}

// handOver posts the history, the newest phase first. Callers hold mu.
func (b *Business) handOver() {
	s := b.sim
	if b.shared.declined {
		v := b.value()
		v["history"] = []obj{{"errors": []obj{{"code": 2593109, "title": "History sync is turned off by the business",
			"message": "History sharing is turned off by the business", "error_data": obj{"details": "History sharing is turned off by the business"}}}}}
		s.post(b, "history", v, "history")
		return
	}
	pieces := b.pieces()
	for i, p := range pieces {
		v := b.value()
		v["history"] = []obj{{"metadata": obj{"phase": p.phase, "chunk_order": p.order, "progress": (i + 1) * 100 / len(pieces)}, "threads": p.threads}}
		s.post(b, "history", v, "history")
	}
	for _, p := range pieces {
		for _, m := range p.files {
			v := b.value()
			v["messages"] = []obj{m}
			s.post(b, "history", v, "history")
		}
	}
}

// piece is one history webhook.
type piece struct {
	phase, order int
	threads      []obj
	files        []obj
	n            int
}

func (b *Business) pieces() []piece {
	var all []piece
	for phase, bound := range []time.Duration{24 * time.Hour, 90 * 24 * time.Hour, 180 * 24 * time.Hour} {
		from := time.Duration(0)
		if phase > 0 {
			from = []time.Duration{0, 24 * time.Hour, 90 * 24 * time.Hour}[phase]
		}
		p := piece{phase: phase, order: 1}
		for _, chat := range b.shared.past {
			var lines []obj
			for _, l := range chat.lines {
				if l.Ago < from || l.Ago >= bound && phase < 2 {
					continue
				}
				m, file := b.pastMessage(chat.with, l)
				if lines = append(lines, m); file != nil {
					p.files = append(p.files, file)
				}
				if p.n++; p.n%pieceOf == 0 {
					p.threads = append(p.threads, obj{"id": chat.with.id(), "messages": lines})
					all = append(all, p)
					p, lines = piece{phase: phase, order: p.order + 1}, nil
				}
			}
			if len(lines) > 0 {
				p.threads = append(p.threads, obj{"id": chat.with.id(), "messages": lines})
			}
		}
		if len(p.threads) > 0 {
			all = append(all, p)
		}
	}
	return all
}

// pastMessage is a message of the history and, where it has one that is still there, the webhook's message of its file.
func (b *Business) pastMessage(c *Customer, l Past) (m, file obj) {
	m = obj{"from": onlyDigits(b.acc.DisplayNumber), "to": c.id(), "id": wamid(c.id(), !l.Mine, phoneStanza()), "timestamp": unix(b.sim.Now().Add(-l.Ago)),
		"history_context": obj{"status": cmp.Or(l.Status, "READ")}}
	if l.Mine {
		m["from"] = c.id()
		delete(m, "to")
	}
	if l.media == nil {
		m["type"], m["text"] = "text", obj{"body": l.Text}
		return m, nil
	}
	m["type"] = "media_placeholder"
	if l.Ago > fileDays {
		return m, nil
	}
	file = maps.Clone(m)
	file["type"], file["image"] = "image", b.sim.mediaObject(l.media, l.Text)
	return m, file
}
