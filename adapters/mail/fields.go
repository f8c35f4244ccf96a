package mail

import (
	"bytes"
	"net/textproto"
	"strings"
)

// field is one header field: a canonical name and the value, unfolded but not decoded.
type field struct {
	name  string
	value string
}

// fields are a header in the order of the mail.
type fields []field

// get returns the first value of a canonical name.
func (f fields) get(name string) string {
	for _, one := range f {
		if one.name == name {
			return one.value
		}
	}
	return ""
}

func (f fields) all(name string) []string {
	var out []string
	for _, one := range f {
		if one.name == name {
			out = append(out, one.value)
		}
	}
	return out
}

// maxHeader bounds one header block.
const maxHeader = 256 << 10

// headerScan reads a header block.
type headerScan struct {
	raw   []byte
	stop  func(line []byte) bool // a boundary ends a header too; may be nil
	found fields
	value []byte // of the field being read
	name  string
	stray int // where the first line that is no field begins, -1 without one
}

// scanHeader returns the fields and where the body starts. Lines that are no field are dropped, as long as a blank line ends the header;
// without one the first such line begins the body.
func scanHeader(raw []byte, part bool, stop func(line []byte) bool) (fields, int, error) {
	s := headerScan{raw: raw, stop: stop, stray: -1}
	body, blank := s.run()
	s.end()
	if s.stray >= 0 && (!blank || part && len(s.found) == 0) && s.stray <= maxHeader {
		return s.found, s.stray, nil
	}
	if body > maxHeader {
		return nil, 0, tooComplex("its header is larger than %d KB", maxHeader>>10)
	}
	return s.found, body, nil
}

func (s *headerScan) run() (body int, blank bool) {
	for pos := 0; pos < len(s.raw); {
		next := lineEnd(s.raw, pos)
		line := trimEOL(s.raw[pos:next])
		if len(line) == 0 {
			return next, true
		}
		if s.stop != nil && s.stop(line) {
			return pos, false
		}
		if next > maxHeader {
			return next, false
		}
		s.line(line, pos)
		pos = next
	}
	return len(s.raw), false
}

func (s *headerScan) line(line []byte, pos int) {
	if line[0] == ' ' || line[0] == '\t' {
		if s.name != "" {
			s.value = append(append(s.value, ' '), bytes.TrimSpace(line)...)
		}
		return
	}
	s.end()
	name, value, ok := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !ok || !fieldName(name) {
		if s.stray < 0 {
			s.stray = pos
		}
		return
	}
	s.name = textproto.CanonicalMIMEHeaderKey(string(name))
	s.value = append(s.value[:0], bytes.TrimSpace(value)...)
}

func (s *headerScan) end() {
	if s.name != "" {
		s.found = append(s.found, field{s.name, string(s.value)})
	}
	s.name, s.value = "", s.value[:0]
}

func fieldName[T string | []byte](name T) bool {
	for i := 0; i < len(name); i++ {
		if name[i] <= ' ' || name[i] >= 127 || name[i] == ':' {
			return false
		}
	}
	return len(name) > 0
}

// lineEnd returns where the line after the one at pos begins.
func lineEnd(b []byte, pos int) int {
	if i := bytes.IndexByte(b[pos:], '\n'); i >= 0 {
		return pos + i + 1
	}
	return len(b)
}

func trimEOL(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}

// front removes what stands before a mail in mailboxes and exports: a byte order mark, blank lines, an mbox "From " line. A mail whose
// lines end in bare CR gets real ends.
func front(raw []byte) []byte {
	raw = bytes.TrimPrefix(raw, []byte("\xEF\xBB\xBF"))
	if bytes.IndexByte(raw, '\n') < 0 && bytes.IndexByte(raw, '\r') >= 0 {
		raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n"))
	}
	raw = bytes.TrimLeft(raw, "\r\n")
	for bytes.HasPrefix(raw, []byte("From ")) || bytes.HasPrefix(raw, []byte(">From ")) {
		raw = raw[lineEnd(raw, 0):]
	}
	return raw
}

// decodedHeader is the header for Incoming.
func decodedHeader(f fields) map[string][]string {
	out := make(map[string][]string, len(f))
	for _, one := range f {
		out[one.name] = append(out[one.name], decodeWords(one.value))
	}
	return out
}

// messageIDs takes the ids out of a References or In-Reply-To value: what stands in angles or, where there are none, each word with an @.
func messageIDs(values []string) []string {
	var out []string
	for _, v := range values {
		angles := 0
		for rest := v; ; angles++ {
			_, after, ok := strings.Cut(rest, "<")
			id, tail, closed := strings.Cut(after, ">")
			if !ok || !closed {
				break
			}
			if id = strings.TrimSpace(id); id != "" {
				out = append(out, id)
			}
			rest = tail
		}
		if angles > 0 {
			continue
		}
		for _, word := range strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' }) {
			if strings.Contains(word, "@") {
				out = append(out, strings.Trim(word, "<>"))
			}
		}
	}
	return out
}
