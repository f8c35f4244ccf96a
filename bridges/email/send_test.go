package email

import (
	"strconv"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	adapter "causeway/adapters/mail"
	"causeway/core"
)

var ana = core.IdentityKey{Scheme: core.SchemeEmail, Value: "ana@x.example"}

func hello(text string) core.Outgoing {
	return core.Outgoing{Key: "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee", To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: text}}
}

// TestAnswer: an answer stands in the thread of the customer's last mail.
func TestAnswer(t *testing.T) {
	p, box := newPost(t), newSMTP(t)
	h := newHost(t)
	l := openLink(t, h, goodSettings(p.addr, box.addr))
	running(t, l)
	begun(t, h, "INBOX")
	p.put("INBOX", aMail("a2@x", "Ana <ana@x.example>", "AW: Re: Größe?", "L please", "In-Reply-To: <a1@x>", "References: <a0@x> <a1@x>", "Reply-To: <ana.work@x.example>", "Thread-Index: AQHcgeqAERERERERERERERERERERAQ=="))
	waitFor(t, "the thread", func() bool { th, _ := l.thread(t.Context(), "ana@x.example"); return th.Last != "" })
	sent, err := l.Send(t.Context(), hello("We have L.\nCome by — till six."))
	if err != nil {
		t.Fatal(err)
	}
	if sent.Provider != "cw-0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee@biz.example" {
		t.Errorf("id %q", sent.Provider)
	}
	got := box.all()[0]
	m, err := parse([]byte(got.raw))
	if err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]string{
		"sender": {got.from, address}, "recipient": {got.to, "ana.work@x.example"}, "id": {m.MessageID, sent.Provider}, "envelope id": {got.envid, sent.Provider},
		"answers": {strings.Join(m.InReplyTo, " "), "a2@x"}, "refers to": {strings.Join(m.References, " "), "a0@x a1@x a2@x"},
		"subject": {m.Subject, "Re: Größe?"}, "text": {m.Text, "We have L.\nCome by — till six."}, "name": {m.From[0].Name, "Biz Ltd"}, "mark": {m.first(markHeader), "channel-1"},
		"Outlook's thread": {m.first("Thread-Index")[:29], "AQHcgeqAERERERERERERERERERERA"}, "a level below": {strconv.Itoa(len(m.first("Thread-Index"))), "36"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %q, want %q", what, pair[0], pair[1])
		}
	}
}

