package cut

import "strings"

// examine finds out about every line of a page what it is.
func (p *page) examine(s *sent, by author) reading {
	if p.next(0) == len(p.lines) {
		return reading{empty: true, Result: Result{Pictures: p.ownPictures()}}
	}
	p.sent, p.from, p.author = s.compare(p), s.from, by
	p.zones()
	p.below()
	if b := p.blocks(); len(b) > 0 && p.lastOwn() > b[len(b)-1].a {
		p.signatures() // below the last quote, so that it is known whether anything else is
	}
	p.quotes()
	p.signatures()
	p.caution()
	p.restore()
	p.behind()
	p.inspect()
	return p.result()
}

// restore gives back what only looked like a signature if nothing else is left: a reply may be a telephone number.
func (p *page) restore() {
	if p.lastOwn() >= 0 {
		return
	}
	for i := range p.lines {
		if l := &p.lines[i]; l.role == signature && !p.under(i) {
			l.role = own
		}
	}
	if p.lastOwn() >= 0 {
		p.doubts("only a signature")
	}
}

// under says whether line i is an advertisement, or stands at or below a rule in a signature.
func (p *page) under(i int) bool {
	if isAdvertisement(p.lines[i].s) {
		return true
	}
	for ; i >= 0 && (p.lines[i].role == signature || p.lines[i].s == ""); i-- {
		if isRule(p.lines[i].s) {
			return true
		}
	}
	return false
}

// inspect looks in what is to be sent for things that should not be there.
func (p *page) inspect() {
	for i := range p.lines {
		l := &p.lines[i]
		if l.role != own || l.s == "" || l.code {
			continue
		}
		if l.depth > 0 {
			if !l.typed && (p.sent.known() && p.sent.share(i, i+1) > 0.5 || traitsOf(l.s).address) || l.typed && boxesAddress(l.s) {
				p.doubts("a quote is left")
			}
			continue
		}
		if words, rest, ok := banner(l.s); ok && rest == "" && len(words) < 80 && p.evenArms(i) {
			p.doubts("a separator is left")
		}
		if t := traitsOf(l.s); hasColon(l.s) && t.date && t.address {
			p.doubts("an introduction is left")
		}
	}
	for i := 0; i < len(p.lines); i++ {
		end := i
		for end < len(p.lines) && (p.lines[end].role == own) {
			end++
		}
		if p.sent.tooKnown(i, end) {
			p.doubts("our own words are left")
		}
		i = end
	}
}

// boxesAddress says whether an address stands in brackets, as after the name of who is quoted: programs write that, and hardly a person.
func boxesAddress(s string) bool {
	at := strings.IndexByte(s, '<')
	return at >= 0 && strings.IndexByte(s[at:], '>') > 0 && hasAddress(s[at:])
}

func (p *page) result() reading {
	var kept, rest []line
	var whole strings.Builder
	loose, seam := false, false
	for _, l := range p.lines {
		if p.rich && (l.role == own || l.role == signature) {
			whole.WriteString(l.raw + "\n")
		}
		if l.role == own {
			l.seam = seam
			if l.shown != "" {
				l.raw = l.shown
			}
			kept = append(kept, l)
			seam = false
			continue
		}
		rest = append(rest, l)
		loose = loose || l.s != ""
		seam = true
	}
	if !loose {
		p.note("no quote")
	}
	r := reading{how: p.how, hard: p.hard, loose: loose, whole: letters(whole.String())}
	dedent(kept)
	r.Text, r.Other, r.Pictures = render(kept, p.rich), render(rest, true), p.ownPictures()
	r.Nothing = r.Text == "" && !p.doubt
	r.Sure = r.Text != "" && !p.doubt
	if r.Text == "" {
		r.how = append(r.how, "nothing new")
	}
	return r
}

// dedent takes off the spaces that all lines begin with, as some clients put before a whole text.
func dedent(lines []line) {
	least := maxLook
	for _, l := range lines {
		if l.s != "" {
			least = min(least, len(l.raw)-len(strings.TrimLeft(l.raw, " ")))
		}
	}
	for i := range lines {
		if lines[i].s != "" {
			lines[i].raw = lines[i].raw[least:]
		}
	}
}

// render puts lines together: without blank lines at the ends or more than two together, and with the soft breaks of flowed text undone.
func render(lines []line, rich bool) string {
	var b strings.Builder
	blanks, most := 0, 2
	flows := false
	for i, l := range lines {
		if l.seam {
			blanks, most, flows = 1, 1, false
		}
		raw := strings.TrimRight(visible(l.raw), " \t")
		if strings.TrimSpace(raw) == "" || l.marks&markRule != 0 && b.Len() == 0 {
			blanks++
			flows = false
			continue
		}
		switch {
		case b.Len() == 0 && !beginsCode(lines[i:]):
			raw = strings.TrimLeft(raw, "\t ")
		case b.Len() == 0:
		case flows:
			b.WriteByte(' ')
		default:
			b.WriteString("\n\n\n"[:min(blanks, most)+1])
		}
		b.WriteString(raw)
		blanks, most = 0, 2
		flows = !rich && !l.code && isFlowed(l.raw)
	}
	return strings.TrimRight(b.String(), " \t\n")
}

// beginsCode says whether the first of some lines is indented, and the second too: letters begin like the first alone.
func beginsCode(lines []line) bool {
	deep := func(l line) bool { return strings.HasPrefix(l.raw, "  ") || strings.HasPrefix(l.raw, "\t") }
	return len(lines) > 1 && deep(lines[0]) && deep(lines[1])
}

// isFlowed says whether a line ends in the soft break of format=flowed: one space after a line that is about full.
func isFlowed(raw string) bool {
	return len(raw) > 55 && strings.HasSuffix(raw, " ") && !strings.HasSuffix(raw, "  ")
}

// visible takes control characters out of a line.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r == '\uFEFF' || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}
