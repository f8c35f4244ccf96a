package workflow

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"causeway/core"

	"go.yaml.in/yaml/v3"
)

// Cases are scripted conversations that workflows are tried on.
type Cases struct {
	Workflows []string `json:"workflows"` // files, relative to that of the cases
	Cases     []Scene  `json:"cases"`
}

// Scene is one of them.
type Scene struct {
	Name     string            `json:"name"`
	At       string            `json:"at,omitempty"`    // when it begins, in UTC; default 2026-03-02 10:00, a Monday
	Hours    string            `json:"hours,omitempty"` // "closed": until the next day; default open
	Channel  string            `json:"channel,omitempty"`
	Contact  string            `json:"contact,omitempty"` // their name
	Language string            `json:"language,omitempty"`
	Fields   map[string]string `json:"fields,omitempty"` // phone is their number
	Tags     []string          `json:"tags,omitempty"`
	HTTP     map[string]string `json:"http,omitempty"` // answers of other systems, by the beginning of the address: JSON, or a status
	Steps    []Line            `json:"steps"`
}

// Line is one thing that happens, or that must have happened.
type Line struct {
	Says     string            `json:"says,omitempty"`     // the contact writes
	Ad       string            `json:"ad,omitempty"`       // with says: it comes by an ad of that headline
	Person   string            `json:"person,omitempty"`   // somebody of the business answers
	Passes   string            `json:"passes,omitempty"`   // time goes by
	Closes   bool              `json:"closes,omitempty"`   // somebody closes the conversation
	Expect   string            `json:"expect,omitempty"`   // the next automatic message holds this
	Silent   bool              `json:"silent,omitempty"`   // there is no further one
	Assigned string            `json:"assigned,omitempty"` // the last assignment names this
	Tagged   string            `json:"tagged,omitempty"`
	Field    map[string]string `json:"field,omitempty"`
	Mailed   string            `json:"mailed,omitempty"`  // a mail to people holds this
	Noted    string            `json:"noted,omitempty"`   // a line of the history holds this
	Ordered  string            `json:"ordered,omitempty"` // an order has this product
	Closed   bool              `json:"closed,omitempty"`  // the conversation is
}

// ReadCases reads a file of cases.
func ReadCases(file string, raw []byte) (Cases, error) {
	var doc yaml.Node
	var c Cases
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return c, faulty(file, []Fault{notYAML(err)})
	}
	if len(doc.Content) == 0 {
		return c, faulty(file, []Fault{{Detail: "This is not YAML with cases.", Remedy: "See docs/workflows.md."}})
	}
	d := &decoder{lines: map[string]int{}}
	d.take(doc.Content[0], reflect.ValueOf(&c).Elem(), "", "a file of cases")
	for i, x := range c.Cases {
		for n, l := range x.Steps {
			if reflect.ValueOf(l).IsZero() {
				at := fmt.Sprintf("cases[%d].steps[%d]", i, n)
				d.wrong = append(d.wrong, Fault{Line: d.lines[at], Detail: "The line says nothing.", Remedy: "Write says, expect, passes or the like."})
			}
		}
	}
	if len(d.wrong) == 0 && (len(c.Workflows) == 0 || len(c.Cases) == 0) {
		d.wrong = append(d.wrong, Fault{Detail: "There is nothing to try.", Remedy: "Write workflows: [file] and cases."})
	}
	return c, faulty(file, d.wrong)
}

// Try plays a case, and returns what was otherwise than it says.
func (c Scene) Try(ctx context.Context, defs []Definition) ([]string, error) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	if c.At != "" {
		var ok bool
		if at, ok = parseTime(c.At); !ok {
			return nil, core.Problemf(core.CodeInvalid, "%q is not a time.", c.At).Remedied("Write it like 2026-03-02 10:00.")
		}
	}
	r, err := NewRehearsal(defs, at)
	if err != nil {
		return nil, err
	}
	c.furnish(r, at)
	heard := 0
	var wrong []string
	for _, l := range c.Steps {
		what, err := l.play(ctx, r, &heard)
		if err != nil {
			return wrong, err
		}
		wrong = append(wrong, what...)
	}
	for _, m := range r.Said[heard:] {
		wrong = append(wrong, fmt.Sprintf("it also said %q", shown(m.Content)))
	}
	return wrong, nil
}

