package carrier

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// path is where something is found: the names and positions on the way there, or a text.
type path struct {
	source string // "", "root", "query" or "header"
	steps  []string
	fixed  text // instead of a way
	given  bool // it is a text, perhaps an empty one
}

// paths are tried in turn. In JSON it is one text or a list of them.
type paths []path

// UnmarshalJSON implements json.Unmarshaler.
func (p *paths) UnmarshalJSON(raw []byte) error {
	var one string
	var all []string
	if json.Unmarshal(raw, &one) == nil {
		all = []string{one}
	} else if json.Unmarshal(raw, &all) != nil {
		return errors.New("a path is a text, or a list of texts")
	}
	*p = nil
	for _, s := range all {
		read, err := readPath(s)
		if err != nil {
			return err
		}
		*p = append(*p, read)
	}
	return nil
}

func readPath(s string) (path, error) {
	if fixed, ok := strings.CutPrefix(s, "="); ok {
		t, err := parse(fixed, sendName)
		if err != nil {
			return path{}, fmt.Errorf("the path %q %w", s, err)
		}
		return path{fixed: t, given: true}, nil
	}
	p := path{steps: steps(s)}
	if len(p.steps) > 1 && slices.Contains([]string{"query", "header", "root"}, p.steps[0]) {
		p.source, p.steps = p.steps[0], p.steps[1:]
	}
	if slices.Contains(p.steps, "") && s != "" {
		return p, fmt.Errorf("the path %q has an empty step", s)
	}
	return p, nil
}

// steps parts a path at its dots, but for those behind a backslash. An empty path has none.
func steps(s string) []string {
	if s == "" {
		return nil
	}
	var all []string
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '.':
			all = append(all, b.String())
			b.Reset()
		default:
			b.WriteByte(s[i])
		}
	}
	return append(all, b.String())
}

// scope is what paths look at.
type scope struct {
	item, root any
	query      url.Values
	header     http.Header
	vars       vars // for texts; nil: none
}

// all returns every text found at a path.
func (s scope) all(p path) []string {
	switch {
	case p.given:
		v := s.vars
		if v == nil {
			v = func(string) string { return "" }
		}
		return []string{p.fixed.fill(v)}
	case p.source == "query":
		return s.query[strings.Join(p.steps, ".")]
	case p.source == "header":
		return s.header.Values(strings.Join(p.steps, "."))
	case p.source == "root":
		return leaves(walk(s.root, p.steps))
	}
	return leaves(walk(s.item, p.steps))
}

// get returns the first text that is not empty.
func (s scope) get(all paths) string {
	for _, p := range all {
		for _, v := range s.all(p) {
			if v != "" {
				return v
			}
		}
	}
	return ""
}

// list returns all that the first path with any text has.
func (s scope) list(all paths) []string {
	for _, p := range all {
		if found := slices.DeleteFunc(slices.Clone(s.all(p)), func(v string) bool { return v == "" }); len(found) > 0 {
			return found
		}
	}
	return nil
}

// walk follows steps to all that they lead to.
func walk(v any, steps []string) []any {
	if len(steps) == 0 {
		return []any{v}
	}
	step, rest := steps[0], steps[1:]
	switch v := v.(type) {
	case map[string]any:
		if step == "*" {
			var found []any
			for _, name := range slices.Sorted(keysOf(v)) {
				found = append(found, walk(v[name], rest)...)
			}
			return found
		}
		if inner, ok := v[step]; ok {
			return walk(inner, rest)
		}
	case []any:
		return walkList(v, step, rest)
	}
	return nil
}

func walkList(v []any, step string, rest []string) []any {
	if step == "*" {
		var found []any
		for _, inner := range v {
			found = append(found, walk(inner, rest)...)
		}
		return found
	}
	n, err := strconv.Atoi(step)
	if n < 0 {
		n += len(v)
	}
	if err != nil || n < 0 || n >= len(v) {
		return nil
	}
	return walk(v[n], rest)
}

func keysOf(m map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// leaves writes what was found as texts; a list gives each of its own, an object none.
func leaves(found []any) []string {
	var all []string
	for _, v := range found {
		switch v := v.(type) {
		case string:
			all = append(all, v)
		case json.Number:
			all = append(all, v.String())
		case bool:
			all = append(all, strconv.FormatBool(v))
		case []any:
			all = append(all, leaves(v)...)
		}
	}
	return all
}

// condition is what must be found at paths. In JSON a text, a number, a boolean or a list of these.
type condition map[string]expected

type expected []string

// UnmarshalJSON implements json.Unmarshaler.
func (e *expected) UnmarshalJSON(raw []byte) error {
	var v any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return err
	}
	if *e = leaves([]any{v}); len(*e) == 0 {
		return errors.New("a condition is a text, or a list of texts")
	}
	return nil
}

// meets reports whether values are what is expected: one of the texts, anything for "*", nothing for "".
func (e expected) meets(values []string) bool {
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	for _, want := range e {
		if want == "" && len(values) == 0 || want == "*" && len(values) > 0 || want != "" && slices.Contains(values, want) {
			return true
		}
	}
	return false
}

// holds reports whether a condition over paths is met. An empty one is.
func (c condition) holds(s scope) bool {
	for where, want := range c {
		p, err := readPath(where)
		if err != nil || !want.meets(s.all(p)) {
			return false
		}
	}
	return true
}

// suits reports whether a condition over names is met.
func (c condition) suits(v vars) bool {
	for name, want := range c {
		if !want.meets([]string{v(name)}) {
			return false
		}
	}
	return true
}
