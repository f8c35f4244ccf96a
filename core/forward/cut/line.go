package cut

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// role is what a line turned out to be.
type role byte

const (
	own       role = iota // the agent's
	quoted                // of an earlier mail
	intro                 // introduces a quote
	signature             // of the agent, or a footer
)

// mark is what the HTML says of a line.
type mark byte

const (
	markIntro  mark = 1 << iota // in an element that clients make for the introduction of a quote
	markSign                    // in an element made for a signature
	markFrom                    // from this line on all is quote
	markTop                     // under a ruled top edge, as Outlook draws above its header block
	markRule                    // a horizontal rule
	markSurely                  // quoted by an element that is made for quotes of mails
	markUnder                   // here the mail program put a signature
)

// line is one line of a mail.
type line struct {
	raw   string // as it is shown
	shown string // the same with its bold, italic and struck words between marks; empty: there are none
	s     string // for looking at: without quote signs, marks and outer spaces; digits are ASCII; at most maxLook bytes
	depth int    // of quoting
	marks mark
	zone  int // number of the quote element it lies in, zero outside
	role  role
	seam  bool // what stood above it was cut
	typed bool // in HTML: quoted by '>' alone, as nobody but a person does
	code  bool // fenced: nothing in it is a sign of anything
}

// author is who wrote a mail.
type author struct {
	names     [][]string // the words of each
	addresses []string   // lower case
}

// maxLook is how much of a line is looked at. Longer lines are prose or data, never the sign of a quote.
const maxLook = 1000

// page is a mail's text as lines, with what was found out about it.
type page struct {
	lines []line
	rich  bool // made from HTML
	how   []string
	doubt bool // not sure of the roles
	hard  bool
	sent  comparison
	ours  int      // first line of our mail, quoted without signs; the number of lines if there is none
	from  []string // our names and addresses, lower case
	author
	pictures []picture
}

func (p *page) note(how string) {
	for _, h := range p.how {
		if h == how {
			return
		}
	}
	p.how = append(p.how, how)
}

func (p *page) doubts(why string) {
	p.doubt = true
	p.note(why)
}

// readText makes lines of a plain text part.
func readText(text string) *page {
	text = strings.TrimPrefix(text, "\uFEFF")
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	p := &page{}
	open := false // an address bracket was opened on the line before and is not closed
	for raw := range strings.Lines(text) {
		raw = strings.TrimSuffix(raw, "\n")
		if at := splice(raw); at > 0 {
			p.lines = append(p.lines, line{raw: raw[:at], s: plainer(raw[:at])})
			raw = raw[at:]
		}
		l := line{raw: raw, s: plainer(raw)}
		if !open || !closesBracket(l.s) {
			l.depth, l.s = unquote(l.s)
		}
		if l.s != "" || l.depth > 0 {
			open = l.depth == 0 && opensBracket(l.s)
		}
		p.lines = append(p.lines, l)
	}
	p.fence()
	p.bars()
	p.initials()
	p.lazy()
	return p
}

// splice finds where a client set its introduction right behind the agent's last words: "see you--- On Wed, Apr 4, 2012, me@shop.example wrote:".
// It is zero where there is no such place.
func splice(raw string) int {
	at := strings.Index(raw, "--- ")
	if at <= 0 || len(raw) > maxLook {
		return 0
	}
	for at > 0 && raw[at-1] == '-' {
		at--
	}
	if strings.Trim(raw[:at], " >-*") == "" || !hasColon(plainer(raw)) {
		return 0
	}
	if t := traitsOf(plainer(raw[at:])); !t.date || !t.address {
		return 0
	}
	return at
}

// bars takes runs of lines that start with a bar for quotes, as some clients mark them, but not tables, whose lines end with one too.
func (p *page) bars() {
	for i := 0; i < len(p.lines); i++ {
		end := i
		for end < len(p.lines) && p.lines[end].depth == 0 && strings.HasPrefix(p.lines[end].s, "|") && (len(p.lines[end].s) == 1 || !strings.HasSuffix(p.lines[end].s, "|")) {
			end++
		}
		if end-i < 3 {
			continue
		}
		for ; i < end; i++ {
			p.lines[i].depth, p.lines[i].s = 1, strings.TrimSpace(p.lines[i].s[1:])
		}
	}
}

// initials finds quotes whose lines begin with the initials of who is quoted, as The Bat! writes them: "MH> Hello". One such line alone is none.
func (p *page) initials() {
	first := map[string]int{} // the first line with these initials, until a second is found
	for i := range p.lines {
		name := initialsOf(&p.lines[i])
		if name == "" {
			continue
		}
		at, seen := first[name]
		if !seen {
			first[name] = i
			continue
		}
		for _, j := range []int{at, i} {
			if l := &p.lines[j]; l.depth == 0 {
				l.depth, l.s = unquote(l.s[len(name):])
			}
		}
	}
}

