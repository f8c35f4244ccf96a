package config

import (
	"regexp"
	"slices"
	"strings"

	"causeway/core"

	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"
)

// foreign begin the variables that are none of ours.
var foreign = [...]string{prefix + "SECRET_", prefix + "TEST_", prefix + "REQUIRE_"}

func (l *loader) environment(environ []string) {
	all := map[string]setting{}
	note := func(name, value string) (string, any) {
		if name != fileVariable && value != "" && !others(name, value) {
			l.variable(all, name, value)
		}
		return "", nil // what it means is in all
	}
	_ = koanf.New(".").Load(env.Provider(".", env.Opt{Prefix: prefix, TransformFunc: note, EnvironFunc: func() []string { return environ }}), nil)
	l.layer(l.follow(all))
}

// service matches what Kubernetes puts into the environment for a service whose name begins with causeway.
var service = regexp.MustCompile(`^CAUSEWAY_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$`)

// others reports whether a variable is none of our settings.
func others(name, value string) bool {
	if slices.ContainsFunc(foreign[:], func(f string) bool { return strings.HasPrefix(name, f) }) {
		return true
	}
	return service.MatchString(name) && (!strings.HasSuffix(name, "PORT") || strings.Contains(value, "://") || strings.HasSuffix(name, "SERVICE_PORT"))
}

func (l *loader) variable(all map[string]setting, name, value string) {
	var known []string
	for _, k := range keys() {
		for _, n := range []string{k.env(), k.env() + "_FILE"} {
			if n == name && (n == k.env() || k.secret()) {
				all[k.name+strings.ToLower(strings.TrimPrefix(name, k.env()))] = written(k, value, name, "environment "+name)
				return
			}
		}
		known = append(known, k.env())
	}
	l.wrong.Add(name, "", core.DidYouMean(name, known), "There is no setting for the variable %s.", name)
}

func (l *loader) flags(flags map[string]string) {
	all := map[string]setting{}
	for name, value := range flags {
		k, _, ok := find(name)
		flag := "--" + strings.NewReplacer("_", "-", ".", "-").Replace(name)
		if !ok {
			l.wrong.Add(flag, name, core.DidYouMean(name, names("")), "There is no setting %q.", name)
			continue
		}
		all[name] = written(k, value, flag, "flag "+flag)
	}
	l.layer(l.follow(all))
}

// written is a value from where there is only text: lists are separated by commas.
func written(k key, value, place, from string) setting {
	s := setting{text: strings.TrimSpace(value), place: place, from: from}
	if k.list() {
		s.list = []string{}
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				s.list = append(s.list, part)
			}
		}
	}
	return s
}

func lookup(environ []string, name string) string {
	for _, e := range environ {
		if n, v, ok := strings.Cut(e, "="); ok && n == name {
			return v
		}
	}
	return ""
}
