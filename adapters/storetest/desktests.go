package storetest

import (
	"errors"
	"strconv"
	"sync"
	"time"

	"causeway/core"
)

func duties(w *world) {
	busy := core.Agent{ID: "busy", Workspace: w.ws, Name: "Busy", Addresses: []string{"busy@x.example"}, Created: noon}
	w.must(w.repo.SaveAgent(w.Context(), busy))
	for i := range 3 {
		c := w.conversation(w.contact("Eve").ID)
		c.Agent = "busy"
		if i == 2 {
			c.State = core.ConversationClosed
		}
		w.must(w.repo.SetConversation(w.Context(), c))
	}
	d := core.Duty{Agent: "busy", Presence: core.PresenceBusy, Until: noon.UTC(), Since: noon.UTC(), Given: noon.UTC()}
	w.must(w.repo.Answers(w.Context(), "busy", noon.Add(time.Minute)))
	w.must(w.repo.SetDuty(w.Context(), d))
	w.must(w.repo.Answers(w.Context(), "busy", noon)) // older
	d.Answered, d.Open = noon.Add(time.Minute).UTC(), 2
	all, err := w.repo.Duties(w.Context())
	same(w, "all agents", all, []core.Duty{{Agent: w.agent.ID}, d}, err)
	missing(w, "SetDuty", w.repo.SetDuty(w.Context(), core.Duty{Agent: "none"}))
	missing(w, "Answers", w.repo.Answers(w.Context(), "none", noon))
}

// places: a queue is in the order of priority and waiting, and a place says how many are before.
func places(w *world) {
	queue := func(name string, team core.TeamID, priority int, waited time.Duration) core.Place {
		c := w.conversation(w.contact(name).ID)
		w.must(w.repo.SetHandling(w.Context(), core.Handling{Conversation: c.ID, Priority: priority}))
		p := core.Place{Conversation: c.ID, Team: team, Priority: priority, Queued: noon.Add(-waited).UTC(), Wants: core.Wants{Language: "ar", Skills: []string{"tax"}}}
		w.must(w.repo.SetPlace(w.Context(), p))
		return p
	}
	late, early, urgent := queue("Late", "", 0, 0), queue("Early", "", 0, time.Hour), queue("Urgent", "", 2, 0)
	queue("Elsewhere", "sales", 2, time.Hour)
	gone := queue("Gone", "", 0, 2*time.Hour)
	gone.Queued, gone.Assigned, gone.Wants = time.Time{}, noon.UTC(), core.Wants{}
	w.must(w.repo.SetPlace(w.Context(), gone))
	got, err := w.repo.Place(w.Context(), gone.Conversation)
	same(w, "one that waits no more", got, gone, err)
	order := []core.Place{urgent, early, late}
	all, err := w.repo.Places(w.Context(), "", nil, 10)
	same(w, "in order", all, order, err)
	var one []core.Place
	for after := (*core.Place)(nil); ; after = &one[len(one)-1] {
		page, err := w.repo.Places(w.Context(), "", after, 1)
		w.must(err)
		if len(page) == 0 {
			break
		}
		one = append(one, page...)
	}
	same(w, "one by one", one, order, nil)
	for i, p := range order {
		n, err := w.repo.Position(w.Context(), p)
		same(w, "position", n, i+1, err)
	}
	n, err := w.repo.Queues(w.Context())
	same(w, "queues", n, map[core.TeamID]int{"": 3, "sales": 1}, err)
	got, err = w.repo.Place(w.Context(), "none")
	same(w, "nothing was set", got, core.Place{Conversation: "none"}, err)
	missing(w, "SetPlace", w.repo.SetPlace(w.Context(), core.Place{Conversation: "none"}))
}

