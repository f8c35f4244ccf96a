package cut

import (
	"strings"
	"testing"
)

const ours = "##- Please write above this line -##\n\nMona Haddad via WhatsApp\n\nHello, where is my order 1042?\nI have been waiting for three weeks now and nobody answers the telephone.\nPlease let me know when it comes.\n\n" +
	"You may reply freely until Sunday, 22 November, 10:42."

// TestSent shows what knowing our own mails is good for: quotes that have no sign at all.
func TestSent(t *testing.T) {
	rewrapped := strings.ReplaceAll(ours, "\n", " ")
	cases := map[string]struct {
		mail Mail
		want string
		sure bool
	}{
		"no sign at all":                        {Mail{Text: "It comes tomorrow.\n\n" + ours}, "It comes tomorrow.", true},
		"no sign, marker lost":                  {Mail{Text: "It comes tomorrow.\n\nMona Haddad 21/11/2026 <reply@mail.shop.example>\n\n" + strings.SplitN(ours, "\n", 2)[1]}, "It comes tomorrow.", true},
		"wrapped anew":                          {Mail{Text: "It comes tomorrow.\nReally.\n\n" + rewrapped}, "It comes tomorrow.\nReally.", true},
		"quoted, no introduction, answer below": {Mail{Text: "> " + strings.ReplaceAll(ours, "\n", "\n> ") + "\n\nIt comes tomorrow."}, "It comes tomorrow.", true},
		"a sentence repeated above": {Mail{Text: "You wrote \"I have been waiting for three weeks now\". It comes tomorrow, with the parcel service, before noon I think.\n\n" + ours},
			"You wrote \"I have been waiting for three weeks now\". It comes tomorrow, with the parcel service, before noon I think.", true},
		"answers within an unmarked quote": {Mail{Text: "See below.\n\nFrom: Mona <mona@shop.example>\nSent: 21 November 2026 10:42\nTo: Ali <ali@agents.example>\nSubject: Order\n\n" +
			strings.Replace(ours, "Please let", "That is bad, and we are sorry, it comes tomorrow!\nPlease let", 1)}, "See below.", false},
		"answers within a marked quote": {Mail{Text: "See below.\n\nOn 21 Nov 2026 10:42, Mona wrote:\n> " + strings.ReplaceAll(strings.Replace(ours, "Please let", "That is bad, and we are sorry, it comes tomorrow!\nPlease let", 1), "\n", "\n> ")},
			"See below.", false},
		"a link in our mail":                    {Mail{HTML: "<p>Tomorrow.</p><blockquote type=cite>" + strings.ReplaceAll(strings.Replace(ours, "You may", "<a href='https://gateway.example/c/1'>Open</a><br>You may", 1), "\n", "<br>") + "</blockquote>"}, "Tomorrow.", true},
		"agent's list with a date is no quote":  {Mail{Text: "Our hours on 21.11.2026:\n\n9 to 12 and 14 to 18."}, "Our hours on 21.11.2026:\n\n9 to 12 and 14 to 18.", true},
		"old introduction proven":               {Mail{Text: "Tomorrow.\n\nMona <mona@shop.example> skrifaði:\n\n" + ours}, "Tomorrow.", true},
		"one quoted line, introduced by a name": {Mail{Text: "It comes tomorrow.\n\nOn Saturday, Mona wrote:\n> I have been waiting for three weeks now\n"}, "It comes tomorrow.", true},
		"one quoted line that is not ours":      {Mail{Text: "It comes tomorrow.\n\nAs my grandmother used to say:\n> better late than never\n"}, "It comes tomorrow.", false},
		"another's mail, passed on, then ours": {Mail{Text: "The carrier wrote:\n\nFrom: Carrier <info@carrier.example>\nSent: 20 November 2026 09:00\nTo: shop@shop.example\nSubject: Parcel\n\nIt comes on Tuesday.\n\nPlease be at home.\n\nOn 21 Nov 2026 10:42, Mona wrote:\n> " + strings.ReplaceAll(ours, "\n", "\n> ")},
			"The carrier wrote:", false},
		"a booking, then ours": {Mail{Text: "Your booking:\n\nDate: 21.11.2026 10:42\nPlace: Main street 5\nContact: shop@shop.example\n\nSee you!\n\nFrom: Mona <mona@shop.example>\nSent: 21 November 2026 10:42\nTo: Ali <ali@agents.example>\nSubject: Order\n\n" + ours},
			"Your booking:", false},
		"labels of the agent's above the headers": {Mail{Text: "It comes tomorrow.\n\nPS: Bring the bill.\n\nFrom: Mona <mona@shop.example>\nSent: 21 November 2026 10:42\nTo: Ali <ali@agents.example>\nSubject: Order\n\n" + ours},
			"It comes tomorrow.\n\nPS: Bring the bill.", true},
		"numbers above the headers": {Mail{Text: "Call:\nShop: +49 30 1234567\nFax: +49 30 1234568\nE-mail: shop@shop.example\n\nFrom: Mona <mona@shop.example>\nSent: 21 November 2026 10:42\nTo: Ali <ali@agents.example>\nSubject: Order\n\n" + ours},
			"Call:\nShop: +49 30 1234567\nFax: +49 30 1234568\nE-mail: shop@shop.example", true},
		"labels above a marked quote": {Mail{HTML: `<div>From: Monday on we are open.</div><div>To: be sure, call us.</div><div>Date: any.</div><div class="gmail_quote"><div class="gmail_attr">On 21 Nov 2026 at 10:42 Mona &lt;mona@shop.example&gt; wrote:<br></div><blockquote class="gmail_quote">` + strings.ReplaceAll(ours, "\n", "<br>") + `</blockquote></div>`},
			"From: Monday on we are open.\nTo: be sure, call us.\nDate: any.", true},
		"a caution that a mail server puts on top": {Mail{Text: "Tomorrow.\n\nFrom: Mona <mona@shop.example>\nSent: 21 November 2026 10:42\nTo: Ali <ali@agents.example>\nSubject: Order\n\nCAUTION: This mail is from outside. Do not click on links.\n\n" + ours}, "Tomorrow.", true},
		"data right above a quote": {Mail{HTML: "<div>Name: Mona</div><div>Date: 05.12.2026</div><div>E-mail: mona@shop.example</div><div>Please check these</div><blockquote type=cite>" + strings.ReplaceAll(ours, "\n", "<br>") + "</blockquote>"},
			"Name: Mona\nDate: 05.12.2026\nE-mail: mona@shop.example\nPlease check these", true},
		"quoted by hand above our mail": {Mail{Text: "You asked:\n\n> Please let me know when it comes.\n\nTomorrow.\n\nOn 21 Nov 2026 10:42, Mona wrote:\n\n> " + strings.ReplaceAll(ours, "\n", "\n> ")},
			"You asked:\n\n> Please let me know when it comes.\n\nTomorrow.", true},
		"quoted by hand in HTML": {Mail{HTML: "<div>&gt; 100 EUR: no shipping costs</div><div>&lt; 100 EUR: 5 EUR</div><blockquote type=cite>" + strings.ReplaceAll(ours, "\n", "<br>") + "</blockquote>"},
			"> 100 EUR: no shipping costs\n< 100 EUR: 5 EUR", true},
		"quoted by hand below our mail": {Mail{Text: "On 21 Nov 2026 10:42, Mona wrote:\n> " + strings.ReplaceAll(ours, "\n", "\n> ") + "\n\nThe prices:\n\n> 100 EUR: no shipping costs\n\nElse 5 EUR.\n"},
			"The prices:\n\nElse 5 EUR.", false},
		"a sign by hand":                   {Mail{Text: "Press this key, then Enter\n>\n"}, "Press this key, then Enter\n>", true},
		"an empty mail quoted":             {Mail{Text: "Tomorrow.\n\nOn 21 Nov 2026 10:42, Mona wrote:\n>\n"}, "Tomorrow.", true},
		"code in text":                     {Mail{Text: "  if a:\n      b\nelse\n\nOn 21 Nov 2026 10:42, Mona wrote:\n> " + strings.ReplaceAll(ours, "\n", "\n> ")}, "  if a:\n      b\nelse", true},
		"whole and introduced by a name":   {Mail{Text: "Quoting Mona:\n\n> " + strings.ReplaceAll(ours, "\n", "\n> ") + "\n\nTomorrow.\n"}, "Tomorrow.", true},
		"a day last, no introduction":      {Mail{Text: "Hello,\n\nit comes on Friday, 27.11.2026\n\n" + ours}, "Hello,\n\nit comes on Friday, 27.11.2026", true},
		"an address last, no introduction": {Mail{Text: "Write to\nshop@shop.example\n\n" + ours}, "Write to\nshop@shop.example", true},
		"a time last, no introduction":     {Mail{Text: "It comes\n\n27.11.2026, 10:42\n\n" + ours}, "It comes\n\n27.11.2026, 10:42", false},
		"labels above a ruled edge": {Mail{HTML: `<p class="MsoNormal">Number: 1042</p><p class="MsoNormal">Carrier: Fast</p><p class="MsoNormal">Date: 27.11.2026</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal"><b>From:</b> Mona &lt;mona@shop.example&gt;<br><b>Sent:</b> 21 November 2026 10:42<br><b>To:</b> Ali</p></div></div><p>` +
			strings.ReplaceAll(ours, "\n", "<br>") + "</p>"}, "Number: 1042\nCarrier: Fast\nDate: 27.11.2026", true},
		"quoted headers, then our mail without signs": {Mail{Text: "Tomorrow.\n\n> Message du 21/11/26 10:42\n> De : Mona <mona@shop.example>\n> A : ali@agents.example\n>\n\n" + ours},
			"Tomorrow.\n\n> Message du 21/11/26 10:42\n> De : Mona <mona@shop.example>\n> A : ali@agents.example\n>", false},
		"passed on under a separator, then ours": {Mail{Text: "See what he wrote:\n\n---------- Forwarded message ---------\nFrom: Bob <bob@else.example>\nDate: Sat, Nov 21, 2026 at 10:42 AM\nTo: <ali@agents.example>\n\nThe parcel is lost, we are sorry.\n\nOn 21 Nov 2026 10:42, Mona wrote:\n> " + strings.ReplaceAll(ours, "\n", "\n> ")},
			"See what he wrote:", false},
		"headers, then our mail in a quote element": {Mail{HTML: `<p>Tomorrow.</p><div style="border-top:solid #E1E1E1 1.0pt"><p><b>Von:</b> Mona &lt;mona@shop.example&gt;<br><b>Gesendet:</b> Samstag, 21. November 2026 10:42<br><b>An:</b> Ali</p></div><div class="causeway-original">` +
			strings.ReplaceAll(ours, "\n", "<br>") + `</div>`}, "Tomorrow.", true},
		"headers without signs, then our mail with them": {Mail{Text: "Tomorrow.\n\n-----Original Message-----\nFrom: Mona <mona@shop.example>\nSent: 21 November 2026 10:42\nTo: Ali\n\n> " + strings.ReplaceAll(ours, "\n", "\n> ")}, "Tomorrow.", true},
		"headers without colons under a separator":       {Mail{Text: "Tomorrow.\n\n------ Original Message ------\nFrom \"Mona\" <mona@shop.example>\nTo ali@agents.example\nDate 21/11/2026 10:42:00\nSubject Order\n\n> " + strings.ReplaceAll(ours, "\n", "\n> ")}, "Tomorrow.", true},
		"headers, our mail, answer below":                {Mail{Text: "From: Mona <mona@shop.example>\nSent: 21 November 2026 10:42\nTo: Ali <ali@agents.example>\nSubject: Order\n\n> " + strings.ReplaceAll(ours, "\n", "\n> ") + "\n\nIt comes tomorrow.\n"}, "It comes tomorrow.", true},
		"in HTML without any mark":                       {Mail{HTML: "<p>It comes tomorrow.</p><p>" + strings.ReplaceAll(ours, "\n", "<br>") + "</p>"}, "It comes tomorrow.", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.mail.Sent = []string{ours, "an older mail of ours that plays no part in this at all"}
			r := Reply(c.mail)
			if r.Text != c.want || r.Sure != c.sure {
				t.Errorf("got  %q, sure %v\nwant %q, sure %v (%s)", r.Text, r.Sure, c.want, c.sure, r.How)
			}
		})
	}
}

