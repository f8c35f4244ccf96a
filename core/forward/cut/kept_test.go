package cut

import (
	"strings"
	"testing"
)

// TestPasted goes through what agents set between their answer and our mail: a mail of somebody else's for the customer to read, and words where the
// program put the introduction. None of it may be lost without a question.
func TestPasted(t *testing.T) {
	const (
		asked   = "##- Please write above this line -##\n\nDaria Orlova via WhatsApp\n\nGood evening, does the blue sofa come with the legs?\nMy sister bought one in June and hers had none in the box.\n\nYou may reply freely until Monday, 23 November, 18:05."
		headers = "From: Store <store@wh.example>\nSent: 20 November 2026 09:00\nTo: shop@shop.example\nSubject: Legs\n\n"
		about   = "From: Daria Orlova (WhatsApp) <reply@mail.shop.example>\nSent: 21 November 2026 10:42\nTo: Ali <ali@agents.example>\nSubject: Daria Orlova (WhatsApp) #1042\n\n"
		intro   = "On 21 Nov 2026 10:42, Daria Orlova <reply@mail.shop.example> wrote:"
	)
	quote := "> " + strings.ReplaceAll(asked, "\n", "\n> ")
	page := strings.ReplaceAll(asked, "\n", "<br>")
	unmarked := strings.SplitN(asked, "\n\n", 2)[1]
	cases := map[string]struct {
		mail Mail
		want string
		sure bool
	}{
		"headers and a foreign mail, then ours without signs": {Mail{Text: "The store says:\n\n" + headers + "Legs are in carton two.\n\n" + asked}, "The store says:", false},
		"the same without our marker":                         {Mail{Text: "The store says:\n\n" + headers + "Legs are in carton two.\n\n" + unmarked}, "The store says:", false},
		"a foreign mail under an introduction":                {Mail{Text: "The store says:\n\nOn 20 November 2026 09:00, Store <store@wh.example> wrote:\n\nLegs are in carton two.\n\n" + asked}, "The store says:", false},
		"a foreign mail under a separator":                    {Mail{Text: "The store says:\n\n-----Original Message-----\n" + headers + "Legs are in carton two.\n" + asked}, "The store says:", false},
		"a foreign mail in HTML": {Mail{HTML: "<p>The store says:</p><p>" + strings.ReplaceAll(headers, "\n", "<br>") + "</p><p>Legs are in carton two.</p><p>" + page + "</p>"},
			"The store says:", false},
		"a foreign quote in HTML, then ours": {Mail{HTML: "<p>The store says:</p><blockquote>Legs are in carton two.</blockquote><div class=gmail_quote><blockquote>" + page + "</blockquote></div>"},
			"The store says:\n\nLegs are in carton two.", true},
		"a foreign quote in HTML, then ours without its marker": {Mail{HTML: "<p>The store says:</p><blockquote type=cite>Legs are in carton two.</blockquote><p>Yes.</p><blockquote type=cite>" + strings.ReplaceAll(unmarked, "\n", "<br>") + "</blockquote>"},
			"The store says:\n\nYes.", false},
		"our mail alone, under what a server put there": {Mail{Text: "They are in the box.\n\n" + about + "EXTERNE Nachricht, bitte pr\u00fcfen\n\n" + asked}, "They are in the box.", true},
		"our mail alone, under its preview":             {Mail{Text: "They are in the box.\n\n" + intro + "\n\nGood evening\n" + asked}, "They are in the box.", true},
		"a text part on one line": {Mail{Text: "They are in the box. " + intro + " " + strings.ReplaceAll(asked, "\n", " "), HTML: "<div>They are in the box.</div><div class=gmail_quote><blockquote class=gmail_quote>" + page + "</blockquote></div>"},
			"They are in the box.", true},
		"behind the introduction":           {Mail{Text: intro + " they are in the box\n" + quote}, "they are in the box", false},
		"behind it, with more above":        {Mail{Text: "Hello Daria,\n\n" + intro + " they are in the box\n\n" + quote}, "Hello Daria,\n\nthey are in the box", false},
		"behind it, wrapped":                {Mail{Text: strings.Replace(intro, "Orlova ", "Orlova\n", 1) + " they are in the box\n" + quote}, "they are in the box", false},
		"behind it, our mail without signs": {Mail{Text: intro + " they are in the box\n\n" + asked}, "they are in the box", false},
		"behind it, in HTML":                {Mail{HTML: "<div class=gmail_quote><div class=gmail_attr>" + strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(intro) + " they are in the box</div><blockquote class=gmail_quote>" + page + "</blockquote></div>"}, "they are in the box", false},
		"behind it, arabic":                 {Mail{Text: "\u202bفي السبت، ٢١ نوفمبر ٢٠٢٦ في ١٠:٤٢ ص كتب Daria <\u202areply@mail.shop.example\u202c>: نعم، في العلبة\u202c\n" + quote}, "نعم، في العلبة", false},
		"behind it, russian":                {Mail{Text: "сб, 21 нояб. 2026 г. в 10:42, Daria Orlova <reply@mail.shop.example>: да, в коробке\n" + quote}, "да, в коробке", false},
		"the quote itself behind it":        {Mail{Text: "Yes.\n\n" + intro + " Good evening, does the blue sofa come with the legs?\n" + quote}, "Yes.", true},
		"above it, in its element": {Mail{HTML: "<div class=moz-cite-prefix>They are in the box.<br>On 21.11.26 10:42, Daria Orlova wrote:</div><blockquote type=cite>" + page + "</blockquote>"},
			"They are in the box.", false},
		"below it, in its element": {Mail{HTML: "<div>Hello.</div><div class=moz-cite-prefix>On 21.11.26 10:42, Daria Orlova wrote:<br>They are in the box.</div><blockquote type=cite>" + page + "</blockquote>"},
			"Hello.\n\nThey are in the box.", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.mail.Sent, c.mail.From = []string{asked}, []string{"reply@mail.shop.example", "Daria Orlova (WhatsApp)"}
			r := Reply(c.mail)
			if r.Text != c.want || r.Sure != c.sure {
				t.Errorf("got  %q, sure %v\nwant %q, sure %v (%s)", r.Text, r.Sure, c.want, c.sure, r.How)
			}
		})
	}
}

