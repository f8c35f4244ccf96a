package assign_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/assign"
)

// world is a store with two contacts, who have a conversation each, two agents and a team.
type world struct {
	*testing.T
	desk     assign.Desk
	store    *gormstore.Store
	ws       core.WorkspaceID
	repo     core.Repo
	ch       core.Channel
	ana, ben core.Contact
	convs    map[core.ContactID]core.ConversationID
	clock    time.Time
}

var lena = core.Author{Kind: core.AuthorAgent, Agent: "lena", Name: "Lena"}

func each(t *testing.T, f func(w *world)) {
	t.Helper()
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, _ *freshstore.Queue) { f(newWorld(t, s)) })
}

// lite runs f on SQLite alone, for tables of what the database makes no difference to.
func lite(t *testing.T, f func(w *world)) {
	t.Helper()
	s, _ := freshstore.SQLite(t, nil)
	f(newWorld(t, s))
}

func newWorld(t *testing.T, s *gormstore.Store) *world {
	t.Helper()
	w := &world{T: t, store: s, convs: map[core.ContactID]core.ConversationID{}, clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w.desk = assign.Desk{Store: s, Now: func() time.Time { return w.clock }}
	var err error
	w.ws, err = s.EnsureWorkspace(t.Context(), "main")
	w.must(err)
	w.repo = s.In(w.ws)
	w.ch = core.Channel{ID: "ch", Workspace: w.ws, Kind: "x", Name: "shop", Created: w.clock}
	w.must(w.repo.SaveChannel(t.Context(), w.ch))
	for _, a := range []core.Agent{{ID: "lena", Name: "Lena"}, {ID: "omar", Name: "Omar"}, {ID: "gone", Name: "Gone", Disabled: true}} {
		a.Workspace, a.Addresses, a.Created = w.ws, []string{string(a.ID) + "@example.com"}, w.clock
		w.must(w.repo.SaveAgent(t.Context(), a))
	}
	w.must(w.repo.SaveTeam(t.Context(), core.Team{ID: "sales", Workspace: w.ws, Name: "Sales", Members: []core.AgentID{"lena"}}))
	w.ana, w.ben = w.person("Ana", "1"), w.person("Ben", "2")
	return w
}

func (w *world) person(name, number string) core.Contact {
	w.Helper()
	c := core.Contact{ID: core.NewID[core.ContactID](), Workspace: w.ws, Name: name, Created: w.clock}
	w.must(w.repo.AddContact(w.Context(), c))
	_, err := w.repo.AddIdentity(w.Context(), core.Identity{ID: core.NewID[core.IdentityID](), Contact: c.ID, Key: key(number), Seen: w.clock})
	w.must(err)
	w.convs[c.ID] = w.open(c.ID)
	return c
}

func key(number string) core.IdentityKey {
	return core.IdentityKey{Scheme: core.SchemePhone, Value: number}
}

func (w *world) open(c core.ContactID) core.ConversationID {
	w.Helper()
	conv := core.Conversation{ID: core.NewID[core.ConversationID](), Workspace: w.ws, Contact: c, Channel: w.ch.ID, State: core.ConversationOpen, Opened: w.clock,
		Waiting: w.clock}
	won, err := w.repo.AddConversation(w.Context(), &conv)
	w.must(err)
	if !won {
		w.Fatal("there is one open already")
	}
	return conv.ID
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) conv(id core.ConversationID) core.Conversation {
	w.Helper()
	c, err := w.repo.Conversation(w.Context(), id)
	w.must(err)
	return c
}

func (w *world) contact(id core.ContactID) core.Contact {
	w.Helper()
	c, err := w.repo.Contact(w.Context(), id)
	w.must(err)
	return c
}

func (w *world) history(id core.ConversationID) string {
	w.Helper()
	all, err := w.repo.ConversationEvents(w.Context(), id)
	w.must(err)
	var kinds []string
	for _, e := range all {
		kinds = append(kinds, string(e.Kind))
	}
	return strings.Join(kinds, " ")
}

func equal[T comparable](w *world, what string, got, want T) {
	w.Helper()
	if got != want {
		w.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func isProblem(w *world, what string, err error, code core.Code, has string) {
	w.Helper()
	var p *core.Problem
	if !errors.As(err, &p) || p.Code != code || !strings.Contains(p.Error(), has) {
		w.Errorf("%s: got %v, want a problem %s with %q", what, err, code, has)
	}
}

func TestCloseAndReopen(t *testing.T) {
	each(t, func(w *world) {
		id := w.convs[w.ana.ID]
		for range 2 {
			c, err := w.desk.Close(w.Context(), w.ws, id, lena)
			w.must(err)
			equal(w, "closed", c.State, core.ConversationClosed)
		}
		c := w.conv(id)
		equal(w, "stored", c.State, core.ConversationClosed)
		equal(w, "since", c.Closed.Equal(w.clock), true)
		equal(w, "nobody waits", c.Waiting.IsZero(), true)
		for range 2 {
			_, err := w.desk.Reopen(w.Context(), w.ws, id, lena)
			w.must(err)
		}
		equal(w, "open again", w.conv(id).State, core.ConversationOpen)
		equal(w, "history", w.history(id), "closed reopened")
		events, err := w.repo.ConversationEvents(w.Context(), id)
		w.must(err)
		equal(w, "by", events[0].By, lena)
		for what, f := range map[string]func() error{
			"close":  func() error { _, err := w.desk.Close(w.Context(), w.ws, "none", lena); return err },
			"reopen": func() error { _, err := w.desk.Reopen(w.Context(), w.ws, "none", lena); return err },
			"assign": func() error { _, err := w.desk.Assign(w.Context(), w.ws, "none", "lena", "", lena); return err },
		} {
			if err := f(); !errors.Is(err, core.ErrNotFound) {
				t.Errorf("%s of nothing: got %v", what, err)
			}
		}
	})
}

func TestReopenWhileAnotherIsOpen(t *testing.T) {
	each(t, func(w *world) {
		first := w.convs[w.ana.ID]
		_, err := w.desk.Close(w.Context(), w.ws, first, lena)
		w.must(err)
		second := w.open(w.ana.ID)
		_, err = w.desk.Reopen(w.Context(), w.ws, first, lena)
		isProblem(w, "reopen", err, core.CodeConflict, "another conversation open")
		equal(w, "stays closed", w.conv(first).State, core.ConversationClosed)
		equal(w, "history", w.history(first), "closed")
		_, err = w.desk.Close(w.Context(), w.ws, second, lena)
		w.must(err)
		_, err = w.desk.Reopen(w.Context(), w.ws, first, lena)
		w.must(err)
	})
}

func TestReopenAtOnce(t *testing.T) {
	each(t, func(w *world) {
		ids := []core.ConversationID{w.convs[w.ana.ID]}
		for range 3 {
			_, err := w.desk.Close(w.Context(), w.ws, ids[len(ids)-1], lena)
			w.must(err)
			ids = append(ids, w.open(w.ana.ID))
		}
		_, err := w.desk.Close(w.Context(), w.ws, ids[3], lena)
		w.must(err)
		errs := make([]error, len(ids))
		var all sync.WaitGroup
		for i, id := range ids {
			all.Go(func() { _, errs[i] = w.desk.Reopen(w.Context(), w.ws, id, lena) })
		}
		all.Wait()
		good := 0
		for _, err := range errs {
			if err == nil {
				good++
				continue
			}
			isProblem(w, "loser", err, core.CodeConflict, "another")
		}
		equal(w, "winners", good, 1)
	})
}

func TestAssign(t *testing.T) {
	for _, c := range []struct {
		name        string
		agent       core.AgentID
		team        core.TeamID
		before      core.Conversation // agent and team
		after       core.Conversation
		changes     bool
		code        core.Code
		says        string
		closedFirst bool
	}{
		{name: "to an agent", agent: "lena", after: core.Conversation{Agent: "lena"}, changes: true},
		{name: "to an agent, the team stays", agent: "omar", before: core.Conversation{Agent: "lena", Team: "sales"}, after: core.Conversation{Agent: "omar", Team: "sales"}, changes: true},
		{name: "to a team, taken from its agent", team: "sales", before: core.Conversation{Agent: "lena"}, after: core.Conversation{Team: "sales"}, changes: true},
		{name: "to both", agent: "lena", team: "sales", after: core.Conversation{Agent: "lena", Team: "sales"}, changes: true},
		{name: "to nobody", before: core.Conversation{Agent: "lena", Team: "sales"}, changes: true},
		{name: "to nobody, from a team", before: core.Conversation{Team: "sales"}, changes: true},
		{name: "as it is", agent: "lena", before: core.Conversation{Agent: "lena", Team: "sales"}, after: core.Conversation{Agent: "lena", Team: "sales"}},
		{name: "to one who left", agent: "gone", code: core.CodeConflict, says: "Gone no longer answers"},
		{name: "to an agent that does not exist", agent: "who", code: core.CodeNotFound, says: "agent"},
		{name: "to a team that does not exist", team: "who", code: core.CodeNotFound, says: "team"},
		{name: "closed", agent: "lena", closedFirst: true, code: core.CodeClosed, says: "Reopen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(w *world) {
				id := w.convs[w.ana.ID]
				conv := w.conv(id)
				conv.Agent, conv.Team = c.before.Agent, c.before.Team
				if c.closedFirst {
					conv.State = core.ConversationClosed
				}
				w.must(w.repo.SetConversation(w.Context(), conv))
				_, err := w.desk.Assign(w.Context(), w.ws, id, c.agent, c.team, lena)
				want := c.after
				if c.code != "" {
					isProblem(w, "assign", err, c.code, c.says)
					want = c.before
				} else {
					w.must(err)
				}
				got := w.conv(id)
				equal(w, "agent", got.Agent, want.Agent)
				equal(w, "team", got.Team, want.Team)
				equal(w, "noted", w.history(id) == "assigned", c.changes)
			})
		})
	}
}

