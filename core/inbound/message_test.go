package inbound_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"causeway/core"
)

func TestMessageOpensConversation(t *testing.T) {
	each(t, func(w *world) {
		e := w.said(id(1), "Hello")
		e.Peer.Identities = []core.IdentityKey{phone(grace), bsuid("GB.123"), {Scheme: core.SchemeUsername, Value: "grace"}}
		e.Message.Stanza = "3EB0"
		e.Message.Content.Referral = &core.Referral{Source: "ad", ID: "7"}
		e.At = w.clock.Add(-time.Minute)
		w.accept(e)
		conv := w.only()
		equal(w, "state", conv.State, core.ConversationOpen)
		equal(w, "number", conv.Number, 1)
		equal(w, "channel", conv.Channel, w.ch.ID)
		at(w, "waiting", conv.Waiting, e.At)
		at(w, "last", conv.LastAt, e.At)
		at(w, "window", w.window().Last, e.At)
		if conv.Referral == nil || conv.Referral.ID != "7" {
			t.Errorf("referral: got %+v", conv.Referral)
		}
		equal(w, "history", w.history(conv.ID), "opened")
		m := w.messages(conv.ID)[0]
		equal(w, "direction", m.Direction, core.In)
		equal(w, "author", m.Author, core.Author{Kind: core.AuthorContact, Name: "Grace"})
		equal(w, "status", m.Status, core.StatusReceived)
		equal(w, "stanza", m.Parts[0].Stanza, "3EB0")
		equal(w, "jobs", w.jobs(), "notify")
		keys, err := w.repo.IdentitiesOf(w.Context(), conv.Contact)
		w.must(err)
		equal(w, "identities", len(keys), 3)
		equal(w, "name", w.contacts()[0].Name, "Grace")
		ch, err := w.repo.Channel(w.Context(), w.ch.ID)
		w.must(err)
		at(w, "channel seen", ch.SeenIn, w.clock)
	})
}

// parallel runs f n times at once.
func parallel(n int, f func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() { <-start; f(i) })
	}
	close(start)
	all.Wait()
}

func TestSameWebhookFiftyTimes(t *testing.T) {
	each(t, func(w *world) {
		batch := []core.Event{w.said(id(1), "Hello"), w.receipt("wamid.none", core.StatusRead), w.reaction("r", id(1), "👍")}
		parallel(50, func(int) {
			if err := w.in.Accept(w.Context(), w.ch, batch); err != nil {
				t.Error(err)
			}
		})
		conv := w.only()
		equal(w, "contacts", len(w.contacts()), 1)
		equal(w, "messages", w.texts(conv.ID), "Hello")
		equal(w, "seq", conv.Seq, 1)
		equal(w, "history", w.history(conv.ID), "opened notice:reaction")
		equal(w, "jobs", w.jobs(), "notify")
		equal(w, "dead letters", len(w.dead()), 0)
	})
}

func TestFirstMessagesAtOnce(t *testing.T) {
	each(t, func(w *world) {
		parallel(16, func(i int) {
			if err := w.in.Accept(w.Context(), w.ch, []core.Event{w.said(id(i), fmt.Sprint(i))}); err != nil {
				t.Error(err)
			}
		})
		conv := w.only()
		equal(w, "contacts", len(w.contacts()), 1)
		all := w.messages(conv.ID)
		equal(w, "messages", len(all), 16)
		for i, m := range all {
			if m.Seq != int64(i+1) {
				t.Errorf("message %d has the sequence %d", i, m.Seq)
			}
		}
		equal(w, "history", w.history(conv.ID), "opened")
		equal(w, "dead letters", len(w.dead()), 0)
	})
}

