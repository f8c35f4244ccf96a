package core

import "strings"

// markRoom is what closing and opening marks again may take at both ends of a piece.
const markRoom = 8

// SplitMarked is Split for a channel that shows marks: where a cut goes through marked words, the marks are closed before and opened again after it.
func SplitMarked(text string, limit int, unit Unit) []string {
	spans := markSpans(text)
	if len(spans) == 0 || limit <= 4*markRoom || unit == UnitSegments || unit.within(strings.TrimSpace(text), limit) {
		return Split(text, limit, unit)
	}
	pieces, at := Split(text, limit-markRoom, unit), 0
	for i, piece := range pieces {
		from := at + strings.Index(text[at:], piece)
		at = from + len(piece)
		opens, closes := "", ""
		for _, s := range spans { // the outer ones come first
			if s.from < from && s.to > from {
				opens += s.mark
			}
			if s.from < at && s.to > at {
				closes = s.mark + closes
			}
		}
		pieces[i] = opens + piece + closes
	}
	return pieces
}

// markSpan is a marked piece of a text, without its marks.
type markSpan struct {
	mark     string
	from, to int
}

// markSpans finds what is marked, the outer before the inner.
func markSpans(text string) []markSpan {
	var all []markSpan
	for at := 0; at < len(text); {
		before, block, after, fenced := fence(text[at:])
		for _, line := range strings.SplitAfter(before, "\n") {
			all = append(all, lineSpans(strings.TrimSuffix(line, "\n"), "", at)...)
			at += len(line)
		}
		if fenced {
			end := len(text) - len(after)
			from := at + strings.Index(text[at:end], block)
			all = append(all, markSpan{"```", from, from + len(block)})
			at = end
		}
	}
	return all
}

func lineSpans(s, within string, offset int) []markSpan {
	var all []markSpan
	seek := seeker{s, within}
	for i := 0; i < len(s); i++ {
		if n := addressAt(s, i); n > 0 {
			i += n - 1
			continue
		}
		end := seek.closing(i)
		if end == 0 {
			continue
		}
		all = append(all, markSpan{s[i : i+1], offset + i + 1, offset + end})
		if s[i] != '`' {
			all = append(all, lineSpans(s[i+1:end], within+s[i:i+1], offset+i+1)...)
		}
		i = end
	}
	return all
}
