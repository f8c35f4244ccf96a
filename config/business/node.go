package business

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"causeway/core"

	"go.yaml.in/yaml/v3"
)

const longestName = 100

// field takes the value of a key.
type field func(key, value *yaml.Node)

func (r *reader) place(n *yaml.Node) string { return fmt.Sprintf("%s:%d", r.path, n.Line) }

func (r *reader) bad(n *yaml.Node, key, remedy, detail string, args ...any) {
	r.wrong.Add(r.place(n), key, remedy, detail, args...)
}

func empty(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// fields hands each key of a mapping to its taker. A key without a value counts as not there.
func (r *reader) fields(n *yaml.Node, what string, known map[string]field) {
	if n.Kind != yaml.MappingNode {
		r.bad(n, "", "Write lines of the form key: value.", "%s must have keys with values.", upper(what))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		take, ok := known[k.Value]
		switch {
		case seen[k.Value]:
			r.bad(k, k.Value, "Keep one of them.", "%s has the key %q twice.", upper(what), k.Value)
		case !ok:
			r.bad(k, k.Value, core.DidYouMean(k.Value, slices.Sorted(maps.Keys(known))), "%s has no key %q.", upper(what), k.Value)
		case !empty(v):
			take(k, v)
		}
		seen[k.Value] = true
	}
}

// each hands the entries of a list to take.
func (r *reader) each(key string, take func(*yaml.Node)) field {
	return func(_, n *yaml.Node) {
		if n.Kind != yaml.SequenceNode {
			r.bad(n, key, "Write each entry behind a dash.", "%s must be a list.", upper(key))
			return
		}
		for _, entry := range n.Content {
			take(entry)
		}
	}
}

// text takes a plain text.
func (r *reader) text(n *yaml.Node, key string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		r.bad(n, key, fmt.Sprintf("Write it like %s: value.", key), "%s must be a text.", upper(key))
		return "", false
	}
	if strings.TrimSpace(n.Value) == "" {
		r.bad(n, key, "Give it a value, or leave it out.", "%s is empty.", upper(key))
		return "", false
	}
	return n.Value, true
}

// name takes a text that people call something by; "" if it is none.
func (r *reader) name(n *yaml.Node, key string) string {
	s, ok := r.text(n, key)
	if !ok {
		return ""
	}
	if s != strings.TrimSpace(s) || utf8.RuneCountInString(s) > longestName || strings.ContainsFunc(s, unicode.IsControl) {
		r.bad(n, key, fmt.Sprintf("Use at most %d characters, on one line, without spaces around them.", longestName), "%q cannot be a name.", s)
		return ""
	}
	return s
}

// texts takes a list of texts with their nodes.
func (r *reader) texts(n *yaml.Node, key string) (all []string, nodes []*yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		r.bad(n, key, fmt.Sprintf("Write it like %s: [one, another].", key), "%s must be a list.", upper(key))
		return nil, nil
	}
	for _, entry := range n.Content {
		if s, ok := r.text(entry, "an entry of "+key); ok {
			if slices.Contains(all, s) {
				r.bad(entry, key, "Keep one of them.", "%s has %q twice.", upper(key), s)
				continue
			}
			all, nodes = append(all, s), append(nodes, entry)
		}
	}
	return all, nodes
}

// flag takes true or false.
func (r *reader) flag(n *yaml.Node, key string) bool {
	var b bool
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Decode(&b) != nil {
		r.bad(n, key, fmt.Sprintf("Write %s: true or %s: false.", key, key), "%s must be true or false.", upper(key))
	}
	return b
}

// unique remarks a name that is there already.
func (r *reader) unique(n *yaml.Node, thing, name string, taken func(i int) string, count int) {
	for i := range count {
		if taken(i) == name {
			r.bad(n, "name", "Give each its own name.", "There are two %ss named %q.", thing, name)
			return
		}
	}
}

func upper(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:]
}
