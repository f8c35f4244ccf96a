package cut

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func FuzzReply(f *testing.F) {
	f.Add("Yes.\n\nOn 21 Nov 2026 10:42, Mona <mona@shop.example>\nwrote:\n> Hello\n\nlater\n-- \nAli", "", "Hello, where is my order?")
	f.Add("Yes\n________________________________\nVon: Mona\nGesendet: 21.11.2026 10:42\nAn: a@b.example\nBetreff: x\n\nHello", `<div>Yes<div class="gmail_quote"><blockquote>Hello`, "")
	f.Add("> a <\n> b@c\n>:\n|x\n|\n|\n----- a --- b -----\n```\n", `<p class=Mso>a<br><ul><li>b<hr id=zwchr><a href="http://x">y</a><pre>`+"\n\n", "a b c d e")
	f.Add("##- x -##\n---\n—\n* *\n:", "<blockquote type=cite>>a<td><th></p></a></li>", "")
	f.Fuzz(func(t *testing.T, text, page, sent string) {
		r := Reply(Mail{Text: text, HTML: page, Sent: []string{sent}})
		if !utf8.ValidString(r.Text) || !utf8.ValidString(r.Other) {
			t.Fatal("not UTF-8")
		}
		if r.Sure && (r.Text == "" || r.Nothing) {
			t.Fatal("sure of nothing")
		}
		if page == "" {
			p := Reply(Mail{Text: text, Sent: []string{sent}})
			if !within(p.Text, strings.ToValidUTF8(text, "\uFFFD")) {
				t.Fatalf("%q is not within %q", p.Text, text)
			}
		}
	})
}

// within says whether all visible characters of part stand in whole in the same order.
func within(part, whole string) bool {
	rest := []rune(whole)
	for _, r := range part {
		if unicode.IsSpace(r) {
			continue
		}
		for len(rest) > 0 && rest[0] != r {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return false
		}
		rest = rest[1:]
	}
	return true
}

// TestWorstCases gives a megabyte of what could make a careless reader slow. The bound is wide for busy machines; anything quadratic takes minutes.
func TestWorstCases(t *testing.T) {
	fill := func(s string) string { return strings.Repeat(s, 1<<20/len(s)) }
	html := func(s string) Mail { return Mail{HTML: s} }
	text := func(s string) Mail { return Mail{Text: s} }
	deep := func(open, end string) Mail {
		n := 1 << 20 / (len(open) + len(end))
		return html(strings.Repeat(open, n) + "x" + strings.Repeat(end, n))
	}
	cases := map[string]Mail{
		"colons":                text(fill("a:\n")),
		"labels":                text(fill("a: b\n")),
		"labels with addresses": text(fill("a: b@c.example\n\n\n")),
		"labels with dates":     text(fill("Date: 21.11.2026\nx y z\n")),
		"dates":                 text(fill("21.11.2026 10:42\n")),
		"one line":              text(fill("a@b.example 2026-11-21 10:42: ")),
		"at signs":              text(fill("@")),
		"quote signs":           text(fill(">")),
		"quotes":                text(fill("> a\n")),
		"quotes and answers":    text(fill("On 21.11.2026 Mona wrote:\n> a\nb\n\n")),
		"blank lines":           text(fill("\n")),
		"blank, then colon":     text(fill("\n\n\n\n\n\n<\n:\n")),
		"rules":                 text(fill("--\n")),
		"banners":               text(fill("---- a ----\n")),
		"half banners":          text(fill("----a--")),
		"fences":                text(fill("```\n")),
		"bars":                  text(fill("| a\n")),
		"brackets":              text(fill("<\n>\n")),
		"signatures":            text(fill("Sent from my iPhone\n\n")),
		"cards":                 text(fill("Ali\n+49 30 1234567\na@b.example\n\n")),
		"links":                 text(fill("http://a http:// ")),
		"deep divs":             deep("<div>", "</div>"),
		"deep quotes":           deep("<blockquote>", "</blockquote>"),
		"open tags":             html(fill("<div>")),
		"open quotes":           html(fill(`<div class="gmail_quote">a`)),
		"stray ends":            html(strings.Repeat("<b>", 1<<16) + fill("</i>")),
		"links in html":         html(fill(`<a href="http://a">`)),
		"one line of links":     html(fill(`<a href="http://a">b</a>`)),
		"lists":                 html(fill("<ul><li>a")),
		"attributes":            html("<p " + fill(`a="b" `) + ">x"),
		"one attribute":         html(`<p class="` + fill("quote ") + `">x`),
		"comments":              html(fill("<!-- ")),
		"paragraphs":            html(fill("<p>a")),
		"breaks":                html(fill("<br>")),
		"spaces":                html(fill("&nbsp;")),
		"one introduction":      html(`<div class="gmail_attr">` + fill("a<br>") + "On 21.11.2026 10:42 Mona wrote:"),
		"headers":               text(fill("From: a <a@b.example>\nSent: 21 November 2026 10:42\n\nx y z\n\n")),
	}
	for name, m := range cases {
		t.Run(name, func(t *testing.T) {
			m.Sent = []string{m.Text + m.HTML, "where is my order 1042, please tell me"}
			start := time.Now()
			Reply(m)
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("%v for a megabyte", took)
			}
		})
	}
}

// TestLimits: what is longer than we read is never sent unasked.
func TestLimits(t *testing.T) {
	if r := Reply(Mail{Text: strings.Repeat("All work and no play.\n", 1<<17)}); r.Sure {
		t.Error("sure of a text of which not all was read")
	}
	if r := Reply(Mail{HTML: strings.Repeat("<p>All work and no play.</p>\n", 1<<17)}); r.Sure {
		t.Error("sure of a page of which not all was read")
	}
	if r := Reply(Mail{Text: "Yes.\xff\n\n-- \nAli"}); r.Text != "Yes.\uFFFD" {
		t.Errorf("got %q", r.Text)
	}
}

func BenchmarkReply(b *testing.B) {
	cases := loadCorpus(b)
	for b.Loop() {
		for _, c := range cases {
			Reply(c.mail)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(len(cases)), "µs/mail")
}