// TestNothingNew lists replies that say nothing: never sure, so that nothing is sent.
func TestNothingNew(t *testing.T) {
	cases := map[string]struct {
		mail    Mail
		nothing bool
	}{
		"empty mail":     {Mail{}, true},
		"only a quote":   {Mail{Text: "On 21 Nov 2026 Mona wrote:\n> Hello\n> you\n"}, true},
		"only signature": {Mail{Text: "-- \nAli Agent\n"}, true},
		"only a phone":   {Mail{Text: "\n\nSent from my iPhone\n\nOn 21 Nov 2026 Mona wrote:\n> Hello\n> you\n"}, true},
		"a forward":      {Mail{Text: "---------- Forwarded message ---------\nFrom: Mona <mona@shop.example>\nDate: Sat, Nov 21, 2026\nSubject: x\n\nHello\n"}, true},
		"html":           {Mail{HTML: `<div dir="ltr"><br></div><br><div class="gmail_quote"><div class="gmail_attr">x:</div><blockquote class="gmail_quote">Hello</blockquote></div>`}, true},
		"our mail back":  {Mail{Text: ours, Sent: []string{ours}}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if r := Reply(c.mail); r.Text != "" || r.Sure || r.Nothing != c.nothing {
				t.Errorf("got %q, sure %v, nothing %v (%s)", r.Text, r.Sure, r.Nothing, r.How)
			}
		})
	}
}

