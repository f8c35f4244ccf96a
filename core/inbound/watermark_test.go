package inbound_test

import (
	"testing"
	"time"

	"causeway/core"
)

// mark says that all up to a time was read.
func (w *world) mark(until time.Time, s core.Status) core.Event {
	e := w.receipt("mark-"+until.String(), s)
	e.Receipt.Provider, e.Receipt.Until = "", until
	e.Peer = core.Peer{Identities: []core.IdentityKey{phone(grace)}}
	return e
}

// answered stores an answer sent now.
func (w *world) answered(provider string, s core.Status) core.PartID {
	p := w.sent(w.only(), "answer "+provider, provider, s)
	p.Sent = w.clock
	w.must(w.repo.SetPart(w.Context(), p))
	return p.ID
}

func TestReadUpToAMark(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		first := w.answered(id(2), core.StatusSent)
		failed := w.answered(id(3), core.StatusFailed)
		w.pass(time.Minute)
		second := w.answered(id(4), core.StatusSent)
		marked := w.clock.Add(-time.Second) // the provider's time of the message is before ours
		w.pass(time.Hour)
		third := w.answered(id(5), core.StatusSent)
		w.accept(w.mark(marked, core.StatusDelivered), w.mark(marked, core.StatusRead), w.mark(marked.Add(-time.Hour), core.StatusRead))
		for _, c := range []struct {
			name string
			part core.PartID
			want core.Status
		}{{"before the mark", first, core.StatusRead}, {"at the mark", second, core.StatusRead}, {"after it", third, core.StatusSent}, {"failed", failed, core.StatusFailed}} {
			equal(w, c.name, w.part(c.part).Status, c.want)
		}
		equal(w, "what the customer said", w.message(id(1)).Status, core.StatusReceived)
		equal(w, "message", w.message(id(4)).Status, core.StatusRead)
	})
}

func TestMarkWithItsMessage(t *testing.T) {
	lite(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		first := w.answered(id(2), core.StatusSent)
		e := w.mark(w.clock, core.StatusRead)
		e.Receipt.Provider = id(3) // which is not here yet
		w.accept(e)
		equal(w, "earlier one", w.part(first).Status, core.StatusRead)
		second := w.answered(id(3), core.StatusSent)
		w.must(w.store.Tx(w.Context(), func(tx core.Tx) error { return w.in.Arrived(w.Context(), tx, w.ch, id(3)) }))
		equal(w, "its own", w.part(second).Status, core.StatusRead)
	})
}

func TestMarkOfAStranger(t *testing.T) {
	lite(t, func(w *world) {
		w.accept(w.mark(w.clock, core.StatusRead))
		equal(w, "dead letters", len(w.dead()), 0)
	})
}

// TestReactionThatOpens: where the provider says so, a reaction opens the window; no other does.
func TestReactionThatOpens(t *testing.T) {
	lite(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		start := w.clock
		w.pass(time.Hour)
		w.accept(w.reaction("r1", id(1), "👍"))
		at(w, "after a mere reaction", w.window().Last, start)
		e := w.reaction("r2", id(1), "❤")
		e.Opens = true
		w.accept(e)
		at(w, "after one that opens", w.window().Last, w.clock)
		w.pass(time.Hour)
		e = w.reaction("r3", id(1), "❤")
		e.Opens, e.Origin = true, core.OriginDevice
		w.accept(e)
		at(w, "after our own", w.window().Last, w.clock.Add(-time.Hour))
	})
}

// TestEchoOfEitherSide: where the provider does not tell whose an echo is, it is ours if it says what is being sent just now, else a person's.
func TestEchoOfEitherSide(t *testing.T) {
	lite(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		p := w.sent(w.only(), "Until six.", "", core.StatusSending)
		other := w.echo(id(2), "I am on the phone.")
		other.Origin = core.OriginBusiness
		own := w.echo(id(3), "Until six.")
		own.Origin = core.OriginBusiness
		w.accept(other)
		equal(w, "author", w.message(id(2)).Author.Kind, core.AuthorPhone)
		equal(w, "still open", w.part(p.ID).Status, core.StatusSending)
		w.accept(own)
		equal(w, "known as sent", w.part(p.ID).Status, core.StatusSent)
		equal(w, "messages", len(w.messages(w.only().ID)), 3)
	})
}
