package whatsapptest

import (
	"fmt"
	"hash/fnv"
	"strings"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// person is somebody with a WhatsApp account: a number, the hidden identifier beside it (the LID) and a phone with keys.
type person struct {
	server *Server
	name   string
	pn     types.JID
	lid    types.JID
	device *device
	hosted *device // the Cloud API's end of a coexistence account; nil for others

	// under the server's lock
	sent     map[string]*letter
	ticks    map[string][]string // the receipts that came for each message sent, by its id
	presence []string            // what the other side said it was doing: composing, paused
	tokens   map[string][]byte   // privacy tokens given to the phones, by their user
}

func (s *Server) newPerson(number, name string) *person {
	digits := strings.NewReplacer("+", "", " ", "", "-", "").Replace(number)
	h := fnv.New64a()
	_, _ = h.Write([]byte(digits))
	p := &person{server: s, name: name, pn: types.NewJID(digits, types.DefaultUserServer),
		lid:  types.NewJID(fmt.Sprintf("1%014d", h.Sum64()%1e14), types.HiddenUserServer),
		sent: map[string]*letter{}, ticks: map[string][]string{}, tokens: map[string][]byte{}}
	p.device = newDevice(p.lid)
	s.change(func() { s.people[p.pn.User], s.people[p.lid.User] = p, p })
	return p
}

// PN is the person's address by phone number.
func (p *person) PN() types.JID { return p.pn }

// LID is the person's hidden address.
func (p *person) LID() types.JID { return p.lid }

// Number is the person's phone number, with its plus.
func (p *person) Number() string { return "+" + p.pn.User }

// devices are those that a message to the person must reach.
func (p *person) devices() []*device {
	if p.hosted != nil {
		return []*device{p.device, p.hosted}
	}
	return []*device{p.device}
}

// find returns whom a JID means, nil if nobody has it. The lock must be held.
func (s *Server) find(j types.JID) *person { return s.people[j.User] }

// phoneOf returns a person's phone, nil unless the person is an owner. The lock must be held.
func (s *Server) phoneOf(p *person) *Phone {
	for _, phone := range s.phones {
		if phone.person == p {
			return phone
		}
	}
	return nil
}

// Contact is somebody who writes to the business.
type Contact struct {
	*person
	hidden  bool // keeps the phone number from those it writes to
	byPhone bool // writes under the phone number, as before LIDs
	refusal int  // what a message to the contact is refused with; 0 for none
}

// ContactOption changes a contact.
type ContactOption func(*Contact)

// Named gives the name that the contact chose.
func Named(name string) ContactOption { return func(c *Contact) { c.name = name } }

// Hidden keeps the contact's phone number from the business: only the LID is known.
func Hidden() ContactOption { return func(c *Contact) { c.hidden = true } }

// ByPhone has the contact write under the phone number, with the LID beside it, as before July 2026.
func ByPhone() ContactOption { return func(c *Contact) { c.byPhone = true } }

// Contact makes somebody who writes to the business.
func (s *Server) Contact(number string, options ...ContactOption) *Contact {
	c := &Contact{person: s.newPerson(number, number)}
	for _, change := range options {
		change(c)
	}
	s.change(func() { s.faults.contacts = append(s.faults.contacts, c) })
	return c
}

// Phone is the owner's: the main device, that others are linked to.
type Phone struct {
	*person
	business string // the name of the business account; empty for a private one
	coexists bool
	passkey  bool
	cloud    *device // what the Cloud API writes with: its sessions are not those it reads with

	// under the server's lock
	linked  []*linked
	numbers uint16 // device numbers given out
	refusal *refusal
	locked  bool // may write only to whom gave it a token
	awake   bool // gives its devices what they cannot read
	state   *appState
	history map[types.JID]*chat
	proof   *passkeyFlow
}

// PhoneOption changes a phone.
type PhoneOption func(*Phone)

// Business gives the account the name of a business.
func Business(name string) PhoneOption { return func(p *Phone) { p.business = name } }

// Coexists makes the account one that the Cloud API uses beside the phone: its devices are hosted ones, and the Cloud API gets a copy of what a linked
// device sends.
func Coexists() PhoneOption { return func(p *Phone) { p.coexists = true } }

// NeedsPasskey has WhatsApp ask for a passkey before a device is linked by QR code.
func NeedsPasskey() PhoneOption { return func(p *Phone) { p.passkey = true } }

// Phone makes an owner's phone.
func (s *Server) Phone(number string, options ...PhoneOption) *Phone {
	p := &Phone{person: s.newPerson(number, "Owner"), history: map[types.JID]*chat{}}
	for _, change := range options {
		change(p)
	}
	if p.coexists {
		p.hosted = newDevice(types.JID{User: p.lid.User, Server: types.HostedLIDServer, Device: 99})
		p.cloud = newDevice(types.JID{User: p.lid.User, Server: types.HostedLIDServer, Device: 99})
		p.cloud.keys.IdentityKey = p.hosted.keys.IdentityKey
	}
	p.state = newAppState(p.name)
	s.change(func() { s.phones = append(s.phones, p) })
	return p
}

// linked is a device that was linked to a phone: the gateway.
type linked struct {
	phone        *Phone
	jid, lid     types.JID // with the device's number
	noise        []byte    // the key it connects with
	identity     []byte
	registration uint32
	signed       *keys.PreKey

	// under the server's lock
	once    []*keys.PreKey // uploaded and not yet given out
	line    *line          // nil while it is not connected
	queue   []*parcel
	welcome bool            // was given the keys and the history of the account
	ready   bool            // asked for what is new since it connected
	synced  map[string]bool // the parts of the account's state that it asked for
}

// find returns the person's linked device of this number.
func (p *Phone) find(number uint16) *linked {
	for _, d := range p.linked {
		if d.jid.Device == number {
			return d
		}
	}
	return nil
}

// device returns the linked device that a JID means, nil if none. The lock must be held.
func (s *Server) device(j types.JID) *linked {
	if p := s.find(j); p != nil {
		if phone := s.phoneOf(p); phone != nil {
			return phone.find(j.Device)
		}
	}
	return nil
}

// bundle gives out a one-time key of a linked device.
func (d *linked) bundle() (bundle, error) {
	d.phone.server.mu.Lock()
	defer d.phone.server.mu.Unlock()
	b := bundle{registration: d.registration, identity: d.identity, signed: d.signed}
	if len(d.once) > 0 {
		b.once, d.once = d.once[0], d.once[1:]
	}
	return b, nil
}

// phoneAt is the phone that a linked device's address belongs to.
func (s *Server) phoneAt(j types.JID) *Phone {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phoneOf(s.find(j))
}

// only is the server's one phone, whom contacts write to unless told otherwise.
func (s *Server) only() *Phone {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.phones) != 1 {
		s.t.Fatalf("there are %d phones; say which one with To", len(s.phones))
	}
	return s.phones[0]
}
