package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"causeway/adapters/gormstore/freshstore"
	"causeway/core"

	"github.com/jackc/pgx/v5"
)

// The process is killed at an instant that is chosen: between receipt and commit, and between commit and acknowledgement. TestLinkedDeviceKilled and the
// storms kill it at any.

// unstorable has the linked rig's database refuse messages, and the dead letters of them, until the returned function is called.
func (l *linkedRig) unstorable() (mend func()) {
	l.Helper()
	do := func(sql string) {
		l.Helper()
		_, err := l.store.SQLite().ExecContext(context.WithoutCancel(l.Context()), sql)
		must(l.TB, err)
	}
	for _, table := range []string{"messages", "dead_letters"} {
		do("CREATE TRIGGER refuse_" + table + " BEFORE INSERT ON " + table + " BEGIN SELECT RAISE(ABORT, 'refused for a test'); END")
	}
	return func() {
		for _, table := range []string{"messages", "dead_letters"} {
			do("DROP TRIGGER refuse_" + table)
		}
	}
}

// another starts a second process beside the first.
func (l *linkedRig) another() *rig {
	l.Helper()
	ports, err := quietPorts(3)
	must(l.TB, err)
	x := *l.rig
	x.env = append(slices.Clone(l.env), "CAUSEWAY_HTTP_LISTEN="+ports[0], "CAUSEWAY_PRIVATE_LISTEN="+ports[1], "CAUSEWAY_SMTP_LISTEN="+ports[2])
	x.health = "http://" + ports[1] + "/readyz"
	must(l.TB, x.start(l.Context()))
	l.Cleanup(func() {
		_ = x.child.Process.Kill()
		<-x.exited
	})
	must(l.TB, x.awaitReady(l.Context()))
	return &x
}

// revive kills the process and starts another one.
func (l *linkedRig) revive(meanwhile ...func()) {
	l.Helper()
	must(l.TB, l.kill())
	for _, do := range meanwhile {
		do()
	}
	l.release()
	must(l.TB, l.start(l.Context()))
	must(l.TB, l.awaitReady(l.Context()))
}

// only fails unless the conversations say exactly this, each once.
func (l *linkedRig) only(what string, texts ...string) {
	l.Helper()
	found := l.texts()
	for _, text := range texts {
		if found[text] != 1 {
			l.Errorf("%s: %q is there %d times", what, text, found[text])
		}
	}
	if len(found) != len(texts) {
		l.Errorf("%s: it says %v, want %q", what, found, texts)
	}
}

// TestLinkedDeviceKilledBeforeCommit: the process has decrypted what came, which it can do once, and dies before any of it is stored. All of it comes
// again, with what was said while nobody was there.
func TestLinkedDeviceKilledBeforeCommit(t *testing.T) {
	l := newLinkedRig(t)
	l.ana.Text("hello")
	l.mail("hello")
	l.phone.Settled()
	mend := l.unstorable()
	l.ana.Text("decrypted and not stored")
	l.phone.Says(l.ana, "typed and not stored")
	l.until("it is refused", func() bool { return strings.Contains(l.logTail(), "not stored; WhatsApp is asked for it again") })
	l.revive(mend, func() { l.ana.Text("while nobody was there") })
	l.mail("while nobody was there")
	l.phone.Settled()
	l.only("after the kill", "in contact: hello", "in contact: decrypted and not stored", "out phone: typed and not stored", "in contact: while nobody was there")
}

// TestLinkedDeviceKilledBeforeAcknowledgement: what was stored is not heard of as such, and the process dies. WhatsApp hands it out again, and it is
// there once, and mailed once.
func TestLinkedDeviceKilledBeforeAcknowledgement(t *testing.T) {
	l := newLinkedRig(t)
	l.ana.Text("hello")
	l.mail("hello")
	l.phone.Settled()
	l.server.Deaf(true)
	l.ana.Text("stored and not acknowledged")
	l.phone.Says(l.ana, "typed and not acknowledged")
	l.mail("stored and not acknowledged")
	l.mail("typed and not acknowledged")
	if n := l.phone.Unacknowledged(); n < 2 {
		t.Fatalf("%d stanzas are not acknowledged", n)
	}
	l.revive(func() { l.server.Deaf(false) })
	l.phone.Settled()
	l.ana.Text("and then")
	l.mail("and then")
	l.only("after the kill", "in contact: hello", "in contact: stored and not acknowledged", "out phone: typed and not acknowledged", "in contact: and then")
	mails := 0
	for _, m := range l.lena.Received() {
		if strings.Contains(m.Text, "stored and not acknowledged") && !strings.Contains(m.Text, "typed and not") && !strings.Contains(m.Text, "and then") {
			mails++
		}
	}
	if mails > 1 {
		t.Errorf("Lena was told %d times", mails)
	}
}