func TestMergeBothOpen(t *testing.T) {
	each(t, func(w *world) {
		mine, theirs := w.convs[w.ana.ID], w.convs[w.ben.ID]
		w.ben.OptedOut, w.ben.Language = true, "pt"
		w.must(w.repo.SetContact(w.Context(), w.ben))
		w.clock = w.clock.Add(time.Hour)
		m, err := w.desk.Merge(w.Context(), w.ws, w.ana.ID, w.ben.ID, "same person")
		w.must(err)
		equal(w, "one stays open", w.conv(mine).State, core.ConversationOpen)
		equal(w, "the other is closed", w.conv(theirs).State, core.ConversationClosed)
		equal(w, "whose", w.conv(theirs).Contact, w.ana.ID)
		equal(w, "history", w.history(theirs), "closed contact-merged")
		equal(w, "merged into", w.contact(w.ben.ID).MergedInto, w.ana.ID)
		both := w.contact(w.ana.ID)
		equal(w, "who opted out stays out", both.OptedOut, true)
		equal(w, "language", both.Language, "pt")
		equal(w, "name", both.Name, "Ana")
		w.must(w.desk.Unmerge(w.Context(), w.ws, m.ID))
		equal(w, "given back", w.conv(theirs).Contact, w.ben.ID)
		equal(w, "ben is himself", w.contact(w.ben.ID).MergedInto, "")
		ids, err := w.repo.IdentitiesOf(w.Context(), w.ben.ID)
		w.must(err)
		equal(w, "his number", ids[0].Key, key("2"))
		isProblem(w, "undone twice", w.desk.Unmerge(w.Context(), w.ws, m.ID), core.CodeConflict, "undone already")
		if err := w.desk.Unmerge(w.Context(), w.ws, "none"); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("undo of nothing: got %v", err)
		}
	})
}

