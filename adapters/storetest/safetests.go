package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"causeway/core"
	"causeway/core/retain"
)

// kept returns the records of a space as "key=value" texts.
func (w *world) kept(space, prefix string) string {
	w.Helper()
	all, err := w.repo.RecordsFrom(w.Context(), w.ch.ID, space, prefix)
	w.must(err)
	var texts []string
	for _, r := range all {
		texts = append(texts, r.Key+"="+string(r.Box))
	}
	return strings.Join(texts, " ")
}

func (w *world) change(changes ...core.Change) {
	w.Helper()
	w.must(w.repo.ChangeRecords(w.Context(), w.ch.ID, changes))
}

func records(w *world) {
	w.change(core.Keep("s", "b:1", []byte("x")), core.Keep("s", "a:2", []byte("y")), core.Keep("s", "a:10", nil), core.Keep("other", "a:2", []byte("z")))
	same(w, "all, by key", w.kept("s", ""), "a:10= a:2=y b:1=x", nil)
	same(w, "some", w.kept("s", "a:"), "a:10= a:2=y", nil)
	same(w, "none", w.kept("s", "a:3"), "", nil)
	got, err := w.repo.Records(w.Context(), w.ch.ID, "s", []string{"b:1", "none", "a:10"})
	w.must(err)
	slices.SortFunc(got, func(a, b core.SealedRecord) int { return strings.Compare(a.Key, b.Key) })
	same(w, "Records", got, []core.SealedRecord{{Key: "a:10", Box: []byte{}}, {Key: "b:1", Box: []byte("x")}}, nil)
	w.change(core.Keep("s", "a:2", []byte("new")), core.Forget("s", "b:1"), core.Forget("s", "none"))
	same(w, "replaced and forgotten", w.kept("s", ""), "a:10= a:2=new", nil)
	w.change(core.ForgetAll("s", "a:1"))
	same(w, "forgotten by prefix", w.kept("s", "")+" "+w.kept("other", ""), "a:2=new a:2=z", nil)
	w.change(core.ForgetAll("s", ""))
	same(w, "space emptied", w.kept("s", "")+w.kept("other", ""), "a:2=z", nil)
	w.change()
}

// recordsInOrder: a record may be changed more than once in one go, and the last change counts.
func recordsInOrder(w *world) {
	w.change(core.Keep("s", "k", []byte("1")), core.Keep("s", "k", []byte("2")), core.Forget("s", "l"), core.Keep("s", "l", []byte("3")), core.Keep("t", "l", []byte("4")),
		core.Forget("t", "l"), core.Keep("u", "old", []byte("5")), core.ForgetAll("u", ""), core.Keep("u", "new", []byte("6")))
	same(w, "the last counts", w.kept("s", "")+w.kept("t", "")+w.kept("u", ""), "k=2 l=3new=6", nil)
}

// manyRecords: a device makes hundreds of keys at once.
func manyRecords(w *world) {
	var changes []core.Change
	var keys []string
	for i := range 1203 {
		key := fmt.Sprintf("%05d", i)
		changes, keys = append(changes, core.Keep("s", key, []byte(key))), append(keys, key)
	}
	w.change(changes...)
	got, err := w.repo.Records(w.Context(), w.ch.ID, "s", keys)
	if err != nil || len(got) != len(keys) {
		w.Errorf("%d of %d records, %v", len(got), len(keys), err)
	}
	for i := range changes {
		changes[i] = core.Forget("s", changes[i].Key)
	}
	w.change(changes[3:]...)
	same(w, "what is left", w.kept("s", ""), "00000=00000 00001=00001 00002=00002", nil)
}

