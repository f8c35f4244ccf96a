package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"causeway/core"
)

// look finds in a transaction of its own.
func (w *world) look(want core.Wanted) core.Found {
	w.Helper()
	var found core.Found
	w.tx(func(tx core.Tx, _ core.Repo) (err error) {
		found, err = tx.Look(w.Context(), want)
		return err
	})
	return found
}

// write reports whether rows were stored, at once or on the way with the commit.
func (w *world) write(r core.Rows) bool {
	w.Helper()
	err := w.store.Tx(w.Context(), func(tx core.Tx) error {
		if !w.atEnd {
			return tx.Write(w.Context(), r)
		}
		tx.WriteAtEnd(r)
		return nil
	})
	if err != nil && !errors.Is(err, core.ErrOutrun) {
		w.Fatal(err)
	}
	return err == nil
}

// atEnd has a test write on the way with the commit.
func atEnd(test func(w *world)) func(w *world) {
	return func(w *world) {
		w.atEnd = true
		test(w)
	}
}

func (w *world) eventKey(id string) core.EventKey {
	return core.EventKey{Workspace: w.ws, Channel: w.ch.ID, Kind: core.EventMessage, ID: id}
}

func (w *world) providerKey(id string) core.Owned[core.ProviderKey] {
	return core.Owned[core.ProviderKey]{Workspace: w.ws, Value: core.ProviderKey{Channel: w.ch.ID, Provider: id}}
}

func own[T any](w *world, v T) core.Owned[T] { return core.Owned[T]{Workspace: w.ws, Value: v} }

// bulkClaims: each of many equal claims wins once, whichever way it is made, and is kept apart from those of others.
func bulkClaims(w *world) {
	other := worldIn(w.T, w.store, "second")
	if fresh, err := w.repo.ClaimEvent(w.Context(), w.ch.ID, core.EventMessage, "old"); err != nil || !fresh {
		w.Fatal(fresh, err)
	}
	found := w.look(core.Wanted{Claims: []core.EventKey{w.eventKey("b"), w.eventKey("old"), w.eventKey("a"), w.eventKey("b"), w.eventKey("nul\x00"), other.eventKey("old")}})
	for id, want := range map[core.EventKey]bool{w.eventKey("a"): true, w.eventKey("b"): true, w.eventKey("old"): false, w.eventKey("nul\x00"): true, other.eventKey("old"): true} {
		if found.Fresh[id] != want {
			w.Errorf("%q of %s: fresh %v, want %v", id.ID, id.Workspace, found.Fresh[id], want)
		}
	}
	if fresh, err := w.repo.ClaimEvent(w.Context(), w.ch.ID, core.EventMessage, "a"); err != nil || fresh {
		w.Errorf("claimed again: %v, %v", fresh, err)
	}
}

// bulkFinds: Look finds what single reads find, and nothing of another workspace.
func bulkFinds(w *world) {
	other := worldIn(w.T, w.store, "second")
	conv := w.talk()
	one, two := w.identity(conv.Contact, "491701"), w.identity(w.contact("closed").ID, "491702")
	m := w.add(w.message(conv, "x", "wamid.1", ""))
	w.must(w.repo.PutReaction(w.Context(), m.ID, core.Reaction{By: core.Author{Kind: core.AuthorContact}, Emoji: "👍", At: noon.UTC()}))
	w.must(w.repo.ParkEvent(w.Context(), w.ch.ID, "wamid.2", core.Event{Kind: core.EventReceipt}, noon))
	want := core.Wanted{Coming: []core.Owned[core.ProviderKey]{w.providerKey("wamid.2"), w.providerKey("wamid.3")},
		Targets:    []core.Owned[core.ProviderKey]{w.providerKey("wamid.1"), w.providerKey("wamid.4"), w.providerKey("")},
		Parts:      []core.Owned[core.PartID]{own(w, m.Parts[1].ID), own(w, core.PartID("none"))},
		Identities: []core.Owned[core.IdentityKey]{own(w, one.Key), own(w, two.Key), own(w, core.IdentityKey{Scheme: core.SchemePhone, Value: "0"})}}
	found := w.look(want)
	stored, err := w.repo.Message(w.Context(), m.ID)
	w.must(err)
	parts := stored.Parts
	stored.Parts = nil
	same(w, "messages", found.Messages, []core.Message{stored}, nil)
	same(w, "parts", found.Parts, []core.Owned[core.Part]{own(w, parts[0]), own(w, parts[1])}, nil)
	same(w, "parked", found.Parked, []core.Owned[core.ProviderKey]{w.providerKey("wamid.2")}, nil)
	here, err := w.repo.Conversation(w.Context(), conv.ID)
	same(w, "conversations", found.Conversations, []core.Conversation{here}, err)
	slices.SortFunc(found.Identities, func(a, b core.Owned[core.Identity]) int {
		return slices.Compare([]byte(a.Value.Key.Value), []byte(b.Value.Key.Value))
	})
	same(w, "identities", found.Identities, []core.Owned[core.Identity]{own(w, one), own(w, two)}, nil)
	if len(found.Contacts) != 2 {
		w.Errorf("contacts: %s", show(found.Contacts))
	}
	for _, k := range [][]core.Owned[core.ProviderKey]{want.Coming, want.Targets} {
		for i := range k {
			k[i].Workspace = other.ws
		}
	}
	want.Parts[0].Workspace, want.Identities[0].Workspace, want.Identities[1].Workspace = other.ws, other.ws, other.ws
	none := w.look(want)
	if n := len(none.Messages) + len(none.Parts) + len(none.Parked) + len(none.Conversations) + len(none.Identities) + len(none.Contacts); n != 0 {
		w.Errorf("another workspace sees %s", show(none))
	}
}

