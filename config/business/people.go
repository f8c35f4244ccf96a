package business

import (
	"net/mail"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

func (r *reader) agent(n *yaml.Node) {
	a := Agent{place: r.place(n)}
	r.fields(n, "an agent", map[string]field{
		"name":      func(_, v *yaml.Node) { a.Name = r.name(v, "name") },
		"addresses": func(_, v *yaml.Node) { a.Addresses = r.addresses(v) },
		"language":  func(_, v *yaml.Node) { a.Language = r.language(v) },
		"disabled":  func(_, v *yaml.Node) { a.Disabled = r.flag(v, "disabled") },
		"speaks":    func(_, v *yaml.Node) { a.Languages = r.languages(v) },
		"skills":    func(_, v *yaml.Node) { a.Skills, _ = r.texts(v, "skills") },
		"most":      func(_, v *yaml.Node) { a.Most = r.count(v, "most", mostOpen) },
		"hours":     func(_, v *yaml.Node) { a.Hours = r.hours(v) },
	})
	if n.Kind != yaml.MappingNode || !r.named(n, "agent", a.Name) {
		return
	}
	r.unique(n, "agent", a.Name, func(i int) string { return r.out.Agents[i].Name }, len(r.out.Agents))
	if len(a.Addresses) == 0 && !has(n, "addresses") {
		r.bad(n, "addresses", "Write addresses: [name@example.com]; mails go to the first.", "The agent %q has no addresses.", a.Name)
	}
	r.out.Agents = append(r.out.Agents, a)
}

// named remarks a missing name. A name that was refused was remarked already.
func (r *reader) named(n *yaml.Node, thing, name string) bool {
	if name == "" && !has(n, "name") {
		r.bad(n, "name", "Give it one: name: …", "Here is a %s without a name.", thing)
	}
	return name != ""
}

func has(n *yaml.Node, key string) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key && !empty(n.Content[i+1]) {
			return true
		}
	}
	return false
}

// addresses takes mail addresses. No two agents may have the same, for it tells who writes.
func (r *reader) addresses(n *yaml.Node) []string {
	all, nodes := r.texts(n, "addresses")
	var out []string
	for i, s := range all {
		a, err := mail.ParseAddress(s)
		if err != nil || a.Address != s {
			r.bad(nodes[i], "addresses", "Write it like name@example.com.", "%q is not a mail address.", s)
			continue
		}
		s = strings.ToLower(s)
		for _, other := range r.out.Agents {
			if slices.Contains(other.Addresses, s) {
				r.bad(nodes[i], "addresses", "Give each agent their own: the sender's address tells who answers.", "%s is also the address of the agent %q.", s, other.Name)
			}
		}
		out = append(out, s)
	}
	return out
}

func (r *reader) language(n *yaml.Node) string {
	s, ok := r.text(n, "language")
	if !ok {
		return ""
	}
	tag, err := language.Parse(s)
	if err != nil {
		r.bad(n, "language", "Write it like en, ar or pt-BR.", "%q is not a language.", s)
		return ""
	}
	return tag.String()
}

func (r *reader) team(n *yaml.Node) {
	var t Team
	r.fields(n, "a team", map[string]field{
		"name":    func(_, v *yaml.Node) { t.Name = r.name(v, "name") },
		"members": func(_, v *yaml.Node) { t.Members = r.agents(v, "members") },
		"assign":  func(_, v *yaml.Node) { t.Strategy = r.strategy(v) },
		"hours":   func(_, v *yaml.Node) { t.Hours = r.hours(v) },
	})
	if n.Kind != yaml.MappingNode || !r.named(n, "team", t.Name) {
		return
	}
	r.unique(n, "team", t.Name, func(i int) string { return r.out.Teams[i].Name }, len(r.out.Teams))
	r.out.Teams = append(r.out.Teams, t)
}

// agents takes a list of agents' names.
func (r *reader) agents(n *yaml.Node, key string) []string {
	all, nodes := r.texts(n, key)
	for i, name := range all {
		r.refs = append(r.refs, ref{"agent", name, r.place(nodes[i])})
	}
	return all
}

func (r *reader) forward(n *yaml.Node) {
	var f Forward
	named := func(thing string, to *string) field {
		return func(_, v *yaml.Node) {
			if s, ok := r.text(v, thing); ok {
				*to = s
				r.refs = append(r.refs, ref{thing, s, r.place(v)})
			}
		}
	}
	r.fields(n, "a forward", map[string]field{
		"name":     func(_, v *yaml.Node) { f.Name = r.name(v, "name") },
		"channel":  named("channel", &f.Channel),
		"team":     named("team", &f.Team),
		"to":       func(_, v *yaml.Node) { f.To = r.agents(v, "to") },
		"assigned": func(_, v *yaml.Node) { f.Assigned = r.flag(v, "assigned") },
	})
	if n.Kind != yaml.MappingNode || !r.named(n, "forward", f.Name) {
		return
	}
	r.unique(n, "forward", f.Name, func(i int) string { return r.out.Forwards[i].Name }, len(r.out.Forwards))
	if len(f.To) == 0 && !f.Assigned && !has(n, "to") && !has(n, "assigned") {
		r.bad(n, "to", "Write to: [agent], assigned: true, or both.", "The forward %q mails nobody.", f.Name)
	}
	r.out.Forwards = append(r.out.Forwards, f)
}
