package mail

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

func TestParseLimits(t *testing.T) {
	nested := func(n int) string {
		var b strings.Builder
		b.WriteString("From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n")
		for i := 1; i < n; i++ {
			fmt.Fprintf(&b, "--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", i-1, i)
		}
		return b.String()
	}
	parts := func(n int) string {
		return "From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", n) + "--b--\r\n"
	}
	cases := []struct {
		name, raw string
		code      core.Code
	}{
		{"nested 2000 deep", nested(2000), core.CodeTooLarge},
		{"nested 40 deep", nested(40), ""},
		{"20000 parts", parts(20000), core.CodeTooLarge},
		{"900 parts", parts(900), ""},
		{"header of 1 MB", "From: a@x.example\r\nSubject: " + strings.Repeat("x", 1<<20) + "\r\n\r\nx", core.CodeTooLarge},
		{"empty", "", core.CodeInvalid},
		{"only text", "hello\nworld\n", core.CodeInvalid},
		{"many hyphen lines", "From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--\r\n--x\r\n", 500000), ""},
		{"many word beginnings", "From: a@x.example\r\nSubject: " + strings.Repeat("=?a?q?", 40000) + "\r\n\r\nx", ""},
		{"many brackets in From", "From: " + strings.Repeat("(<\"", 60000) + "\r\n\r\nx", ""},
		{"many parameters", "From: a@x.example\r\nContent-Type: text/plain" + strings.Repeat("; a*0=b", 30000) + "\r\n\r\nx", ""},
		{"equals signs and blanks", "From: a@x.example\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.Repeat("= ", 2<<20), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse([]byte(c.raw))
			if got := core.CodeOf(err); got != c.code {
				t.Errorf("code = %q, want %q (%v)", got, c.code, err)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestParseMemory(t *testing.T) {
	line := strings.Repeat("QUJD", 19) + "\r\n"
	raw := []byte("From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf; name=x.pdf\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat(line, (25<<20)/len(line)) + "--b--\r\n")
	result := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if _, err := Parse(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	if got := result.AllocedBytesPerOp(); got > 64<<20 {
		t.Errorf("a mail of 25 MB took %d MB", got>>20)
	}
}

func TestParseText(t *testing.T) {
	cases := []struct{ name, head, body, text, html string }{
		{"flowed", "Content-Type: text/plain; format=flowed", "This is a long \r\nparagraph.\r\n From the start stuffed\r\n -- not a sig\r\n-- \r\nAli", "This is a long paragraph.\nFrom the start stuffed\n-- not a sig\n-- \nAli", ""},
		{"flowed with DelSp", "Content-Type: text/plain; format=flowed; delsp=yes; charset=utf-8", "これは長い行で \r\nここで続きます。\r\n> 引用 \r\n> 続き", "これは長い行でここで続きます。\n> 引用続き", ""},
		{"mark of the byte order", "Content-Type: text/plain; charset=utf-8", "\uFEFFHello", "Hello", ""},
		{"utf-16", "Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64", "//5IAGkA", "Hi", ""},
		{"utf-7", "Content-Type: text/plain; charset=utf-7", "Hi Mom -+Jjo--!", "Hi Mom -☺-!", ""},
		{"windows-1251 unlabelled", "Content-Type: text/plain", "\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea \xe4\xe5\xeb\xe0", "Привет, как дела", ""},
		{"windows-1256 unlabelled", "Content-Type: text/plain", "\xe3\xd1\xcd\xc8\xc7 \xc7\xe1\xd3\xe1\xc7\xe3 \xda\xe1\xed\xdf\xe3", "مرحبا السلام عليكم", ""},
		{"windows-1256 unlabelled, in a name", "Content-Type: text/plain", "\xdd\xc7\xca\xe6\xd1\xc9 \xd1\xde\xe3 12.pdf", "فاتورة رقم 12.pdf", ""},
		{"windows-1251 unlabelled, in a name", "Content-Type: text/plain", "\xd1\xf7\xb8\xf2 \xe7\xe0 \xec\xe0\xf0\xf2 12.pdf", "Счёт за март 12.pdf", ""},
		{"windows-1252 unlabelled", "Content-Type: text/plain", "Gr\xfc\xdfe aus M\xfcnchen", "Grüße aus München", ""},
		{"no blank line", "", "this is text without a colon", "this is text without a colon", ""},
		{"unknown transfer encoding", "Content-Transfer-Encoding: x-nonsense", "plain", "plain", ""},
		{"broken base64", "Content-Transfer-Encoding: base64", "aGVs!bG8g\r\nd29y*", "hello wor", ""},
		{"list footer under HTML", "Content-Type: multipart/mixed; boundary=b", "--b\r\nContent-Type: text/html\r\n\r\n<p>hi</p>\r\n--b\r\nContent-Type: text/plain\r\n\r\n<footer>\r\n--b--", "", "<p>hi</p>\n" + `<div style="white-space:pre-wrap">&lt;footer&gt;</div>`},
		{"alternative", "Content-Type: multipart/alternative; boundary=b", "--b\r\n\r\nhi\r\n--b\r\nContent-Type: text/x-amp-html\r\n\r\namp\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>hi</p>\r\n--b--", "hi", "<p>hi</p>"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sep := "\r\n"
			if c.head == "" {
				sep = ""
			}
			in, err := Parse([]byte("From: a@x.example\r\n" + c.head + sep + map[bool]string{true: "", false: "\r\n"}[c.name == "no blank line"] + c.body))
			if err != nil {
				t.Fatal(err)
			}
			if in.Text != c.text {
				t.Errorf("text = %q, want %q", in.Text, c.text)
			}
			if in.HTML != c.html {
				t.Errorf("html = %q, want %q", in.HTML, c.html)
			}
			if len(in.Files) != 0 {
				t.Errorf("files = %v", in.Files)
			}
		})
	}
}

func TestParseAddressesHidesNothing(t *testing.T) {
	cases := []struct {
		raw  string
		want []string
	}{
		{`Mona <mona@x.example>`, []string{"mona@x.example"}},
		{`Haddad, Mona <mona@x.example>`, []string{"mona@x.example"}},
		{`"boss@y.example" <evil@x.example>`, []string{"evil@x.example"}},
		{`<a@x.example> <b@y.example>`, []string{"a@x.example", "b@y.example"}},
		{`<a@x.example> b@y.example`, []string{"a@x.example"}},
		{`a@x.example, b@y.example`, []string{"a@x.example", "b@y.example"}},
		{`a@x.example b@y.example`, []string{"a@x.example", "b@y.example"}},
		{`Team: a@x.example, B <b@y.example>;`, []string{"a@x.example", "b@y.example"}},
		{`undisclosed-recipients:;`, nil},
		{`evil@x.example (boss@y.example (nested))`, []string{"evil@x.example"}},
		{`=?utf-8?q?Ren=C3=A9_(WhatsApp),_x?= <r@x.example>`, []string{"r@x.example"}},
		{`<@relay.example:a@x.example>`, []string{"a@x.example"}},
		{`"odd local"@x.example`, []string{"odd local@x.example"}},
		{``, nil},
	}
	for _, c := range cases {
		var got []string
		for _, a := range parseAddresses(c.raw) {
			got = append(got, a.Address)
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %q, want %q", c.raw, got, c.want)
		}
	}
}

func TestParseParams(t *testing.T) {
	cases := []struct{ name, raw, key, want string }{
		{"continuations", `attachment; filename*1*=%D8%A9.pdf; filename*0*=utf-8''%D9%81`, "filename", "فة.pdf"},
		{"plain continuations", `attachment; filename*0="long "; filename*1="name.pdf"`, "filename", "long name.pdf"},
		{"raw without quotes", "attachment; filename=فاتورة رقم 1.pdf", "filename", "فاتورة رقم 1.pdf"},
		{"missing end quote", `attachment; filename="a;b.pdf`, "filename", "a;b.pdf"},
		{"first of two", `text/plain; charset=utf-8; charset=latin1`, "charset", "utf-8"},
		{"encoded word", `x/y; name="=?utf-8?b?2YHYp9iq?="`, "name", "فات"},
		{"line break smuggled in", `x/y; name*=utf-8''a%0D%0ABcc:%20b`, "name", "a  Bcc: b"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, p := parseParams(c.raw); p[c.key] != c.want {
				t.Errorf("%q, want %q", p[c.key], c.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, dir := range []string{"made", "enmime/testdata/*", "stalwart-mail-parser/eml/malformed", "zammad-2017"} {
		paths, _ := filepath.Glob(filepath.Join(corpusDir, dir, "*"))
		for _, path := range paths {
			if raw, err := os.ReadFile(path); err == nil && len(raw) < 1<<16 {
				f.Add(raw)
			}
		}
	}
	f.Add([]byte("From: a@x\n\nx"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		in, err := Parse(raw)
		if !bytes.Equal(raw, before) {
			t.Error("the mail was changed")
		}
		var p *core.Problem
		if err != nil && !errors.As(err, &p) {
			t.Errorf("%v is not a Problem", err)
		}
		if err == nil && in.MessageID == "" {
			t.Error("no Message-ID")
		}
		if strings.ContainsAny(in.Subject, "\r\n\x00") {
			t.Errorf("subject %q", in.Subject)
		}
		_, why := soleSender(raw, "a@x")
		if why == "" && (in.FromFields != 1 || len(in.From) != 1) && err == nil {
			t.Errorf("sole sender, but From = %v", in.From)
		}
	})
}

func BenchmarkParseCorpus(b *testing.B) {
	var mails [][]byte
	size := 0
	paths, _ := filepath.Glob(filepath.Join(corpus(b), "*", "*.eml"))
	for _, path := range paths {
		if raw, err := os.ReadFile(path); err == nil && len(raw) < 1<<16 {
			mails, size = append(mails, raw), size+len(raw)
		}
	}
	b.SetBytes(int64(size / len(mails)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_, _ = Parse(mails[i%len(mails)])
	}
}
