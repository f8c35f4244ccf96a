package cut

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// tag is a start tag, with the attributes that matter.
type tag struct {
	name  string // empty for elements that HTML does not know
	known string // class, id, name and other attributes that clients mark elements with, lower case, each between spaces
	style string
	href  string
	alt   string
	src   string
	typ   string
	start string
}

// tagOf reads the tag at which the tokenizer stands.
func tagOf(z *html.Tokenizer) tag {
	name, more := z.TagName()
	t := tag{name: atom.Lookup(name).String()}
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		if len(v) > maxLook*4 && string(k) != "href" {
			continue
		}
		switch string(k) {
		case "class", "id", "name", "data-marker":
			t.known += " " + strings.ToLower(string(v)) + " "
		case "data-signatureblock":
			t.known += " signature "
		case "style":
			t.style = strings.ToLower(strings.ReplaceAll(string(v), " ", ""))
		case "href":
			t.href = strings.TrimSpace(string(v))
		case "alt":
			t.alt = string(v)
		case "src":
			t.src = strings.TrimSpace(string(v))
		case "type":
			t.typ = strings.ToLower(string(v))
		case "start":
			t.start = string(v)
		}
	}
	return t
}

// What mail programs call their elements: parts of these names are looked for.

// introNames mark what introduces a quote.
func introNames() []string {
	return []string{"gmail_attr", "cite-prefix", "attribution", "moz-email-headers-table"}
}

// fromNames mark a place: everything below it is quote, also outside of the element.
func fromNames() []string {
	return []string{"divrplyfwdmsg", "appendonsend", "__headers__", "ms-outlook-mobile-reference-message", "isreplycontent", "isforwardcontent", " replysplit ", " origbody "}
}

// underNames mark the place where a program puts the signature; nothing marks its end.
func underNames() []string { return []string{"linebreakatbeginningofsignature", "_mailautosig"} }

func quoteNames() []string {
	return []string{"quote", "olk_src_body_section", "messagereplysection", "zmail_extra", "moz-forward-container", "mail-editor-reference-message-container", "__quoted_text__", "oriforward", HTMLClass,
		"causeway-marker", "forwarded-message", "reply-original", "original-message"}
}

func signatureNames() []string {
	return []string{"signature", "__sig_", "bloop_sign", " sgn ", "zm-_id_-sgn", "-sgn ", "mail-sig", "email-sig"}
}

// isQuoteElement says whether a block quote quotes a mail. Clients use the same element to indent text; then it has no border.
func isQuoteElement(g tag) bool {
	return g.typ == "cite" || strings.Contains(g.known, "quote") || !strings.Contains(g.style, "border:none") && !strings.Contains(g.style, "border:0") && !strings.Contains(g.style, "border:medium")
}

// isTop says whether a style draws a line above an element and nowhere else, as the header blocks of Outlook and Windows Mail have it.
func isTop(style string) bool {
	return strings.Contains(style, "border-top") && strings.Contains(style, "solid") && !strings.Contains(style, "border-top:none") && !strings.Contains(style, "border-left:solid") && !strings.Contains(style, "border-collapse")
}

func isTight(g tag) bool {
	return strings.Contains(g.known, "mso") || strings.Contains(g.style, "margin:0") || strings.Contains(g.style, "margin-bottom:0") || strings.Contains(g.style, "margin-top:0;margin-bottom:0")
}

func isBlock(name string) bool {
	switch name {
	case "div", "p", "blockquote", "ul", "ol", "li", "table", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "section", "article", "header",
		"footer", "address", "center", "dl", "dt", "dd", "form", "fieldset", "body", "html", "head", "main", "aside", "nav", "details", "summary", "figure",
		"tbody", "thead", "tfoot", "caption":
		return true
	}
	return false
}