// One person, first seen at the same moment by their number and by both ids, is one contact.
func TestFirstSeenByDifferentIdentitiesAtOnce(t *testing.T) {
	each(t, func(w *world) {
		ways := [][]core.IdentityKey{{phone(grace)}, {bsuid("GB.1"), phone(grace)}, {phone(grace), bsuid("GB.1")}, {bsuid("GB.1")}}
		parallel(8, func(i int) {
			if err := w.in.Accept(w.Context(), w.ch, []core.Event{w.said(id(i), "x", ways[i%4]...)}); err != nil {
				t.Error(err)
			}
		})
		w.accept(w.said(id(9), "x", ways[1]...)) // whatever came in between, this names both as one
		equal(w, "contacts", len(w.contacts()), 1)
		equal(w, "dead letters", len(w.dead()), 0)
		open := 0
		messages := 0
		for _, c := range w.conversations() {
			if c.State == core.ConversationOpen {
				open++
			}
			messages += len(w.messages(c.ID))
		}
		equal(w, "open conversations", open, 1)
		equal(w, "messages", messages, 9)
	})
}

func TestAlbumOfTen(t *testing.T) {
	each(t, func(w *world) {
		album := func(n int) core.Event {
			e := w.said(id(n), "")
			e.Message.Content = core.Content{Kind: core.KindImage, Media: &core.Media{Provider: fmt.Sprint(n), MIME: "image/jpeg"}}
			return e
		}
		parallel(10, func(i int) {
			if err := w.in.Accept(w.Context(), w.ch, []core.Event{album(i)}); err != nil {
				t.Error(err)
			}
		})
		conv := w.only()
		equal(w, "messages", len(w.messages(conv.ID)), 10)
		equal(w, "jobs", w.jobs(), "fetch fetch fetch fetch fetch fetch fetch fetch fetch fetch notify")
	})
}

// TestUnsentFile: with a message that is taken back go its files, also those that it had before it was changed.
func TestUnsentFile(t *testing.T) {
	each(t, func(w *world) {
		e := w.said(id(1), "")
		e.Message.Content = core.Content{Kind: core.KindImage, Text: "my passport", Media: &core.Media{Provider: "77", URL: "https://cdn.example/passport.jpg", MIME: "image/jpeg", Name: "passport.jpg"}}
		w.accept(e)
		m := w.message(id(1))
		w.accept(w.revoke(id(2), id(1)))
		f, err := w.repo.File(w.Context(), m.Content.Media.ID)
		w.must(err)
		equal(w, "state", f.State, core.FileDeleted)
		equal(w, "what is known of it", f.Media, core.Media{ID: f.ID})
		if got, err := w.repo.Message(w.Context(), m.ID); err != nil || got.Content.Media != nil || got.Content.Text != "" {
			t.Errorf("got %+v %v", got.Content, err)
		}
		jobs, err := w.queue.Jobs(w.Context())
		w.must(err)
		if !slices.ContainsFunc(jobs, func(j core.Job) bool { return j.Kind == core.JobFetch && j.Key == string(f.ID) }) {
			t.Errorf("nobody deletes the bytes: %+v", jobs)
		}
	})
}

func TestMediumIsKept(t *testing.T) {
	each(t, func(w *world) {
		e := w.said(id(1), "")
		e.Message.Content = core.Content{Kind: core.KindVoice, Media: &core.Media{Provider: "77", MIME: "audio/ogg", Name: "../../etc/voice.ogg"}}
		w.accept(e)
		m := w.message(id(1))
		if m.Content.Media.ID == "" || m.Parts[0].Content.Media.ID != m.Content.Media.ID {
			t.Fatalf("medium: got %+v and %+v", m.Content.Media, m.Parts[0].Content.Media)
		}
		equal(w, "its name", m.Content.Media.Name, "voice.ogg")
		f, err := w.repo.File(w.Context(), m.Content.Media.ID)
		w.must(err)
		equal(w, "state", f.State, core.FilePending)
		equal(w, "conversation", f.Conversation, m.Conversation)
		equal(w, "the event's own", e.Message.Content.Media.ID, "")
		jobs, err := w.queue.Jobs(w.Context())
		w.must(err)
		equal(w, "fetch", jobs[0].Key, string(f.ID))
	})
}

