package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"causeway/core"
)

func messages(w *world) {
	conv := w.talk()
	m := w.message(conv, "one two", "wamid.1", "wamid.2")
	m.Key, m.Human, m.Historic, m.Identity = "idem", true, true, w.identity(conv.Contact, "1").ID
	m.Content = core.Content{Kind: core.KindChoices, Text: "pick", Choices: &core.Choices{Options: []core.Option{{ID: "1", Title: "<a> & \u2028"}}},
		Form: &core.Form{Fields: map[string]any{"n": 1.5}, Raw: []byte(`{"n":1.5,"b":[true,null]}`)}}
	m.Error = &core.SendError{Code: "1", Outcome: core.Rejected, Effect: core.EffectFail, Retry: time.Second, Reason: "no"}
	m.Edited, m.Revoked = noon.Add(time.Hour).UTC(), noon.Add(2*time.Hour).UTC()
	m.Parts[0].Error, m.Parts[0].NotBefore, m.Parts[0].Sent, m.Parts[0].Stanza, m.Parts[0].Attempts = m.Error, noon.UTC(), noon.UTC(), "3EB0", 2
	w.add(m)
	got, err := w.repo.Message(w.Context(), m.ID)
	same(w, "Message", got, m, err)
	got, err = w.repo.MessageByKey(w.Context(), "idem")
	same(w, "MessageByKey", got, m, err)
	_, err = w.repo.Message(w.Context(), "none")
	missing(w, "Message", err)
	_, err = w.repo.MessageByKey(w.Context(), "none")
	missing(w, "MessageByKey", err)
	w.add(w.message(conv, "without a key", ""))
	_, err = w.repo.MessageByKey(w.Context(), "")
	missing(w, "MessageByKey of none", err)
	w.must(w.repo.SetMessageStatus(w.Context(), m.ID, core.StatusRead, nil))
	m.Status, m.Error = core.StatusRead, nil
	got, err = w.repo.Message(w.Context(), m.ID)
	same(w, "SetMessageStatus", got, m, err)
	missing(w, "SetMessageStatus", w.repo.SetMessageStatus(w.Context(), "none", core.StatusRead, nil))
}

func messageDuplicates(w *world) {
	conv := w.talk()
	first := w.message(conv, "first", "wamid.1")
	first.Key = "idem"
	w.add(first)
	byKey := w.message(conv, "same key", "wamid.2")
	byKey.Key = "idem"
	byPart := w.message(conv, "same provider id in the second part", "wamid.3", "wamid.1")
	inside := w.message(conv, "twice the same inside", "wamid.4", "wamid.4")
	for name, m := range map[string]core.Message{"by key": byKey, "by part": byPart, "inside": inside} {
		w.tx(func(tx core.Tx, repo core.Repo) error { // losing leaves the transaction whole
			if won, err := repo.AddMessage(w.Context(), m); err != nil || won {
				w.Errorf("%s: won %v, %v", name, won, err)
			}
			return repo.SetConversation(w.Context(), conv)
		})
		if won, err := w.repo.AddMessage(w.Context(), m); err != nil || won {
			w.Errorf("%s, alone: won %v, %v", name, won, err)
		}
		_, err := w.repo.Message(w.Context(), m.ID)
		missing(w, name+": message", err)
		for _, p := range m.Parts {
			_, err := w.repo.Part(w.Context(), p.ID)
			missing(w, name+": part", err)
		}
	}
	all, err := w.repo.Messages(w.Context(), conv.ID, core.Page{})
	if err != nil || len(all) != 1 || all[0].ID != first.ID || len(all[0].Parts) != 1 {
		w.Errorf("what is there: %s, %v", show(all), err)
	}
	w.must(w.repo.SaveChannel(w.Context(), core.Channel{ID: "ch2", Kind: "sms", Name: "sms"}))
	other := w.message(conv, "same id on another channel", "wamid.1")
	other.Channel, other.Parts[0].Channel = "ch2", "ch2"
	w.add(other)
	w.add(w.message(conv, "without ids", "", ""))
	w.add(w.message(conv, "without ids", "", ""))
}

