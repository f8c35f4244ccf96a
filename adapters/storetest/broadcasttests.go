package storetest

import (
	"sync"

	"causeway/core"
)

// broadcastLock: who has locked a broadcast alone changes it.
func broadcastLock(w *world) {
	w.must(w.repo.AddBroadcast(w.Context(), core.Broadcast{ID: "b", Name: "sale", State: core.BroadcastGoing, Created: noon}))
	other := map[core.BroadcastState]core.BroadcastState{core.BroadcastGoing: core.BroadcastPaused, core.BroadcastPaused: core.BroadcastGoing}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			err := w.store.Tx(w.Context(), func(tx core.Tx) error {
				repo := tx.In(w.ws)
				b, err := repo.LockBroadcast(w.Context(), "b")
				if err != nil {
					return err
				}
				won, err := repo.SetBroadcastState(w.Context(), "b", b.State, other[b.State])
				if err == nil && !won {
					w.Error("changed by another who did not wait")
				}
				return err
			})
			if err != nil {
				w.Error(err)
			}
		})
	}
	all.Wait()
}

// segments: contacts are found by tags, fields and language, whatever the region of that, and however both are written.
func segments(w *world) {
	for name, language := range map[string]string{"a": "pt", "b": "pt-BR", "c": "pt_br", "d": "PT-pt", "e": "ptx", "f": "", "g": "en"} {
		w.must(w.repo.AddContact(w.Context(), core.Contact{ID: core.ContactID(name), Workspace: w.ws, Language: language, Created: noon}))
	}
	_, err := w.repo.SetContactTag(w.Context(), "b", "vip", true)
	w.must(err)
	_, err = w.repo.SetField(w.Context(), "c", "city", "Porto")
	w.must(err)
	for _, c := range []struct {
		want string
		who  core.Segment
	}{
		{"abcdefg", core.Segment{}},
		{"abcd", core.Segment{Language: "pt"}},
		{"abcd", core.Segment{Language: "PT"}},
		{"bc", core.Segment{Language: "pt-br"}},
		{"bc", core.Segment{Language: "pt_BR"}},
		{"", core.Segment{Language: "%"}},
		{"", core.Segment{Language: "p_"}},
		{"b", core.Segment{Language: "pt", Tags: []string{"vip"}}},
		{"acd", core.Segment{Language: "pt", Without: []string{"vip"}}},
		{"c", core.Segment{Fields: map[string]string{"city": "Porto"}}},
	} {
		all, err := w.repo.InSegment(w.Context(), c.who, "", 50)
		got := ""
		for _, one := range all {
			got += string(one.ID)
		}
		same(w, "segment "+show(c.who), got, c.want, err)
	}
}
