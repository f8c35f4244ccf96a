package main

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"causeway/bridges/email/emailtest"
	"causeway/bridges/simulator/mailroom"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

const support = "support@shop.example"

// supportMailbox is a mailbox that customers write to, on an IMAP server in memory.
type supportMailbox struct {
	*imapmemserver.User
	addr string
}

func newSupportMailbox(t *testing.T) supportMailbox {
	t.Helper()
	m := supportMailbox{User: imapmemserver.NewUser(support, planted)}
	memory := imapmemserver.New()
	memory.AddUser(m.User)
	if err := m.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.addr = l.Addr().String()
	server := imapserver.New(&imapserver.Options{Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIdle: {}, imap.CapUIDPlus: {}}, InsecureAuth: true,
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		}})
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return m
}

// sized is a mail as the server wants it.
type sized struct{ *strings.Reader }

func (s sized) Size() int64 { return s.Reader.Size() }

var _ io.Reader = sized{}

// arrive delivers a customer's mail.
func (m supportMailbox) arrive(t *testing.T, id, text string) {
	t.Helper()
	raw := fmt.Sprintf("From: Ana <ana@customer.example>\r\nTo: %s\r\nSubject: The blue bicycle\r\nMessage-ID: <%s>\r\nDate: %s\r\n\r\n%s\r\n", support, id, time.Now().Format(time.RFC1123Z), text)
	if _, err := m.Append("INBOX", sized{strings.NewReader(raw)}, &imap.AppendOptions{Time: time.Now()}); err != nil {
		t.Fatal(err)
	}
}

// TestMailboxByMail: a customer's mail to the business's mailbox is an agent's mail, and the mail that answers it reaches the customer from the
// business's address, in the thread that they began.
func TestMailboxByMail(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		world := liveIn(t, worldOptions{Database: database, Business: "channels: []", Flags: map[string]string{"allow_private": "127.0.0.0/8"}})
		box := newSupportMailbox(t)
		box.arrive(t, "first@customer.example", hello)
		w := world.tenant(provider{kind: "email", values: map[string]string{"address": support, "name": "The Shop", "imap_url": "imap://" + box.addr + "?tls=none",
			"smtp_url": "smtp://" + world.room.Addr() + "?tls=none", "smtp_user": "none", "password": planted, "start": "all", "poll_seconds": "5"}})
		lena := w.staff()
		m := w.mailTo(lena, hello)
		_, err := lena.Reply(w.within(), m, "Yes: the blue bicycle is here.", mailroom.ReplyOptions{})
		w.must(err)
		got := w.mailTo(world.room.Mailbox("ana@customer.example"), "Yes: the blue bicycle is here.")
		if got.From[0].Address != support || !strings.Contains(got.Subject, "The blue bicycle") || !strings.Contains(fmt.Sprint(got.InReplyTo), "first@customer.example") {
			t.Errorf("it is from %v, %q, an answer to %v", got.From, got.Subject, got.InReplyTo)
		}
		if strings.Contains(got.Text, "lena-") {
			t.Errorf("the agent's address shows: %s", got.Text)
		}
	})
}

// TestMailServersByMail: the same with a real Dovecot and a real Postfix: a mail that Postfix has taken is an agent's mail, and the answer lies in
// the customer's mailbox, in their thread.
func TestMailServersByMail(t *testing.T) {
	servers := emailtest.New(t)
	servers.StartPostfix()
	world := liveIn(t, worldOptions{Business: "channels: []", Flags: map[string]string{"allow_private": "127.0.0.0/8"}})
	w := world.tenant(provider{kind: "email", values: map[string]string{"address": emailtest.Address, "name": "The Shop", "password": emailtest.Password, "tls_ca": servers.CA,
		"imap_url": fmt.Sprintf("imaps://localhost:%d", servers.IMAPS), "smtp_url": fmt.Sprintf("smtp://localhost:%d?tls=starttls", servers.Submission), "start": "all"}})
	lena := w.staff()
	servers.Deliver(servers.SMTP, "EHLO", "From: Ana <"+emailtest.Customer+">\nTo: "+emailtest.Address+"\nSubject: The blue bicycle\nMessage-ID: <first@x.example>\nDate: "+
		time.Now().Format(time.RFC1123Z)+"\n\n"+hello)
	_, err := lena.Reply(w.within(), w.mailTo(lena, hello), "Yes: the blue bicycle is here.", mailroom.ReplyOptions{})
	w.must(err)
	w.eventually("the answer lies in the customer's mailbox", func() bool { return len(servers.Inbox(emailtest.Customer)) > 0 })
	got := mailroom.Parse(servers.Inbox(emailtest.Customer)[0])
	if got.From[0].Address != emailtest.Address || got.Subject != "Re: The blue bicycle" || fmt.Sprint(got.InReplyTo) != "[first@x.example]" ||
		!strings.Contains(got.Text, "Yes: the blue bicycle is here.") || strings.Contains(got.Text, "lena-") {
		t.Errorf("got %+v", got)
	}
}