func messageRace(w *world) {
	conv := w.talk()
	var winners atomic.Int32
	each(50, func(i int) {
		err := w.store.Tx(w.Context(), func(tx core.Tx) error {
			repo := tx.In(w.ws)
			seq, err := repo.NextSeq(w.Context(), conv.ID, noon)
			if err != nil {
				return err
			}
			m := core.Message{ID: core.NewID[core.MessageID](), Conversation: conv.ID, Contact: conv.Contact, Channel: w.ch.ID, Seq: seq}
			m.Parts = []core.Part{{ID: core.NewID[core.PartID](), Provider: fmt.Sprint("unique-", i), Seq: seq, Status: core.StatusQueued},
				{ID: core.NewID[core.PartID](), Provider: "same", Seq: seq, Status: core.StatusQueued}}
			won, err := repo.AddMessage(w.Context(), m)
			if err == nil && won {
				winners.Add(1)
			}
			return err
		})
		if err != nil {
			w.Error(err)
		}
	})
	all, err := w.repo.Messages(w.Context(), conv.ID, core.Page{Limit: 200})
	if err != nil || len(all) != 1 || len(all[0].Parts) != 2 || winners.Load() != 1 {
		w.Errorf("%d messages, %d winners, %v", len(all), winners.Load(), err)
	}
	parts, err := w.repo.PartsIn(w.Context(), w.ch.ID, core.StatusQueued, 200)
	if err != nil || len(parts) != 2 {
		w.Errorf("%d parts, %v", len(parts), err)
	}
}

func messagePages(w *world) {
	conv := w.talk()
	var want []core.Message
	for i := range 12 {
		m := w.add(w.message(conv, fmt.Sprint(i), "", ""))
		x := core.Reaction{By: core.Author{Kind: core.AuthorContact}, Emoji: "👍", At: noon.UTC()}
		w.must(w.repo.PutReaction(w.Context(), m.ID, x))
		m.Reactions = []core.Reaction{x}
		want = append([]core.Message{m}, want...)
	}
	got := pages(w, 5, func(p core.Page) ([]core.Message, error) { return w.repo.Messages(w.Context(), conv.ID, p) },
		func(m core.Message) string { return fmt.Sprint(m.Seq) })
	same(w, "Messages", got, want, nil)
	_, err := w.repo.Messages(w.Context(), conv.ID, core.Page{Before: "x"})
	if core.CodeOf(err) != core.CodeInvalid {
		w.Errorf("a bad position: %v", err)
	}
}

// lastSender: what the business sent, and what came by another channel, does not count.
func lastSender(w *world) {
	conv := w.talk()
	who := func(want core.IdentityID, at time.Time) {
		w.Helper()
		id, when, err := w.repo.LastSender(w.Context(), conv.ID, w.ch.ID)
		if err != nil || id != want || !when.Equal(at) {
			w.Errorf("got %q %v, %v; want %q %v", id, when, err, want, at)
		}
	}
	who("", time.Time{})
	w.must(w.repo.SaveChannel(w.Context(), core.Channel{ID: "ch2", Kind: "sms", Name: "sms"}))
	for i, m := range []struct {
		channel  core.ChannelID
		from     core.IdentityID
		incoming bool
		imported bool
	}{{w.ch.ID, "first", true, true}, {w.ch.ID, "second", true, false}, {"ch2", "third", true, false}, {w.ch.ID, "us", false, false}, {w.ch.ID, "late", true, true}} {
		x := w.message(conv, "text", "")
		x.Channel, x.Parts[0].Channel, x.Identity, x.Created = m.channel, m.channel, m.from, noon.Add(time.Duration(i)*time.Minute).UTC()
		if m.incoming {
			x.Direction = core.In
		}
		x.Historic = m.imported
		w.add(x)
		if i == 0 {
			who("first", noon)
		}
	}
	who("second", noon.Add(time.Minute))
}

