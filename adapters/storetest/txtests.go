package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"causeway/core"
)

var errOnPurpose = errors.New("on purpose")

func workspaces(w *world) {
	again, err := w.store.EnsureWorkspace(w.Context(), "main")
	same(w, "the same name", again, w.ws, err)
	other, err := w.store.EnsureWorkspace(w.Context(), "other")
	if err != nil || other == w.ws || other == "" {
		w.Errorf("another name: got %q, %v", other, err)
	}
}

func ping(w *world) { w.must(w.store.Ping(w.Context())) }

func acrossWorkspaces(w *world) {
	two := worldIn(w.T, w.store, "second")
	got, err := w.store.ChannelByID(w.Context(), two.ch.ID)
	same(w, "ChannelByID", got, two.ch, err)
	got, err = w.store.ChannelByAccount(w.Context(), "whatsapp-cloud", "acct-second")
	same(w, "ChannelByAccount", got, two.ch, err)
	_, err = w.store.ChannelByAccount(w.Context(), "telegram", "acct-second")
	missing(w, "ChannelByAccount of another kind", err)
	all, err := w.store.AllChannels(w.Context())
	if err != nil || len(all) != 2 {
		w.Errorf("AllChannels: %d, %v", len(all), err)
	}
	conv := two.talk()
	ws, err := w.store.WorkspaceOf(w.Context(), conv.ID)
	same(w, "WorkspaceOf", ws, two.ws, err)
	_, err = w.store.WorkspaceOf(w.Context(), "nobody's")
	missing(w, "WorkspaceOf nothing", err)
}

func keyRotation(w *world) {
	two := worldIn(w.T, w.store, "second")
	for _, x := range []*world{w, two} {
		w.must(x.repo.PutSecret(w.Context(), core.SealedSecret{Owner: "channel/" + string(x.ch.ID), Name: "token", Box: []byte("box of " + x.ws), Set: noon.UTC()}))
	}
	all, err := w.store.SealedSecrets(w.Context())
	if err != nil || len(all) != 2 {
		w.Fatalf("SealedSecrets: %d, %v", len(all), err)
	}
	for _, s := range all { // resealed under the workspace that the box names
		if string(s.Box) != "box of "+string(s.Workspace) {
			w.Errorf("%s: box of another workspace: %s", s.Context(), s.Box)
		}
		s.Box = []byte("new " + s.Workspace)
		w.must(w.store.In(s.Workspace).PutSecret(w.Context(), s))
	}
	if all, err = w.store.SealedSecrets(w.Context()); err != nil || len(all) != 2 || string(all[0].Box) != "new "+string(all[0].Workspace) {
		w.Errorf("after resealing: %v, %v", all, err)
	}
}

func rollback(w *world) {
	c := w.contact("before")
	err := w.store.Tx(w.Context(), func(tx core.Tx) error {
		repo := tx.In(w.ws)
		conv := w.draft(c.ID)
		_, err := repo.AddConversation(w.Context(), &conv)
		w.must(err)
		w.must(repo.AddContact(w.Context(), core.Contact{ID: "gone", Name: "inside"}))
		if _, err := repo.Contact(w.Context(), "gone"); err != nil {
			w.Errorf("own write is not seen inside: %v", err)
		}
		return fmt.Errorf("stop: %w", errOnPurpose)
	})
	if !errors.Is(err, errOnPurpose) {
		w.Errorf("error of the function is lost: %v", err)
	}
	_, err = w.repo.Contact(w.Context(), "gone")
	missing(w, "contact of the failed transaction", err)
	_, err = w.repo.OpenConversation(w.Context(), c.ID)
	missing(w, "conversation of the failed transaction", err)
	if conv := w.conversation(c.ID); conv.Number != 1 {
		w.Errorf("the failed transaction used up number 1: got %d", conv.Number)
	}
}

