package mail

import (
	"net/netip"
	"strings"
	"testing"

	"causeway/core/forward"
)

func signedMail(t *testing.T, kind string) ([]byte, zone) {
	t.Helper()
	d, record := dkimPair(t, kind)
	r := &Relay{opts: RelayOptions{}.withDefaults()}
	s, err := newSigner(d)
	if err != nil {
		t.Fatal(err)
	}
	r.signers = []signer{s}
	spooled, err := r.sign(t.Context(), testLetter())
	if err != nil {
		t.Fatal(err)
	}
	defer spooled.close()
	var b strings.Builder
	if err := spooled.writeTo(&b); err != nil {
		t.Fatal(err)
	}
	if int64(b.Len()) != spooled.size {
		t.Errorf("size %d, want %d", spooled.size, b.Len())
	}
	return []byte(b.String()), zone{kind + "._domainkey.bridge.example": record}
}

func TestAuthenticateDKIM(t *testing.T) {
	for _, kind := range []string{"rsa", "ed25519"} {
		t.Run(kind, func(t *testing.T) {
			raw, dns := signedMail(t, kind)
			a := NewAuthenticator(AuthenticatorOptions{Resolver: dns})
			const from = "wa@bridge.example"
			cases := []struct {
				name, raw, from string
				aligned         bool
			}{
				{"as signed", string(raw), from, true},
				{"through the door", "Received: from x ([192.0.2.1])\r\n\tby y with ESMTP id 1;\r\n\tSat, 21 Nov 2026 10:42:00 +0300\r\n" + string(raw), from, true},
				{"stored with line feeds", strings.ReplaceAll(string(raw), "\r\n", "\n"), from, true},
				{"body changed", strings.Replace(string(raw), "2LHYrdio", "2LHYrdip", 1) + "x", from, false},
				{"second From on top", "From: boss@biz.example\r\n" + string(raw), "boss@biz.example", false},
				{"second From on top, asked for the signed one", "From: boss@biz.example\r\n" + string(raw), from, false},
				{"indented second From on top", " From: boss@biz.example\r\n" + string(raw), "boss@biz.example", false},
				{"From with blank before the colon", "From : boss@biz.example\r\n" + string(raw), "boss@biz.example", false},
				{"second Subject on top", "Subject: x\r\n" + string(raw), from, false},
				{"asked for somebody else", string(raw), "boss@bridge.example", false},
				{"no mail", "", from, false},
			}
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) {
					p := a.Authenticate(t.Context(), forward.Envelope{Remote: netip.MustParseAddr("192.0.2.9")}, c.from, []byte(c.raw))
					if p.Aligned != c.aligned || c.aligned && p.Method != "dkim" {
						t.Errorf("%+v", p)
					}
				})
			}
		})
	}
}

func TestAuthenticate(t *testing.T) {
	mail := func(head string) string {
		return head + "From: Ann <ann@mail.biz.example>\r\nSubject: x\r\n\r\nx\r\n"
	}
	ar := func(v string) string { return mail("Authentication-Results: " + v + "\r\n") }
	out, in := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("198.51.100.7")
	a := NewAuthenticator(AuthenticatorOptions{
		TrustedRelays: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, AuthservID: "mx.biz.example",
		ResultsFrom: []netip.Prefix{netip.MustParsePrefix("172.16.0.0/12")},
		Resolver:    zone{"biz.example": "v=spf1 ip4:198.51.100.0/24 -all", "other.example": "v=spf1 +all"},
	})
	env := func(from string, remote netip.Addr) forward.Envelope {
		return forward.Envelope{From: from, Remote: remote, Helo: "biz.example"}
	}
	edge := netip.MustParseAddr("172.16.0.1")
	cases := []struct {
		name   string
		env    forward.Envelope
		raw    string
		method string
	}{
		{"nothing", env("ann@biz.example", out), mail(""), ""},
		{"spf", env("ann@biz.example", in), mail(""), "spf"},
		{"spf of a mapped address", env("ann@biz.example", netip.MustParseAddr("::ffff:198.51.100.7")), mail(""), "spf"},
		{"spf of another domain", env("ann@other.example", in), mail(""), ""},
		{"spf by the greeting for the null sender", env("", in), mail(""), "spf"},
		{"relay", env("", netip.MustParseAddr("::ffff:10.1.2.3")), mail(""), "relay"},
		{"relay, two From", env("", netip.MustParseAddr("10.1.2.3")), mail("From: b@biz.example\r\n"), ""},
		{"login", forward.Envelope{User: "Ann@mail.biz.example", Remote: out}, mail(""), "login"},
		{"login of another", forward.Envelope{User: "eve@biz.example", Remote: out}, mail(""), ""},
		{"results from our edge", env("", edge), ar("mx.biz.example; dkim=pass header.d=biz.example"), "dkim"},
		{"results fetched", forward.Envelope{}, ar("mx.biz.example; dmarc=pass (p=none) header.from=mail.biz.example"), "dmarc"},
		{"results by spf", env("", edge), ar("mx.biz.example; spf=pass smtp.mailfrom=ann@biz.example"), "spf"},
		{"results from anywhere", env("x@other.example", out), ar("mx.biz.example; dkim=pass header.d=biz.example"), ""},
		{"results of another server", env("", edge), ar("mx.evil.example; dkim=pass header.d=biz.example"), ""},
		{"results below the topmost", env("", edge), "Authentication-Results: mx.evil.example; none\r\n" + ar("mx.biz.example; dkim=pass header.d=biz.example"), ""},
		{"results that fail", env("", edge), ar("mx.biz.example; dkim=fail header.d=biz.example"), ""},
		{"results not aligned", env("", edge), ar("mx.biz.example; dkim=pass header.d=evil.example"), ""},
		{"results smuggled in a quoted address", env("", edge), ar(`mx.biz.example; spf=pass smtp.mailfrom="a; dkim=pass header.d=biz.example; x"@evil.example`), ""},
		{"results smuggled in a comment", env("", edge), ar(`mx.biz.example; spf=pass (domain of a; dkim=pass header.d=biz.example; x) smtp.mailfrom=a@evil.example`), ""},
		{"results with an open comment", env("", edge), ar(`mx.biz.example; dkim=pass header.d=biz.example (x`), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := a.Authenticate(t.Context(), c.env, "ann@mail.biz.example", []byte(c.raw))
			if p.Method != c.method || p.Aligned != (c.method != "") {
				t.Errorf("%+v, want %q", p, c.method)
			}
		})
	}
}

func TestAligned(t *testing.T) {
	cases := []struct {
		a, b string
		want bool
	}{
		{"biz.example", "BIZ.example.", true}, {"mail.biz.example", "news.biz.example", true}, {"a.co.uk", "b.co.uk", false},
		{"co.uk", "a.co.uk", false}, {"example", "biz.example", false}, {"", "", false}, {"a.github.io", "b.github.io", false},
		{"مثال.example", "xn--mgbh0fb.example", true}, {"evilbiz.example", "biz.example", false},
	}
	for _, c := range cases {
		if got := aligned(c.a, c.b); got != c.want {
			t.Errorf("aligned(%q, %q) = %v", c.a, c.b, got)
		}
	}
}
