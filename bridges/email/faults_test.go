package email

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-sasl"

	"causeway/bridges/bridgetest"
	"causeway/bridges/email/mailbox"
	"causeway/core"
)

// grudging is a session of a server that fails to hand out one mail.
type grudging struct {
	imapserver.SessionIMAP4rev2
	poison imap.UID
	fail   func() error
}

func (g *grudging) Fetch(w *imapserver.FetchWriter, set imap.NumSet, o *imap.FetchOptions) error {
	if uids, ok := set.(imap.UIDSet); ok && len(o.BodySection) > 0 && uids.Contains(g.poison) {
		return g.fail()
	}
	return g.SessionIMAP4rev2.Fetch(w, set, o)
}

// TestPoison: a mail that the server does not hand out is set aside, and the ones behind it come in.
func TestPoison(t *testing.T) {
	for name, fail := range map[string]func() error{
		"refused": func() error {
			return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeServerBug, Text: "cannot read it"}
		},
		"withheld": func() error { return nil },
		"broken":   func() error { return errors.New("crash") },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t, func(p *post) {
				p.wrap = func(s imapserver.Session) imapserver.Session {
					return &grudging{s.(imapserver.SessionIMAP4rev2), 3, fail}
				}
			})
			for i := 1; i <= 5; i++ {
				p.put("INBOX", aMail(fmt.Sprintf("m%d@x", i), "ana@x.example", "Hi", "hi"))
			}
			h := newHost(t)
			l := openLink(t, h, goodSettings(p.addr, "127.0.0.1:1", keyStart, startAll))
			l.step = time.Millisecond
			running(t, l)
			waitFor(t, "all five", func() bool { return len(h.Events()) >= 5 })
			var ids []string
			for _, e := range h.Events() {
				ids = append(ids, e.ID)
			}
			if e := h.Events()[2]; e.Fault == "" || len(e.Raw) == 0 || !slices.Equal(slices.Delete(ids, 2, 3), []string{"m1@x", "m2@x", "m4@x", "m5@x"}) {
				t.Errorf("got %q, %+v", ids, e)
			}
			raw, _ := h.Load(t.Context(), "imap/INBOX")
			var at cursor
			if err := json.Unmarshal(raw, &at); err != nil || at.Last != 5 || at.Tries != 0 {
				t.Errorf("cursor %s", raw)
			}
		})
	}
}

// TestParserPanics: what a mail does to our own reading does not stop the ones behind it.
func TestParserPanics(t *testing.T) {
	h := newHost(t)
	l := openLink(t, h, goodSettings("127.0.0.1:1", "127.0.0.1:1"))
	l.parse = func([]byte) (Letter, error) { panic("strange mail") }
	if e := takeRaw(l, []byte("From: a@b.c\r\n\r\nx")); len(e) != 1 || e[0].Fault == "" || len(e[0].Raw) == 0 {
		t.Errorf("got %+v", e)
	}
}

func TestTooLarge(t *testing.T) {
	l := openLink(t, newHost(t), goodSettings("127.0.0.1:1", "127.0.0.1:1"))
	got := l.take(place{"INBOX", 1, 2}, mailbox.Mail{UID: 2, Size: sizeLimit + 1, At: time.Now()})
	if len(got.events) != 1 || !strings.Contains(got.events[0].Fault, "larger than 50 MB") {
		t.Errorf("got %+v", got.events)
	}
}

