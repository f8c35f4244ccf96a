package mail

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/forward"
)

// peer speaks SMTP line by line.
type peer struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

func connect(t testing.TB, addr string) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &peer{t, conn, bufio.NewReader(conn)}
}

// reply reads one reply, all its lines.
func (p *peer) reply() string {
	var all strings.Builder
	for {
		line, err := p.r.ReadString('\n')
		all.WriteString(line)
		if err != nil || len(line) < 4 || line[3] != '-' {
			return strings.TrimSpace(all.String())
		}
	}
}

func (p *peer) say(line string) string {
	_, _ = io.WriteString(p.conn, line+"\r\n")
	return p.reply()
}

// expect sends lines and checks how each reply begins.
func (p *peer) expect(pairs ...string) {
	p.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := p.say(pairs[i]); !strings.HasPrefix(got, pairs[i+1]) {
			p.t.Fatalf("%.60s: got %q, want %s", pairs[i], got, pairs[i+1])
		}
	}
}

const simpleMail = "From: ann@biz.example\r\nSubject: x\r\n\r\nhello\r\n."

func TestReceiverDialogue(t *testing.T) {
	addr, box := serve(t, ReceiverOptions{MaxSize: 64 << 10, Accept: func(_ context.Context, env forward.Envelope) error {
		if strings.HasPrefix(env.To, "r+") {
			return nil
		}
		return core.Problemf(core.CodeNotFound, "There is no conversation behind this address – sorry.")
	}})
	p := connect(t, addr)
	if got := p.reply(); got != "220 bridge.example ESMTP Service Ready" {
		t.Errorf("greeting %q", got)
	}
	p.expect(
		"EHLO client.example", "250",
		"MAIL FROM:<ann@biz.example>", "250",
		"RCPT TO:<x@elsewhere.example>", "550 5.7.1",
		"RCPT TO:<x@bridge.example.evil.example>", "550 5.7.1",
		"RCPT TO:<other@bridge.example>", "550 5.1.1 There is no conversation behind this address ? sorry.",
		"DATA", "502",
		"RCPT TO:<r+one@BRIDGE.example>", "250",
		"RCPT TO:<r+one@BRIDGE.example>", "250",
		"RCPT TO:<r+two@bridge.example>", "250",
		"DATA", "354",
		simpleMail, "250",
		"MAIL FROM:<>", "250",
		"RCPT TO:<r+bounce@bridge.example>", "250",
		"DATA", "354",
		simpleMail, "250",
		"MAIL FROM:<ann@biz.example> SIZE=70000", "552",
		"MAIL FROM:<ann@biz.example>", "250",
		"RCPT TO:<r+one@bridge.example>", "250",
		"DATA", "354",
		"Subject: x\r\n\r\n"+strings.Repeat(strings.Repeat("x", 70)+"\r\n", 1000)+".", "552",
		"AUTH PLAIN AGEAYg==", "523",
		"QUIT", "221")
	got := box.got()
	if len(got) != 3 {
		t.Fatalf("%d mails", len(got))
	}
	for i, to := range []string{"r+one@BRIDGE.example", "r+two@bridge.example", "r+bounce@bridge.example"} {
		if got[i].env.To != to || got[i].env.Helo != "client.example" || got[i].env.Remote != loopbackAddr {
			t.Errorf("envelope %+v", got[i].env)
		}
	}
	if got[2].env.From != "" || !strings.HasPrefix(string(got[0].raw), "Received: from client.example ([127.0.0.1])\r\n\tby bridge.example with ESMTP id ") {
		t.Errorf("%+v %.100q", got[2].env, got[0].raw)
	}
}

func TestReceiverLongLines(t *testing.T) {
	addr, box := serve(t, ReceiverOptions{})
	for _, c := range []struct {
		size int
		want string
	}{{100 << 10, "250"}, {200 << 10, "554"}} {
		p := connect(t, addr)
		p.reply()
		p.expect("EHLO x", "250", "MAIL FROM:<a@x.example>", "250", "RCPT TO:<r@bridge.example>", "250", "DATA", "354",
			"Subject: x\r\n\r\n"+strings.Repeat("x", c.size)+"\r\n.", c.want)
	}
	if len(box.got()) != 1 {
		t.Errorf("%d mails", len(box.got()))
	}
}

