package business

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"causeway/core"

	"go.yaml.in/yaml/v3"
)

// rule is a rule of the file, whose channel is a name.
type rule struct {
	core.Rule
	channel string
}

// priorities are what people call them, from 0.
func priorities() []string { return []string{"normal", "high", "urgent"} }

// care takes what becomes of conversations by themselves.
func (r *reader) care(_, n *yaml.Node) {
	c := &r.out.Care
	r.out.cares = true
	r.fields(n, "care", map[string]field{
		"follow_up": func(_, v *yaml.Node) {
			r.fields(v, "follow_up", map[string]field{
				"after": func(_, v *yaml.Node) { c.FollowUp.After = r.atLeast(v, "after", time.Minute) },
				"texts": func(_, v *yaml.Node) { c.FollowUp.Texts = r.ownTexts(v, "name") },
			})
		},
		"close_after": func(_, v *yaml.Node) { c.CloseAfter = r.atLeast(v, "close_after", time.Minute) },
		"targets":     r.each("targets", r.target),
		"escalate": func(_, v *yaml.Node) {
			c.Escalate.Priority = 1
			r.fields(v, "escalate", map[string]field{
				"after":    func(_, v *yaml.Node) { c.Escalate.After = r.atLeast(v, "after", time.Minute) },
				"priority": func(_, v *yaml.Node) { c.Escalate.Priority = r.priority(v) },
			})
		},
		"survey": func(_, v *yaml.Node) { c.Survey = r.survey(v) },
		"rules":  r.each("rules", r.rule),
	})
}

func (r *reader) priority(n *yaml.Node) int {
	i := slices.Index(priorities(), n.Value)
	if i < 0 {
		r.bad(n, "priority", "Write one of: normal, high, urgent.", "%q is not a priority.", n.Value)
	}
	return max(i, 0)
}

// target takes one; those of higher priorities come first, wherever they stand.
func (r *reader) target(n *yaml.Node) {
	var t core.Target
	r.fields(n, "a target", map[string]field{
		"priority":     func(_, v *yaml.Node) { t.Priority = r.priority(v) },
		"first_answer": func(_, v *yaml.Node) { t.FirstAnswer = r.atLeast(v, "first_answer", time.Minute) },
		"resolution":   func(_, v *yaml.Node) { t.Resolution = r.atLeast(v, "resolution", time.Minute) },
	})
	if slices.ContainsFunc(r.out.Care.Targets, func(o core.Target) bool { return o.Priority == t.Priority }) {
		r.bad(n, "targets", "Keep one of them.", "There are two targets for the priority %s.", priorities()[t.Priority])
	}
	r.out.Care.Targets = append(r.out.Care.Targets, t)
	slices.SortStableFunc(r.out.Care.Targets, func(a, b core.Target) int { return b.Priority - a.Priority })
}

// survey takes true, or how it is asked.
func (r *reader) survey(n *yaml.Node) core.Survey {
	if n.Kind == yaml.ScalarNode {
		return core.Survey{On: r.flag(n, "survey")}
	}
	s := core.Survey{On: true}
	r.fields(n, "survey", map[string]field{
		"each":  func(_, v *yaml.Node) { s.Each = r.atLeast(v, "each", time.Hour) },
		"texts": func(_, v *yaml.Node) { s.Texts = r.ownTexts(v, "name") },
	})
	return s
}

// rule takes by what conversations get tags.
func (r *reader) rule(n *yaml.Node) {
	var x rule
	r.fields(n, "a rule", map[string]field{
		"name":  func(_, v *yaml.Node) { x.Name = r.name(v, "name") },
		"words": func(_, v *yaml.Node) { x.Words, _ = r.texts(v, "words") },
		"channel": func(_, v *yaml.Node) {
			x.channel = r.name(v, "channel")
			r.refs = append(r.refs, ref{"channel", x.channel, r.place(v)})
		},
		"ad":       func(_, v *yaml.Node) { x.Ad = r.flag(v, "ad") },
		"tags":     func(_, v *yaml.Node) { x.Tags, _ = r.texts(v, "tags") },
		"priority": func(_, v *yaml.Node) { x.Priority = r.priority(v) },
	})
	if len(x.Tags) == 0 && x.Priority == 0 {
		r.bad(n, "rules", "Give it tags or a priority.", "The rule %q does nothing.", x.Name)
	}
	r.out.rules = append(r.out.rules, x)
}

// ownTexts takes what is said in place of our sentences. What it leaves to be filled in must be one of the words.
func (r *reader) ownTexts(n *yaml.Node, words ...string) map[string]string {
	all := r.byLanguage(n)
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		v := n.Content[i+1]
		for _, gap := range core.Gaps(v.Value) {
			if !slices.Contains(words, gap) {
				r.bad(v, "texts", core.DidYouMean(gap, words), "Nothing is known to fill in for {%s}.", gap)
			}
		}
	}
	return all
}

// byLanguage takes texts by the language that they are in. Regions do not count.
func (r *reader) byLanguage(n *yaml.Node) map[string]string {
	if n.Kind != yaml.MappingNode {
		r.bad(n, "texts", "Write them like {en: Hello, ru: Здравствуйте}.", "Texts must have languages with their texts.")
		return nil
	}
	all := map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		code := core.Language(r.tongue(n.Content[i]))
		switch _, twice := all[code]; {
		case twice:
			r.bad(n.Content[i], "texts", "Keep one of them.", "There are two texts for the language %s.", code)
		case code != "":
			all[code], _ = r.text(n.Content[i+1], code)
		}
	}
	return all
}

// planCare compares what becomes of conversations, where the file says anything of it.
func (p *planner) planCare(ctx context.Context) error {
	if !p.file.cares {
		return nil
	}
	old, err := core.LoadCare(ctx, p.repo)
	if err != nil {
		return fmt.Errorf("care: %w", err)
	}
	next := p.file.Care
	for _, x := range p.file.rules {
		x.Channel = p.channels[x.channel]
		next.Rules = append(next.Rules, x.Rule)
	}
	details, err := differs(old, next, "targets, follow-ups, survey or rules")
	if err != nil {
		return err
	}
	p.add("care", "of conversations", false, details, func(ctx context.Context, repo core.Repo, _ time.Time) error { return core.SaveCare(ctx, repo, next) })
	return nil
}

// differs describes a change of settings that are too many to be told one by one.
func differs(before, after any, what string) ([]string, error) {
	a, err := json.Marshal(before)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(after)
	if err != nil || bytes.Equal(a, b) {
		return nil, err
	}
	return []string{what}, nil
}
