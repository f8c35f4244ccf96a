package core

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is kept as people write it in chats: *bold*, _italic_, ~struck~, `code`, ```code on lines```, "> " before quoted lines, "- " or "1. " before
// those of a list, addresses as they are. Marks count only where people mean them: around words, on one line, and never within an address.

// MarkStyle is how a channel writes marked text: what stands before and after each kind, and how to write what would be taken for that.
type MarkStyle struct {
	Bold, Italic, Strike, Code, Block, Quote [2]string
	Escape                                   func(string) string         // nil: as it is
	Link                                     func(address string) string // nil: addresses are written like words
}

// HTMLMarks is marked text in the HTML that mail programs, browsers and Telegram agree on. Line breaks stay line breaks.
func HTMLMarks() MarkStyle {
	return MarkStyle{Bold: tag("b"), Italic: tag("i"), Strike: tag("s"), Code: tag("code"), Block: tag("pre"), Quote: tag("blockquote"),
		Escape: strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace}
}

// PageMarks is marked text in the HTML of a page or a mail: line breaks are elements, web addresses are links.
func PageMarks() MarkStyle {
	m := HTMLMarks()
	m.Block, m.Quote = m.Code, [2]string{}
	escape := m.Escape
	m.Escape = func(s string) string { return strings.ReplaceAll(escape(s), "\n", "<br>\n") }
	m.Link = pageLink
	return m
}

// pageLink writes a web address as a link, without the signs of a sentence behind it.
func pageLink(address string) string {
	bare := strings.TrimRight(address, ".,;:!?)]}\"'»”")
	if strings.Contains(bare, "(") && strings.HasPrefix(address[len(bare):], ")") {
		bare += ")"
	}
	href := bare
	if strings.HasPrefix(href, "www.") {
		href = "https://" + href
	}
	return `<a href="` + html.EscapeString(href) + `">` + html.EscapeString(bare) + "</a>" + html.EscapeString(address[len(bare):])
}

func tag(name string) [2]string { return [2]string{"<" + name + ">", "</" + name + ">"} }

// PlainText takes the marks out of a text, for channels that show none, and reports whether there were any. Quoted lines keep their sign.
func PlainText(s string) (plain string, marked bool) { return MarkStyle{}.Render(s) }

// Render writes a text in the style, and reports whether it has any marks.
func (m MarkStyle) Render(s string) (out string, marked bool) {
	w := markWriter{style: m}
	for rest := s; rest != ""; {
		before, block, after, fenced := fence(rest)
		w.lines(before)
		if fenced {
			w.marked = true
			w.text(m.Block[0])
			w.escaped(block)
			w.text(m.Block[1])
		}
		rest = after
	}
	return w.out.String(), w.marked
}

type markWriter struct {
	style  MarkStyle
	out    strings.Builder
	marked bool
}

func (w *markWriter) text(s string) { w.out.WriteString(s) }

func (w *markWriter) escaped(s string) {
	if w.style.Escape != nil {
		s = w.style.Escape(s)
	}
	w.out.WriteString(s)
}

// lines writes lines, those that start with "> " as a quotation where the style has one.
func (w *markWriter) lines(s string) {
	quoting, shows := false, w.style.Quote != [2]string{}
	for i, line := range strings.Split(s, "\n") {
		rest, quoted := strings.CutPrefix(line, "> ")
		quoted = shows && quoted && strings.TrimSpace(rest) != ""
		if quoting && !quoted {
			w.text(w.style.Quote[1])
		}
		if i > 0 {
			w.escaped("\n")
		}
		if quoted && !quoting {
			w.text(w.style.Quote[0])
		}
		if quoted {
			line, w.marked = rest, true
		}
		w.inline(line, "")
		quoting = quoted
	}
	if quoting {
		w.text(w.style.Quote[1])
	}
}

// inline writes one line, or a piece of it within marks.
func (w *markWriter) inline(s, within string) {
	seek := seeker{s, within}
	for i := 0; i < len(s); {
		if n := addressAt(s, i); n > 0 {
			w.address(s[i : i+n])
			i += n
			continue
		}
		if end := seek.closing(i); end > 0 {
			w.enclose(s[i], s[i+1:end], within)
			i = end + 1
			continue
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		w.escaped(s[i : i+n])
		i += n
	}
}

func (w *markWriter) address(s string) {
	if w.style.Link != nil {
		w.text(w.style.Link(s))
		return
	}
	w.escaped(s)
}

func (w *markWriter) enclose(mark byte, inner, within string) {
	w.marked = true
	around := map[byte][2]string{'*': w.style.Bold, '_': w.style.Italic, '~': w.style.Strike, '`': w.style.Code}[mark]
	w.text(around[0])
	if mark == '`' {
		w.escaped(inner)
	} else {
		w.inline(inner, within+string(mark))
	}
	w.text(around[1])
}

// fence finds the first block between two marks of three backticks.
func fence(s string) (before, block, after string, ok bool) {
	const mark = "```"
	before, rest, open := strings.Cut(s, mark)
	if !open {
		return s, "", "", false
	}
	block, after, ok = strings.Cut(rest, mark)
	if !ok || strings.TrimSpace(block) == "" {
		return s, "", "", false
	}
	return before, strings.Trim(block, "\r\n"), after, true
}

// addressAt returns the length of the web address that starts at i, zero if there is none.
func addressAt(s string, i int) int {
	rest := s[i:]
	if !strings.HasPrefix(rest, "http://") && !strings.HasPrefix(rest, "https://") && !strings.HasPrefix(rest, "www.") || !edgeBefore(s, i) {
		return 0
	}
	end := strings.IndexFunc(rest, unicode.IsSpace)
	if end < 0 {
		end = len(rest)
	}
	for end > 0 && strings.IndexByte("*_~`", rest[end-1]) >= 0 { // a mark around the address
		end--
	}
	return end
}

// seeker finds what marks enclose, going forward. Off are the marks that mean nothing any more: they are open already, or close nowhere. So the work
// stays in proportion to the text.
type seeker struct{ s, off string }

// closing returns where the mark that opens at i closes, zero if none does.
func (k *seeker) closing(i int) int {
	s, mark := k.s, k.s[i]
	if strings.IndexByte("*_~`", mark) < 0 || strings.IndexByte(k.off, mark) >= 0 || !edgeBefore(s, i) || i+1 >= len(s) || s[i+1] == mark {
		return 0
	}
	if r, _ := utf8.DecodeRuneInString(s[i+1:]); unicode.IsSpace(r) {
		return 0
	}
	for end := i + 2; end < len(s); end++ {
		if s[end] == mark && s[end-1] != mark && closesAt(s, end) {
			return end
		}
	}
	k.off += string(mark)
	return 0
}

// edgeBefore reports whether no word goes on over i.
func edgeBefore(s string, i int) bool {
	r, n := utf8.DecodeLastRuneInString(s[:i])
	return n == 0 || !inWord(r) && (i >= len(s) || byte(r) != s[i] || n > 1)
}

func closesAt(s string, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:end])
	after, n := utf8.DecodeRuneInString(s[end+1:])
	return !unicode.IsSpace(before) && (n == 0 || !inWord(after) && after != rune(s[end]))
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }
