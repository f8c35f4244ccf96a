package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"causeway/bridges/simulator/mailroom"
	"causeway/bridges/whatsappdevice"
	"causeway/bridges/whatsappdevice/whatsapptest"
	"causeway/core"
)

// The whole program as a process of its own, linked to a phone of a stand-in for WhatsApp. The process is this test's own binary, for no program that
// is shipped can be made to trust another WhatsApp.

// gatewayProcess runs the command instead of the tests where a test started this process as the gateway.
func gatewayProcess() {
	client, err := whatsapptest.FromEnvironment()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case client != nil:
		os.Exit(run(os.Args[1:]))
	}
}

const (
	shopNumber   = "+4930123456"
	anaNumber    = "+4915112345678"
	phonesPeople = `
agents:
  - name: Lena Brandt
    addresses: [lena@example.com]

forwards:
  - name: everything to Lena
    to: [Lena Brandt]
`
)

// linkedRig is a gateway that is linked to a phone.
type linkedRig struct {
	testing.TB
	*rig
	server *whatsapptest.Server
	phone  *whatsapptest.Phone
	ana    *whatsapptest.Contact
	lena   *mailroom.Mailbox
}

// newLinkedRig links it. Before tells what happened on the phone until then.
func newLinkedRig(t testing.TB, before ...func(*linkedRig)) *linkedRig {
	t.Helper()
	return newLinkedRigOf(t, linkedOptions{Business: phonesPeople}, before...)
}

type linkedOptions struct {
	Business string // without its channel
	Database string // default SQLite
}

func newLinkedRigOf(t testing.TB, o linkedOptions, before ...func(*linkedRig)) *linkedRig {
	t.Helper()
	dir := t.TempDir()
	l := &linkedRig{TB: t, server: whatsapptest.New(t), rig: &rig{world: &world{clock: &clock{}}, program: os.Args[0], logAt: filepath.Join(dir, "gateway.log")}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the gateway's log ends with:\n%s", l.logTail())
		}
		if err := l.close(); err != nil {
			t.Error(err)
		}
	})
	l.phone = l.server.Phone(shopNumber, whatsapptest.Business("The Bicycle Shop"))
	l.ana = l.server.Contact(anaNumber, whatsapptest.Named("Ana"))
	must(t, l.openOutside(worldOptions{}))
	must(t, l.openStore(t.Context(), worldOptions{Dir: dir, Database: o.Database, Business: fmt.Sprintf("channels:\n  - name: phone\n    kind: %s\n    settings:\n      phone: %q\n      server: %q\n",
		whatsappdevice.Kind, shopNumber, l.server.Address()) + o.Business}))
	var err error
	l.log, err = os.OpenFile(l.logAt, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	must(t, err)
	l.env = append(l.env, l.server.Environ(), "CAUSEWAY_ALERT_TO=admin@example.com", "CAUSEWAY_ALLOW_PRIVATE="+last(l.env, "CAUSEWAY_ALLOW_PRIVATE")+","+l.server.Address())
	l.lena = l.room.Mailbox("lena@example.com")
	must(t, l.start(t.Context()))
	must(t, l.awaitReady(t.Context()))
	for _, told := range before {
		told(l)
	}
	l.pair()
	return l
}

// pair has the owner scan the code that the gateway shows.
func (l *linkedRig) pair() {
	l.Helper()
	_, err := l.links.Pair(l.Context(), l.channel.Workspace, l.channel.ID, core.PairingWish{})
	must(l.TB, err)
	scanned := ""
	l.until("the phone is paired", func() bool {
		p, err := l.links.Pairing(l.Context(), l.channel.Workspace, l.channel.ID)
		must(l.TB, err)
		switch step := p.Step; {
		case step.State == core.PairingQR && step.Code != scanned:
			scanned = step.Code
			must(l.TB, l.phone.Scan(step.Code))
		case step.State == core.PairingFailed:
			l.Fatalf("pairing failed: %s %s", step.Reason, step.Remedy)
		case step.State == core.PairingDone:
			return true
		}
		return false
	})
	l.until("the channel is well", func() bool { return l.health() == "connected" })
}

func (l *linkedRig) health() string {
	ch, err := l.repo().Channel(l.Context(), l.channel.ID)
	must(l.TB, err)
	return ch.Health.Code
}

func (l *linkedRig) until(what string, so func() bool) {
	l.Helper()
	end := time.Now().Add(3 * time.Minute)
	for !so() {
		if time.Now().After(end) {
			l.Fatalf("waited in vain until %s", what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// texts counts what conversations say, by direction and text.
func (l *linkedRig) texts() map[string]int {
	l.Helper()
	all, err := l.repo().Conversations(l.Context(), core.ConversationFilter{}, core.Page{Limit: 100})
	must(l.TB, err)
	found := map[string]int{}
	for _, c := range all {
		said, _, err := core.Timeline(l.Context(), l.repo(), c.ID, core.Bookmark{}, 200)
		must(l.TB, err)
		for _, m := range said {
			found[string(m.Direction)+" "+string(m.Author.Kind)+": "+m.Content.Text]++
		}
	}
	return found
}

func (l *linkedRig) mail(text string) mailroom.Mail {
	l.Helper()
	return l.mailTo(l.lena, text)
}

func (l *linkedRig) mailTo(box *mailroom.Mailbox, text string) mailroom.Mail {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), 3*time.Minute)
	defer cancel()
	m, err := box.Await(ctx, contains(text))
	if err != nil {
		l.Fatalf("no mail with %q: %v", text, err)
	}
	return m
}

// answer has Lena answer a mail.
func (l *linkedRig) answer(m mailroom.Mail, text string) {
	l.Helper()
	_, err := l.lena.Reply(l.Context(), m, text, mailroom.ReplyOptions{})
	must(l.TB, err)
}

// conversation is the only one.
func (l *linkedRig) conversation() core.Conversation {
	l.Helper()
	all, err := l.repo().Conversations(l.Context(), core.ConversationFilter{}, core.Page{Limit: 2})
	must(l.TB, err)
	if len(all) != 1 {
		l.Fatalf("%d conversations", len(all))
	}
	return all[0]
}

// shows waits for what the customer's phone shows next.
func (l *linkedRig) shows(text string) whatsapptest.Received {
	l.Helper()
	got := l.ana.Got()
	if got.Text() != text {
		l.Errorf("Ana got %q, want %q", got.Text(), text)
	}
	return got
}

// TestLinkedDevice: a customer's message becomes an agent's mail, the mailed answer reaches the customer's phone, what the owner types on the phone is in
// the conversation, and ticks go on.
func TestLinkedDevice(t *testing.T) {
	l := newLinkedRig(t)
	l.ana.Text("Do you have it in blue?")
	m := l.mail("Do you have it in blue?")
	if _, err := l.lena.Reply(t.Context(), m, "We do.", mailroom.ReplyOptions{}); err != nil {
		t.Fatal(err)
	}
	got := l.ana.Got()
	if got.Text() != "We do." {
		t.Errorf("Ana got %q", got.Text())
	}
	l.ana.Reads(got)
	l.phone.Says(l.ana, "I'll put it aside.")
	l.mail("I'll put it aside.")
	l.until("the echo is in the conversation", func() bool { return l.texts()["out phone: I'll put it aside."] == 1 })
	l.until("the answer is read", func() bool {
		p, err := l.repo().PartByProvider(t.Context(), l.channel.ID, l.ana.LID().String()+"/out/"+got.ID)
		return err == nil && p.Status == core.StatusRead
	})
	if n := l.ana.Waiting(); n > 0 {
		t.Errorf("Ana got %d more messages", n)
	}
	edited := l.amended(got, core.Amendment{Action: core.ActionEdit, Text: "We do, for 40."}, func(m core.Message) bool { return m.Content.Text == "We do, for 40." })
	if again := l.ana.Got(); again.Text() != "We do, for 40." || edited.Content.Text != again.Text() {
		t.Errorf("Ana got %q, the message says %q", again.Text(), edited.Content.Text)
	}
	l.amended(got, core.Amendment{Action: core.ActionRevoke}, func(m core.Message) bool { return !m.Revoked.IsZero() })
	if again := l.ana.Got(); again.Content.GetProtocolMessage().GetKey().GetID() != got.ID {
		t.Errorf("Ana got %v, which does not delete %s", again.Content, got.ID)
	}
	l.phone.Unlinks()
	l.until("the channel says that it was unlinked", func() bool { return l.health() == "logged-out-401" })
}

// amended asks for a message of ours to be edited or deleted, and returns it when it is.
func (l *linkedRig) amended(sent whatsapptest.Received, a core.Amendment, done func(core.Message) bool) (m core.Message) {
	l.Helper()
	p, err := l.repo().PartByProvider(l.Context(), l.channel.ID, l.ana.LID().String()+"/out/"+sent.ID)
	must(l.TB, err)
	a.At = time.Now()
	must(l.TB, l.store.Tx(l.Context(), func(tx core.Tx) error {
		return tx.Enqueue(l.Context(), core.AmendJob(l.channel.Workspace, p.Message, a))
	}))
	l.until(string(a.Action), func() bool {
		m, err = l.repo().Message(l.Context(), p.Message)
		must(l.TB, err)
		return done(m)
	})
	return m
}

const omarsTurn = `    phone: {owner: Omar Farouk}

agents:
  - name: Lena Brandt
    addresses: [lena@example.com]
  - name: Omar Farouk
    addresses: [omar@example.com]

forwards:
  - name: everything to Lena
    to: [Lena Brandt]

workflows:
  - name: inbound
    on: {event: opened, by: contact}
    steps:
      - name: topic
        ask: {text: "What is it about?"}
      - send: {text: "Noted."}
`

// TestLinkedDeviceTakesOver: what the owner types on the phone that the device is linked to ends the bot's question, stops the clock, gives the
// conversation to the phone's owner, and is in the agents' thread with what becomes of it. An answer that an agent was writing meanwhile is held.
func TestLinkedDeviceTakesOver(t *testing.T) {
	l := newLinkedRigOf(t, linkedOptions{Business: omarsTurn})
	l.ana.Text("Is the blue one left?")
	l.shows("What is it about?")
	asked := l.mail("Is the blue one left?")
	if l.conversation().Waiting.IsZero() {
		t.Error("nobody waits although the bot alone has spoken")
	}
	said := l.phone.Says(l.ana, "It is, I'll see to it")
	m := l.mail("It is, I'll see to it")
	if !strings.Contains(m.Text, "phone") || m.Root() != asked.Root() {
		t.Errorf("the mail is in the thread %q, not %q, and says:\n%s", m.Root(), asked.Root(), m.Text)
	}
	omar, err := l.repo().AgentByName(t.Context(), "Omar Farouk")
	must(t, err)
	l.until("it is the phone's owner's, and nobody waits", func() bool {
		c := l.conversation()
		return c.Agent == omar.ID && c.Waiting.IsZero()
	})
	l.until("the bot's question is over", func() bool {
		runs, err := l.repo().Runs(t.Context(), core.RunFilter{}, core.Page{})
		must(t, err)
		return len(runs) == 1 && runs[0].State == core.RunEnded
	})
	l.answer(asked, "Sorry, sold")
	held := l.mail("was not sent")
	if !strings.Contains(held.Text, "It is, I'll see to it") || !strings.Contains(held.Text, "Sorry, sold") {
		t.Errorf("the question says:\n%s", held.Text)
	}
	l.phone.Edits(l.ana, said, "It is, I'll see to it today")
	l.mail("It is, I'll see to it today")
	l.phone.Revokes(l.ana, said)
	l.mail("eleted")
	l.answer(held, "send")
	l.shows("Sorry, sold")
	l.ana.Text("thank you")
	l.mail("thank you")
	if n := l.ana.Waiting(); n > 0 {
		t.Errorf("Ana got %d more messages", n)
	}
	for text, n := range l.texts() {
		if n != 1 {
			t.Errorf("%q is there %d times", text, n)
		}
	}
}

// TestLinkedDeviceKilled: the process is killed at any instant, while messages come in. Each is stored once, and mailed.
func TestLinkedDeviceKilled(t *testing.T) {
	l := newLinkedRig(t)
	const rounds, each = 6, 3
	for round := range rounds {
		for i := range each {
			l.ana.Text(fmt.Sprintf("message %d of round %d", i, round))
		}
		l.phone.Says(l.ana, fmt.Sprintf("echo of round %d", round))
		// From before the first is received to after the last is stored.
		<-time.After(time.Duration(rand.IntN(60)) * time.Millisecond) //nolint:gosec // any instant will do
		must(t, l.kill())
		l.release()
		must(t, l.start(t.Context()))
		must(t, l.awaitReady(t.Context()))
	}
	l.until("all is stored", func() bool { return len(l.texts()) >= rounds*(each+1) })
	l.phone.Settled()
	for text, n := range l.texts() {
		if n != 1 || !strings.Contains(text, "round") {
			t.Errorf("%q is there %d times", text, n)
		}
	}
	if n := len(l.texts()); n != rounds*(each+1) {
		t.Errorf("%d messages, want %d", n, rounds*(each+1))
	}
	for round := range rounds {
		l.mail(fmt.Sprintf("message %d of round %d", each-1, round))
	}
}

// release ends the time of the killed process's leases, which would run for some seconds.
func (l *linkedRig) release() {
	l.Helper()
	_, err := l.store.SQLite().ExecContext(l.Context(), "UPDATE leases SET until = 0")
	must(l.TB, err)
}
