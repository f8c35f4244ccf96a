package cut

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// signatures takes off what stands below the agent's text and is no part of it, from the end upwards.
func (p *page) signatures() {
	for range 6 {
		end := p.lastOwn()
		if end < 0 || p.lines[end].code {
			return
		}
		start := p.paragraph(end)
		switch {
		case p.advertised(end):
			p.sign(end, end, "mobile signature")
		case p.added(p.belowRule(start, end), end):
			p.sign(p.belowRule(start, end), end, "footer of a server")
		case p.underRule(end), p.named(end), p.card(start, end):
		default:
			return
		}
	}
}

// added says whether the paragraph from start to end is no word of the agent's, who wrote something above it. What is too short to be a legal footer
// anywhere is one below a quote.
func (p *page) added(start, end int) bool {
	text := p.joined(start, end)
	below := start > 0 && slices.ContainsFunc(p.lines[:start], func(l line) bool { return l.depth > 0 || l.role == quoted })
	return p.written(start) && (isLegal(text) || isNotice(text) || below && isSecret(text))
}

// caution takes off what a server set above a mail from elsewhere, unless nothing else is there. In text the agent's first words may stand right under
// it, which is asked about.
func (p *page) caution() {
	start := p.next(0)
	end, broken := p.cautionAt(start)
	if end == start || p.lastOwn() < end {
		return
	}
	if broken && !p.rich {
		p.doubts("more than a caution")
	}
	p.set(start, end, signature)
	p.note("caution of a server")
}

// cautionAt is the line below a caution that starts at line start, and start itself where there is none: of HTML no line more than it takes, of text the
// paragraph. It is broken where a line above the last is too short to have been wrapped.
func (p *page) cautionAt(start int) (end int, broken bool) {
	const (
		wrapped = 50 // bytes that a wrapped line has at least
		most    = 12 // lines
	)
	end = start
	found := false
	for end < len(p.lines) && end-start < most && p.lines[end].plain() && p.lines[end].s != "" && p.lines[end].marks&markRule == 0 && (!p.rich || !found) {
		broken = broken || end > start && len(p.lines[end-1].s) < wrapped
		end++
		found = found || isCaution(p.joined(start, end-1))
	}
	if !found || !isCaution(p.joined(start, end-1)) {
		return start, false
	}
	return end, broken
}

// paragraph is the first line of the paragraph that ends with line end.
func (p *page) paragraph(end int) int {
	start := end
	for start > 0 && p.lines[start-1].plain() && p.lines[start-1].s != "" {
		start--
	}
	return start
}

// belowRule is the first line, of those from start to end, that no rule stands below.
func (p *page) belowRule(start, end int) int {
	for i := end - 1; i >= start; i-- {
		if isRule(p.lines[i].s) {
			return i + 1
		}
	}
	return start
}

// advertised says whether line i says with what the mail was sent, and is a paragraph of its own.
func (p *page) advertised(i int) bool {
	return isAdvertisement(p.lines[i].s) && (i == 0 || p.lines[i-1].s == "" || !p.lines[i-1].plain() || isRule(p.lines[i-1].s))
}

// underRule takes off a signature under a line of dashes, or from where the mail program put it.
func (p *page) underRule(end int) bool {
	const most = 16
	for i, lines := end, 0; i >= 0 && lines < most; i-- {
		l := &p.lines[i]
		switch {
		case !l.plain():
			return false
		case l.s == "":
			continue
		case l.marks&markUnder != 0:
			if !p.cardLike(i, end) && !p.bears(i) {
				p.doubts("sentences in the signature")
			}
			p.sign(i, end, "signature")
			return true
		case isRule(l.s) && i != end:
			return p.ruledOff(i, end)
		}
		lines++
	}
	return false
}

// ruledOff takes off what stands under the rule at line i. Under the two dashes of the standard anything goes, under others only what looks like a
// signature.
func (p *page) ruledOff(i, end int) bool {
	l := &p.lines[i]
	standard := strings.Trim(l.s, "-") == "" && len(l.s) == 2 || l.s == "—" || l.s == "––"
	like := p.cardLike(i+1, end)
	if !standard && (!like || p.framed(i)) {
		return false
	}
	if !like && !strings.HasSuffix(l.raw, "-- ") {
		p.doubts("sentences in the signature")
	}
	p.sign(i, end, "signature")
	return true
}

// framed says whether the rule at line i is the lower one of two around some of the agent's text.
func (p *page) framed(i int) bool {
	for j := i - 2; j > 0 && p.lines[j].plain(); j-- {
		if p.lines[j].s == p.lines[i].s {
			return p.written(j)
		}
	}
	return false
}