func TestQuoteIsResolved(t *testing.T) {
	each(t, func(w *world) {
		known, unknown := w.said(id(2), "yes"), w.said(id(3), "no")
		known.Message.Content.Quote = &core.Quote{Provider: id(1)}
		unknown.Message.Content.Quote = &core.Quote{Provider: "wamid.old"}
		w.accept(w.said(id(1), "Do you deliver?"), known, unknown)
		q := w.message(id(2)).Content.Quote
		equal(w, "known", *q, core.Quote{Provider: id(1), Message: w.message(id(1)).ID})
		equal(w, "in the part", *w.message(id(2)).Parts[0].Content.Quote, *q)
		equal(w, "unknown", *w.message(id(3)).Content.Quote, core.Quote{Provider: "wamid.old"})
	})
}

func TestClockThatRunsAhead(t *testing.T) {
	each(t, func(w *world) {
		e := w.said(id(1), "from the future")
		e.At = w.clock.Add(48 * time.Hour)
		w.accept(e)
		conv := w.only()
		at(w, "window", w.window().Last, w.clock)
		at(w, "last", conv.LastAt, w.clock)
		at(w, "waiting", conv.Waiting, w.clock)
		at(w, "the message's own time", w.message(id(1)).At, e.At)
	})
}

func TestLateMessageDoesNotMoveWindowBack(t *testing.T) {
	each(t, func(w *world) {
		now, late := w.said(id(1), "now"), w.said(id(2), "yesterday")
		late.At = w.clock.Add(-20 * time.Hour)
		w.accept(now)
		w.accept(late)
		at(w, "window", w.window().Last, now.At)
		at(w, "waiting", w.only().Waiting, now.At)
	})
}

func TestHistoryStartsNothing(t *testing.T) {
	each(t, func(w *world) {
		old := func(e core.Event) core.Event {
			e.Historic, e.At = true, w.clock.Add(-90*24*time.Hour)
			return e
		}
		w.accept(old(w.said(id(1), "old")), old(w.echo(id(2), "older answer")), old(w.reaction("r", id(1), "👍")), old(w.edit("e", id(1), "old, edited")))
		conv := w.only()
		equal(w, "state", conv.State, core.ConversationClosed)
		equal(w, "texts", w.texts(conv.ID), "old, edited|older answer")
		equal(w, "history", w.history(conv.ID), "")
		equal(w, "jobs", w.jobs(), "")
		equal(w, "window", w.window(), core.WindowState{})
		equal(w, "waiting", conv.Waiting.IsZero(), true)
		equal(w, "historic", w.message(id(1)).Historic, true)
		w.accept(w.said(id(3), "live"))
		equal(w, "conversations", len(w.conversations()), 2)
		equal(w, "jobs of the live one", w.jobs(), "notify")
		w.accept(old(w.said(id(4), "more history")))
		equal(w, "conversations still", len(w.conversations()), 2)
		equal(w, "jobs of more history", w.jobs(), "")
	})
}

func TestEchoFromPhone(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		window := w.window()
		w.jobs()
		w.pass(time.Hour)
		w.accept(w.echo(id(2), "Hi, it's the owner"))
		conv, m := w.only(), w.message(id(2))
		equal(w, "direction", m.Direction, core.Out)
		equal(w, "author", m.Author.Kind, core.AuthorPhone)
		equal(w, "status", m.Status, core.StatusSent)
		equal(w, "waiting stopped", conv.Waiting.IsZero(), true)
		equal(w, "window unmoved", w.window(), window)
		equal(w, "jobs", w.jobs(), "notify")
		w.accept(w.receipt(id(2), core.StatusRead))
		equal(w, "read", w.message(id(2)).Status, core.StatusRead)
	})
}

func TestEchoOpensConversation(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.echo(id(1), "We write first"))
		conv := w.only()
		events, err := w.repo.ConversationEvents(w.Context(), conv.ID)
		w.must(err)
		equal(w, "opened by", events[0].By.Kind, core.AuthorPhone)
		equal(w, "window", w.window(), core.WindowState{})
		equal(w, "waiting", conv.Waiting.IsZero(), true)
	})
}

