package cut

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// element is an open HTML element, with what holds inside it.
type element struct {
	name   string
	depth  int
	zone   int
	marks  mark
	list   int // depth of lists
	number int // of the next item of an ordered list, zero in others
	hidden bool
	pre    bool
	tight  bool // paragraphs have no space between them
	bullet bool // Word's imitation of a list sign
	href   string
	linkAt int    // where the text of the link starts in the current line, if it is still the same
	ahead  int    // what was written on the lines before
	signs  string // by which what is written in it is marked: "*" for bold
}

// typesetter turns HTML into lines without building a tree, so that neither deep nor crooked nesting costs more than its length.
type typesetter struct {
	p       *page
	stack   []element
	cur     strings.Builder
	at      element // the element in which the current line's first text stands
	any     bool    // the current line holds something, if only a hard space
	space   bool    // a space is due
	indent  int     // hard spaces, and spaces among them, before the first word of the line
	gap     bool    // a blank line is due
	from    bool    // the next line is the first of the quote
	top     bool    // the next line is under a ruled edge
	under   bool    // the next line is the first of a signature
	autosig bool    // Outlook's signature has begun
	zones   int
	total   int  // bytes on the lines that are done
	tight   bool // the style sheet takes the space between paragraphs away
	inks    []ink
}

// readHTML makes lines of an HTML part.
func readHTML(source string) *page {
	t := &typesetter{p: &page{rich: true}, stack: []element{{}}}
	if strings.TrimSpace(source) == "" {
		return t.p
	}
	z := html.NewTokenizer(strings.NewReader(source))
	for t.total < maxText {
		switch z.Next() {
		case html.ErrorToken:
			t.flush()
			return t.p
		case html.TextToken:
			t.text(string(z.Text()))
		case html.StartTagToken:
			t.open(tagOf(z), false)
		case html.SelfClosingTagToken:
			t.open(tagOf(z), true)
		case html.EndTagToken:
			name, _ := z.TagName()
			t.close(atom.Lookup(name).String())
		case html.CommentToken, html.DoctypeToken:
		}
	}
	t.flush()
	t.p.doubts("too long")
	return t.p
}

func (t *typesetter) now() *element { return &t.stack[len(t.stack)-1] }

func (t *typesetter) open(g tag, closed bool) {
	switch g.name {
	case "br":
		t.newline()
		t.under = t.under || hasAny(g.known, underNames())
		return
	case "hr":
		t.rule(g)
		return
	case "img":
		t.picture(g.src)
		t.image(g.alt)
		return
	case "input", "meta", "link", "col", "area", "base", "wbr", "embed", "source", "track", "param":
		return
	}
	if closed && g.name == "" {
		return // <o:p/>
	}
	t.imply(g.name)
	e := *t.now()
	e.name, e.href, e.bullet = g.name, "", false
	e.tight = e.tight || t.tight || g.name == "p" && isTight(g)
	if isBlock(g.name) {
		t.block(g.name == "p" && !e.tight)
	}
	t.place(&e, g)
	t.judge(&e, g)
	t.stack = append(t.stack, e)
}

// imply closes elements that a start tag closes without saying so.
func (t *typesetter) imply(name string) {
	top := t.now().name
	if top == "p" && isBlock(name) || top == "li" && name == "li" || (top == "td" || top == "th") && (name == "td" || name == "th" || name == "tr") {
		t.close(top)
	}
}

// place sets what an element of HTML itself means.
func (t *typesetter) place(e *element, g tag) {
	switch g.name {
	case "head", "style", "script", "title", "template", "noscript", "select", "svg", "object":
		e.hidden = true
	case "body", "html":
		e.hidden = false
	case "pre", "textarea":
		e.pre = true
	case "ul", "ol":
		e.list++
		e.number = 0
		if g.name == "ol" {
			e.number = max(1, atoi(g.start))
		}
	case "li":
		t.item(e)
	case "td", "th":
		t.space = t.any
	case "a":
		e.href, e.linkAt, e.ahead = g.href, t.cur.Len(), t.total
	case "b", "strong", "i", "em", "s", "strike", "del":
		if sign := signOf(g.name); !strings.Contains(e.signs, sign) { // bold in bold is bold
			e.signs += sign
		}
	case "span":
		e.bullet = strings.Contains(g.style, "mso-list:ignore")
	}
	if strings.Contains(g.style, "display:none") || strings.Contains(g.style, "mso-hide:all") {
		e.hidden = true
	}
	e.pre = e.pre || strings.Contains(g.style, "white-space:pre")
}