func TestMergeOfOpenIntoClosed(t *testing.T) {
	each(t, func(w *world) {
		mine, theirs := w.convs[w.ana.ID], w.convs[w.ben.ID]
		_, err := w.desk.Close(w.Context(), w.ws, mine, lena)
		w.must(err)
		m, err := w.desk.Merge(w.Context(), w.ws, w.ana.ID, w.ben.ID, "same person")
		w.must(err)
		open, err := w.repo.OpenConversation(w.Context(), w.ana.ID)
		w.must(err)
		equal(w, "goes on", open.ID, theirs)
		w.must(w.desk.Unmerge(w.Context(), w.ws, m.ID))
		equal(w, "still open", w.conv(theirs).State, core.ConversationOpen)
		equal(w, "back at ben", w.conv(theirs).Contact, w.ben.ID)
	})
}

func TestMergeRefused(t *testing.T) {
	each(t, func(w *world) {
		eve := w.person("Eve", "3")
		_, err := w.desk.Merge(w.Context(), w.ws, w.ana.ID, w.ana.ID, "")
		isProblem(w, "with itself", err, core.CodeInvalid, "itself")
		_, err = w.desk.Merge(w.Context(), w.ws, w.ana.ID, w.ben.ID, "")
		w.must(err)
		for what, pair := range map[string][2]core.ContactID{"into one that is gone": {w.ben.ID, eve.ID}, "again": {w.ana.ID, w.ben.ID}, "back": {w.ben.ID, w.ana.ID}} {
			_, err = w.desk.Merge(w.Context(), w.ws, pair[0], pair[1], "")
			isProblem(w, what, err, core.CodeConflict, "part of another")
		}
		for _, pair := range [][2]core.ContactID{{"none", eve.ID}, {eve.ID, "none"}} {
			if _, err := w.desk.Merge(w.Context(), w.ws, pair[0], pair[1], ""); !errors.Is(err, core.ErrNotFound) {
				t.Errorf("%v: got %v", pair, err)
			}
		}
		equal(w, "eve is untouched", w.contact(eve.ID).MergedInto, "")
		equal(w, "her conversation too", w.conv(w.convs[eve.ID]).State, core.ConversationOpen)
	})
}

