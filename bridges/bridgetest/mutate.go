package bridgetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"causeway/core"
)

// mutations spoils every member of each sample, one after the other: it is left out, or takes a value of each other type. Each time the webhook must
// become events that can be stored, the same when it is repeated; what the rest of it told must be told as before; of the spoilt piece something is
// kept; and what a customer wrote stays a message that people see, unless it was the spoilt member that told whose it is.
func (c Case) mutations(t *testing.T) {
	if c.Hook == nil {
		t.Skip("the bridge has no webhook")
	}
	if len(c.Hook.Samples) == 0 {
		t.Fatal("the Case has no samples")
	}
	hook := c.link(t, NewHost(t), "http://127.0.0.1:1").(core.WebhookLink)
	for n, sample := range c.Hook.Samples {
		t.Run(strconv.Itoa(n), func(t *testing.T) { c.Hook.Spoil(t, hook, sample, mostMutants/len(c.Hook.Samples)) })
	}
}

// Spoil spoils the members of one sample for a link, in about so many ways, as the suite does with Samples.
func (h *Hook) Spoil(t *testing.T, link core.WebhookLink, sample []byte, most int) {
	t.Helper()
	s := spoiling{Hook: h, t: t, link: link, without: map[string][]core.Event{}}
	if s.root = h.Form.read(t, sample); s.root == nil {
		t.Fatalf("cannot be read: %s", sample)
	}
	s.all = s.receive(h.Form.write(t, s.root)) // its members in the order that the mutants have
	for at, root := range mutants(s.root, most) {
		s.try(at, h.Form.write(t, root))
	}
}

type spoiling struct {
	*Hook
	t       *testing.T
	link    core.WebhookLink
	root    any
	all     []core.Event            // of the sample as it is
	without map[string][]core.Event // of the sample without one piece, by the piece's path
}

// receive hands a body to the link. What is no JSON may be refused; then it is a dead letter, whole.
func (s *spoiling) receive(body []byte) []core.Event {
	s.t.Helper()
	return Fuzzed(s.t, s.link, s.Sign(body))
}

func (s *spoiling) try(at string, body []byte) {
	s.t.Helper()
	defer func() {
		if p := recover(); p != nil {
			s.t.Fatalf("%s: panic: %v\n%s", at, p, body)
		}
	}()
	got := s.receive(body)
	if got == nil {
		return // refused: the whole call is a dead letter
	}
	for _, e := range got {
		if written(e) && !s.Blank && !shows(e.Message.Content) {
			s.t.Errorf("%s: shows nothing, and is not unsupported: %s\nof %s", at, jsonOf(e), body)
		}
	}
	piece := s.piece(at)
	rest := s.others(piece)
	if missing := lacking(got, rest); missing != nil {
		s.t.Errorf("%s cost another piece:\n%s\nis not in\n%s\nof %s", at, jsonOf(missing), jsonOf(got), body)
	}
	if len(got) <= len(rest) && at != piece+" deleted" {
		s.t.Errorf("%s: nothing is kept of it: %s", at, body)
	}
	s.seen(at, piece, got, body)
}

// seen: what a customer wrote is still something that people see.
func (s *spoiling) seen(at, piece string, got []core.Event, body []byte) {
	s.t.Helper()
	where, _, _ := strings.Cut(at, " ")
	if piece == "" || piece == where || s.matches(s.Vital, where) {
		return
	}
	rest := s.others(piece)
	if slices.ContainsFunc(beyond(s.all, rest), written) && !slices.ContainsFunc(beyond(got, rest), written) {
		s.t.Errorf("%s: what was written is no message any more:\n%s\nin %s", at, jsonOf(beyond(got, rest)), body)
	}
}

// shows reports whether people see something where a content stands.
func shows(c core.Content) bool {
	switch {
	case c.Text != "" || c.Subject != "":
		return true
	case c.Kind == core.KindText:
		return false
	case c.Kind == core.KindContacts:
		return len(c.Contacts) > 0 && !reflect.DeepEqual(c.Contacts[0], core.Card{})
	case c.Kind == core.KindLocation:
		return c.Location != nil && *c.Location != core.Location{}
	case c.Kind == core.KindChoice:
		return c.Choice != nil && c.Choice.Title+c.Choice.ID != ""
	}
	return true
}

func written(e core.Event) bool { return e.Kind == core.EventMessage && e.Fault == "" }

// piece is the innermost piece that a path leads into.
func (s *spoiling) piece(at string) string {
	at, _, _ = strings.Cut(at, " ")
	for ; at != "" && at != "."; at = path.Dir(at) {
		if s.matches(s.Pieces, at) {
			return at
		}
	}
	return ""
}

func (s *spoiling) matches(patterns []string, at string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		fits, err := path.Match(p, at)
		if err != nil {
			s.t.Fatal(err)
		}
		return fits
	})
}

