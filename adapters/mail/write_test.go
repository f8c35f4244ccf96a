package mail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/mail"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/forward"

	"pgregory.net/rapid"
)

func bytesFile(name, mime string, data []byte) forward.Attachment {
	return forward.Attachment{Name: name, MIME: mime, Size: int64(len(data)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
}

func testLetter() forward.Letter {
	return forward.Letter{
		Envelope:    "b+tok@bridge.example",
		From:        forward.Address{Name: "منى حداد via WhatsApp", Address: "wa@bridge.example"},
		To:          forward.Address{Name: "O'Neil, Ann", Address: "ann@biz.example"},
		ReplyTo:     forward.Address{Name: "Mona (WhatsApp)", Address: "r+abc@bridge.example"},
		Subject:     "منى حداد (WhatsApp) #1042",
		Date:        time.Date(2026, 11, 21, 10, 42, 0, 0, time.FixedZone("", 3*3600)),
		MessageID:   "m1@bridge.example",
		InReplyTo:   "m0@bridge.example",
		References:  []string{"root@bridge.example", "m0@bridge.example"},
		ThreadTopic: "Тема",
		ThreadIndex: "AdF3ZkLyZ1C0AAAAAA==",
		Headers:     [][2]string{{"Auto-Submitted", "auto-generated"}, {"List-Id", "<support.bridge.example>"}},
		Text:        "مرحبا\n-- \nсообщение 👋🏽\n.\nFrom here\n",
		HTML:        "<p dir=rtl>مرحبا</p>",
	}
}

func written(t testing.TB, l forward.Letter) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(t.Context(), &b, l); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Whatever a channel is called, a filter finds the id of its mails as it stands.
func TestListIsFound(t *testing.T) {
	const id = "<0193.reply.example>"
	for _, name := range []string{"", "shop", "Shop, Inc. (WhatsApp)", "متجر القاهرة (WhatsApp)", "Магазин «Ёлка», отдел на улице Строителей (WhatsApp)"} {
		l := testLetter()
		l.Headers = [][2]string{{"List-Id", strings.TrimSpace(name + " " + id)}}
		read, err := mail.ReadMessage(bytes.NewReader(written(t, l)))
		if err != nil {
			t.Fatal(err)
		}
		list, err := mail.ParseAddress(strings.Replace(read.Header.Get("List-Id"), "0193.", "0193@", 1))
		if !strings.HasSuffix(read.Header.Get("List-Id"), id) || err != nil || list.Name != name {
			t.Errorf("%q, read as %q: %v", read.Header.Get("List-Id"), list, err)
		}
	}
}

// An address that cannot be written to is named.
func TestAddressThatCannotBeWrittenTo(t *testing.T) {
	l := testLetter()
	l.To.Address = "кот@почта.example"
	if err := Write(t.Context(), io.Discard, l); core.CodeOf(err) != core.CodeInvalid || !strings.Contains(err.Error(), l.To.Address) {
		t.Errorf("got %v", err)
	}
}

func TestWriteThenParse(t *testing.T) {
	big := make([]byte, 5<<20)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(big)
	l := testLetter()
	names := []string{"فاتورة رقم 1.pdf", "счёт.docx", "👩🏽‍💻 " + strings.Repeat("длинное ", 9) + ".png", `quo"ted.txt`, "plain.bin", ""}
	for i, n := range names {
		l.Files = append(l.Files, bytesFile(n, "application/pdf", big[:i*1000]))
	}
	l.Files[0] = bytesFile(names[0], "application/pdf", big)
	in, err := Parse(written(t, l))
	if err != nil {
		t.Fatal(err)
	}
	want := []struct{ name, got, want string }{
		{"subject", in.Subject, l.Subject}, {"from", fmt.Sprint(in.From), fmt.Sprint([]forward.Address{l.From})},
		{"text", in.Text, strings.TrimSpace(l.Text)}, {"html", strings.TrimSpace(in.HTML), l.HTML}, {"id", in.MessageID, l.MessageID},
		{"in reply to", fmt.Sprint(in.InReplyTo), "[m0@bridge.example]"}, {"references", fmt.Sprint(in.References), fmt.Sprint(l.References)},
		{"topic", fmt.Sprint(in.Header["Thread-Topic"]), "[Тема]"}, {"index", fmt.Sprint(in.Header["Thread-Index"]), "[" + l.ThreadIndex + "]"},
		{"to", fmt.Sprint(in.Header["To"]), `["O'Neil, Ann" <ann@biz.example>]`}, {"recipients", fmt.Sprint(in.Recipients), "[ann@biz.example]"},
		{"date", in.Date.UTC().String(), l.Date.UTC().String()}, {"type", in.Type, "multipart/mixed"}, {"files", fmt.Sprint(len(in.Files)), fmt.Sprint(len(names))},
	}
	for _, w := range want {
		if w.got != w.want {
			t.Errorf("%s = %q, want %q", w.name, w.got, w.want)
		}
	}
	for i, f := range in.Files {
		if f.Name != names[i] {
			t.Errorf("name = %q, want %q", f.Name, names[i])
		}
	}
	if sha256.Sum256(in.Files[0].Data) != sha256.Sum256(big) {
		t.Error("the large file changed on the way")
	}
}

func TestWriteCollapsesWhatIsMissing(t *testing.T) {
	file := []forward.Attachment{bytesFile("a.txt", "message/rfc822", []byte("x"))}
	cases := []struct {
		name, text, html string
		files            []forward.Attachment
		want             string
	}{
		{"text", "a", "", nil, "text/plain"}, {"html", "", "<p>a</p>", nil, "text/html"}, {"both", "a", "<p>a</p>", nil, "multipart/alternative"},
		{"text and file", "a", "", file, "multipart/mixed"}, {"nothing", "", "", nil, "text/plain"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := testLetter()
			l.Text, l.HTML, l.Files = c.text, c.html, c.files
			in, err := Parse(written(t, l))
			if err != nil || in.Type != c.want || in.Text != c.text || strings.TrimSpace(in.HTML) != c.html || len(in.Files) != len(c.files) {
				t.Errorf("type %q text %q html %q files %d, %v", in.Type, in.Text, in.HTML, len(in.Files), err)
			}
		})
	}
}

func TestWriteRefusesInjection(t *testing.T) {
	evil := "x\r\nBcc: all@biz.example"
	cases := map[string]func(*forward.Letter){
		"subject":         func(l *forward.Letter) { l.Subject = evil },
		"bare line feed":  func(l *forward.Letter) { l.Subject = "a\nb" },
		"nul":             func(l *forward.Letter) { l.Subject = "a\x00b" },
		"name":            func(l *forward.Letter) { l.From.Name = evil },
		"address":         func(l *forward.Letter) { l.To.Address = "a@x.example\r\nBcc: b@x.example" },
		"two addresses":   func(l *forward.Letter) { l.To.Address = "a@x.example>, <b@x.example" },
		"id":              func(l *forward.Letter) { l.MessageID = "a\r\n@x" },
		"id with bracket": func(l *forward.Letter) { l.MessageID = "a> <b" },
		"references":      func(l *forward.Letter) { l.References = []string{evil} },
		"topic":           func(l *forward.Letter) { l.ThreadTopic = evil },
		"index":           func(l *forward.Letter) { l.ThreadIndex = evil },
		"extra value":     func(l *forward.Letter) { l.Headers = [][2]string{{"X-A", evil}} },
		"extra name":      func(l *forward.Letter) { l.Headers = [][2]string{{"X-A: b\r\nBcc", "c"}} },
		"second From":     func(l *forward.Letter) { l.Headers = [][2]string{{"from", "boss@biz.example"}} },
		"Bcc":             func(l *forward.Letter) { l.Headers = [][2]string{{"Bcc", "boss@biz.example"}} },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			l := testLetter()
			change(&l)
			var b bytes.Buffer
			var p *core.Problem
			if err := Write(t.Context(), &b, l); !errors.As(err, &p) {
				t.Errorf("error = %v, want a Problem", err)
			}
			if b.Len() > 0 {
				t.Errorf("wrote %q", b.String())
			}
		})
	}
}