// TestTorn lists mails whose signs are weak or contradict each other: a guess, and not sure.
func TestTorn(t *testing.T) {
	cases := map[string]struct {
		mail Mail
		want string
	}{
		"introduction, then text without quote signs": {Mail{Text: "On 21 Nov 2026 10:42, Mona <mona@shop.example> wrote:\n\nYes.\n"}, "Yes."},
		"words between dashes":                        {Mail{Text: "Yes.\n\n----- Weiteres -----\n\nAnd more.\n"}, "Yes."},
		"introduction without address":                {Mail{Text: "Yes.\n\nMona 21.11.2026 10:42:\n\nHello\n"}, "Yes."},
		"an unknown quote at the end":                 {Mail{Text: "The manual says this.\n\n> Press the button.\n"}, "The manual says this."},
		"a colon, an address and a date of the agent": {Mail{Text: "Thanks.\n\nOur colleague anna@shop.example will be with you on 21.11.2026 at 10:42 and bring with her:\n\n- the key\n"}, "Thanks."},
		"a booking with date and time":                {Mail{Text: "Your booking:\n\nName: Mona Haddad\nDate: 21.11.2026 10:42\nEmail: mona@shop.example\n\nSee you!\n"}, "Your booking:"},
		"sentences under two dashes":                  {Mail{Text: "Option A is cheap.\n--\nOption B is better, I think.\nWhich one do you want?\n\nWe can deliver both this week.\n"}, "Option A is cheap."},
		"only a signature element":                    {Mail{HTML: `<div class="gmail_signature">Yes, at ten.</div>`}, "Yes, at ten."},
		"text says more than html":                    {Mail{Text: "Yes, we shall come at ten o'clock.\n\nAnd bring the key, please, we need it.\n\nOn 21 Nov 2026 Mona wrote:\n> Hello\n> you\n", HTML: `<div>Yes, we shall come at ten o'clock.</div><div class="quoted"><div>And bring the key, please, we need it.</div></div>`}, "Yes, we shall come at ten o'clock.\n\nAnd bring the key, please, we need it."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if r := Reply(c.mail); r.Text != c.want || r.Sure {
				t.Errorf("got %q, sure %v\nwant %q (%s)", r.Text, r.Sure, c.want, r.How)
			}
		})
	}
}

