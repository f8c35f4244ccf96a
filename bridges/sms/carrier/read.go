package carrier

import (
	"encoding/base64"
	"encoding/hex"
	"mime"
	"net/url"
	urlpath "path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"causeway/core"
)

// text reads what a message says.
func (r *rule) text(s scope) string {
	said := s.get(r.Text)
	if r.Lines {
		said = strings.Join(s.list(r.Text), "\n")
	}
	for _, d := range r.Decode {
		if d.When.holds(s) {
			for _, step := range d.Steps {
				said = undone(said, step)
			}
			break
		}
	}
	if !utf8.ValidString(said) {
		said = undone(said, "latin1") // what is not UTF-8 is mostly this
	}
	return clean(said)
}

// undone takes one encoding off. What is not so encoded stays as it is.
func undone(s, step string) string {
	var raw []byte
	var err error
	switch step {
	case "percent":
		var v string
		v, err = url.QueryUnescape(s)
		raw = []byte(v)
	case "base64":
		raw, err = base64.StdEncoding.DecodeString(s)
	case "hex":
		raw, err = hex.DecodeString(s)
	case "latin1":
		return fromLatin(s)
	case "utf16be":
		return fromWide(s)
	case "gsm7":
		return fromGSM(s)
	}
	if err != nil {
		return s
	}
	return string(raw)
}

func fromLatin(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

func fromWide(s string) string {
	var units []uint16
	for i := 0; i+1 < len(s); i += 2 {
		units = append(units, uint16(s[i])<<8|uint16(s[i+1]))
	}
	return string(utf16.Decode(units))
}

// fromGSM reads unpacked GSM-7, one character a byte. A byte beyond it is none of that alphabet: then the text is something else already.
func fromGSM(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r > 0x7F }) {
		return s
	}
	basic := []rune(core.GSM7)
	escaped := map[byte]rune{0x0A: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2F: '\\', 0x3C: '[', 0x3D: '~', 0x3E: ']', 0x40: '|', 0x65: '€'}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == 0x1B && i+1 < len(s) {
			i++
			if r, ok := escaped[s[i]]; ok {
				b.WriteRune(r)
				continue
			}
		}
		b.WriteRune(basic[s[i]])
	}
	return b.String()
}

// Years that a message can be of: a time outside is misread.
const (
	firstYear = 2000
	lastYear  = 2100
)

// when reads a provider's time. One that cannot be read costs nothing but itself: the message has then come now.
func (l *link) when(s string) time.Time {
	s = strings.TrimSpace(s)
	if t, ok := clock(s); ok && t.Year() >= firstYear && t.Year() <= lastYear {
		return t.UTC()
	}
	return l.host.Now()
}

func clock(s string) (time.Time, bool) {
	if n, err := strconv.ParseFloat(s, 64); err == nil && len(s) != len("20060102150405") {
		given := n
		for n > 1e11 && given < 1e19 { // milli-, micro- or nanoseconds
			n /= 1000
		}
		return time.UnixMilli(int64(n * 1000)), n > 1e8 && given < 1e19
	}
	for _, layout := range layouts() {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func layouts() []string {
	return []string{time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05-0700", "2006-01-02 15:04:05 -0700",
		"2006-01-02 15:04:05", "2006-01-02 15:04", "20060102150405", time.RFC1123Z, time.RFC1123, "02/01/2006 15:04:05"}
}

func mimeByName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	kind, _, _ := strings.Cut(mime.TypeByExtension(strings.ToLower(urlpath.Ext(u.Path))), ";")
	if slices.Contains([]string{"", "text/html"}, kind) {
		return ""
	}
	return kind
}
