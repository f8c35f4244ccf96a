package forward_test

import (
	"strings"
	"testing"

	"causeway/core"
	"causeway/core/forward/cut"
)

func TestMarksAreShown(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	h.link.can.Marks = true
	said := "Is it *really* ready, _today_? <b>x</b> https://shop.example/a?b=1&c=2."
	h.says(core.Content{Kind: core.KindText, Subject: "My order", Text: said})
	h.settle()
	l := h.last("Lena")
	if !strings.Contains(l.Text, said) || !strings.Contains(l.Text, "My order\n") {
		t.Errorf("the text is\n%s", l.Text)
	}
	for _, want := range []string{"<b>really</b> ready, <i>today</i>? &lt;b&gt;x", `<a href="https://shop.example/a?b=1&amp;c=2">`, ">My order</div>"} {
		if !strings.Contains(l.HTML, want) {
			t.Errorf("the page lacks %s\n%s", want, l.HTML)
		}
	}
	for name, page := range map[string]string{"as it was": l.HTML, "without classes": strings.ReplaceAll(l.HTML, cut.HTMLClass, "x_1")} {
		t.Run(name, func(t *testing.T) {
			h.T, h.link.sent = t, nil
			h.reply(answer{to: l.ReplyTo.Address, text: "Yes, today.\n\n" + quoted(l), html: `<div>Yes, <b>today</b>.</div><blockquote type="cite">` + page + `</blockquote>`})
			h.wantPhone("Yes, *today*.")
		})
	}
}

func TestSubjectIsSaidOnce(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	h.says(core.Content{Kind: core.KindText, Subject: "My order", Text: "My order\n\nWhere is it?"})
	h.settle()
	if l := h.last("Lena"); strings.Count(l.Text, "My order") != 1 {
		t.Errorf("the text is\n%s", l.Text)
	}
}
