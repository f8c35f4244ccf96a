package storetest

import (
	"errors"
	"strings"
	"time"

	"causeway/core"
)

func happenings(w *world) {
	c := w.conversation(w.contact("Eve").ID)
	h := core.Happening{ID: "2", Conversation: c.ID, Kind: core.HappenedMessage, Message: "m", By: core.Author{Kind: core.AuthorContact, Name: "Eve"}, At: noon}
	first := core.Happening{ID: "1", Conversation: c.ID, Kind: core.HappenedTagged, By: core.Author{Kind: core.AuthorAPI}, Name: "vip", At: noon}
	w.must(w.repo.AddHappening(w.Context(), h))
	w.must(w.store.Tx(w.Context(), func(tx core.Tx) error {
		err := tx.Write(w.Context(), core.Rows{Happenings: []core.Owned[core.Happening]{{Workspace: w.ws, Value: first}}})
		return err
	}))
	h.At, first.At = h.At.UTC(), first.At.UTC()
	all, err := w.repo.Happenings(w.Context(), c.ID)
	same(w, "in order", all, []core.Happening{first, h}, err)
	w.must(w.repo.DropHappening(w.Context(), c.ID, "1"))
	w.must(w.repo.DropHappening(w.Context(), c.ID, "1"))
	all, err = w.repo.Happenings(w.Context(), c.ID)
	same(w, "one is dealt with", all, []core.Happening{h}, err)
	all, err = w.repo.Happenings(w.Context(), "other")
	same(w, "of another", len(all), 0, err)
	w.must(w.repo.DropHappenings(w.Context()))
	all, err = w.repo.Happenings(w.Context(), c.ID)
	same(w, "all are dropped", len(all), 0, err)
}

func handling(w *world) {
	c := w.conversation(w.contact("Eve").ID)
	got, err := w.repo.Handling(w.Context(), c.ID)
	same(w, "untouched", got, core.Handling{Conversation: c.ID}, err)
	h := core.Handling{Conversation: c.ID, Priority: 2, Tags: []string{"b", "a", "b"}, Snoozed: noon}
	w.must(w.repo.SetHandling(w.Context(), h))
	h.Tags, h.Snoozed = []string{"a", "b"}, h.Snoozed.UTC()
	got, err = w.repo.Handling(w.Context(), c.ID)
	same(w, "set", got, h, err)
	w.must(w.repo.SetPlace(w.Context(), core.Place{Conversation: c.ID, Queued: noon, Assigned: noon.Add(time.Minute)}))
	h = core.Handling{Conversation: c.ID, Answered: noon.UTC(), Touched: noon.UTC()}
	w.must(w.repo.SetHandling(w.Context(), h))
	h.Queued, h.Assigned = noon.UTC(), noon.Add(time.Minute).UTC()
	got, err = w.repo.Handling(w.Context(), c.ID)
	same(w, "set again", got, h, err)
	missing(w, "SetHandling", w.repo.SetHandling(w.Context(), core.Handling{Conversation: "none"}))
}

func knowledge(w *world) {
	c := w.contact("Eve")
	set := func(what, name, value string, want bool) {
		w.Helper()
		got, err := w.repo.SetField(w.Context(), c.ID, name, value)
		same(w, what, got, want, err)
	}
	set("new", "city", "Cairo", true)
	set("the same", "city", "Cairo", false)
	set("another", "city", "Giza", true)
	set("a second", "plan", "gold", true)
	set("removed", "plan", "", true)
	set("removed again", "plan", "", false)
	fields, err := w.repo.Fields(w.Context(), c.ID)
	same(w, "fields", fields, map[string]string{"city": "Giza"}, err)
	_, err = w.repo.SetField(w.Context(), "none", "city", "Cairo")
	missing(w, "SetField", err)
	tag := func(what, tag string, on, want bool) {
		w.Helper()
		got, err := w.repo.SetContactTag(w.Context(), c.ID, tag, on)
		same(w, what, got, want, err)
	}
	tag("tagged", "vip", true, true)
	tag("again", "vip", true, false)
	tag("another tag", "ad", true, true)
	tag("untagged", "none", false, false)
	tags, err := w.repo.ContactTags(w.Context(), c.ID)
	same(w, "tags", tags, []string{"ad", "vip"}, err)
	tag("gone", "vip", false, true)
	other := w.contact("Adam")
	_, err = w.repo.SetField(w.Context(), other.ID, "city", "Luxor")
	w.must(err)
	_, err = w.repo.SetField(w.Context(), other.ID, "plan", "silver")
	w.must(err)
	_, err = w.repo.SetContactTag(w.Context(), other.ID, "late", true)
	w.must(err)
	w.must(w.store.Tx(w.Context(), func(tx core.Tx) error {
		_, err := core.MergeContacts(w.Context(), tx.In(w.ws), tx.Enqueue, c.ID, other.ID, "", noon)
		return err
	}))
	fields, err = w.repo.Fields(w.Context(), c.ID)
	same(w, "fields of both", fields, map[string]string{"city": "Giza", "plan": "silver"}, err)
	tags, err = w.repo.ContactTags(w.Context(), c.ID)
	same(w, "tags of both", tags, []string{"ad", "late"}, err)
}

func automated(w *world) {
	all, err := w.store.Automated(w.Context())
	same(w, "nowhere", len(all), 0, err)
	w.must(w.repo.SetValue(w.Context(), core.AutomationOwner, "hours", []byte("{}")))
	w.must(w.repo.SetValue(w.Context(), core.AutomationOwner, "workflows", []byte("{}")))
	all, err = w.store.Automated(w.Context())
	same(w, "here", all, []core.WorkspaceID{w.ws}, err)
}

