package cut

import "testing"

// TestLinks: the address of a link stands behind its words, wherever in the mail they stand.
func TestLinks(t *testing.T) {
	const link = `<a href="https://shop.example/pay">Pay here</a>`
	for in, want := range map[string]string{
		`<p>Hello</p><p>` + link + `</p>`:         "Hello\n\nPay here (https://shop.example/pay)",
		`<p>Hello</p><p>Now: ` + link + `</p>`:    "Hello\n\nNow: Pay here (https://shop.example/pay)",
		`<ul><li>first</li></ul>` + link:          "- first\n\nPay here (https://shop.example/pay)",
		`<div>Hello</div><div>` + link + `</div>`: "Hello\nPay here (https://shop.example/pay)",
	} {
		if got := Reply(Mail{HTML: in}); got.Text != want {
			t.Errorf("%s\n got %q\nwant %q", in, got.Text, want)
		}
	}
}

func TestMarksOfHTML(t *testing.T) {
	for in, want := range map[string]string{
		`<p>It is <b>ready</b> now.</p>`:                                       `It is *ready* now.`,
		`<p><strong>All of it</strong></p>`:                                    `*All of it*`,
		`<p>a <i>slanted </i>word, <em>two</em></p>`:                           `a _slanted_ word, _two_`,
		`<p><s>12</s> 10 euros</p>`:                                            `~12~ 10 euros`,
		`<p><b>bold <i>and slanted</i></b></p>`:                                `*bold _and slanted_*`,
		`<p><b><i>both</i></b></p>`:                                            `*_both_*`,
		`<p><b>one<br>two</b> three</p>`:                                       "*one*\n*two* three",
		`<p>mid<b>word</b></p>`:                                                `midword`,
		`<p><b></b><b> </b><b>...</b> x</p>`:                                   `... x`,
		`<p><b>*starred*</b></p>`:                                              `*starred*`,
		`<p><b>#template 1</b></p>`:                                            `#template 1`,
		`<p>See <b><a href="https://shop.example/a">our shop</a></b></p>`:      `See our shop (https://shop.example/a)`,
		`<ul><li>first</li><li><b>second</b></li></ul><ol><li>third</li></ol>`: "- first\n- *second*\n\n1. third",
		`<p><b>Grüße</b>, <i>منى</i></p>`:                                      `*Grüße*, _منى_`,
	} {
		if got := Reply(Mail{HTML: in}); got.Text != want {
			t.Errorf("%s\n got %q\nwant %q", in, got.Text, want)
		}
	}
}
