package core

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Len counts text in the unit.
func (u Unit) Len(s string) int {
	switch u {
	case UnitBytes:
		return len(s)
	case UnitUTF16:
		n := 0
		for _, r := range s {
			n++
			if r > 0xFFFF {
				n++
			}
		}
		return n
	case UnitSegments:
		return CountSegments(s).Count
	default:
		return utf8.RuneCountInString(s)
	}
}

// tally returns a function that takes a text piece by piece and returns how much there is so far. What SMS count is no sum.
func (u Unit) tally() func(piece string) int {
	if u == UnitSegments {
		var p packing
		return func(piece string) int {
			for _, r := range piece {
				p.add(r)
			}
			return p.count()
		}
	}
	n := 0
	return func(piece string) int { n += u.Len(piece); return n }
}

// reach is a number of bytes that is certainly more than a limit lets through.
func (u Unit) reach(limit int) int {
	if u == UnitSegments {
		return 2*gsmAlone*limit + 64 // no character takes more than two bytes a septet, or three a UTF-16 unit
	}
	return 4*limit + 64
}

// within reports whether s has at most limit units, looking no further than it must: Split stays linear.
func (u Unit) within(s string, limit int) bool {
	if len(s) <= limit {
		return true // no unit is smaller than a byte
	}
	if u == UnitBytes {
		return false
	}
	if u == UnitSegments {
		return len(s) <= u.reach(limit) && u.Len(s) <= limit
	}
	n := 0
	for _, r := range s {
		if n++; u == UnitUTF16 && r > 0xFFFF {
			n++
		}
		if n > limit {
			return false
		}
	}
	return true
}

// Split cuts text into pieces of at most limit units, between paragraphs where it can, else between lines, sentences, words, and at worst
// between graphemes; only a grapheme longer than the limit is cut inside, between its code points. The white space at a cut is dropped. A limit of zero or less means
// no limit. Text without anything but white space gives no piece.
func Split(text string, limit int, unit Unit) []string {
	var pieces []string
	for rest := strings.TrimSpace(text); rest != ""; {
		if limit <= 0 || unit.within(rest, limit) {
			return append(pieces, rest)
		}
		cut := cutPoint(rest, limit, unit)
		if piece := strings.TrimRight(rest[:cut], " \t\r\n"); piece != "" {
			pieces = append(pieces, piece)
		}
		rest = strings.TrimLeft(rest[cut:], " \t\r\n")
	}
	return pieces
}

// cutPoint returns the byte offset, above zero, at which to cut text that is too long.
func cutPoint(text string, limit int, unit Unit) int {
	head := text[:fitting(text, limit, unit)]
	for _, sep := range []string{"\n\n", "\n", ". ", "! ", "? ", "。", "؟ ", " "} {
		// A cut in the first half would make many short pieces where a later, weaker one makes few.
		if i := strings.LastIndex(head, sep); i > len(head)/2 && whole(text, i+len(sep)) {
			return i + len(sep)
		}
	}
	return len(head)
}

// whole reports whether a cut at the offset leaves graphemes whole: a mark that joins what stands before it must not begin a piece.
func whole(text string, at int) bool {
	r, _ := utf8.DecodeRuneInString(text[at:])
	return at >= len(text) || !unicode.Is(unicode.M, r) && r != '\u200d' && !unicode.Is(unicode.Variation_Selector, r)
}

// fitting returns the length in bytes of the longest run of whole graphemes at the start of text that is within limit; if not even the
// first grapheme is, that of its longest run of whole runes, at least one.
func fitting(text string, limit int, unit Unit) int {
	text = text[:min(len(text), unit.reach(limit))] // more can never fit, and one endless grapheme must not be read again and again
	end, state, used := 0, -1, unit.tally()
	for rest := text; rest != ""; {
		var g string
		g, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used(g) > limit {
			break
		}
		end += len(g)
	}
	if end > 0 {
		return end
	}
	used = unit.tally()
	for i, r := range text {
		if used(string(r)) > limit && i > 0 {
			return i
		}
	}
	return len(text)
}
