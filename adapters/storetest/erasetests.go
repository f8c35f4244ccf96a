package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

// erased goes through all steps of an erasure, and returns what was counted, the names of files that went, and what may be repeated.
func (w *world) erased(s core.EraseSearch) (counts map[string]int, blobs []string, gone []core.Repeatable) {
	w.Helper()
	counts = map[string]int{}
	for _, step := range core.EraseSteps() {
		for place, turns := "", 0; ; turns++ {
			b, err := w.repo.ToErase(w.Context(), step, s, place)
			w.must(err)
			e, err := w.repo.Erase(w.Context(), step, s, b, noon.Add(time.Hour), noon.Add(-time.Hour))
			w.must(err)
			for what, n := range e.Counts {
				counts[what] += n
			}
			blobs, gone = append(blobs, b.Blobs...), append(gone, e.Gone...)
			if !e.Again {
				place = b.Next
			}
			if place == "" {
				break
			}
			if turns > 100 {
				w.Fatalf("%s: no end", step)
			}
		}
	}
	return counts, blobs, gone
}

func phone(value string) core.IdentityKey {
	return core.IdentityKey{Scheme: core.SchemePhone, Value: value}
}

// Who is severed is nobody, and nothing is sent any more; their neighbours, in this workspace and another, are as they were.
func sever(w *world) {
	ctx := w.Context()
	two := worldIn(w.T, w.store, "second")
	var people []core.ContactID
	for _, x := range []*world{w, two} {
		for i, name := range []string{"Ana", "Bea"} {
			c := x.contact(name)
			id := x.identity(c.ID, fmt.Sprint("49170000000", i))
			conv := x.conversation(c.ID)
			x.add(x.message(conv, "to "+name, ""))
			_, err := x.repo.SetField(ctx, c.ID, "city", "Cairo")
			x.must(err)
			_, err = x.repo.SetContactTag(ctx, c.ID, "vip", true)
			x.must(err)
			_, err = x.repo.SetWish(ctx, core.Wish{Channel: x.ch.ID, Identity: id.ID, Stop: true, At: noon})
			x.must(err)
			x.must(x.repo.TouchWindow(ctx, x.ch.ID, id.ID, noon))
			_, err = x.repo.AddNotice(ctx, core.Notice{ID: core.NoticeID("n" + name), Conversation: conv.ID, Agent: x.agent.ID, Kind: core.NoticeMessage, Key: name, State: core.NoticeWaiting, Created: noon})
			x.must(err)
			_, err = x.repo.AddMail(ctx, core.Mail{ID: core.MailID("m" + name), Key: name, Agent: x.agent.ID, Conversation: conv.ID, State: core.MailNew, Received: noon})
			x.must(err)
			x.must(x.repo.SetValue(ctx, "webhook/"+string(conv.ID)+"/crm", "1", []byte("x")))
			x.must(x.repo.AddHappening(ctx, core.Happening{ID: "h", Conversation: conv.ID, Kind: core.HappenedMessage, At: noon}))
			if x == w && i == 0 {
				people = []core.ContactID{c.ID}
			}
		}
	}
	when := noon.Add(time.Hour)
	w.must(w.repo.Sever(ctx, people, when))
	for _, x := range []*world{w, two} {
		all, err := x.repo.Conversations(ctx, core.ConversationFilter{}, core.Page{})
		x.must(err)
		for _, conv := range all {
			c, err := x.repo.Contact(ctx, conv.Contact)
			x.must(err)
			known, err := x.repo.IdentitiesOf(ctx, c.ID)
			x.must(err)
			fields, err := x.repo.Fields(ctx, c.ID)
			x.must(err)
			tags, err := x.repo.ContactTags(ctx, c.ID)
			x.must(err)
			wishes, err := x.repo.Wishes(ctx, x.ch.ID, c.ID)
			x.must(err)
			_, noPart := x.repo.NextPart(ctx, conv.ID)
			_, noNotice := x.repo.NextNotice(ctx, conv.ID)
			_, noMail := x.repo.NextMail(ctx, conv.ID)
			letter, _, err := x.repo.FirstValue(ctx, "webhook/"+string(conv.ID)+"/crm")
			x.must(err)
			happened, err := x.repo.Happenings(ctx, conv.ID)
			x.must(err)
			had := fmt.Sprintln(c.Name != "", len(known), len(fields), len(tags), len(wishes), noPart == nil, noNotice == nil, noMail == nil, letter != "", len(happened), conv.State, c.Erased.IsZero())
			want := "true 1 1 1 1 true true true true 1 open true\n"
			if slices.Contains(people, c.ID) {
				want = "false 0 0 0 0 false false false false 0 closed false\n"
			}
			if had != want {
				x.Errorf("%s of %s: %s, want %s", c.ID, x.ws, had, want)
			}
		}
	}
	c, err := w.repo.Contact(ctx, people[0])
	w.must(err)
	c.Name = "Ana again"
	if err := w.repo.SetContact(ctx, c); !errors.Is(err, core.ErrNotFound) {
		w.Errorf("an erased contact gets a name: %v", err)
	}
	listed, err := w.repo.Contacts(ctx, core.Page{})
	w.must(err)
	if len(listed) != 1 || listed[0].Name != "Bea" {
		w.Errorf("listed are %v", listed)
	}
	w.must(w.repo.Sever(ctx, people, when))
}