func TestReceiverPromisesNothingItDidNotKeep(t *testing.T) {
	addr, box := serve(t, ReceiverOptions{})
	box.fail = func(env forward.Envelope) error {
		switch {
		case strings.HasPrefix(env.To, "full"):
			return errors.New("disk full")
		case strings.HasPrefix(env.To, "never"):
			return core.Problemf(core.CodeInvalid, "Not here.")
		}
		return nil
	}
	cases := []struct{ to, want string }{
		{"full", "451 4.3.0 Temporary trouble"}, {"ok full", "451"}, {"never", "554 5.6.0 Not here."}, {"ok never", "554 5.6.0 <never@bridge.example> Not here."},
		{"never full", "451"}, {"ok", "250"},
	}
	p := connect(t, addr)
	p.reply()
	p.expect("EHLO x", "250")
	for _, c := range cases {
		p.expect("MAIL FROM:<a@x.example>", "250")
		for _, to := range strings.Fields(c.to) {
			p.expect("RCPT TO:<"+to+"@bridge.example>", "250")
		}
		p.expect("DATA", "354", simpleMail, c.want)
	}
}

func TestReceiverMailCutOff(t *testing.T) {
	addr, box := serve(t, ReceiverOptions{})
	for _, end := range []string{"\r\nhalf a mail", "\r\n.\n", "\n.\r\n", "\r.\r"} {
		p := connect(t, addr)
		p.reply()
		p.expect("EHLO x", "250", "MAIL FROM:<a@x.example>", "250", "RCPT TO:<r@bridge.example>", "250", "DATA", "354")
		_, _ = io.WriteString(p.conn, "Subject: x\r\n\r\nx"+end)
		_ = p.conn.(*net.TCPConn).CloseWrite()
		_, _ = io.ReadAll(p.conn)
	}
	if n := len(box.got()); n != 0 {
		t.Errorf("%d mails out of halves", n)
	}
}

func TestReceiverChunks(t *testing.T) {
	addr, box := serve(t, ReceiverOptions{})
	p := connect(t, addr)
	p.reply()
	p.expect("EHLO x", "250", "MAIL FROM:<a@x.example>", "250", "RCPT TO:<r@bridge.example>", "250",
		"BDAT 14\r\nSubject: x\r\n", "250", "BDAT 6 LAST\r\nhell", "250")
	if got := box.got(); len(got) != 1 || !strings.HasSuffix(string(got[0].raw), "\r\n\r\nhell\r\n") {
		t.Errorf("%q", got)
	}
}

