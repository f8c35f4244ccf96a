package cut

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

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
		if t.words > mostIntroduced {
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

// behind gives back what was written behind an introduction, on its last line: "On 21 Nov 2026 Mona <mona@shop.example> wrote: yes please".
func (p *page) behind() {
	for i := range p.lines {
		l := &p.lines[i]
		if n := p.next(i + 1); l.role != intro || l.s == "" || n == len(p.lines) || p.lines[n].role != quoted && !isMarker(p.lines[n].s) {
			continue
		}
		if rest := p.restOf(i); rest != "" && !p.sent.holds(rest) {
			l.raw, l.shown, l.s, l.role = rest, "", rest, own
			p.doubts("text behind an introduction")
		}
	}
}

// restOf is what stands behind the introduction whose last line is j. Where headers begin it, there is nothing.
func (p *page) restOf(j int) string {
	start, labels := j, 0
	for i := j; i >= 0 && p.lines[i].role == intro && p.lines[i].s != "" && !isRule(p.lines[i].s); i-- {
		if start = i; p.labelAt(i) {
			labels++
		}
	}
	if labels > 1 || p.labelAt(start) || hasColon(p.lines[j].s) {
		return ""
	}
	above := ""
	if start < j {
		above = p.joined(start, j-1) + " "
	}
	s := p.lines[j].s
	for at, r := range s {
		if !strings.ContainsRune(colons, r) {
			continue
		}
		rest := s[at+utf8.RuneLen(r):]
		if t := traitsOf(above + s[:at]); t.date && strings.HasPrefix(rest, " ") && !strings.Contains(above+s[:at], "---") {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}
