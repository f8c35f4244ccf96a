package forward

import (
	"strings"
	"unicode"
)

// direction is "rtl" or "ltr", whichever most of the letters are written in, and "" for text without letters.
func direction(s string) string {
	right, left := 0, 0
	for _, r := range s {
		switch {
		case !unicode.IsLetter(r):
		case rightToLeft(r):
			right++
		default:
			left++
		}
	}
	switch {
	case right == 0 && left == 0:
		return ""
	case right >= left:
		return "rtl"
	}
	return "ltr"
}

func rightToLeft(r rune) bool {
	return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Adlam, unicode.Samaritan, unicode.Mandaic)
}

// steer marks the lines of a plain text that a reader would set the wrong way round: mail programs go by a line's first letter.
func steer(text string) string {
	want := direction(text)
	if want == "" {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		first := firstLetter(line)
		switch {
		case first == 0:
		case want == "rtl" && !rightToLeft(first):
			lines[i] = "\u200f" + line
		case want == "ltr" && rightToLeft(first) && direction(line) == "ltr":
			lines[i] = "\u200e" + line
		}
	}
	return strings.Join(lines, "\n")
}

func firstLetter(s string) rune {
	for _, r := range s {
		if unicode.IsLetter(r) {
			return r
		}
	}
	return 0
}

// clean makes one short line of a text that others chose, for headers and sentences: no line breaks, no control characters, nothing that
// changes the direction of what follows.
func clean(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			return ' '
		case unicode.IsControl(r) || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f' || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	return shorten(strings.Join(strings.Fields(s), " "), most)
}

// shorten cuts a text to a number of characters, between words where it can.
func shorten(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	cut := most - 1
	for i := cut; i > most/2; i-- {
		if unicode.IsSpace(runes[i]) {
			cut = i
			break
		}
	}
	for cut > 0 && unicode.In(runes[cut], unicode.M, unicode.Variation_Selector) { // a mark belongs to what stands before it
		cut--
	}
	return strings.TrimSpace(string(runes[:cut])) + "…"
}