// TestLinkedDeviceOnTwoNodes: the node that has the device is killed, and another goes on with it. The node that has it then is frozen, which loses it the
// lease while its connection stands; when it wakes it neither sends, nor acknowledges, nor tells that it was replaced.
func TestLinkedDeviceOnTwoNodes(t *testing.T) {
	l := newLinkedRigOf(t, linkedOptions{Business: phonesPeople, Database: freshstore.Postgres(t)})
	second := l.another()
	l.ana.Text("hello")
	l.mail("hello")
	l.phone.Settled()
	began := time.Now()
	must(t, l.kill())
	l.ana.Text("to whoever is left")
	l.mail("to whoever is left")
	t.Logf("the other node went on after %v", time.Since(began).Round(10*time.Millisecond))

	must(t, l.start(t.Context()))
	must(t, l.awaitReady(t.Context()))
	l.phone.Settled()
	must(t, second.child.Process.Signal(syscall.SIGSTOP))
	l.ana.Text("to who is frozen")
	l.phone.Says(l.ana, "typed meanwhile")
	l.mail("to who is frozen")
	l.mail("typed meanwhile")
	l.phone.Settled()
	must(t, second.child.Process.Signal(syscall.SIGCONT))
	l.answer(l.mail("typed meanwhile"), "We are back.")
	l.shows("We are back.")
	l.ana.Text("to who woke")
	l.mail("to who woke")
	l.phone.Settled()
	l.only("after all that", "in contact: hello", "in contact: to whoever is left", "in contact: to who is frozen", "out phone: typed meanwhile", "out agent: We are back.",
		"in contact: to who woke")
	if n := l.ana.Waiting(); n > 0 {
		t.Errorf("Ana got %d more messages", n)
	}
	if h := l.health(); h != "connected" {
		t.Errorf("the health is %s", h)
	}
	for _, m := range l.room.Mailbox("admin@example.com").Received() {
		if strings.Contains(m.Text, "Another program") {
			t.Errorf("the admins were told:\n%s", m.Text)
		}
	}
}

// gatekeeper stands between the platform and the gateway.
type gatekeeper struct {
	*httptest.Server
	handed   atomic.Int32 // calls that the gateway has in full
	answered atomic.Int32 // calls that it has answered with 200
	withhold atomic.Bool  // those answers
}

