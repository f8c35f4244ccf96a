package email

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// beside is the bridge with a mailbox beside it: the suite plays providers by HTTP, which this one does not speak. Where the mailbox has a mail that
// waits, saving the cursor behind it is its acknowledgement.
type beside struct {
	Bridge
	*post
	acknowledged func()
}

func (b *beside) Open(ch core.Channel, s core.Settings, h core.Host) (core.Link, error) {
	if s.Get(keyIMAP) == "imap://mailbox.test" {
		s = bridgetest.With(s, keyIMAP, "imap://"+b.addr)
	}
	return b.Bridge.Open(ch, s, &listening{h, b})
}

type listening struct {
	core.Host
	b *beside
}

func (l *listening) Save(ctx context.Context, key string, value []byte) error {
	if key == "imap/INBOX" && !strings.Contains(string(value), `"last":0`) && l.b.acknowledged != nil {
		l.b.acknowledged()
	}
	return l.Host.Save(ctx, key, value)
}

func TestSuite(t *testing.T) {
	p, box := newPost(t), newSMTP(t)
	p.put("INBOX", "From: ana@x.example\nTo: support@biz.example\nSubject: Hi\nMessage-ID: <s@x>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"+
		"--b\n\nsee file\n--b\nContent-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment\n\nbytes\n--b--\n")
	b := &beside{Bridge: Bridge{Parse: parse}, post: p}
	s := goodSettings("x", box.addr, keyIMAP, "imap://mailbox.test", keyStart, startAll)
	for _, key := range []string{keyClientPW, keyRefresh} {
		s.Secrets[key] = core.NewSecret("planted-" + key + "-0123456789")
	}
	s.Secrets[keySMTPPass] = core.NewSecret(password)
	bridgetest.Run(t, bridgetest.Case{
		Bridge: b, Channel: testChannel(), Settings: s, Answer: func(http.ResponseWriter, *http.Request) {},
		Session: &bridgetest.Session{Serve: func(acknowledged func()) http.HandlerFunc {
			b.acknowledged = acknowledged
			return func(http.ResponseWriter, *http.Request) {}
		}},
		Media: &core.Media{Provider: place{"INBOX", p.validity(), 1}.reference("s@x", 0)},
		Send:  nil,
	})
}

func (p *post) validity() uint32 {
	p.Helper()
	box, err := openLink(p, newHost(p), goodSettings(p.addr, "127.0.0.1:1")).open(p.Context())
	p.must(err)
	defer box.Close()
	f, err := box.Examine(p.Context(), "INBOX")
	p.must(err)
	return f.Validity
}
