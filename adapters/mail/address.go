package mail

import (
	"strings"

	"causeway/core/forward"
)

// parseAddresses reads an address list the way mail programs write it. It hides nothing: whatever stands where an address may stand and
// has an @ comes out as an address of its own, so that a second one cannot slip past a check for exactly one.
func parseAddresses(raw string) []forward.Address {
	l := addressLexer{in: raw}
	for l.pos < len(l.in) {
		l.step()
	}
	l.flush()
	return l.out
}

// addressLexer walks over one header value. Phrase is what stands outside angles, loose the same without quoted parts.
type addressLexer struct {
	in  string
	pos int
	out []forward.Address

	phrase, loose, comment strings.Builder
	angle                  string
	hasAngle               bool
	carried                string // a name cut off by a comma that should have been quoted
}

func (l *addressLexer) step() {
	c := l.in[l.pos]
	l.pos++
	switch c {
	case '"':
		l.phrase.WriteString(l.quoted())
		l.loose.WriteByte('"')
	case '(':
		l.comment.WriteString(l.nested())
	case '<':
		if l.hasAngle {
			l.flush()
		}
		end := strings.IndexByte(l.in[l.pos:], '>')
		if end < 0 {
			end = len(l.in) - l.pos
		}
		l.angle, l.hasAngle = strings.TrimSpace(l.in[l.pos:l.pos+end]), true
		l.pos = min(l.pos+end+1, len(l.in))
	case ',', ';':
		l.flush()
	case ':':
		l.group()
	case '=':
		l.word()
	default:
		l.phrase.WriteByte(c)
		l.loose.WriteByte(c)
	}
}

// word takes an encoded word whole: brackets and commas inside it are text.
func (l *addressLexer) word() {
	size := 1
	if strings.HasPrefix(l.in[l.pos:], "?") {
		if _, n := cutWord(l.in[l.pos-1:]); n > 0 {
			size = n
		}
	}
	word := l.in[l.pos-1 : l.pos-1+size]
	l.phrase.WriteString(word)
	l.loose.WriteString(strings.ReplaceAll(word, "@", "."))
	l.pos += size - 1
}

// group drops the name of a group ("Team: a@x, b@y;"), but not what has an @ in it.
func (l *addressLexer) group() {
	if l.hasAngle || strings.Contains(l.loose.String(), "@") {
		l.flush()
		return
	}
	l.reset()
}

func (l *addressLexer) quoted() string {
	var out strings.Builder
	for l.pos < len(l.in) {
		c := l.in[l.pos]
		l.pos++
		switch {
		case c == '"':
			return out.String()
		case c == '\\' && l.pos < len(l.in):
			out.WriteByte(l.in[l.pos])
			l.pos++
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// nested reads a comment, which may hold comments, up to its end.
func (l *addressLexer) nested() string {
	start, depth := l.pos, 1
	for l.pos < len(l.in) {
		c := l.in[l.pos]
		l.pos++
		switch c {
		case '\\':
			l.pos = min(l.pos+1, len(l.in))
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return l.in[start : l.pos-1]
			}
		}
	}
	return l.in[start:l.pos]
}

// flush ends one entry.
func (l *addressLexer) flush() {
	phrase, loose := strings.TrimSpace(l.phrase.String()), l.loose.String()
	switch {
	case l.hasAngle && (strings.Contains(l.angle, "@") || !strings.Contains(loose, "@")):
		l.add(phrase, l.angle)
	case strings.Contains(loose, "@"):
		l.addLoose(phrase, loose)
	case strings.Contains(phrase, "@"): // "local part"@domain without angles, or nothing but quotes
		l.add("", phrase)
	case phrase != "":
		l.carried = strings.TrimPrefix(l.carried+", "+phrase, ", ")
	}
	l.reset()
}

// addLoose takes the words with an @ of an entry without angles, each as an address.
func (l *addressLexer) addLoose(phrase, loose string) {
	if strings.Contains(loose, `"`) {
		l.add("", phrase)
		return
	}
	for _, word := range strings.Fields(loose) {
		if strings.Contains(word, "@") {
			l.add("", word)
		}
	}
}

func (l *addressLexer) add(name, address string) {
	if i := strings.LastIndexByte(address, ':'); i >= 0 && strings.HasPrefix(address, "@") {
		address = address[i+1:] // an obsolete route
	}
	if l.carried != "" && name != "" {
		name = l.carried + ", " + name
	}
	if name == "" {
		name = l.comment.String()
	}
	l.out = append(l.out, forward.Address{Name: decodeWords(name), Address: printable(address)})
	l.carried = ""
}

func (l *addressLexer) reset() {
	l.phrase.Reset()
	l.loose.Reset()
	l.comment.Reset()
	l.angle, l.hasAngle = "", false
}
