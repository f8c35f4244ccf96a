package storetest

import (
	"sync/atomic"
	"time"

	"causeway/core"
)

func wishes(w *world) {
	c := w.contact("Eve")
	i, ch := w.identity(c.ID, "491701"), w.ch
	set := func(what string, marketing, stop bool, after time.Duration, want bool) {
		w.Helper()
		got, err := w.repo.SetWish(w.Context(), core.Wish{Channel: ch.ID, Identity: i.ID, Marketing: marketing, Stop: stop, Confirm: what, At: noon.Add(after)})
		if err != nil || got != want {
			w.Errorf("%s: changed %v, %v; want %v", what, got, err, want)
		}
	}
	set("start at first", false, false, time.Minute, false)
	set("an older stop", false, true, 0, false)
	set("stop", false, true, time.Minute, true)
	set("stop again", false, true, time.Hour, false)
	set("a start older than the last stop", false, false, time.Minute, false)
	set("stop of marketing", true, true, 0, true)
	got, err := w.repo.Wish(w.Context(), ch.ID, i.ID, false)
	same(w, "Wish", got, core.Wish{Channel: ch.ID, Identity: i.ID, Contact: c.ID, Stop: true, Confirm: "stop", At: noon.Add(time.Hour).UTC()}, err)
	_, err = w.repo.SetWish(w.Context(), core.Wish{Channel: ch.ID, Identity: i.ID, At: noon.Add(2 * time.Hour)})
	same(w, "SetWish", true, true, err)
	changed, err := w.repo.SetWish(w.Context(), core.Wish{Channel: ch.ID, Identity: i.ID, Stop: true, Block: true, At: noon.Add(3 * time.Hour)})
	same(w, "a block changes it", changed, true, err)
	got, err = w.repo.Wish(w.Context(), ch.ID, i.ID, false)
	same(w, "a block", got, core.Wish{Channel: ch.ID, Identity: i.ID, Contact: c.ID, Stop: true, Block: true, At: noon.Add(3 * time.Hour).UTC()}, err)
	reach, err := w.repo.Reach(w.Context(), ch.ID, c.ID)
	same(w, "a block in reach", len(reach.Wishes) == 2 && reach.Wishes[0].Block && !reach.Wishes[1].Block, true, err)
	all, err := w.repo.Wishes(w.Context(), ch.ID, c.ID)
	same(w, "Wishes", len(all), 2, err)
	all, err = w.repo.Wishes(w.Context(), "other", c.ID)
	same(w, "of another channel", len(all), 0, err)
	_, err = w.repo.Wish(w.Context(), ch.ID, "none", false)
	missing(w, "Wish", err)
	_, err = w.repo.SetWish(w.Context(), core.Wish{Channel: ch.ID, Identity: "none", At: noon})
	missing(w, "SetWish", err)
}

// wishRace has the same word come 20 times at once: one of them changes something.
func wishRace(w *world) {
	i, ch := w.identity(w.contact("Eve").ID, "491701"), w.ch
	for round, stop := range []bool{true, false, true} {
		var winners atomic.Int32
		each(20, func(int) {
			won := false
			err := w.store.Tx(w.Context(), func(tx core.Tx) (err error) {
				won, err = tx.In(w.ws).SetWish(w.Context(), core.Wish{Channel: ch.ID, Identity: i.ID, Stop: stop, At: noon.Add(time.Duration(round) * time.Minute)})
				return err
			})
			if err != nil {
				w.Errorf("round %d: %v", round, err)
			}
			if won {
				winners.Add(1)
			}
		})
		if winners.Load() != 1 {
			w.Errorf("round %d: %d changed it, want 1", round, winners.Load())
		}
	}
}