// TestTextOfHTML shows how HTML is set as plain text.
func TestTextOfHTML(t *testing.T) {
	cases := map[string]struct{ page, want string }{
		"paragraphs":      {"<p>One</p><p>Two<br>three</p>", "One\n\nTwo\nthree"},
		"divs":            {"<div>One</div><div><br></div><div>Two</div>", "One\n\nTwo"},
		"tight":           {`<p class="MsoNormal">One</p><p class="MsoNormal"><o:p>&nbsp;</o:p></p><p class="MsoNormal">Two</p>`, "One\n\nTwo"},
		"list":            {"Bring:<ul><li>key</li><li>money<ul><li>cash</li></ul></li></ul>Thanks", "Bring:\n- key\n- money\n  - cash\n\nThanks"},
		"numbers":         {"<ol start=3><li>a<li>b</ol>", "3. a\n4. b"},
		"word's list":     {`<p class="MsoListParagraph"><![if !supportLists]><span style="mso-list:Ignore">·<span>&nbsp;&nbsp; </span></span><![endif]>key</p>`, "- key"},
		"link":            {`Look <a href="https://shop.example/a?b=c&amp;d">here</a>.`, "Look here (https://shop.example/a?b=c&d)."},
		"link as itself":  {`<a href="https://shop.example/">shop.example</a> <a href="mailto:a@shop.example">a@shop.example</a> <a href="tel:+49">+49</a>`, "shop.example a@shop.example +49"},
		"script link":     {`<a href="javascript:alert(1)">x</a>`, "x"},
		"emoji":           {`Fine <img alt="👍" class="an1" src="x"><img alt="Logo" src="cid:1">`, "Fine 👍"},
		"table":           {"<table><tr><td>A</td><td>1</td></tr><tr><td>B</td><td>2</td></tr></table>", "A 1\nB 2"},
		"breaks alone":    {"One<br><br>Two<br>three", "One\n\nTwo\nthree"},
		"pre":             {"<pre>a  b\n  c</pre>", "a  b\n  c"},
		"pre, indented":   {"<pre>  a\n    b</pre>c", "  a\n    b\nc"},
		"hard spaces":     {"do:<br>&nbsp;&nbsp;&nbsp;&nbsp;a<br>&nbsp; &nbsp; &nbsp; &nbsp; b<br>&nbsp;c", "do:\n    a\n        b\nc"},
		"a hard space":    {"<div>&nbsp; \n</div><div>&nbsp;Dear Mona,</div><div>&nbsp;&nbsp;&nbsp; yes.</div>", "Dear Mona,\n    yes."},
		"bidi":            {"<div dir=rtl>\u200fمرحبا ABC\u200e</div>", "\u200fمرحبا ABC\u200e"},
		"hidden":          {`<style>p{}</style><div style="display: none">x</div><script>y</script>Yes<!-- z -->`, "Yes"},
		"entities, space": {"a&nbsp;&nbsp;b   c&lt;&amp;\n d", "a b c<& d"},
		"indented text":   {`<blockquote style="margin:0 0 0 40px;border:none;padding:0px">Deep</blockquote>`, "Deep"},
		"crooked":         {"<div><b>One</div>Two</b></p></i><p>Three", "*One*\nTwo\n\nThree"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Reply(Mail{HTML: c.page}).Text; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestBothParts shows which of two readings is taken.
func TestBothParts(t *testing.T) {
	cases := map[string]struct {
		mail Mail
		want string
	}{
		"same words: html, not wrapped": {Mail{Text: "One long line that the\nclient wrapped.\n", HTML: "<p>One long line that the client wrapped.</p>"}, "One long line that the client wrapped."},
		"html has no marks, text has":   {Mail{Text: "Yes.\n\nMona wrote:\n> Hello you there\n> in town\n", HTML: "<p>Yes.</p><p>Mona wrote:</p><p>Hello you there in town</p>"}, "Yes."},
		"text has no marks, html has":   {Mail{Text: "Yes.\n\nHello you there\n", HTML: "<p>Yes.</p><blockquote type=cite>Hello you there</blockquote>"}, "Yes."},
		"text is a stub":                {Mail{Text: "This mail is in HTML.", HTML: "<p>Yes.</p>"}, "Yes."},
		"html is empty":                 {Mail{Text: "Yes.", HTML: "<html><body> </body></html>"}, "Yes."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if r := Reply(c.mail); r.Text != c.want || !r.Sure {
				t.Errorf("got %q, sure %v, want %q (%s)", r.Text, r.Sure, c.want, r.How)
			}
		})
	}
}
