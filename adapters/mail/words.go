package mail

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// decodeWords reads a header value as people see it: raw bytes above ASCII by guess, RFC 2047 words decoded, control characters gone.
// Neighbouring words of one charset are joined before decoding, since senders cut inside characters.
func decodeWords(raw string) string {
	if !isASCII(raw) && !utf8.ValidString(raw) {
		raw = decodeText([]byte(raw), "")
	}
	if !strings.Contains(raw, "=?") {
		return printable(raw)
	}
	var out strings.Builder
	var run encodedRun
	for len(raw) > 0 {
		start := strings.Index(raw, "=?")
		if start < 0 {
			break
		}
		word, size := cutWord(raw[start:])
		if size == 0 {
			run.flush(&out)
			out.WriteString(raw[:start+2])
			raw = raw[start+2:]
			continue
		}
		if gap := raw[:start]; !run.open || strings.TrimSpace(gap) != "" {
			run.flush(&out)
			out.WriteString(gap)
		}
		run.add(&out, word)
		raw = raw[start+size:]
	}
	run.flush(&out)
	out.WriteString(raw)
	return printable(out.String())
}

type encodedWord struct {
	charset string
	data    []byte
}

// encodedRun collects the bytes of neighbouring words of one charset.
type encodedRun struct {
	open    bool
	charset string
	data    []byte
}

func (r *encodedRun) add(out *strings.Builder, w encodedWord) {
	if r.open && !strings.EqualFold(r.charset, w.charset) {
		r.flush(out)
	}
	r.open, r.charset = true, w.charset
	r.data = append(r.data, w.data...)
}

func (r *encodedRun) flush(out *strings.Builder) {
	if r.open {
		out.WriteString(decodeText(r.data, r.charset))
	}
	r.open, r.data = false, r.data[:0]
}

// maxWord bounds the search for a word's end, so that many beginnings without an end stay cheap.
const maxWord = 4096

// cutWord reads the encoded word that s begins with and its length, 0 if there is none.
func cutWord(s string) (encodedWord, int) {
	rest := s[2:min(len(s), maxWord)]
	label, rest, ok := strings.Cut(rest, "?")
	if !ok || label == "" || len(label) > 60 || len(rest) < 2 || rest[1] != '?' {
		return encodedWord{}, 0
	}
	kind, text := rest[0], rest[2:]
	end := strings.Index(text, "?=")
	if end < 0 {
		return encodedWord{}, 0
	}
	size := 2 + len(label) + 1 + 2 + end + 2
	label, _, _ = strings.Cut(label, "*") // RFC 2231 lets a language follow
	switch kind {
	case 'B', 'b':
		return encodedWord{label, decodeBase64([]byte(text[:end]))}, size
	case 'Q', 'q':
		return encodedWord{label, decodeQuoted([]byte(strings.ReplaceAll(text[:end], "_", " ")))}, size
	}
	return encodedWord{}, 0
}

// printable drops control characters: a header is one line, and a NUL or an escape in a name is there to deceive.
func printable(s string) string {
	clean := func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}
	return strings.TrimSpace(strings.ToValidUTF8(strings.Map(clean, s), "\uFFFD"))
}
