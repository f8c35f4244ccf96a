package cut

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// found is a place from which on a mail is quote without quote signs.
type found struct {
	start int // first line of what introduces the quote
	body  int // first line of the quote itself
	what  string
	sure  bool
	plea  bool // it is a sentence with a colon: what stands below may also be the agent's own
	above bool // the line above it may be its introduction, or the agent's last
}

const (
	marker    = "our marker"
	separator = "separator"
)

// below finds where an unmarked quote starts, and takes everything from there on for quote.
func (p *page) below() {
	limit := len(p.lines)
	if at, ok := p.sent.tail(p); ok {
		limit = at
	}
	for i := 0; i < limit; i++ {
		if !p.lines[i].plain() || p.lines[i].s == "" {
			continue
		}
		f, ok := p.breakAt(i)
		if !ok {
			continue
		}
		f.start = p.absorb(f.start)
		if p.answeredBelow(f.body) {
			p.set(f.start, f.body, intro)
			p.note(f.what)
			i = f.body - 1
			continue
		}
		if p.written(f.start) || !f.plea || p.isQuote(f.body) {
			if p.foreign(f) {
				p.doubts("a quote that is not of our mail")
			}
			p.cutAt(f)
			return
		}
		// Introduction first, then text without quote signs: a reply below a quote that was lost, or a quote and no reply.
		p.set(f.start, f.body, intro)
		p.doubts("text below the introduction of a quote")
		i = f.body - 1
	}
	if limit < len(p.lines) {
		start, unclear := p.introducedAt(limit)
		p.cutAt(found{start: p.absorb(start), body: limit, what: "our own mail", sure: true, above: unclear})
	}
}

// introducedAt takes in the lines right above our mail, quoted without signs from line at on, that name its sender or date. What lacks a colon, and
// names only one of them, may as well be the agent's last line: it stays, and is unclear where it looks like an introduction.
func (p *page) introducedAt(at int) (start int, unclear bool) {
	const most = 25 // words
	j := p.previous(at)
	if j < 0 || at-j > 4 || !p.lines[j].plain() {
		return at, false
	}
	s := p.lines[j].s
	first, t, ok := p.introEnding(j)
	switch {
	case !ok || t.words >= most || !t.date && !t.address:
		return at, false
	case hasColon(s) || t.date && t.address && !isSentence(s):
		return first, false
	}
	return at, t.date && (t.clock || t.address) || strings.Contains(s, "<")
}

// answeredBelow says whether our mail stands from line body on with quote signs, and something that is not of our mails without them below it.
func (p *page) answeredBelow(body int) bool {
	start := p.next(body)
	end := start
	for end < len(p.lines) && (p.lines[end].depth > 0 || p.lines[end].s == "") {
		end++
	}
	return end > start && end < len(p.lines) && p.lines[end].plain() && p.sent.share(start, end) > 0.5 && !p.sent.any(end, len(p.lines))
}

func (p *page) cutAt(f found) {
	p.set(f.start, f.body, intro)
	p.set(f.body, len(p.lines), quoted)
	p.hard = true
	p.note(f.what)
	if !f.sure && p.sent.share(f.body, len(p.lines)) < 0.3 {
		p.doubts("weak sign")
	}
	if p.sent.strange(p, f.body, len(p.lines)) {
		p.doubts("text within the quote")
	}
	if f.above {
		p.doubts("perhaps an introduction")
	}
}

// foreign says whether what f introduces holds not a word of our mails up to the next introduction: the agent may have put it there for the
// customer to read.
func (p *page) foreign(f found) bool {
	if !p.sent.known() || f.what == marker {
		return false
	}
	start := f.body
	for f.what == separator && start < len(p.lines) && p.lines[start].plain() && p.lines[start].s != "" {
		start++ // headers of any form stand right under it
	}
	start = p.next(start)
	end := start
	for ; end < len(p.lines); end++ {
		if p.lines[end].s == "" {
			continue
		}
		if !p.lines[end].plain() { // a marked quote begins
			end, _ = p.introducedAt(end)
			return start < end && !p.sent.any(f.body, end)
		}
		if isMarker(p.lines[end].s) {
			return false
		}
		next, ok := p.breakAt(end)
		if ok && p.absorb(next.start) > start {
			return !p.sent.any(f.body, end)
		}
		if ok { // two introductions of the same
			start, end = p.next(next.body), next.body-1
		}
	}
	return start < end && !p.sent.any(f.body, end)
}