// timeline: phases of history that come in any order, before, between and after what is said now, are read in the order in which it was said.
func timeline(w *world) {
	conv := w.talk()
	type said struct {
		minute int
		past   bool
	}
	var want []string
	for _, s := range []said{{20, false}, {-5, true}, {-3, true}, {21, false}, {-3, true}, {20, true}, {-900, true}, {23, false}, {22, true}, {22, false}} {
		m := w.message(conv, "", "wamid."+core.NewID[string]())
		m.Historic, m.At, m.Created = s.past, noon.UTC().Add(time.Duration(s.minute)*time.Minute), noon.UTC().Add(time.Hour)
		if !s.past {
			m.Created, m.At = m.At, noon.UTC().Add(-time.Hour) // when the provider's clock says so does not move it
		}
		m.Content.Text = fmt.Sprintf("%d/%d/%v", s.minute, m.Seq, s.past)
		w.add(m)
	}
	// 22/10 was stored after 23/8, by another node's clock: what is said now keeps its order.
	want = []string{"22/10/false", "23/8/false", "22/9/true", "21/4/false", "20/1/false", "20/6/true", "-3/5/true", "-3/3/true", "-5/2/true", "-900/7/true"}
	for limit := 1; limit <= len(want)+1; limit++ {
		var got []string
		for from, first := (core.Bookmark{}), true; first || from != (core.Bookmark{}); first = false {
			all, next, err := core.Timeline(w.Context(), w.repo, conv.ID, from, limit)
			w.must(err)
			for _, m := range all {
				got = append(got, m.Content.Text)
				if len(m.Parts) != 1 {
					w.Errorf("%s has %d parts", m.Content.Text, len(m.Parts))
				}
			}
			if from, err = core.ParseBookmark(next.String()); err != nil || from != next {
				w.Fatalf("bookmark %q read as %q, %v", next, from, err)
			}
		}
		same(w, fmt.Sprint("in pages of ", limit), got, want, nil)
	}
	live, err := w.repo.Messages(w.Context(), conv.ID, core.Page{Limit: 3})
	if err != nil || len(live) != 3 || live[2].Content.Text != "21/4/false" {
		w.Errorf("what is no import: %s, %v", show(live), err)
	}
	before, _, err := core.Timeline(w.Context(), w.repo, conv.ID, core.Before(live[2]), 2)
	if err != nil || len(before) != 2 || before[0].Content.Text != "20/1/false" || before[1].Content.Text != "20/6/true" {
		w.Errorf("what was said before: %s, %v", show(before), err)
	}
}

func text(s string) core.Content { return core.Content{Kind: core.KindText, Text: s} }

func edits(w *world) {
	conv := w.talk()
	m := w.add(w.message(conv, "one", "wamid.1"))
	w.must(w.repo.EditMessage(w.Context(), m.ID, text("two"), noon))
	w.must(w.repo.EditMessage(w.Context(), m.ID, text("three"), noon.Add(time.Minute)))
	w.must(w.repo.EditMessage(w.Context(), m.ID, text("three"), noon.Add(time.Hour)))
	m.Content, m.Parts[0].Content, m.Edited = text("three"), text("three"), noon.Add(time.Hour).UTC()
	got, err := w.repo.Message(w.Context(), m.ID)
	same(w, "edited", got, m, err)
	versions, err := w.repo.Versions(w.Context(), m.ID)
	same(w, "Versions", versions, []core.Content{text("one"), text("two")}, err)
	told := core.ConversationEvent{ID: core.NewID[string](), Conversation: conv.ID, Kind: core.ConversationEventNotice, Code: "edit", Message: m.ID, Data: map[string]string{"old": "one", "text": "two"}, Text: "Changed the message to: two", At: noon}
	w.must(w.repo.AddConversationEvent(w.Context(), told))
	w.must(w.repo.RevokeMessage(w.Context(), m.ID, noon.Add(time.Hour)))
	lines, err := w.repo.ConversationEvents(w.Context(), conv.ID)
	if err != nil || len(lines) != 1 || len(lines[0].Data) != 0 || strings.Contains(lines[0].Text, "two") {
		w.Errorf("lines about a revoked message's changes: %+v, %v", lines, err)
	}
	gone := core.Content{Kind: core.KindText}
	m.Content, m.Parts[0].Content, m.Revoked = gone, gone, noon.Add(time.Hour).UTC()
	got, err = w.repo.Message(w.Context(), m.ID)
	same(w, "revoked", got, m, err)
	versions, err = w.repo.Versions(w.Context(), m.ID)
	if err != nil || len(versions) != 0 {
		w.Errorf("versions of a revoked message: %v, %v", versions, err)
	}
	cut := w.add(w.message(conv, "one two", "wamid.2", "wamid.3"))
	w.must(w.repo.EditMessage(w.Context(), cut.ID, text("new"), noon))
	got, err = w.repo.Message(w.Context(), cut.ID)
	same(w, "parts of a message that was cut stay what was sent", got.Parts, cut.Parts, err)
	missing(w, "EditMessage", w.repo.EditMessage(w.Context(), "none", gone, noon))
	missing(w, "RevokeMessage", w.repo.RevokeMessage(w.Context(), "none", noon))
}

