package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

func workflows(w *world) {
	by := core.Author{Kind: core.AuthorAPI, Name: "key"}
	put := func(name, text string, want int) core.Workflow {
		w.Helper()
		n := core.Workflow{Name: name, Definition: json.RawMessage(text), By: by, Created: noon}
		got, err := w.repo.PutWorkflow(w.Context(), n)
		same(w, "version of "+name, got, want, err)
		n.Version, n.Created = want, n.Created.UTC()
		return n
	}
	first, second, other := put("b", `{"a": 1}`, 1), put("b", `{"a":2}`, 2), put("a", "{}", 1)
	all, err := w.repo.Workflows(w.Context())
	same(w, "newest by name", all, []core.Workflow{other, second}, err)
	got, err := w.repo.Workflow(w.Context(), "b", 1)
	same(w, "an older version", got, first, err)
	got, err = w.repo.Workflow(w.Context(), "b", 0)
	same(w, "the newest version", got, second, err)
	w.must(w.repo.RemoveWorkflow(w.Context(), "b"))
	w.must(w.repo.RemoveWorkflow(w.Context(), "b"))
	_, err = w.repo.Workflow(w.Context(), "b", 0)
	missing(w, "removed", err)
	got, err = w.repo.Workflow(w.Context(), "b", 2)
	same(w, "a removed version", got, second, err)
	third := put("b", "{}", 3)
	all, err = w.repo.Workflows(w.Context())
	same(w, "there again", all, []core.Workflow{other, third}, err)
}

func runs(w *world) {
	c := w.conversation(w.contact("Eve").ID)
	_, err := w.repo.PutWorkflow(w.Context(), core.Workflow{Name: "a", Definition: json.RawMessage("{}"), Created: noon})
	w.must(err)
	draft := func(id, cause string) core.Run {
		return core.Run{ID: id, Workflow: "a", Version: 1, Conversation: c.ID, Contact: c.Contact, State: core.RunGoing, Step: "first", Memory: json.RawMessage(`{"b": 1}`),
			Cause: cause, Heard: "h", Began: noon.UTC(), Changed: noon.UTC()}
	}
	add := func(what string, r core.Run, want bool) {
		w.Helper()
		won, err := w.repo.AddRun(w.Context(), r)
		same(w, what, won, want, err)
	}
	one, two := draft("1", "h/a"), draft("2", "h/b")
	add("new", one, true)
	add("of the same cause", draft("3", "h/a"), false)
	add("another", two, true)
	lost := draft("4", "h/c")
	lost.Conversation = "none"
	_, err = w.repo.AddRun(w.Context(), lost)
	missing(w, "AddRun", err)
	one.State, one.Step, one.Turn, one.Until, one.Memory = core.RunWaiting, "second", 1, noon.Add(time.Hour).UTC(), json.RawMessage("{}")
	set := func(what string, r core.Run, was int, want bool) {
		w.Helper()
		won, err := w.repo.SetRun(w.Context(), r, was)
		same(w, what, won, want, err)
	}
	set("from its turn", one, 0, true)
	set("from a turn that is over", one, 0, false)
	got, err := w.repo.Run(w.Context(), "1")
	same(w, "set", got, one, err)
	two.State, two.Turn, two.Reason = core.RunEnded, 1, "done"
	set("ended", two, 0, true)
	all, err := w.repo.RunsIn(w.Context(), c.ID, "")
	same(w, "live", all, []core.Run{one}, err)
	all, err = w.repo.RunsIn(w.Context(), c.ID, "h")
	same(w, "live, or ended by this", all, []core.Run{two, one}, err)
	all, err = w.repo.Runs(w.Context(), core.RunFilter{}, core.Page{Limit: 1})
	same(w, "newest first", all, []core.Run{two}, err)
	all, err = w.repo.Runs(w.Context(), core.RunFilter{Workflow: "a", Conversation: c.ID, State: core.RunWaiting}, core.Page{Before: "2"})
	same(w, "filtered", all, []core.Run{one}, err)
	n, err := w.repo.RunsSince(w.Context(), c.ID, noon)
	same(w, "since", n, 2, err)
	n, err = w.repo.RunsSince(w.Context(), c.ID, noon.Add(time.Second))
	same(w, "since later", n, 0, err)
	_, err = w.repo.Run(w.Context(), "none")
	missing(w, "Run", err)
}

// runRace lets many take a run's turn; one does.
func runRace(w *world) {
	c := w.conversation(w.contact("Eve").ID)
	_, err := w.repo.PutWorkflow(w.Context(), core.Workflow{Name: "a", Definition: json.RawMessage("{}"), Created: noon})
	w.must(err)
	r := core.Run{ID: "1", Workflow: "a", Version: 1, Conversation: c.ID, Contact: c.Contact, State: core.RunGoing, Memory: json.RawMessage("{}"), Began: noon, Changed: noon}
	_, err = w.repo.AddRun(w.Context(), r)
	w.must(err)
	r.Turn = 1
	won := make(chan error, 20)
	for i := range cap(won) {
		go func() {
			mine := r
			mine.Step = fmt.Sprint(i)
			ok, err := w.repo.SetRun(w.Context(), mine, 0)
			if err == nil && !ok {
				err = core.ErrDuplicate
			}
			won <- err
		}()
	}
	wins := 0
	for range cap(won) {
		switch err := <-won; {
		case err == nil:
			wins++
		case !errors.Is(err, core.ErrDuplicate):
			w.must(err)
		}
	}
	same(w, "winners", wins, 1, nil)
}

func purchases(w *world) {
	c := w.conversation(w.contact("Eve").ID)
	p := core.Purchase{ID: "1", Conversation: c.ID, Contact: c.Contact, State: "new", Items: []core.OrderItem{{Product: "tea", Quantity: "2", Price: "1.50", Currency: "EUR"}},
		Data: map[string]string{"street": "High Street"}, Created: noon.UTC(), Changed: noon.UTC()}
	w.must(w.repo.AddPurchase(w.Context(), p))
	same(w, "twice", errors.Is(w.repo.AddPurchase(w.Context(), p), core.ErrDuplicate), true, nil)
	p.State, p.Changed = "paid", noon.Add(time.Hour).UTC()
	w.must(w.repo.SetPurchase(w.Context(), p))
	got, err := w.repo.Purchase(w.Context(), "1")
	same(w, "set", got, p, err)
	all, err := w.repo.Purchases(w.Context(), c.Contact, core.Page{})
	same(w, "of the contact", all, []core.Purchase{p}, err)
	all, err = w.repo.Purchases(w.Context(), "other", core.Page{})
	same(w, "of another", len(all), 0, err)
	missing(w, "SetPurchase", w.repo.SetPurchase(w.Context(), core.Purchase{ID: "none"}))
}
