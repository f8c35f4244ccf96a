package cut

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ink says how a line goes on from a place: the signs of the elements that are open there.
type ink struct {
	at    int
	signs string
}

func signOf(name string) string {
	switch name {
	case "b", "strong":
		return "*"
	case "i", "em":
		return "_"
	default: // s, strike, del
		return "~"
	}
}

// ink notes with which signs the next letter of the current line is written.
func (t *typesetter) ink() {
	signs := t.now().signs
	if n := len(t.inks); n == 0 && signs == "" || n > 0 && t.inks[n-1].signs == signs {
		return
	}
	t.inks = append(t.inks, ink{t.cur.Len(), signs})
}

// stretch is a part of a line between two marks.
type stretch struct {
	sign     byte
	from, to int
}

// marked writes a line with its marks. It is empty if there are none that would be read as such, or the line is a command.
func marked(raw string, inks []ink) string {
	if len(inks) == 0 || strings.HasPrefix(strings.TrimSpace(raw), "#") {
		return ""
	}
	var all []stretch
	for _, sign := range []byte("*_~") {
		for _, s := range stretches(raw, inks, sign) {
			if s.sound(raw) && !slices.ContainsFunc(all, s.crosses) {
				all = append(all, s)
			}
		}
	}
	return insert(raw, all)
}

// stretches finds the parts of a line that are written with a sign, without the spaces at their ends.
func stretches(raw string, inks []ink, sign byte) []stretch {
	var all []stretch
	for i := 0; i < len(inks); i++ {
		if strings.IndexByte(inks[i].signs, sign) < 0 {
			continue
		}
		s := stretch{sign, min(inks[i].at, len(raw)), len(raw)}
		for i++; i < len(inks); i++ {
			if strings.IndexByte(inks[i].signs, sign) < 0 {
				s.to = min(inks[i].at, len(raw))
				break
			}
		}
		s.from += len(raw[s.from:s.to]) - len(strings.TrimLeft(raw[s.from:s.to], " "))
		s.to -= len(raw[s.from:s.to]) - len(strings.TrimRight(raw[s.from:s.to], " "))
		all = append(all, s)
	}
	return all
}

// sound reports whether marks around a stretch would be read as marks: not within a word, around an address, or around the sign itself.
func (s stretch) sound(raw string) bool {
	inner := raw[s.from:s.to]
	before, _ := utf8.DecodeLastRuneInString(raw[:s.from])
	after, _ := utf8.DecodeRuneInString(raw[s.to:])
	return strings.ContainsFunc(inner, inWord) && strings.IndexByte(inner, s.sign) < 0 && !strings.Contains(inner, "://") && !inWord(before) && !inWord(after) &&
		before != rune(s.sign) && after != rune(s.sign)
}

func (s stretch) crosses(o stretch) bool {
	return s.from < o.from && o.from < s.to && s.to < o.to || o.from < s.from && s.from < o.to && o.to < s.to
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// insert writes the marks into a line: where several begin or end at one place, those of the longer stretch outside.
func insert(raw string, all []stretch) string {
	if len(all) == 0 {
		return ""
	}
	slices.SortStableFunc(all, func(a, b stretch) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	var b strings.Builder
	for i := 0; i <= len(raw); i++ {
		for k := len(all) - 1; k >= 0; k-- {
			if all[k].to == i {
				b.WriteByte(all[k].sign)
			}
		}
		for _, s := range all {
			if s.from == i {
				b.WriteByte(s.sign)
			}
		}
		if i < len(raw) {
			b.WriteByte(raw[i])
		}
	}
	return b.String()
}
