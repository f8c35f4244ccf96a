package main

import (
	"strings"
	"testing"
	"time"

	"causeway/bridges/simulator"
	"causeway/core"
)

// probing is the demo's business, which sends a test message each hour.
func probing(template string) worldOptions {
	probe := `probe: {to: "+49 151 0000001"` + template + `}`
	return worldOptions{Business: strings.Replace(demoBusiness, "kind: whatsapp-cloud", "kind: whatsapp-cloud\n    "+probe, 1)}
}

const greeting = ", template: hello_world, language: en_US"

// probed has every channel looked at, as happens now and then by itself.
func (w *testWorld) probed() {
	w.Helper()
	w.must(w.prober.Round(w.Context()))
}

// tests counts the test messages that were made; status those of them that are in a status.
func (w *testWorld) tests() int { return w.status("") }

func (w *testWorld) status(s core.Status) (n int) {
	w.Helper()
	for _, c := range w.conversations() {
		for _, m := range w.messages(c.ID) {
			if m.Author.Kind == core.AuthorProbe && (s == "" || m.Status == s) {
				n++
			}
		}
	}
	return n
}

// anew moves the time on until the next test message has just been made.
func (w *testWorld) anew() {
	w.Helper()
	before := w.tests()
	for range 61 {
		w.clock.jump(time.Minute)
		w.probed()
		if w.tests() > before {
			return
		}
	}
	w.Fatal("no test message is made")
}

// healthIs waits until the channel says so of itself.
func (w *testWorld) healthIs(level core.HealthLevel, reason string) {
	w.Helper()
	var h core.Health
	w.eventually("the channel is "+string(level)+": "+reason, func() bool {
		w.probed()
		h = w.theChannel().Health
		return h.Level == level && strings.Contains(h.Reason, reason)
	})
}

// testPhone is the phone that gets the test messages.
func (w *testWorld) testPhone() *simulator.Customer { return w.sim.Customer("491510000001", "") }

// unseen fails if people got to know of the test messages.
func (w *testWorld) unseen() {
	w.Helper()
	w.settle()
	for _, c := range w.conversations() {
		if c.State != core.ConversationClosed || !c.Waiting.IsZero() {
			w.Errorf("conversation #%d is %s", c.Number, c.State)
		}
	}
	for _, b := range []string{"lena@example.com", "omar@example.com"} {
		if n := len(w.room.Mailbox(b).Received()); n != 0 {
			w.Errorf("%s got %d mails", b, n)
		}
	}
}

// TestProbe: a channel sends its test message, once in its time, and proves by the receipt that it works. While the phone is off it is not well, and
// says what to do. What the phone answers is nobody's mail.
func TestProbe(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		o := probing(greeting)
		o.Database = database
		w := liveIn(t, o)
		phone := w.testPhone()
		w.anew()
		node := func() error { return newProber(w.base).Round(t.Context()) }
		w.clock.jump(time.Hour)
		w.must(together([]func() error{node, node, node, node}))
		before := w.tests()
		if before != 2 {
			t.Errorf("%d test messages at two times", before)
		}
		w.eventually("it is delivered", func() bool { return !w.life.last(w.theChannel().ID).Delivered.IsZero() })
		w.probed()
		if h := w.theChannel().Health; h.Level != core.HealthGood || h.Code != "sent" { // what arrives as it should says nothing else
			t.Errorf("the channel's health is %+v", h)
		}
		phone.Say("I am a test phone")
		w.unseen()
		if n := len(lines(phone)); n != before {
			t.Errorf("the phone got %d messages of %d", n, before)
		}
		if w.life.last(w.theChannel().ID).In.IsZero() {
			t.Error("the answer proves nothing")
		}

		phone.SetOnline(false)
		w.anew()
		w.eventually("one more is sent", func() bool { return len(lines(phone)) > before })
		w.clock.jump(16 * time.Minute)
		w.healthIs(core.HealthWarning, "did not arrive within 15 min")
		if h := w.theChannel().Health; !strings.Contains(h.Remedy, "causeway channel check shop") {
			t.Errorf("the remedy is %q", h.Remedy)
		}
		phone.SetOnline(true)
		w.healthIs(core.HealthGood, "arrived again")
		w.unseen()
	})
}

// TestProbeOutsideTheWindow: a text needs a window that is open. The contact opens it, for themselves and unseen.
func TestProbeOutsideTheWindow(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		o := probing("")
		o.Database = database
		w := liveIn(t, o)
		w.healthIs(core.HealthWarning, "has never written to this channel")
		w.testPhone().Say("Hello, I am a test phone")
		w.healthIs(core.HealthGood, "arrived again")
		w.unseen()
		w.clock.jump(25 * time.Hour)
		w.healthIs(core.HealthWarning, "cannot be sent. The customer last wrote")
		w.grace.Say("And I am a customer")
		w.mailTo(w.lena, "And I am a customer")
	})
}

// TestProbeOfUnknownOutcome: what nobody knows of a test message, no agent is bothered with.
func TestProbeOfUnknownOutcome(t *testing.T) {
	w := liveIn(t, probing(greeting))
	phone := w.testPhone()
	w.anew()
	w.settle()
	before := len(lines(phone))
	w.sim.Inject(simulator.Fault{Kind: simulator.FaultLost, Times: 1, SendsOnly: true})
	w.anew()
	w.eventually("nobody knows what became of it", func() bool { return w.status(core.StatusUnknown) == 1 })
	w.clock.jump(2 * time.Minute)
	w.unseen()
	w.clock.jump(20 * time.Minute)
	w.healthIs(core.HealthWarning, "did not arrive")
	w.unseen()
	w.anew()
	w.healthIs(core.HealthGood, "arrived again")
	if n := len(lines(phone)); n != before+1 {
		t.Errorf("the phone got %d messages", n)
	}
}
