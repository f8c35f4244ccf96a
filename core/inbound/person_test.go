package inbound_test

import (
	"slices"
	"testing"
	"time"

	"causeway/core"
)

func TestFlipToUserID(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "by number", phone(grace), bsuid("GB.1")))
		w.accept(w.said(id(2), "by id only", bsuid("GB.1")))
		conv := w.only()
		equal(w, "contacts", len(w.contacts()), 1)
		equal(w, "texts", w.texts(conv.ID), "by number|by id only")
		if w.message(id(1)).Identity == w.message(id(2)).Identity {
			t.Error("the second message came through the same identity")
		}
	})
}

func TestIdentityKeysMeet(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "by number"))
		w.pass(time.Minute)
		w.accept(w.said(id(2), "by id", bsuid("GB.1")))
		equal(w, "strangers", len(w.contacts()), 2)
		w.pass(time.Minute)
		w.accept(w.said(id(3), "by both", bsuid("GB.1"), phone(grace)))
		equal(w, "contacts", len(w.contacts()), 1)
		open := 0
		for _, c := range w.conversations() {
			equal(w, "contact of conversation", c.Contact, w.contacts()[0].ID)
			if c.State == core.ConversationOpen {
				open++
				equal(w, "goes on in", w.texts(c.ID), "by id|by both")
			} else {
				equal(w, "history of the other", w.history(c.ID), "opened closed contact-merged")
			}
		}
		equal(w, "open", open, 1)
		equal(w, "dead letters", len(w.dead()), 0)
	})
}

func TestNumberVariants(t *testing.T) {
	for _, c := range []struct {
		name, first, second string
		one                 bool
	}{
		{"brazil with the ninth digit", "551187654321", "5511987654321", true},
		{"brazil without it", "5511987654321", "551187654321", true},
		{"land line in brazil", "551132654321", "5511932654321", false},
		{"mexico", "525512345678", "5215512345678", true},
		{"argentina", "541123456789", "5491123456789", true},
		{"others", "447700900123", "447700900124", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(w *world) {
				w.accept(w.said(id(1), "x", phone(c.first)), w.said(id(2), "y", phone(c.second)))
				equal(w, "one contact", len(w.contacts()) == 1, c.one)
				keys, err := w.repo.Identities(w.Context(), []core.IdentityKey{phone(c.first), phone(c.second)})
				w.must(err)
				equal(w, "both as they were written", len(keys), 2)
			})
		})
	}
}

func TestUserNameChangesHands(t *testing.T) {
	name := core.IdentityKey{Scheme: core.SchemeUsername, Value: "shopper"}
	each(t, func(w *world) {
		w.accept(w.said(id(1), "x", name, phone("1"))) // first, and yet nobody to be answered
		w.accept(w.said(id(2), "y", phone("2"), name))
		equal(w, "two people", len(w.contacts()), 2)
		keys, err := w.repo.Identities(w.Context(), []core.IdentityKey{name, phone("1"), phone("2")})
		w.must(err)
		equal(w, "owner", keys[0].Contact, keys[2].Contact)
		equal(w, "answer to the first", w.message(id(1)).Identity, keys[1].ID)
		equal(w, "answer to the second", w.message(id(2)).Identity, keys[2].ID)
	})
}

func TestNobodyToAnswer(t *testing.T) {
	each(t, func(w *world) {
		nobody := w.said(id(1), "x")
		nobody.Peer = core.Peer{Identities: []core.IdentityKey{{Scheme: core.SchemeUsername, Value: "x"}}}
		w.accept(nobody, w.said(id(2), "neighbour"))
		equal(w, "dead letters", len(w.dead()), 1)
		equal(w, "neighbour", w.texts(w.only().ID), "neighbour")
	})
}

func changed(w *world, id string, from, to []core.IdentityKey) core.Event {
	return core.Event{Kind: core.EventIdentity, ID: id, At: w.clock, Origin: core.OriginCustomer, Peer: core.Peer{Identities: from},
		Identity: &core.IdentityBody{Old: from, New: to, Note: "The contact has a new number."}}
}

func TestNumberChange(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		conv := w.only()
		w.jobs()
		w.accept(changed(w, "c1", []core.IdentityKey{phone(grace)}, []core.IdentityKey{phone("2")}))
		keys, err := w.repo.IdentitiesOf(w.Context(), conv.Contact)
		w.must(err)
		equal(w, "identities", len(keys), 2)
		equal(w, "source", keys[1].Source, core.SourceChanged)
		equal(w, "history", w.history(conv.ID), "opened identity-changed")
		equal(w, "jobs", w.jobs(), "notify")
		w.accept(w.said(id(2), "from the new one", phone("2")))
		equal(w, "same conversation", w.texts(conv.ID), "Hello|from the new one")
	})
}

// The new number wrote before we were told: the two were two people, and become one, with the old one's history.
func TestNumberChangeMerges(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "old"))
		old := w.only()
		w.accept(w.said(id(2), "new", phone("2")))
		w.accept(changed(w, "c1", []core.IdentityKey{phone(grace)}, []core.IdentityKey{phone("2")}))
		all := w.contacts()
		equal(w, "contacts", len(all), 1)
		equal(w, "who stays", all[0].ID, old.Contact)
	})
}

func TestNumberChangeOfStranger(t *testing.T) {
	each(t, func(w *world) {
		w.accept(changed(w, "c1", []core.IdentityKey{phone(grace)}, []core.IdentityKey{phone("2")}))
		equal(w, "contacts", len(w.contacts()), 1)
		equal(w, "conversations", len(w.conversations()), 0)
		equal(w, "jobs", w.jobs(), "")
	})
}

// Somebody without a name is asked for once a conversation; who has one, not at all.
func TestStrangerIsAskedFor(t *testing.T) {
	each(t, func(w *world) {
		stranger := w.said(id(1), "Hello")
		stranger.Peer.Name = ""
		w.accept(stranger)
		equal(w, "jobs", w.jobs(), "notify profile")
		again := w.said(id(2), "Hello?")
		again.Peer.Name = ""
		w.accept(again, w.said(id(3), "I am Ada", phone("2")))
		equal(w, "known, or asked already", w.jobs(), "notify notify")
	})
}

// TestLanguageOfPeer: the language that a channel tells is the contact's, unless another one is known.
func TestLanguageOfPeer(t *testing.T) {
	each(t, func(w *world) {
		says := func(id, language string) {
			e := w.said(id, "hello")
			e.Peer.Language = language
			w.accept(e)
		}
		is := func(want string) {
			t.Helper()
			if c := w.contacts(); len(c) != 1 || c[0].Language != want {
				t.Errorf("contacts %+v, want one that speaks %q", c, want)
			}
		}
		says("m1", "")
		is("")
		says("m2", "ar")
		is("ar")
		says("m3", "de")
		is("ar")
		w.accept(w.said("m4", "hi", phone("447700900999")))
		other := w.said("m5", "hi", phone("447700900888"))
		other.Peer.Language = "ru"
		w.accept(other)
		if c := w.contacts(); len(c) != 3 || !slices.ContainsFunc(c, func(c core.Contact) bool { return c.Language == "ru" }) {
			t.Errorf("contacts %+v, want a new one that speaks Russian", c)
		}
	})
}