func panicking(w *world) {
	func() {
		defer func() {
			if recover() == nil {
				w.Error("the panic was swallowed")
			}
		}()
		_ = w.store.Tx(w.Context(), func(tx core.Tx) error {
			w.must(tx.In(w.ws).AddContact(w.Context(), core.Contact{ID: "gone"}))
			panic("on purpose")
		})
	}()
	_, err := w.repo.Contact(w.Context(), "gone")
	missing(w, "contact of the panicking transaction", err)
	w.contact("the store still works")
}

func try(w *world) {
	w.tx(func(tx core.Tx, repo core.Repo) error {
		w.must(repo.AddContact(w.Context(), core.Contact{ID: "before"}))
		err := tx.Try(w.Context(), func() error {
			w.must(repo.AddContact(w.Context(), core.Contact{ID: "inside"}))
			return repo.AddContact(w.Context(), core.Contact{ID: "before"}) // breaks a key, which ends a PostgreSQL transaction without a savepoint
		})
		duplicate(w, "Try", err)
		w.must(tx.Try(w.Context(), func() error { return repo.AddContact(w.Context(), core.Contact{ID: "kept"}) }))
		return repo.AddContact(w.Context(), core.Contact{ID: "after"})
	})
	for _, id := range []core.ContactID{"before", "kept", "after"} {
		if _, err := w.repo.Contact(w.Context(), id); err != nil {
			w.Errorf("contact %s: %v", id, err)
		}
	}
	_, err := w.repo.Contact(w.Context(), "inside")
	missing(w, "contact of the failed Try", err)
}

func nestedTry(w *world) {
	w.tx(func(tx core.Tx, repo core.Repo) error {
		return tx.Try(w.Context(), func() error {
			w.must(repo.AddContact(w.Context(), core.Contact{ID: "outer"}))
			err := tx.Try(w.Context(), func() error {
				w.must(repo.AddContact(w.Context(), core.Contact{ID: "inner"}))
				return errOnPurpose
			})
			if !errors.Is(err, errOnPurpose) {
				w.Errorf("inner Try: %v", err)
			}
			return nil
		})
	})
	if _, err := w.repo.Contact(w.Context(), "outer"); err != nil {
		w.Error(err)
	}
	_, err := w.repo.Contact(w.Context(), "inner")
	missing(w, "contact of the inner Try", err)
}

func cancelled(w *world) {
	ctx, cancel := context.WithCancel(w.Context())
	err := w.store.Tx(ctx, func(tx core.Tx) error {
		w.must(tx.In(w.ws).AddContact(ctx, core.Contact{ID: "gone"}))
		cancel()
		return tx.In(w.ws).AddContact(ctx, core.Contact{ID: "gone too"})
	})
	if !errors.Is(err, context.Canceled) {
		w.Errorf("got %v, want context.Canceled", err)
	}
	_, err = w.repo.Contact(w.Context(), "gone")
	missing(w, "contact of the cancelled transaction", err)
	w.contact("the store still works")
}

// each runs f n times at once and waits.
func each(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

func parallelCounters(w *world) {
	conv := w.talk()
	each(10, func(int) {
		for range 10 {
			if err := w.store.Tx(w.Context(), func(tx core.Tx) error {
				_, err := tx.In(w.ws).NextSeq(w.Context(), conv.ID, noon)
				return err
			}); err != nil {
				w.Error(err)
			}
		}
	})
	got, err := w.repo.Conversation(w.Context(), conv.ID)
	same(w, "sequence after 100 transactions", got.Seq, int64(100), err)
}

// crossedLocks takes two locks in both orders: databases that find a deadlock have one transaction run again.
func crossedLocks(w *world) {
	ids := []core.ConversationID{w.talk().ID, w.talk().ID}
	each(8, func(i int) {
		for range 5 {
			err := w.store.Tx(w.Context(), func(tx core.Tx) error {
				for k := range 2 {
					if _, err := tx.In(w.ws).Lock(w.Context(), ids[(i+k)%2]); err != nil {
						return err
					}
				}
				_, err := tx.In(w.ws).NextSeq(w.Context(), ids[0], noon)
				return err
			})
			if err != nil {
				w.Error(err)
			}
		}
	})
	got, err := w.repo.Conversation(w.Context(), ids[0])
	same(w, "sequence", got.Seq, int64(40), err)
}