func TestReceiverLimits(t *testing.T) {
	refused := func(t *testing.T, addr string, admitted int) {
		t.Helper()
		for range admitted {
			if got := connect(t, addr).reply(); !strings.HasPrefix(got, "220") {
				t.Fatalf("refused early: %q", got)
			}
		}
		if got := connect(t, addr).reply(); !strings.HasPrefix(got, "421 4.7.0") {
			t.Errorf("got %q", got)
		}
	}
	t.Run("connections", func(t *testing.T) {
		addr, _ := serve(t, ReceiverOptions{Limits: Limits{Connections: 3}})
		refused(t, addr, 3)
	})
	t.Run("connections of one address", func(t *testing.T) {
		addr, _ := serve(t, ReceiverOptions{Limits: Limits{PerAddress: 2}})
		refused(t, addr, 2)
	})
	t.Run("rate of one address", func(t *testing.T) {
		addr, _ := serve(t, ReceiverOptions{Limits: Limits{PerMinute: 2}})
		refused(t, addr, 2)
	})
	t.Run("a server in front is not limited", func(t *testing.T) {
		addr, _ := serve(t, ReceiverOptions{Limits: Limits{PerAddress: 1, PerMinute: 1, Unlimited: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
		for range 5 {
			if got := connect(t, addr).reply(); !strings.HasPrefix(got, "220") {
				t.Errorf("got %q", got)
			}
		}
	})
	t.Run("recipients", func(t *testing.T) {
		addr, _ := serve(t, ReceiverOptions{Limits: Limits{Recipients: 1}})
		p := connect(t, addr)
		p.reply()
		p.expect("EHLO x", "250", "MAIL FROM:<a@x.example>", "250", "RCPT TO:<r@bridge.example>", "250", "RCPT TO:<s@bridge.example>", "452")
	})
	t.Run("memory", func(t *testing.T) {
		addr, _ := serve(t, ReceiverOptions{Limits: Limits{Memory: 100 << 10}})
		p := connect(t, addr)
		p.reply()
		for range 2 {
			p.expect("EHLO x", "250", "MAIL FROM:<a@x.example>", "250", "RCPT TO:<r@bridge.example>", "250", "DATA", "354",
				"Subject: x\r\n\r\n"+strings.Repeat(strings.Repeat("x", 70)+"\r\n", 5000)+".", "452 4.3.1")
		}
		p.expect("MAIL FROM:<a@x.example>", "250", "RCPT TO:<r@bridge.example>", "250", "DATA", "354", simpleMail, "250")
	})
	t.Run("idle", func(t *testing.T) {
		addr, _ := serve(t, ReceiverOptions{Limits: Limits{Idle: 30 * time.Millisecond}})
		p := connect(t, addr)
		p.reply()
		if got := p.reply(); !strings.HasPrefix(got, "421") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("session", func(t *testing.T) {
		addr, _ := serve(t, ReceiverOptions{Limits: Limits{Session: 50 * time.Millisecond}})
		p := connect(t, addr)
		p.reply()
		got := ""
		for range 100000 {
			if got = p.say("NOOP"); !strings.HasPrefix(got, "250") {
				break
			}
		}
		if got != "" && !strings.HasPrefix(got, "421") {
			t.Errorf("got %q", got)
		}
	})
}

func TestReceiverShutdownLetsAMailEnd(t *testing.T) {
	box := &inbox{}
	r, err := NewReceiver(ReceiverOptions{Domain: "bridge.example", Accept: func(context.Context, forward.Envelope) error { return nil }, Deliver: box.deliver, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx, l) }()

	busy, idle := connect(t, l.Addr().String()), connect(t, l.Addr().String())
	idle.reply()
	busy.reply()
	busy.expect("EHLO x", "250", "MAIL FROM:<a@x.example>", "250", "RCPT TO:<r@bridge.example>", "250", "DATA", "354")
	_, _ = io.WriteString(busy.conn, "Subject: x\r\n\r\n")
	for !r.receiving() { // the server takes the DATA command before it starts to read
		runtime.Gosched()
	}
	cancel()
	if got := idle.reply(); !strings.HasPrefix(got, "421") {
		t.Errorf("idle connection: %q", got)
	}
	busy.expect("hello\r\n.", "250")
	if err := <-done; err != nil {
		t.Error(err)
	}
	if len(box.got()) != 1 {
		t.Error("the mail was lost")
	}
	if err := r.Shutdown(t.Context()); err != nil {
		t.Errorf("second shutdown: %v", err)
	}
}

// receiving reports whether a mail is coming in.
func (r *Receiver) receiving() (yes bool) {
	r.door.each(func(c *doorConn) {
		c.mu.Lock()
		yes = yes || c.busy
		c.mu.Unlock()
	})
	return yes
}

func TestReceiverPasswordGuessing(t *testing.T) {
	server, client := certificate(t)
	tries := 0
	addr, _ := serve(t, ReceiverOptions{TLS: server, Users: func(context.Context, string, core.Secret) error { tries++; return errors.New("no") }})
	r := newRelay(t, "smtp://"+addr+"?tls=starttls", RelayOptions{TLS: client})
	c, err := r.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.abort()
	for range 10 {
		_ = c.client.Auth(&plainOnce{})
	}
	if tries != maxLogins {
		t.Errorf("%d passwords tried, want %d", tries, maxLogins)
	}
}

type plainOnce struct{}

func (plainOnce) Start() (string, []byte, error) { return "PLAIN", []byte("\x00u\x00p"), nil }
func (plainOnce) Next([]byte) ([]byte, error)    { return nil, errors.New("no more") }

// TestSwaks has Debian's SMTP test tool deliver, in clear, encrypted and logged in.
func TestSwaks(t *testing.T) {
	swaks, err := exec.LookPath("swaks")
	if err != nil {
		t.Skip("swaks, a mail client for tests, is not installed")
	}
	server, _ := certificate(t)
	addr, box := serve(t, ReceiverOptions{TLS: server, Users: func(_ context.Context, user string, pass core.Secret) error {
		if user == "ann@biz.example" && pass.Reveal() == "pw" {
			return nil
		}
		return errors.New("no")
	}})
	host, port, _ := net.SplitHostPort(addr)
	file := filepath.Join(t.TempDir(), "photo.png")
	if err := os.WriteFile(file, []byte("not really a picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, extra := range map[string][]string{
		"in clear":  nil,
		"encrypted": {"--tls"},
		"logged in": {"--tls", "--auth", "PLAIN", "--auth-user", "ann@biz.example", "--auth-password", "pw"},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(box.got())
			args := append([]string{"--server", host, "--port", port, "--from", "ann@biz.example", "--to", "r+abc@bridge.example", "--helo", "ann.biz.example",
				"--header", "Subject: " + name, "--body", "مرحبا", "--attach-type", "image/png", "--attach", "@" + file}, extra...)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			out, err := exec.CommandContext(ctx, swaks, args...).CombinedOutput()
			if err != nil {
				if strings.Contains(string(out), "not supported") || strings.Contains(string(out), "not available") {
					t.Skipf("this swaks cannot do it: %.200s", out)
				}
				t.Fatalf("%v\n%s", err, out)
			}
			got := box.got()[before:]
			if len(got) != 1 {
				t.Fatalf("%d mails\n%s", len(got), out)
			}
			in, err := Parse(got[0].raw)
			if err != nil || in.Subject != name || in.Text != "مرحبا" || len(in.Files) != 1 || string(in.Files[0].Data) != "not really a picture" || in.Files[0].Name != "photo.png" {
				t.Errorf("%+v %v", in, err)
			}
			if wantUser := map[string]string{"logged in": "ann@biz.example"}[name]; got[0].env.User != wantUser {
				t.Errorf("user %q", got[0].env.User)
			}
		})
	}
}

func BenchmarkReceive10KB(b *testing.B) {
	dir := b.TempDir()
	n := 0
	addr, _ := serve(b, ReceiverOptions{Limits: Limits{Session: time.Hour, PerMinute: 1 << 20}, Deliver: func(_ context.Context, _ forward.Envelope, raw []byte) error {
		n++
		f, err := os.Create(filepath.Join(dir, fmt.Sprint(n)))
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		if _, err := f.Write(raw); err != nil {
			return err
		}
		return f.Sync()
	}})
	r := newRelay(b, "smtp://"+addr, RelayOptions{})
	l := toDoor()
	l.Text, l.HTML = strings.Repeat(strings.Repeat("x", 70)+"\n", 140), ""
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Send(b.Context(), l); err != nil {
			b.Fatal(err)
		}
	}
}

// A program that is told to stop before it has begun to serve ends all the same.
func TestReceiverShutDownBeforeItServes(t *testing.T) {
	r, err := NewReceiver(ReceiverOptions{Domain: "bridge.example", Accept: func(context.Context, forward.Envelope) error { return nil }, Deliver: (&inbox{}).deliver, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Serve(ctx, l); err != nil {
		t.Errorf("got %v", err)
	}
}
