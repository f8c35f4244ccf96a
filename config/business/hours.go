package business

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"causeway/core"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

// hours takes when somebody is there.
func (r *reader) hours(n *yaml.Node) core.Hours {
	var h core.Hours
	r.fields(n, "hours", map[string]field{
		"zone": func(_, v *yaml.Node) { h.Zone, _ = r.text(v, "zone") },
		"week": func(_, v *yaml.Node) { r.week(v, &h) },
		"holidays": r.each("holidays", func(v *yaml.Node) {
			if d, ok := r.holiday(v); ok {
				h.Holidays = append(h.Holidays, d)
			}
		}),
	})
	if !h.Always() && h.Zone == "" {
		r.bad(n, "zone", "Write the name of a city in it, such as zone: Asia/Riyadh, zone: Europe/Moscow or zone: Africa/Cairo; or zone: UTC.", "The hours have no time zone.")
	}
	r.checked(n, h.Check())
	return h
}

// checked remarks what the domain finds wrong.
func (r *reader) checked(n *yaml.Node, err error) {
	if p := (*core.Problem)(nil); errors.As(err, &p) {
		r.bad(n, "", p.Remedy, "%s", p.Detail)
	}
}

// week takes lines like "sun-thu: 09:00-17:00, 18:00-20:00".
func (r *reader) week(n *yaml.Node, h *core.Hours) {
	if n.Kind != yaml.MappingNode {
		r.bad(n, "week", "Write lines of the form mon-fri: 09:00-17:00.", "Week must have days with their hours.")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		days, err := core.ParseDays(n.Content[i].Value)
		r.checked(n.Content[i], err)
		shifts, err := core.ParseShifts(n.Content[i+1].Value)
		r.checked(n.Content[i+1], err)
		for _, d := range days {
			h.Week[d] = append(h.Week[d], shifts...)
		}
	}
}

func (r *reader) holiday(n *yaml.Node) (core.Holiday, bool) {
	var d core.Holiday
	before := len(r.wrong.All)
	r.fields(n, "a holiday", map[string]field{
		"date": func(_, v *yaml.Node) { d.Date, _ = r.text(v, "date") },
		"name": func(_, v *yaml.Node) { d.Name = r.name(v, "name") },
		"open": func(_, v *yaml.Node) {
			var err error
			d.Open, err = core.ParseShifts(v.Value)
			r.checked(v, err)
		},
	})
	if d.Date == "" && len(r.wrong.All) == before {
		r.bad(n, "date", "Write it like date: 2026-12-25, or 12-25 for every year.", "Here is a holiday without a date.")
	}
	return d, len(r.wrong.All) == before
}

// messages takes what is said to contacts by itself.
func (r *reader) messages(n *yaml.Node) {
	s := &r.out.Reception
	r.fields(n, "messages", map[string]field{
		"language":  func(_, v *yaml.Node) { s.Language = r.tongue(v) },
		"greeting":  func(_, v *yaml.Node) { s.Greeting = r.message(v, "greeting", "name") },
		"away":      func(_, v *yaml.Node) { s.Away = r.message(v, "away", "name", "when", "hours", "holiday") },
		"show_week": func(_, v *yaml.Node) { s.ShowWeek = r.flag(v, "show_week") },
	})
}

// message takes true, or how a message is said, which may have words to be filled in.
func (r *reader) message(n *yaml.Node, key string, words ...string) core.Courtesy {
	if n.Kind == yaml.ScalarNode {
		return core.Courtesy{On: r.flag(n, key)}
	}
	m := core.Courtesy{On: true}
	r.fields(n, "the message "+key, map[string]field{
		"each":  func(_, v *yaml.Node) { m.Each = r.atLeast(v, "each", time.Minute) },
		"texts": func(_, v *yaml.Node) { m.Texts = r.ownTexts(v, words...) },
	})
	return m
}

// atLeast takes a span of time.
func (r *reader) atLeast(n *yaml.Node, key string, least time.Duration) time.Duration {
	s, ok := r.text(n, key)
	if !ok {
		return 0
	}
	d, err := span(strings.TrimSpace(s))
	if err != nil || d < least {
		r.bad(n, key, fmt.Sprintf("Write it like 30m, 12h or 2d, and at least %s.", core.Span(least)), "%q is not such a time.", s)
	}
	return d
}

func (r *reader) tongue(n *yaml.Node) string {
	tag, err := language.Parse(n.Value)
	if err != nil {
		r.bad(n, "language", "Write it like en, ar or ru.", "%q is not a language.", n.Value)
		return ""
	}
	return tag.String()
}

// planReception compares hours and messages, where the file has any.
func (p *planner) planReception(ctx context.Context) error {
	if !p.file.receives {
		return nil
	}
	old, err := core.LoadReception(ctx, p.repo)
	if err != nil {
		return fmt.Errorf("hours and messages: %w", err)
	}
	details, err := differs(old, p.file.Reception, "hours, greeting or away message")
	if err != nil {
		return err
	}
	p.add("messages", "hours and messages", false, details, func(ctx context.Context, repo core.Repo, _ time.Time) error {
		return core.SaveReception(ctx, repo, p.file.Reception)
	})
	return nil
}