// item writes the sign of a list item.
func (t *typesetter) item(e *element) {
	list := t.now()
	sign := "- "
	if list.number > 0 {
		sign = strconv.Itoa(list.number) + ". "
		list.number++
	}
	t.begin()
	t.cur.WriteString(strings.Repeat("  ", max(0, min(e.list, 8)-1)) + sign)
	t.space = false
}

// judge sets what an element means to mail programs.
func (t *typesetter) judge(e *element, g tag) {
	k := g.known
	switch {
	case g.name == "blockquote":
		if isQuoteElement(g) {
			e.depth++
			if g.typ == "cite" || strings.Contains(k, "quote") {
				e.marks |= markSurely
			}
		}
	case k == "" || g.name == "a" || g.name == "body" || g.name == "html":
	case hasAny(k, introNames()):
		e.marks |= markIntro
	case hasAny(k, fromNames()):
		t.from = true
	case hasAny(k, quoteNames()):
		if e.zone == 0 {
			t.zones++
			e.zone = t.zones
		}
	case hasAny(k, signatureNames()):
		e.marks |= markSign
	}
	if isTop(g.style) {
		t.top = true
	}
	if !t.autosig && (hasAny(k, underNames()) || strings.Contains(g.style, "mso-bookmark:_mailautosig")) {
		t.under, t.autosig = true, true // it begins once, and every part of it says so
	}
}

// close ends the innermost element of a name, and those left open in it. A stray end tag does nothing.
func (t *typesetter) close(name string) {
	const far = 100
	if name == "br" || name == "p" && t.now().name != "p" && isBlock(t.now().name) {
		return
	}
	for i := len(t.stack) - 1; i > 0 && i > len(t.stack)-far; i-- {
		if t.stack[i].name != name {
			continue
		}
		e := t.stack[i]
		if e.href != "" {
			t.link(e)
		}
		t.stack = t.stack[:i]
		if isBlock(name) {
			t.block(name == "p" && !e.tight || (name == "ul" || name == "ol") && t.now().list == 0)
		}
		return
	}
}

// link writes the address behind a link after its text, unless the text says it already.
func (t *typesetter) link(e element) {
	if e.ahead != t.total || e.hidden || e.linkAt > t.cur.Len() {
		return
	}
	shown := strings.TrimSpace(t.cur.String()[e.linkAt:])
	lower := strings.ToLower(e.href)
	if shown == "" || !strings.HasPrefix(lower, "http:") && !strings.HasPrefix(lower, "https:") || strings.ContainsAny(e.href, " \n\t<>") || len(e.href) > 2000 {
		return
	}
	if bare(shown) == bare(e.href) || strings.Contains(shown, "://") && !strings.Contains(shown, " ") {
		return
	}
	t.cur.WriteString(" (" + e.href + ")")
}

// bare is an address without scheme and final slash.
func bare(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	s = strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
	return strings.TrimSuffix(strings.TrimPrefix(s, "www."), "/")
}

// image writes pictures that stand for a character: emoji.
func (t *typesetter) image(alt string) {
	if alt == "" || len(alt) > 32 || t.now().hidden {
		return
	}
	for _, r := range alt {
		if unicode.IsLetter(r) || unicode.IsDigit(r) && r < 0x80 || r < 0x80 {
			return
		}
	}
	t.write(alt)
}

func (t *typesetter) rule(g tag) {
	t.block(false)
	if hasAny(g.known, []string{"stopspelling", "zwchr"}) {
		t.from = true
		return
	}
	if t.now().hidden {
		return
	}
	t.begin()
	t.cur.WriteString("----------")
	t.at.marks |= markRule
	t.block(false)
}

// block ends the line before or after a block element; spaced asks for a blank line.
func (t *typesetter) block(spaced bool) {
	if t.any {
		t.flush()
	}
	t.gap = t.gap || spaced
	t.space = false
}