// recordKeys: texts of every script, and such as mean something in a query.
func recordKeys(w *world) {
	keys := []string{"%", "_", "'", `\`, "a%", "\U0010FFFE", "é", "ü", "नमस्ते", "~"}
	for _, k := range keys {
		w.change(core.Keep("s", k, []byte("of "+k)))
	}
	slices.Sort(keys)
	all, err := w.repo.RecordsFrom(w.Context(), w.ch.ID, "s", "")
	w.must(err)
	var got []string
	for _, r := range all {
		got = append(got, r.Key)
	}
	same(w, "by their bytes", got, keys, nil)
	same(w, "prefix means itself", w.kept("s", "%")+w.kept("s", "_"), "%=of %_=of _", nil)
}

func recordsElsewhere(w *world) {
	second := worldIn(w.T, w.store, "second")
	w.change(core.Keep("s", "k", []byte("mine")))
	same(w, "not another channel's", second.kept("s", ""), "", nil)
	if err := second.repo.ChangeRecords(w.Context(), w.ch.ID, []core.Change{core.Keep("s", "k", []byte("theirs"))}); !errors.Is(err, core.ErrNotFound) {
		w.Errorf("kept for a channel of another workspace: %v", err)
	}
	w.must(second.repo.ChangeRecords(w.Context(), w.ch.ID, []core.Change{core.ForgetAll("s", ""), core.Forget("s", "k")}))
	same(w, "untouched", w.kept("s", ""), "k=mine", nil)
}

// recordsUnderLease: who lost the lease changes nothing, and a change that fails leaves nothing.
func recordsUnderLease(w *world) {
	first := w.takes("a", longLease, "session")[0]
	under := func(l core.Lease, changes ...core.Change) error {
		return w.store.Tx(w.Context(), func(tx core.Tx) error {
			if err := tx.Holds(w.Context(), l); err != nil {
				return err
			}
			return tx.In(w.ws).ChangeRecords(w.Context(), w.ch.ID, changes)
		})
	}
	w.must(under(first, core.Keep("s", "ratchet", []byte("1"))))
	w.must(w.store.DropLease(w.Context(), first))
	second := w.takes("b", longLease, "session")[0]
	w.must(under(second, core.Keep("s", "ratchet", []byte("2"))))
	if err := under(first, core.Keep("s", "ratchet", []byte("old"))); !errors.Is(err, core.ErrLeaseLost) {
		w.Errorf("changed under a lost lease: %v", err)
	}
	err := w.store.Tx(w.Context(), func(tx core.Tx) error {
		w.must(tx.In(w.ws).ChangeRecords(w.Context(), w.ch.ID, []core.Change{core.Keep("s", "ratchet", []byte("3")), core.ForgetAll("s", "")}))
		return errOnPurpose
	})
	if !errors.Is(err, errOnPurpose) {
		w.Error(err)
	}
	same(w, "kept", w.kept("s", ""), "ratchet=2", nil)
}

func expireRecords(w *world) {
	now := time.Now()
	w.change(core.KeepUntil("s", "over", []byte("x"), now.Add(-time.Minute)), core.KeepUntil("s", "still", []byte("x"), now.Add(time.Minute)), core.Keep("s", "for good", []byte("x")),
		core.KeepUntil("s", "then for good", []byte("x"), now.Add(-time.Minute)), core.Keep("s", "then for good", []byte("y")))
	if n := w.expire(retain.Records, now); n != 1 {
		w.Errorf("%d forgotten, want 1", n)
	}
	same(w, "left", w.kept("s", ""), "for good=x still=x then for good=y", nil)
}

// addSecret: of many who make a channel's key at once, one wins, and all read hers.
func addSecret(w *world) {
	var all sync.WaitGroup
	var wins atomic.Int32
	for i := range 20 {
		all.Go(func() {
			won, err := w.repo.AddSecret(w.Context(), core.SealedSecret{Owner: "safe/" + string(w.ch.ID), Name: "key", Box: []byte{byte(i)}, Set: noon})
			if err != nil {
				w.Error(err)
			}
			if won {
				wins.Add(1)
			}
		})
	}
	all.Wait()
	got, err := w.repo.Secrets(w.Context(), "safe/"+string(w.ch.ID))
	if err != nil || len(got) != 1 || wins.Load() != 1 {
		w.Errorf("%d won, %d are there, %v", wins.Load(), len(got), err)
	}
}
