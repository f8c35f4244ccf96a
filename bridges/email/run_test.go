package email

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"causeway/core"
)

func TestReceive(t *testing.T) {
	p := newPost(t)
	p.put("INBOX", aMail("old@x", "Old <old@x.example>", "Long ago", "old"))
	h := newHost(t)
	l := openLink(t, h, goodSettings(p.addr, "127.0.0.1:1"))
	running(t, l)
	begun(t, h, "INBOX")
	p.put("INBOX", aMail("a@x", `"Ana Maria" <Ana@X.example>`, "Open today?", "Are you open today?"))
	waitFor(t, "the mail", func() bool { return len(h.Events()) > 0 })
	e := h.Events()[0]
	want := core.IdentityKey{Scheme: core.SchemeEmail, Value: "ana@x.example"}
	if e.ID != "a@x" || e.Peer.Name != "Ana Maria" || !slices.Equal(e.Peer.Identities, []core.IdentityKey{want}) || e.Historic || e.Account != address {
		t.Errorf("got %+v", e)
	}
	if got := e.Message.Content.Text; got != "Open today?\n\nAre you open today?" {
		t.Errorf("got %q", got)
	}
}

// TestOutage: what came while nobody was there, or while the server was away, is taken in in order, once.
func TestOutage(t *testing.T) {
	p := newPost(t)
	h := newHost(t)
	l := openLink(t, h, goodSettings(p.addr, "127.0.0.1:1"))
	stop := running(t, l)
	begun(t, h, "INBOX")
	stop()
	for i := range 1000 {
		p.put("INBOX", aMail(fmt.Sprintf("m%d@x", i), "ana@x.example", "Hello", fmt.Sprintf("number %d", i)))
	}
	running(t, l)
	waitFor(t, "some of the mails", func() bool { return len(h.Events()) > 100 })
	p.stop()
	p.start()
	waitFor(t, "all the mails", func() bool { return len(h.Events()) >= 1000 })
	p.put("INBOX", aMail("last@x", "ana@x.example", "Hello", "last"))
	waitFor(t, "the mail after", func() bool { return len(h.Events()) >= 1001 })
	for i, e := range h.Events()[:1000] {
		if want := fmt.Sprintf("m%d@x", i); e.ID != want {
			t.Fatalf("%d: got %s, want %s", i, e.ID, want)
		}
	}
	if n := len(h.Events()); n != 1001 {
		t.Errorf("%d events", n)
	}
}

// TestNothingIsPassedOver: as long as the store does not take mails, the cursor stays.
func TestNothingIsPassedOver(t *testing.T) {
	p := newPost(t)
	h := newHost(t)
	l := openLink(t, h, goodSettings(p.addr, "127.0.0.1:1"))
	stop := running(t, l)
	begun(t, h, "INBOX")
	stop()
	before, _ := h.Load(t.Context(), "imap/INBOX")
	h.EmitError = errors.New("the store is down")
	p.put("INBOX", aMail("a@x", "ana@x.example", "Hi", "hi"))
	stop = running(t, l)
	waitFor(t, "tries", func() bool { return h.Tried() > 2 })
	stop()
	if after, _ := h.Load(t.Context(), "imap/INBOX"); string(after) != string(before) {
		t.Errorf("the cursor moved: %s, %s", before, after)
	}
	h.EmitError = nil
	running(t, l)
	waitFor(t, "the mail", func() bool { return len(h.Events()) == 1 })
}

// TestFolders: several folders are read, and new UIDs do not lose or repeat.
func TestFolders(t *testing.T) {
	p := newPost(t)
	p.must(p.user.Create("Junk", nil))
	h := newHost(t)
	l := openLink(t, h, goodSettings(p.addr, "127.0.0.1:1", keyFolders, "INBOX, Junk"))
	running(t, l)
	begun(t, h, "INBOX")
	begun(t, h, "Junk")
	p.put("INBOX", aMail("a@x", "ana@x.example", "Hi", "one"))
	p.put("Junk", aMail("b@x", "ana@x.example", "Hi", "two"))
	waitFor(t, "both mails", func() bool { return len(h.Events()) == 2 })
	p.stop()
	p.must(p.user.Delete("Junk")) // a folder restored from a backup has other UIDs
	p.must(p.user.Create("Junk", nil))
	p.put("Junk", aMail("b@x", "ana@x.example", "Hi", "two"))
	p.put("Junk", aMail("c@x", "ana@x.example", "Hi", "three"))
	p.start()
	waitFor(t, "the mail with a new UID", func() bool {
		return slices.ContainsFunc(h.Events(), func(e core.Event) bool { return e.ID == "c@x" })
	})
}

