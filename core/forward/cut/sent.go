package cut

import (
	"hash/maphash"
	"slices"
	"strings"
	"unicode"
)

// shingle is the number of words that are compared at once: long enough to be no chance, short enough to survive a changed word nearby.
const shingle = 4

const maxTokens = 60000 // words of one of our mails that are looked at

// sent knows the runs of words in the mails we sent.
type sent struct {
	seed   maphash.Seed
	mails  []map[uint64]struct{}
	others []map[uint64]struct{} // without what the mails repeat of the agent's own
	from   []string              // whom they name as sender, lower case
}

func newSent(m Mail) *sent {
	s := &sent{seed: maphash.MakeSeed()}
	s.mails = s.sets(m.Sent)
	if s.others = s.mails; m.Others != nil {
		s.others = s.sets(m.Others)
	}
	for _, name := range m.From {
		s.from = append(s.from, strings.ToLower(name))
	}
	return s
}

// sets gives the runs of words of each text that has any.
func (s *sent) sets(texts []string) (all []map[uint64]struct{}) {
	for _, text := range texts[:min(len(texts), maxSent)] {
		text, _ = clip(text, maxText)
		tokens := s.tokens(nil, text)
		runs := s.runs(tokens[:min(len(tokens), maxTokens)])
		if len(runs) == 0 {
			continue
		}
		set := make(map[uint64]struct{}, len(runs))
		for _, r := range runs {
			set[r] = struct{}{}
		}
		all = append(all, set)
	}
	return all
}

// tokens appends the words of a text. In scripts without spaces each letter counts as a word.
func (s *sent) tokens(out []uint64, text string) []uint64 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	n := 0
	flush := func() {
		if n > 0 {
			out = append(out, h.Sum64())
			h.Reset()
			n = 0
		}
	}
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) {
			flush()
			continue
		}
		_, _ = h.WriteString(string(unicode.ToLower(r)))
		if n++; unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
			flush()
		}
	}
	flush()
	return out
}

// runs gives one number for each run of words.
func (s *sent) runs(tokens []uint64) []uint64 {
	var out []uint64
	for i := 0; i+shingle <= len(tokens); i++ {
		sum := uint64(14695981039346656037)
		for _, t := range tokens[i : i+shingle] {
			sum = (sum ^ t) * 1099511628211
		}
		out = append(out, sum)
	}
	return out
}

// comparison is what of a page is known from our mails. The zero value knows nothing.
type comparison struct {
	sent  *sent
	runs  []uint64
	first []int // per line: index of its first word
	hits  []int // per line: number of known words on the lines above it
	new   []int // per line: the same for our newest mail alone
	ours  []int // per line: the same without what the agent wrote themselves
}

func (s *sent) compare(p *page) comparison {
	if len(s.mails) == 0 {
		return comparison{}
	}
	var tokens []uint64
	first := make([]int, len(p.lines)+1)
	for i := range p.lines {
		first[i] = len(tokens)
		tokens = s.tokens(tokens, p.lines[i].raw)
	}
	first[len(p.lines)] = len(tokens)
	c := comparison{sent: s, runs: s.runs(tokens), first: first}
	c.hits = c.count(len(tokens), s.mails)
	c.new = c.count(len(tokens), s.mails[:1])
	c.ours = c.count(len(tokens), s.others)
	return c
}

// count sums up over the lines how many words lie in a run that one of the mails holds.
func (c *comparison) count(tokens int, mails []map[uint64]struct{}) []int {
	known := make([]bool, tokens)
	for i, r := range c.runs {
		for _, m := range mails {
			if _, ok := m[r]; ok {
				for k := range shingle {
					known[i+k] = true
				}
				break
			}
		}
	}
	sums := make([]int, len(c.first))
	sum, line := 0, 0
	for i := 0; i <= tokens; i++ {
		for line < len(c.first) && c.first[line] == i {
			sums[line] = sum
			line++
		}
		if i < tokens && known[i] {
			sum++
		}
	}
	return sums
}

