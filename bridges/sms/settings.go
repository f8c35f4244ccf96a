package sms

import (
	"regexp"
	"strings"

	"causeway/core"
)

// samples are what documentation of SMS providers uses as placeholders.
var samples = regexp.MustCompile(`(?i)^(xxx|todo|your[-_](auth[-_])?token|your-secret|your-password)$`)

// Present says which of the settings is missing or still a sample, or nil.
func Present(defs []core.Setting, s core.Settings) *core.Problem { return s.Lacking(defs, samples) }

// CheckSecret refuses what protects nothing, or would break a header. An empty secret passes.
func CheckSecret(key string, s core.Secret, least int) *core.Problem {
	v := s.Reveal()
	switch {
	case v == "":
		return nil
	case len(v) < least:
		return core.BadSetting(key, "Copy the whole of it; one of your own should be long and random.", "This secret has fewer than %d characters.", least)
	case strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7F }):
		return core.BadSetting(key, "Copy it again, without line breaks.", "This secret contains a line break or another control character.")
	}
	return nil
}

// CheckBase refuses what is no web address to put a path behind. It returns it without a slash at the end.
func CheckBase(key, address string) (string, *core.Problem) {
	address = strings.TrimRight(strings.TrimSpace(address), "/")
	if !core.WebBase(address) {
		return "", core.BadSetting(key, "Leave it out, or write it like https://api.example.net.", "This is not a web address.")
	}
	return address, nil
}