// TestFile: a file is fetched by reference, from memory or from the server, also after the mail was moved.
func TestFile(t *testing.T) {
	const mail = "From: ana@x.example\nTo: support@biz.example\nSubject: Bill\nMessage-ID: <f@x>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" +
		"--b\nContent-Type: text/plain\n\nsee file\n--b\nContent-Type: application/pdf; name=bill.pdf\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nYnl0ZXM=\n--b--\n"
	p := newPost(t)
	p.must(p.user.Create("Done", nil))
	h := newHost(t)
	l := openLink(t, h, goodSettings(p.addr, "127.0.0.1:1", keyFolders, "INBOX,Done"))
	stop := running(t, l)
	begun(t, h, "INBOX")
	begun(t, h, "Done")
	p.put("INBOX", mail)
	waitFor(t, "text and file", func() bool { return len(h.Events()) == 2 })
	stop()
	m := h.Events()[1].Message.Content.Media
	if m == nil || m.Name != "bill.pdf" || m.MIME != "application/pdf" {
		t.Fatalf("got %+v", h.Events()[1].Message.Content)
	}
	check := func(how string) {
		t.Helper()
		d, err := l.Fetch(t.Context(), *m)
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		if all, _ := io.ReadAll(d.Body); string(all) != "bytes" || d.Size != 5 {
			t.Errorf("%s: got %q, %d", how, all, d.Size)
		}
	}
	check("from memory")
	l.recent.drop()
	check("from the server")
	l.recent.drop()
	p.must(p.user.Delete("INBOX"))
	p.must(p.user.Create("INBOX", nil))
	p.put("Done", mail)
	check("moved")
	l.recent.drop()
	p.must(p.user.Delete("Done"))
	p.must(p.user.Create("Done", nil))
	if _, err := l.Fetch(t.Context(), *m); !errors.Is(err, core.ErrMediaGone) {
		t.Errorf("deleted: got %v", err)
	}
}

// TestLoginRefused is told, and the session goes on.
func TestLoginRefused(t *testing.T) {
	p := newPost(t)
	h := newHost(t)
	s := goodSettings(p.addr, "127.0.0.1:1")
	s.Secrets[keyPassword] = core.NewSecret("not-the-password-at-all")
	l := openLink(t, h, s)
	l.step = time.Millisecond
	running(t, l)
	waitFor(t, "bad health", func() bool { all := h.Healths(); return len(all) > 0 && all[0].Level == core.HealthBad })
	if got := h.Healths()[0]; got.Code != "login" || got.Remedy == "" {
		t.Errorf("got %+v", got)
	}
}

// TestHealthOfAnEarlierSession is taken back by one that succeeds: bad health stops the sending.
func TestHealthOfAnEarlierSession(t *testing.T) {
	p := newPost(t)
	h := newHost(t)
	l := openLink(t, h, goodSettings(p.addr, "127.0.0.1:1"))
	l.channel.Health = core.Health{Level: core.HealthBad, Code: codeLogin, Reason: "x"}
	running(t, l)
	waitFor(t, "good health", func() bool { all := h.Healths(); return len(all) > 0 && all[0].Level == core.HealthGood })
	well := newHost(t)
	other := openLink(t, well, goodSettings(p.addr, "127.0.0.1:1"))
	other.channel.Health = core.Health{Level: core.HealthBad, Code: "5.7.8", Reason: "the SMTP server's"}
	running(t, other)
	begun(t, well, "INBOX")
	p.put("INBOX", aMail("a@x", "ana@x.example", "Hi", "hi"))
	waitFor(t, "a mail", func() bool { return len(well.Events()) > 0 })
	if got := well.Healths(); len(got) > 0 {
		t.Errorf("what the SMTP server said was taken back: %+v", got)
	}
}