func (c *comparison) known() bool { return c.sent != nil }

// share is how much of the lines from a up to b is in our mails, from 0 to 1.
func (c *comparison) share(a, b int) float64 {
	if c.sent == nil || a >= b || c.first[a] == c.first[b] {
		return 0
	}
	return float64(c.hits[b]-c.hits[a]) / float64(c.first[b]-c.first[a])
}

// words is how many words stand on the lines from a up to b.
func (c *comparison) words(a, b int) int { return c.first[b] - c.first[a] }

// any says whether the lines from a up to b hold anything of our mails.
func (c *comparison) any(a, b int) bool { return c.sent != nil && c.hits[b] > c.hits[a] }

// holds says whether all of a text stands in our mails. Of less than a run of words nobody can say.
func (c *comparison) holds(text string) bool {
	if c.sent == nil {
		return false
	}
	runs := c.sent.runs(c.sent.tokens(nil, text))
	for _, r := range runs {
		if !slices.ContainsFunc(c.sent.mails, func(m map[uint64]struct{}) bool { _, ok := m[r]; return ok }) {
			return false
		}
	}
	return len(runs) > 0
}

// tail finds where one of our mails is quoted whole without quote signs: from the returned line on.
func (c *comparison) tail(p *page) (int, bool) {
	if c.sent == nil {
		return 0, false
	}
	for _, m := range c.sent.others {
		if at, ok := c.tailOf(p, m); ok {
			return at, true
		}
	}
	return 0, false
}

// tailOf goes up from the end and notes where how much of the mail was seen. The quote starts at the lowest line from which nearly as
// much is below as in the whole reply, so that a sentence that the agent repeats above does not count.
func (c *comparison) tailOf(p *page, mail map[uint64]struct{}) (int, bool) {
	const few = 3
	seen := make(map[uint64]struct{}, len(mail))
	below := make([]int, len(p.lines)+1)
	for i := len(p.lines) - 1; i >= 0; i-- {
		if p.lines[i].plain() {
			for k := c.first[i]; k < c.first[i+1] && k < len(c.runs); k++ {
				if _, ok := mail[c.runs[k]]; ok {
					seen[c.runs[k]] = struct{}{}
				}
			}
		}
		below[i] = len(seen)
	}
	if len(seen) < few || len(seen)*2 < len(mail) {
		return 0, false
	}
	at := len(p.lines)
	for at > 0 && below[at]*10 < len(seen)*9 {
		at--
	}
	for { // up over what is left of the mail's first lines
		above := p.previous(at)
		if above < 0 || !p.lines[above].plain() || c.share(above, above+1) < 0.6 {
			break
		}
		at = above
	}
	return at, true
}

// strange says whether our newest mail, quoted on the lines from a up to b, has lines in its midst that are not ours: the agent may have
// answered there. Links do not count, since clients and we write them differently.
func (c *comparison) strange(p *page, a, b int) bool {
	const few, known = 3, 8 // words
	if c.sent == nil || c.new[b]-c.new[a] < known {
		return false
	}
	for a < b && c.new[a+1] == c.new[a] {
		a++
	}
	for b > a && c.new[b-1] == c.new[b] {
		b--
	}
	for i := a; i < b; i++ {
		if s := p.lines[i].s; c.hits[i+1] == c.hits[i] && c.first[i+1]-c.first[i] >= few && !strings.Contains(s, "http") && !hasAddress(s) {
			return true
		}
	}
	return false
}

// tooKnown says whether lines that are to be sent hold a long piece of our mails, beside what the agent wrote themselves.
func (c *comparison) tooKnown(a, b int) bool {
	if c.sent == nil || a >= b {
		return false
	}
	known := c.ours[b] - c.ours[a]
	return known > 20 || known > 8 && float64(known) > 0.6*float64(c.words(a, b))
}
