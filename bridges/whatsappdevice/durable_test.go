package whatsappdevice

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestNotStored: what the gateway cannot store is not acknowledged; WhatsApp hands it out again, and it is stored then, once.
func TestNotStored(t *testing.T) {
	r := paired(t)
	s := &stubborn{Host: r.host}
	r.link.host = s
	r.run()
	r.wait("the session is up", r.up)
	s.refuse.Store(true)
	r.ana.Text("kept")
	r.wait("it was tried", func() bool { return s.failed.Load() >= emitTries })
	equal(t, "not acknowledged", r.phone.Unacknowledged() > 0, true)
	s.refuse.Store(false)
	r.message("kept")
	r.phone.Settled()
	equal(t, "stored", r.count("kept"), 1)
}

// stubborn is a gateway whose database is down at times.
type stubborn struct {
	*bridgetest.Host
	refuse, lost, panics atomic.Bool
	away, full           atomic.Bool // of the safe
	failed               atomic.Int32
}

func (s *stubborn) Emit(ctx context.Context, all ...core.Event) error {
	switch {
	case s.panics.Load():
		s.failed.Add(1)
		panic("a defect")
	case s.lost.Load():
		return core.ErrLeaseLost
	case s.refuse.Load():
		s.failed.Add(1)
		return errors.New("the database is down")
	}
	return s.Host.Emit(ctx, all...)
}

// away is a safe whose database is down at times.
type away struct {
	core.Safe
	of *stubborn
}

var errAway = errors.New("the database is away")

func (s *stubborn) Safe() core.Safe { return away{s.Host.Safe(), s} }

func (a away) Get(ctx context.Context, space string, keys ...string) (map[string][]byte, error) {
	if a.of.away.Load() {
		a.of.failed.Add(1)
		return nil, errAway
	}
	return a.Safe.Get(ctx, space, keys...)
}

func (a away) Apply(ctx context.Context, changes ...core.Change) error {
	if a.of.away.Load() || a.of.full.Load() {
		a.of.failed.Add(1)
		return errAway
	}
	return a.Safe.Apply(ctx, changes...)
}

// TestNotDecrypted: a message that comes while the device's own keys can be neither read nor moved on is not acknowledged, nor is its sender asked for it
// again: it is still there when the database is.
func TestNotDecrypted(t *testing.T) {
	for name, down := range map[string]func(*stubborn, bool){
		"nothing can be read":    func(s *stubborn, is bool) { s.away.Store(is) },
		"nothing can be written": func(s *stubborn, is bool) { s.full.Store(is) },
	} {
		t.Run(name, func(t *testing.T) {
			h := &stubborn{Host: bridgetest.NewHost(t)}
			r := pairedTo(t, h.Host)
			r.link.host = h
			r.run()
			r.wait("the session is up", r.up)
			r.ana.Text("hi")
			r.message("hi")
			r.phone.Settled()
			down(h, true)
			m := r.ana.Text("kept")
			r.wait("it was tried", func() bool { return h.failed.Load() > 0 })
			equal(t, "not acknowledged", r.phone.Unacknowledged() > 0, true)
			down(h, false)
			r.message("kept")
			r.phone.Settled()
			equal(t, "stored", r.count("kept"), 1)
			equal(t, "asked for again", slices.Contains(r.ana.Ticks(m), "retry"), false)
			for _, e := range r.host.Events() {
				if e.Kind == core.EventMessage && e.Message.Content.Kind == core.KindUnsupported {
					t.Error("a placeholder was shown")
				}
			}
		})
	}
}

// TestRestart: a process that ends between taking a message and storing it loses nothing, whatever was decrypted already.
func TestRestart(t *testing.T) {
	r := paired(t)
	s := &stubborn{Host: r.host}
	r.link.host = s
	r.run()
	r.wait("the session is up", r.up)
	s.refuse.Store(true)
	r.ana.Text("before the end")
	r.wait("it was tried", func() bool { return s.failed.Load() > 0 })
	r.restart()
	r.message("before the end")
	r.phone.Settled()
	r.ana.Text("after it")
	r.message("after it")
	equal(t, "stored", r.count("before the end"), 1)
}

// TestPanic: a defect in handling acknowledges nothing, and one message that always meets it does not hold up the others for ever.
func TestPanic(t *testing.T) {
	r := paired(t)
	s := &stubborn{Host: r.host}
	r.link.host = s
	r.run()
	r.wait("the session is up", r.up)
	s.panics.Store(true)
	r.ana.Text("meets a defect")
	r.wait("it was tried", func() bool { return s.failed.Load() > 0 })
	equal(t, "not acknowledged", r.phone.Unacknowledged() > 0, true)
	s.panics.Store(false)
	r.message("meets a defect")
	r.phone.Settled()
}

