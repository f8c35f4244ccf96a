package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"causeway/core"
)

func claimRace(w *world) {
	var fresh atomic.Int32
	each(50, func(int) {
		err := w.store.Tx(w.Context(), func(tx core.Tx) error {
			won, err := tx.In(w.ws).ClaimEvent(w.Context(), w.ch.ID, core.EventMessage, "wamid.1")
			if err == nil && won {
				fresh.Add(1)
			}
			return err
		})
		if err != nil {
			w.Error(err)
		}
	})
	if fresh.Load() != 1 {
		w.Errorf("the event was new %d times", fresh.Load())
	}
	w.must(w.repo.SaveChannel(w.Context(), core.Channel{ID: "ch2", Kind: "sms", Name: "sms"}))
	for _, other := range []struct {
		ch   core.ChannelID
		kind core.EventKind
		id   string
		want bool
	}{{w.ch.ID, core.EventMessage, "wamid.1", false}, {w.ch.ID, core.EventReceipt, "wamid.1", true}, {"ch2", core.EventMessage, "wamid.1", true}, {w.ch.ID, core.EventMessage, "wamid.2", true}} {
		got, err := w.repo.ClaimEvent(w.Context(), other.ch, other.kind, other.id)
		same(w, fmt.Sprintf("%+v", other), got, other.want, err)
	}
}

func claimRollback(w *world) {
	_ = w.store.Tx(w.Context(), func(tx core.Tx) error {
		if won, err := tx.In(w.ws).ClaimEvent(w.Context(), w.ch.ID, core.EventMessage, "e"); err != nil || !won {
			w.Errorf("claim: %v, %v", won, err)
		}
		return errOnPurpose
	})
	won, err := w.repo.ClaimEvent(w.Context(), w.ch.ID, core.EventMessage, "e")
	same(w, "after the rollback", won, true, err)
}

func parked(w *world) {
	var want []core.Event
	for i := range 3 {
		e := core.Event{Kind: core.EventReceipt, ID: fmt.Sprint("r", i), At: noon.UTC(), Origin: core.OriginProvider,
			Receipt: &core.ReceiptBody{Provider: "wamid.1", Status: core.StatusRead}, Raw: json.RawMessage(`{"x":"é"}`)}
		w.must(w.repo.ParkEvent(w.Context(), w.ch.ID, "wamid.1", e, noon))
		want = append(want, e)
	}
	w.must(w.repo.ParkEvent(w.Context(), w.ch.ID, "wamid.2", core.Event{ID: "other"}, noon))
	got, err := w.repo.TakeParked(w.Context(), w.ch.ID, "wamid.1")
	same(w, "TakeParked", got, want, err)
	got, err = w.repo.TakeParked(w.Context(), w.ch.ID, "wamid.1")
	if err != nil || len(got) > 0 {
		w.Errorf("taken twice: %v, %v", got, err)
	}
	w.must(w.repo.ParkEvent(w.Context(), w.ch.ID, "wamid.3", core.Event{ID: "odd", Raw: json.RawMessage("not json")}, noon))
	got, err = w.repo.TakeParked(w.Context(), w.ch.ID, "wamid.3")
	if err != nil || len(got) != 1 || string(got[0].Raw) != `"not json"` {
		w.Errorf("an event whose raw text is no JSON: %s, %v", show(got), err)
	}
}

// parkRace: a receipt and the message that it is about come at the same time.
func parkRace(w *world) {
	conv := w.talk()
	meet(w, func(_ int, provider string) func(core.Tx) error {
		m := w.message(conv, "x", provider)
		return func(tx core.Tx) error {
			_, err := tx.In(w.ws).AddMessage(w.Context(), m)
			return err
		}
	})
}

// adoptRace: a receipt comes while the part that it is about learns its id, also where a first try to learn it was undone, and its guard with that.
func adoptRace(w *world) {
	conv := w.talk()
	meet(w, func(round int, provider string) func(core.Tx) error {
		p := w.add(w.message(conv, "x", "")).Parts[0]
		return func(tx core.Tx) error {
			repo, sent := tx.In(w.ws), p
			adopt := func() error { return core.Adopt(w.Context(), repo, &sent, provider, "") }
			if round%2 == 0 {
				if err := tx.Try(w.Context(), func() error { return errors.Join(adopt(), errOnPurpose) }); !errors.Is(err, errOnPurpose) {
					return err
				}
				sent = p
			}
			if err := adopt(); err != nil {
				return err
			}
			return repo.SetPart(w.Context(), sent)
		}
	})
}

