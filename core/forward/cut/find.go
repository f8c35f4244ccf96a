package cut

import (
	"slices"
	"strings"
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
	p.ours = limit
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

// foreign says whether what f introduces begins with something of which no word is in our mails, up to the next introduction or to where our mail
// begins: the agent may have put it there for the customer to read.
func (p *page) foreign(f found) bool {
	if f.what == marker || !f.plea && p.namesUs(f) {
		return false
	}
	start := p.next(p.belowHeaders(f))
	for end := start; end < len(p.lines); end++ {
		l := &p.lines[end]
		switch {
		case l.s == "":
			continue
		case isMarker(l.s), end >= p.ours, p.sent.known() && !l.plain(): // our mail begins, or a marked quote
			first, _ := p.introducedAt(end)
			return p.unheard(f.body, start, first)
		case !p.sent.known():
			continue
		}
		next, ok := p.breakAt(end)
		if ok && p.absorb(next.start) > start {
			return p.unheard(f.body, start, end)
		}
		if ok { // two introductions of the same
			start, end = p.next(next.body), next.body-1
		}
	}
	return p.sent.known() && p.unheard(f.body, start, len(p.lines))
}

// belowHeaders is the line below what f introduces a quote with: headers of any form stand right under a separator.
func (p *page) belowHeaders(f found) int {
	at := f.body
	for f.what == separator && at < len(p.lines) && p.lines[at].plain() && p.lines[at].s != "" {
		at++
	}
	return at
}

// unheard says whether the lines from start to end hold something, beside what a server sets above a mail, and those from body to end no word of ours.
func (p *page) unheard(body, start, end int) bool {
	if c, _ := p.cautionAt(start); c > start && c <= end {
		start = p.next(c)
	}
	return start < end && !p.sent.any(body, end) && !p.repeated(start, end)
}

// repeated says whether the lines from start to end stand again right below, as the preview of our mail does, which some programs show above it.
func (p *page) repeated(start, end int) bool {
	const near = 20 // lines
	below := min(end+near, len(p.lines))
	return end < below && strings.Contains(letters(p.joined(end, below-1)), letters(p.joined(start, end-1)))
}

// namesUs says whether the headers of f name us as the sender.
func (p *page) namesUs(f found) bool {
	return slices.ContainsFunc(p.lines[f.start:p.belowHeaders(f)], func(l line) bool {
		_, value, _ := label(l.s)
		value = strings.ToLower(value)
		return slices.ContainsFunc(p.from, func(us string) bool {
			return strings.HasPrefix(value, us) || hasAddress(us) && strings.Contains(value, us)
		})
	})
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