// TestIntroducedWithin: Apple's programs put the introduction into the quote, where the quote is an element of its own.
func TestIntroducedWithin(t *testing.T) {
	const ours = `<div class="causeway-original"><div>##- Please write your answer above this line -##</div><div>Is it still there?</div></div>`
	for name, page := range map[string]string{
		"Mail":       `<div>Yes, it is.</div><div><br><blockquote type="cite"><div>On 23. Nov 2026, at 01:15, Grace (WhatsApp) &lt;notify@r.example&gt; wrote:</div><br><div>` + ours + `</div></blockquote></div>`,
		"in Arabic":  `<div dir="rtl">Yes, it is.</div><blockquote type="cite"><div dir="rtl">في ٢٣ نوفمبر ٢٠٢٦، الساعة ١:١٥ ص، كتب/كتبت Grace (WhatsApp) &lt;notify@r.example&gt;:</div><br><div>` + ours + `</div></blockquote>`,
		"in Russian": `<div>Yes, it is.</div><blockquote type="cite"><div>23 нояб. 2026 г., в 01:15, Grace (WhatsApp) &lt;notify@r.example&gt; написал(а):</div><br><div>` + ours + `</div></blockquote>`,
	} {
		for _, sent := range [][]string{nil, {"Is it still there?"}} {
			if r := Reply(Mail{HTML: page, Sent: sent}); r.Text != "Yes, it is." || !r.Sure {
				t.Errorf("%s, of %d mails: %q, sure %t (%s)", name, len(sent), r.Text, r.Sure, r.How)
			}
		}
	}
}