// newline is a line break that was asked for.
func (t *typesetter) newline() {
	if t.now().hidden {
		return
	}
	if !t.any {
		t.at = *t.now()
		t.at.name = "br" // so that the blank line counts outside of any element, too
	}
	t.flush()
	t.space = false
}

// begin starts a line if none is open.
func (t *typesetter) begin() {
	if t.any {
		return
	}
	t.any = true
	t.at = *t.now()
	if t.gap {
		t.gap = false
		if n := len(t.p.lines); n > 0 && !t.p.lines[n-1].blank() {
			t.p.lines = append(t.p.lines, line{zone: t.p.lines[n-1].zone & t.at.zone})
		}
	}
}

// flush ends the current line.
func (t *typesetter) flush() {
	raw := strings.TrimRight(t.cur.String(), " ")
	l := line{raw: raw, s: plainer(raw), shown: marked(raw, t.inks), depth: t.at.depth, zone: t.at.zone, marks: t.at.marks}
	t.inks = t.inks[:0]
	if !t.any && len(t.p.lines) > 0 && raw == "" {
		l.depth = 0
	}
	if l.s == "" {
		l.depth = 0
	} else {
		l = t.flagged(l)
	}
	if t.any || t.at.name != "" || raw != "" {
		t.p.lines = append(t.p.lines, l)
	}
	t.total += len(raw) + 1
	t.cur.Reset()
	t.any, t.at, t.indent = false, element{}, 0
}

// flagged hands what was seen since the last line with text to the line l.
func (t *typesetter) flagged(l line) line {
	if t.from {
		l.marks |= markFrom
	}
	if t.top {
		l.marks |= markTop
	}
	if t.under {
		l.marks |= markUnder
	}
	if l.marks&markRule == 0 {
		t.from, t.top, t.under = false, false, false
	} else {
		l.marks &^= markFrom | markUnder
	}
	if l.depth == 0 && strings.HasPrefix(l.s, ">") {
		l.depth, l.s = unquote(l.s)
		l.typed = true
	}
	return l
}

func (t *typesetter) text(s string) {
	e := t.now()
	if e.name == "style" && strings.Contains(strings.ReplaceAll(s, " ", ""), "p{margin:0") || e.name == "style" && strings.Contains(s, "P\n{\nmargin:0") {
		t.tight = true
	}
	if e.hidden {
		return
	}
	if e.bullet {
		s = bullet(s)
	}
	if e.pre {
		t.preformatted(s)
		return
	}
	t.write(s)
}

// bullet gives the sign of an imitated list as we write it.
func bullet(s string) string {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\u00a0", " "))
	switch s {
	case "":
		return ""
	case "·", "o", "§", "•", "\uf0b7", "-", "–":
		return "- "
	}
	return s + " "
}

func (t *typesetter) preformatted(s string) {
	for i, part := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		if i > 0 {
			t.newline()
		}
		if part != "" {
			t.begin()
			t.ink()
			t.cur.WriteString(part)
		}
	}
}

// write adds running text: white space counts as one space, a hard space as a space that is not nothing. Several at the start of a line indent it.
func (t *typesetter) write(s string) {
	soft := false // the character before was white space that was counted
	for _, r := range s {
		switch r {
		case ' ', '\n', '\t', '\r', '\f':
			t.space = t.space || t.any
			if t.indent > 0 && !soft {
				t.indent++
			}
			soft = true
			continue
		case '\u00a0', '\u202f':
			t.begin()
			t.space, soft = true, false
			if t.cur.Len() == 0 {
				t.indent++
			}
			continue
		}
		t.begin()
		soft = false
		if n := t.cur.Len(); n == 0 && t.indent > 1 {
			t.cur.WriteString(strings.Repeat(" ", min(t.indent, maxIndent)))
		} else if t.space && n > 0 && t.cur.String()[n-1] != ' ' {
			t.cur.WriteByte(' ')
		}
		t.space = false
		t.ink()
		t.cur.WriteRune(r)
	}
}

// maxIndent bounds an indentation: what stands further to the right was centred, or made to look so.
const maxIndent = 40

// atoi reads the number an ordered list starts with; zero if it is none.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n > 9999 {
		return 0
	}
	return n
}