func automatic(w *world) {
	conv := w.talk()
	m, other := w.add(w.message(conv, "one", "wamid.1")), w.add(w.message(conv, "two", "wamid.2"))
	for _, k := range []core.ConversationEventKind{core.ConversationEventOpened, core.ConversationEventPhoneAnswered, core.ConversationEventAssigned, core.ConversationEventNotice} {
		for _, about := range []core.MessageID{m.ID, other.ID} {
			w.must(w.repo.AddConversationEvent(w.Context(), core.ConversationEvent{ID: core.NewID[string](), Conversation: conv.ID, Kind: k, Message: about, At: noon}))
		}
	}
	w.must(w.repo.MarkAutomatic(w.Context(), m.ID, "a machine"))
	m.Content.Automatic, m.Parts[0].Content.Automatic = "a machine", "a machine"
	got, err := w.repo.Message(w.Context(), m.ID)
	same(w, "marked", got, m, err)
	got, err = w.repo.Message(w.Context(), other.ID)
	same(w, "another", got, other, err)
	lines, err := w.repo.ConversationEvents(w.Context(), conv.ID)
	n := 0
	for _, l := range lines {
		if l.Message == m.ID {
			n++
		}
	}
	if err != nil || len(lines) != 5 || n != 1 {
		w.Errorf("lines left: %+v, %v", lines, err)
	}
	missing(w, "MarkAutomatic", w.repo.MarkAutomatic(w.Context(), "none", "x"))
}

func reactions(w *world) {
	m := w.add(w.message(w.talk(), "x", "wamid.1"))
	var first []core.Reaction
	contact, ana := core.Author{Kind: core.AuthorContact}, core.Author{Kind: core.AuthorAgent, Agent: w.agent.ID}
	for i, step := range []struct {
		by    core.Author
		emoji string
		at    time.Duration
		want  []string
	}{
		{contact, "👍", 10, []string{"👍"}}, {contact, "❤️", 20, []string{"❤️"}}, {contact, "👎", 15, []string{"❤️"}}, {ana, "🎉", 5, []string{"🎉", "❤️"}},
		{contact, "", 30, []string{"🎉"}}, {contact, "👍", 25, []string{"🎉"}}, {contact, "👍", 40, []string{"🎉", "👍"}}, {ana, "", 1, []string{"🎉", "👍"}},
	} {
		w.must(w.repo.PutReaction(w.Context(), m.ID, core.Reaction{By: step.by, Emoji: step.emoji, At: noon.Add(step.at * time.Second)}))
		got, err := w.repo.Message(w.Context(), m.ID)
		var emoji []string
		for _, x := range got.Reactions {
			emoji = append(emoji, x.Emoji)
		}
		same(w, fmt.Sprint("step ", i), emoji, step.want, err)
	}
	for i, order := range [][]string{{"", "👍", "❤️"}, {"❤️", "👍", ""}, {"👍", "❤️", ""}, {"👍", "", "❤️"}} {
		m := w.add(w.message(w.talk(), "x", fmt.Sprint("wamid.tie", i)))
		for _, emoji := range order {
			w.must(w.repo.PutReaction(w.Context(), m.ID, core.Reaction{By: contact, Emoji: emoji, At: noon}))
		}
		got, err := w.repo.Message(w.Context(), m.ID)
		same(w, fmt.Sprint("at one time ", order), len(got.Reactions), 1, err)
		if i == 0 {
			first = got.Reactions
		}
		same(w, fmt.Sprint("at one time ", order), got.Reactions, first, nil)
	}
	group := w.add(w.message(w.talk(), "x", "wamid.group"))
	for i, x := range []core.Reaction{{Member: "Ana", Emoji: "👍"}, {Member: "A/B", Emoji: "👎"}, {Member: "Ana", Emoji: "❤️"}} {
		x.By, x.At = contact, noon.Add(time.Duration(i)*time.Second)
		w.must(w.repo.PutReaction(w.Context(), group.ID, x))
	}
	got, err := w.repo.Message(w.Context(), group.ID)
	said := map[string]string{}
	for _, x := range got.Reactions {
		said[x.Member] = x.Emoji
	}
	same(w, "of a group", said, map[string]string{"Ana": "❤️", "A/B": "👎"}, err)
	missing(w, "PutReaction", w.repo.PutReaction(w.Context(), "none", core.Reaction{Emoji: "x", At: noon}))
}

