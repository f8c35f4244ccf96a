package simulator

import (
	"slices"
	"time"
)

// Tick is what the sender of a message sees beside it.
type Tick string

// Ticks, in the order in which a message gains them. A failed message stays failed.
const (
	Clock     Tick = "clock"     // not yet taken by the other side
	Sent      Tick = "sent"      // one grey tick
	Delivered Tick = "delivered" // two grey ticks
	Read      Tick = "read"      // two blue ticks
	Failed    Tick = "failed"
)

func (t Tick) rank() int { return slices.Index([]Tick{Clock, Sent, Delivered, Read, Failed}, t) }

// ChatMessage is one bubble of a chat, as the customer's phone shows it.
type ChatMessage struct {
	ID       string // the wamid
	Mine     bool   // by the customer
	Phone    bool   // typed by the business on its own phone, not through the API
	At       time.Time
	Kind     string // text, image, video, audio, document, sticker, location, contacts, interactive, template, …
	Text     string // body, caption or rendered template
	Header   string
	Footer   string
	Media    *Media
	Location *Location
	Contacts []Contact
	Buttons  []Button
	Template string // name of the template, if one was used
	Quote    string // wamid that this one answers
	// Reaction of either side by its emoji; empty if there is none.
	CustomerReaction, BusinessReaction string
	Edited, Deleted                    bool
	Forwarded                          bool
	Tick                               Tick
	Code                               int    // why it failed
	Opaque                             string // biz_opaque_callback_data of an API message
}

// Media is a file in a chat.
type Media struct {
	ID, MIME, Name string
	Data           []byte // nil if it was sent by link, which the simulator does not follow
	Link           string
	Voice          bool
}

// Location is a place.
type Location struct {
	Latitude, Longitude float64
	Name, Address, URL  string
}

// Contact is a person on a shared visiting card.
type Contact struct {
	Name   string
	Phones []string
	Emails []string
}

// Button is something to press in a message of the business.
type Button struct {
	Kind        string // reply, row, quick_reply, url, phone_number, copy_code, flow, list, contact, location
	ID          string // what comes back
	Title       string
	Description string
	Value       string // address, number or code
}

// Pressable says that pressing sends something to the business.
func (b Button) Pressable() bool {
	return b.Kind == "reply" || b.Kind == "row" || b.Kind == "quick_reply" || b.Kind == "flow" ||
		b.Kind == "contact" || b.Kind == "location"
}

func (m ChatMessage) clone() ChatMessage {
	m.Contacts = slices.Clone(m.Contacts)
	m.Buttons = slices.Clone(m.Buttons)
	return m
}