// isQuote says whether all below is a quote although nothing is above: it is indented throughout, or ours.
func (p *page) isQuote(body int) bool {
	if p.sent.share(body, len(p.lines)) > 0.5 {
		return true
	}
	indented := 0
	for i := p.next(body); i < len(p.lines); i = p.next(i + 1) {
		if !strings.HasPrefix(p.lines[i].raw, "    ") && !strings.HasPrefix(p.lines[i].raw, "\t") {
			return false
		}
		indented++
	}
	return indented > 0
}

// written says whether the agent wrote anything on the lines before end.
func (p *page) written(end int) bool {
	for i := range end {
		if l := &p.lines[i]; l.role == own && l.s != "" && l.marks&markRule == 0 && !isRule(l.s) {
			return true
		}
	}
	return false
}

// breakAt looks for a sign at line i that all below is an unmarked quote.
func (p *page) breakAt(i int) (found, bool) {
	s := p.lines[i].s
	if isMarker(s) {
		start, unclear := p.introducedAt(i)
		return found{start: start, body: i + 1, what: marker, sure: true, above: unclear}, true
	}
	if words, rest, ok := banner(s); ok {
		return p.bannerAt(i, words, rest)
	}
	if end, sure, ok := p.headers(i); ok {
		return found{start: i, body: end, what: "header block", sure: sure}, true
	}
	if hasColon(s) || strings.HasPrefix(s, ":") {
		return p.introBefore(i)
	}
	if p.stamped(i) {
		return found{start: i, body: i + 1, what: "dated line", plea: true}, true
	}
	return found{}, false
}

// stamped says whether line i, alone between blank lines, is a time with its zone and a name: an introduction that lost its end.
func (p *page) stamped(i int) bool {
	l := &p.lines[i]
	if l.s[0] < '0' || l.s[0] > '9' || i > 0 && !p.lines[i-1].blank() || i+1 < len(p.lines) && !p.lines[i+1].blank() {
		return false
	}
	t := traitsOf(l.s)
	zone := strings.Contains(l.s, "GMT") || strings.Contains(l.s, "UTC")
	return t.date && t.clock && zone && t.words > 3 && t.words < 9
}

// bannerAt judges a line of words between dashes.
func (p *page) bannerAt(i int, words, rest string) (found, bool) {
	f := found{start: i, body: i + 1, what: separator, sure: true}
	t := traitsOf(words)
	if hasAddress(rest) || t.date || t.address {
		return f, rest == "" || hasAddress(rest)
	}
	if rest != "" {
		return f, false
	}
	n := p.next(i + 1)
	if n == len(p.lines) {
		f.sure = false
		return f, p.evenArms(i)
	}
	if p.lines[n].depth > 0 {
		return f, false // see introAbove
	}
	if r := p.labels(n); r.count > 1 {
		f.body = r.end
		return f, true
	}
	if p.introducing(n) {
		return f, true
	}
	f.sure = false
	return f, p.evenArms(i) && t.words <= 5 && t.digits == 0 && n > i
}

// introducing says whether the paragraph that starts at line n introduces a quote.
func (p *page) introducing(n int) bool {
	const most = 6
	for j := n; j < len(p.lines) && j < n+most && p.lines[j].plain() && p.lines[j].s != ""; j++ {
		if hasColon(p.lines[j].s) {
			t := traitsOf(p.joined(n, j))
			return t.date && t.words < 45
		}
	}
	return false
}

// evenArms says whether the dashes left and right are as many, and as many as clients make.
func (p *page) evenArms(i int) bool {
	s := strings.Trim(p.lines[i].s, "* _")
	left, right := len(s)-len(strings.TrimLeft(s, "-=")), len(s)-len(strings.TrimRight(s, "-="))
	return left >= 4 && left <= 20 && left-right <= 1 && right-left <= 1
}

// headerRun is a run of "Word: value" lines.
type headerRun struct {
	end       int // line below it
	count     int
	addresses int  // values that hold one
	dates     int  // values that hold one
	stamped   bool // a value holds date and time
	boxed     bool // an address stands in brackets, as after a name
	answers   bool // a value starts like the subject of a reply: "AW: Order"
	gap       int  // first line below a blank one within it; zero if there is none
	above     int  // lines with a name above that
}