// TestFirstMail: nobody wrote yet; what follows goes on in the same thread.
func TestFirstMail(t *testing.T) {
	box := newSMTP(t)
	l := openLink(t, newHost(t), goodSettings("127.0.0.1:1", box.addr))
	first, err := l.Send(t.Context(), hello("Your order is here."))
	if err != nil {
		t.Fatal(err)
	}
	second := hello("Please pick it up.")
	second.Key = "0190aaaa-bbbb-7ccc-8ddd-ffffffffffff"
	if _, err := l.Send(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	a, _ := parse([]byte(box.all()[0].raw))
	b, _ := parse([]byte(box.all()[1].raw))
	if a.Subject != "Message from Biz Ltd" || b.Subject != a.Subject || len(a.InReplyTo) > 0 || len(b.InReplyTo) != 1 || b.InReplyTo[0] != first.Provider {
		t.Errorf("got %q %q, %q %q", a.Subject, a.InReplyTo, b.Subject, b.InReplyTo)
	}
}

func TestSendFile(t *testing.T) {
	box := newSMTP(t)
	h := newHost(t)
	data := strings.Repeat("all bytes \x00\xff\r\n.\r\n", 5000)
	h.PutFile("f", []byte(data))
	l := openLink(t, h, goodSettings("127.0.0.1:1", box.addr))
	for name, want := range map[string]string{"Rechnung März.pdf": "Rechnung März.pdf", "": "file.pdf", "a\r\nBcc: x@y": "a Bcc: x@y", `..\..\x"y.pdf`: `..-..-x"y.pdf`} {
		out := hello("Here it is.")
		out.Content = core.Content{Kind: core.KindDocument, Text: "Here it is.", Media: &core.Media{ID: "f", MIME: "application/pdf", Name: name, Size: int64(len(data))}}
		if _, err := l.Send(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		all := box.all()
		m, err := parse([]byte(all[len(all)-1].raw))
		if err != nil || m.Text != "Here it is." || len(m.Files) != 1 || string(m.Files[0].Data) != data || m.Files[0].Name != want || m.Header["Bcc"] != nil {
			t.Errorf("%q: got %q, files %d, header %q, %v", name, m.Text, len(m.Files), m.Header, err)
		}
		if len(m.Files) == 1 && m.Files[0].Name != want {
			t.Errorf("name %q, want %q", m.Files[0].Name, want)
		}
	}
}

// TestMarks: marked text goes as text and as a page, also beside a file.
func TestMarks(t *testing.T) {
	box := newSMTP(t)
	h := newHost(t)
	h.PutFile("f", []byte("data"))
	l := openLink(t, h, goodSettings("127.0.0.1:1", box.addr))
	file := &core.Media{ID: "f", MIME: "application/pdf", Name: "a.pdf", Size: 4}
	const said = "It is *ready*:\nhttps://shop.example/a <b>"
	for i, c := range []core.Content{{Kind: core.KindText, Text: said}, {Kind: core.KindDocument, Text: said, Media: file}} {
		out := hello("")
		out.Content = c
		if _, err := l.Send(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		in, err := adapter.Parse([]byte(box.all()[i].raw))
		if err != nil {
			t.Fatal(err)
		}
		if in.Text != "It is ready:\nhttps://shop.example/a <b>" || len(in.Files) != i {
			t.Errorf("text %q, %d files", in.Text, len(in.Files))
		}
		if want := `It is <b>ready</b>:<br>`; !strings.Contains(in.HTML, want) || !strings.Contains(in.HTML, `<a href="https://shop.example/a">`) || !strings.Contains(in.HTML, "&lt;b&gt;") {
			t.Errorf("page %q", in.HTML)
		}
	}
	if !l.Capabilities().Marks {
		t.Error("the channel does not say that it shows marks")
	}
}

// TestRefusals: what servers answer, and what it means.
func TestRefusals(t *testing.T) {
	no := func(code int, a, b, c int) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{a, b, c}, Message: "no"}
	}
	for _, c := range []struct {
		name, stage string
		answer      error
		outcome     core.Outcome
		effect      core.Effect
		code        string
	}{
		{"login", "auth", no(535, 5, 7, 8), core.Rejected, core.EffectPark, "5.7.8"},
		{"login later", "auth", no(454, 4, 7, 0), core.Rejected, core.EffectSlow, "4.7.0"},
		{"sender", "mail", no(553, 5, 7, 1), core.Rejected, core.EffectPark, "5.7.1"},
		{"sender later", "mail", no(451, 4, 3, 0), core.Rejected, core.EffectRetry, "4.3.0"},
		{"unknown recipient", "rcpt", no(550, 5, 1, 1), core.Rejected, core.EffectFail, "5.1.1"},
		{"greylisted", "rcpt", no(450, 4, 2, 0), core.Rejected, core.EffectRetry, "4.2.0"},
		{"closing", "rcpt", no(421, 4, 3, 2), core.Rejected, core.EffectSlow, "4.3.2"},
		{"login needed", "mail", no(530, 5, 7, 0), core.Rejected, core.EffectPark, "5.7.0"},
		{"content", "data", no(554, 5, 7, 1), core.Rejected, core.EffectFail, "5.7.1"},
		{"content later", "data", no(451, 4, 3, 0), core.Rejected, core.EffectRetry, "4.3.0"},
		{"too large", "data", no(552, 5, 3, 4), core.Rejected, core.EffectFail, "5.3.4"},
		{"mailbox full", "rcpt", no(552, 5, 2, 2), core.Rejected, core.EffectFail, "5.2.2"},
		{"Google's daily limit", "data", no(550, 5, 4, 5), core.Rejected, core.EffectSlow, "5.4.5"},
		{"Google's daily limit, told early", "rcpt", no(550, 5, 4, 5), core.Rejected, core.EffectSlow, "5.4.5"},
		{"Microsoft's daily limit", "data", no(550, 5, 1, 90), core.Rejected, core.EffectSlow, "5.1.90"},
		{"not as this sender", "data", no(550, 5, 7, 60), core.Rejected, core.EffectPark, "5.7.60"},
		{"not as this sender, newer", "data", no(554, 5, 2, 252), core.Rejected, core.EffectPark, "5.2.252"},
	} {
		t.Run(c.name, func(t *testing.T) {
			box := newSMTP(t)
			box.refuse = func(stage string) error {
				if stage == c.stage {
					return c.answer
				}
				return nil
			}
			l := openLink(t, newHost(t), goodSettings("127.0.0.1:1", box.addr))
			_, err := l.Send(t.Context(), hello("Hi"))
			e := core.AsSendError(err)
			if err == nil || e.Outcome != c.outcome || e.Effect != c.effect || e.Code != c.code || e.Reason == "" {
				t.Errorf("got %+v", e)
			}
			if len(box.all()) > 0 {
				t.Error("it went out")
			}
		})
	}
}