// desksMany: many conversations are locked with their places, and many places and duties set, as one by one. What is another workspace's is left alone.
func desksMany(w *world) {
	var ids []core.ConversationID
	rows := core.Rows{Duties: []core.Owned[core.Duty]{own(w, core.Duty{Agent: w.agent.ID, Presence: core.PresenceBusy, Given: noon.UTC()})}}
	for i, name := range []string{"One", "Two", "Three"} {
		c := w.conversation(w.contact(name).ID)
		ids = append(ids, c.ID)
		if i > 0 { // the first has no place yet
			w.must(w.repo.SetHandling(w.Context(), core.Handling{Conversation: c.ID, Priority: i, Tags: []string{"kept"}}))
		}
		rows.Places = append(rows.Places, own(w, core.Place{Conversation: c.ID, Team: "sales", Priority: i, Queued: noon.Add(time.Duration(i) * time.Second).UTC(), Wants: core.Wants{Language: "ar"}}))
	}
	if !w.write(rows) {
		w.Fatal("places lost")
	}
	w.must(w.store.Tx(w.Context(), func(tx core.Tx) error {
		conversations, places, err := tx.In(w.ws).LockPlaces(w.Context(), ids[2], ids[0], ids[1], "none")
		if len(conversations) != len(ids) || places["none"].Conversation != "none" {
			w.Errorf("locked %s, at %s", show(conversations), show(places))
		}
		for i, id := range ids {
			one, err := tx.In(w.ws).Conversation(w.Context(), id)
			same(w, "conversation", conversations[id], one, err)
			same(w, "place", places[id], rows.Places[i].Value, nil)
		}
		return err
	}))
	h, err := w.repo.Handling(w.Context(), ids[2])
	same(w, "what a place does not set", h, core.Handling{Conversation: ids[2], Priority: 2, Tags: []string{"kept"}, Queued: noon.Add(2 * time.Second).UTC()}, err)
	all, err := w.repo.Duties(w.Context())
	same(w, "duties", all, []core.Duty{{Agent: w.agent.ID, Presence: core.PresenceBusy, Given: noon.UTC(), Open: 0}}, err)
	second := worldIn(w.T, w.store, "second")
	foreign := core.Rows{Places: []core.Owned[core.Place]{{Workspace: second.ws, Value: rows.Places[0].Value}}}
	if err := w.store.Tx(w.Context(), func(tx core.Tx) error { return tx.Write(w.Context(), foreign) }); !errors.Is(err, core.ErrNotFound) {
		w.Errorf("a place of another workspace's conversation: %v", err)
	}
}

// deskLock: who has the desk has it alone, from the first time on.
func deskLock(w *world) {
	none, err := w.repo.Desk(w.Context())
	same(w, "nothing yet", none, nil, err)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			err := w.store.Tx(w.Context(), func(tx core.Tx) error {
				repo := tx.In(w.ws)
				raw, err := repo.LockDesk(w.Context())
				if err != nil {
					return err
				}
				n, _ := strconv.Atoi(string(raw))
				return repo.SetDesk(w.Context(), []byte(strconv.Itoa(n+1)))
			})
			if err != nil {
				w.Error(err)
			}
		})
	}
	all.Wait()
	got, err := w.repo.Desk(w.Context())
	same(w, "counted", string(got), "20", err)
}

func strategies(w *world) {
	a := w.agent
	a.Skills, a.Languages, a.Most, a.Hours = []string{"tax"}, []string{"ar", "en"}, 3, core.Hours{Zone: "Africa/Cairo"}
	a.Hours.Week[1] = []core.Shift{{From: 540, To: 1020}}
	w.must(w.repo.SaveAgent(w.Context(), a))
	got, err := w.repo.Agent(w.Context(), a.ID)
	same(w, "agent", got, a, err)
	t := core.Team{ID: "t", Workspace: w.ws, Name: "Sales", Members: []core.AgentID{a.ID}, Hours: a.Hours,
		Strategy: core.Strategy{Pick: core.PickFewest, Most: 4, Untouched: time.Minute, Fallback: time.Hour}}
	w.must(w.repo.SaveTeam(w.Context(), t))
	team, err := w.repo.Team(w.Context(), "t")
	same(w, "team", team, t, err)
}