// What people said goes in batches, each message counted once; that there was one stays. So do others' messages.
func eraseMessages(w *world) {
	ctx := w.Context()
	conv, other := w.talk(), w.talk()
	const many = 1100
	for i := range many {
		m := w.message(conv, fmt.Sprint("secret ", i), fmt.Sprint("p", i))
		m.Historic = i%3 == 0
		if i%2 == 0 {
			m.Direction, m.Author = core.In, core.Author{Kind: core.AuthorContact, Name: "Ana"}
		}
		if i == 0 {
			m.Created = noon.Add(-2 * time.Hour)
		}
		w.add(m)
	}
	edited := w.add(w.message(conv, "secret before", "e1"))
	w.must(w.repo.EditMessage(ctx, edited.ID, core.Content{Kind: core.KindText, Text: "secret after"}, noon))
	w.must(w.repo.PutReaction(ctx, edited.ID, core.Reaction{By: core.Author{Kind: core.AuthorContact, Name: "Ana"}, Emoji: "x", At: noon}))
	w.must(w.repo.AddAttempt(ctx, core.Attempt{Part: edited.Parts[0].ID, Number: 1, At: noon, Result: "sent"}))
	w.must(w.repo.AddFile(ctx, core.File{ID: "f1", Conversation: conv.ID, Message: edited.ID, State: core.FileHere, Blob: "media/f1"}))
	w.must(w.repo.AddFile(ctx, core.File{ID: "f2", Conversation: conv.ID, State: core.FileHere, Blob: "media/f2"}))
	w.must(w.repo.AddFile(ctx, core.File{ID: "theirs", Conversation: other.ID, State: core.FileHere, Blob: "media/theirs"}))
	stays := w.add(w.message(other, "what others say", "o1"))
	w.must(w.repo.AddConversationEvent(ctx, core.ConversationEvent{ID: "1", Conversation: conv.ID, Kind: core.ConversationEventOpened, By: core.Author{Kind: core.AuthorContact, Name: "Ana"}, At: noon}))
	w.must(w.repo.AddConversationEvent(ctx, core.ConversationEvent{ID: "2", Conversation: conv.ID, Kind: core.ConversationEventAssigned, Data: map[string]string{"agent": "a", "why": "secret"}, Text: "secret", At: noon}))
	w.must(w.repo.AddConversationEvent(ctx, core.ConversationEvent{ID: "3", Conversation: conv.ID, Kind: core.ConversationEventNote, Text: "secret", At: noon}))
	for i, state := range []core.NoticeState{core.NoticeSent, core.NoticeSent, core.NoticeDropped} {
		_, err := w.repo.AddNotice(ctx, core.Notice{ID: core.NoticeID(fmt.Sprint("n", i)), Conversation: conv.ID, Agent: w.agent.ID, Kind: core.NoticeMessage, Key: fmt.Sprint(i), State: state, Body: "secret", Created: noon})
		w.must(err)
	}
	_, err := w.repo.AddMail(ctx, core.Mail{ID: "m1", Key: "k1", Agent: w.agent.ID, Conversation: conv.ID, Blob: "mail/k1", State: core.MailSent, Received: noon})
	w.must(err)

	s := core.EraseSearch{People: []core.ContactID{conv.Contact}}
	census, err := w.repo.Census(ctx, s.People)
	w.must(err)
	if fmt.Sprint(census) != fmt.Sprint(map[string]int{core.CountMessages: many + 1, core.CountFiles: 2, core.CountMails: 1, core.CountNotices: 2, core.CountMailboxes: 1, core.CountConversations: 1}) {
		w.Errorf("there are %v", census)
	}
	counts, blobs, gone := w.erased(s)
	if counts[core.CountMessages] != many+1 || counts[core.CountFiles] != 2 || counts[core.CountMails] != 1 || counts[core.CountNotices] != 2 {
		w.Errorf("counted %v", counts)
	}
	slices.Sort(blobs)
	if fmt.Sprint(blobs) != "[mail/k1 media/f1 media/f2]" {
		w.Errorf("files that went: %v", blobs)
	}
	if len(gone) != many || slices.ContainsFunc(gone, func(g core.Repeatable) bool { return g.Provider == "p0" || g.Channel != w.ch.ID }) {
		w.Errorf("%d may be repeated, want %d: those stored since", len(gone), many)
	}
	if again, _, _ := w.erased(s); again[core.CountMessages]+again[core.CountFiles]+again[core.CountMails]+again[core.CountNotices] != 0 {
		w.Errorf("the second time it counted %v", again)
	}
	all, _, err := core.Timeline(ctx, w.repo, conv.ID, core.Bookmark{}, 200)
	w.must(err)
	for _, m := range all {
		if m.Content.Text != "" || m.Author.Name == "Ana" && m.Author.Kind == core.AuthorContact || len(m.Parts) > 0 || len(m.Reactions) > 0 || m.Revoked.IsZero() {
			w.Fatalf("left is %+v", m)
		}
	}
	lines, err := w.repo.ConversationEvents(ctx, conv.ID)
	w.must(err)
	if len(lines) != 2 || lines[0].By.Name != "" || lines[1].Text != "" || fmt.Sprint(lines[1].Data) != "map[agent:a]" {
		w.Errorf("history: %+v", lines)
	}
	if m, err := w.repo.Message(ctx, stays.ID); err != nil || m.Content.Text != "what others say" || len(m.Parts) != 1 {
		w.Errorf("others' message: %+v, %v", m, err)
	}
	if _, err := w.repo.File(ctx, "theirs"); err != nil {
		w.Errorf("others' file: %v", err)
	}
}

