package storetest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"causeway/core"
)

func contacts(w *world) {
	var want []core.Contact
	for i := range 5 {
		want = append([]core.Contact{w.contact(fmt.Sprint("person ", i))}, want...)
	}
	c := &want[0]
	c.Name, c.Language, c.OptedOut, c.MarketingStop, c.Blocked, c.MergedInto = "Dora", "pt-BR", true, true, true, want[1].ID
	w.must(w.repo.SetContact(w.Context(), *c))
	got, err := w.repo.Contact(w.Context(), c.ID)
	same(w, "SetContact", got, *c, err)
	c.Name, c.OptedOut, c.MarketingStop, c.Blocked, c.MergedInto = "", false, false, false, ""
	w.must(w.repo.SetContact(w.Context(), *c))
	got, err = w.repo.Contact(w.Context(), c.ID)
	same(w, "set back to nothing", got, *c, err)
	all := pages(w, 2, func(p core.Page) ([]core.Contact, error) { return w.repo.Contacts(w.Context(), p) }, func(c core.Contact) string { return string(c.ID) })
	same(w, "Contacts", all, want, nil)
	missing(w, "SetContact", w.repo.SetContact(w.Context(), core.Contact{ID: "none"}))
	_, err = w.repo.Contact(w.Context(), "none")
	missing(w, "Contact", err)
	duplicate(w, "AddContact", w.repo.AddContact(w.Context(), want[0]))
}

func identities(w *world) {
	c := w.contact("Eve")
	phone := w.identity(c.ID, "491701")
	lid := core.Identity{ID: "i2", Contact: c.ID, Key: core.IdentityKey{Scheme: core.SchemeLID, Value: "491701"}, Source: "x", Seen: noon.UTC()}
	page := core.Identity{ID: "i3", Contact: c.ID, Key: core.IdentityKey{Scheme: core.SchemeLID, Scope: "page", Value: "491701"}, Source: "x", Seen: noon.UTC()}
	for _, i := range []core.Identity{lid, page} {
		if won, err := w.repo.AddIdentity(w.Context(), i); err != nil || !won {
			w.Fatalf("%v: %v, %v", i.Key, won, err)
		}
	}
	unknown := core.IdentityKey{Scheme: core.SchemeEmail, Value: "491701"}
	got, err := w.repo.Identities(w.Context(), []core.IdentityKey{page.Key, unknown, phone.Key, lid.Key, phone.Key})
	same(w, "Identities", got, []core.Identity{page, phone, lid}, err)
	got, err = w.repo.Identities(w.Context(), nil)
	if err != nil || len(got) > 0 {
		w.Errorf("no keys: %v, %v", got, err)
	}
	again := phone
	again.ID, again.Contact = "i4", w.contact("Fay").ID
	if won, err := w.repo.AddIdentity(w.Context(), again); err != nil || won {
		w.Errorf("a known key: won %v, %v", won, err)
	}
	all, err := w.repo.IdentitiesOf(w.Context(), c.ID)
	slices.SortFunc(all, func(a, b core.Identity) int { return len(a.ID) - len(b.ID) })
	if err != nil || len(all) != 3 {
		w.Errorf("IdentitiesOf: %v, %v", all, err)
	}
}

// identityRace makes the same person in 50 transactions, as inbound does. The losers of the race see the winner's.
func identityRace(w *world) {
	key := core.IdentityKey{Scheme: core.SchemePhone, Value: "49170"}
	var winners atomic.Int32
	each(50, func(i int) {
		err := w.store.Tx(w.Context(), func(tx core.Tx) error {
			repo := tx.In(w.ws)
			c := core.Contact{ID: core.NewID[core.ContactID](), Name: fmt.Sprint(i)}
			err := tx.Try(w.Context(), func() error {
				if err := repo.AddContact(w.Context(), c); err != nil {
					return err
				}
				won, err := repo.AddIdentity(w.Context(), core.Identity{ID: core.NewID[core.IdentityID](), Contact: c.ID, Key: key})
				if err == nil && !won {
					err = errOnPurpose
				}
				return err
			})
			found, findErr := repo.Identities(w.Context(), []core.IdentityKey{key})
			if findErr != nil || len(found) != 1 {
				return fmt.Errorf("the identity is not seen: %v, %w", found, findErr)
			}
			if err == nil {
				winners.Add(1)
			}
			return nil
		})
		if err != nil {
			w.Error(err)
		}
	})
	all, err := w.repo.Contacts(w.Context(), core.Page{})
	if err != nil || len(all) != 1 || winners.Load() != 1 {
		w.Errorf("%d contacts, %d winners, %v", len(all), winners.Load(), err)
	}
}

