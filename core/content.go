package core

import (
	"encoding/json"
	"strings"
)

// ContentKind says which field of a Content is filled.
type ContentKind string

const (
	KindText        ContentKind = "text"
	KindImage       ContentKind = "image"
	KindVideo       ContentKind = "video"
	KindAudio       ContentKind = "audio"
	KindVoice       ContentKind = "voice" // a recorded voice note: audio meant to be played at once
	KindDocument    ContentKind = "document"
	KindSticker     ContentKind = "sticker"
	KindLocation    ContentKind = "location"
	KindContacts    ContentKind = "contacts"
	KindChoice      ContentKind = "choice"  // in: what the contact picked from what was offered
	KindChoices     ContentKind = "choices" // out: text with things to pick from
	KindForm        ContentKind = "form"    // in: a filled form (WhatsApp flow)
	KindOrder       ContentKind = "order"
	KindTemplate    ContentKind = "template" // out: an approved template, filled
	KindSystem      ContentKind = "system"   // a line about the conversation rather than in it
	KindUnsupported ContentKind = "unsupported"
)

// Content is what a message says. Kind tells which of the other fields count; Text is the body, or the caption of a medium. It is stored
// as JSON and shown in the API as it is.
type Content struct {
	Kind        ContentKind  `json:"kind"`
	Subject     string       `json:"subject,omitempty"` // where the channel has one (e-mail); what comes in may have it on top of Text too
	Text        string       `json:"text,omitempty"`
	Media       *Media       `json:"media,omitempty"`
	Location    *Location    `json:"location,omitempty"`
	Contacts    []Card       `json:"contacts,omitempty"`
	Choice      *Choice      `json:"choice,omitempty"`
	Choices     *Choices     `json:"choices,omitempty"`
	Form        *Form        `json:"form,omitempty"`
	Order       *Order       `json:"order,omitempty"`
	Template    *TemplateUse `json:"template,omitempty"`
	Unsupported *Unsupported `json:"unsupported,omitempty"`
	Quote       *Quote       `json:"quote,omitempty"`
	Referral    *Referral    `json:"referral,omitempty"`
	Forwarded   bool         `json:"forwarded,omitempty"`
	Plain       bool         `json:"plain,omitempty"`     // of a part: its marks were taken out, for the channel shows none
	Album       string       `json:"album,omitempty"`     // what was sent together, several pictures for one, has the same; its messages stand one after the other
	Automatic   string       `json:"automatic,omitempty"` // in: why we know that a machine wrote it (an absence note, a list's mail); automation never answers it
	Quiet       bool         `json:"quiet,omitempty"`     // in: a person wrote it, and their mail forbids automatic answers
}

// Together makes contents that came as one message of the provider's an album of its id; a single one stays as it is.
func Together(id string, all []Content) []Content {
	if len(all) > 1 {
		for i := range all {
			all[i].Album = id
		}
	}
	return all
}

// HasMedia reports whether the kind is a file.
func (k ContentKind) HasMedia() bool {
	switch k {
	case KindImage, KindVideo, KindAudio, KindVoice, KindDocument, KindSticker:
		return true
	default:
		return false
	}
}

// Media names a file. ID is ours, set once it is known to the store; Provider, URL and the rest are what the provider said of it.
type Media struct {
	ID       MediaID `json:"id,omitempty"`
	Provider string  `json:"provider_id,omitempty"` // the provider's id, to fetch it by
	URL      string  `json:"url,omitempty"`         // where the provider says it lies, or, on sending, a public link
	MIME     string  `json:"mime,omitempty"`        // without parameters
	Name     string  `json:"name,omitempty"`
	Size     int64   `json:"size,omitempty"`
	SHA256   string  `json:"sha256,omitempty"` // hex or base64, as the provider gave it
	Animated bool    `json:"animated,omitempty"`
}

// Location is a place.
type Location struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Name      string  `json:"name,omitempty"`
	Address   string  `json:"address,omitempty"`
	URL       string  `json:"url,omitempty"`
}

// Card is a person's contact details, as shared in a chat.
type Card struct {
	Name      string    `json:"name"` // as formatted by the sender
	FirstName string    `json:"first_name,omitempty"`
	LastName  string    `json:"last_name,omitempty"`
	Company   string    `json:"company,omitempty"`
	Title     string    `json:"title,omitempty"`
	Birthday  string    `json:"birthday,omitempty"` // YYYY-MM-DD
	Phones    []Labeled `json:"phones,omitempty"`
	Emails    []Labeled `json:"emails,omitempty"`
	URLs      []Labeled `json:"urls,omitempty"`
	Addresses []Labeled `json:"addresses,omitempty"` // one line each
	VCard     string    `json:"vcard,omitempty"`     // if the provider gave one
	Requested bool      `json:"requested,omitempty"` // shared because we asked for it
}