// batchOf drafts rows of n new contacts who write one message each.
func (w *world) batchOf(n int, prefix string) core.Rows {
	var r core.Rows
	for i := range n {
		c := core.Contact{ID: core.NewID[core.ContactID](), Workspace: w.ws, Name: fmt.Sprint(prefix, i), Created: noon.UTC()}
		id := core.Identity{ID: core.NewID[core.IdentityID](), Contact: c.ID, Key: core.IdentityKey{Scheme: core.SchemePhone, Value: fmt.Sprint(prefix, i)}, Source: "test", Seen: noon.UTC()}
		conv := w.draft(c.ID)
		conv.Seq = 1
		m := core.Message{ID: core.NewID[core.MessageID](), Workspace: w.ws, Conversation: conv.ID, Contact: c.ID, Channel: w.ch.ID, Identity: id.ID, Direction: core.In,
			Author: core.Author{Kind: core.AuthorContact}, Seq: 1, Content: core.Content{Kind: core.KindText, Text: "hi\x00"}, Status: core.StatusReceived, At: noon.UTC(), Created: noon.UTC()}
		m.Parts = []core.Part{{ID: core.NewID[core.PartID](), Message: m.ID, Conversation: conv.ID, Channel: w.ch.ID, Seq: 1, Content: m.Content,
			Provider: fmt.Sprint("wamid.", prefix, i), Status: m.Status, Sent: noon.UTC(), Updated: noon.UTC()}}
		r.Contacts, r.Identities, r.Conversations, r.Messages = append(r.Contacts, c), append(r.Identities, own(w, id)), append(r.Conversations, conv), append(r.Messages, m)
		r.Files = append(r.Files, own(w, core.File{ID: core.NewID[core.MediaID](), Channel: w.ch.ID, Conversation: conv.ID, Message: m.ID, State: core.FilePending, Created: noon.UTC()}))
		r.Events = append(r.Events, own(w, core.ConversationEvent{ID: core.NewID[string](), Conversation: conv.ID, Kind: core.ConversationEventOpened, At: noon.UTC()}))
		r.Windows = append(r.Windows, own(w, core.Touch{Channel: w.ch.ID, Identity: id.ID, At: noon}), own(w, core.Touch{Channel: w.ch.ID, Identity: id.ID, At: noon.Add(-time.Hour)}))
		r.Log = append(r.Log, own(w, core.LogEntry{ID: core.NewID[string](), Channel: w.ch.ID, At: noon.UTC(), Inward: true, Method: "POST", Status: 200, Took: 5, Note: prefix}))
	}
	return r
}

// bulkWrites: what Write stores reads back as if it had been stored one by one.
func bulkWrites(w *world) {
	w.conversation(w.contact("before").ID)
	r := w.batchOf(3, "x")
	messages, files, events := slices.Clone(r.Messages), slices.Clone(r.Files), slices.Clone(r.Events)
	if !w.write(r) {
		w.Fatal("lost")
	}
	numbers := map[int64]bool{}
	for i, m := range messages {
		want := m
		want.Content.Text = "hi\\ufffd" // of the table of unreadable text
		got, err := w.repo.Message(w.Context(), m.ID)
		w.must(err)
		want.Content, want.Parts = got.Content, slices.Clone(m.Parts)
		want.Parts[0].Content = got.Parts[0].Content
		same(w, "message", got, want, nil)
		conv, err := w.repo.Conversation(w.Context(), m.Conversation)
		w.must(err)
		numbers[conv.Number] = true
		f, err := w.repo.File(w.Context(), files[i].Value.ID)
		same(w, "file", f, files[i].Value, err)
		history, err := w.repo.ConversationEvents(w.Context(), m.Conversation)
		same(w, "history", history, []core.ConversationEvent{events[i].Value}, err)
		window, err := w.repo.Window(w.Context(), w.ch.ID, m.Contact)
		same(w, "window", window.Last, noon.UTC(), err)
	}
	if !numbers[2] || !numbers[3] || !numbers[4] {
		w.Errorf("numbers: %v, want 2, 3 and 4", numbers)
	}
	log, err := w.repo.ChannelLog(w.Context(), w.ch.ID, core.Page{})
	if err != nil || len(log) != 3 || log[0].Took != 5 || !log[0].Inward {
		w.Errorf("log: %s, %v", show(log), err)
	}
	bulkChanges(w, messages[0])
}

