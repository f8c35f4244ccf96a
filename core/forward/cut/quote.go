package cut

import "strings"

// block is a run of quoted lines, from a up to b.
type block struct {
	a, b       int
	start      int  // first line of its introduction, a if it has none
	attributed bool // it is surely from a mail: introduced, ours, or in an element for quotes
}

// zones gives the lines in HTML elements that clients make for quotes and signatures their roles.
func (p *page) zones() {
	judged := 0 // the line below the last element for an introduction
	for i := range p.lines {
		l := &p.lines[i]
		switch {
		case l.marks&markFrom != 0 && l.depth == 0 && l.role == own:
			p.cutAt(found{start: p.absorb(i), body: i, what: "quote element", sure: true})
			return
		case l.zone > 0 && (i == 0 || p.lines[i-1].zone != l.zone):
			p.zone(i)
		}
		if l.role == own && l.depth == 0 && l.s != "" {
			if l.marks&markIntro != 0 {
				if i >= judged {
					judged = p.prefix(i)
				}
			} else if l.marks&markSign != 0 {
				l.role = signature
				p.note("signature element")
				if j := p.previous(i); j >= 0 && p.lines[j].plain() && isRule(p.lines[j].s) {
					p.lines[j].role = signature
				}
			}
		}
	}
}

// prefix judges an element for the introduction of a quote, whose first line is i, and returns the line below it. What its user wrote into it above or
// below that stays.
func (p *page) prefix(i int) (end int) {
	last, labels := i, 0
	for end = i; end < len(p.lines) && p.lines[end].marks&markIntro != 0 && p.lines[end].depth == 0; end++ {
		if hasColon(p.lines[end].s) {
			last = end
		}
		if p.labelAt(end) {
			labels++
		}
	}
	start, t, ok := p.introEnding(last)
	if labels > 1 || !ok || !t.date || !hasColon(p.lines[last].s) {
		p.set(i, end, intro)
		return end
	}
	p.set(start, last+1, intro)
	if p.next(i) < start || p.next(last+1) < end {
		p.doubts("text beside an introduction")
	}
	return end
}

// zone judges one quote element, whose first line is i. Where the quote itself is a block of its own within it, what stands above that is
// the introduction, and what stands below was written by the agent: mail programs let people write there.
func (p *page) zone(i int) {
	const most = 6 // lines of an introduction
	end, deep, filled := i, -1, 0
	for ; end < len(p.lines) && p.lines[end].zone == p.lines[i].zone; end++ {
		if deep < 0 && p.lines[end].depth > 0 {
			deep = end
		}
		if deep < 0 && p.lines[end].s != "" {
			filled++
		}
	}
	p.hard = true
	p.note("quote element")
	switch {
	case deep < 0:
		p.set(i, end, quoted)
	case filled <= most:
		p.set(i, deep, intro)
	}
}

// quotes judges the runs of quoted lines. One at the end of the mail goes. One that is answered below goes if it is surely from a mail,
// else the agent wrote it and it stays.
func (p *page) quotes() {
	blocks := p.blocks()
	last := p.lastOwn()
	attributed := false
	top := p.top()
	for i := range blocks {
		b := &blocks[i]
		if b.b <= top || p.typed(*b) {
			p.keep(*b)
			continue
		}
		trailing := b.a > last
		known := p.introduced(b, trailing)
		if !known && p.bare(*b) {
			p.keep(*b)
			continue
		}
		sure := known || p.surelyQuoted(*b)
		if b.attributed = sure || attributed; b.attributed && p.strangers(*b, sure) {
			p.doubts("a quote that is not of our mail")
		}
		attributed = b.attributed
		if !trailing && !b.attributed {
			p.note("own quote kept")
			continue
		}
		p.set(b.start, b.a, intro)
		p.set(b.a, b.b, quoted)
		p.hard = true
		if p.sent.strange(p, b.a, b.b) {
			p.doubts("text within the quote")
		}
		if trailing {
			p.note("quote")
			if !b.attributed {
				p.doubts("quote of unknown origin")
			}
		} else {
			p.note("answers between quotes")
		}
	}
}

// strangers says whether a block holds no word of our mails, while its form does not tell that it is of a mail, or our mail stands below it.
func (p *page) strangers(b block, sure bool) bool {
	return p.sent.known() && (!sure || p.sent.any(b.b, len(p.lines))) && !p.sent.any(b.a, b.b) && p.sent.words(b.a, b.b) >= shingle
}

// top is the line on top of our mail, quoted in any way, and zero where there is none. What is quoted above it is no client's quote of our mail.
func (p *page) top() int {
	for i := range p.lines {
		if l := &p.lines[i]; (l.depth == 1 || l.role != own) && isMarker(l.s) {
			return i
		}
	}
	return 0
}

// typed says whether the agent typed the signs of a block, beside a quote that their program marked otherwise.
func (p *page) typed(b block) bool {
	for i := b.a; i < b.b; i++ {
		if p.lines[i].depth > 0 && !p.lines[i].typed {
			return false
		}
	}
	return p.rich && p.hard
}

// bare says whether a block is nothing but one sign, which quotes nothing.
func (p *page) bare(b block) bool { return b.b == b.a+1 && p.lines[b.a].s == "" }

// keep leaves a block to the agent, who quoted it for the customer.
func (p *page) keep(b block) {
	for i := b.a; i < b.b; i++ {
		p.lines[i].typed = true
	}
	p.note("own quote kept")
}

