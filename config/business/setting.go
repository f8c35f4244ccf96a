package business

import (
	"path/filepath"
	"strconv"
	"strings"

	"causeway/core"

	"go.yaml.in/yaml/v3"
)

func sample(s core.Setting) string {
	if s.Secret {
		return s.Key + ": {env: " + strings.ToUpper(s.Key) + "}"
	}
	if s.Example != "" {
		return s.Key + ": " + strconv.Quote(s.Example)
	}
	return s.Key + ": …"
}

func help(s core.Setting) string {
	if s.Help == "" {
		return ""
	}
	return " " + strings.TrimSuffix(s.Help, ".") + "."
}

// setting takes one value. A secret in clear is refused before anything else looks at it, and is never repeated.
func (r *reader) setting(n *yaml.Node, s core.Setting, c *Channel) {
	var value string
	var ok bool
	switch {
	case n.Kind == yaml.MappingNode:
		value, ok = r.elsewhere(n, s.Key, c.Name)
	case s.Secret:
		r.bad(n, s.Key, "Put it into a variable or a file, and write "+s.Key+": {env: NAME} or "+s.Key+": {file: PATH}. If others could read this file, renew the secret at the provider.",
			"The secret %s of the channel %q stands here in clear.", s.Key, c.Name)
	default:
		value, ok = r.text(n, s.Key)
	}
	switch {
	case !ok:
	case s.Example != "" && value == s.Example:
		r.bad(n, s.Key, "Put your own."+help(s), "The value of %s is the sample from the documentation.", s.Key)
	case s.Secret:
		c.Secrets[s.Key] = core.NewSecret(value)
	default:
		c.Values[s.Key] = value
	}
}

// elsewhere takes a value from where the file says that it is.
func (r *reader) elsewhere(n *yaml.Node, key, channel string) (value string, ok bool) {
	var variable, path *yaml.Node
	before := len(r.wrong.All)
	r.fields(n, key, map[string]field{
		"env":  func(_, v *yaml.Node) { variable = v },
		"file": func(_, v *yaml.Node) { path = v },
	})
	switch {
	case len(r.wrong.All) > before:
	case (variable == nil) == (path == nil):
		r.bad(n, key, "Write "+key+": {env: NAME} or "+key+": {file: PATH}.", "Where %s is must be said in exactly one way.", key)
	case variable != nil:
		return r.fromEnv(variable, key, channel)
	default:
		return r.fromFile(path, key, channel)
	}
	return "", false
}

func (r *reader) fromEnv(n *yaml.Node, key, channel string) (string, bool) {
	name, ok := r.text(n, "env")
	if !ok {
		return "", false
	}
	value, _ := r.env(name)
	if value = strings.TrimSpace(value); value == "" {
		r.bad(n, key, "Set it before you run causeway apply.", "The variable %s, which is to hold %s of the channel %q, is not set.", name, key, channel)
		return "", false
	}
	return value, true
}

func (r *reader) fromFile(n *yaml.Node, key, channel string) (string, bool) {
	path, ok := r.text(n, "file")
	if !ok {
		return "", false
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(r.path), path)
	}
	raw, err := r.readFile(path)
	switch value := strings.TrimSpace(string(raw)); {
	case err != nil:
		r.bad(n, key, "Check its name, owner and mode.", "The file %s, which is to hold %s of the channel %q, cannot be read.", path, key, channel)
	case value == "":
		r.bad(n, key, "Put the value into it.", "The file %s, which is to hold %s of the channel %q, is empty.", path, key, channel)
	default:
		return value, true
	}
	return "", false
}
