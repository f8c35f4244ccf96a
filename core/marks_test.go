package core

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestMarks(t *testing.T) {
	for _, c := range []struct{ give, plain, html string }{
		{"plain", "plain", "plain"},
		{"*bold* and _italic_, ~gone~ `x<y`", "bold and italic, gone x<y", "<b>bold</b> and <i>italic</i>, <s>gone</s> <code>x&lt;y</code>"},
		{"*_both_*", "both", "<b><i>both</i></b>"},
		{"*مرحبا* يا 👋🏽 *друг*", "مرحبا يا 👋🏽 друг", "<b>مرحبا</b> يا 👋🏽 <b>друг</b>"},
		{"2*3*4 snake_case_name a~b", "2*3*4 snake_case_name a~b", "2*3*4 snake_case_name a~b"},
		{"https://example.com/_a_?b=*c*&d", "https://example.com/_a_?b=*c*&d", "https://example.com/_a_?b=*c*&amp;d"},
		{"*open", "*open", "*open"},
		{"* not bold *", "* not bold *", "* not bold *"},
		{"*over\nlines*", "*over\nlines*", "*over\nlines*"},
		{"a\n> quoted *b*\nc", "a\n> quoted b\nc", "a\n<blockquote>quoted <b>b</b></blockquote>\nc"},
		{"see:\n```\nif *a* < b\n```\n", "see:\nif *a* < b\n", "see:\n<pre>if *a* &lt; b</pre>\n"},
		{"- one\n- *two*\n1. three", "- one\n- two\n1. three", "- one\n- <b>two</b>\n1. three"},
		{"<script>&", "<script>&", "&lt;script&gt;&amp;"},
	} {
		plain, _ := PlainText(c.give)
		html, _ := HTMLMarks().Render(c.give)
		if plain != c.plain || html != c.html {
			t.Errorf("%q:\n got %q and %q\nwant %q and %q", c.give, plain, html, c.plain, c.html)
		}
	}
	if _, marked := PlainText("2*3*4"); marked {
		t.Error("a sum is no mark")
	}
}

// letters are what must survive any writing: everything but marks and white space.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("*_~`>", r) || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// FuzzMarks: no character of the text is lost, nothing unescaped gets out, and what has no marks is as it was.
func FuzzMarks(f *testing.F) {
	for _, s := range []string{"*b* _i_ ~s~ `c`", "```x```", "> q\n> *r*", "<b>&", "*مرحبا*", "🙂*🙂*", "**", "``` ` ```", "http://a_b_ *c*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		plain, marked := PlainText(s)
		if letters(plain) != letters(s) || !marked && plain != s {
			t.Errorf("%q became %q (marked %v)", s, plain, marked)
		}
		html, _ := HTMLMarks().Render(s)
		for _, name := range []string{"b", "i", "s", "code", "pre", "blockquote"} {
			if strings.Count(html, "<"+name+">") != strings.Count(html, "</"+name+">") {
				t.Errorf("%q: %s is not closed: %q", s, name, html)
			}
			html = strings.ReplaceAll(strings.ReplaceAll(html, "<"+name+">", ""), "</"+name+">", "")
		}
		if strings.ContainsAny(html, "<>") {
			t.Errorf("%q lets out %q", s, html)
		}
		html = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(html)
		if letters(html) != letters(s) {
			t.Errorf("%q became %q", s, html)
		}
	})
}

func TestSplitMarked(t *testing.T) {
	words := strings.TrimSpace(strings.Repeat("слово ", 30))
	for _, mark := range []string{"*", "_", "~", "`", "```"} {
		pieces := SplitMarked("Hello\n"+mark+words+mark+" the end", 60, UnitRunes)
		if len(pieces) < 3 {
			t.Fatalf("%s: %q", mark, pieces)
		}
		all := ""
		for _, p := range pieces {
			plain, _ := PlainText(p)
			if strings.ContainsAny(plain, "*_~`") || !UnitRunes.within(p, 60) {
				t.Errorf("%s: %q shows as %q", mark, p, plain)
			}
			all += plain
		}
		if letters(all) != letters("Hello"+words+"the end") {
			t.Errorf("%s: joined %q", mark, all)
		}
	}
}

// FuzzSplitMarked: every piece is within the limit, and together they show what the whole shows.
func FuzzSplitMarked(f *testing.F) {
	for _, s := range []string{strings.Repeat("*bold and* _more_ ", 9), "*_" + strings.Repeat("a b ", 40) + "c_*", "```" + strings.Repeat("x\n", 60) + "```", strings.Repeat("*🙂 مرحبا* ", 20)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || len(s) > 4000 {
			return
		}
		all := ""
		for _, p := range SplitMarked(s, 40, UnitUTF16) {
			if !UnitUTF16.within(p, 40) {
				t.Errorf("%q has %d units", p, UnitUTF16.Len(p))
			}
			all += p
		}
		if letters(all) != letters(s) {
			t.Errorf("%q became %q", s, all)
		}
	})
}

// Texts made to keep us busy are written in no time.
func TestMarksOfHostileText(t *testing.T) {
	for _, s := range []string{"*_", "*a ", "*_x", "`", "~a~", "```", "http://*", "> *a\n", "*_~"} {
		text := strings.Repeat(s, 100_000/len(s))
		began := time.Now()
		PlainText(text)
		SplitMarked(text, 4096, UnitUTF16)
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%q took %v", s, took)
		}
	}
}

func TestPageMarks(t *testing.T) {
	for in, want := range map[string]string{
		"*a* <b>\n_c_":                        "<b>a</b> &lt;b&gt;<br>\n<i>c</i>",
		"see https://shop.example/a?x=1&y=2.": `see <a href="https://shop.example/a?x=1&amp;y=2">https://shop.example/a?x=1&amp;y=2</a>.`,
		"www.shop.example, yes":               `<a href="https://www.shop.example">www.shop.example</a>, yes`,
		`https://a.example/"onclick="x`:       `<a href="https://a.example/&#34;onclick=&#34;x">https://a.example/&#34;onclick=&#34;x</a>`,
		"(https://a.example/b_(c))":           `(<a href="https://a.example/b_(c)">https://a.example/b_(c)</a>)`,
		"javascript:alert(1)":                 "javascript:alert(1)",
		"```a\n<b>```":                        "<code>a<br>\n&lt;b&gt;</code>",
		"> quoted":                            "&gt; quoted",
	} {
		if got, _ := PageMarks().Render(in); got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
	}
}