// labels reads the run of such lines that starts at line i.
func (p *page) labels(i int) headerRun {
	const most = 24
	r := headerRun{end: i}
	bare := false // the last value is still to come
	wrapped := 0
	for j := i; j < len(p.lines) && j < i+most; j++ {
		l := &p.lines[j]
		if l.depth != p.lines[i].depth || l.role != p.lines[i].role || l.code || j > i && l.marks&markTop != 0 {
			break
		}
		if l.s == "" {
			if !p.labelAt(j+1) || r.count == 0 {
				break
			}
			if r.gap == 0 {
				r.gap, r.above = j+1, r.count
			}
			continue
		}
		value := l.s
		if _, v, ok := label(l.s); ok {
			value, wrapped = v, 0
			r.count++
			bare = v == ""
		} else if wrapped++; wrapped > 2 || !bare && !p.wraps(j) {
			break
		}
		r.add(value)
		r.end = j + 1
	}
	return r
}

func (r *headerRun) add(value string) {
	t := traitsOf(value)
	if t.address {
		r.addresses++
		r.boxed = r.boxed || strings.Contains(value, "<") || strings.Contains(value, "[") || strings.Contains(value, "mailto:")
	}
	if t.date || t.clock && t.digits > 4 {
		r.dates++
		r.stamped = r.stamped || t.date && t.clock
	}
	prefix, _, ok := label(value)
	r.answers = r.answers || ok && utf8.RuneCountInString(prefix) <= 4
}

// weight is how much speaks for a run being the headers of a mail and not, say, a booking that the agent confirms.
func (r *headerRun) weight() int {
	w := 0
	for _, sign := range []bool{r.stamped, r.boxed, r.addresses > 1, r.answers} {
		if sign {
			w++
		}
	}
	return w
}

// labelAt says whether there is a line i, and it begins with a header's name.
func (p *page) labelAt(i int) bool {
	if i < 0 || i >= len(p.lines) {
		return false
	}
	_, _, ok := label(p.lines[i].s)
	return ok
}

// wraps says whether line j, which is no label, goes on with the header above it.
func (p *page) wraps(j int) bool {
	s := p.lines[j].s
	if strings.HasPrefix(s, "<") || strings.HasPrefix(s, "[") || len(s) < 120 && hasAddress(s) {
		return true
	}
	return p.labelAt(j + 1)
}

// headers says whether a header block of an earlier mail starts at line i, and how sure that is. It must name an address and a date, or
// one of them many times or under a rule: a list of contact data in the agent's text has no date.
func (p *page) headers(i int) (end int, sure, ok bool) {
	if _, value, first := label(p.lines[i].s); !first || value == "" && i+1 < len(p.lines) && p.lines[i+1].s == "" {
		return 0, false, false
	}
	if p.labelAt(i - 1) {
		if t := traitsOf(p.lines[i].s); !t.address && !t.date {
			return 0, false, false // its run was looked at; this keeps long lists cheap
		}
	}
	r := p.labels(i)
	if p.begunBelow(i, r) {
		return 0, false, false
	}
	weight := r.weight()
	if p.ruled(i) {
		weight += 2
	}
	switch {
	case r.count < 2 || r.addresses+r.dates == 0 || weight == 0:
		return 0, false, false
	case r.addresses > 0 && r.dates > 0:
		return r.end, r.count > 2 && weight > 1, true
	case r.count > 3, r.count > 2 && weight > 1:
		return r.end, weight > 2, true
	case weight > 2:
		return r.end, true, true
	}
	return 0, false, false
}

// begunBelow says whether the headers in a run that starts at line i begin only below its first gap, and what is above is the agent's: "PS: …".
// Where a client sets a blank line between all headers, nothing stands together below the first.
func (p *page) begunBelow(i int, all headerRun) bool {
	if all.gap == 0 {
		return false
	}
	below := p.labels(all.gap)
	if below.gap > 0 && below.above < 2 || below.count < 3 || below.addresses == 0 || below.weight() < 2 {
		return false
	}
	return all.above > 1 || p.labelAt(i-1) || !hasAddress(p.lines[i].s)
}

// ruled says whether a rule, a banner or a ruled edge is right above line i.
func (p *page) ruled(i int) bool {
	if p.lines[i].marks&markTop != 0 {
		return true
	}
	j := p.previous(i)
	if j < 0 || i-j > 4 {
		return false
	}
	l := &p.lines[j]
	_, _, isBanner := banner(l.s)
	return l.marks&markRule != 0 || isBanner || isRule(l.s) && utf8.RuneCountInString(l.s) > 4
}

