package cut

import "strings"

// picture is a picture of the mail's own that its HTML shows.
type picture struct {
	id     string // its content id
	line   int    // the line on which it stands, or the next one where that has no text
	quoted bool   // an element says that it is of a quote or a signature
}

// picture notes where a picture stands.
func (t *typesetter) picture(source string) {
	const scheme = "cid:"
	e := t.now()
	if len(source) <= len(scheme) || !strings.EqualFold(source[:len(scheme)], scheme) || e.hidden {
		return
	}
	t.p.pictures = append(t.p.pictures, picture{id: source[len(scheme):], line: len(t.p.lines),
		quoted: t.from || e.depth > 0 || e.zone > 0 || e.marks&(markSign|markIntro) != 0})
}

// ownPictures are the content ids of the pictures that the agent put into the mail for the customer to see.
func (p *page) ownPictures() []string {
	var own []string
	for _, x := range p.pictures {
		if !x.quoted && p.ownsPlace(x.line) {
			own = append(own, x.id)
		}
	}
	return own
}

// ownsPlace says whether what stands on line i, or right before it, is the agent's: with their words on the same line, else below their words, or
// above them, or below a quote that ends there. What only follows a signature is of it.
func (p *page) ownsPlace(i int) bool {
	if i < len(p.lines) && p.lines[i].s != "" && p.lines[i].role == own && p.lines[i].depth == 0 {
		return true
	}
	before, after := p.previous(i), p.next(i)
	switch {
	case before < 0:
		return after == len(p.lines) || p.lines[after].role != signature
	case p.lines[before].role == own:
		return true
	case after < len(p.lines):
		return p.lines[after].role == own && p.lines[after].depth == 0
	}
	return p.lines[before].depth > 0
}