// TestPanicOfTheStore: a defect that every try to store anything meets, a dead letter too, acknowledges nothing either.
func TestPanicOfTheStore(t *testing.T) {
	r := paired(t)
	s := &stubborn{Host: r.host}
	r.link.host = s
	r.run()
	r.wait("the session is up", r.up)
	s.panics.Store(true)
	r.ana.Text("meets a defect")
	r.wait("it was tried often", func() bool { return s.failed.Load() > panicsUntil })
	equal(t, "not acknowledged", r.phone.Unacknowledged() > 0, true)
	s.panics.Store(false)
	r.event("it is kept", func(e core.Event) bool { return e.Kind == core.EventMessage })
	r.phone.Settled()
}

// TestLeaseLost: a session that another node has taken over stores nothing, acknowledges nothing, and ends.
func TestLeaseLost(t *testing.T) {
	r := paired(t)
	s := &stubborn{Host: r.host}
	r.link.host = s
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	over := make(chan error, 1)
	go func() { over <- r.link.Run(ctx) }()
	r.wait("the session is up", r.up)
	s.lost.Store(true)
	r.ana.Text("for the other node")
	select {
	case err := <-over:
		if !errors.Is(err, core.ErrLeaseLost) {
			t.Errorf("it ended for %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the session goes on")
	}
	equal(t, "not acknowledged", r.phone.Unacknowledged() > 0, true)
}

// TestOffline: what is said while the gateway is down comes when it is back, in its order and once.
func TestOffline(t *testing.T) {
	r := newRig(t)
	r.ana.Text("one")
	r.message("one")
	r.phone.Settled()
	r.stop()
	r.ana.Text("two")
	r.phone.Says(r.ana, "an answer from the phone")
	r.ana.Text("three")
	r.open()
	r.run()
	r.message("three")
	var order []string
	for _, e := range r.host.Events() {
		if e.Kind == core.EventMessage {
			order = append(order, e.Message.Content.Text)
		}
	}
	if len(order) != 4 || order[1] != "two" || order[2] != "an answer from the phone" || order[3] != "three" {
		t.Errorf("got %q", order)
	}
}

// TestRepetition: what WhatsApp hands out twice has the same id, so that the gateway stores it once.
func TestRepetition(t *testing.T) {
	r := newRig(t)
	m := r.ana.Text("twice")
	first := r.message("twice")
	r.phone.Settled()
	r.ana.Repeat(m)
	r.ana.Text("then")
	r.message("then")
	for _, e := range r.host.Events() {
		if e.Kind == core.EventMessage && e.Message.Content.Text == "twice" {
			equal(t, "id", e.ID, first.ID)
		}
	}
}

// TestPlaceholder: a message that cannot be read yet shows as such, under the id of the message that takes its place.
func TestPlaceholder(t *testing.T) {
	r := newRig(t)
	r.ana.Garble(1)
	r.ana.Text("garbled at first")
	waits := r.event("a placeholder", func(e core.Event) bool {
		return e.Kind == core.EventMessage && e.Message.Content.Kind == core.KindUnsupported
	})
	whole := r.message("garbled at first")
	equal(t, "provider's id", whole.Message.Provider, waits.Message.Provider)
	if whole.ID == waits.ID {
		t.Error("the message would be taken for a repetition of its placeholder")
	}
}

// TestSendAgain: a message whose outcome nobody knew is the same message when it is sent again, and a receipt tells our part of it.
func TestSendAgain(t *testing.T) {
	r := newRig(t)
	r.ana.Text("hi")
	r.message("hi")
	r.server.DropAcks(true)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, err := r.link.Send(ctx, core.Outgoing{Key: "part-1", To: ana2(r), Content: words("hello")})
	if e := core.AsSendError(err); e.Outcome != core.Unknown {
		t.Errorf("got %+v", e)
	}
	got := r.ana.Got()
	r.ana.Receives(got)
	e := r.event("a receipt", func(e core.Event) bool { return e.Kind == core.EventReceipt })
	equal(t, "our key", e.Key, "part-1")
	r.server.DropAcks(false)
	r.restart()
	if _, err := r.send("part-1", words("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.send("part-2", words("and on")); err != nil {
		t.Fatal(err)
	}
	equal(t, "shown next", r.ana.Got().Text(), "and on")
	equal(t, "copies of the first", r.ana.Copies(got.ID), 2)
}

func ana2(r *rig) []core.IdentityKey {
	return []core.IdentityKey{{Scheme: core.SchemeLID, Value: r.ana.LID().User}}
}

// TestAskedAgain: a customer's phone that could not read a message gets it again, even from another process.
func TestAskedAgain(t *testing.T) {
	r := newRig(t)
	r.ana.Text("hi")
	r.message("hi")
	r.ana.DropSession()
	if _, err := r.send("part-1", words("hello")); err != nil {
		t.Fatal(err)
	}
	equal(t, "what Ana got at last", r.ana.Got().Text(), "hello")
}
