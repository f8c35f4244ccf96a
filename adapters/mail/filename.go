package mail

import (
	"fmt"
	"mime"
	"strings"
	"unicode"
	"unicode/utf8"
)

// fileName cleans the name of a file for a mail: no folders, no control or direction characters that disguise an ending, at most 200 bytes
// with the ending kept.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '/' || r == '\\':
			return '_'
		case unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	name = strings.TrimSpace(name)
	if len(name) <= 200 {
		return name
	}
	ending := ""
	if i := strings.LastIndexByte(name, '.'); i >= len(name)-20 {
		name, ending = name[:i], name[i:]
	}
	cut := 200 - len(ending)
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + ending
}

// legacyName is the name parameter of a Content-Type, as the encoded words that old Outlooks read.
func legacyName(name string) string {
	if name == "" {
		return ""
	}
	if isASCII(name) {
		return `; name="` + escapeQuoted(name) + `"`
	}
	return `; name="` + mime.BEncoding.Encode("utf-8", name) + `"`
}

// modernName is the filename parameter of RFC 2231, in pieces so that no line grows long.
func modernName(name string) string {
	if name == "" {
		return ""
	}
	if isASCII(name) {
		return `; filename="` + escapeQuoted(name) + `"`
	}
	var out, part strings.Builder
	part.WriteString("utf-8''")
	n := 0
	for i := 0; i < len(name); i++ {
		if c := name[i]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_' {
			part.WriteByte(c)
		} else {
			fmt.Fprintf(&part, "%%%02X", c)
		}
		if part.Len() >= 54 {
			fmt.Fprintf(&out, "; filename*%d*=%s", n, part.String())
			part.Reset()
			n++
		}
	}
	if part.Len() > 0 {
		fmt.Fprintf(&out, "; filename*%d*=%s", n, part.String())
	}
	return out.String()
}

func escapeQuoted(s string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) }
