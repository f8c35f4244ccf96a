package config

import (
	"fmt"
	"net/url"
	"strings"

	"causeway/core"
)

// Shown is a setting for people: its value, masked if it is secret, and where it came from.
type Shown struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	From  string `json:"from"` // "default", "file causeway.yaml, line 3", "environment CAUSEWAY_DATA_DIR", "flag --data-dir"
}

// Show lists all settings in the order of the reference.
func (c Config) Show() []Shown {
	var all []Shown
	for _, k := range keys() {
		all = append(all, Shown{Key: k.name, Value: c.shown[k.name], From: c.origin[k.name]})
	}
	return all
}

func (k key) show(s setting) string {
	switch {
	case k.secret():
		return Redact(core.NewSecret(s.text))
	case k.list():
		return strings.Join(s.list, ", ")
	}
	return s.text
}

// Redact writes a URL that may hold a password so that it may be shown: user and host stay, password and parameters do not.
func Redact(s core.Secret) string {
	text := s.Reveal()
	if strings.HasPrefix(text, "folder:") {
		return text
	}
	if path, ok := strings.CutPrefix(text, "sqlite:"); ok {
		before, _, _ := strings.Cut(path, "?")
		return "sqlite:" + before
	}
	u, err := url.Parse(text)
	switch {
	case text == "":
		return ""
	case err != nil || u.Host == "" || u.Opaque != "":
		return "[secret]"
	}
	user := ""
	if u.User != nil {
		user = url.User(u.User.Username()).String() + "@"
		if _, has := u.User.Password(); has {
			user = url.User(u.User.Username()).String() + ":[secret]@"
		}
	}
	return u.Scheme + "://" + user + u.Host + u.EscapedPath()
}

// Reference is the table of all settings for the documentation, in Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString("| key | environment | default | meaning |\n|---|---|---|---|\n")
	for _, k := range keys() {
		standard := "–"
		if k.standard != "" {
			standard = "`" + k.standard + "`"
		}
		name, help := "`"+k.name+"`", k.help
		if k.secret() {
			help += " Or name a file that holds it in `" + k.name + "_file`."
		}
		if k.list() {
			help += " In the environment separated by commas."
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", name, k.env(), standard, strings.ReplaceAll(help, "|", `\|`))
	}
	return b.String()
}