// initialsOf is one to four capital letters right before a quote sign at the start of a line, and "" where there are none.
func initialsOf(l *line) string {
	end := strings.IndexByte(l.s, '>')
	if end < 1 || l.depth > 0 || l.code || utf8.RuneCountInString(l.s[:end]) > 4 || strings.ContainsFunc(l.s[:end], func(r rune) bool { return !unicode.IsUpper(r) }) {
		return ""
	}
	return l.s[:end]
}

// opensBracket says whether a line ends within an address bracket, as wrapped introductions do: "Mona <", "<mona@shop.example".
func opensBracket(s string) bool {
	i := strings.LastIndexByte(s, '<')
	return i >= 0 && strings.IndexByte(s[i:], '>') < 0 && (i == len(s)-1 || strings.IndexByte(s[i:], '@') > 0)
}

// closesBracket says whether a line that starts with '>' only closes such a bracket: "> wrote:", ">:".
func closesBracket(s string) bool {
	return strings.HasPrefix(s, ">") && hasColon(s) && len(s) < 80
}

// plainer gives s as the rules look at it: no invisible marks, plain spaces, ASCII digits, and not endlessly long.
func plainer(s string) string {
	if len(s) > maxLook {
		s = strings.ToValidUTF8(s[:maxLook], "")
	}
	if isPlain(s) {
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			b.WriteByte(byte(r))
		case unicode.Is(unicode.Cf, r):
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case unicode.Is(unicode.Nd, r):
			b.WriteByte('0' + digit(r))
		case r >= 0xFF01 && r <= 0xFF5E && !unicode.IsLetter(r): // full-width signs
			b.WriteByte(byte(r - 0xFEE0))
		default:
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// digit is the value of a decimal digit of any script: they stand in unbroken runs of ten.
func digit(r rune) byte {
	for _, t := range unicode.Nd.R16 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10)
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10)
		}
	}
	return 0
}

// unquote takes the quote signs off the front of a line and counts them.
func unquote(s string) (int, string) {
	depth := 0
	for strings.HasPrefix(s, ">") {
		depth++
		s = strings.TrimLeft(s[1:], " \t")
	}
	return depth, s
}

// fence marks what stands between two lines of three backticks: code may look like anything.
func (p *page) fence() {
	start := -1
	for i := range p.lines {
		if p.lines[i].depth > 0 || !strings.HasPrefix(p.lines[i].s, "```") {
			continue
		}
		if start < 0 {
			start = i
			continue
		}
		for ; start <= i; start++ {
			p.lines[start].code = true
		}
		start = -1
	}
}

// lazy finds lines that a careless client wrapped out of a quote: they stand alone between two quoted lines and go on with a sentence.
func (p *page) lazy() {
	for i := 1; i+1 < len(p.lines); i++ {
		before, l, after := &p.lines[i-1], &p.lines[i], &p.lines[i+1]
		if l.s == "" || l.depth > 0 || before.depth == 0 || after.depth == 0 || before.s == "" {
			continue
		}
		last, _ := utf8.DecodeLastRuneInString(before.s)
		first, _ := utf8.DecodeRuneInString(l.s)
		ended := unicode.Is(unicode.STerm, last) || last == ':' || last == ';'
		if !ended && (unicode.IsLower(first) || !unicode.IsLetter(first) && !strings.Contains(l.s, " ")) {
			l.depth = before.depth
		}
	}
}

func (l *line) blank() bool { return l.s == "" && l.depth == 0 }

// plain says whether a line may be the agent's and may be a sign of something.
func (l *line) plain() bool { return l.role == own && l.depth == 0 && !l.code }

// next is the first line from i on that is not blank, len(p.lines) if there is none.
func (p *page) next(i int) int {
	for i < len(p.lines) && p.lines[i].blank() {
		i++
	}
	return i
}

// previous is the last line before i that is not blank, -1 if there is none.
func (p *page) previous(i int) int {
	i--
	for i >= 0 && p.lines[i].blank() {
		i--
	}
	return i
}

// set gives the lines from a up to b a role.
func (p *page) set(a, b int, r role) {
	for i := max(a, 0); i < min(b, len(p.lines)); i++ {
		p.lines[i].role = r
	}
}

// letters is a text without anything but letters, digits and emoji, and without links, for comparing.
func letters(s string) string {
	var b strings.Builder
	for _, w := range strings.Fields(s) {
		if strings.Contains(w, "://") {
			continue
		}
		for _, r := range w {
			if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.So, r) {
				b.WriteRune(unicode.ToLower(r))
			}
		}
	}
	return b.String()
}
