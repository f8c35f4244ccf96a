package workflow

import (
	"encoding/json"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Definition is a workflow as a person writes it: in YAML, or as JSON of the same form. Spans of time are written like 10m, 24h or 3d; texts hold
// {{placeholders}}; targets are names of steps, or "end".
type Definition struct {
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Disabled    bool      `json:"disabled,omitempty"`     // nothing starts it; its runs finish
	Once        bool      `json:"once,omitempty"`         // its triggers start it once for a contact, ever
	On          []Trigger `json:"on,omitempty"`           // any of them starts it; none: only other workflows do
	Human       string    `json:"human,omitempty"`        // what a person's answer does to a run; default humanEnds
	ResumeAfter string    `json:"resume_after,omitempty"` // of human: pause; default 1h
	Limit       int       `json:"limit,omitempty"`        // how many automatic messages a contact may get in an hour for this one to go on; default 20
	Steps       []Step    `json:"steps"`
}

// What a person's answer does to a run.
const (
	humanEnds    = "end"
	humanPauses  = "pause"
	humanIgnored = "ignore"
)

// The events that triggers are for.
const (
	onOpened   = "opened"
	onMessage  = "message"
	onKeyword  = "keyword"
	onReferral = "referral"
	onClosed   = "closed"
	onTag      = "tag"
	onUntag    = "untag"
	onField    = "field"
	onSchedule = "schedule"
)

// The ways to match a keyword.
const (
	matchExact    = "exact"
	matchContains = "contains"
	matchStarts   = "starts"
)

var events = []string{onOpened, onMessage, onKeyword, onReferral, onClosed, onTag, onUntag, onField, onSchedule}

// Trigger says what starts a workflow.
type Trigger struct {
	Event     string   `json:"event"`               // one of events
	By        []string `json:"by,omitempty"`        // of opened and closed: contact, user, workflow, api; empty: anybody
	Channels  []string `json:"channels,omitempty"`  // their names; empty: all
	When      string   `json:"when,omitempty"`      // an expression that has to be true
	Names     []string `json:"names,omitempty"`     // of tag, untag and field: which; empty: any
	Words     []string `json:"words,omitempty"`     // of keyword
	Match     string   `json:"match,omitempty"`     // of keyword; default matchExact
	Interrupt bool     `json:"interrupt,omitempty"` // of message, keyword and referral: also while another run waits for an answer, which it ends
	Cron      string   `json:"cron,omitempty"`      // of schedule: minute hour day month weekday
	At        string   `json:"at,omitempty"`        // of schedule: once, 2026-12-24 09:00
	Zone      string   `json:"zone,omitempty"`      // of schedule: time zone; default UTC
}

// Step is one thing that a workflow does. Exactly one of its kinds is set. Afterwards comes Next or, without it, the step below.
type Step struct {
	Name    string `json:"name,omitempty"`
	Next    string `json:"next,omitempty"`
	Refused string `json:"refused,omitempty"` // of ask and send: where to go when the send gate says no; default: on to the next, with a note

	Ask    *Ask     `json:"ask,omitempty"`
	Send   *Send    `json:"send,omitempty"`
	Set    *Set     `json:"set,omitempty"`
	HTTP   *Call    `json:"http,omitempty"`
	Branch []Case   `json:"branch,omitempty"`
	Hours  *Fork    `json:"hours,omitempty"`
	Run    string   `json:"run,omitempty"` // another workflow, whose steps are taken before going on here
	Note   string   `json:"note,omitempty"`
	Order  *Buy     `json:"order,omitempty"`
	Assign *Assign  `json:"assign,omitempty"`
	Wait   *Wait    `json:"wait,omitempty"`
	Notify *Notify  `json:"notify,omitempty"`
	Close  *Closing `json:"close,omitempty"`
	Stop   string   `json:"stop,omitempty"` // why
}

// The kinds of answers that are asked for.
const (
	askText   = "text"
	askNumber = "number"
	askEmail  = "email"
	askPhone  = "phone"
	askDate   = "date"
	askChoice = "choice"
)

var askKinds = []string{askText, askNumber, askEmail, askPhone, askDate, askChoice}

// Ask sends a question and waits for the contact's answer.
type Ask struct {
	Text      Text     `json:"text"`
	Kind      string   `json:"kind,omitempty"` // one of askKinds; default askText
	Options   []Choice `json:"options,omitempty"`
	Label     Text     `json:"label,omitempty"` // of the button that opens a list
	As        string   `json:"as,omitempty"`    // the answer's name; default: the step's
	Field     string   `json:"field,omitempty"` // of the contact, which gets the answer too
	Min       *float64 `json:"min,omitempty"`   // of a number; of a text, its length
	Max       *float64 `json:"max,omitempty"`
	Pattern   string   `json:"pattern,omitempty"`    // a regular expression that a text has to fit
	Retries   *int     `json:"retries,omitempty"`    // how often it is asked again after an answer that does not fit; default 2
	Hint      Text     `json:"hint,omitempty"`       // what is said then, before the question
	Invalid   string   `json:"invalid,omitempty"`    // where to go after the last of them; default: the run ends
	Timeout   string   `json:"timeout,omitempty"`    // default 3d
	OnTimeout string   `json:"on_timeout,omitempty"` // where to go then; default: the run ends
}

// Choice is an option of a question.
type Choice struct {
	Title       Text   `json:"title"`
	ID          string `json:"id,omitempty"` // the answer; default: the title as written first
	Description Text   `json:"description,omitempty"`
	To          string `json:"to,omitempty"` // where to go when it is picked; default: on
}

// Send sends a message. With a text and a template, the template goes where the channel allows no free text now.
type Send struct {
	Text     Text      `json:"text,omitempty"`
	Options  []Choice  `json:"options,omitempty"` // buttons whose answer is not waited for
	Media    *Media    `json:"media,omitempty"`
	Template *Template `json:"template,omitempty"`
	Channel  string    `json:"channel,omitempty"` // default: the one the contact last wrote on
}

// Media is a file at a public address.
type Media struct {
	Kind string `json:"kind"` // image, video, audio, document
	URL  string `json:"url"`
	Name string `json:"name,omitempty"`
	MIME string `json:"mime,omitempty"`
}

// Template is one of the provider's, in the contact's language if it has that.
type Template struct {
	Name     string            `json:"name"`
	Language string            `json:"language,omitempty"` // default: the contact's, else en, else any
	Values   map[string]string `json:"values,omitempty"`   // by parameter, as body.1
}

// Set changes what is known of contact and conversation. An empty value removes a field.
type Set struct {
	Fields    map[string]string `json:"fields,omitempty"`
	Vars      map[string]string `json:"vars,omitempty"` // of the run alone
	Tags      []string          `json:"tags,omitempty"` // of the contact
	Untag     []string          `json:"untag,omitempty"`
	TalkTags  []string          `json:"conversation_tags,omitempty"`
	TalkUntag []string          `json:"conversation_untag,omitempty"`
	Language  string            `json:"language,omitempty"` // of the contact
	ContactAs string            `json:"contact_name,omitempty"`
	Priority  string            `json:"priority,omitempty"` // normal, high, urgent
}

// Call asks another system.
type Call struct {
	URL       string            `json:"url"`
	Method    string            `json:"method,omitempty"`  // default GET, with a body POST
	Headers   map[string]string `json:"headers,omitempty"` // secrets as {{secret.NAME}}
	JSON      map[string]string `json:"json,omitempty"`    // the body, an object of texts
	Body      string            `json:"body,omitempty"`
	Timeout   string            `json:"timeout,omitempty"`    // default 10s, at most 30s
	Retries   int               `json:"retries,omitempty"`    // after no answer, 429 or 5xx; at most 3
	Save      map[string]string `json:"save,omitempty"`       // where to, as vars.plan or fields.city, by path into the answer, as data.items.0.name
	OnFailure string            `json:"on_failure,omitempty"` // default: on, with a note
}

// Case is a way to go on. The first whose When is true is taken; one without When is always.
type Case struct {
	When string `json:"when,omitempty"`
	To   string `json:"to"`
}

// Fork goes one of two ways by the business's hours. Empty: on.
type Fork struct {
	Open   string `json:"open,omitempty"`
	Closed string `json:"closed,omitempty"`
}

// Buy takes an order down.
type Buy struct {
	State string            `json:"state,omitempty"` // default "new"
	Items []Item            `json:"items,omitempty"` // default: those that the contact ordered from a catalogue
	Data  map[string]string `json:"data,omitempty"`
}

// Item is a line of an order.
type Item struct {
	Product  string `json:"product"`
	Quantity string `json:"quantity,omitempty"` // default 1
	Price    string `json:"price,omitempty"`
	Currency string `json:"currency,omitempty"`
}

// Assign asks for somebody to look after the conversation; see core.Assignment.
type Assign struct {
	Agent     string   `json:"agent,omitempty"`
	Team      string   `json:"team,omitempty"`
	Previous  bool     `json:"previous,omitempty"`
	Dedicated string   `json:"dedicated,omitempty"`
	Skills    []string `json:"skills,omitempty"`
	Language  string   `json:"language,omitempty"` // "contact": the contact's
	Fallback  string   `json:"fallback,omitempty"`
}

// Wait lets time pass. Exactly one of its fields is set.
type Wait struct {
	For       string `json:"for,omitempty"`
	Until     string `json:"until,omitempty"` // 2026-12-24 09:00, or a placeholder with such a time; in UTC unless it says otherwise
	UntilOpen bool   `json:"until_open,omitempty"`
}

// Notify mails people of the business.
type Notify struct {
	To       []string `json:"to,omitempty"` // agents and teams
	Assigned bool     `json:"assigned,omitempty"`
	Text     string   `json:"text"`
}

// Closing closes the conversation, which ends the run.
type Closing struct {
	Text Text `json:"text,omitempty"` // said before
}

// Text is what is said, by language; under "" what was written without one.
type Text map[string]string

// In returns the text in a language, else in one close to it, else without one, else in English, else in any.
func (t Text) In(lang string) string {
	tag, err := language.Parse(lang)
	for ; err == nil && tag != language.Und; tag = tag.Parent() {
		if s, ok := t[tag.String()]; ok {
			return s
		}
	}
	for _, l := range []string{"", "en"} {
		if s, ok := t[l]; ok {
			return s
		}
	}
	return t.first()
}

// first is what was written without a language, else the first by language.
func (t Text) first() string {
	if s, ok := t[""]; ok || len(t) == 0 {
		return s
	}
	keys := make([]string, 0, len(t))
	for k := range t {
		keys = append(keys, k)
	}
	return t[slices.Min(keys)]
}

// MarshalJSON writes a text without languages as one.
func (t Text) MarshalJSON() ([]byte, error) {
	if s, ok := t[""]; ok && len(t) == 1 {
		return json.Marshal(s)
	}
	return json.Marshal(map[string]string(t))
}

// UnmarshalJSON reads both forms.
func (t *Text) UnmarshalJSON(raw []byte) error {
	var s string
	if strings.HasPrefix(strings.TrimSpace(string(raw)), `"`) {
		err := json.Unmarshal(raw, &s)
		*t = Text{"": s}
		return err
	}
	return json.Unmarshal(raw, (*map[string]string)(t))
}

// kinds names what a step does: it must be one thing.
func (s Step) kinds() []string {
	var all []string
	for _, k := range []struct {
		name string
		set  bool
	}{{"ask", s.Ask != nil}, {"send", s.Send != nil}, {"set", s.Set != nil}, {"http", s.HTTP != nil}, {"branch", len(s.Branch) > 0}, {"hours", s.Hours != nil},
		{"run", s.Run != ""}, {"note", s.Note != ""}, {"order", s.Order != nil}, {"assign", s.Assign != nil}, {"wait", s.Wait != nil}, {"notify", s.Notify != nil},
		{"close", s.Close != nil}, {"stop", s.Stop != ""}} {
		if k.set {
			all = append(all, k.name)
		}
	}
	return all
}