// A file that was uploaded for several contacts goes with the last of them.
func eraseShared(w *world) {
	one, two := w.talk(), w.talk()
	shown := func(id core.MediaID, to ...core.Conversation) {
		w.must(w.repo.AddFile(w.Context(), core.File{ID: id, State: core.FileHere, Blob: "media/" + string(id)}))
		for _, conv := range to {
			m := w.message(conv, "look", "")
			m.Content = core.Content{Kind: core.KindImage, Media: &core.Media{ID: id}}
			w.add(m)
		}
	}
	shown("both", one, two)
	shown("one", one)
	shown("nobody")
	_, blobs, _ := w.erased(core.EraseSearch{People: []core.ContactID{one.Contact}})
	if fmt.Sprint(blobs) != "[media/one]" {
		w.Errorf("with the first went %v", blobs)
	}
	_, blobs, _ = w.erased(core.EraseSearch{People: []core.ContactID{two.Contact}})
	if fmt.Sprint(blobs) != "[media/both]" {
		w.Errorf("with the second went %v", blobs)
	}
	if _, err := w.repo.File(w.Context(), "nobody"); err != nil {
		w.Errorf("what nobody was shown: %v", err)
	}
}

// In a group what was said under the name goes, and the rest of the group stays.
func eraseGroups(w *world) {
	ctx := w.Context()
	group := w.contact("Garden club")
	if won, err := w.repo.AddIdentity(ctx, core.Identity{ID: "g", Contact: group.ID, Key: core.IdentityKey{Scheme: core.SchemeGroup, Value: "1234@g.us"}}); err != nil || !won {
		w.Fatalf("group: %v", err)
	}
	conv := w.conversation(group.ID)
	said := map[string]core.MessageID{}
	for _, by := range []string{"Ana", "+491700000001", "Ana Maria", "Bea"} {
		m := w.message(conv, "says "+by, "g"+by)
		m.Direction, m.Author = core.In, core.Author{Kind: core.AuthorContact, Name: by}
		said[by] = w.add(m).ID
	}
	for _, by := range []string{"Ana", "Bea"} {
		w.must(w.repo.PutReaction(ctx, said["Bea"], core.Reaction{By: core.Author{Kind: core.AuthorContact, Name: by}, Member: by, Emoji: "x", At: noon}))
	}
	ana := w.talk()
	counts, _, _ := w.erased(core.EraseSearch{People: []core.ContactID{ana.Contact}, Names: []string{"Ana", "+491700000001"}})
	if counts[core.CountMessages] != 2 || counts["reactions"] != 1 {
		w.Errorf("counted %v", counts)
	}
	for by, id := range said {
		m, err := w.repo.Message(ctx, id)
		w.must(err)
		if gone := m.Content.Text == ""; gone != (by == "Ana" || by == "+491700000001") {
			w.Errorf("of %s: %+v", by, m)
		}
		if by == "Bea" && (len(m.Reactions) != 1 || m.Reactions[0].Member != "Bea") {
			w.Errorf("reactions: %+v", m.Reactions)
		}
	}
	if c, err := w.repo.Conversation(ctx, conv.ID); err != nil || c.State != core.ConversationOpen {
		w.Errorf("the group's conversation: %+v, %v", c, err)
	}
}