// reactionsEverywhere: whichever way messages are read, each has its own reactions, whole and in their order, and none where there are none.
func reactionsEverywhere(w *world) {
	conv, ctx := w.talk(), w.Context()
	ana := core.Author{Kind: core.AuthorAgent, Agent: w.agent.ID, Name: `Ana "<\u0041>" 'é'`}
	member := core.Reaction{By: core.Author{Kind: core.AuthorContact}, Member: `A/"B" <\u0041>`, Emoji: "👍🏽", At: noon.UTC().Add(time.Microsecond)}
	agent := core.Reaction{By: ana, Emoji: "\"\\\n❤️", At: noon.UTC().Add(time.Hour)}
	undated := core.Reaction{By: ana, Emoji: "x"}
	for i, want := range [][]core.Reaction{nil, {member, agent}, {undated}} {
		for _, past := range []bool{false, true} {
			m := w.message(conv, "x", fmt.Sprint("wamid.", past, i))
			m.Key, m.Historic = fmt.Sprint("key", past, i), past
			m = w.add(m)
			for _, x := range slices.Backward(want) {
				w.must(w.repo.PutReaction(ctx, m.ID, x))
			}
			w.must(w.repo.PutReaction(ctx, m.ID, core.Reaction{By: core.Author{Kind: core.AuthorSystem}, At: noon}))
			reads := map[string]func() (core.Message, error){
				"Message":      func() (core.Message, error) { return w.repo.Message(ctx, m.ID) },
				"MessageByKey": func() (core.Message, error) { return w.repo.MessageByKey(ctx, m.Key) },
				"page": func() (core.Message, error) {
					read := func() ([]core.Message, error) { return w.repo.Messages(ctx, conv.ID, core.Page{Limit: 1}) }
					if past {
						read = func() ([]core.Message, error) { return w.repo.ImportedMessages(ctx, conv.ID, core.Bookmark{}, 1) }
					}
					all, err := read()
					return all[0], err
				},
				"Look": func() (core.Message, error) {
					return w.look(core.Wanted{Parts: []core.Owned[core.PartID]{own(w, m.Parts[0].ID)}}).Messages[0], nil
				},
			}
			for name, read := range reads {
				got, err := read()
				same(w, fmt.Sprint(name, " ", i, " ", past), got.Reactions, want, err)
			}
		}
	}
}

// unreadable stores what PostgreSQL cannot hold as it is: no payload may be lost for it.
func unreadable(w *world) {
	conv := w.talk()
	m := w.message(conv, "a\x00b\xffc", "id\x00\xff")
	w.add(m)
	got, err := w.repo.PartByProvider(w.Context(), w.ch.ID, "id\x00\xff")
	same(w, "found by what was given", got.ID, m.Parts[0].ID, err)
	whole, err := w.repo.Message(w.Context(), m.ID)
	if err != nil || whole.Content.Text != "a\x00b\uFFFDc" {
		w.Errorf("content: %q, %v", whole.Content.Text, err)
	}
	c := w.contact("n\x00\xff")
	read, err := w.repo.Contact(w.Context(), c.ID)
	same(w, "name", read.Name, "n\uFFFD\uFFFD", err)
	bad := core.IdentityKey{Scheme: core.SchemeEmail, Value: "a\x00@b"}
	if won, err := w.repo.AddIdentity(w.Context(), core.Identity{ID: "i", Contact: c.ID, Key: bad}); err != nil || !won {
		w.Errorf("identity: %v, %v", won, err)
	}
	found, err := w.repo.Identities(w.Context(), []core.IdentityKey{bad})
	if err != nil || len(found) != 1 {
		w.Errorf("identity not found again: %v, %v", found, err)
	}
	raw := []byte{0, 255, '{'}
	w.must(w.repo.AddDeadLetter(w.Context(), core.DeadLetter{ID: "d", Kind: "webhook", Reason: "bad byte \xfe at \x00", Raw: raw, At: noon}))
	d, err := w.repo.DeadLetter(w.Context(), "d")
	same(w, "raw bytes", d.Raw, raw, err)
}