func bulkChanges(w *world, m core.Message) {
	conv, err := w.repo.Conversation(w.Context(), m.Conversation)
	w.must(err)
	conv.Seq, conv.Waiting, conv.LastAt, conv.Agent, conv.Referral = 9, noon.UTC(), noon.Add(time.Hour).UTC(), w.agent.ID, &core.Referral{Source: "ad"}
	p := m.Parts[0]
	p.Status, p.Attempts, p.Error = core.StatusFailed, 2, &core.SendError{Code: "1"}
	if !w.write(core.Rows{Held: []core.Conversation{conv}, Parts: []core.Owned[core.Part]{own(w, p)}, Statuses: []core.Message{{ID: m.ID, Workspace: w.ws, Status: p.Status, Error: p.Error}}}) {
		w.Fatal("changes lost")
	}
	got, err := w.repo.Conversation(w.Context(), conv.ID)
	same(w, "conversation", got, conv, err)
	read, err := w.repo.Message(w.Context(), m.ID)
	w.must(err)
	if read.Status != p.Status || read.Error == nil || read.Parts[0].Status != p.Status || read.Parts[0].Attempts != 2 || read.Parts[0].Provider != p.Provider {
		w.Errorf("message: %s", show(read))
	}
	moved := conv
	moved.Seq, moved.Waiting, moved.LastAt, moved.Agent, moved.Referral = 10, time.Time{}, noon.Add(2*time.Hour).UTC(), "", nil
	if !w.write(core.Rows{Moved: []core.Conversation{moved}}) {
		w.Fatal("move lost")
	}
	conv.Seq, conv.Waiting, conv.LastAt = moved.Seq, moved.Waiting, moved.LastAt
	got, err = w.repo.Conversation(w.Context(), conv.ID)
	same(w, "moved conversation", got, conv, err)
	stranger := conv
	stranger.Workspace = worldIn(w.T, w.store, "second").ws
	if w.write(core.Rows{Held: []core.Conversation{stranger}}) || w.write(core.Rows{Moved: []core.Conversation{stranger}}) {
		w.Error("another workspace changed the conversation")
	}
}

// bulkLoses: what somebody else has makes the whole Write lose, and leaves nothing.
func bulkLoses(w *world) {
	w.write(w.batchOf(1, "there"))
	for name, spoil := range map[string]func(r *core.Rows){
		"identity": func(r *core.Rows) { r.Identities[1].Value.Key.Value = "there0" },
		"provider": func(r *core.Rows) { r.Messages[1].Parts[0].Provider = "wamid.there0" },
		"open conversation": func(r *core.Rows) {
			c, err := w.repo.Identities(w.Context(), []core.IdentityKey{{Scheme: core.SchemePhone, Value: "there0"}})
			w.must(err)
			r.Conversations[1].Contact = c[0].Contact
		},
	} {
		r := w.batchOf(3, "new "+name)
		spoil(&r)
		if w.write(r) {
			w.Errorf("%s: won", name)
		}
	}
	all, err := w.repo.Contacts(w.Context(), core.Page{})
	if err != nil || len(all) != 1 {
		w.Errorf("left behind: %s, %v", show(all), err)
	}
}

// bulkRace: of 20 who bring the same people and messages at once, one wins each.
func bulkRace(w *world) {
	var all sync.WaitGroup
	wins := make([]bool, 20)
	for i := range wins {
		all.Go(func() { wins[i] = w.write(w.batchOf(5, "same")) })
	}
	all.Wait()
	if n := len(slices.DeleteFunc(wins, func(won bool) bool { return !won })); n != 1 {
		w.Errorf("%d won, want 1", n)
	}
}

// people: AddPerson stores both or neither.
func people(w *world) {
	add := func(name, phone string) (core.Contact, bool) {
		c := core.Contact{ID: core.NewID[core.ContactID](), Workspace: w.ws, Name: name, Created: noon.UTC()}
		won, err := w.repo.AddPerson(w.Context(), c, core.Identity{ID: core.NewID[core.IdentityID](), Key: core.IdentityKey{Scheme: core.SchemePhone, Value: phone}, Seen: noon})
		w.must(err)
		return c, won
	}
	first, won := add("first", "1")
	again, lost := add("again", "1")
	if !won || lost {
		w.Errorf("won %v, then %v", won, lost)
	}
	ids, err := w.repo.IdentitiesOf(w.Context(), first.ID)
	if err != nil || len(ids) != 1 {
		w.Errorf("identities: %s, %v", show(ids), err)
	}
	_, err = w.repo.Contact(w.Context(), again.ID)
	missing(w, "the contact that lost", err)
}
