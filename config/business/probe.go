package business

import (
	"strings"
	"time"

	"causeway/core"

	"go.yaml.in/yaml/v3"
)

const (
	probeEach  = time.Hour       // unless the file says otherwise
	probeLeast = 5 * time.Minute // between two test messages
)

// probe takes to whom, and how often, a channel sends its test message.
func (r *reader) probe(n *yaml.Node, c Channel) {
	p := core.Probe{Each: probeEach, Language: "en"}
	before := len(r.wrong.All)
	var language *yaml.Node
	r.fields(n, "a probe", map[string]field{
		"to":       func(_, v *yaml.Node) { p.To = r.name(v, "to") },
		"each":     func(_, v *yaml.Node) { p.Each = r.probeEach(v) },
		"template": func(_, v *yaml.Node) { p.Template = r.name(v, "template") },
		"language": func(_, v *yaml.Node) { language = v; p.Language = r.name(v, "language") },
	})
	switch {
	case len(r.wrong.All) > before:
	case p.To == "":
		r.bad(n, "to", "Write to: and a number or address of your own that no customer uses.", "The probe of the channel %q goes to nobody.", c.Name)
	case p.Value(c.info.Scheme) == "":
		r.bad(n, "to", "Write it like +49 151 23456789.", "%q is no phone number.", p.To)
	case language != nil && p.Template == "":
		r.bad(language, "language", "Name the template, or leave language out.", "The probe of the channel %q has a language without a template.", c.Name)
	case p.Template != "" && !c.info.Capabilities.Sends(core.KindTemplate):
		r.bad(n, "template", "Leave template out.", "%s has no templates.", c.info.Title)
	default:
		p.Put(c.Values)
	}
}

func (r *reader) probeEach(n *yaml.Node) time.Duration {
	s, ok := r.text(n, "each")
	if !ok {
		return probeEach
	}
	d, err := span(strings.TrimSpace(s))
	if err != nil || d < probeLeast {
		r.bad(n, "each", "Write it like 1h or 15m, and at least 5m.", "%q is not a time between two test messages.", s)
		return probeEach
	}
	return d
}
