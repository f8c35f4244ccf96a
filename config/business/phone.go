package business

import (
	"causeway/core"

	"go.yaml.in/yaml/v3"
)

// phone takes what holds for a channel whose number is also used on a phone.
func (r *reader) phone(n *yaml.Node, c Channel) {
	var p core.Coexistence
	before := len(r.wrong.All)
	r.fields(n, "a phone", map[string]field{
		"owner": func(_, v *yaml.Node) { p.Owner = r.name(v, "owner") },
		"answered_twice": func(_, v *yaml.Node) {
			s, _ := r.text(v, "answered_twice")
			if p.Twice = core.Twice(s); p.Twice != core.TwiceHold && p.Twice != core.TwiceSend {
				r.bad(v, "answered_twice", "Write hold or send.", "%q is not what can become of an answer after the phone's.", s)
			}
		},
		"greets": func(_, v *yaml.Node) { p.Greets = r.flag(v, "greets") },
	})
	if len(r.wrong.All) == before {
		p.Put(c.Values)
	}
}
