package whatsappdevice

import (
	"context"
	"slices"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/bridges/whatsappdevice/whatsapptest"
	"causeway/core"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"
)

// patience is how long a test waits for what must come.
const patience = 90 * time.Second

// rig is a paired channel between a stand-in for WhatsApp and a double of the gateway.
type rig struct {
	*testing.T
	server *whatsapptest.Server
	phone  *whatsapptest.Phone
	ana    *whatsapptest.Contact
	host   *bridgetest.Host
	link   *link
	stop   func()
	pairs  []string
}

const (
	ourNumber = "+4930123456"
	anaNumber = "+4915112345678"
)

// newRig pairs a phone with a channel, settings changed by the pairs given, and runs its session.
func newRig(t *testing.T, pairs ...string) *rig {
	t.Helper()
	r := paired(t, pairs...)
	r.run()
	r.wait("the session is up", r.up)
	return r
}

// paired is newRig with the session still to be run.
func paired(t *testing.T, pairs ...string) *rig {
	t.Helper()
	return pairedTo(t, bridgetest.NewHost(t), pairs...)
}

// pairedTo is paired with a gateway that is there already.
func pairedTo(t *testing.T, h *bridgetest.Host, pairs ...string) *rig {
	t.Helper()
	r := &rig{T: t, server: whatsapptest.New(t), host: h, pairs: pairs}
	if err := whatsapptest.Trust(r.server.Root()); err != nil {
		t.Fatal(err)
	}
	r.host.SetNow(time.Now())
	r.phone = r.server.Phone(ourNumber, whatsapptest.Business("The Bicycle Shop"))
	r.ana = r.server.Contact(anaNumber, whatsapptest.Named("Ana"))
	r.open()
	r.pair()
	return r
}

func (r *rig) open() {
	r.Helper()
	r.link = openLink(r, r.host, append(slices.Clone(r.pairs), keyServer, r.server.Address())...)
}

// pair links the channel to the phone.
func (r *rig) pair() {
	r.Helper()
	device, err := devices{host: r.host, log: log{r.host.Log()}}.fresh(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	c := whatsmeow.NewClient(device, nil)
	c.SetPreLoginHTTPClient(r.server.Client())
	c.DisableLoginAutoReconnect = true
	codes, over := make(chan string, 1), make(chan struct{})
	c.AddEventHandler(func(evt any) {
		switch e := evt.(type) {
		case *events.QR:
			codes <- e.Codes[0]
		case *events.ManualLoginReconnect:
			close(over)
		}
	})
	if err := c.Connect(); err != nil {
		r.Fatal(err)
	}
	defer c.Disconnect()
	if err := r.phone.Scan(<-codes); err != nil {
		r.Fatal(err)
	}
	<-over
}

// run runs the session until the test is over, or halted.
func (r *rig) run() {
	r.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	done := make(chan struct{})
	l := r.link
	go func() { defer close(done); _ = l.Run(ctx) }()
	r.stop = func() {
		<-time.After(quietFor)
		cancel()
		select {
		case <-done:
		case <-time.After(patience):
			r.Error("the session does not end")
		}
		_ = l.Close()
	}
	r.Cleanup(func() { r.stop() })
}

// restart ends the session as the end of a process does, and begins another one on what it kept.
func (r *rig) restart() {
	r.Helper()
	r.stop()
	r.open()
	r.run()
	r.wait("the session is up again", r.up)
}

func (r *rig) up() bool {
	_, err := r.link.ready()
	return err == nil
}

func (r *rig) wait(what string, so func() bool) {
	r.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			r.Fatalf("waited in vain until %s; health %+v\n%+v\n%s", what, r.host.Healths(), r.host.Events(), r.host.Logged())
		}
	}
}

// event waits for an event.
func (r *rig) event(what string, is func(e core.Event) bool) core.Event {
	r.Helper()
	var found core.Event
	r.wait(what, func() bool {
		for _, e := range r.host.Events() {
			if is(e) {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

// message waits for a message with a text.
func (r *rig) message(text string) core.Event {
	r.Helper()
	return r.event("the message "+text+" is stored", func(e core.Event) bool { return e.Kind == core.EventMessage && e.Message.Content.Text == text })
}

// count counts the messages with a text.
func (r *rig) count(text string) int {
	n := 0
	for _, e := range r.host.Events() {
		if e.Kind == core.EventMessage && e.Message.Content.Text == text {
			n++
		}
	}
	return n
}

// health waits until the channel's health has a code.
func (r *rig) health(code string) core.Health {
	r.Helper()
	var last core.Health
	r.wait("its health is "+code, func() bool {
		if all := r.host.Healths(); len(all) > 0 {
			last = all[len(all)-1]
		}
		return last.Code == code
	})
	return last
}

// send sends to Ana.
func (r *rig) send(key core.PartID, c core.Content) (core.Sent, error) {
	return r.link.Send(r.Context(), core.Outgoing{Key: key, To: []core.IdentityKey{{Scheme: core.SchemeLID, Value: r.ana.LID().User}}, Content: c})
}

func words(s string) core.Content { return core.Content{Kind: core.KindText, Text: s} }
