package mail

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/forward"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newRelay(t testing.TB, url string, opts RelayOptions) *Relay {
	t.Helper()
	r, err := NewRelay(core.NewSecret(url), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// toDoor is a letter that the test receiver takes.
func toDoor() forward.Letter {
	l := testLetter()
	l.To.Address = "r+abc@bridge.example"
	return l
}

// dialCounter counts connections.
type dialCounter struct {
	mu sync.Mutex
	n  int
}

func (d *dialCounter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d.mu.Lock()
	d.n++
	d.mu.Unlock()
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func TestRelaySends(t *testing.T) {
	addr, box := serve(t, ReceiverOptions{})
	dials := &dialCounter{}
	r := newRelay(t, "smtp://"+addr, RelayOptions{Dial: dials.dial})
	for range 3 {
		l := toDoor()
		l.Files = []forward.Attachment{bytesFile("a.bin", "application/pdf", []byte(strings.Repeat("x", 1<<20)))}
		if err := r.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	got := box.got()
	if len(got) != 3 || got[0].env.From != "b+tok@bridge.example" || got[0].env.To != "r+abc@bridge.example" || got[0].env.Remote != loopbackAddr {
		t.Fatalf("%d mails", len(got))
	}
	if in, err := Parse(got[0].raw); err != nil || len(in.Files) != 1 || len(in.Files[0].Data) != 1<<20 || len(in.Header["Received"]) != 1 {
		t.Errorf("%v %v", in.Header, err)
	}
	if dials.n != 1 {
		t.Errorf("%d connections for letters in a row, want 1", dials.n)
	}
}

func TestRelayConcurrently(t *testing.T) {
	addr, box := serve(t, ReceiverOptions{})
	dials := &dialCounter{}
	r := newRelay(t, "smtp://"+addr, RelayOptions{Dial: dials.dial})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := r.Send(t.Context(), toDoor()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(box.got()) != 20 || dials.n > 2 {
		t.Errorf("%d mails over %d connections", len(box.got()), dials.n)
	}
}

func TestRelaySecured(t *testing.T) {
	server, client := certificate(t)
	addr, box := serve(t, ReceiverOptions{TLS: server, Users: func(_ context.Context, user string, pass core.Secret) error {
		if user == "me@bridge.example" && pass.Reveal() == "pa:ss@w/d" {
			return nil
		}
		return errors.New("wrong")
	}})
	good := "smtp://me%40bridge.example:pa%3Ass%40w%2Fd@" + addr + "?tls=starttls"
	bad := "smtp://me%40bridge.example:secret-wrong@" + addr + "?tls=starttls"

	r := newRelay(t, good, RelayOptions{TLS: client})
	if err := r.Send(t.Context(), toDoor()); err != nil {
		t.Fatal(err)
	}
	if got := box.got(); len(got) != 1 || got[0].env.User != "me@bridge.example" || !strings.Contains(string(got[0].raw), "with ESMTPSA") {
		t.Errorf("%+v", got)
	}
	if f := r.Check(t.Context()); f.Level != core.HealthGood || !strings.Contains(f.Detail, "logged in as me@bridge.example") {
		t.Errorf("%+v", f)
	}

	r = newRelay(t, bad, RelayOptions{TLS: client})
	var refusal *forward.RelayError
	err := r.Send(t.Context(), toDoor())
	if !errors.As(err, &refusal) || refusal.Code != 535 || !refusal.Temporary {
		t.Errorf("wrong password: %v", err)
	}
	f := r.Check(t.Context())
	if want := "127.0.0.1 refused the password for me@bridge.example"; !strings.HasPrefix(f.Detail, want) {
		t.Errorf("finding %q", f.Detail)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", err, f, r), "secret-wrong") {
		t.Error("the password shows")
	}

	r = newRelay(t, good, RelayOptions{})
	if f := r.Check(t.Context()); !strings.Contains(f.Detail, "does not trust") {
		t.Errorf("unknown issuer: %+v", f)
	}
	if err := r.Send(t.Context(), toDoor()); !errors.As(err, &refusal) || refusal.Code != 0 || !refusal.Temporary {
		t.Errorf("unknown issuer: %v", err)
	}
}

func TestRelayEncryptedFromTheStart(t *testing.T) {
	server, client := certificate(t)
	plain, box := serve(t, ReceiverOptions{})
	l, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			outer, err := l.Accept()
			if err != nil {
				return
			}
			inner, err := net.Dial("tcp", plain)
			if err != nil {
				_ = outer.Close()
				return
			}
			wg.Go(func() { _, _ = io.Copy(inner, outer); _ = inner.Close() })
			wg.Go(func() { _, _ = io.Copy(outer, inner); _ = outer.Close() })
		}
	})
	r := newRelay(t, "smtps://"+l.Addr().String(), RelayOptions{TLS: client})
	if err := r.Send(t.Context(), toDoor()); err != nil || len(box.got()) != 1 {
		t.Errorf("%v", err)
	}
	if f := r.Check(t.Context()); !strings.Contains(f.Detail, "encrypted") {
		t.Errorf("%+v", f)
	}
	wrong := newRelay(t, "smtps://"+plain, RelayOptions{TLS: client, Timeout: 2 * time.Second})
	if f := wrong.Check(t.Context()); !strings.Contains(f.Remedy, "465") {
		t.Errorf("%+v", f)
	}
	_ = r.Close()
	_ = l.Close()
	wg.Wait()
}

func TestRelayDemandsEncryption(t *testing.T) {
	addr, box := serve(t, ReceiverOptions{})
	r := newRelay(t, "smtp://u:p@"+addr+"?tls=starttls", RelayOptions{})
	if err := r.Send(t.Context(), toDoor()); err == nil || len(box.got()) != 0 {
		t.Errorf("sent in clear: %v", err)
	}
	if f := r.Check(t.Context()); !strings.Contains(f.Detail, "does not offer encryption") {
		t.Errorf("%+v", f)
	}
	r = newRelay(t, "smtp://u:p@"+addr, RelayOptions{})
	if f := r.Check(t.Context()); !strings.Contains(f.Detail, "offers no login") {
		t.Errorf("%+v", f)
	}
}

func TestRelayUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	r := newRelay(t, "smtp://"+addr, RelayOptions{})
	var refusal *forward.RelayError
	if err := r.Send(t.Context(), toDoor()); !errors.As(err, &refusal) || refusal.Code != 0 || !refusal.Temporary {
		t.Errorf("%v", err)
	}
	if f := r.Check(t.Context()); f.Level != core.HealthBad || !strings.Contains(f.Detail, "does not answer") {
		t.Errorf("%+v", f)
	}
}

