package email

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	adapter "causeway/adapters/mail"
	"causeway/bridges/bridgetest"
	"causeway/bridges/email/emailtest"
	"causeway/core"
	"causeway/core/forward/cut"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	address  = emailtest.Address
	password = emailtest.Password
)

// parse is what the gateway gives the bridge.
func parse(raw []byte) (Letter, error) {
	in, err := adapter.Parse(raw)
	if err != nil {
		return Letter{}, err
	}
	l := Letter{MessageID: in.MessageID, InReplyTo: in.InReplyTo, References: in.References, Subject: in.Subject, Header: in.Header, Type: in.Type, Signed: in.Signed, Text: in.Text}
	for _, a := range in.From {
		l.From = append(l.From, Address{Name: a.Name, Address: a.Address})
	}
	for _, f := range in.Files {
		l.Files = append(l.Files, File{Name: f.Name, MIME: f.MIME, Data: f.Data})
	}
	r := cut.Reply(cut.Mail{Text: in.Text, HTML: in.HTML})
	l.New, l.Sure, l.Nothing = r.Text, r.Sure, r.Nothing
	if strings.TrimSpace(l.Text) == "" {
		l.Text = strings.TrimSpace(r.Text + "\n\n" + r.Other)
	}
	return l, nil
}

// post is an IMAP server in memory, which can be stopped and started again.
type post struct {
	testing.TB
	user   *imapmemserver.User
	memory *imapmemserver.Server
	caps   imap.CapSet
	addr   string
	server *imapserver.Server
	wrap   func(imapserver.Session) imapserver.Session
}

// newPost starts one, after setup has changed what it wants.
func newPost(t testing.TB, setup ...func(p *post)) *post {
	t.Helper()
	p := &post{TB: t, user: imapmemserver.NewUser(address, password), memory: imapmemserver.New(), addr: "127.0.0.1:0",
		caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}, imap.CapIdle: {}, imap.CapUIDPlus: {}}}
	p.memory.AddUser(p.user)
	p.must(p.user.Create("INBOX", nil))
	for _, f := range setup {
		f(p)
	}
	p.start()
	t.Cleanup(p.stop)
	return p
}

func (p *post) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *post) start() {
	p.Helper()
	p.server = imapserver.New(&imapserver.Options{Caps: p.caps, InsecureAuth: true, Logger: quiet{}, NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
		s := p.memory.NewSession()
		if p.wrap != nil {
			s = p.wrap(s)
		}
		return s, nil, nil
	}})
	var l net.Listener
	waitFor(p, "the port", func() (ok bool) {
		var err error
		l, err = net.Listen("tcp", p.addr)
		return err == nil
	})
	p.addr = l.Addr().String()
	server := p.server
	go func() { _ = server.Serve(l) }()
}

func (p *post) stop() { _ = p.server.Close() }

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// put delivers a mail into a folder.
func (p *post) put(folder, mail string) {
	p.Helper()
	raw := []byte(strings.ReplaceAll(strings.ReplaceAll(mail, "\r\n", "\n"), "\n", "\r\n"))
	_, err := p.user.Append(folder, literal{strings.NewReader(string(raw)), int64(len(raw))}, &imap.AppendOptions{Time: time.Now()})
	p.must(err)
}

type literal struct {
	io.Reader
	size int64
}

func (l literal) Size() int64 { return l.size }

// aMail is a customer's mail. More are header lines.
func aMail(id, from, subject, text string, more ...string) string {
	return fmt.Sprintf("From: %s\nTo: %s\nSubject: %s\nMessage-ID: <%s>\nDate: Thu, 01 Jan 2026 10:00:00 +0000\n%s\n%s\n", from, address, subject, id, lines(more), text)
}

func lines(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return strings.Join(all, "\n") + "\n"
}

// smtpBox is an SMTP server that keeps what it gets.
type smtpBox struct {
	mu     sync.Mutex
	addr   string
	mails  []received
	refuse func(stage string) error // what to answer at "auth", "mail", "rcpt", "data"
}

type received struct {
	from, to, envid string
	raw             string
}

