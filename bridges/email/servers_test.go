package email

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/bridges/email/emailtest"
	"causeway/core"
)

// servers are real ones to open a channel at.
type servers struct{ *emailtest.Servers }

// channel opens a link to the servers over TLS.
func (s servers) channel(h *bridgetest.Host, pairs ...string) *link {
	s.Helper()
	settings := goodSettings("127.0.0.1:1", fmt.Sprintf("127.0.0.1:%d", s.Submission), append([]string{keyCA, s.CA}, pairs...)...)
	settings.Values[keyIMAP] = fmt.Sprintf("imaps://localhost:%d", s.IMAPS)
	settings.Values[keySMTP] = fmt.Sprintf("smtp://localhost:%d?tls=starttls", s.Submission)
	l := openLink(s, h, settings)
	l.timeout, l.conf.poll = 20*time.Second, time.Minute
	return l
}

func TestDovecot(t *testing.T) {
	s := servers{emailtest.New(t)}
	h := newHost(t)
	l := s.channel(h, keyFolders, "INBOX,Support")
	stop := running(t, l)
	begun(t, h, "INBOX")
	begun(t, h, "Support")
	t.Run("pushes", func(t *testing.T) {
		var took []time.Duration
		for i := range 5 {
			n := len(h.Events())
			s.Put(aMail(fmt.Sprintf("push%d@x", i), "Ana <ana@x.example>", "Hello", "pushed"))
			at := time.Now()
			waitFor(t, "the pushed mail", func() bool { return len(h.Events()) > n })
			took = append(took, time.Since(at))
		}
		slices.Sort(took)
		t.Logf("pushed after %v", took)
		if took[0] > time.Second { // the fastest: a machine with other things to do delays any of them
			t.Errorf("the fastest push took %s, want less than a second", took[0])
		}
	})
	stop()
	t.Run("a thousand waiting, the server killed meanwhile", func(t *testing.T) {
		before := len(h.Events())
		for i := range 1000 {
			s.Drop(i, aMail(fmt.Sprintf("wait%d@x", i), "ana@x.example", "Hello", "number"))
		}
		running(t, l)
		waitFor(t, "some of them", func() bool { return len(h.Events()) > before+50 })
		s.KillDovecot()
		s.StartDovecot()
		waitFor(t, "all of them", func() bool { return len(h.Events()) >= before+1000 })
		s.Put(aMail("after@x", "Ana <ana@x.example>", "Hello", "after"))
		waitFor(t, "the one after", func() bool { return len(h.Events()) >= before+1001 })
		events := h.Events()[before:]
		if len(events) != 1001 {
			t.Errorf("%d events", len(events))
		}
		for i, e := range events[:1000] {
			if want := fmt.Sprintf("wait%d@x", i); e.ID != want {
				t.Fatalf("%d: got %s, want %s", i, e.ID, want)
			}
		}
	})
	t.Run("check", func(t *testing.T) {
		bad := s.channel(newHost(t), keyFolders, "INBOX,Nowhere")
		found := bad.checkMailbox(t.Context())
		if len(found) != 3 || found[0].Level != core.HealthGood || found[2].Level != core.HealthBad || !strings.Contains(found[2].Remedy, "Support") {
			t.Errorf("got %+v", found)
		}
	})
}

// TestPostfix: a mail in, an answer out, and one to nobody.
func TestPostfix(t *testing.T) {
	s := servers{emailtest.New(t)}
	s.StartPostfix()
	h := newHost(t)
	l := s.channel(h)
	for _, f := range l.Check(t.Context()) {
		if f.Level != core.HealthGood {
			t.Errorf("check: %+v", f)
		}
	}
	running(t, l)
	begun(t, h, "INBOX")
	s.Deliver(s.SMTP, "EHLO", aMail("in@x.example", "Ana <ana@x.example>", "Size?", "Do you have L?"))
	waitFor(t, "the customer's mail and its thread", func() bool { th, _ := l.thread(t.Context(), "ana@x.example"); return th.Last == "in@x.example" })
	sent, err := l.Send(t.Context(), hello("We do."))
	if err != nil {
		t.Fatal(err)
	}
	var raw []byte
	waitFor(t, "the answer in the customer's mailbox", func() bool {
		all := s.Inbox(emailtest.Customer)
		if len(all) > 0 {
			raw = all[0]
		}
		return len(all) > 0
	})
	m, err := parse(raw)
	if err != nil || m.MessageID != sent.Provider || m.Text != "We do." || !slices.Equal(m.InReplyTo, []string{"in@x.example"}) || m.Subject != "Re: Size?" {
		t.Errorf("got %q %q %q %q, %v", m.MessageID, m.Text, m.InReplyTo, m.Subject, err)
	}
	out := hello("Hi")
	out.To = []core.IdentityKey{{Scheme: core.SchemeEmail, Value: "nobody@x.example"}}
	if _, err := l.Send(t.Context(), out); core.AsSendError(err).Code != "5.1.1" {
		t.Errorf("to nobody: %v", err)
	}
	wrong := goodSettings("127.0.0.1:1", "127.0.0.1:1", keyCA, s.CA, keySMTP, fmt.Sprintf("smtp://localhost:%d?tls=starttls", s.Submission))
	wrong.Secrets[keyPassword] = core.NewSecret("not-the-password-at-all")
	if _, err := openLink(t, newHost(t), wrong).Send(t.Context(), hello("Hi")); core.AsSendError(err).Effect != core.EffectPark || core.AsSendError(err).Code != "5.7.8" {
		t.Errorf("with a wrong password: %+v", core.AsSendError(err))
	}
	stranger := goodSettings("127.0.0.1:1", "127.0.0.1:1", keySMTP, fmt.Sprintf("smtp://localhost:%d?tls=starttls", s.Submission))
	if _, err := openLink(t, newHost(t), stranger).Send(t.Context(), hello("Hi")); core.AsSendError(err).Effect != core.EffectPark || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("with an unknown certificate: %+v", core.AsSendError(err))
	}
}