func TestRelayMapsRefusals(t *testing.T) {
	perm := core.Problemf(core.CodeForbidden, "Not this one.")
	for name, c := range map[string]struct {
		accept, deliver error
		code            int
		temporary       bool
	}{
		"recipient refused":      {perm, nil, 550, false},
		"recipient later":        {core.Problemf(core.CodeUnavailable, "Later."), nil, 450, true},
		"trouble with recipient": {errors.New("db: secret detail"), nil, 450, true},
		"mail refused":           {nil, perm, 554, false},
		"trouble with the mail":  {nil, errors.New("db: secret detail"), 451, true},
	} {
		t.Run(name, func(t *testing.T) {
			var fail sync.Map
			fail.Store("on", true)
			on := func(err error) error {
				if v, _ := fail.Load("on"); v.(bool) {
					return err
				}
				return nil
			}
			addr, _ := serve(t, ReceiverOptions{
				Accept:  func(context.Context, forward.Envelope) error { return on(c.accept) },
				Deliver: func(context.Context, forward.Envelope, []byte) error { return on(c.deliver) },
			})
			dials := &dialCounter{}
			r := newRelay(t, "smtp://"+addr, RelayOptions{Dial: dials.dial})
			var refusal *forward.RelayError
			err := r.Send(t.Context(), toDoor())
			if !errors.As(err, &refusal) || refusal.Code != c.code || refusal.Temporary != c.temporary || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v", err)
			}
			fail.Store("on", false)
			if err := r.Send(t.Context(), toDoor()); err != nil || dials.n != 1 {
				t.Errorf("the connection is not used again: %v, %d dials", err, dials.n)
			}
		})
	}
}