// keptGate puts one there.
func keptGate(t *testing.T, r *rig) *gatekeeper {
	t.Helper()
	account := r.sim.Business().Account()
	u, err := url.Parse(account.CallbackURL)
	must(t, err)
	g := &gatekeeper{}
	p := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = u.Scheme, u.Host
			p.Out = p.Out.WithContext(httptrace.WithClientTrace(p.Out.Context(), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { g.handed.Add(1) }}))
		},
		ModifyResponse: func(a *http.Response) error {
			if a.StatusCode != http.StatusOK {
				return nil
			}
			g.answered.Add(1)
			if g.withhold.Load() {
				panic(http.ErrAbortHandler)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	g.Server = httptest.NewServer(p)
	t.Cleanup(g.Close)
	r.sim.Business().SetCallback(g.URL+u.Path, account.VerifyToken)
	return g
}

// shut keeps everybody from storing messages until the returned function is called.
func (r *rig) shut(t *testing.T) (open func()) {
	t.Helper()
	if db := r.store.SQLite(); db != nil {
		c, err := db.Conn(t.Context())
		must(t, err)
		_, err = c.ExecContext(t.Context(), "BEGIN IMMEDIATE")
		must(t, err)
		return func() {
			_, err := c.ExecContext(context.WithoutCancel(t.Context()), "ROLLBACK")
			must(t, err)
			must(t, c.Close())
		}
	}
	c, err := pgx.Connect(t.Context(), last(r.env, "CAUSEWAY_DATABASE_URL"))
	must(t, err)
	_, err = c.Exec(t.Context(), "BEGIN; LOCK TABLE messages IN EXCLUSIVE MODE")
	must(t, err)
	return func() { must(t, c.Close(context.WithoutCancel(t.Context()))) }
}

// TestWebhookKilled: the process dies with a webhook in its hands that it has not stored yet, and with one that it has stored and not answered. The
// platform comes again with both; each message is there once, and mailed.
func TestWebhookKilled(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		r, err := newRig(t.Context(), rigOptions{Program: build(t), Dir: t.TempDir(), Database: database})
		must(t, err)
		t.Cleanup(func() { must(t, r.close()) })
		g := keptGate(t, r)
		grace, phone := r.sim.Customer("447700900123", "Grace Miller"), r.sim.Business().Phone()
		again := func() {
			t.Helper()
			must(t, r.start(t.Context()))
			must(t, r.awaitReady(t.Context()))
		}

		open := r.shut(t)
		grace.Say("received and not stored")
		phone.Type(grace, "typed and not stored")
		eventually(t, "the gateway has both", func() bool { return g.handed.Load() >= 2 })
		must(t, r.kill())
		open()
		if n := g.answered.Load(); n > 0 {
			t.Fatalf("%d calls were answered before anything was stored", n)
		}
		again()
		r.holds(t, grace.Phone(), "in received and not stored", "out typed and not stored")

		g.withhold.Store(true)
		before := g.answered.Load()
		grace.Say("stored and not answered")
		phone.Type(grace, "typed and not answered")
		eventually(t, "the gateway has answered both", func() bool { return g.answered.Load() >= before+2 })
		must(t, r.kill())
		g.withhold.Store(false)
		again()
		eventually(t, "the platform has come again", func() bool { return g.answered.Load() >= before+4 })
		r.holds(t, grace.Phone(), "in received and not stored", "out typed and not stored", "in stored and not answered", "out typed and not answered")
		if quiet, err := r.settle(t.Context(), stepTime, unfinished); err != nil || !quiet {
			t.Fatalf("it does not come to rest: %v", err)
		}
		r.holds(t, grace.Phone(), "in received and not stored", "out typed and not stored", "in stored and not answered", "out typed and not answered")
		for _, text := range []string{"received and not stored", "stored and not answered", "typed and not answered"} {
			ctx, cancel := context.WithTimeout(t.Context(), stepTime)
			defer cancel()
			if _, err := r.room.Mailbox("lena@example.com").Await(ctx, contains(text)); err != nil {
				t.Errorf("nobody was mailed %q: %v", text, err)
			}
		}
	})
}

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	end := time.Now().Add(time.Minute)
	for !so() {
		if time.Now().After(end) {
			t.Fatalf("it never happened: %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// holds waits until what is stored of the chat with a number is exactly this, in any order, each once.
func (r *rig) holds(t *testing.T, phone string, want ...string) {
	t.Helper()
	var found map[string]int
	eventually(t, "all is stored", func() bool {
		found = map[string]int{}
		known, err := r.repo().Identities(t.Context(), []core.IdentityKey{{Scheme: core.SchemePhone, Value: phone}})
		must(t, err)
		for _, i := range known {
			conversations, err := r.repo().ConversationsOf(t.Context(), i.Contact)
			must(t, err)
			for _, c := range conversations {
				said, _, err := core.Timeline(t.Context(), r.repo(), c.ID, core.Bookmark{}, 200)
				must(t, err)
				for _, m := range said {
					found[string(m.Direction)+" "+m.Content.Text]++
				}
			}
		}
		return len(found) >= len(want)
	})
	for _, text := range want {
		if found[text] != 1 {
			t.Errorf("%q is there %d times", text, found[text])
		}
	}
	if len(found) != len(want) {
		t.Errorf("it says %v, want %q", found, want)
	}
}
