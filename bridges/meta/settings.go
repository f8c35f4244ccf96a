package meta

import (
	"regexp"
	"strings"
	"time"

	"causeway/core"
)

// AnID is the form of Meta's ids of Pages, accounts and apps.
var AnID = regexp.MustCompile(`^\d{3,25}$`)

var aVersion = regexp.MustCompile(`^v\d{1,3}\.\d{1,2}$`)

// samples are what Meta's documentation uses as placeholders.
var samples = regexp.MustCompile(`(?i)^(x{3,}|todo|your[-_](access[-_])?token|your[-_](app[-_]secret|verify[-_]token))$`)

// CheckSettings says which setting is missing or still the sample from the instructions, or nil.
func CheckSettings(all []core.Setting, s core.Settings) *core.Problem { return s.Lacking(all, samples) }

// CheckSecret says why a secret would not protect, or would break a header, or nil. An empty one is for CheckSettings.
func CheckSecret(key string, s core.Secret, least int) *core.Problem {
	v := s.Reveal()
	switch {
	case v == "":
	case len(v) < least:
		return core.BadSetting(key, "Copy the whole of it; a verify token of your own should be long and random.", "This secret is too short to be one.")
	case strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' }):
		return core.BadSetting(key, "Copy it again, without line breaks.", "This secret contains a space or a character that is not plain text.")
	}
	return nil
}

// CheckBase says what is wrong with the address and the version of the Graph interface, or nil. Empty ones are good.
func CheckBase(keyBase, base, keyVersion, version string) *core.Problem {
	if base != "" && !core.WebBase(base) {
		return core.BadSetting(keyBase, "Leave it out, or write it like "+DefaultBase+".", "The API base is not a web address.")
	}
	if version != "" && !aVersion.MatchString(version) {
		return core.BadSetting(keyVersion, "Leave it out, or write it like "+DefaultVersion+".", "The API version is not one.")
	}
	return nil
}

// HumanWindow reads for how long a person may answer: zero, or at least as long as anybody and no longer than the platform allows. Empty means usual.
func HumanWindow(key, value string, usual time.Duration) (time.Duration, *core.Problem) {
	if value == "" {
		return usual, nil
	}
	d, err := time.ParseDuration(value)
	if value == "0" {
		d, err = 0, nil
	}
	if err != nil || d < 0 || d > 0 && d < Free || d > Longest {
		return 0, core.BadSetting(key, "Write it like 72h, or 0 for none beyond the usual.", "The time in which a person may answer is not from %s to %s.", core.Span(Free), core.Span(Longest))
	}
	return d, nil
}