// onlyIntro says whether a block is nothing but the introduction of a quote.
func (p *page) onlyIntro(b block) bool {
	last := b.b - 1
	for last > b.a && p.lines[last].s == "" {
		last--
	}
	if !hasColon(p.lines[last].s) {
		return false
	}
	t := traitsOf(p.joined(b.a, last))
	return t.date && t.words <= mostIntroduced
}

// mostIntroduced is how many words introduce a quote at most.
const mostIntroduced = 45

// blocks finds the runs of quoted lines that have no role yet. Blank lines do not end a run. The edge of a quote element does, unless the introduction of
// that element is all that stands above it, as Apple's programs put it into a quote element of its own.
func (p *page) blocks() []block {
	var out []block
	for i := 0; i < len(p.lines); i++ {
		if l := &p.lines[i]; l.depth == 0 || l.role != own || l.code {
			continue
		}
		b := block{a: i, b: i + 1, start: i}
		zone := p.lines[i].zone
		for j := i; j < len(p.lines) && (p.lines[j].depth > 0 || p.lines[j].s == ""); j++ {
			if p.lines[j].depth == 0 {
				continue
			}
			if p.lines[j].zone != zone && !p.onlyIntro(b) {
				break
			}
			b.b, zone = j+1, p.lines[j].zone
		}
		out = append(out, b)
		i = b.b - 1
	}
	return out
}

// lastOwn is the last line with text of the agent that is not quoted, -1 if there is none.
func (p *page) lastOwn() int {
	for i := len(p.lines) - 1; i >= 0; i-- {
		if l := &p.lines[i]; l.role == own && l.depth == 0 && l.s != "" && !isRule(l.s) {
			return i
		}
	}
	return -1
}

// surelyQuoted says whether the block itself shows that it is from a mail.
func (p *page) surelyQuoted(b block) bool {
	for i := b.a; i < b.b; i++ {
		if p.lines[i].marks&markSurely != 0 {
			return true
		}
	}
	return p.rich || p.forwards(b) || p.sent.share(b.a, b.b) > 0.5
}

// forwards says whether a block starts with the headers or the introduction of a mail, with or without a line above them.
func (p *page) forwards(b block) bool {
	for i, tries := b.a, 0; i < b.b && tries < 3; i++ {
		if p.lines[i].s == "" {
			continue
		}
		tries++
		if r := p.labels(i); r.count > 1 && r.addresses+r.dates > 0 {
			return true
		}
		if t := traitsOf(p.lines[i].s); t.date && (t.address || hasColon(p.lines[i].s)) {
			return true // the introduction is quoted too
		}
	}
	return false
}

// headed says whether a block begins with the line on top of our mail, so that it is a quote of the whole.
func (p *page) headed(b block) bool {
	for i, tries := b.a, 0; i < b.b && tries < 3; i++ {
		if isMarker(p.lines[i].s) {
			return true
		}
		if p.lines[i].s != "" {
			tries++
		}
	}
	return false
}

// introduced finds the introduction above a block and says whether it proves that the block is from a mail.
func (p *page) introduced(b *block, trailing bool) bool {
	j := p.previous(b.a)
	if j < 0 || b.a-j > 6 || !p.lines[j].plain() {
		return false
	}
	l := &p.lines[j]
	if words, rest, ok := banner(l.s); ok && rest == "" && len(words) < 80 {
		b.start = p.absorb(b.a)
		return true
	}
	colon := hasColon(l.s) || strings.HasPrefix(l.s, ":")
	glued := j == b.a-1
	if start, t, ok := p.introEnding(j); ok && proves(t, colon, glued, trailing) && (colon || start == j || !p.told(start, j)) {
		b.start = p.absorb(start)
		return true
	}
	if !trailing && p.written(j) && !p.forwards(*b) {
		return false
	}
	return p.faintlyIntroduced(b, j, colon, glued)
}

// told says whether one of the lines from a to b, b included, is a sentence or begins with a word and a colon, as it is not in introductions of
// several lines.
func (p *page) told(a, b int) bool {
	for i := a; i <= b; i++ {
		if isSentence(p.lines[i].s) || p.labelAt(i) && !hasAddress(p.lines[i].s) {
			return true
		}
	}
	return false
}

// proves says whether the traits of the lines above a quote make them its introduction.
func proves(t traits, colon, glued, trailing bool) bool {
	if !t.date && !t.address {
		return colon && glued && trailing // a number alone, "about order 10421:", is not enough where more text follows
	}
	return colon || glued && t.date || t.date && t.address
}

// faintlyIntroduced takes a short line of its own right above a quote for its introduction, although it holds neither address nor date
// ("Mona wrote:"). It is not sure where the quote is so short that the agent may have made it, unless it is known to be of a mail of ours.
func (p *page) faintlyIntroduced(b *block, j int, colon, glued bool) bool {
	start := j
	if start > 0 && p.lines[start-1].plain() && p.lines[start-1].s != "" && startsLower(p.lines[j].s) {
		start-- // wrapped once
	}
	apart := start == 0 || p.lines[start-1].s == ""
	words := len(strings.Fields(p.joined(start, j)))
	forwards := colon && (p.forwards(*b) || p.headed(*b))
	if !apart || words > 12 || !glued && !forwards || !colon && (words > 8 || !p.written(start) || p.forwards(*b) || words > 5 && isSentence(p.lines[j].s)) {
		return false
	}
	b.start = p.absorb(start)
	short := b.b-b.a < 2 && !forwards && p.sent.share(b.a, b.b) <= 0.5
	if !colon || short {
		p.doubts("faint introduction")
	}
	return true
}
