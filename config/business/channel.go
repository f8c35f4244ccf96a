package business

import (
	"strconv"
	"strings"
	"time"

	"causeway/core"

	"go.yaml.in/yaml/v3"
)

func (r *reader) channel(n *yaml.Node) {
	c := Channel{place: r.place(n), Values: map[string]string{}, Secrets: map[string]core.Secret{}}
	var kind, window, settings, probe, phone *yaml.Node
	r.fields(n, "a channel", map[string]field{
		"name":     func(_, v *yaml.Node) { c.Name = r.name(v, "name") },
		"kind":     func(_, v *yaml.Node) { kind = v },
		"window":   func(_, v *yaml.Node) { window = v },
		"settings": func(_, v *yaml.Node) { settings = v },
		"probe":    func(_, v *yaml.Node) { probe = v },
		"phone":    func(_, v *yaml.Node) { phone = v },
	})
	if n.Kind != yaml.MappingNode || !r.named(n, "channel", c.Name) {
		return
	}
	r.unique(n, "channel", c.Name, func(i int) string { return r.out.Channels[i].Name }, len(r.out.Channels))
	if r.kind(n, kind, &c) {
		if window != nil {
			c.Window = r.window(window, c.info)
		}
		r.settings(n, settings, &c)
		if probe != nil {
			r.probe(probe, c)
		}
		if phone != nil {
			r.phone(phone, c)
		}
	}
	r.out.Channels = append(r.out.Channels, c)
}

// kind finds the bridge.
func (r *reader) kind(channel, n *yaml.Node, c *Channel) bool {
	var known []string
	for _, i := range r.infos {
		known = append(known, i.Kind)
	}
	if n == nil {
		r.bad(channel, "kind", "Write one of: "+strings.Join(known, ", ")+".", "The channel %q has no kind.", c.Name)
		return false
	}
	s, ok := r.text(n, "kind")
	if !ok {
		return false
	}
	for _, i := range r.infos {
		if i.Kind == s {
			c.Kind, c.info = s, i
			return true
		}
	}
	r.bad(n, "kind", core.DidYouMean(s, known), "There is no kind of channel %q.", s)
	return false
}

// window takes a reply window, which may only be shorter than the platform's.
func (r *reader) window(n *yaml.Node, info core.Info) time.Duration {
	s, ok := r.text(n, "window")
	if !ok {
		return 0
	}
	d, err := span(s)
	free := info.Capabilities.Window.Free
	switch {
	case err != nil || d <= 0:
		r.bad(n, "window", "Write it like 20h or 90m.", "%q is not a time span.", s)
	case free == 0:
		r.bad(n, "window", "Leave window out.", "%s has no reply window.", info.Title)
	case d > free:
		r.bad(n, "window", "Write at most "+hours(free)+", or leave window out.", "%s allows free replies for %s, not for %s.", info.Title, hours(free), s)
	default:
		return d
	}
	return 0
}

// span reads a time span, days included.
func span(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n < 1000 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	return time.ParseDuration(s)
}

func hours(d time.Duration) string {
	s := d.String()
	s = strings.TrimSuffix(s, "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// settings takes what the bridge needs.
func (r *reader) settings(channel, n *yaml.Node, c *Channel) {
	if c.Kept = n == nil && len(needs(c.info)) > 0; c.Kept {
		return
	}
	takers, given := map[string]field{}, map[string]bool{}
	for _, s := range c.info.Settings {
		takers[s.Key] = func(_, v *yaml.Node) {
			given[s.Key] = true
			r.setting(v, s, c)
		}
	}
	if n != nil {
		r.fields(n, c.info.Title, takers)
		channel = n
	}
	for _, s := range needs(c.info) {
		if !given[s.Key] {
			r.bad(channel, s.Key, "Add "+sample(s)+" to its settings."+help(s), "The channel %q needs %s (%s).", c.Name, s.Key, s.Title)
		}
	}
	c.Account = c.Values[c.info.Account]
	r.account(channel, *c)
}

// needs are the settings that must be given.
func needs(info core.Info) (all []core.Setting) {
	for _, s := range info.Settings {
		if s.Required && s.Default == "" && s.Key != verifyToken {
			all = append(all, s)
		}
	}
	return all
}

// account remarks two channels of the same account.
func (r *reader) account(n *yaml.Node, c Channel) {
	for _, other := range r.out.Channels {
		if c.Account != "" && other.Kind == c.Kind && other.Account == c.Account {
			r.bad(n, c.info.Account, "Keep one of them: an account can be one channel.", "The channels %q and %q are the same account.", other.Name, c.Name)
		}
	}
}
