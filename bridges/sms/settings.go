package sms

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/url"
	"strings"

	"causeway/core"
)

// Present says which of the settings is missing or still a sample, or nil.
func Present(defs []core.Setting, s core.Settings) *core.Problem {
	for _, def := range defs {
		v := s.Get(def.Key)
		if def.Secret {
			v = s.Secret(def.Key).Reveal()
		}
		switch v = strings.TrimSpace(v); {
		case v == "" && def.Required:
			return Bad(def.Key, def.Help, "%s is missing.", def.Title)
		case v != "" && (v == def.Example || sample(v)):
			return Bad(def.Key, "Put your own value there. "+def.Help, "%s is still the sample from the instructions.", def.Title)
		}
	}
	return nil
}

// sample reports whether a value is one that documentation uses as a placeholder.
func sample(v string) bool {
	low := strings.ToLower(v)
	if strings.HasPrefix(v, "<") && strings.HasSuffix(v, ">") || strings.HasPrefix(v, "${") || strings.HasPrefix(v, "{{") {
		return true
	}
	for _, s := range []string{"changeme", "change-me", "change_me", "xxx", "todo", "secret", "token", "password", "example", "sample", "your_auth_token", "your-auth-token",
		"your-token", "your_token", "your-secret", "your-password"} {
		if low == s {
			return true
		}
	}
	return false
}

// Bad is a Problem about a setting. Neither text may hold a value that may be secret.
func Bad(field, remedy, format string, args ...any) *core.Problem {
	p := core.Problemf(core.CodeInvalid, format, args...)
	p.Field, p.Remedy = field, remedy
	return p
}

// Trimmed is a secret without the white space around it.
func Trimmed(s core.Secret) core.Secret { return core.NewSecret(strings.TrimSpace(s.Reveal())) }

// CheckSecret refuses what protects nothing, or would break a header. An empty secret passes.
func CheckSecret(key string, s core.Secret, least int) *core.Problem {
	v := s.Reveal()
	switch {
	case v == "":
		return nil
	case len(v) < least:
		return Bad(key, "Copy the whole of it; one of your own should be long and random.", "This secret has fewer than %d characters.", least)
	case strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7F }):
		return Bad(key, "Copy it again, without line breaks.", "This secret contains a line break or another control character.")
	}
	return nil
}

// CheckBase refuses what is no web address to put a path behind. It returns it without a slash at the end.
func CheckBase(key, address string) (string, *core.Problem) {
	address = strings.TrimRight(strings.TrimSpace(address), "/")
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", Bad(key, "Leave it out, or write it like https://api.example.net.", "This is not a web address.")
	}
	return address, nil
}

// Same compares a given value with a secret in a time that tells nothing about it. An empty secret is the same as nothing.
func Same(given, secret string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && secret != ""
}