// Texts that mention an address go, whatever stands around it; those with a longer number or word stay.
func eraseMentions(w *world) {
	ctx := w.Context()
	two := worldIn(w.T, w.store, "second")
	conv := w.talk()
	mentions := []string{`{"from":"4917012345678"}`, "to +4917012345678.", "id=wamid.HBgNNDkxNzAxMjM0NTY3OBUCABEYEg", "AANDkxNzAxMjM0NTY3OAA", "mail ANA@Example.com!", "a=ana%40example.com"}
	others := []string{"49170123456789", "14917012345678", "joana@example.com", "4917012345679", "ana@example.community", ""}
	for _, x := range []*world{w, two} {
		for i, text := range slices.Concat(mentions, others) {
			id := fmt.Sprintf("%02d", i)
			x.must(x.repo.AppendLog(ctx, core.LogEntry{ID: id, Channel: x.ch.ID, At: noon, Response: text}))
			x.must(x.repo.AddDeadLetter(ctx, core.DeadLetter{ID: id, Channel: x.ch.ID, Kind: "webhook", Raw: []byte(text), At: noon}))
			x.must(x.repo.ParkEvent(ctx, x.ch.ID, id, core.Event{Kind: core.EventReaction, ID: text}, noon.Add(time.Hour)))
			_, err := x.repo.ClaimEvent(ctx, x.ch.ID, core.EventReceipt, id+" "+text)
			x.must(err)
			x.must(x.repo.SetValueUntil(ctx, "continue", id, []byte(text), noon.Add(time.Hour)))
		}
		x.must(x.repo.SetValue(ctx, "channel/x", "many", []byte(mentions[0])))
		x.must(x.repo.SetValue(ctx, "channel/x", "number/4917012345678", []byte("x")))
		x.must(x.repo.SetValue(ctx, "forward/"+string(conv.ID), "seen", []byte("x")))
		x.must(x.repo.SetValue(ctx, "channel/x", "chat", []byte("x")))
	}
	s := core.EraseSearch{People: []core.ContactID{conv.Contact}, Addresses: []core.IdentityKey{phone("4917012345678"), {Scheme: core.SchemeEmail, Value: "ana@example.com"}, {Scheme: "x", Value: "1234"}},
		Values: []core.ValueName{{Owner: "channel/x", Name: "chat"}}}
	counts, _, _ := w.erased(s)
	n := len(mentions)
	for _, step := range []core.EraseStep{core.EraseLog, core.EraseLetters, core.EraseParked, core.EraseSeen} {
		if counts[string(step)] != n {
			w.Errorf("%s: %d went, want %d", step, counts[string(step)], n)
		}
	}
	if counts[string(core.EraseValues)] != n+3 {
		w.Errorf("%d values went, want %d", counts[string(core.EraseValues)], n+3)
	}
	log, err := w.repo.ChannelLog(ctx, w.ch.ID, core.Page{})
	w.must(err)
	for _, e := range log {
		if !slices.Contains(others, e.Response) {
			w.Errorf("left is %q", e.Response)
		}
	}
	if v, err := w.repo.Value(ctx, "channel/x", "many"); err != nil || v == nil {
		w.Errorf("a value about many went: %v", err)
	}
	if log, err := two.repo.ChannelLog(ctx, two.ch.ID, core.Page{}); err != nil || len(log) != n+len(others) {
		w.Errorf("of another workspace %d entries are left, %v", len(log), err)
	}
	again, _, _ := w.erased(s)
	for what, n := range again {
		if n > 0 {
			w.Errorf("the second time %d %s went", n, what)
		}
	}
}

