package telegram

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"causeway/core"
)

func TestRendered(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "", "2 * 3 * 4": "", "snake_case_name": "", "**twice**": "", "__init__": "", "a*b*c": "", "* list\n* list": "", "*open": "", "`": "", "": "", "5 > 3 & 2 < 4": "",
		"https://x.example/_a_/~b~": "", "see www.x.example/*a*b*": "", "> ": "", "``````": "", "*a\nb*": "",
		"*bold*":                "<b>bold</b>",
		"a *bold* b":            "a <b>bold</b> b",
		"(*x*), _y_! ~z~.":      "(<b>x</b>), <i>y</i>! <s>z</s>.",
		"*bold _both_*":         "<b>bold <i>both</i></b>",
		"`a*b*c < d`":           "<code>a*b*c &lt; d</code>",
		"*https://x.example/a*": "<b>https://x.example/a</b>",
		"> q & a\n> r\nmine":    "<blockquote>q &amp; a\nr</blockquote>\nmine",
		"> *q*":                 "<blockquote><b>q</b></blockquote>",
		"x ```\na *b*\n``` y":   "x <pre>a *b*</pre> y",
		"*नमस्ते* 👋🏽":           "<b>नमस्ते</b> 👋🏽",
		"*a* & *b*":             "<b>a</b> &amp; <b>b</b>",
	} {
		got, found := rendered(in)
		if found != (want != "") || found && got != want {
			t.Errorf("%q: got %q %v, want %q", in, got, found, want)
		}
	}
}

var anyTag = regexp.MustCompile(`</?(b|i|s|code|pre|blockquote)>`)

// sound says what is wrong with HTML that Telegram shall read: its tags must be closed in order, and without them only the text remains.
func sound(in, out string) string {
	var open []string
	for _, tag := range anyTag.FindAllString(out, -1) {
		name := strings.Trim(tag, "</>")
		if !strings.HasPrefix(tag, "</") {
			open = append(open, name)
			continue
		}
		if len(open) == 0 || open[len(open)-1] != name {
			return "tags are not closed in order"
		}
		open = open[:len(open)-1]
	}
	plain := anyTag.ReplaceAllString(out, "")
	if len(open) > 0 || strings.ContainsAny(plain, "<>") {
		return "a tag stays open, or a bracket is bare"
	}
	if core.UnitUTF16.Len(html.UnescapeString(plain)) > core.UnitUTF16.Len(in) {
		return "the text became longer"
	}
	for _, s := range []string{plain, in} {
		if !utf8.ValidString(s) && utf8.ValidString(in) {
			return "the text was cut inside a character"
		}
	}
	bare := strings.NewReplacer("*", "", "_", "", "~", "", "`", "", ">", "", " ", "", "\n", "", "\r", "")
	if bare.Replace(html.UnescapeString(plain)) != bare.Replace(in) {
		return "words were lost"
	}
	return ""
}

func TestRenderedIsSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"*", "_", "~", "`", "```", "a", "b ", " ", "\n", "> ", "<", "&", "👋🏽", "é", "https://x.example/", "(", ".", "1"})).Draw(t, "pieces"), "")
		out, found := rendered(in)
		if !found {
			if anyTag.MatchString(out) {
				t.Fatalf("%q: tags in %q, and none reported", in, out)
			}
			return
		}
		if wrong := sound(in, out); wrong != "" {
			t.Fatalf("%q gave %q: %s", in, out, wrong)
		}
	})
}

func FuzzRendered(f *testing.F) {
	for _, s := range []string{"*a* _b_", "```x```", "> q\n*x", "https://a/*b*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if len(in) > 4*textLimit { // never rendered: refused before
			return
		}
		if out, found := rendered(in); found && utf8.ValidString(in) && !anyTag.MatchString(in) && !strings.Contains(in, "&") {
			if wrong := sound(in, out); wrong != "" {
				t.Fatalf("%q gave %q: %s", in, out, wrong)
			}
		}
	})
}

// TestMarkedStaysText: whatever the entities are, the words stay, in their order.
func TestMarkedStaysText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringMatching(`[a-c 👋é\n]{0,12}`).Draw(t, "text")
		var all []entity
		for range rapid.IntRange(0, 4).Draw(t, "entities") {
			all = append(all, entity{Type: text(rapid.SampledFrom([]string{"bold", "italic", "strikethrough", "code", "pre", "blockquote", "underline", "x"}).Draw(t, "type")),
				Offset: number(rapid.IntRange(-2, 14).Draw(t, "offset")), Length: number(rapid.IntRange(-2, 14).Draw(t, "length"))})
		}
		out := marked(text(in), all)
		bare := strings.NewReplacer("*", "", "_", "", "~", "", "`", "", "> ", "", "\ufffd", "")
		if got, want := bare.Replace(out), in; got != want && !splitsPair(in, all) {
			t.Fatalf("%q with %+v gave %q", in, all, out)
		}
	})
}

// splitsPair reports whether an entity cuts a character in two, which Telegram never does.
func splitsPair(in string, all []entity) bool {
	bounds, n := map[int]bool{0: true}, 0
	for _, r := range in {
		n += core.UnitUTF16.Len(string(r))
		bounds[n] = true
	}
	for _, e := range all {
		if !bounds[int(e.Offset)] || !bounds[int(e.Offset+e.Length)] {
			return true
		}
	}
	return false
}
