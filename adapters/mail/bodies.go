package mail

import (
	"bytes"
	"html"
	"regexp"
	"strings"

	"causeway/core/forward"
)

// place is where a part stands.
type place struct {
	first       bool // the first of its multipart
	related     bool // below multipart/related, after its root
	alternative bool // one of several forms of the same
}

// bodies gathers text, HTML and files from the parts.
type bodies struct {
	raw   []byte
	texts []piecedText
	htmls []string
	bare  int // HTML parts outside of any alternative
	order []string
	files []forward.IncomingFile

	signed string // media type of the outermost signature
	inside int    // how many signatures that pack a mail up are around
}

const mostPacked = 3

// unpack walks through the mail that a signature packs up. It returns false if the part is no such thing.
func (b *bodies) unpack(n *node, at place) bool {
	if n.media != "application/pkcs7-mime" && n.media != "application/x-pkcs7-mime" || b.inside >= mostPacked {
		return false
	}
	raw := front(packed(b.content(n)))
	if len(raw) == 0 {
		return false
	}
	root, err := split(raw)
	if err != nil || len(root.header) == 0 {
		return false
	}
	outer := b.raw
	b.raw, b.inside = raw, b.inside+1
	b.walk(root, at)
	b.raw, b.inside = outer, b.inside-1
	if b.signed == "" {
		b.signed = "application/pkcs7-signature"
	}
	return true
}

type piecedText struct {
	text        string
	alternative bool
}

func (b *bodies) walk(n *node, at place) {
	if !n.multipart() || len(n.children) == 0 {
		b.leaf(n, at)
		return
	}
	switch n.media {
	case "multipart/alternative":
		b.alternative(n, at)
	case "multipart/related":
		root := relatedRoot(n)
		b.walk(n.children[root], place{first: at.first, alternative: at.alternative})
		for i, child := range n.children {
			if i != root {
				b.walk(child, place{related: true})
			}
		}
	case "multipart/signed":
		b.walk(n.children[0], at)
		for _, child := range n.children[1:] {
			switch {
			case !strings.HasSuffix(child.media, "-signature"):
				b.walk(child, place{})
			case b.signed == "":
				b.signed = child.media
			}
		}
	default:
		for i, child := range n.children {
			b.walk(child, place{first: at.first && i == 0, related: at.related, alternative: at.alternative})
		}
	}
}

// alternative takes one text and one HTML. An empty form is passed over, and the forms that no person reads here are dropped.
func (b *bodies) alternative(n *node, at place) {
	at.alternative, at.first = true, true
	texts, htmls := len(b.texts), len(b.htmls)
	for _, child := range n.children {
		switch {
		case child.media == "text/plain" && len(b.texts) > texts && b.texts[len(b.texts)-1].text != "",
			child.media == "text/html" && len(b.htmls) > htmls && b.htmls[len(b.htmls)-1] != "":
			continue
		case child.media == "text/x-amp-html", child.media == "text/watch-html", child.media == "text/enriched", child.media == "text/richtext":
			continue
		}
		b.walk(child, at)
	}
}

func relatedRoot(n *node) int {
	want := strings.Trim(n.params["start"], "<> ")
	for i, child := range n.children {
		if want != "" && strings.Trim(child.header.get("Content-Id"), "<> ") == want {
			return i
		}
	}
	return 0
}

func (b *bodies) leaf(n *node, at place) {
	disposition, dparams := parseParams(n.header.get("Content-Disposition"))
	name := dparams["filename"]
	if name == "" {
		name = n.params["name"]
	}
	attached := disposition == "attachment" || at.related || name != "" && !at.first
	switch {
	case n.multipart() && name == "": // without a single part: what is there is the text
		b.text(n, at)
	case n.media == "text/plain" && !attached:
		b.text(n, at)
	case n.media == "text/html" && !attached:
		b.html(n, at)
	case n.parent == nil && strings.HasPrefix(n.media, "text/") && name == "" && n.media != "text/calendar":
		b.text(n, at)
	case n.media == "application/applefile":
	case b.unpack(n, place{first: at.first || n.parent == nil}):
	default:
		b.file(n, name)
	}
}

func (b *bodies) content(n *node) []byte {
	return decodeTransfer(b.raw[n.start:n.end], n.header.get("Content-Transfer-Encoding"))
}

func (b *bodies) text(n *node, at place) {
	text := strings.ReplaceAll(decodeText(b.content(n), n.params["charset"]), "\r\n", "\n")
	if strings.EqualFold(n.params["format"], "flowed") {
		text = unflow(text, strings.EqualFold(n.params["delsp"], "yes"))
	}
	text = strings.TrimRight(text, "\r\n")
	b.texts = append(b.texts, piecedText{text, at.alternative})
	if !at.alternative && strings.TrimSpace(text) != "" {
		b.order = append(b.order, `<div style="white-space:pre-wrap">`+html.EscapeString(text)+"</div>")
	}
}

func (b *bodies) html(n *node, at place) {
	data := b.content(n)
	charset := n.params["charset"]
	if charset == "" {
		charset = metaCharset(data)
	}
	page := decodeText(data, charset)
	b.htmls = append(b.htmls, page)
	b.order = append(b.order, page)
	if !at.alternative {
		b.bare++
	}
}

// metaTag finds the charset that a page names for itself.
var metaTag = regexp.MustCompile(`(?i)<meta[^>]{0,200}charset=["']?([a-z0-9_:-]{2,40})`)

func metaCharset(page []byte) string {
	if m := metaTag.FindSubmatch(page[:min(len(page), 2048)]); m != nil {
		return string(m[1])
	}
	return ""
}

func (b *bodies) file(n *node, name string) {
	data := b.content(n)
	if name == "" && n.media == "message/rfc822" {
		name = innerName(data)
	}
	b.files = append(b.files, forward.IncomingFile{
		Name:      name,
		MIME:      n.media,
		ContentID: printable(strings.Trim(strings.TrimSpace(n.header.get("Content-Id")), "<>")),
		Data:      data,
	})
}

// innerName calls an attached mail by its subject.
func innerName(data []byte) string {
	header, _, err := scanHeader(front(data), false, nil)
	if err != nil {
		return ""
	}
	subject := []rune(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, decodeWords(header.get("Subject"))))
	if len(subject) == 0 {
		return ""
	}
	return string(subject[:min(len(subject), 80)]) + ".eml"
}

func (b *bodies) finish() (text, page string, files []forward.IncomingFile) {
	var plain []string
	loose := false
	for _, t := range b.texts {
		if strings.TrimSpace(t.text) != "" {
			plain = append(plain, t.text)
			loose = loose || !t.alternative
		}
	}
	text, page = strings.Join(plain, "\n"), strings.Join(b.htmls, "\n")
	if b.bare > 0 && loose {
		text, page = "", strings.Join(b.order, "\n")
	}
	b.markInline(page)
	return text, page, b.files
}

// cidLink finds what an HTML body shows by Content-ID.
var cidLink = regexp.MustCompile(`(?i)cid:([^"'\s<>)]{1,400})`)

func (b *bodies) markInline(page string) {
	if len(b.files) == 0 || page == "" {
		return
	}
	shown := map[string]bool{}
	for _, m := range cidLink.FindAllStringSubmatch(page, -1) {
		shown[m[1]] = true
		shown[html.UnescapeString(m[1])] = true
		shown[string(bytes.TrimSpace(unpercent(m[1])))] = true
	}
	for i := range b.files {
		b.files[i].Inline = b.files[i].ContentID != "" && shown[b.files[i].ContentID]
	}
}
