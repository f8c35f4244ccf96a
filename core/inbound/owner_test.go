package inbound_test

import (
	"strings"
	"testing"
	"time"

	"causeway/core"
)

func lid(n string) core.IdentityKey { return core.IdentityKey{Scheme: core.SchemeLID, Value: n} }

const day = 24 * time.Hour

// ownerOf is the contact that an identity is of.
func (w *world) ownerOf(k core.IdentityKey) core.ContactID {
	w.Helper()
	return w.identity(k).Contact
}

func (w *world) identity(k core.IdentityKey) core.Identity {
	w.Helper()
	known, err := w.repo.Identities(w.Context(), []core.IdentityKey{k})
	w.must(err)
	if len(known) != 1 {
		w.Fatalf("%+v is known %d times", k, len(known))
	}
	return known[0]
}

// TestReusedNumber: a number that shows up with an account that nobody knew is its contact's for 90 days after they were heard of, and then somebody
// else's; one that shows up with a known account is that account's at once.
func TestReusedNumber(t *testing.T) {
	for name, c := range map[string]struct {
		silence time.Duration
		known   bool // the other account wrote before, by its id alone
		reused  bool
	}{
		"heard of lately":         {silence: 89 * day},
		"not for 90 days":         {silence: 90 * day, reused: true},
		"not for a year":          {silence: 365 * day, reused: true},
		"a known account at once": {silence: time.Hour, known: true, reused: true},
	} {
		t.Run(name, func(t *testing.T) {
			lite(t, func(w *world) {
				w.accept(w.said(id(1), "it is me", lid("1"), phone(grace)))
				if c.known {
					w.accept(w.said(id(9), "I have no number", lid("2")))
				}
				before := w.ownerOf(phone(grace))
				w.pass(c.silence)
				w.accept(w.said(id(2), "and me", lid("2"), phone(grace)))
				equal(w, "the number has changed hands", w.ownerOf(phone(grace)) != before, c.reused)
				equal(w, "is the new account's", w.ownerOf(phone(grace)), w.ownerOf(lid("2")))
				equal(w, "the old account stays", w.ownerOf(lid("1")), before)
				equal(w, "whose message it is", w.message(id(2)).Contact, w.ownerOf(lid("2")))
				conv := w.message(id(1)).Conversation
				code := "identity-changed"
				if c.reused {
					code = "number-reused"
				}
				if !strings.Contains(w.history(conv), code) {
					t.Errorf("the old conversation does not tell of it: %s", w.history(conv))
				}
			})
		})
	}
}

// TestReusedNumberElsewhere: who wrote lately on another channel is heard of.
func TestReusedNumberElsewhere(t *testing.T) {
	each(t, func(w *world) {
		p := newPair(w)
		p.by(p.device, p.said("d1", "first by the device", lid("1"), phone(grace)))
		w.pass(80 * day)
		w.accept(w.said("a1", "then by the API alone", phone(grace)))
		w.pass(80 * day)
		p.by(p.device, p.said("d2", "a new account", lid("2"), phone(grace)))
		equal(w, "contacts", len(w.contacts()), 1)
		equal(w, "one person", w.ownerOf(lid("2")), w.ownerOf(lid("1")))
	})
}

// TestHandOverUndone: a number that was handed over is recorded as such, and can be given back.
func TestHandOverUndone(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "it is me", lid("1"), phone(grace)))
		before := w.ownerOf(phone(grace))
		w.pass(100 * day)
		w.accept(w.said(id(2), "and me", lid("2"), phone(grace)))
		after := w.ownerOf(phone(grace))
		all, err := w.repo.MergesOf(w.Context(), after)
		w.must(err)
		if len(all) != 1 || all[0].From != before || all[0].Into != after || !strings.Contains(all[0].Reason, grace) || !strings.Contains(all[0].Reason, "message/"+id(2)) {
			w.Fatalf("recorded: %+v", all)
		}
		equal(w, "strangers", len(w.contacts()), 2)
		w.must(w.store.Tx(w.Context(), func(tx core.Tx) error {
			return core.UndoMerge(w.Context(), tx.In(w.ws), all[0].ID, w.clock)
		}))
		equal(w, "given back", w.ownerOf(phone(grace)), before)
		equal(w, "their account", w.ownerOf(lid("2")), after)
		equal(w, "still strangers", len(w.contacts()), 2)
	})
}

// TestHiddenIDsMeet: who is known by a user id alone and by a LID alone is one person as soon as one event, or one message that came by both sides, says
// so; each identity tells which event named it first.
func TestHiddenIDsMeet(t *testing.T) {
	for name, meet := range map[string]func(p *pair){
		"by a number": func(p *pair) {
			p.accept(p.said("a2", "with a number", bsuid("GB.1"), phone(grace)))
			p.by(p.device, p.said("d2", "with a number, too", lid("1"), phone(grace)))
		},
		"by a number, the device first": func(p *pair) {
			p.by(p.device, p.said("d2", "with a number", lid("1"), phone(grace)))
			p.accept(p.said("a2", "with a number, too", bsuid("GB.1"), phone(grace)))
		},
		"by one message": func(p *pair) {
			e := p.said("wamid.both", "the same words", bsuid("GB.1"))
			e.Message.Stanza = "3EB0BOTH"
			p.accept(e)
			e = p.said("1@lid/in/3EB0BOTH", "the same *words*", lid("1"))
			e.Message.Stanza = "3EB0BOTH"
			p.by(p.device, e)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				p := newPair(w)
				p.accept(p.said("a1", "by user id", bsuid("GB.1")))
				w.pass(time.Minute)
				p.by(p.device, p.said("d1", "by hidden address", lid("1")))
				equal(w, "strangers", len(w.contacts()), 2)
				w.pass(time.Minute)
				meet(p)
				equal(w, "contacts", len(w.contacts()), 1)
				equal(w, "one person", w.ownerOf(bsuid("GB.1")), w.ownerOf(lid("1")))
				for k, from := range map[core.IdentityKey]core.Identity{bsuid("GB.1"): {Source: w.ch.Kind, Channel: w.ch.ID, Event: "message/a1"},
					lid("1"): {Source: p.device.Kind, Channel: p.device.ID, Event: "message/d1"}} {
					if i := w.identity(k); i.Source != from.Source || i.Channel != from.Channel || i.Event != from.Event || i.Seen.IsZero() {
						t.Errorf("%s: told by %s, %s, %s", k.Value, i.Source, i.Channel, i.Event)
					}
				}
				all, err := w.repo.MergesOf(w.Context(), w.contacts()[0].ID)
				w.must(err)
				if len(all) != 1 || all[0].Reason == "" {
					t.Errorf("recorded: %+v", all)
				}
				equal(w, "dead letters", len(w.dead()), 0)
			})
		})
	}
}