// meet lets a receipt come while the provider's id that it is about is brought, many times. The receipt finds the part, or who brings the id finds the
// receipt parked: never does one miss the other.
func meet(w *world, bringing func(round int, provider string) func(core.Tx) error) {
	for i := range 30 {
		provider := fmt.Sprint("wamid.", i)
		bring := bringing(i, provider)
		var met atomic.Int32
		each(2, func(side int) {
			err := w.store.Tx(w.Context(), func(tx core.Tx) error {
				repo := tx.In(w.ws)
				if side == 0 {
					_, err := repo.PartByProvider(w.Context(), w.ch.ID, provider)
					if errors.Is(err, core.ErrNotFound) {
						return repo.ParkEvent(w.Context(), w.ch.ID, provider, core.Event{ID: provider}, noon)
					}
					met.Add(1)
					return err
				}
				if err := bring(tx); err != nil {
					return err
				}
				waiting, err := repo.TakeParked(w.Context(), w.ch.ID, provider)
				met.Add(int32(len(waiting)))
				return err
			})
			if err != nil {
				w.Error(err)
			}
		})
		if met.Load() != 1 {
			w.Errorf("round %d: they met %d times", i, met.Load())
		}
	}
}

func overdue(w *world) {
	for i := range 3 {
		w.must(w.repo.ParkEvent(w.Context(), w.ch.ID, "t", core.Event{ID: fmt.Sprint(i), Kind: core.EventReceipt, Raw: json.RawMessage(`{}`)},
			noon.Add(time.Duration(i)*time.Minute)))
	}
	now := noon.Add(time.Minute).UTC()
	first, err := w.repo.TakeOverdue(w.Context(), now, 1)
	if err != nil || len(first) != 1 {
		w.Fatalf("TakeOverdue: %v, %v", first, err)
	}
	var e core.Event
	if err := json.Unmarshal(first[0].Event, &e); err != nil || e.ID != "0" || first[0].Channel != w.ch.ID || first[0].Kind != "event" || first[0].Reason == "" || !first[0].At.Equal(now) {
		w.Errorf("dead letter: %s, %v", show(first[0]), err)
	}
	w.must(w.repo.AddDeadLetter(w.Context(), first[0]))
	rest, err := w.repo.TakeOverdue(w.Context(), now, 10)
	if err != nil || len(rest) != 1 {
		w.Errorf("the other overdue one: %v, %v", rest, err)
	}
	left, err := w.repo.TakeParked(w.Context(), w.ch.ID, "t")
	if err != nil || len(left) != 1 || left[0].ID != "2" {
		w.Errorf("the one that may wait: %v, %v", left, err)
	}
}

func deadLetters(w *world) {
	var want []core.DeadLetter
	for i := range 5 {
		d := core.DeadLetter{ID: fmt.Sprint("d", i), Channel: w.ch.ID, Kind: "event", Reason: "why", Event: json.RawMessage(`{"kind":"message"}`),
			Raw: []byte{0, byte(i)}, At: noon.UTC()}
		if i == 0 {
			d.Channel, d.Event, d.Raw, d.Kind = "", nil, nil, "mail"
		}
		w.must(w.repo.AddDeadLetter(w.Context(), d))
		want = append([]core.DeadLetter{d}, want...)
	}
	got := pages(w, 2, func(p core.Page) ([]core.DeadLetter, error) { return w.repo.DeadLetters(w.Context(), p) }, func(d core.DeadLetter) string { return d.ID })
	same(w, "DeadLetters", got, want, nil)
	one, err := w.repo.DeadLetter(w.Context(), "d3")
	same(w, "DeadLetter", one, want[1], err)
	w.must(w.repo.RemoveDeadLetter(w.Context(), "d3"))
	missing(w, "RemoveDeadLetter", w.repo.RemoveDeadLetter(w.Context(), "d3"))
	_, err = w.repo.DeadLetter(w.Context(), "d3")
	missing(w, "DeadLetter", err)
}
