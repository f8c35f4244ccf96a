package forward

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"causeway/core"
)

//go:embed page.html
var pageFile string

// blockKind says how a block looks.
type blockKind string

const (
	blockText  blockKind = "text"  // what somebody wrote
	blockSay   blockKind = "say"   // what we say
	blockNote  blockKind = "note"  // what we say by the way
	blockLead  blockKind = "lead"  // what we say, as a headline
	blockQuote blockKind = "quote" // what was written before
	blockLink  blockKind = "link"
	blockLine  blockKind = "line" // to be copied as it stands
	blockRule  blockKind = "rule"
)

// block is a paragraph of a mail.
type block struct {
	Kind  blockKind
	Text  string
	Dir   string // "rtl", "ltr", or "auto" where nothing tells
	Href  string
	Label string // who wrote it and when, over a quote
}

// page is a mail before it is written out as text and HTML.
type page struct {
	Lang, Dir string
	Peek      string // what lists of mails show beside the subject
	Mark      string // answers go above it
	Blocks    []block
	Foot      []string
}

func (p *page) add(kind blockKind, text string) {
	if strings.TrimSpace(text) == "" && kind != blockRule {
		return
	}
	b := block{Kind: kind, Text: text, Dir: direction(text)}
	switch {
	case kind == blockSay || kind == blockNote || kind == blockLead:
		b.Dir = p.Dir
	case b.Dir == "":
		b.Dir = "auto"
	}
	p.Blocks = append(p.Blocks, b)
}

func (p *page) quote(label, text string) {
	p.add(blockQuote, text)
	if n := len(p.Blocks); n > 0 && strings.TrimSpace(text) != "" {
		p.Blocks[n-1].Label = label
	}
}

func (p *page) link(href string) {
	if href != "" {
		p.Blocks = append(p.Blocks, block{Kind: blockLink, Text: href, Href: href, Dir: "ltr"})
	}
}

// text is the plain form.
func (p *page) text() string {
	var b strings.Builder
	b.WriteString(p.Mark + "\n")
	for _, x := range p.Blocks {
		b.WriteString("\n")
		switch x.Kind {
		case blockRule:
			b.WriteString("---\n")
		case blockQuote:
			if x.Label != "" {
				b.WriteString(x.Label + "\n")
			}
			b.WriteString("> " + strings.ReplaceAll(steer(strings.TrimRight(x.Text, "\n")), "\n", "\n> ") + "\n")
		case blockText:
			b.WriteString(steer(strings.TrimRight(x.Text, "\n")) + "\n")
		default:
			b.WriteString(strings.TrimRight(x.Text, "\n") + "\n")
		}
	}
	if len(p.Foot) > 0 {
		b.WriteString("\n---\n" + strings.Join(p.Foot, "\n") + "\n")
	}
	return b.String()
}

// layout is the HTML form of a page.
func layout() (*template.Template, error) {
	lines := func(s string) []string { return strings.Split(strings.TrimRight(s, "\n"), "\n") }
	marks := core.PageMarks()
	said := func(s string) template.HTML {
		written, _ := marks.Render(strings.TrimRight(s, "\n"))
		return template.HTML(written) //nolint:gosec // the marks escape everything else
	}
	return template.New("page").Funcs(template.FuncMap{"lines": lines, "said": said}).Parse(pageFile)
}

// html is the form with directions, links and quotes set.
func (p *page) html(layout *template.Template) (string, error) {
	var b bytes.Buffer
	if err := layout.Execute(&b, p); err != nil {
		return "", fmt.Errorf("page of mail: %w", err)
	}
	return b.String(), nil
}