func TestEchoOfOurOwnSend(t *testing.T) {
	each(t, func(w *world) {
		own := func(id, key, text string) core.Event {
			e := w.said(id, text)
			e.Origin, e.Key = core.OriginGateway, key
			return e
		}
		w.accept(w.said(id(1), "Hello"))
		conv := w.only()
		before := w.sent(conv, "before the answer, with our key", "", core.StatusSending)
		w.accept(own(id(2), string(before.ID), before.Content.Text))
		p := w.part(before.ID)
		equal(w, "status", p.Status, core.StatusSent)
		equal(w, "provider", p.Provider, id(2))
		unkeyed := w.sent(conv, "before the answer, without a key", "", core.StatusSending)
		w.accept(own(id(3), "", unkeyed.Content.Text))
		equal(w, "provider without key", w.part(unkeyed.ID).Provider, id(3))
		after := w.sent(conv, "after the answer", id(4), core.StatusDelivered)
		w.accept(own(id(4), "", after.Content.Text))
		equal(w, "not lowered", w.part(after.ID).Status, core.StatusDelivered)
		equal(w, "messages", len(w.messages(conv.ID)), 4)
		w.accept(own(id(5), "", "another program said this"))
		other := w.message(id(5))
		equal(w, "author", other.Author.Kind, core.AuthorAPI)
		equal(w, "not an answer of a person", w.only().Waiting.IsZero(), false)
	})
}

// An echo without our key that comes before the answer to the call is of what is being sent, however the platform shows that; what somebody else writes at
// that moment is not.
func TestEchoInOtherWords(t *testing.T) {
	offer := func(text string) core.Content {
		return core.Content{Kind: core.KindChoices, Text: text, Choices: &core.Choices{Header: "Hours", Options: []core.Option{{Title: "Today"}, {Title: "Tomorrow"}}}}
	}
	words := func(text string) core.Content { return core.Content{Kind: core.KindText, Text: text} }
	file := func(kind core.ContentKind) core.Content {
		return core.Content{Kind: kind, Media: &core.Media{Provider: "1"}}
	}
	for name, c := range map[string]struct {
		ours, shown core.Content
		one         bool
	}{
		"spaces at the ends":     {words("We are open. \n"), words("We are open."), true},
		"quick replies":          {offer("When shall we come?"), words("Hours\nWhen shall we come?"), true},
		"choices in a list":      {offer("When shall we come?"), words("When shall we come?\n\n1. Today\n2. Tomorrow"), true},
		"a voice note":           {file(core.KindVoice), file(core.KindAudio), true},
		"a person's own words":   {offer("When shall we come?"), words("I'll call you."), false},
		"a person's own picture": {file(core.KindDocument), file(core.KindImage), false},
	} {
		t.Run(name, func(t *testing.T) {
			lite(t, func(w *world) {
				w.accept(w.said(id(1), "Hello"))
				p := w.sentContent(w.only(), c.ours, "", core.StatusSending)
				e := w.echo(id(2), "")
				e.Origin, e.Message.Content = core.OriginBusiness, c.shown
				w.accept(e)
				equal(w, "messages", len(w.messages(w.only().ID)), map[bool]int{true: 2, false: 3}[c.one])
				equal(w, "known by its id", w.part(p.ID).Provider == id(2), c.one)
			})
		})
	}
}

// An echo that nobody could know as ours came first, then its receipt with our key: id and status move to our part.
func TestReceiptTakesIdFromEcho(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "Hello"))
		p := w.sent(w.only(), "answer", "", core.StatusSending)
		w.accept(w.echo(id(2), "answer"))
		e := w.receipt(id(2), core.StatusDelivered)
		e.Key = string(p.ID)
		w.accept(e)
		got := w.part(p.ID)
		equal(w, "provider", got.Provider, id(2))
		equal(w, "status", got.Status, core.StatusDelivered)
		equal(w, "dead letters", len(w.dead()), 0)
	})
}

