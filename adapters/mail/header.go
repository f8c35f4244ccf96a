package mail

import (
	"encoding/base64"
	"fmt"
	"mime"
	netmail "net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"causeway/core"
	"causeway/core/forward"

	"github.com/emersion/go-message"
	"golang.org/x/net/idna"
)

// headerBuilder lays out header fields in the order in which they are added. It folds between words only, so that ids stay whole, and
// remembers the first field that it had to refuse.
type headerBuilder struct {
	lines [][]byte
	names map[string]bool
	err   error
}

const (
	softLine = 76
	hardLine = 998
)

// raw adds a field whose value is ASCII. An empty value adds nothing.
func (h *headerBuilder) raw(name, value string) {
	if value == "" || h.err != nil {
		return
	}
	if !fieldName(name) || !headerSafe(value) || !isASCII(value) {
		h.err = badField(name)
		return
	}
	line, err := fold(name, value)
	if err != nil {
		h.err = err
		return
	}
	if h.names == nil {
		h.names = map[string]bool{}
	}
	h.names[strings.ToLower(name)] = true
	h.lines = append(h.lines, line)
}

// text adds a field for people, in encoded words where it needs them.
func (h *headerBuilder) text(name, value string) {
	if !headerSafe(value) {
		h.fail(name)
		return
	}
	h.raw(name, encodeWords(value))
}

// extra adds a field of the caller's that is none of those written anyway.
func (h *headerBuilder) extra(name, value string) {
	lower := strings.ToLower(name)
	if h.names[lower] || strings.HasPrefix(lower, "content-") || lower == "mime-version" || lower == "bcc" || lower == "dkim-signature" {
		h.fail(name)
		return
	}
	if lower == "list-id" {
		h.list(name, value)
	} else {
		h.text(name, value)
	}
	delete(h.names, lower) // further ones may repeat
}

// list adds a name with an id in brackets behind it. Only the name is written in encoded words: filters look for the id.
func (h *headerBuilder) list(name, value string) {
	at := strings.LastIndexByte(value, '<')
	if at < 1 || !headerSafe(value) {
		h.text(name, value)
		return
	}
	h.raw(name, phrase(strings.TrimSpace(value[:at]))+" "+value[at:])
}

func (h *headerBuilder) fail(name string) {
	if h.err == nil {
		h.err = badField(name)
	}
}

// ids adds message ids in brackets. More than fit the header's line limit are folded.
func (h *headerBuilder) ids(name string, ids ...string) {
	var list []string
	for _, id := range ids {
		if id = strings.Trim(id, "<>"); id == "" {
			continue
		}
		if strings.ContainsAny(id, " \t<>") || !isASCII(id) {
			h.fail(name)
			return
		}
		list = append(list, "<"+id+">")
	}
	h.raw(name, strings.Join(list, " "))
}

// address adds a mailbox. An international domain is written in its ASCII form.
func (h *headerBuilder) address(name string, a forward.Address) {
	addr, err := asciiAddress(a.Address)
	switch {
	case err != nil && h.err == nil:
		h.err = err
	case !headerSafe(a.Name):
		h.fail(name)
	}
	h.raw(name, strings.TrimPrefix(phrase(a.Name)+" ", " ")+(&netmail.Address{Address: addr}).String())
}

// phrase is a name as it stands before an address: in quotes or encoded words where it needs them.
func phrase(name string) string {
	switch {
	case encodeWords(name) != name: // always base64: quoted-printable leaves brackets in, which end a phrase
		return base64Words(strings.ToValidUTF8(name, "\uFFFD"))
	case !atoms(name):
		return `"` + escapeQuoted(name) + `"`
	}
	return name
}

// build hands the fields to go-message, which wants the last one first.
func (h *headerBuilder) build() message.Header {
	var out message.Header
	for i := len(h.lines) - 1; i >= 0; i-- {
		out.AddRaw(h.lines[i])
	}
	return out
}

// asciiAddress refuses what is no plain local@domain.
func asciiAddress(address string) (string, error) {
	i := strings.LastIndexByte(address, '@')
	if i <= 0 || i == len(address)-1 || !headerSafe(address) || strings.ContainsAny(address, "<>\", \t") || !isASCII(address[:i]) {
		return "", core.Problemf(core.CodeInvalid, "%q is not a mail address that can be written to.", address)
	}
	domain, err := idna.Lookup.ToASCII(address[i+1:])
	if err != nil {
		if !isASCII(address[i+1:]) {
			return "", core.Problemf(core.CodeInvalid, "%q is not a mail address that can be written to.", address)
		}
		domain = address[i+1:] // an underscore or an address literal: the server decides
	}
	return address[:i+1] + domain, nil
}

func headerSafe(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 127 || r == 0x2028 || r == 0x2029 || r == 0x85 })
}

// atoms reports whether a display name needs no quotes.
func atoms(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r != ' ' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
	}) && strings.TrimSpace(s) == s
}

// encodeWords writes text as RFC 2047 words if it is not plain ASCII, in the shorter of the two encodings. What looks like an encoded word
// is encoded too, so that it is shown as it was meant.
func encodeWords(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if isASCII(s) && !strings.Contains(s, "=?") && !longWord(s) {
		return s
	}
	high := 0
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			high++
		}
	}
	enc := mime.QEncoding
	if high*4 > len(s) {
		enc = mime.BEncoding
	}
	if out := enc.Encode("utf-8", s); out != s {
		return out
	}
	return base64Words(s) // ASCII that only looks like an encoded word, or has no place to fold
}

// base64Words encodes whatever the text is.
func base64Words(s string) string {
	var words []string
	for len(s) > 0 {
		n := min(len(s), 42)
		for n < len(s) && n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, " ")
}

func longWord(s string) bool {
	for word := range strings.FieldsSeq(s) {
		if len(word) > hardLine-78 {
			return true
		}
	}
	return false
}

// fold breaks a field between words into lines of at most 76 characters where the words allow it.
func fold(name, value string) ([]byte, error) {
	out := []byte(name + ":")
	column := len(out)
	for i, word := range strings.Split(value, " ") {
		if len(word)+len(name)+2 > hardLine {
			return nil, fmt.Errorf("the %s holds a word of %d characters, more than a line can carry", name, len(word))
		}
		if i > 0 && word != "" && column+1+len(word) > softLine {
			out = append(out, "\r\n"...)
			column = 0
		}
		out = append(append(out, ' '), word...)
		column += 1 + len(word)
	}
	return append(out, "\r\n"...), nil
}
