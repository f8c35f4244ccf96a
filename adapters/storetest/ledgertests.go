package storetest

import (
	"sync"
	"time"

	"causeway/core"
)

const ledgerNumber = "4915112345678"

// entry enters a message that the API has seen.
func (w *world) entry(m core.Message, d core.Direction, stanza string) core.LedgerEntry {
	w.Helper()
	e := core.LedgerEntry{LedgerKey: core.LedgerKey{Number: ledgerNumber, Direction: d, Stanza: stanza}, Part: m.Parts[0].ID, Message: m.ID,
		Conversation: m.Conversation, At: noon.UTC(), API: core.Sight{Provider: "wamid." + stanza, How: core.SightMessage, Seen: noon.UTC()}}
	if d == core.In {
		e.Contact = m.Contact
	}
	if won, err := w.repo.AddToLedger(w.Context(), e); err != nil || !won {
		w.Fatalf("enter: %v, %v", won, err)
	}
	return e
}

func ledger(w *world) {
	ctx := w.Context()
	m := w.add(w.message(w.talk(), "hello", "wamid.1"))
	in, out := w.entry(m, core.In, "S1"), w.entry(m, core.Out, "S1")
	got, err := w.repo.Ledger(ctx, ledgerNumber, "S1")
	same(w, "Ledger", got, []core.LedgerEntry{in, out}, err)
	none, err := w.repo.Ledger(ctx, ledgerNumber, "S2")
	same(w, "another stanza", len(none), 0, err)
	won, err := w.repo.AddToLedger(ctx, in)
	same(w, "entered twice", won, false, err)

	later := noon.Add(time.Minute).UTC()
	w.must(w.repo.SeeInLedger(ctx, out.LedgerKey, true, core.Sight{Provider: "S1", How: core.SightEcho, Seen: later}))
	w.must(w.repo.SeeInLedger(ctx, out.LedgerKey, true, core.Sight{Provider: "other", How: core.SightHistory, Seen: later.Add(time.Hour)}))
	out.Phone = core.Sight{Provider: "S1", How: core.SightEcho, Seen: later}
	got, err = w.repo.Ledger(ctx, ledgerNumber, "S1")
	same(w, "seen by both", got, []core.LedgerEntry{in, out}, err)

	n, err := w.repo.CountLedger(ctx, ledgerNumber, noon, noon.Add(time.Second))
	same(w, "CountLedger", n, core.LedgerCount{Both: 1, API: 1}, err)
	n, err = w.repo.CountLedger(ctx, ledgerNumber, noon.Add(time.Second), noon.Add(time.Hour))
	same(w, "CountLedger of another day", n, core.LedgerCount{}, err)
	gaps, err := w.repo.LedgerGaps(ctx, ledgerNumber, noon, noon.Add(time.Second), 9)
	same(w, "LedgerGaps", gaps, []core.LedgerEntry{in}, err)
	club := w.talk()
	_, err = w.repo.AddIdentity(ctx, core.Identity{ID: core.NewID[core.IdentityID](), Contact: club.Contact, Key: core.IdentityKey{Scheme: core.SchemeGroup, Value: "120363041234567890"}})
	w.must(err)
	group := w.entry(w.add(w.message(club, "to all", "wamid.g")), core.In, "G1")
	gaps, err = w.repo.LedgerGaps(ctx, ledgerNumber, noon, noon.Add(time.Second), 1)
	same(w, "LedgerGaps, groups last", gaps, []core.LedgerEntry{in}, err)
	gaps, err = w.repo.LedgerGaps(ctx, ledgerNumber, noon, noon.Add(time.Second), 9)
	same(w, "LedgerGaps with groups", gaps, []core.LedgerEntry{in, group}, err)

	other := w.add(w.message(w.talk(), "again", "wamid.2"))
	w.must(w.repo.PassInLedger(ctx, out.LedgerKey, other.Parts[0]))
	out.Part, out.Message, out.Conversation = other.Parts[0].ID, other.ID, other.Conversation
	got, err = w.repo.Ledger(ctx, ledgerNumber, "S1")
	same(w, "passed on", got, []core.LedgerEntry{in, out}, err)
	second := w.entry(other, core.In, "S1")
	doubles, err := w.repo.LedgerDoubles(ctx, 9)
	want := [][2]core.LedgerEntry{{in, second}}
	if in.Contact > second.Contact {
		want = [][2]core.LedgerEntry{{second, in}}
	}
	same(w, "LedgerDoubles", doubles, want, err)
}

