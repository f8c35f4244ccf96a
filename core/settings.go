package core

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Settings are the values of a channel, secrets included, as handed to Open.
type Settings struct {
	Values  map[string]string
	Secrets map[string]Secret
}

// Get returns a plain value without the white space around it, "" if unset.
func (s Settings) Get(key string) string { return strings.TrimSpace(s.Values[key]) }

// Secret returns a secret as it was given, the zero Secret if unset.
func (s Settings) Secret(key string) Secret { return s.Secrets[key] }

// Trimmed returns a secret without the white space around it.
func (s Settings) Trimmed(key string) Secret {
	return NewSecret(strings.TrimSpace(s.Secret(key).Reveal()))
}

// samples are what documentation uses as placeholders.
var samples = regexp.MustCompile(`(?is)^(<.*>|\$\{.*|\{\{.*|change[-_]?me|secret|token|password|example|sample)$`)

// Lacking says which setting is missing or still the sample from the instructions, or nil. Further samples are those of a platform's own pages; nil: none.
func (s Settings) Lacking(all []Setting, further *regexp.Regexp) *Problem {
	for _, def := range all {
		v := s.Get(def.Key)
		if def.Secret {
			v = s.Trimmed(def.Key).Reveal()
		}
		switch {
		case v == "" && def.Required:
			return BadSetting(def.Key, def.Help, "%s is missing.", def.Title)
		case v != "" && (v == def.Example || samples.MatchString(v) || further != nil && further.MatchString(v)):
			return BadSetting(def.Key, "Put your own value there. "+def.Help, "%s is still the sample from the instructions.", def.Title)
		}
	}
	return nil
}

// Other reports whether a setting of two words has the second. The first is what an empty one stands for.
func (s Settings) Other(key, usual, other string) (bool, *Problem) {
	switch s.Get(key) {
	case "", usual:
		return false, nil
	case other:
		return true, nil
	}
	return false, BadSetting(key, "Write one of the two, or leave it out.", "The setting %s is neither %s nor %s.", key, usual, other)
}

// keyAuthorNames is a setting that most bridges have.
const keyAuthorNames = "author_names"

// AuthorNamesSetting lets customers see who answers, on channels that do not show it by themselves. The core puts the names there; see Capabilities.Names.
func AuthorNamesSetting() Setting {
	return Setting{Key: keyAuthorNames, Title: "Names", Default: "no", Help: "yes: customers see the name of the person who answers, in a line before the text. no: they do not."}
}

// AuthorNames returns what AuthorNamesSetting is set to.
func (s Settings) AuthorNames() (bool, *Problem) { return s.Other(keyAuthorNames, "no", "yes") }

// Rate returns how many messages may leave in a second, usual if the setting is empty. The remedy tells what the platform allows.
func (s Settings) Rate(key string, usual float64, remedy string) (float64, *Problem) {
	v := s.Get(key)
	if v == "" {
		return usual, nil
	}
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || !(n > 0 && n <= 1000) {
		return 0, BadSetting(key, remedy, "The messages a second are a number up to 1000.")
	}
	return n, nil
}

// Base returns the address of the provider's interface, without a slash at the end: what is set, or the usual one.
func (s Settings) Base(key, usual string) (string, *Problem) {
	base := strings.TrimRight(cmp.Or(s.Get(key), usual), "/")
	if !WebBase(base) {
		return "", BadSetting(key, "Leave it out, or write it like "+usual+".", "The API base is not a web address.")
	}
	return base, nil
}

// BadSetting is the Problem with a setting. Neither of its texts may hold a value that may be secret.
func BadSetting(key, remedy, format string, args ...any) *Problem {
	return &Problem{Code: CodeInvalid, Field: key, Detail: fmt.Sprintf(format, args...), Remedy: remedy}
}