// TestRelayTellsWhatIsRefused: the stage and the status code of a refusal say what it is about.
func TestRelayTellsWhatIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		at, reply string
		want      forward.RelayError
	}{
		"a sender that is not ours":     {"MAIL", "550 5.1.8 no such domain", forward.RelayError{Code: 550, Status: "5.1.8", Refused: forward.RefusedUs, Text: "no such domain", Temporary: true}},
		"nobody there":                  {"RCPT", "550 5.1.1 unknown", forward.RelayError{Code: 550, Status: "5.1.1", Refused: forward.RefusedMailbox, Text: "unknown"}},
		"nobody there, without a code":  {"RCPT", "550 unknown", forward.RelayError{Code: 550, Refused: forward.RefusedMailbox, Text: "unknown"}},
		"a relay that is closed to us":  {"RCPT", "554 5.7.1 relay access denied", forward.RelayError{Code: 554, Status: "5.7.1", Refused: forward.RefusedUs, Text: "relay access denied", Temporary: true}},
		"spam":                          {".", "554 5.7.1 spam", forward.RelayError{Code: 554, Status: "5.7.1", Refused: forward.RefusedLetter, Text: "spam"}},
		"spam, without a code":          {".", "550 spam", forward.RelayError{Code: 550, Refused: forward.RefusedLetter, Text: "spam"}},
		"nobody there, after the mail":  {".", "550 5.1.10 not found", forward.RelayError{Code: 550, Status: "5.1.10", Refused: forward.RefusedMailbox, Text: "not found"}},
		"too large, before it is begun": {"DATA", "552 5.3.4 too large", forward.RelayError{Code: 552, Status: "5.3.4", Refused: forward.RefusedLetter, Text: "too large"}},
		"later":                         {".", "451 4.7.1 greylisted", forward.RelayError{Code: 451, Status: "4.7.1", Refused: forward.RefusedLetter, Text: "greylisted", Temporary: true}},
	} {
		t.Run(name, func(t *testing.T) {
			addr := scripted(t, "220 x\r\n", func(line string) string {
				switch {
				case strings.HasPrefix(line, c.at):
					return c.reply + "\r\n"
				case strings.HasPrefix(line, "EHLO"):
					return "250-x\r\n250 ENHANCEDSTATUSCODES\r\n"
				case strings.HasPrefix(line, "MAIL"), strings.HasPrefix(line, "RCPT"), line == "RSET", line == ".":
					return "250 ok\r\n"
				case line == "DATA":
					return "354 go\r\n"
				}
				return ""
			})
			r := newRelay(t, "smtp://"+addr, RelayOptions{Timeout: 5 * time.Second})
			var got *forward.RelayError
			if err := r.Send(t.Context(), toDoor()); !errors.As(err, &got) || *got != c.want {
				t.Errorf("got %+v, %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

func TestRelayNeverEndsABrokenMail(t *testing.T) {
	addr, box := serve(t, ReceiverOptions{})
	r := newRelay(t, "smtp://"+addr, RelayOptions{})
	broken := errors.New("disk on fire")
	l := toDoor()
	l.Files = []forward.Attachment{{Name: "a", MIME: "image/png", Open: func(context.Context) (io.ReadCloser, error) { return nil, broken }}}
	if err := r.Send(t.Context(), l); !errors.Is(err, broken) {
		t.Errorf("error = %v", err)
	}
	if err := r.Send(t.Context(), toDoor()); err != nil {
		t.Error(err)
	}
	if n := len(box.got()); n != 1 {
		t.Errorf("%d mails arrived, want 1", n)
	}
}

func TestRelayTooLargeForTheServer(t *testing.T) {
	addr, _ := serve(t, ReceiverOptions{MaxSize: 100 << 10})
	r := newRelay(t, "smtp://"+addr, RelayOptions{})
	l := toDoor()
	l.Files = []forward.Attachment{{Name: "a", MIME: "image/png", Size: 1 << 20, Open: func(context.Context) (io.ReadCloser, error) {
		t.Error("the file was opened")
		return nil, io.EOF
	}}}
	var refusal *forward.RelayError
	if err := r.Send(t.Context(), l); !errors.As(err, &refusal) || refusal.Code != 552 || refusal.Temporary {
		t.Errorf("%v", err)
	}
}

func TestRelaySigns(t *testing.T) {
	dns := zone{}
	var keys []DKIM
	for _, kind := range []string{"rsa", "ed25519"} {
		d, record := dkimPair(t, kind)
		keys, dns[kind+"._domainkey.bridge.example"] = append(keys, d), record
	}
	for name, memory := range map[string]int{"in memory": 4 << 20, "in a file": 1000} {
		t.Run(name, func(t *testing.T) {
			addr, box := serve(t, ReceiverOptions{})
			r := newRelay(t, "smtp://"+addr, RelayOptions{DKIM: keys, SpoolMemory: memory})
			l := toDoor()
			l.Files = []forward.Attachment{bytesFile("a.bin", "application/pdf", []byte(strings.Repeat("xyz", 100000)))}
			if err := r.Send(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			got := box.got()[0]
			p := NewAuthenticator(AuthenticatorOptions{Resolver: dns}).Authenticate(t.Context(), got.env, l.From.Address, got.raw)
			if p.Method != "dkim" {
				t.Errorf("%+v", p)
			}
			if in, _ := Parse(got.raw); len(in.Header["Dkim-Signature"]) != 2 {
				t.Errorf("signatures: %v", in.Header["Dkim-Signature"])
			}
		})
	}
}

// scripted is a server that answers line by line what it is told to.
func scripted(t *testing.T, greeting string, answer func(line string) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				_, _ = io.WriteString(c, greeting)
				for s := bufio.NewScanner(c); s.Scan(); {
					reply := answer(s.Text())
					if reply == "close" {
						return
					}
					_, _ = io.WriteString(c, reply)
				}
			})
		}
	})
	return l.Addr().String()
}

func TestRelayAgainstOddServers(t *testing.T) {
	t.Run("LOGIN with its own wording", func(t *testing.T) {
		var lines []string
		addr := scripted(t, "220 x\r\n", func(line string) string {
			lines = append(lines, line)
			switch {
			case strings.HasPrefix(line, "EHLO"):
				return "250-x\r\n250 AUTH LOGIN\r\n"
			case line == "AUTH LOGIN":
				return "334 VXNlcg==\r\n"
			case line == "dQ==":
				return "334 cGFzc3dvcmQgcGxlYXNl\r\n"
			case line == "cHB3":
				return "235 ok\r\n"
			}
			return "221 bye\r\n"
		})
		r := newRelay(t, "smtp://u:ppw@"+addr, RelayOptions{})
		if f := r.Check(t.Context()); f.Level != core.HealthGood {
			t.Errorf("%+v after %q", f, lines)
		}
	})
	t.Run("password echoed in a refusal", func(t *testing.T) {
		addr := scripted(t, "220 x\r\n", func(line string) string {
			if strings.HasPrefix(line, "EHLO") {
				return "250-x\r\n250 AUTH PLAIN\r\n"
			}
			return "535 5.7.8 hunter22 is wrong\r\n"
		})
		r := newRelay(t, "smtp://u:hunter22@"+addr, RelayOptions{})
		if err := r.Send(t.Context(), toDoor()); err == nil || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%v", err)
		}
	})
	t.Run("no mail server", func(t *testing.T) {
		addr := scripted(t, "HTTP/1.1 400 Bad Request\r\n", func(string) string { return "" })
		r := newRelay(t, "smtp://"+addr, RelayOptions{})
		if f := r.Check(t.Context()); f.Level != core.HealthBad || f.Remedy == "" {
			t.Errorf("%+v", f)
		}
	})
	t.Run("kept connection closed by the server", func(t *testing.T) {
		closing := make(chan struct{}, 1)
		addr := scripted(t, "220 x\r\n", func(line string) string {
			switch {
			case strings.HasPrefix(line, "EHLO"):
				return "250 x\r\n"
			case strings.HasPrefix(line, "MAIL"):
				select {
				case <-closing:
					return "close"
				default:
					return "250 ok\r\n"
				}
			case strings.HasPrefix(line, "RCPT"), line == ".":
				return "250 ok\r\n"
			case line == "DATA":
				return "354 go\r\n"
			}
			return ""
		})
		r := newRelay(t, "smtp://"+addr, RelayOptions{Timeout: 5 * time.Second})
		for i := range 2 {
			if err := r.Send(t.Context(), toDoor()); err != nil {
				t.Fatalf("letter %d: %v", i, err)
			}
			closing <- struct{}{}
		}
	})
	t.Run("silent server and a context that ends", func(t *testing.T) {
		addr := scripted(t, "", func(string) string { return "" })
		r := newRelay(t, "smtp://"+addr, RelayOptions{})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := r.Send(ctx, toDoor()); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 15*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestNewRelayRefuses(t *testing.T) {
	for _, url := range []string{"", "mail.example.com", "http://u:sesame@x", "smtp://u:sesame@", "smtp://u:ses/ame@x", "smtp://u:ses#ame@x", "smtp://u:sesame%zz@x", "smtp://u:sesame@x?tls=maybe", "smtp://u:sesame%0d@x"} {
		_, err := NewRelay(core.NewSecret(url), RelayOptions{})
		if core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%q: %v", url, err)
		}
		if err != nil && (strings.Contains(err.Error(), "sesame") || strings.Contains(err.Error(), "ame@")) {
			t.Errorf("%q: the password shows in %q", url, err)
		}
	}
	for name, d := range map[string]DKIM{"no selector": {Domain: "x", Key: core.NewSecret("k")}, "no key": {Domain: "x", Selector: "s", Key: core.NewSecret("k")}} {
		if _, err := NewRelay(core.NewSecret("smtp://localhost"), RelayOptions{DKIM: []DKIM{d}}); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWriteStreams shows that a large file is not held in memory: half its size is far above what the race detector adds.
func TestWriteStreams(t *testing.T) {
	l := testLetter()
	l.Files = []forward.Attachment{{Name: "a", MIME: "video/mp4", Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(zeros{}, 64<<20)), nil
	}}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := Write(t.Context(), io.Discard, l); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
		t.Errorf("%d KB allocated", used>>10)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
