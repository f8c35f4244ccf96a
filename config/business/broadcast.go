package business

import (
	"fmt"
	"strings"
	"time"

	"causeway/core"

	"go.yaml.in/yaml/v3"
)

// Broadcast is a broadcast as its file describes it; its channels are names.
type Broadcast struct {
	core.Broadcast
	Channels []string
}

// ParseBroadcast reads the file of a broadcast. The error is a *core.Problem with everything that is wrong.
func ParseBroadcast(file string, raw []byte) (Broadcast, error) {
	r := &reader{path: file, out: File{Name: file}}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil || len(doc.Content) == 0 {
		r.wrong.Add(file, "", "See docs/broadcasts.md for an example.", "This is not YAML, or empty.")
		return Broadcast{}, r.wrong.Err(file)
	}
	r.single(raw)
	var b Broadcast
	r.fields(doc.Content[0], "a broadcast", map[string]field{
		"name":       func(_, n *yaml.Node) { b.Name = r.name(n, "name") },
		"channels":   func(_, n *yaml.Node) { b.Channels, _ = r.texts(n, "channels") },
		"to":         func(_, n *yaml.Node) { b.To = r.segment(n) },
		"opt_in":     func(_, n *yaml.Node) { b.OptIn, _ = r.text(n, "opt_in") },
		"language":   func(_, n *yaml.Node) { b.Language = r.tongue(n) },
		"texts":      func(_, n *yaml.Node) { b.Texts = r.byLanguage(n) },
		"template":   func(_, n *yaml.Node) { b.Template = r.templateUse(n) },
		"at":         func(_, n *yaml.Node) { b.At = r.moment(n, "at") },
		"per_minute": func(_, n *yaml.Node) { b.PerMinute = r.number(n, "per_minute") },
	})
	return b, r.wrong.Err(file)
}

func (r *reader) segment(n *yaml.Node) core.Segment {
	var s core.Segment
	r.fields(n, "to", map[string]field{
		"tags":     func(_, v *yaml.Node) { s.Tags, _ = r.texts(v, "tags") },
		"without":  func(_, v *yaml.Node) { s.Without, _ = r.texts(v, "without") },
		"language": func(_, v *yaml.Node) { s.Language = r.tongue(v) },
		"fields":   func(_, v *yaml.Node) { s.Fields = r.pairs(v, "fields") },
	})
	return s
}

func (r *reader) templateUse(n *yaml.Node) *core.TemplateUse {
	var t core.TemplateUse
	r.fields(n, "a template", map[string]field{
		"name":     func(_, v *yaml.Node) { t.Name = r.name(v, "name") },
		"language": func(_, v *yaml.Node) { t.Language, _ = r.text(v, "language") },
		"values":   func(_, v *yaml.Node) { t.Values = r.pairs(v, "values") },
	})
	return &t
}

// pairs takes names with their texts.
func (r *reader) pairs(n *yaml.Node, key string) map[string]string {
	if n.Kind != yaml.MappingNode {
		r.bad(n, key, fmt.Sprintf("Write it like %s: {name: value}.", key), "%s must be names with values.", upper(key))
		return nil
	}
	all := map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		all[n.Content[i].Value], _ = r.text(n.Content[i+1], n.Content[i].Value)
	}
	return all
}

// moment takes a time with its zone.
func (r *reader) moment(n *yaml.Node, key string) time.Time {
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(n.Value))
	if err != nil {
		r.bad(n, key, "Write it with its zone, like 2026-12-01T09:00:00+03:00.", "%q is not a time.", n.Value)
	}
	return t
}

func (r *reader) number(n *yaml.Node, key string) int {
	var i int
	if n.Kind != yaml.ScalarNode || n.Decode(&i) != nil {
		r.bad(n, key, fmt.Sprintf("Write it like %s: 60.", key), "%q is not a whole number.", n.Value)
	}
	return i
}
