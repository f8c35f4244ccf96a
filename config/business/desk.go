package business

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/core"

	"go.yaml.in/yaml/v3"
)

// Desk is how conversations are assigned, with names for ids.
type Desk struct {
	core.DeskSettings

	team  string
	tags  map[string]string // agents by the contact's tag
	phone string
}

// mostOpen bounds how many conversations an agent may have.
const mostOpen = 10_000

// strategy takes how a team's conversations find an agent.
func (r *reader) strategy(n *yaml.Node) core.Strategy {
	var s core.Strategy
	r.fields(n, "assign", map[string]field{
		"pick":      func(_, v *yaml.Node) { s.Pick = r.picking(v) },
		"most":      func(_, v *yaml.Node) { s.Most = r.count(v, "most", mostOpen) },
		"absent":    func(_, v *yaml.Node) { s.Absent = r.flag(v, "absent") },
		"speaks":    func(_, v *yaml.Node) { s.Speaks = r.flag(v, "speaks") },
		"previous":  func(_, v *yaml.Node) { s.Previous = r.flag(v, "previous") },
		"fallback":  func(_, v *yaml.Node) { s.Fallback = r.atLeast(v, "fallback", time.Minute) },
		"untouched": func(_, v *yaml.Node) { s.Untouched = r.atLeast(v, "untouched", time.Minute) },
	})
	return s
}

func (r *reader) picking(n *yaml.Node) core.Picking {
	s, ok := r.text(n, "pick")
	known := []string{string(core.PickRoundRobin), string(core.PickFewest), string(core.PickEqual)}
	switch {
	case !ok || s == "manual":
		return core.PickNobody
	case !slices.Contains(known, s):
		r.bad(n, "pick", core.DidYouMean(s, append(known, "manual")), "Agents cannot be picked by %q.", s)
	}
	return core.Picking(s)
}

// count takes a number from 1 on.
func (r *reader) count(n *yaml.Node, key string, most int) int {
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || i < 1 || i > most {
		r.bad(n, key, fmt.Sprintf("Write a number from 1 to %d, or leave it out.", most), "%s is no such number.", upper(key))
		return 0
	}
	return i
}

// languages takes a list of languages.
func (r *reader) languages(n *yaml.Node) []string {
	_, nodes := r.texts(n, "speaks")
	var all []string
	for _, v := range nodes {
		all = append(all, r.language(v))
	}
	return all
}

// desk takes the settings of assignment.
func (r *reader) desk(n *yaml.Node) {
	d := &r.out.Desk
	agent := func(v *yaml.Node, key string) string {
		s, ok := r.text(v, key)
		if ok {
			r.refs = append(r.refs, ref{"agent", s, r.place(v)})
		}
		return s
	}
	r.fields(n, "assignment", map[string]field{
		"team": func(_, v *yaml.Node) {
			d.team, _ = r.text(v, "team")
			r.refs = append(r.refs, ref{"team", d.team, r.place(v)})
		},
		"assign": func(_, v *yaml.Node) { d.Strategy = r.strategy(v) },
		"field":  func(_, v *yaml.Node) { d.Field = r.name(v, "field") },
		"tags": func(_, v *yaml.Node) {
			d.tags = map[string]string{}
			for i := 0; v.Kind == yaml.MappingNode && i+1 < len(v.Content); i += 2 {
				d.tags[v.Content[i].Value] = agent(v.Content[i+1], "an agent of tags")
			}
			if v.Kind != yaml.MappingNode {
				r.bad(v, "tags", "Write lines of the form tag: agent.", "Tags must have their agents.")
			}
		},
		"phone":    func(_, v *yaml.Node) { d.phone = agent(v, "phone") },
		"answered": func(_, v *yaml.Node) { d.Answered = r.atLeast(v, "answered", time.Minute) },
		"online":   func(_, v *yaml.Node) { d.Online = r.atLeast(v, "online", time.Minute) },
		"tell":     func(_, v *yaml.Node) { d.Tell = r.tell(v) },
	})
	if d.team != "" && d.Strategy != (core.Strategy{}) {
		r.bad(n, "assign", "Give the team its own assign, or leave out team.", "What goes to the team %q is assigned as that team says.", d.team)
	}
}

func (r *reader) tell(n *yaml.Node) core.DeskMessages {
	var m core.DeskMessages
	const few, many = 3, 40
	r.fields(n, "tell", map[string]field{
		"assigned": func(_, v *yaml.Node) { m.Assigned = r.flag(v, "assigned") },
		"surge":    func(_, v *yaml.Node) { m.Surge = r.flag(v, "surge") },
		"every":    func(_, v *yaml.Node) { m.Every = r.atLeast(v, "every", time.Minute) },
		"samples": func(_, v *yaml.Node) {
			if m.Samples = r.count(v, "samples", many); m.Samples > 0 && m.Samples < few {
				r.bad(v, "samples", fmt.Sprintf("Take at least %d.", few), "So few times say nothing.")
			}
		},
	})
	return m
}

// planDesk compares how conversations are assigned, where the file says so or has a team that assigns by itself: from then on automation follows what
// happens.
func (p *planner) planDesk(ctx context.Context) error {
	assigns := slices.ContainsFunc(p.file.Teams, func(t Team) bool { return t.Strategy != (core.Strategy{}) })
	if !p.file.assigns && !assigns {
		return nil
	}
	old, err := core.LoadDesk(ctx, p.repo)
	if err != nil {
		return err
	}
	next := old
	if p.file.assigns {
		d := p.file.Desk
		next = d.DeskSettings
		next.Team, next.Phone, next.Tags = p.teams[d.team], p.agents[d.phone], nil
		for tag, agent := range d.tags {
			if next.Tags == nil {
				next.Tags = map[string]core.AgentID{}
			}
			next.Tags[tag] = p.agents[agent]
		}
	}
	details, err := differs(old, next, "how conversations are assigned")
	if err != nil {
		return err
	}
	raw, err := p.repo.Value(ctx, core.AutomationOwner, core.DeskName)
	if err != nil {
		return err
	}
	p.add("desk", "assignment", raw == nil, details, func(ctx context.Context, repo core.Repo, _ time.Time) error { return core.SaveDesk(ctx, repo, next) })
	return nil
}

// duty describes what changes of how an agent is assigned to.
func (p *planner) duty(old, next core.Agent) ([]string, error) {
	details := slices.Concat(change("speaks", strings.Join(old.Languages, ", "), strings.Join(next.Languages, ", ")),
		change("skills", strings.Join(old.Skills, ", "), strings.Join(next.Skills, ", ")), change("most", number(old.Most), number(next.Most)))
	shifts, err := differs(old.Hours, next.Hours, "hours")
	return append(details, shifts...), err
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