func moves(w *world) {
	a, b := w.contact("a"), w.contact("b")
	i := w.identity(a.ID, "1")
	conv := w.conversation(a.ID)
	m := w.add(w.message(conv, "x", ""))
	w.must(w.repo.MoveIdentities(w.Context(), []core.IdentityID{i.ID}, b.ID))
	w.must(w.repo.MoveConversations(w.Context(), []core.ConversationID{conv.ID}, b.ID))
	ids, err := w.repo.IdentitiesOf(w.Context(), b.ID)
	if err != nil || len(ids) != 1 || ids[0].ID != i.ID {
		w.Errorf("IdentitiesOf: %v, %v", ids, err)
	}
	got, err := w.repo.OpenConversation(w.Context(), b.ID)
	same(w, "OpenConversation", got.ID, conv.ID, err)
	moved, err := w.repo.Message(w.Context(), m.ID)
	same(w, "the message's contact", moved.Contact, b.ID, err)
	w.conversation(a.ID)
	duplicate(w, "a second open conversation", w.repo.MoveConversations(w.Context(), []core.ConversationID{conv.ID}, a.ID))
	missing(w, "MoveIdentities", w.repo.MoveIdentities(w.Context(), []core.IdentityID{i.ID, "none"}, a.ID))
	missing(w, "to nobody", w.repo.MoveIdentities(w.Context(), []core.IdentityID{i.ID}, "none"))
	if ids, err = w.repo.IdentitiesOf(w.Context(), b.ID); err != nil || len(ids) != 1 {
		w.Errorf("a failed move moved something: %v, %v", ids, err)
	}
	w.must(w.repo.MoveIdentities(w.Context(), nil, a.ID))
	w.must(w.repo.MoveConversations(w.Context(), nil, a.ID))
}

func merges(w *world) {
	a, b := w.contact("a"), w.contact("b")
	w.identity(a.ID, "1")
	w.identity(b.ID, "2")
	w.conversation(a.ID)
	theirs := w.conversation(b.ID)
	w.must(w.repo.AddPurchase(w.Context(), core.Purchase{ID: "tea", Conversation: theirs.ID, Contact: b.ID, State: "new", Created: noon, Changed: noon}))
	_, err := w.repo.AddSurvey(w.Context(), core.SurveyAnswer{Conversation: theirs.ID, Contact: b.ID, Asked: noon.UTC()})
	w.must(err)
	whose := func(what string, id, other core.ContactID) {
		w.Helper()
		orders, err := w.repo.Purchases(w.Context(), id, core.Page{})
		same(w, "orders of "+what, len(orders), 1, err)
		asked, err := w.repo.Survey(w.Context(), id)
		same(w, "survey of "+what, asked.Conversation, theirs.ID, err)
		orders, err = w.repo.Purchases(w.Context(), other, core.Page{})
		same(w, "orders of the other", len(orders), 0, err)
		_, err = w.repo.Survey(w.Context(), other)
		missing(w, "survey of the other", err)
	}
	whose("the one", b.ID, a.ID)
	var m core.Merge
	w.tx(func(tx core.Tx, repo core.Repo) (err error) {
		m, err = core.MergeContacts(w.Context(), repo, tx.Enqueue, a.ID, b.ID, "same person", noon.UTC())
		return err
	})
	got, err := w.repo.Merge(w.Context(), m.ID)
	same(w, "Merge", got, m, err)
	of, err := w.repo.MergesOf(w.Context(), b.ID)
	same(w, "MergesOf", of, []core.Merge{m}, err)
	whose("both", a.ID, b.ID)
	all, err := w.repo.ConversationsOf(w.Context(), a.ID)
	if err != nil || len(all) != 2 || all[0].ID != theirs.ID || all[0].State != core.ConversationClosed {
		w.Errorf("ConversationsOf: %v, %v", all, err)
	}
	w.tx(func(_ core.Tx, repo core.Repo) error {
		return core.UndoMerge(w.Context(), repo, m.ID, noon.Add(time.Hour))
	})
	whose("the one again", b.ID, a.ID)
	m.Undone = noon.Add(time.Hour).UTC()
	got, err = w.repo.Merge(w.Context(), m.ID)
	same(w, "undone", got, m, err)
	ids, err := w.repo.IdentitiesOf(w.Context(), b.ID)
	if err != nil || len(ids) != 1 || ids[0].Key.Value != "2" {
		w.Errorf("identities given back: %v, %v", ids, err)
	}
	_, err = w.repo.Merge(w.Context(), "none")
	missing(w, "Merge", err)
	missing(w, "SetMergeUndone", w.repo.SetMergeUndone(w.Context(), "none", noon))
}

