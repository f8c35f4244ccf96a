package storetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"causeway/core"
)

func conversations(w *world) {
	c := w.contact("a")
	w.must(w.repo.SaveTeam(w.Context(), core.Team{ID: "t1", Name: "Sales"}))
	conv := w.draft(c.ID)
	conv.Subject, conv.Waiting, conv.Agent = "#1 a", noon.UTC(), w.agent.ID
	if won, err := w.repo.AddConversation(w.Context(), &conv); err != nil || !won || conv.Number != 1 {
		w.Fatalf("won %v, number %d, %v", won, conv.Number, err)
	}
	got, err := w.repo.Conversation(w.Context(), conv.ID)
	same(w, "Conversation", got, conv, err)
	got, err = w.repo.OpenConversation(w.Context(), c.ID)
	same(w, "OpenConversation", got, conv, err)
	next := conv
	next.State, next.Closed, next.Waiting, next.Agent, next.Team = core.ConversationClosed, noon.Add(time.Hour).UTC(), time.Time{}, "", "t1"
	next.Referral = &core.Referral{Source: "ad", ID: "7"}
	change := next
	change.Subject, change.Number, change.Seq, change.Contact = "changed", 99, 99, "nobody"
	w.must(w.repo.SetConversation(w.Context(), change))
	got, err = w.repo.Conversation(w.Context(), conv.ID)
	same(w, "SetConversation changes what it names only", got, next, err)
	_, err = w.repo.OpenConversation(w.Context(), c.ID)
	missing(w, "OpenConversation", err)
	_, err = w.repo.Conversation(w.Context(), "none")
	missing(w, "Conversation", err)
	missing(w, "SetConversation", w.repo.SetConversation(w.Context(), core.Conversation{ID: "none"}))
	_, err = w.repo.Lock(w.Context(), "none")
	missing(w, "Lock", err)
	_, err = w.repo.NextSeq(w.Context(), "none", noon)
	missing(w, "NextSeq", err)
}

func openRace(w *world) {
	c := w.contact("a")
	var winners atomic.Int32
	each(50, func(int) {
		err := w.store.Tx(w.Context(), func(tx core.Tx) error {
			repo := tx.In(w.ws)
			conv := w.draft(c.ID)
			won, err := repo.AddConversation(w.Context(), &conv)
			if err != nil {
				return err
			}
			open, err := repo.OpenConversation(w.Context(), c.ID)
			if err != nil {
				return fmt.Errorf("the open one is not seen: %w", err)
			}
			if _, err = repo.NextSeq(w.Context(), open.ID, noon); err == nil && won {
				winners.Add(1)
			}
			return err
		})
		if err != nil {
			w.Error(err)
		}
	})
	all, err := w.repo.ConversationsOf(w.Context(), c.ID)
	if err != nil || len(all) != 1 || all[0].Number != 1 || all[0].Seq != 50 {
		w.Errorf("%v, %v", all, err)
	}
	if winners.Load() < 1 {
		w.Error("nobody won")
	}
}

func reopen(w *world) {
	c := w.contact("a")
	first := w.conversation(c.ID)
	first.State, first.Closed = core.ConversationClosed, noon
	w.must(w.repo.SetConversation(w.Context(), first))
	w.conversation(c.ID)
	first.State = core.ConversationOpen
	duplicate(w, "SetConversation", w.repo.SetConversation(w.Context(), first))
	old := w.draft(c.ID)
	old.State = core.ConversationClosed // as imported history is
	if won, err := w.repo.AddConversation(w.Context(), &old); err != nil || !won {
		w.Errorf("a closed one beside: won %v, %v", won, err)
	}
}

func numbers(w *world) {
	two := worldIn(w.T, w.store, "second")
	var mu sync.Mutex
	got := map[core.WorkspaceID][]int64{}
	each(20, func(i int) {
		x := []*world{w, two}[i%2]
		c := core.Contact{ID: core.NewID[core.ContactID]()}
		if err := x.repo.AddContact(w.Context(), c); err != nil {
			w.Error(err)
			return
		}
		for range 2 { // the second one loses and must not use up a number
			conv := x.draft(c.ID)
			if _, err := x.repo.AddConversation(w.Context(), &conv); err != nil {
				w.Error(err)
			} else if conv.Number > 0 {
				mu.Lock()
				got[x.ws] = append(got[x.ws], conv.Number)
				mu.Unlock()
			}
		}
	})
	for _, all := range got {
		slices.Sort(all)
		same(w, "numbers", all, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, nil)
	}
}

func inbox(w *world) {
	var want []core.ConversationID
	for i := range 7 {
		conv := w.talk()
		_, err := w.repo.NextSeq(w.Context(), conv.ID, noon.Add(time.Duration(i)*time.Microsecond))
		w.must(err)
		if i%3 == 1 {
			w.closes(conv)
		}
		want = append([]core.ConversationID{conv.ID}, want...)
	}
	same(w, "Conversations", inboxIDs(w, 3), want, nil)
	_, err := w.repo.Conversations(w.Context(), core.ConversationFilter{}, core.Page{Before: "yesterday"})
	if core.CodeOf(err) != core.CodeInvalid {
		w.Errorf("a bad position: %v", err)
	}
}