func surveys(w *world) {
	c := w.conversation(w.contact("Eve").ID)
	s := core.SurveyAnswer{Conversation: c.ID, Contact: c.Contact, Agent: "lena", Team: "sales", Channel: w.ch.ID, Asked: noon}
	_, err := w.repo.Survey(w.Context(), c.Contact)
	missing(w, "Survey", err)
	won, err := w.repo.AddSurvey(w.Context(), s)
	same(w, "asked", won, true, err)
	won, err = w.repo.AddSurvey(w.Context(), s)
	same(w, "asked again", won, false, err)
	s.Asked = s.Asked.UTC()
	got, err := w.repo.Survey(w.Context(), c.Contact)
	same(w, "not answered", got, s, err)
	s.Score, s.Comment, s.Answered = 4, "quick", noon.Add(time.Minute).UTC()
	w.must(w.repo.SetSurvey(w.Context(), s))
	all, err := w.repo.Surveys(w.Context(), noon, noon.Add(time.Second))
	same(w, "answered", all, []core.SurveyAnswer{s}, err)
	all, err = w.repo.Surveys(w.Context(), noon.Add(time.Second), noon.Add(time.Hour))
	same(w, "later", len(all), 0, err)
	missing(w, "SetSurvey", w.repo.SetSurvey(w.Context(), core.SurveyAnswer{Conversation: "none"}))
}

func facts(w *world) {
	c := w.conversation(w.contact("Eve").ID)
	m := w.add(w.message(c, "hi", "wamid.1"))
	w.add(w.message(c, "and", "wamid.2"))
	w.must(w.repo.AddConversationEvent(w.Context(), core.ConversationEvent{ID: "1", Conversation: c.ID, Kind: core.ConversationEventOpened, By: core.Author{Kind: core.AuthorContact}, At: noon}))
	w.must(w.repo.AddConversationEvent(w.Context(), core.ConversationEvent{ID: "2", Conversation: c.ID, Kind: core.ConversationEventNotice, At: noon}))
	from, to := c.Opened, c.Opened.Add(time.Second)
	convs, err := w.repo.ConversationsOpened(w.Context(), from, to)
	same(w, "opened", len(convs), 1, err)
	convs, err = w.repo.ConversationsOpened(w.Context(), from.Add(-time.Hour), from)
	same(w, "opened before", len(convs), 0, err)
	var got []core.MessageFact
	w.must(w.repo.MessageFacts(w.Context(), from, to, func(f core.MessageFact) { got = append(got, f) }))
	same(w, "messages", len(got), 2, nil)
	same(w, "a message", got[0], core.MessageFact{Conversation: c.ID, Channel: m.Channel, Direction: m.Direction, Author: m.Author, Status: m.Status, At: m.Created.UTC()}, nil)
	var events []core.EventFact
	w.must(w.repo.EventFacts(w.Context(), from, to, func(f core.EventFact) { events = append(events, f) }))
	same(w, "events", events, []core.EventFact{{Conversation: c.ID, Kind: core.ConversationEventOpened, By: core.Author{Kind: core.AuthorContact}, At: noon.UTC()}}, nil)
	runs, err := w.repo.RunFacts(w.Context(), from, to)
	same(w, "runs", len(runs), 0, err)
}

// settingsNow: settings of automation, which a store may keep for a moment, are those of the last change all the same, of a transaction too.
func settingsNow(w *world) {
	is := func(want string) {
		w.Helper()
		named := func(repo core.Repo) {
			names, err := repo.Automation(w.Context())
			same(w, "names", strings.Join(names, " "), map[bool]string{true: "hours"}[want != ""], err)
		}
		named(w.repo)
		w.must(w.store.Tx(w.Context(), func(tx core.Tx) error { named(tx.In(w.ws)); return nil }))
		for range 2 {
			got, err := w.repo.Value(w.Context(), core.AutomationOwner, "hours")
			same(w, "setting", string(got), want, err)
		}
	}
	is("")
	w.must(w.repo.SetValue(w.Context(), core.AutomationOwner, "hours", []byte("one")))
	is("one")
	set := func(tx core.Tx, value string) {
		w.must(tx.In(w.ws).SetValue(w.Context(), core.AutomationOwner, "hours", []byte(value)))
		got, err := tx.In(w.ws).Value(w.Context(), core.AutomationOwner, "hours")
		same(w, "inside", string(got), value, err)
		w.must(tx.In(w.ws).SetValue(w.Context(), core.AutomationOwner, "away", nil))
		names, err := tx.In(w.ws).Automation(w.Context())
		same(w, "names inside", names, []string{"away", "hours"}, err)
		w.must(tx.In(w.ws).DropValue(w.Context(), core.AutomationOwner, "away"))
	}
	errRollback := errors.New("roll back")
	err := w.store.Tx(w.Context(), func(tx core.Tx) error { set(tx, "two"); return errRollback })
	same(w, "rolled back", errors.Is(err, errRollback), true, nil)
	is("one")
	w.must(w.store.Tx(w.Context(), func(tx core.Tx) error { set(tx, "three"); return nil }))
	is("three")
	won, err := w.repo.SwapValue(w.Context(), core.AutomationOwner, "hours", []byte("three"), []byte("four"))
	same(w, "swapped", won, true, err)
	is("four")
	got, err := worldIn(w.T, w.store, "second").repo.Value(w.Context(), core.AutomationOwner, "hours")
	same(w, "of another workspace", string(got), "", err)
	w.must(w.repo.DropValue(w.Context(), core.AutomationOwner, "hours"))
	is("")
}