func windows(w *world) {
	c := w.contact("a")
	one, two := w.identity(c.ID, "1"), w.identity(c.ID, "2")
	got, err := w.repo.Window(w.Context(), w.ch.ID, c.ID)
	same(w, "never", got, core.WindowState{}, err)
	w.must(w.repo.TouchWindow(w.Context(), w.ch.ID, one.ID, noon))
	w.must(w.repo.TouchWindow(w.Context(), w.ch.ID, two.ID, noon.Add(time.Hour)))
	w.must(w.repo.CloseWindow(w.Context(), w.ch.ID, one.ID, noon.Add(time.Minute)))
	got, err = w.repo.Window(w.Context(), w.ch.ID, c.ID)
	same(w, "newest of both", got, core.WindowState{Last: noon.Add(time.Hour).UTC(), Closed: noon.Add(time.Minute).UTC()}, err)
	w.must(w.repo.SaveChannel(w.Context(), core.Channel{ID: "ch2", Kind: "sms", Name: "sms"}))
	got, err = w.repo.Window(w.Context(), "ch2", c.ID)
	same(w, "another channel", got, core.WindowState{}, err)
}

// reach is what its parts say, of a contact of whom little or much is known, outside of a transaction and in one.
func reach(w *world) {
	c, ctx := w.contact("a"), w.Context()
	agree := func(r core.Repo, what string) {
		w.Helper()
		got, err := r.Reach(ctx, w.ch.ID, c.ID)
		w.must(err)
		var want core.Reach
		want.Channel, err = r.Channel(ctx, w.ch.ID)
		w.must(err)
		want.Contact, err = r.Contact(ctx, c.ID)
		w.must(err)
		want.Identities, err = r.IdentitiesOf(ctx, c.ID)
		w.must(err)
		want.Wishes, err = r.Wishes(ctx, w.ch.ID, c.ID)
		w.must(err)
		want.Window, err = r.Window(ctx, w.ch.ID, c.ID)
		same(w, what, fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want), err)
	}
	agree(w.repo, "nothing but a name")
	w.must(w.repo.SaveChannel(ctx, core.Channel{ID: "ch2", Kind: "sms", Name: "sms"}))
	w.must(w.store.Tx(ctx, func(tx core.Tx) error {
		r := tx.In(w.ws)
		for n, value := range []string{"1", "2"} {
			i := core.Identity{ID: core.IdentityID("i" + value), Contact: c.ID, Key: core.IdentityKey{Scheme: core.SchemePhone, Value: value}, Seen: noon}
			if _, err := r.AddIdentity(ctx, i); err != nil {
				return err
			}
			for _, marketing := range []bool{false, true} {
				if _, err := r.SetWish(ctx, core.Wish{Channel: w.ch.ID, Identity: i.ID, Marketing: marketing, Stop: true, At: noon}); err != nil {
					return err
				}
			}
			if err := r.TouchWindow(ctx, w.ch.ID, i.ID, noon.Add(time.Duration(n)*time.Hour)); err != nil {
				return err
			}
		}
		if err := r.CloseWindow(ctx, w.ch.ID, "i1", noon); err != nil {
			return err
		}
		if err := r.TouchWindow(ctx, "ch2", "i1", noon.AddDate(1, 0, 0)); err != nil {
			return err
		}
		agree(r, "in the transaction")
		return nil
	}))
	agree(w.repo, "afterwards")
	_, err := w.repo.Reach(ctx, "none", c.ID)
	missing(w, "of no channel", err)
	_, err = w.repo.Reach(ctx, w.ch.ID, "none")
	missing(w, "of nobody", err)
}

func windowForward(w *world) {
	c := w.contact("a")
	i := w.identity(c.ID, "1")
	each(20, func(n int) {
		at := noon.Add(time.Duration(n) * time.Second)
		if err := w.repo.TouchWindow(w.Context(), w.ch.ID, i.ID, at); err != nil {
			w.Error(err)
		}
		if err := w.repo.CloseWindow(w.Context(), w.ch.ID, i.ID, at.Add(-time.Minute)); err != nil {
			w.Error(err)
		}
	})
	got, err := w.repo.Window(w.Context(), w.ch.ID, c.ID)
	last := noon.Add(19 * time.Second).UTC()
	same(w, "Window", got, core.WindowState{Last: last, Closed: last.Add(-time.Minute)}, err)
}