// Labeled is a value with its label, such as a phone number and "WORK".
type Labeled struct {
	Label string `json:"label,omitempty"`
	Value string `json:"value"`
}

// Choice is what a contact picked.
type Choice struct {
	ID          string `json:"id"` // the payload given when it was offered
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
}

// ChoicesStyle says how options are offered.
type ChoicesStyle string

const (
	ChoicesAuto     ChoicesStyle = ""         // buttons when they fit the channel, else a list, else a numbered text
	ChoicesLink     ChoicesStyle = "link"     // one button opening Options[0].URL
	ChoicesLocation ChoicesStyle = "location" // ask for the contact's location
	ChoicesForm     ChoicesStyle = "form"     // open the form (WhatsApp flow) Options[0].ID
)

// Choices is text with options, and perhaps a medium, header or footer. The text itself is Content.Text; a header medium is Content.Media.
type Choices struct {
	Style   ChoicesStyle `json:"style,omitempty"`
	Header  string       `json:"header,omitempty"`
	Footer  string       `json:"footer,omitempty"`
	Label   string       `json:"label,omitempty"` // of the button that opens a list; empty: the channel's default for the contact's language
	Options []Option     `json:"options,omitempty"`
}

// Option is one thing to pick.
type Option struct {
	ID          string `json:"id,omitempty"` // returned when picked; empty: its position, from "0"
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Section     string `json:"section,omitempty"`
	URL         string `json:"url,omitempty"`
}

// Form is a filled form. Fields is nil when what came back was not an object; Raw holds it as it came.
type Form struct {
	Name   string          `json:"name,omitempty"`
	Fields map[string]any  `json:"fields,omitempty"`
	Raw    json.RawMessage `json:"raw,omitempty"`
}

// NewForm reads a form as it came. What is no JSON leaves it empty. NUL characters, which no database takes, are dropped from its fields.
func NewForm(name string, raw []byte) *Form {
	f := &Form{Name: name}
	if !json.Valid(raw) {
		return f
	}
	f.Raw = raw
	var fields map[string]any
	if json.Unmarshal(raw, &fields) == nil {
		f.Fields = withoutNUL(fields).(map[string]any)
	}
	return f
}

// withoutNUL drops NUL characters from a decoded JSON value.
func withoutNUL(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "\x00", "")
	case []any:
		for i := range v {
			v[i] = withoutNUL(v[i])
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[strings.ReplaceAll(k, "\x00", "")] = withoutNUL(x)
		}
		return out
	}
	return v
}

// Order is what a contact ordered from a catalogue.
type Order struct {
	Catalog string      `json:"catalog,omitempty"`
	Items   []OrderItem `json:"items"`
}

// OrderItem is one line of an order. Price is per piece, as a decimal text.
type OrderItem struct {
	Product  string `json:"product"`
	Quantity string `json:"quantity"`
	Price    string `json:"price"`
	Currency string `json:"currency"`
}

// Unsupported stands for a message that the provider or we cannot show. Code is the provider's error code, zero if none.
type Unsupported struct {
	Type   string `json:"type"`
	Code   int    `json:"code,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// Quote is the message answered to. Provider is the provider's id as it came; Message is ours once the target is known.
type Quote struct {
	Provider string    `json:"provider_id,omitempty"`
	Stanza   string    `json:"stanza,omitempty"` // the id inside Provider, where both transports of WhatsApp share one
	Message  MessageID `json:"message,omitempty"`
	Product  string    `json:"product,omitempty"` // a catalogue product asked about
	Catalog  string    `json:"catalog,omitempty"`
}

// Referral tells which ad, post or link brought the contact, or which story or status of the business they answer to.
type Referral struct {
	Source   string `json:"source,omitempty"` // "ad", "post", …
	ID       string `json:"id,omitempty"`
	URL      string `json:"url,omitempty"`
	Headline string `json:"headline,omitempty"`
	Body     string `json:"body,omitempty"`
	Ref      string `json:"ref,omitempty"`
	ClickID  string `json:"click_id,omitempty"`
	MediaURL string `json:"media_url,omitempty"`
}

// Sources of what a contact answers to: it brought nobody.
const (
	ReferredByStory  = "story"
	ReferredByStatus = "status"
)

// Brought reports whether an ad, a post or a link brought the contact, and not their own look at what the business shows.
func (r *Referral) Brought() bool {
	return r != nil && r.Source != ReferredByStory && r.Source != ReferredByStatus
}
