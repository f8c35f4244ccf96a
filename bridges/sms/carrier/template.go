package carrier

import (
	"crypto/md5" //nolint:gosec // some providers sign by it
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"

	"causeway/bridges/sms"
	"causeway/core"
)

// text is a text with names in it.
type text []piece

type piece struct {
	literal string
	name    string // empty: the literal counts
	filters []string
}

// vars gives the value of a name.
type vars func(name string) string

// parse reads a text whose names are all known.
func parse(s string, known func(string) bool) (text, error) {
	var t text
	for s != "" {
		at := strings.IndexAny(s, "{}")
		if at < 0 {
			return append(t, piece{literal: s}), nil
		}
		if at > 0 {
			t = append(t, piece{literal: s[:at]})
		}
		if s = s[at:]; len(s) > 1 && s[0] == s[1] {
			t, s = append(t, piece{literal: s[:1]}), s[2:]
			continue
		}
		end := strings.IndexByte(s, '}')
		if s[0] == '}' || end < 0 {
			return nil, fmt.Errorf("has a brace without its other half; write it twice to mean the brace itself")
		}
		p, err := named(s[1:end], known)
		if err != nil {
			return nil, err
		}
		t, s = append(t, p), s[end+1:]
	}
	return t, nil
}

func named(inside string, known func(string) bool) (piece, error) {
	parts := strings.Split(inside, "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	p := piece{name: parts[0], filters: parts[1:]}
	if !known(p.name) {
		return p, fmt.Errorf("uses {%s}, which is no name that can be used there", p.name)
	}
	for _, f := range p.filters {
		if !aFilter(f) {
			return p, fmt.Errorf("uses the filter %q, which does not exist", f)
		}
	}
	return p, nil
}

// fill puts the values in. A text with the channel's own address is empty while that is not known.
func (t text) fill(v vars) string {
	var b strings.Builder
	for _, p := range t {
		s := p.literal
		if p.name != "" {
			if s = v(p.name); s == "" && p.name == "callback" {
				return ""
			}
			s = filtered(s, p.filters)
		}
		b.WriteString(s)
	}
	return b.String()
}

// only returns the filters when the text is one name and nothing else.
func (t text) only() ([]string, bool) {
	if len(t) != 1 || t[0].name == "" {
		return nil, false
	}
	return t[0].filters, true
}

// filters that change how a value is written. number and true are for JSON: they take the quotes away.
func filters() []string {
	return []string{"digits", "plus", "national", "upper", "lower", "trim", "smart", "utf16be", "latin1", "hex", "base64", "url", "sha256", "md5", "unhex", "number", "boolean"}
}

func aFilter(name string) bool { return slices.Contains(filters(), name) }

func filtered(s string, names []string) string {
	for _, name := range names {
		s = filter(s, name)
	}
	return s
}

func filter(s, name string) string {
	switch name {
	case "digits":
		return core.Digits(s)
	case "plus":
		return "+" + core.Digits(s)
	case "national":
		return sms.National(core.Digits(s))
	case "upper":
		return strings.ToUpper(s)
	case "lower":
		return strings.ToLower(s)
	case "trim":
		return strings.TrimSpace(s)
	case "smart":
		return smart(s)
	case "url":
		return url.QueryEscape(s)
	}
	return encoded(s, name)
}

func encoded(s, name string) string {
	switch name {
	case "utf16be":
		return wide(s)
	case "latin1":
		return narrow(s)
	case "hex":
		return hex.EncodeToString([]byte(s))
	case "base64":
		return base64.StdEncoding.EncodeToString([]byte(s))
	case "unhex": // what a digest is, rather than how it is written
		raw, _ := hex.DecodeString(s)
		return string(raw)
	case "sha256":
		h := sha256.Sum256([]byte(s))
		return hex.EncodeToString(h[:])
	case "md5":
		h := md5.Sum([]byte(s)) //nolint:gosec // as above
		return hex.EncodeToString(h[:])
	}
	return s
}

// wide writes a text in UTF-16, most significant byte first.
func wide(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return string(b)
}

// narrow writes a text in Latin-1; what is not in it becomes a question mark.
func narrow(s string) string {
	var b []byte
	for _, r := range s {
		if r > 0xFF {
			r = '?'
		}
		b = append(b, byte(r))
	}
	return string(b)
}

// smart replaces typographic characters that would make a whole message wide.
func smart(s string) string {
	return strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "‘", "'", "’", "'", "‚", "'", "`", "'", "´", "'", "–", "-", "—", "-", "−", "-", "…", "...",
		"\u00a0", " ", "\u202f", " ", "\u2009", " ", "\t", " ", "•", "*", "\u200b", "", "\ufeff", "").Replace(s)
}