// others are the events of everything but one piece.
func (s *spoiling) others(piece string) []core.Event {
	if piece == "" {
		return nil
	}
	events, known := s.without[piece]
	if !known {
		body := s.Form.write(s.t, put(s.root, strings.Split(piece, "/"), nil, true))
		events = slices.DeleteFunc(s.receive(body), func(e core.Event) bool { return !slices.ContainsFunc(s.all, same(e)) }) // not: that a list is empty
		s.without[piece] = events
	}
	return events
}

func same(e core.Event) func(core.Event) bool {
	return func(other core.Event) bool { return reflect.DeepEqual(e, other) }
}

// lacking returns an event that is missing, nil if none is.
func lacking(got, want []core.Event) *core.Event {
	if some := beyond(want, got); len(some) > 0 {
		return &some[0]
	}
	return nil
}

// beyond returns those of all that are not among the others.
func beyond(all, others []core.Event) []core.Event {
	others = slices.Clone(others)
	var out []core.Event
	for _, e := range all {
		if i := slices.IndexFunc(others, same(e)); i >= 0 {
			others = slices.Delete(others, i, i+1)
		} else {
			out = append(out, e)
		}
	}
	return out
}

// mostMutants bounds, roughly, what is made of all samples. Where there are more, each member takes only some of the values: many members are alike.
const mostMutants = 12000

// mutants yields a body for everything that can be wrong with a member, with the path of the member and what was done.
func mutants(root any, most int) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		all := paths(root, nil)
		step, n := 1+len(all)*len(strange(nil))/most, 0
		for _, at := range all {
			for _, m := range strange(find(root, at)) {
				if n++; n%step != 0 {
					continue
				}
				if !yield(strings.Join(at, "/")+" "+m.what, put(root, at, m.value, m.what == "deleted")) {
					return
				}
			}
		}
	}
}

type mutation struct {
	what  string
	value any
}

// strange are the values that a member takes in turn.
func strange(v any) []mutation {
	return []mutation{{"deleted", nil}, {"null", nil}, {"empty text", ""}, {"text", "strange"}, {"giant text", strings.Repeat("\u00e4", 5000)}, {"zero", json.Number("0")},
		{"huge", json.Number("1e308")}, {"negative", json.Number("-7")}, {"true", true}, {"false", false}, {"empty list", []any{}}, {"list", []any{v}},
		{"list of strange", []any{nil, "x", json.Number("1"), []any{}}}, {"empty object", map[string]any{}}, {"object", map[string]any{"strange": v}}, {"text of it", jsonOf(v)},
		{"control", "a\x00b\x1b\u202e"}}
}

// paths lists where each member of a value stands, but for the whole.
func paths(v any, at []string) [][]string {
	var all [][]string
	visit := func(name string, member any) {
		here := append(slices.Clone(at), name)
		all = append(append(all, here), paths(member, here)...)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			visit(name, v[name])
		}
	case []any:
		for i := range v {
			visit(strconv.Itoa(i), v[i])
		}
	}
	return all
}

func find(v any, at []string) any {
	for _, name := range at {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			n, _ := strconv.Atoi(name)
			v = in[n]
		}
	}
	return v
}

// put returns a value with a member changed, or without it.
func put(v any, at []string, value any, gone bool) any {
	if len(at) == 0 {
		return value
	}
	switch in := v.(type) {
	case map[string]any:
		out := maps.Clone(in)
		if out[at[0]] = put(in[at[0]], at[1:], value, gone); gone && len(at) == 1 {
			delete(out, at[0])
		}
		return out
	case []any:
		n, _ := strconv.Atoi(at[0])
		out := slices.Clone(in)
		if out[n] = put(in[n], at[1:], value, gone); gone && len(at) == 1 {
			out = slices.Delete(out, n, n+1)
		}
		return out
	}
	panic(fmt.Sprintf("%v leads nowhere", at))
}

// Form is how bodies are written. The zero value is JSON.
type Form bool

// URLEncoded bodies are flat: only texts stand there, and one name may stand there more than once.
const URLEncoded Form = true

func (f Form) read(t *testing.T, raw []byte) any {
	t.Helper()
	if f == URLEncoded {
		values, err := url.ParseQuery(string(raw))
		if err != nil {
			t.Fatal(err)
		}
		members := map[string]any{}
		for name := range values {
			members[name] = values.Get(name)
		}
		return members
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (f Form) write(t *testing.T, v any) []byte {
	t.Helper()
	if f == URLEncoded {
		values := url.Values{}
		for name, member := range v.(map[string]any) {
			switch member := member.(type) {
			case string:
				values.Set(name, member)
			case []any:
				for _, one := range member {
					values.Add(name, fmt.Sprint(one))
				}
			default:
				values.Set(name, jsonOf(member))
			}
		}
		return []byte(values.Encode())
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
