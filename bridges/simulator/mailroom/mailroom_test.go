package mailroom

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, o Options) *Room {
	t.Helper()
	r, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

const letter = "From: =?utf-8?q?Mona_=28WhatsApp=29?= <wa@bridge.example>\r\nTo: lena@example.com\r\n" +
	"Reply-To: \"Mona\" <r+token@bridge.example>\r\nSubject: =?utf-8?b?2YXYsdit2KjYpw==?=\r\n" +
	"Message-Id: <1@bridge.example>\r\nReferences: <root@bridge.example>\r\nDate: Mon, 02 Nov 2026 09:00:00 +0000\r\n" +
	"Mime-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n" +
	"--c\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhello\r\nLena\r\n" +
	"--c\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>hello</p></body></html>\r\n--c--\r\n" +
	"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"a.txt\"\r\n\r\nfile\r\n--b--\r\n"

func deliver(t *testing.T, r *Room, raw string, to ...string) error {
	t.Helper()
	c, err := smtp.Dial(r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	return c.SendMail("b+verp@bridge.example", to, strings.NewReader(raw))
}

func TestMailIsKeptPerRecipientAndParsed(t *testing.T) {
	r := open(t, Options{})
	if err := deliver(t, r, letter, "Lena@Example.com", "omar@example.com"); err != nil {
		t.Fatal(err)
	}
	m, err := r.Mailbox("lena@example.com").Await(soon(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "مرحبا" || m.From[0].Name != "Mona (WhatsApp)" || m.ReplyTo[0].Address != "r+token@bridge.example" ||
		m.Text != "hello\nLena" || !strings.Contains(m.HTML, "<p>hello</p>") || m.Sender != "b+verp@bridge.example" {
		t.Errorf("got %+v", m)
	}
	if len(m.Files) != 1 || m.Files[0].Name != "a.txt" || string(m.Files[0].Data) != "file" {
		t.Errorf("files are %+v", m.Files)
	}
	if _, err := r.Mailbox("omar@example.com").AwaitCount(soon(t), 1); err != nil {
		t.Error(err)
	}
}

func TestBrokenMailIsKeptAsFarAsItGoes(t *testing.T) {
	for _, raw := range []string{"", "no header at all", "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"} {
		if m := Parse([]byte(raw)); string(m.Raw) != raw {
			t.Errorf("%q: raw text is lost", raw)
		}
	}
}

func TestLoginAndTLSAreAskedFor(t *testing.T) {
	lender := httptest.NewTLSServer(nil) // of its certificate
	defer lender.Close()
	conf, pool := &tls.Config{Certificates: lender.TLS.Certificates, MinVersion: tls.VersionTLS12}, x509.NewCertPool()
	pool.AddCert(lender.Certificate())
	r := open(t, Options{User: "relay", Password: "secret", TLS: conf, ForceTLS: true})
	if err := deliver(t, r, letter, "lena@example.com"); err == nil {
		t.Error("taken without STARTTLS and login")
	}
	submit := func(password string) error {
		conn, err := net.Dial("tcp", r.Addr())
		if err != nil {
			t.Fatal(err)
		}
		c, err := smtp.NewClientStartTLS(conn, &tls.Config{RootCAs: pool, ServerName: "example.com", MinVersion: tls.VersionTLS12})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if err := c.Auth(sasl.NewPlainClient("", "relay", password)); err != nil {
			return err
		}
		return c.SendMail("a@b.example", []string{"lena@example.com"}, strings.NewReader(letter))
	}
	if err := submit("wrong"); code(err) != 535 {
		t.Errorf("wrong password: %v", err)
	}
	if err := submit("secret"); err != nil {
		t.Errorf("right password: %v", err)
	}
	if m := r.Mailbox("lena@example.com").Mails(); len(m) != 1 || !m[0].TLS || m[0].User != "relay" {
		t.Errorf("got %+v", m)
	}
}

func code(err error) int {
	var e *smtp.SMTPError
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

func TestRefusals(t *testing.T) {
	r := open(t, Options{})
	for _, f := range []Refusal{
		{Step: AtMail, Code: 421, Times: 1}, {Step: AtRcpt, Code: 550, Times: 1, To: "lena@example.com"},
		{Step: AtData, Code: 452, Times: 1}, {Step: AfterData, Code: 451, Times: 1},
	} {
		if !r.Refuse(f) {
			t.Fatalf("%+v is not understood", f)
		}
		if err := deliver(t, r, letter, "lena@example.com"); code(err) != f.Code {
			t.Errorf("%s: got %v, want %d", f.Step, err, f.Code)
		}
	}
	if r.Refuse(Refusal{Step: AtMail, Code: 250, Times: 1}) || r.Refuse(Refusal{Step: "later", Code: 450, Times: 1}) {
		t.Error("nonsense is understood")
	}
	if err := deliver(t, r, letter, "lena@example.com"); err != nil {
		t.Errorf("after all refusals: %v", err)
	}
	if twice := r.Twice(); len(twice) != 1 { // the one after data was kept
		t.Errorf("twice: %v", twice)
	}
}

// gatewayPair is a room whose gateway is another room.
func gatewayPair(t *testing.T) (room, gateway *Room, lena *Mailbox, m Mail) {
	t.Helper()
	gateway = open(t, Options{})
	room = open(t, Options{Gateway: gateway.Addr()})
	if err := deliver(t, room, letter, "lena@example.com"); err != nil {
		t.Fatal(err)
	}
	lena = room.Mailbox("lena@example.com")
	m, err := lena.Await(soon(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	return room, gateway, lena, m
}

func TestRepliesReadBackAsClientsWriteThem(t *testing.T) {
	for _, client := range []Client{Gmail, Outlook, Apple, Thunderbird, PlainText} {
		t.Run(string(client), func(t *testing.T) {
			_, gateway, lena, m := gatewayPair(t)
			sent, err := lena.Reply(soon(t), m, "Grüße\n\nنعم", ReplyOptions{
				Client: client, Signature: "Lena", Files: []File{{Name: "price é.pdf", MIME: "application/pdf", Data: []byte("%PDF")}},
			})
			if err != nil {
				t.Fatal(err)
			}
			got, err := gateway.Mailbox("r+token@bridge.example").Await(soon(t), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.Sender != "lena@example.com" || got.From[0].Address != "lena@example.com" || got.Subject != "Re: مرحبا" {
				t.Errorf("envelope and head: %+v", got)
			}
			if strings.Join(got.References, " ") != "root@bridge.example 1@bridge.example" || got.InReplyTo[0] != "1@bridge.example" ||
				got.MessageID != sent.MessageID {
				t.Errorf("threading: %v %v %s", got.References, got.InReplyTo, got.MessageID)
			}
			if !strings.HasPrefix(got.Text, "Grüße\n\nنعم\n\n-- \nLena\n\n") || !strings.Contains(got.Text, "hello") {
				t.Errorf("text is %q", got.Text)
			}
			if (got.HTML == "") != (client == PlainText) {
				t.Errorf("html is %q", got.HTML)
			}
			if len(got.Files) != 1 || got.Files[0].Name != "price é.pdf" || string(got.Files[0].Data) != "%PDF" {
				t.Errorf("files are %+v", got.Files)
			}
			if th := lena.Threads(); len(th) != 1 || len(th[0].Mails) != 2 || !th[0].Mails[1].Outgoing {
				t.Errorf("threads are %+v", th)
			}
		})
	}
}

func TestOddAnswersLookLikeIt(t *testing.T) {
	_, gateway, lena, m := gatewayPair(t)
	for i, err := range lena.ReplyAllOdd(soon(t), m) {
		if err != nil {
			t.Errorf("answer %d: %v", i, err)
		}
	}
	got, err := gateway.Mailbox("r+token@bridge.example").AwaitCount(soon(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Header.Get("Auto-Submitted") != "auto-replied (vacation)" || got[0].Sender != "" {
		t.Errorf("autoreply: %v from %q", got[0].Header, got[0].Sender)
	}
	if got[1].From[0].Address != "mallory@elsewhere.example" {
		t.Errorf("forgery is from %v", got[1].From)
	}
	bounce, err := gateway.Mailbox("b+verp@bridge.example").Await(soon(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(bounce.Header.Get("Content-Type"), "multipart/report") || bounce.Sender != "" ||
		!strings.Contains(string(bounce.Raw), "Final-Recipient: rfc822; lena@example.com") {
		t.Errorf("bounce is %s", bounce.Raw)
	}
}

func TestGatewaysRefusalComesBack(t *testing.T) {
	_, gateway, lena, m := gatewayPair(t)
	gateway.Refuse(Refusal{Step: AtRcpt, Code: 550, Times: 1})
	if _, err := lena.Reply(soon(t), m, "x", ReplyOptions{}); code(err) != 550 {
		t.Errorf("got %v", err)
	}
	if n := len(lena.Mails()); n != 1 {
		t.Errorf("the mailbox shows %d mails, want only the first", n)
	}
}

func TestAwaitEndsWithCloseAndContext(t *testing.T) {
	r := open(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Mailbox("a@b").Await(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	done := make(chan error, 1)
	go func() { _, err := r.Mailbox("a@b").Await(context.Background(), nil); done <- err }()
	_ = r.Close()
	if err := <-done; err == nil {
		t.Error("Await outlived Close")
	}
	if err := r.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(letter))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if m := Parse(raw); string(m.Raw) != string(raw) {
			t.Error("raw text is lost")
		}
	})
}