func newSMTP(t testing.TB) *smtpBox {
	t.Helper()
	b := &smtpBox{}
	s := smtp.NewServer(b)
	s.Domain, s.AllowInsecureAuth, s.EnableDSN, s.MaxMessageBytes = "mx.biz.example", true, true, 30<<20
	s.ErrorLog = quietLog{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.addr = l.Addr().String()
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return b
}

type quietLog struct{}

func (quietLog) Printf(string, ...any) {}
func (quietLog) Println(...any)        {}

func (b *smtpBox) NewSession(*smtp.Conn) (smtp.Session, error) { return &smtpSession{box: b}, nil }

func (b *smtpBox) all() []received {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.mails)
}

func (b *smtpBox) say(stage string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse == nil {
		return nil
	}
	return b.refuse(stage)
}

type smtpSession struct {
	box *smtpBox
	got received
}

func (s *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pass string) error {
		if user != address || pass != password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no"}
		}
		return s.box.say("auth")
	}), nil
}

func (s *smtpSession) Mail(from string, o *smtp.MailOptions) error {
	s.got = received{from: from, envid: o.EnvelopeID}
	return s.box.say("mail")
}

func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.got.to = to
	return s.box.say("rcpt")
}

func (s *smtpSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.box.say("data"); err != nil {
		return err
	}
	s.got.raw = string(raw)
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.mails = append(s.box.mails, s.got)
	return nil
}

func (*smtpSession) Reset()        {}
func (*smtpSession) Logout() error { return nil }

// goodSettings are of a channel whose servers are at these addresses.
func goodSettings(imapAddr, smtpAddr string, pairs ...string) core.Settings {
	s := core.Settings{Values: map[string]string{keyAddress: address, keyName: "Biz Ltd", keyIMAP: "imap://" + imapAddr, keySMTP: "smtp://" + smtpAddr},
		Secrets: map[string]core.Secret{keyPassword: core.NewSecret(password)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		s.Values[pairs[i]] = pairs[i+1]
	}
	return s
}

func testChannel() core.Channel {
	return core.Channel{ID: "channel-1", Workspace: "w", Kind: Kind, Name: "mail", Account: address}
}

// newHost is a host whose clock is about now, since mailboxes have the real time.
func newHost(t testing.TB) *bridgetest.Host {
	h := bridgetest.NewHost(t)
	h.SetNow(time.Now())
	return h
}

func openLink(t testing.TB, h core.Host, s core.Settings) *link {
	t.Helper()
	opened, err := Bridge{Parse: parse}.Open(testChannel(), s, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	l := opened.(*link)
	l.timeout, l.step = 5*time.Second, 10*time.Millisecond
	l.conf.poll = 200 * time.Millisecond // go-imap's server in memory loses news that comes as waiting begins
	return l
}

// running runs a link until stop is called or the test ends.
func running(t testing.TB, l *link) (stop func()) {
	t.Helper()
	done := make(chan struct{})
	ctx, cancel := contextOf(t)
	go func() { defer close(done); _ = l.Run(ctx) }()
	stop = func() {
		cancel()
		select {
		case <-done:
		case <-time.After(30 * time.Second):
			t.Error("a cancelled session goes on")
		}
	}
	t.Cleanup(stop)
	return stop
}

func waitFor(t testing.TB, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.After(time.Minute)
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("waited for %s in vain", what)
		}
	}
}

// begun waits until a folder's cursor is there, from which on new mail counts.
func begun(t testing.TB, h *bridgetest.Host, folder string) {
	t.Helper()
	waitFor(t, "the cursor of "+folder, func() bool { raw, _ := h.Load(t.Context(), "imap/"+folder); return raw != nil })
}

func texts(events []core.Event) []string {
	var all []string
	for _, e := range events {
		switch {
		case e.Fault != "":
			all = append(all, "fault: "+e.Fault)
		case e.Kind != core.EventMessage:
			all = append(all, string(e.Kind))
		case e.Message.Content.Kind == core.KindText:
			all = append(all, e.Message.Content.Text)
		case e.Message.Content.Media != nil:
			all = append(all, string(e.Message.Content.Kind)+" "+e.Message.Content.Media.Name+" "+strconv.FormatInt(e.Message.Content.Media.Size, 10))
		default:
			all = append(all, string(e.Message.Content.Kind))
		}
	}
	return all
}

func contextOf(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithCancel(context.WithoutCancel(t.Context()))
}
