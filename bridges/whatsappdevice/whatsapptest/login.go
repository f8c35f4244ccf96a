package whatsapptest

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"go.mau.fi/whatsmeow/appstate"
	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// parcel is a stanza that a linked device has not acknowledged: it is handed out again at each login.
type parcel struct {
	class, id, kind string
	node            wa.Node
	told            *line // the connection it was written to
}

// open takes a client in: one that is to be linked, or one that is.
func (l *line) open() error {
	if l.payload.GetUserAgent().GetAppVersion().GetTertiary() < l.server.published() {
		return l.fail(refusal{reason: 405})
	}
	if l.payload.GetDevicePairingData() != nil {
		return l.register()
	}
	return l.login()
}

// login lets a linked device in and hands out what waits for it.
func (l *line) login() error {
	s := l.server
	s.mu.Lock()
	j := types.NewADJID(strconv.FormatUint(l.payload.GetUsername(), 10), 0, byte(l.payload.GetDevice()))
	d := s.device(j)
	if d == nil || !bytes.Equal(d.noise, l.client) {
		s.mu.Unlock()
		return l.fail(refusal{reason: 401})
	}
	if r := d.phone.refusal; r != nil {
		s.mu.Unlock()
		return l.fail(*r)
	}
	before := d.line
	l.device, d.ready = d, false
	s.mu.Unlock()
	if before != nil {
		s.serving.Go(func() { before.leave(replaced()) })
	}
	if err := l.send(l.ctx, wa.Node{Tag: "success", Attrs: wa.Attrs{"t": now(), "lid": d.lid, "location": "fake"}}); err != nil {
		return err
	}
	return l.handOut(d)
}

// handOut sends what the device has not acknowledged, marked as old, and from then on what is new.
func (l *line) handOut(d *linked) error {
	waits := l.waiting(d)
	stanzas := append([]wa.Node{preview(len(waits))}, waits...)
	stanzas = append(stanzas, wa.Node{Tag: "ib", Attrs: wa.Attrs{"from": types.ServerJID}, Content: []wa.Node{{Tag: "offline", Attrs: wa.Attrs{"count": len(waits)}}}})
	for len(stanzas) > 0 {
		for _, n := range stanzas {
			if err := l.send(l.ctx, n); err != nil {
				return err
			}
		}
		stanzas = l.waiting(d) // what came meanwhile
	}
	return nil
}

// waiting returns what was not yet written to this connection. When that is nothing, the device is there.
func (l *line) waiting(d *linked) (waits []wa.Node) {
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	for _, p := range d.queue {
		if p.told != l {
			p.told = l
			waits = append(waits, old(p.node))
		}
	}
	if len(waits) == 0 {
		d.line = l
		l.server.touch()
	}
	return waits
}

func preview(count int) wa.Node {
	return wa.Node{Tag: "ib", Attrs: wa.Attrs{"from": types.ServerJID}, Content: []wa.Node{{Tag: "offline_preview",
		Attrs: wa.Attrs{"count": count, "message": count, "appdata": 0, "notification": 0, "receipt": 0}}}}
}

// old marks a stanza as one that waited.
func old(n wa.Node) wa.Node {
	n = whole(n)
	n.Attrs["offline"] = "1"
	return n
}

// whole copies a stanza's attributes: the maps of one that was sent must not be written to.
func whole(n wa.Node) wa.Node {
	n.Attrs = maps.Clone(n.Attrs)
	return n
}

// push puts a stanza into the device's queue and sends it if the device is there. A stanza of the same class, id and type takes the older one's place.
func (d *linked) push(n wa.Node) {
	s := d.phone.server
	p := &parcel{class: n.Tag, id: text(&n, "id"), node: n}
	if n.Tag != "message" {
		p.kind = text(&n, "type")
	}
	s.mu.Lock()
	d.queue = slices.DeleteFunc(d.queue, func(q *parcel) bool { return q.class == p.class && q.id == p.id && q.kind == p.kind })
	d.queue = append(d.queue, p)
	p.told = d.line
	l := d.line
	s.touch()
	s.mu.Unlock()
	if l != nil {
		l.say(whole(n))
	}
}

// done takes what the device acknowledged out of its queue. The lock must be held.
func (d *linked) done(class, id, kind string) {
	if d.phone.server.faults.deaf {
		return
	}
	d.queue = slices.DeleteFunc(d.queue, func(p *parcel) bool { return p.class == class && p.id == id && (class == "message" || p.kind == kind) })
	d.phone.server.touch()
}

// acknowledged is called when the client has dealt with a stanza.
func (l *line) acknowledged(n *wa.Node) {
	l.server.change(func() {
		if l.device != nil {
			l.device.done(text(n, "class"), text(n, "id"), text(n, "type"))
		}
	})
}

// refusal is why a login fails.
type refusal struct {
	reason int
	attrs  wa.Attrs // beside the reason
}

var errRefused = errors.New("the login was refused")

// fail tells the client why it is not let in, and hangs up.
func (l *line) fail(r refusal) error {
	n := wa.Node{Tag: "failure", Attrs: wa.Attrs{"reason": r.reason, "location": "fake"}}
	maps.Copy(n.Attrs, r.attrs)
	l.leave(n)
	return errRefused
}

// grace is how long a client has to read the last thing it is told: whatsmeow forgets what it has not dealt with when the connection ends.
const grace = time.Second

// leave says a last thing, gives the client time to take it in, and hangs up.
func (l *line) leave(last wa.Node) {
	l.say(last)
	select {
	case <-l.ctx.Done():
	case <-time.After(grace):
		_ = l.wire.ws.Close(websocket.StatusNormalClosure, "")
	}
}

// Online waits until a device that was linked to the phone is logged in and has asked for what is new, and for what the account's devices share.
func (p *Phone) Online() {
	p.server.t.Helper()
	await(p.server, "the linked device to log in", func() (*linked, bool) {
		for _, d := range p.linked {
			if d.line != nil && d.ready && len(d.synced) == len(appstate.AllPatchNames) {
				return d, true
			}
		}
		return nil, false
	})
}

// Offline waits until no device that was linked to the phone is connected.
func (p *Phone) Offline() {
	p.server.t.Helper()
	await(p.server, "the linked device to be gone", func() (bool, bool) {
		return true, !slices.ContainsFunc(p.linked, func(d *linked) bool { return d.line != nil })
	})
}

// Unacknowledged is how many stanzas, messages above all, the phone's linked devices have been sent and not dealt with.
func (p *Phone) Unacknowledged() int {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	n := 0
	for _, d := range p.linked {
		n += len(d.queue)
	}
	return n
}

// Settled waits until the phone's linked devices have dealt with everything.
func (p *Phone) Settled() {
	p.server.t.Helper()
	await(p.server, "the linked device to acknowledge everything", func() (bool, bool) {
		for _, d := range p.linked {
			if len(d.queue) > 0 {
				return false, false
			}
		}
		return true, true
	})
}
