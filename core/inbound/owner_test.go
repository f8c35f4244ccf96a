package inbound_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/adapters/gormstore/freshstore"
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

// TestNumberWrittenOtherwise: a number that is new but for a ninth digit leads to who was known by it, also where it comes with an id that leads to
// somebody already; an account outweighs it as it does one that is written the same.
func TestNumberWrittenOtherwise(t *testing.T) {
	with, without := phone("5511987654321"), phone("551187654321")
	for name, c := range map[string]struct {
		before func(w *world)
		meet   func(w *world)
		people int
	}{
		"with a hidden address": {
			before: func(w *world) { w.accept(w.said(id(2), "by the hidden one", lid("1"))) },
			meet:   func(w *world) { w.accept(w.said(id(3), "by both", lid("1"), with)) }, people: 1},
		"with a receipt": {
			before: func(w *world) {
				w.accept(w.said(id(2), "by the id", bsuid("BR.1")))
				w.sent(w.conversations()[0], "answer", id(4), core.StatusSent)
			},
			meet: func(w *world) {
				e := w.receipt(id(4), core.StatusDelivered)
				e.Receipt.Learned = []core.IdentityKey{bsuid("BR.1"), with}
				w.accept(e)
			}, people: 1},
		"of another account": {
			before: func(w *world) {
				w.accept(w.said(id(5), "mine", lid("2"), without))
				w.accept(w.said(id(2), "by the hidden one", lid("1")))
			},
			meet: func(w *world) { w.accept(w.said(id(3), "by both", lid("1"), with)) }, people: 2},
		"of a new account, soon": {
			before: func(w *world) { w.accept(w.said(id(5), "mine", lid("2"), without)) },
			meet:   func(w *world) { w.accept(w.said(id(3), "a new phone", lid("1"), with)) }, people: 1},
		"of a new account, much later": {
			before: func(w *world) { w.accept(w.said(id(5), "mine", lid("2"), without)); w.pass(200 * day) },
			meet:   func(w *world) { w.accept(w.said(id(3), "somebody else", lid("1"), with)) }, people: 2},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.accept(w.said(id(1), "by the number", without))
				w.pass(time.Minute)
				c.before(w)
				w.pass(time.Minute)
				c.meet(w)
				equal(w, "people", len(w.contacts()), c.people)
				equal(w, "dead letters", len(w.dead()), 0)
				if c.people == 1 {
					equal(w, "whose the number was", w.ownerOf(without), w.ownerOf(with))
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

// undo undoes the newest merge of a contact that was not undone.
func (w *world) undo(id core.ContactID) core.Merge {
	w.Helper()
	all, err := w.repo.MergesOf(w.Context(), id)
	w.must(err)
	i := slices.IndexFunc(all, func(m core.Merge) bool { return m.Undone.IsZero() })
	if i < 0 {
		w.Fatal("there is no merge to undo")
	}
	w.must(w.store.Tx(w.Context(), func(tx core.Tx) error { return core.UndoMerge(w.Context(), tx.In(w.ws), all[i].ID, w.clock) }))
	return all[i]
}

// TestMergeUndoneStays: two contacts whose merge somebody has undone are not merged again by the next message that names both, nor by one that comes by
// both sides, nor by the command; by a person they are.
func TestMergeUndoneStays(t *testing.T) {
	each(t, func(w *world) {
		p := newPair(w)
		p.accept(p.said("a1", "by number", phone(grace)))
		w.pass(time.Minute)
		p.accept(p.said("a2", "by id", bsuid("GB.1")))
		w.pass(time.Minute)
		p.accept(p.said("a3", "by both", phone(grace), bsuid("GB.1")))
		equal(w, "one", len(w.contacts()), 1)
		w.undo(w.contacts()[0].ID)
		equal(w, "two again", len(w.contacts()), 2)
		number, account := w.ownerOf(phone(grace)), w.ownerOf(bsuid("GB.1"))
		if number == account {
			t.Fatal("they are one still")
		}
		w.pass(time.Minute)
		p.accept(p.said("a4", "by both again", phone(grace), bsuid("GB.1")))
		e := p.said("a5", "by the API", phone(grace))
		e.Message.Stanza = "3EB0SAME"
		p.accept(e)
		e = p.said("1@lid/in/3EB0SAME", "by the API", bsuid("GB.1"))
		e.Message.Stanza = "3EB0SAME"
		p.by(p.device, e)
		equal(w, "still two", len(w.contacts()), 2)
		equal(w, "who keeps the number", w.ownerOf(phone(grace)), number)
		equal(w, "who keeps the id", w.ownerOf(bsuid("GB.1")), account)
		equal(w, "dead letters", len(w.dead()), 0)
		w.must(w.store.Tx(w.Context(), func(tx core.Tx) error {
			_, err := core.MergeContacts(w.Context(), tx.In(w.ws), tx.Enqueue, number, account, "they are one", w.clock)
			return err
		}))
		equal(w, "one by a person's word", len(w.contacts()), 1)
	})
}

// TestSightings: a person is seen by a number, a LID, a user id and a name, some of them together, by both sides of a number, in any order and again: it
// is one contact with one open conversation and all that was said. When the merges are undone, in their order backwards, after more was said, nothing is
// lost, and nobody has two open conversations.
func TestSightings(t *testing.T) {
	name := core.IdentityKey{Scheme: core.SchemeUsername, Value: "grace.m"}
	seen := []struct {
		device bool
		keys   []core.IdentityKey
	}{
		{false, []core.IdentityKey{phone(grace)}}, {false, []core.IdentityKey{bsuid("GB.1")}}, {false, []core.IdentityKey{bsuid("GB.1"), name}},
		{false, []core.IdentityKey{phone(grace), bsuid("GB.1")}}, {true, []core.IdentityKey{lid("1")}}, {true, []core.IdentityKey{lid("1"), phone(grace)}},
		{true, []core.IdentityKey{phone(grace)}},
	}
	keys := []core.IdentityKey{phone(grace), bsuid("GB.1"), lid("1"), name}
	r := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same orders each time
	for run := range 25 {
		s, q := freshstore.SQLite(t, nil)
		one := newWorld(t, s, q)
		p := newPair(one)
		order := append(r.Perm(len(seen)), r.IntN(len(seen)), r.IntN(len(seen)))
		said := map[string]bool{}
		for _, n := range order {
			one.pass(time.Minute)
			ch, id := one.ch, fmt.Sprintf("s%d", n)
			if seen[n].device {
				ch, id = p.device, "1@lid/in/"+id
			}
			said[id] = true
			p.by(ch, one.said(id, id, seen[n].keys...))
		}
		if n := len(one.contacts()); n != 1 {
			t.Fatalf("run %d, order %v: %d contacts", run, order, n)
		}
		one.whole(fmt.Sprintf("run %d, order %v", run, order), keys, len(said))
		for len(one.merged()) > 0 {
			one.undoNewest()
			one.pass(time.Minute)
			one.accept(one.said(fmt.Sprintf("later %d", len(said)), "and more", phone(grace)))
			said[fmt.Sprintf("later %d", len(said))] = true
			one.whole(fmt.Sprintf("run %d, order %v, undone to %d merges", run, order, len(one.merged())), keys, len(said))
		}
	}
}

// merged are the merges that stand, newest first.
func (w *world) merged() []core.Merge {
	w.Helper()
	var all []core.Merge
	people, err := w.repo.Contacts(w.Context(), core.Page{Limit: 200})
	w.must(err)
	for _, c := range people {
		some, err := w.repo.MergesOf(w.Context(), c.ID)
		w.must(err)
		for _, m := range some {
			if m.Undone.IsZero() && !slices.ContainsFunc(all, func(x core.Merge) bool { return x.ID == m.ID }) {
				all = append(all, m)
			}
		}
	}
	slices.SortFunc(all, func(a, b core.Merge) int { return strings.Compare(b.ID, a.ID) })
	return all
}

func (w *world) undoNewest() {
	w.Helper()
	id := w.merged()[0].ID
	w.must(w.store.Tx(w.Context(), func(tx core.Tx) error { return core.UndoMerge(w.Context(), tx.In(w.ws), id, w.clock) }))
}

// whole fails unless every key is somebody's who is not part of another, nobody has two open conversations, and so much was said in all.
func (w *world) whole(what string, keys []core.IdentityKey, said int) {
	w.Helper()
	for _, k := range keys {
		c, err := w.repo.Contact(w.Context(), w.ownerOf(k))
		w.must(err)
		if c.MergedInto != "" {
			w.Errorf("%s: %s is of a contact that is part of another", what, k.Value)
		}
	}
	n := 0
	for _, c := range w.contacts() {
		open := 0
		conversations, err := w.repo.ConversationsOf(w.Context(), c.ID)
		w.must(err)
		for _, conv := range conversations {
			if conv.State == core.ConversationOpen {
				open++
			}
			all, _, err := core.Timeline(w.Context(), w.repo, conv.ID, core.Bookmark{}, 200)
			w.must(err)
			n += len(all)
		}
		if open > 1 {
			w.Errorf("%s: %d open conversations of one contact", what, open)
		}
	}
	if n != said {
		w.Errorf("%s: %d messages, want %d", what, n, said)
	}
	equal(w, what+": dead letters", len(w.dead()), 0)
}