// Merged the other way round at the same moment, two contacts become one, not none.
func TestMergeBothWaysAtOnce(t *testing.T) {
	each(t, func(w *world) {
		var all sync.WaitGroup
		errs := make([]error, 2)
		all.Go(func() { _, errs[0] = w.desk.Merge(w.Context(), w.ws, w.ana.ID, w.ben.ID, "") })
		all.Go(func() { _, errs[1] = w.desk.Merge(w.Context(), w.ws, w.ben.ID, w.ana.ID, "") })
		all.Wait()
		ana, ben := w.contact(w.ana.ID), w.contact(w.ben.ID)
		if (ana.MergedInto == "") == (ben.MergedInto == "") {
			t.Fatalf("ana is in %q, ben in %q: %v", ana.MergedInto, ben.MergedInto, errs)
		}
		one := ana.ID
		if ana.MergedInto != "" {
			one = ben.ID
		}
		ids, err := w.repo.IdentitiesOf(w.Context(), one)
		w.must(err)
		equal(w, "identities", len(ids), 2)
	})
}

// Merges build on each other; each can be undone, in whatever order, and in the end everybody has their own again.
func TestChainOfMerges(t *testing.T) {
	for name, order := range map[string][]int{"oldest first": {0, 1}, "newest first": {1, 0}} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				eve := w.person("Eve", "3")
				first, err := w.desk.Merge(w.Context(), w.ws, w.ana.ID, w.ben.ID, "")
				w.must(err)
				second, err := w.desk.Merge(w.Context(), w.ws, eve.ID, w.ana.ID, "")
				w.must(err)
				ids, err := w.repo.IdentitiesOf(w.Context(), eve.ID)
				w.must(err)
				equal(w, "all are eve", len(ids), 3)
				for _, i := range order {
					w.must(w.desk.Unmerge(w.Context(), w.ws, []string{first.ID, second.ID}[i]))
				}
				for i, c := range []core.Contact{w.ana, w.ben, eve} {
					equal(w, c.Name, w.contact(c.ID).MergedInto, "")
					ids, err := w.repo.IdentitiesOf(w.Context(), c.ID)
					w.must(err)
					equal(w, c.Name+" has identities", len(ids), 1)
					equal(w, c.Name+" has the number", ids[0].Key, key(string(rune('1'+i))))
					equal(w, c.Name+" has the conversation", w.conv(w.convs[c.ID]).Contact, c.ID)
				}
			})
		})
	}
}

func TestOthersConversation(t *testing.T) {
	each(t, func(w *world) {
		theirs, err := w.store.EnsureWorkspace(w.Context(), "theirs")
		w.must(err)
		if _, err := w.desk.Close(w.Context(), theirs, w.convs[w.ana.ID], lena); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("close: got %v", err)
		}
		if _, err := w.desk.Merge(w.Context(), theirs, w.ana.ID, w.ben.ID, ""); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("merge: got %v", err)
		}
		_, err = w.desk.Assign(w.Context(), theirs, w.convs[w.ana.ID], "lena", "", lena)
		isProblem(w, "assign", err, core.CodeNotFound, "agent")
	})
}