// The proof, and what is remembered of those who were erased.
func erasures(w *world) {
	ctx := w.Context()
	two := worldIn(w.T, w.store, "second")
	c := w.contact("Ana")
	e := core.Erasure{ID: core.NewID[string](), Contact: c.ID, By: core.Author{Kind: core.AuthorAPI, Name: "letter"}, Marks: []string{"m1"}, Counts: map[string]int{"messages": 1},
		Search: core.EraseSearch{People: []core.ContactID{c.ID}, Names: []string{"Ana"}}, Step: core.EraseMessages, Asked: noon}
	w.must(w.repo.AddErasure(ctx, e))
	w.tx(func(_ core.Tx, repo core.Repo) error {
		held, err := repo.HoldErasure(ctx, e.ID)
		if err != nil {
			return err
		}
		held.Counts["messages"], held.Done, held.Search, held.Step, held.Place = 2, noon, core.EraseSearch{}, "", "x"
		return repo.SetErasure(ctx, held)
	})
	got, err := w.repo.ErasureOf(ctx, c.ID)
	w.must(err)
	if got.Counts["messages"] != 2 || !got.Done.Equal(noon) || len(got.Search.Names) != 0 || got.Place != "x" || got.By.Name != "letter" || fmt.Sprint(got.Marks) != "[m1]" {
		w.Errorf("the proof is %+v", got)
	}
	for _, read := range []func() (core.Erasure, error){
		func() (core.Erasure, error) { return two.repo.Erasure(ctx, e.ID) },
		func() (core.Erasure, error) { return two.repo.ErasureOf(ctx, c.ID) },
		func() (core.Erasure, error) { return two.repo.HoldErasure(ctx, e.ID) },
	} {
		if _, err := read(); !errors.Is(err, core.ErrNotFound) {
			w.Errorf("another workspace sees it: %v", err)
		}
	}
	if all, err := two.repo.Erasures(ctx, core.Page{}); err != nil || len(all) != 0 {
		w.Errorf("another workspace lists %v, %v", all, err)
	}

	marks := make([]string, 150)
	for i := range marks {
		marks[i] = fmt.Sprint("mark", i)
	}
	for range 2 {
		w.must(w.repo.RememberErased(ctx, marks, noon))
	}
	found, err := w.repo.WereErased(ctx, []string{"mark7", "other", "mark149"})
	w.must(err)
	slices.Sort(found)
	if strings.Join(found, " ") != "mark149 mark7" {
		w.Errorf("known are %v", found)
	}
	w.tx(func(tx core.Tx, _ core.Repo) error {
		f, err := tx.Look(ctx, core.Wanted{Erased: []core.Owned[string]{{Workspace: w.ws, Value: "mark7"}, {Workspace: w.ws, Value: "other"}, {Workspace: two.ws, Value: "mark8"}}})
		if err == nil && (len(f.Erased) != 1 || f.Erased[0].Value != "mark7") {
			w.Errorf("found are %v", f.Erased)
		}
		return err
	})
	if n := w.expire("erased", noon.Add(-time.Second)); n != 0 {
		w.Errorf("%d forgotten before their time", n)
	}
	if n := w.expire("erased", noon.Add(time.Second)); n != len(marks) {
		w.Errorf("%d forgotten", n)
	}

	for range 2 {
		w.must(w.repo.KeepSuppressions(ctx, []core.Suppression{{Mark: "a", At: noon}, {Mark: "a", Channel: w.ch.ID, Marketing: true, At: noon}, {Mark: "b", At: noon}}))
	}
	kept, err := w.repo.Suppressions(ctx, []string{"a", "c"})
	w.must(err)
	if len(kept) != 2 || kept[0].Channel != "" || kept[1].Channel != w.ch.ID || !kept[1].Marketing || !kept[1].At.Equal(noon) {
		w.Errorf("kept are %+v", kept)
	}
	if kept, err := two.repo.Suppressions(ctx, []string{"a"}); err != nil || len(kept) != 0 {
		w.Errorf("another workspace has %v, %v", kept, err)
	}
	three := worldIn(w.T, w.store, "three")
	w.tx(func(tx core.Tx, _ core.Repo) error {
		f, err := tx.Look(ctx, core.Wanted{Identities: []core.Owned[core.IdentityKey]{{Workspace: w.ws, Value: phone("new")}, {Workspace: w.ws, Value: phone("newer")},
			{Workspace: two.ws, Value: phone("new")}, {Workspace: three.ws, Value: phone("new")}}})
		same(w, "workspaces with kept silences", fmt.Sprint(f.Suppressed), fmt.Sprint(map[core.WorkspaceID]bool{w.ws: true, two.ws: false, three.ws: false}), err)
		return err
	})
}
