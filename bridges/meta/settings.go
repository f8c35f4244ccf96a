package meta

import (
	"net/url"
	"regexp"
	"strings"
	"time"

	"causeway/core"
)

// AnID is the form of Meta's ids of Pages, accounts and apps.
var AnID = regexp.MustCompile(`^\d{3,25}$`)

var aVersion = regexp.MustCompile(`^v\d{1,3}\.\d{1,2}$`)

// BadSetting is the Problem with a setting. It never holds a value that may be secret.
func BadSetting(key, detail, remedy string) *core.Problem {
	return &core.Problem{Code: core.CodeInvalid, Field: key, Detail: detail, Remedy: remedy}
}

// CheckSettings says which setting is missing or still the sample from the instructions, or nil.
func CheckSettings(all []core.Setting, s core.Settings) *core.Problem {
	for _, def := range all {
		v := strings.TrimSpace(s.Get(def.Key))
		if def.Secret {
			v = strings.TrimSpace(s.Secret(def.Key).Reveal())
		}
		switch {
		case v == "" && def.Required:
			return BadSetting(def.Key, def.Title+" is missing.", def.Help)
		case v != "" && (v == def.Example || sample(v)):
			return BadSetting(def.Key, def.Title+" is still the sample from the instructions.", "Put your own value there. "+def.Help)
		}
	}
	return nil
}

// samples are what documentation uses as placeholders.
var samples = regexp.MustCompile(`(?i)^(<.*>|\$\{.*|\{\{.*|change[-_]?me|x{3,}|todo|secret|token|password|example|sample|your[-_](access[-_])?token|your[-_](app[-_]secret|verify[-_]token))$`)

func sample(v string) bool { return samples.MatchString(v) }

// CheckSecret says why a secret would not protect, or would break a header, or nil. An empty one is for CheckSettings.
func CheckSecret(key string, s core.Secret, least int) *core.Problem {
	v := s.Reveal()
	switch {
	case v == "":
	case len(v) < least:
		return BadSetting(key, "This secret is too short to be one.", "Copy the whole of it; a verify token of your own should be long and random.")
	case strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' }):
		return BadSetting(key, "This secret contains a space or a character that is not plain text.", "Copy it again, without line breaks.")
	}
	return nil
}

// CheckBase says what is wrong with the address and the version of the Graph interface, or nil. Empty ones are good.
func CheckBase(keyBase, base, keyVersion, version string) *core.Problem {
	u, err := url.Parse(base)
	if base != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil) {
		return BadSetting(keyBase, "The API base is not a web address.", "Leave it out, or write it like "+DefaultBase+".")
	}
	if version != "" && !aVersion.MatchString(version) {
		return BadSetting(keyVersion, "The API version is not one.", "Leave it out, or write it like "+DefaultVersion+".")
	}
	return nil
}

// Trimmed takes the space around a secret away.
func Trimmed(s core.Secret) core.Secret { return core.NewSecret(strings.TrimSpace(s.Reveal())) }

// HumanWindow reads for how long a person may answer: zero, or at least as long as anybody and no longer than the platform allows. Empty means usual.
func HumanWindow(key, value string, free, usual, longest time.Duration) (time.Duration, *core.Problem) {
	if value == "" {
		return usual, nil
	}
	d, err := time.ParseDuration(value)
	if value == "0" {
		d, err = 0, nil
	}
	if err != nil || d < 0 || d > 0 && d < free || d > longest {
		return 0, BadSetting(key, "The time in which a person may answer is not from "+core.Span(free)+" to "+core.Span(longest)+".", "Write it like 72h, or 0 for none beyond the usual.")
	}
	return d, nil
}