// sign takes the lines from start to end, end included, for signature, and the rules around them.
func (p *page) sign(start, end int, how string) {
	for j := p.previous(start); j >= 0 && p.lines[j].plain() && isRule(p.lines[j].s); j = p.previous(j) {
		start = j
	}
	for j := p.next(end + 1); j < len(p.lines) && p.lines[j].plain() && isRule(p.lines[j].s); j = p.next(j + 1) {
		end = j
	}
	p.set(start, end+1, signature)
	p.note(how)
}

// cardLike says whether the lines from a to end could be a signature: short lines without sentences, few or with ways to reach someone.
func (p *page) cardLike(a, end int) bool {
	lines, reach, digits := 0, 0, 0
	for i := a; i <= end; i++ {
		s := p.lines[i].s
		if s == "" {
			continue
		}
		if lines++; len(s) > 120 || isSentence(s) {
			return false
		}
		if isReach(s) {
			reach++
		}
		digits += traitsOf(s).digits
	}
	return lines <= 3 && digits == 0 || reach > 0
}

// bears says whether line i is the agent's name, perhaps with a word or two.
func (p *page) bears(i int) bool {
	const most = 6
	words := nameWords(p.lines[i].s)
	return len(words) <= most && slices.ContainsFunc(p.author.names, func(name []string) bool {
		return len(name) <= len(words) && slices.Equal(name, words[:len(name)])
	})
}

// nameWords are the words of a name, in lower case.
func nameWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '\'' && r != '’' })
}

// named takes off a signature without a rule, from the agent's name on: short lines, with a way to reach them. After a colon it is what the agent
// wants to tell.
func (p *page) named(end int) bool {
	const most = 12
	reach := false
	for i, lines := end, 0; i >= 0 && lines < most && p.lines[i].plain(); i-- {
		s := p.lines[i].s
		if s == "" {
			continue
		}
		lines++
		if isSentence(s) || isListed(s) || len(unlinked(s)) > 100 {
			return false
		}
		if lines > 1 && reach && p.bears(i) {
			if j := p.previous(i); !p.written(i) || hasColon(p.lines[j].s) {
				return false
			}
			p.sign(i, end, "signature")
			return true
		}
		reach = reach || isReach(s)
	}
	return false
}

// card takes off a paragraph at the end that is nothing but a business card: four lines or more, the first a name, with at least two ways
// to reach its bearer. After a colon it is what the agent wants to tell, and so is the card of somebody with another address.
func (p *page) card(start, end int) bool {
	if first := p.lines[start].s; end-start < 3 || p.anothers(start, end) || !p.written(start) || isReach(first) || traitsOf(first).digits > 0 || len(strings.Fields(first)) > 5 {
		return false
	}
	if j := p.previous(start); j >= 0 && hasColon(p.lines[j].s) {
		return false
	}
	reach := 0
	for i := start; i <= end; i++ {
		s := p.lines[i].s
		if len(unlinked(s)) > 100 || isSentence(s) || hasColon(s) || isListed(s) {
			return false
		}
		if isReach(s) {
			reach++
		}
	}
	if reach < 2 {
		return false
	}
	p.sign(start, end, "contact card")
	return true
}

// anothers says whether the lines from start to end hold mail addresses, none of them the agent's.
func (p *page) anothers(start, end int) bool {
	text := strings.ToLower(p.joined(start, end))
	return len(p.author.addresses) > 0 && hasAddress(text) && !hasAny(text, p.author.addresses)
}

// isSentence says whether s ends like one, and is longer than a name that ends with an abbreviation.
func isSentence(s string) bool {
	const abbreviated = 5 // "Corp."
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, ")\"'”»"))
	words := strings.Fields(s)
	return unicode.Is(unicode.STerm, last) && (last != '.' || len(words) > 3 || len(words) > 1 && utf8.RuneCountInString(words[len(words)-1]) > abbreviated)
}

func isListed(s string) bool {
	first, n := utf8.DecodeRuneInString(s)
	return strings.ContainsRune("-*•–·", first) && strings.HasPrefix(s[n:], " ")
}

// isReach says whether a line holds a way to reach someone: mail address, web address, telephone number.
func isReach(s string) bool {
	if hasAddress(s) || strings.Contains(s, "://") || strings.Contains(s, "www.") {
		return true
	}
	return isPhone(s)
}

// isPhone says whether a line holds a telephone number and not much else.
func isPhone(s string) bool {
	digits, most, others := 0, 0, 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
			most = max(most, digits)
		case strings.ContainsRune(" +-/().", r):
		default:
			others++
			digits = 0
		}
	}
	return most >= 7 && most <= 16 && others <= 14
}
