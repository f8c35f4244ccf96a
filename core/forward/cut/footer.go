package cut

import (
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
			p.set(end, end+1, signature)
			p.note("mobile signature")
		case isLegal(p.joined(start, end)) && p.written(start):
			p.set(start, end+1, signature)
			p.note("legal footer")
		case p.underRule(end), p.card(start, end):
		default:
			return
		}
	}
}

// paragraph is the first line of the paragraph that ends with line end.
func (p *page) paragraph(end int) int {
	start := end
	for start > 0 && p.lines[start-1].plain() && p.lines[start-1].s != "" {
		start--
	}
	return start
}

// advertised says whether line i says with what the mail was sent, and is a paragraph of its own.
func (p *page) advertised(i int) bool {
	return isAdvertisement(p.lines[i].s) && (i == 0 || p.lines[i-1].s == "" || !p.lines[i-1].plain() || isRule(p.lines[i-1].s))
}

// underRule takes off a signature under a line of dashes. Under the two of the standard anything goes, under others only what looks like one.
func (p *page) underRule(end int) bool {
	const most = 16
	for i, lines := end, 0; i >= 0 && lines < most; i-- {
		l := &p.lines[i]
		if !l.plain() {
			return false
		}
		if l.s == "" {
			continue
		}
		lines++
		if !isRule(l.s) || i == end {
			continue
		}
		standard := strings.Trim(l.s, "-") == "" && len(l.s) == 2 || l.s == "—" || l.s == "––"
		if like := p.cardLike(i+1, end); !like && !standard {
			return false
		} else if !like && !strings.HasSuffix(l.raw, "-- ") {
			p.doubts("sentences in the signature")
		}
		for j := p.previous(i); j >= 0 && p.lines[j].plain() && isRule(p.lines[j].s); j = p.previous(j) {
			i = j
		}
		p.set(i, end+1, signature)
		p.note("signature")
		return true
	}
	return false
}

// cardLike says whether the lines from a to end could be a signature: short lines without sentences, few or with ways to reach someone.
func (p *page) cardLike(a, end int) bool {
	lines, reach := 0, 0
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
	}
	return lines <= 3 || reach > 0
}

// card takes off a paragraph at the end that is nothing but a business card: four lines or more, the first a name, with at least two ways
// to reach its bearer. After a colon it is what the agent wants to tell.
func (p *page) card(start, end int) bool {
	if first := p.lines[start].s; end-start < 3 || !p.written(start) || isReach(first) || traitsOf(first).digits > 0 || len(strings.Fields(first)) > 5 {
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
	p.set(start, end+1, signature)
	p.note("contact card")
	return true
}

// isSentence says whether s ends like one, and is longer than an abbreviation or a name.
func isSentence(s string) bool {
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, ")\"'”»"))
	return unicode.Is(unicode.STerm, last) && (last != '.' || len(strings.Fields(s)) > 3)
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