// allOpen has more conversations than any page.
func allOpen(w *world) {
	var want []core.ConversationID
	for i := range 250 {
		conv := w.talk()
		if i%5 != 0 {
			want = append(want, conv.ID)
			continue
		}
		w.closes(conv)
	}
	got, err := w.repo.AllOpen(w.Context())
	slices.Sort(got)
	slices.Sort(want)
	same(w, "AllOpen", got, want, err)
}

func (w *world) closes(c core.Conversation) {
	w.Helper()
	c.State, c.Closed = core.ConversationClosed, noon
	w.must(w.repo.SetConversation(w.Context(), c))
}

func inboxIDs(w *world, size int) []core.ConversationID {
	w.Helper()
	var ids []core.ConversationID
	for _, c := range pages(w, size, func(p core.Page) ([]core.Conversation, error) {
		return w.repo.Conversations(w.Context(), core.ConversationFilter{}, p)
	}, func(c core.Conversation) string { return c.LastAt.Format(time.RFC3339Nano) }) {
		ids = append(ids, c.ID)
	}
	return ids
}

func inboxTies(w *world) {
	var want []core.ConversationID
	for i := range 5 {
		conv := w.talk()
		if i%2 == 0 {
			w.closes(conv)
		}
		want = append(want, conv.ID)
	}
	got := inboxIDs(w, 2)
	slices.Sort(got)
	slices.Sort(want)
	same(w, "all of one instant", got, want, nil)
}

func filters(w *world) {
	w.must(w.repo.SaveTeam(w.Context(), core.Team{ID: "t1", Name: "Sales"}))
	w.must(w.repo.SaveChannel(w.Context(), core.Channel{ID: "ch2", Kind: "sms", Name: "sms"}))
	one, two := w.talk(), w.talk()
	one.Agent, one.Team, one.Channel, one.State = w.agent.ID, "t1", "ch2", core.ConversationClosed
	w.must(w.repo.SetConversation(w.Context(), one))
	for _, f := range []struct {
		filter core.ConversationFilter
		want   []core.ConversationID
	}{
		{core.ConversationFilter{State: core.ConversationClosed}, []core.ConversationID{one.ID}},
		{core.ConversationFilter{State: core.ConversationOpen}, []core.ConversationID{two.ID}},
		{core.ConversationFilter{Agent: w.agent.ID}, []core.ConversationID{one.ID}},
		{core.ConversationFilter{Team: "t1"}, []core.ConversationID{one.ID}},
		{core.ConversationFilter{Channel: w.ch.ID}, []core.ConversationID{two.ID}},
		{core.ConversationFilter{Contact: two.Contact}, []core.ConversationID{two.ID}},
		{core.ConversationFilter{Contact: two.Contact, Team: "t1"}, nil},
		{core.ConversationFilter{Number: two.Number}, []core.ConversationID{two.ID}},
	} {
		got, err := w.repo.Conversations(w.Context(), f.filter, core.Page{})
		var ids []core.ConversationID
		for _, c := range got {
			ids = append(ids, c.ID)
		}
		same(w, fmt.Sprintf("%+v", f.filter), ids, f.want, err)
	}
}

func sequences(w *world) {
	conv := w.talk()
	for want := range int64(3) {
		got, err := w.repo.NextSeq(w.Context(), conv.ID, noon.Add(time.Duration(2-want)*time.Minute))
		same(w, "NextSeq", got, want+1, err)
	}
	got, err := w.repo.Conversation(w.Context(), conv.ID)
	conv.Seq, conv.LastAt = 3, noon.Add(2*time.Minute).UTC()
	same(w, "the newest time stays", got, conv, err)
	w.tx(func(_ core.Tx, repo core.Repo) error {
		locked, err := repo.Lock(w.Context(), conv.ID)
		same(w, "Lock", locked, conv, err)
		return err
	})
}

func history(w *world) {
	conv := w.talk()
	var want []core.ConversationEvent
	for i, kind := range []core.ConversationEventKind{core.ConversationEventOpened, core.ConversationEventNotice, core.ConversationEventClosed} {
		e := core.ConversationEvent{ID: core.NewID[string](), Conversation: conv.ID, Kind: kind, By: core.Author{Kind: core.AuthorAgent, Agent: w.agent.ID},
			Code: "edit", Data: map[string]string{"text": "x"}, Text: "Changed.", At: noon.Add(-time.Duration(i) * time.Hour).UTC()}
		w.must(w.repo.AddConversationEvent(w.Context(), e))
		want = append(want, e)
	}
	got, err := w.repo.ConversationEvents(w.Context(), conv.ID)
	same(w, "ConversationEvents", got, want, err)
}

func lanes(w *world) {
	for _, step := range []struct {
		lane  string
		token int64
		want  bool
	}{{"a", 5, true}, {"a", 5, true}, {"a", 4, false}, {"b", 1, true}, {"a", 6, true}, {"a", 5, false}, {"b", 1, true}} {
		got, err := w.repo.TakeLane(w.Context(), step.lane, step.token)
		same(w, fmt.Sprintf("%+v", step), got, step.want, err)
	}
	each(20, func(i int) {
		if _, err := w.repo.TakeLane(w.Context(), "race", int64(i)); err != nil {
			w.Error(err)
		}
	})
	got, err := w.repo.TakeLane(w.Context(), "race", 18)
	same(w, "an older one after the race", got, false, err)
}
