package telegram

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf16"
)

// Formatting is kept as people write it in chats: *bold*, _italic_, ~struck~, `code`, ```code on lines```, "> " before quoted lines. A link behind
// words is written behind them. What has no such mark (underline, spoiler, mentions) is kept as plain words.

// marked writes a text's entities as marks. Entities that do not fit the text are left out.
func marked(t text, entities []entity) string {
	units := utf16.Encode([]rune(string(t)))
	entities = slices.Clone(entities)
	slices.SortStableFunc(entities, func(a, b entity) int { return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(b.Length, a.Length)) })
	w := marker{units: units, before: map[int]string{}, after: map[int]string{}}
	for _, e := range entities {
		from, to := int(e.Offset), int(e.Offset+e.Length)
		if e.Offset >= 0 && e.Length > 0 && e.Offset < number(len(units)) && e.Length <= number(len(units)) && to <= len(units) {
			w.mark(e, from, to)
		}
	}
	return w.write()
}

// marker gathers what to write before and after positions of a text.
type marker struct {
	units         []uint16
	before, after map[int]string // opening and closing marks
}

func (w *marker) mark(e entity, from, to int) {
	switch e.Type {
	case "bold":
		w.lines("*", from, to)
	case "italic":
		w.lines("_", from, to)
	case "strikethrough":
		w.lines("~", from, to)
	case "code":
		if !slices.Contains(w.units[from:to], '`') {
			w.lines("`", from, to)
		}
	case "pre":
		if !strings.Contains(w.text(from, to), "```") {
			w.span("```", from, to)
		}
	case "blockquote", "expandable_blockquote":
		w.before[from] += "> "
		for i := from; i < to-1; i++ {
			if w.units[i] == '\n' {
				w.before[i+1] = "> " + w.before[i+1]
			}
		}
	case "text_link":
		if shown := w.text(from, to); e.URL != "" && strings.TrimRight(shown, "/") != strings.TrimRight(string(e.URL), "/") {
			w.after[to] += " (" + string(e.URL) + ")"
		}
	}
}

func (w *marker) text(from, to int) string { return string(utf16.Decode(w.units[from:to])) }

// span puts a mark around a span, without the white space at its ends.
func (w *marker) span(mark string, from, to int) {
	for from < to && blank(w.units[from]) {
		from++
	}
	for from < to && blank(w.units[to-1]) {
		to--
	}
	if from < to {
		w.before[from] += mark
		w.after[to] = mark + w.after[to]
	}
}

func blank(u uint16) bool { return u == ' ' || u == '\n' || u == '\t' || u == '\r' }

// lines puts a mark around each line of a span: marks do not reach over the end of a line.
func (w *marker) lines(mark string, from, to int) {
	for start, i := from, from; i <= to; i++ {
		if i == to || w.units[i] == '\n' {
			w.span(mark, start, i)
			start = i + 1
		}
	}
}

func (w *marker) write() string {
	var s strings.Builder
	start := 0
	flush := func(to int) {
		s.WriteString(string(utf16.Decode(w.units[start:to])))
		start = to
	}
	for i := 0; i <= len(w.units); i++ {
		if w.after[i] == "" && w.before[i] == "" {
			continue
		}
		flush(i)
		s.WriteString(w.after[i])
		s.WriteString(w.before[i])
	}
	flush(len(w.units))
	return s.String()
}