// scripted is a server that greets, says yes to each line, and does as told when a line begins with a word.
func scripted(t *testing.T, greeting string, at map[string]func(c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			converse(c, greeting, at)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

func converse(c net.Conn, greeting string, at map[string]func(c net.Conn)) {
	defer c.Close()
	_, _ = io.WriteString(c, greeting)
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		word := strings.ToUpper(strings.SplitN(lines.Text(), " ", 2)[0])
		if f := at[word]; f != nil {
			f(c)
			continue
		}
		switch word {
		case "EHLO":
			_, _ = io.WriteString(c, "250-mx\r\n250 AUTH PLAIN\r\n")
		case "AUTH":
			_, _ = io.WriteString(c, "235 2.7.0 yes\r\n")
		case "DATA":
			_, _ = io.WriteString(c, "354 go\r\n")
		case "MAIL", "RCPT", "QUIT", ".":
			_, _ = io.WriteString(c, "250 2.0.0 yes\r\n")
		}
	}
}

// TestBrokenSends: only what broke after the whole mail had left may have gone out.
func TestBrokenSends(t *testing.T) {
	cut := func(c net.Conn) { _ = c.Close() }
	for _, c := range []struct {
		at      string
		outcome core.Outcome
		effect  core.Effect
	}{{"EHLO", core.Rejected, core.EffectRetry}, {"AUTH", core.Rejected, core.EffectRetry}, {"MAIL", core.Rejected, core.EffectRetry}, {"RCPT", core.Rejected, core.EffectRetry},
		{"DATA", core.Rejected, core.EffectRetry}, {".", core.Unknown, core.EffectFail}} {
		t.Run(c.at, func(t *testing.T) {
			addr := scripted(t, "220 mx ready\r\n", map[string]func(net.Conn){c.at: cut})
			_, err := openLink(t, newHost(t), goodSettings("127.0.0.1:1", addr)).Send(t.Context(), hello("Hi"))
			if e := core.AsSendError(err); err == nil || e.Outcome != c.outcome || e.Effect != c.effect {
				t.Errorf("got %+v", e)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		_, err := openLink(t, newHost(t), goodSettings("127.0.0.1:1", "127.0.0.1:1")).Send(t.Context(), hello("Hi"))
		if e := core.AsSendError(err); e.Outcome != core.Rejected || e.Effect != core.EffectRetry {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("no such name", func(t *testing.T) {
		_, err := openLink(t, newHost(t), goodSettings("127.0.0.1:1", "mail.invalid:25", keySMTP, "smtp://mail.invalid?tls=none")).Send(t.Context(), hello("Hi"))
		if e := core.AsSendError(err); e.Outcome != core.Rejected || e.Effect != core.EffectRetry {
			t.Errorf("got %+v", e)
		}
	})
}

// TestCancelled: a silent server holds nobody longer than their context.
func TestCancelled(t *testing.T) {
	silent := scripted(t, "", map[string]func(net.Conn){"EHLO": func(net.Conn) {}})
	l := openLink(t, newHost(t), goodSettings(silent, silent))
	for name, f := range map[string]func(ctx context.Context) error{
		"send": func(ctx context.Context) error { _, err := l.Send(ctx, hello("Hi")); return err },
		"fetch": func(ctx context.Context) error {
			_, err := l.Fetch(ctx, core.Media{Provider: place{"INBOX", 1, 1}.reference("x@y", 0)})
			return err
		},
		"run": l.Run,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		begun := time.Now()
		if err := f(ctx); err == nil || time.Since(begun) > 15*time.Second {
			t.Errorf("%s: %v after %s", name, err, time.Since(begun))
		}
		cancel()
	}
}

// TestCheck names what is wrong.
func TestCheck(t *testing.T) {
	p, box := newPost(t), newSMTP(t)
	wrong := goodSettings(p.addr, box.addr)
	wrong.Secrets[keyPassword] = core.NewSecret("not-the-password-at-all")
	for name, c := range map[string]struct {
		settings core.Settings
		words    string // in a finding that is not good; empty: all are
	}{
		"well":           {goodSettings(p.addr, box.addr), ""},
		"login":          {wrong, "refuses the login"},
		"smtp login":     {wrong, "refused the login"},
		"folder":         {goodSettings(p.addr, box.addr, keyFolders, "Nowhere"), `no folder "Nowhere"`},
		"port":           {goodSettings("127.0.0.1:1", box.addr), "cannot be reached"},
		"name":           {goodSettings("x", box.addr, keyIMAP, "imap://mail.invalid?tls=none"), "IMAP server"},
		"private":        {goodSettings("x", box.addr, keyIMAP, "imap://10.0.0.1?tls=none"), "IMAP server may not be called"},
		"smtp private":   {goodSettings(p.addr, "x", keySMTP, "smtp://10.0.0.1?tls=none"), "SMTP server may not be called"},
		"no STARTTLS":    {goodSettings("x", box.addr, keyIMAP, "imap://"+p.addr+"?tls=starttls"), "does not offer encryption"},
		"not encrypted":  {goodSettings("x", box.addr, keyIMAP, "imaps://"+p.addr), "encrypted connection"},
		"smtp STARTTLS":  {goodSettings(p.addr, "x", keySMTP, "smtp://"+box.addr+"?tls=starttls"), "does not offer encryption"},
		"smtp port":      {goodSettings(p.addr, "127.0.0.1:1"), "SMTP server cannot be reached"},
		"smtp encrypted": {goodSettings(p.addr, "x", keySMTP, "smtps://"+box.addr), "SMTP server"},
	} {
		found, hit := openLink(t, newHost(t), c.settings).Check(t.Context()), false
		for _, f := range found {
			if f.Level == core.HealthGood {
				continue
			}
			hit = hit || strings.Contains(f.Detail, c.words)
			if c.words == "" || f.Remedy == "" {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if leaked := bridgetest.Leaks(c.settings, found); len(leaked) > 0 || c.words != "" && !hit {
			t.Errorf("%s: leaks %v, findings %+v", name, leaked, found)
		}
	}
}

// bearer is a session that takes a login by access token.
type bearer struct {
	imapserver.SessionIMAP4rev2
	p    *post
	want func() string
}

func (*bearer) AuthenticateMechanisms() []string { return []string{"XOAUTH2"} }

func (b *bearer) Authenticate(string) (sasl.Server, error) {
	return &xoauth2Server{b}, nil
}

type xoauth2Server struct{ b *bearer }

func (x *xoauth2Server) Next(response []byte) ([]byte, bool, error) {
	if response == nil {
		return nil, false, nil
	}
	if string(response) != "user="+address+"\x01auth=Bearer "+x.b.want()+"\x01\x01" {
		return nil, false, imapserver.ErrAuthFailed
	}
	return nil, true, x.b.SessionIMAP4rev2.Login(address, password)
}

// TestOAuth: a token is fetched, used, and fetched anew when the server no longer takes it.
func TestOAuth(t *testing.T) {
	var issued, valid atomic.Int32
	valid.Store(1)
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("grant_type") != "refresh_token" || !strings.HasPrefix(r.FormValue("refresh_token"), "planted-refresh-token") || r.FormValue("client_id") != "app" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
			return
		}
		fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":3600,"refresh_token":"planted-refresh-token-next"}`, issued.Add(1))
	}))
	defer provider.Close()
	p := newPost(t, func(p *post) {
		p.caps["AUTH=XOAUTH2"] = struct{}{}
		p.wrap = func(s imapserver.Session) imapserver.Session {
			return &bearer{s.(imapserver.SessionIMAP4rev2), p, func() string { return fmt.Sprintf("token-%d", valid.Load()) }}
		}
	})
	s := goodSettings(p.addr, "127.0.0.1:1", keyTokenURL, provider.URL, keyClient, "app")
	s.Secrets = map[string]core.Secret{keyRefresh: core.NewSecret("planted-refresh-token-1234567")}
	h := newHost(t)
	l := openLink(t, h, s)
	for range 2 {
		box, err := l.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		box.Close()
	}
	if issued.Load() != 1 {
		t.Errorf("%d tokens for two logins", issued.Load())
	}
	if r, err := l.Renew(t.Context()); err != nil || r.Secrets[keyRefresh].Reveal() != "planted-refresh-token-next" {
		t.Errorf("the changed refresh token is not given out: %v", err)
	}
	valid.Store(2)
	if box, err := l.open(t.Context()); err != nil || issued.Load() != 2 {
		t.Errorf("after the token ended: %v, %d tokens", err, issued.Load())
	} else {
		box.Close()
	}
	s.Secrets[keyRefresh] = core.NewSecret("planted-other-token-1234567")
	gone := openLink(t, h, s)
	gone.step = time.Millisecond
	running(t, gone)
	waitFor(t, "health", func() bool { return len(h.Healths()) > 0 })
	if got := h.Healths()[0]; got.Level != core.HealthBad || !strings.Contains(got.Remedy, "Log in anew") {
		t.Errorf("got %+v", got)
	}
}
