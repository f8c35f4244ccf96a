package cut

import "testing"

// TestSignatures shows what is taken for the agent's signature, whose name is known, and what stays.
func TestSignatures(t *testing.T) {
	const card = "Ali Agent\nShop Ltd\n+49 30 1234567"
	cases := map[string]struct {
		mail Mail
		want string
		sure bool
	}{
		"unmarked":                      {Mail{Text: "It comes tomorrow.\n\n" + card + "\n"}, "It comes tomorrow.", true},
		"of two paragraphs":             {Mail{Text: "It comes tomorrow.\n\nAli Agent\nCustomer care\n\nShop Ltd, Main street 5\n+49 30 1234567\n"}, "It comes tomorrow.", true},
		"a colleague's card":            {Mail{Text: "Please ask my colleague.\n\nMona Haddad\nReturns\n+49 30 1234568\nmona@shop.example\n"}, "Please ask my colleague.\n\nMona Haddad\nReturns\n+49 30 1234568\nmona@shop.example", true},
		"one's own card, announced":     {Mail{Text: "Please send it to:\n\n" + card + "\n"}, "Please send it to:\n\n" + card, true},
		"name alone":                    {Mail{Text: "It comes tomorrow.\n\nAli\n"}, "It comes tomorrow.\n\nAli", true},
		"apple":                         {Mail{HTML: `<body>It comes tomorrow.<br id="lineBreakAtBeginningOfSignature"><div>Customer care</div><div>Shop Ltd</div></body>`}, "It comes tomorrow.", true},
		"apple, below nothing":          {Mail{HTML: `<body><br id="lineBreakAtBeginningOfSignature"><div>It comes tomorrow, before noon.</div></body>`}, "It comes tomorrow, before noon.", false},
		"apple, with a sentence":        {Mail{HTML: `<body>It comes tomorrow.<br id="lineBreakAtBeginningOfSignature"><div>But not before noon, I fear.</div></body>`}, "It comes tomorrow.", false},
		"outlook":                       {Mail{HTML: `<div class=WordSection1><p class=MsoNormal>It comes tomorrow.</p><p class=MsoNormal><a name="_MailAutoSig"><span style='mso-no-proof:yes'>Customer care</span></a></p><p class=MsoNormal><span style='mso-bookmark:_MailAutoSig'>Shop Ltd</span></p></div>`}, "It comes tomorrow.", true},
		"prices under dashes":           {Mail{Text: "In short\n--\nchair: 49 EUR\nlamp: 19 EUR\n"}, "In short", false},
		"text below a frame":            {Mail{Text: "Your choice:\n----------\nA new chair\nYour money\n----------\nTell us, please\n"}, "Your choice:\n----------\nA new chair\nYour money\n----------\nTell us, please", true},
		"a short sentence below a rule": {Mail{Text: "A new chair\n----------\nTell us, please.\n"}, "A new chair\n----------\nTell us, please.", true},
		"in a frame":                    {Mail{Text: "It comes tomorrow.\n\n----------\nShop Ltd\n+49 30 1234567\n----------\n"}, "It comes tomorrow.", true},
		"dashes above a phone's line":   {Mail{Text: "It comes tomorrow.\n--\nSent from my Android device\n"}, "It comes tomorrow.", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.mail.Author = []string{"Ali Agent", "ali@shop.example"}
			if r := Reply(c.mail); r.Text != c.want || r.Sure != c.sure {
				t.Errorf("got  %q, sure %v\nwant %q, sure %v (%s)", r.Text, r.Sure, c.want, c.sure, r.How)
			}
		})
	}
}