// ledgerRace enters one message thirty times at once, each time looking first: one wins, and nobody who saw nothing is surprised.
func ledgerRace(w *world) {
	m := w.add(w.message(w.talk(), "hello", "wamid.1"))
	var (
		mu    sync.Mutex
		wins  int
		group sync.WaitGroup
	)
	for range 30 {
		group.Go(func() {
			entered := false
			err := w.store.Tx(w.Context(), func(tx core.Tx) error {
				entered = false
				repo := tx.In(w.ws)
				there, err := repo.Ledger(w.Context(), ledgerNumber, "S1")
				if err != nil || len(there) > 0 {
					return err
				}
				entered, err = repo.AddToLedger(w.Context(), core.LedgerEntry{LedgerKey: core.LedgerKey{Number: ledgerNumber, Direction: core.Out, Stanza: "S1"},
					Part: m.Parts[0].ID, Message: m.ID, Conversation: m.Conversation, At: noon})
				if err == nil && !entered {
					w.Error("it came between a look that found nothing and the entry")
				}
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				w.Error(err)
			}
			if entered {
				wins++
			}
		})
	}
	group.Wait()
	same(w, "entered", wins, 1, nil)
}

func twins(w *world) {
	ctx := w.Context()
	conv := w.talk()
	m := w.message(conv, "hello", "wamid.1")
	m.Parts[0].Stanza, m.Direction, m.Status, m.Parts[0].Status = "S1", core.In, core.StatusReceived, core.StatusReceived
	w.add(m)
	device := core.Channel{ID: core.NewID[core.ChannelID](), Workspace: w.ws, Kind: "whatsapp-device", Name: "phone", Account: "+49", Settings: map[string]string{},
		State: core.ChannelActive, Created: noon.UTC()}
	w.must(w.repo.SaveChannel(ctx, device))
	ch, err := w.repo.SetNumber(ctx, w.ch.ID, ledgerNumber, false)
	same(w, "alone", ch.Twin, "", err)
	ch, err = w.repo.SetNumber(ctx, device.ID, "490000000", true)
	same(w, "of another number", ch.Twin, "", err)
	ch, err = w.repo.SetNumber(ctx, device.ID, ledgerNumber, true)
	same(w, "the other side", ch.Twin, w.ch.ID, err)
	ch, err = w.repo.Channel(ctx, w.ch.ID)
	same(w, "the first side", ch.Twin, device.ID, err)
	got, err := w.repo.Ledger(ctx, ledgerNumber, "S1")
	want := core.LedgerEntry{LedgerKey: core.LedgerKey{Number: ledgerNumber, Direction: core.In, Stanza: "S1", Contact: conv.Contact}, Part: m.Parts[0].ID, Message: m.ID,
		Conversation: conv.ID, At: noon.UTC(), API: core.Sight{Provider: "wamid.1", How: core.SightMessage, Seen: noon.UTC()}}
	same(w, "what was seen before", got, []core.LedgerEntry{want}, err)
	ch.Name = "renamed"
	w.must(w.repo.SaveChannel(ctx, ch))
	ch, err = w.repo.Channel(ctx, w.ch.ID)
	same(w, "after an admin saved it", [2]string{ch.Number, string(ch.Twin)}, [2]string{ledgerNumber, string(device.ID)}, err)
	ch, err = w.repo.SetNumber(ctx, device.ID, "490000000", true)
	same(w, "apart again", ch.Twin, "", err)
	ch, err = w.repo.Channel(ctx, w.ch.ID)
	same(w, "the first side apart", ch.Twin, "", err)
}

// twinRace: the two sides of a number find each other although both tell their number at once.
func twinRace(w *world) {
	ctx := w.Context()
	device := core.Channel{ID: "device", Workspace: w.ws, Kind: "x", Name: "device", State: core.ChannelActive, Created: noon.UTC()}
	w.must(w.repo.SaveChannel(ctx, device))
	told := make(chan error, 1)
	w.tx(func(_ core.Tx, repo core.Repo) error {
		if _, err := repo.SetNumber(ctx, w.ch.ID, ledgerNumber, false); err != nil {
			return err
		}
		go func() {
			_, err := w.repo.SetNumber(ctx, device.ID, ledgerNumber, true)
			told <- err
		}()
		select {
		case err := <-told:
			told <- err
		case <-time.After(200 * time.Millisecond): // long enough for one that does not wait
		}
		return nil
	})
	w.must(<-told)
	for id, twin := range map[core.ChannelID]core.ChannelID{w.ch.ID: device.ID, device.ID: w.ch.ID} {
		ch, err := w.repo.Channel(ctx, id)
		same(w, "twin", ch.Twin, twin, err)
	}
}

func ledgerMerge(w *world) {
	ctx := w.Context()
	one, two := w.talk(), w.talk()
	first, second := w.add(w.message(one, "hello", "wamid.1")), w.add(w.message(two, "hello", "wamid.2"))
	a := w.entry(first, core.In, "S1")
	b := core.LedgerEntry{LedgerKey: core.LedgerKey{Number: ledgerNumber, Direction: core.In, Stanza: "S1", Contact: two.Contact}, Part: second.Parts[0].ID,
		Message: second.ID, Conversation: two.ID, At: noon.UTC(), Phone: core.Sight{Provider: "S1", How: core.SightMessage, Seen: noon.UTC()}}
	if won, err := w.repo.AddToLedger(ctx, b); err != nil || !won {
		w.Fatalf("enter: %v, %v", won, err)
	}
	lone := w.entry(second, core.In, "S2")
	w.tx(func(tx core.Tx, repo core.Repo) error {
		_, err := core.MergeContacts(ctx, repo, tx.Enqueue, one.Contact, two.Contact, "one person", noon.UTC())
		return err
	})
	a.Phone = b.Phone
	got, err := w.repo.Ledger(ctx, ledgerNumber, "S1")
	same(w, "both sides in one entry", got, []core.LedgerEntry{a}, err)
	lone.Contact = one.Contact
	got, err = w.repo.Ledger(ctx, ledgerNumber, "S2")
	same(w, "moved", got, []core.LedgerEntry{lone}, err)
}

func enliven(w *world) {
	ctx := w.Context()
	old, now := w.talk(), w.talk()
	m := w.message(old, "hello", "wamid.1")
	m.Historic = true
	w.add(m)
	w.entry(m, core.Out, "S1")
	w.must(w.repo.Enliven(ctx, m.ID, now.ID, 7))
	got, err := w.repo.Message(ctx, m.ID)
	m.Historic, m.Conversation, m.Seq = false, now.ID, 7
	m.Parts[0].Conversation, m.Parts[0].Seq = now.ID, 7
	same(w, "Message", got, m, err)
	entries, err := w.repo.Ledger(ctx, ledgerNumber, "S1")
	same(w, "entry", entries[0].Conversation, now.ID, err)
}
