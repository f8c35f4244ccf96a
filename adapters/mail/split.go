package mail

import (
	"bytes"
	"strings"

	"causeway/core"
)

// Limits that no mail a person writes reaches. The splitter runs once over the bytes, so that its time grows with the size of the mail
// alone.
const (
	maxDepth = 50
	maxParts = 1000
)

func tooComplex(why string, args ...any) error {
	return core.Problemf(core.CodeTooLarge, "The mail is too complex to read: "+why+".", args...).
		Remedied("Send the text and the files again in a new mail.")
}

// node is one part of a mail, a leaf with its bytes or a multipart with its children.
type node struct {
	header   fields
	media    string // lower case, never empty
	params   parameters
	parent   *node
	children []*node
	start    int // of the body
	end      int
}

func (n *node) multipart() bool { return strings.HasPrefix(n.media, "multipart/") }

// level is a multipart whose end has not come.
type level struct {
	node     *node
	boundary string
	shadowed int // index+1 of the outer level with the same boundary
}

// splitter cuts a mail into its parts.
type splitter struct {
	raw    []byte
	levels []level
	open   map[string]int // boundary to index+1 into levels
	leaf   *node
	parts  int
}

// split returns the root of a mail's parts.
func split(raw []byte) (*node, error) {
	s := &splitter{raw: raw, open: map[string]int{}}
	root, pos, err := s.begin(nil, 0)
	if err != nil {
		return nil, err
	}
	for pos < len(raw) && len(s.levels) > 0 {
		next := lineEnd(raw, pos)
		at, closing := s.boundary(raw[pos:next])
		if at < 0 {
			pos = next
			continue
		}
		if pos, err = s.cut(at, closing, pos, next); err != nil {
			return nil, err
		}
	}
	s.closeTo(0, len(raw))
	return root, nil
}

// cut handles the boundary line of a level and returns where to go on.
func (s *splitter) cut(at int, closing bool, pos, next int) (int, error) {
	end := pos - (len(s.raw[:pos]) - len(trimEOL(s.raw[:pos])))
	parent := s.levels[at].node
	if closing {
		s.closeTo(at, end)
		return next, nil
	}
	s.closeTo(at+1, end)
	if s.parts++; s.parts > maxParts {
		return 0, tooComplex("it has more than %d parts", maxParts)
	}
	child, body, err := s.begin(parent, next)
	if err != nil {
		return 0, err
	}
	parent.children = append(parent.children, child)
	return body, nil
}

// begin reads the header of the part at pos.
func (s *splitter) begin(parent *node, pos int) (*node, int, error) {
	stop := func(line []byte) bool { at, _ := s.boundary(line); return at >= 0 }
	header, size, err := scanHeader(s.raw[pos:], parent != nil, stop)
	if err != nil {
		return nil, 0, err
	}
	n := &node{header: header, parent: parent, start: pos + size, end: len(s.raw)}
	n.media, n.params = mediaType(header, parent)
	if !n.multipart() {
		s.leaf = n
		return n, n.start, nil
	}
	boundary := strings.TrimSpace(n.params["boundary"])
	if boundary == "" {
		boundary = guessBoundary(s.raw[n.start:])
	}
	if boundary == "" {
		s.leaf = n
		return n, n.start, nil
	}
	if len(s.levels) == maxDepth {
		return nil, 0, tooComplex("its parts are nested more than %d deep", maxDepth)
	}
	s.levels = append(s.levels, level{n, boundary, s.open[boundary]})
	s.open[boundary] = len(s.levels)
	return n, n.start, nil
}

// closeTo ends the current leaf and every level from index at on.
func (s *splitter) closeTo(at, end int) {
	if s.leaf != nil {
		s.leaf.end = max(end, s.leaf.start)
		s.leaf = nil
	}
	for len(s.levels) > at {
		last := s.levels[len(s.levels)-1]
		s.levels = s.levels[:len(s.levels)-1]
		last.node.end = max(end, last.node.start)
		if last.shadowed > 0 {
			s.open[last.boundary] = last.shadowed
		} else {
			delete(s.open, last.boundary)
		}
	}
}

// maxBoundary is far above RFC 2046's 70; longer lines are not looked up.
const maxBoundary = 256

// boundary tells of which open level a line is the boundary, -1 if of none.
func (s *splitter) boundary(line []byte) (at int, closing bool) {
	if len(line) < 3 || line[0] != '-' || line[1] != '-' || len(line) > maxBoundary {
		return -1, false
	}
	name := bytes.TrimRight(line[2:], " \t\r\n")
	if i := s.open[string(name)]; i > 0 {
		return i - 1, false
	}
	if short, ok := bytes.CutSuffix(name, []byte("--")); ok {
		if i := s.open[string(bytes.TrimRight(short, " \t"))]; i > 0 {
			return i - 1, true
		}
	}
	return -1, false
}

// guessBoundary finds the boundary of a multipart that does not name it: the first line that starts with two hyphens and is followed by a
// header field.
func guessBoundary(body []byte) string {
	pos := 0
	for range 50 {
		if pos >= len(body) {
			return ""
		}
		next := lineEnd(body, pos)
		line := bytes.TrimRight(body[pos:next], " \t\r\n")
		if len(line) > 2 && len(line) < maxBoundary && bytes.HasPrefix(line, []byte("--")) {
			if after := body[next:min(next+8, len(body))]; bytes.EqualFold(after, []byte("content-")) {
				return string(line[2:])
			}
		}
		pos = next
	}
	return ""
}

// mediaType says what a part is. What cannot be understood is text, unless it is named as a file.
func mediaType(header fields, parent *node) (string, parameters) {
	media, params := "", parameters{}
	for _, value := range header.all("Content-Type") {
		m, p := parseParams(value)
		if i := strings.IndexByte(m, '/'); i > 0 && i < len(m)-1 && !strings.ContainsAny(m, " \t=<>@,") {
			media, params = m, p
			break
		}
		if media == "" && m == "text" {
			params = p
		}
	}
	if media == "" && parent != nil && parent.media == "multipart/digest" {
		media = "message/rfc822"
	}
	if media == "" {
		media = "text/plain"
	}
	return media, params
}