// introBefore judges line j, which ends in a colon, as the introduction of what follows it without quote signs.
func (p *page) introBefore(j int) (found, bool) {
	n := p.next(j + 1)
	if n < len(p.lines) && p.lines[n].depth > 0 {
		return found{}, false // see introAbove
	}
	start, t, ok := p.introEnding(j)
	if !ok {
		return found{}, false
	}
	f := found{start: start, body: j + 1, what: "introduction", plea: true}
	text := p.joined(start, j)
	if t.date && t.address && (strings.ContainsAny(text, "<([") || t.words < 12 && !p.sent.known()) {
		f.sure = true
		return f, true
	}
	apart := (start == 0 || p.lines[start-1].blank()) && n > j+1 && n < len(p.lines)
	share := p.sent.share(n, len(p.lines))
	if !apart || p.sent.known() && share < 0.05 {
		return found{}, false
	}
	return f, t.address && (strings.Contains(text, "<") && t.words <= 10 || t.date) || t.date && t.words <= 16 && (t.clock || t.words <= 7)
}

// joined is the text of the lines from a to b, b included, on one line.
func (p *page) joined(a, b int) string {
	var s strings.Builder
	for i := a; i <= b; i++ {
		s.WriteString(p.lines[i].s)
		s.WriteByte(' ')
	}
	return strings.TrimSpace(s.String())
}

// introEnding finds the lines of an introduction whose last line is j: as few as hold a date, else an address or time.
func (p *page) introEnding(j int) (start int, t traits, ok bool) {
	const most, longest = 6, 500
	fallback := -1
	length := 0
	for i := j; i >= 0 && j-i < most && p.partOf(i, j); i-- {
		length += len(p.lines[i].s)
		if length > longest {
			break
		}
		t = traitsOf(p.joined(i, j))
		if t.words > 45 {
			break
		}
		if t.date {
			return p.widen(i), t, true
		}
		if fallback < 0 && (t.address || t.digits >= 4) {
			fallback = i
		}
	}
	if fallback < 0 {
		return 0, t, false
	}
	start = p.widen(fallback)
	return start, traitsOf(p.joined(start, j)), true
}

// partOf says whether line i can belong to an introduction that ends at line j: no blank line between, unless a bracket is open over it.
func (p *page) partOf(i, j int) bool {
	l := &p.lines[i]
	if !l.plain() || i < j && p.lines[i+1].marks&markTop != 0 {
		return false
	}
	if l.s != "" {
		return true
	}
	below := p.next(i)
	return below <= j && strings.HasPrefix(p.lines[below].s, "<")
}

// widen takes in the lines above i that the introduction must start with, because line i cannot be its first.
func (p *page) widen(i int) int {
	for range 3 {
		above := i - 1
		if above >= 0 && p.lines[above].blank() && strings.HasPrefix(p.lines[i].s, "<") {
			above--
		}
		if above < 0 || !p.lines[above].plain() || p.lines[above].s == "" {
			return i
		}
		s, first := p.lines[above].s, p.lines[i].s
		goesOn := strings.HasPrefix(first, "<") || opensBracket(s)
		dateless := strings.HasSuffix(s, ",") && traitsOf(s).digits > 0
		if !goesOn && !dateless {
			return i
		}
		i = above
	}
	return i
}

// absorb takes in what stands above the start of a quote and belongs to it: rules, banners, and a short line with a colon of its own.
func (p *page) absorb(i int) int {
	for range 4 {
		j := p.previous(i)
		if j < 0 || !p.lines[j].plain() || i-j > 5 {
			break
		}
		l := &p.lines[j]
		words, rest, isBanner := banner(l.s)
		if l.marks&markRule == 0 && !isRule(l.s) && !isMarker(l.s) && !previews(l.s) && (!isBanner || rest != "" || len(words) > 60) {
			if p.announces(j) {
				i = j
			}
			break
		}
		i = j
	}
	return i
}

// previews says whether a line is what Notes sets above its headers: "Mona ---21.11.2026 10:42:00---Hello, when does my", the quote's first words.
func previews(s string) bool {
	_, rest, ok := strings.Cut(s, "---")
	stamp, _, closed := strings.Cut(rest, "---")
	t := traitsOf(stamp)
	return ok && closed && t.date && t.clock && t.words < 6
}

// announces says whether line j only announces a forwarded mail: "Begin forwarded message:", alone between blank lines, with text above it.
func (p *page) announces(j int) bool {
	l := &p.lines[j]
	_, value, isLabel := label(l.s)
	alone := j > 0 && p.lines[j-1].blank() && (j+1 == len(p.lines) || p.lines[j+1].blank())
	return alone && hasColon(l.s) && (!isLabel || value == "") && len(strings.Fields(l.s)) <= 6 && traitsOf(l.s).digits == 0 && p.written(j)
}

// startsLower says whether s starts with a lower-case letter.
func startsLower(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLower(r)
}