func (c Scene) furnish(r *Rehearsal, at time.Time) {
	r.Contact.Name, r.Contact.Language, r.Tags, r.Answers = c.Contact, c.Language, slices.Clone(c.Tags), c.HTTP
	for k, v := range c.Fields {
		r.Fields[k] = v
	}
	if c.Channel != "" {
		r.Channel.Name = c.Channel
	}
	if c.Hours == "closed" {
		for d := range r.Hours.Week {
			r.Hours.Week[d] = []core.Shift{{From: 0, To: 24 * 60}}
		}
		r.Hours.Holidays = []core.Holiday{{Date: at.Format(time.DateOnly)}}
	}
}

// play lets happen what the line says, and returns what is otherwise than it says. Of what was said, the first heard was looked at before.
func (l Line) play(ctx context.Context, r *Rehearsal, heard *int) ([]string, error) {
	if err := l.act(ctx, r); err != nil {
		return nil, err
	}
	return append(l.hear(r, heard), l.look(r)...), nil
}

// hear compares what was said.
func (l Line) hear(r *Rehearsal, heard *int) (wrong []string) {
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	switch {
	case l.Expect != "" && *heard >= len(r.Said):
		bad("it did not say %q", l.Expect)
	case l.Expect != "":
		if got := shown(r.Said[*heard].Content); !strings.Contains(got, l.Expect) {
			bad("it said %q instead of %q", got, l.Expect)
		}
		*heard++
	}
	if l.Silent && *heard < len(r.Said) {
		bad("it said %q instead of nothing", shown(r.Said[*heard].Content))
		*heard = len(r.Said)
	}
	return wrong
}

// look compares what was done.
func (l Line) look(r *Rehearsal) (wrong []string) {
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	holds := func(what, want string, all []string) {
		if want != "" && !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, want) }) {
			bad("%s %q is missing; there is %q", what, want, all)
		}
	}
	holds("the assignment to", l.Assigned, r.Assigned[max(0, len(r.Assigned)-1):])
	holds("the tag", l.Tagged, append(slices.Clone(r.Tags), r.handling.Tags...))
	holds("the mail", l.Mailed, r.Mails)
	holds("the note", l.Noted, r.Notes)
	for _, k := range slices.Sorted(maps.Keys(l.Field)) {
		if got := r.Fields[k]; got != l.Field[k] {
			bad("the field %s is %q instead of %q", k, got, l.Field[k])
		}
	}
	if l.Ordered != "" && !slices.ContainsFunc(r.Orders, func(p core.Purchase) bool {
		return slices.ContainsFunc(p.Items, func(i core.OrderItem) bool { return i.Product == l.Ordered })
	}) {
		bad("no order has %q", l.Ordered)
	}
	if l.Closed && r.Talk.State != core.ConversationClosed {
		bad("the conversation is not closed")
	}
	return wrong
}

// act lets happen what the line says happens.
func (l Line) act(ctx context.Context, r *Rehearsal) error {
	switch {
	case l.Says != "":
		c := core.Content{Kind: core.KindText, Text: l.Says}
		if l.Ad != "" {
			c.Referral = &core.Referral{Source: "ad", ID: "ad", Headline: l.Ad}
		}
		r.Now = r.Now.Add(time.Second)
		return r.Hear(ctx, c)
	case l.Person != "":
		return r.Answer(ctx, l.Person)
	case l.Closes:
		return r.Close(ctx)
	case l.Passes != "":
		d, err := core.ParseSpan(l.Passes)
		if err != nil {
			return core.Problemf(core.CodeInvalid, "%q is not a time span.", l.Passes).Remedied("Write it like 30s, 10m, 24h or 3d.")
		}
		return r.Pass(ctx, r.Now.Add(d))
	}
	return nil
}

// shown is a message as the contact reads it.
func shown(c core.Content) string {
	switch {
	case c.Choices != nil:
		return core.Numbered(c)
	case c.Template != nil:
		return "template " + c.Template.Name
	case c.Media != nil:
		return strings.TrimSpace(string(c.Kind) + " " + c.Media.URL + " " + c.Text)
	}
	return c.Text
}