func TestWriteLines(t *testing.T) {
	l := testLetter()
	for i := range 200 {
		l.References = append(l.References, fmt.Sprintf("%s%d@bridge.example", strings.Repeat("i", 80), i))
	}
	l.Subject = strings.Repeat("слово ", 100)
	l.Files = []forward.Attachment{bytesFile(strings.Repeat("ف", 300)+".pdf", "application/pdf", []byte("x"))}
	l.Text = strings.Repeat("x", 5000)
	raw := written(t, l)
	for line := range bytes.SplitSeq(raw, []byte("\n")) {
		if len(line) > 998 || len(line) > 0 && line[len(line)-1] != '\r' {
			t.Fatalf("line of %d bytes: %.80q", len(line), line)
		}
	}
	in, err := Parse(raw)
	if err != nil || len(in.References) != 202 || in.Subject != strings.TrimSpace(l.Subject) || !strings.HasSuffix(in.Files[0].Name, "فف.pdf") {
		t.Errorf("references %d, subject %q, file %q, %v", len(in.References), in.Subject, in.Files[0].Name, err)
	}
}

func TestWriteStopsWhenAFileBreaks(t *testing.T) {
	broken := errors.New("disk on fire")
	l := testLetter()
	l.Files = []forward.Attachment{{Name: "a", MIME: "image/png", Open: func(context.Context) (io.ReadCloser, error) { return nil, broken }}}
	if err := Write(t.Context(), io.Discard, l); !errors.Is(err, broken) {
		t.Errorf("error = %v", err)
	}
}