func TestPlaceholderIsFilled(t *testing.T) {
	each(t, func(w *world) {
		e := w.said(id(1), "")
		e.Message.Content = core.Content{Kind: core.KindUnsupported, Unsupported: &core.Unsupported{Type: "unknown", Code: 131060}}
		w.accept(e)
		w.jobs()
		full := w.said("device/1", "")
		full.Message = &core.MessageBody{Provider: id(1), Content: core.Content{Kind: core.KindImage, Text: "see", Media: &core.Media{Provider: "9"}}}
		w.accept(full)
		m := w.message(id(1))
		equal(w, "kind", m.Content.Kind, core.KindImage)
		equal(w, "one message", len(w.messages(m.Conversation)), 1)
		equal(w, "jobs", w.jobs(), "fetch notify")
	})
}

// What an agent does to a conversation while messages come in is not undone by them.
func TestAssignmentSurvivesMessages(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(0), "Hello"))
		w.sent(w.only(), "x", id(1000), core.StatusSent) // makes an agent
		agents, err := w.repo.Agents(w.Context())
		w.must(err)
		conv := w.only()
		parallel(8, func(i int) {
			if i == 4 {
				err := w.store.Tx(w.Context(), func(tx core.Tx) error {
					c, err := tx.In(w.ws).Lock(w.Context(), conv.ID)
					if err != nil {
						return err
					}
					c.Agent = agents[0].ID
					return tx.In(w.ws).SetConversation(w.Context(), c)
				})
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err := w.in.Accept(w.Context(), w.ch, []core.Event{w.said(id(i+1), "more")}); err != nil {
				t.Error(err)
			}
		})
		equal(w, "agent", w.only().Agent, agents[0].ID)
	})
}

// A message that comes in while its conversation is being closed opens a new one, or is in the closed one: it never opens that again.
func TestCloseMeetsMessage(t *testing.T) {
	each(t, func(w *world) {
		for round := range 5 {
			w.accept(w.said(fmt.Sprintf("a%d", round), "Hello"))
			var open core.Conversation
			for _, c := range w.conversations() {
				if c.State == core.ConversationOpen {
					open = c
				}
			}
			parallel(2, func(i int) {
				if i == 0 {
					if err := w.in.Accept(w.Context(), w.ch, []core.Event{w.said(fmt.Sprintf("b%d", round), "more")}); err != nil {
						t.Error(err)
					}
					return
				}
				err := w.store.Tx(w.Context(), func(tx core.Tx) error {
					c, err := tx.In(w.ws).Lock(w.Context(), open.ID)
					if err != nil {
						return err
					}
					c.State, c.Closed = core.ConversationClosed, w.clock
					return tx.In(w.ws).SetConversation(w.Context(), c)
				})
				if err != nil {
					t.Error(err)
				}
			})
			c, err := w.repo.Conversation(w.Context(), open.ID)
			w.must(err)
			equal(w, "closed stays closed", c.State, core.ConversationClosed)
		}
		equal(w, "dead letters", len(w.dead()), 0)
	})
}

// What a machine wrote is shown in an open conversation, where nobody waits for an answer to it, and opens none.
func TestAutomatic(t *testing.T) {
	each(t, func(w *world) {
		machine := func(n int) core.Event {
			e := w.said(id(n), "I am away")
			e.Message.Content.Automatic = "Auto-Submitted: auto-replied"
			return e
		}
		w.accept(machine(1))
		equal(w, "opens", w.history(w.only().ID), "")
		equal(w, "state", w.only().State, core.ConversationClosed)
		equal(w, "told", w.jobs(), "")
		w.accept(w.said(id(2), "Hello"))
		w.pass(time.Minute)
		w.accept(w.echo(id(3), "Hello"))
		w.jobs()
		w.accept(machine(4))
		m := w.message(id(4))
		conv, err := w.repo.Conversation(w.Context(), m.Conversation)
		w.must(err)
		equal(w, "waits", conv.Waiting.IsZero(), true)
		equal(w, "told", w.jobs(), "notify")
	})
}