func TestWriteAnyTextSurvives(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := testLetter()
		line := rapid.StringMatching(`[ -~éжم世👋\t]{0,120}`)
		l.Text = strings.Join(rapid.SliceOfN(line, 1, 8).Draw(rt, "text"), "\n")
		l.HTML = ""
		l.Subject = rapid.StringMatching(`[ -~éжم世👋]{0,200}`).Draw(rt, "subject")
		l.From.Name = rapid.StringMatching(`[ -~éжم世👋]{0,60}`).Draw(rt, "name")
		l.Files = []forward.Attachment{bytesFile(rapid.StringMatching(`[!-.0-\[\]-~éжم世👋]{1,60}`).Draw(rt, "file"), "image/png", []byte("x"))}
		var b bytes.Buffer
		if err := Write(t.Context(), &b, l); err != nil {
			rt.Fatal(err)
		}
		in, err := Parse(b.Bytes())
		if err != nil {
			rt.Fatal(err)
		}
		if want := strings.TrimRight(l.Text, "\n"); in.Text != want && strings.TrimSpace(want) != "" {
			rt.Errorf("text %q, want %q", in.Text, want)
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
		if squeeze(in.Subject) != squeeze(l.Subject) {
			rt.Errorf("subject %q, want %q", in.Subject, l.Subject)
		}
		if len(in.From) != 1 || in.From[0].Address != l.From.Address || squeeze(in.From[0].Name) != squeeze(l.From.Name) {
			rt.Errorf("from %q, want %q", in.From, l.From)
		}
		if in.Files[0].Name != l.Files[0].Name {
			rt.Errorf("file %q, want %q", in.Files[0].Name, l.Files[0].Name)
		}
		if m, err := mail.ReadMessage(bytes.NewReader(b.Bytes())); err != nil {
			rt.Errorf("net/mail cannot read it: %v", err)
		} else if _, err := m.Header.AddressList("From"); err != nil {
			rt.Errorf("net/mail cannot read From %q: %v", m.Header.Get("From"), err)
		}
	})
}
