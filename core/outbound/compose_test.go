package outbound_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/outbound"
)

func TestCompose(t *testing.T) {
	each(t, func(w *world) {
		made, d, err := w.out.Compose(w.Context(), w.ws, w.request(text("Hello Grace"), text("a text of more than twenty letters")))
		w.must(err)
		equal(w, "verdict", d.Verdict, core.VerdictSend)
		equal(w, "until", d.Until.Equal(noon.Add(24*time.Hour)), true)
		equal(w, "messages", len(made), 2)
		equal(w, "parts of the long one", len(made[1].Parts), 2)
		for i, m := range made {
			stored := w.status("stored", m.ID, core.StatusQueued)
			equal(w, "sequence", stored.Seq, int64(i+2))
			equal(w, "identity", stored.Identity != "", true)
			equal(w, "author", stored.Author, w.request().Author)
		}
		equal(w, "sequence of parts", made[1].Parts[1].Seq, 4)
		equal(w, "jobs", w.jobs(), "deliver")
		c, err := w.repo.Conversation(w.Context(), w.conv.ID)
		w.must(err)
		equal(w, "nobody waits any more", c.Waiting.IsZero(), true)
	})
}

func TestProgramDoesNotStopWaiting(t *testing.T) {
	lite(t, func(w *world) {
		r := w.request(text("Your order is on its way"))
		r.Author = core.Author{Kind: core.AuthorWorkflow}
		_, _, err := w.out.Compose(w.Context(), w.ws, r)
		w.must(err)
		c, err := w.repo.Conversation(w.Context(), w.conv.ID)
		w.must(err)
		equal(w, "still waiting", c.Waiting.IsZero(), false)
		equal(w, "jobs", w.jobs(), "deliver")
	})
}

// TestQuiet: who forbids automatic answers gets none from automation, and gets a person's.
func TestQuiet(t *testing.T) {
	each(t, func(w *world) {
		quiet := core.Content{Kind: core.KindText, Text: "Where is my order?", Quiet: true}
		e := core.Event{Kind: core.EventMessage, ID: "quiet", At: w.now(), Origin: core.OriginCustomer, Peer: core.Peer{Identities: []core.IdentityKey{grace}},
			Message: &core.MessageBody{Provider: "quiet", Content: quiet}}
		w.must(w.in.Accept(w.Context(), w.ch, []core.Event{e}))
		r := w.request(text("We got your mail"))
		r.Author = core.Author{Kind: core.AuthorWorkflow}
		if _, _, err := w.out.Compose(w.Context(), w.ws, r); core.CodeOf(err) != core.CodeForbidden {
			t.Errorf("automation answered: %v", err)
		}
		_, _, err := w.out.Compose(w.Context(), w.ws, w.request(text("On its way")))
		w.must(err)
	})
}

func TestNothingStoredWhenRefused(t *testing.T) {
	for _, c := range []struct {
		name     string
		prepare  func(w *world)
		contents []core.Content
		code     core.Code
		says     string
	}{
		{"window closed", func(w *world) { w.pass(25 * time.Hour) }, []core.Content{text("late")}, core.CodeWindowClosed, "25 h ago"},
		{"second content refused", nil, []core.Content{text("fine"), {Kind: core.KindLocation, Location: &core.Location{}}}, core.CodeUnsupported, "location"},
		{"unknown template", nil, []core.Content{{Kind: core.KindTemplate, Template: &core.TemplateUse{Name: "x", Language: "en"}}}, core.CodeTemplate, "no template"},
		{"nothing", nil, nil, core.CodeInvalid, "empty"},
		{"white space", nil, []core.Content{text(" \n\t")}, core.CodeInvalid, "empty"},
		{"file without a file", nil, []core.Content{{Kind: core.KindImage, Text: "see"}}, core.CodeInvalid, "empty"},
		{"choices without text", nil, []core.Content{{Kind: core.KindChoices, Choices: &core.Choices{}}}, core.CodeInvalid, "empty"},
		{"place without a place", nil, []core.Content{{Kind: core.KindLocation}}, core.CodeInvalid, "empty"},
		{"cards without one", nil, []core.Content{{Kind: core.KindContacts}}, core.CodeInvalid, "empty"},
		{"template without one", nil, []core.Content{{Kind: core.KindTemplate}}, core.CodeInvalid, "empty"},
		{"closed conversation", func(w *world) { w.close() }, []core.Content{text("x")}, core.CodeClosed, "closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(w *world) {
				if c.prepare != nil {
					c.prepare(w)
				}
				_, _, err := w.out.Compose(w.Context(), w.ws, w.request(c.contents...))
				isProblem(w, "compose", err, c.code, c.says)
				d, _, err := w.out.Decide(w.Context(), w.ws, w.request(c.contents...))
				if err == nil { // what the gate refuses is the answer of a dry run, not its failure
					err = d.Problem()
				}
				isProblem(w, "dry run", err, c.code, c.says)
				all, err := w.repo.Messages(w.Context(), w.conv.ID, core.Page{})
				w.must(err)
				equal(w, "messages", len(all), 1)
				equal(w, "jobs", w.jobs(), "")
			})
		})
	}
}

func (w *world) close() {
	w.Helper()
	w.must(w.store.Tx(w.Context(), func(tx core.Tx) error {
		c, err := tx.In(w.ws).Lock(w.Context(), w.conv.ID)
		if err != nil {
			return err
		}
		c.State, c.Closed = core.ConversationClosed, w.now()
		return tx.In(w.ws).SetConversation(w.Context(), c)
	}))
}

func TestIdempotencyKey(t *testing.T) {
	each(t, func(w *world) {
		r := w.request(text("one"), text("two"))
		r.Key = "k"
		first, _, err := w.out.Compose(w.Context(), w.ws, r)
		w.must(err)
		w.jobs()
		again, d, err := w.out.Compose(w.Context(), w.ws, r)
		w.must(err)
		equal(w, "verdict", d.Verdict, core.VerdictSend)
		for i := range first {
			equal(w, "the same message", again[i].ID, first[i].ID)
		}
		equal(w, "nothing more to do", w.jobs(), "")
		for name, change := range map[string]func(r *outbound.Request){
			"another text": func(r *outbound.Request) { r.Contents = []core.Content{text("one"), text("three")} },
			"more":         func(r *outbound.Request) { r.Contents = append(r.Contents, text("three")) },
			"fewer":        func(r *outbound.Request) { r.Contents = r.Contents[:1] },
		} {
			other := w.request(text("one"), text("two"))
			other.Key = "k"
			change(&other)
			_, _, err := w.out.Compose(w.Context(), w.ws, other)
			isProblem(w, name, err, core.CodeConflict, "idempotency key")
		}
		w.close()
		again, _, err = w.out.Compose(w.Context(), w.ws, r)
		w.must(err)
		equal(w, "also after the conversation was closed", again[0].ID, first[0].ID)
	})
}

func TestSameKeyAtOnce(t *testing.T) {
	each(t, func(w *world) {
		r := w.request(text("one"), text("two"))
		r.Key = "k"
		ids := make([]core.MessageID, 12)
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				made, _, err := w.out.Compose(w.Context(), w.ws, r)
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = made[0].ID
			})
		}
		all.Wait()
		for _, id := range ids {
			equal(w, "message", id, ids[0])
		}
		stored, err := w.repo.Messages(w.Context(), w.conv.ID, core.Page{})
		w.must(err)
		equal(w, "messages", len(stored), 3)
	})
}

func TestComposeToContact(t *testing.T) {
	each(t, func(w *world) {
		r := w.request(text("hello"))
		r.Conversation, r.Contact = "", w.conv.Contact
		made, _, err := w.out.Compose(w.Context(), w.ws, r)
		w.must(err)
		equal(w, "in the open conversation", made[0].Conversation, w.conv.ID)
		w.close()
		_, pieces, err := w.out.Decide(w.Context(), w.ws, r)
		w.must(err)
		equal(w, "dry run", len(pieces), 1)
		r.Key = "k"
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, _, err := w.out.Compose(w.Context(), w.ws, r); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		convs, err := w.repo.ConversationsOf(w.Context(), w.conv.Contact)
		w.must(err)
		equal(w, "conversations", len(convs), 2)
		equal(w, "channel", convs[0].Channel, w.ch.ID)
		events, err := w.repo.ConversationEvents(w.Context(), convs[0].ID)
		w.must(err)
		equal(w, "opened by", events[0].By.Agent, w.agent.ID)
		w.pass(48 * time.Hour)
		w.conv = convs[0]
		w.close()
		r.Key = "k2"
		_, _, err = w.out.Compose(w.Context(), w.ws, r)
		isProblem(w, "refused", err, core.CodeWindowClosed, "48 h")
		convs, err = w.repo.ConversationsOf(w.Context(), w.conv.Contact)
		w.must(err)
		equal(w, "a refusal opens nothing", len(convs), 2)
		r.Contact = "none"
		if _, _, err := w.out.Compose(w.Context(), w.ws, r); err == nil {
			t.Error("a contact that does not exist was written to")
		}
	})
}

func TestOthersChannelAndConversation(t *testing.T) {
	each(t, func(w *world) {
		theirs, err := w.store.EnsureWorkspace(w.Context(), "theirs")
		w.must(err)
		if _, _, err := w.out.Compose(w.Context(), theirs, w.request(text("x"))); err == nil {
			t.Error("another workspace wrote into the conversation")
		}
		ch := core.Channel{ID: "other", Workspace: theirs, Kind: "whatsapp-cloud", Name: "x", Account: "2", Created: noon}
		w.must(w.store.In(theirs).SaveChannel(w.Context(), ch))
		r := w.request(text("x"))
		r.Channel = ch.ID
		if _, _, err := w.out.Compose(w.Context(), w.ws, r); err == nil {
			t.Error("another workspace's channel was used")
		}
	})
}

func TestHumanExtensionIsPerContent(t *testing.T) {
	lite(t, func(w *world) {
		w.link.can.Window.Human = 7 * 24 * time.Hour
		w.must(w.repo.PutTemplates(w.Context(), w.ch.ID, []core.Template{{Channel: w.ch.ID, Name: "hi", Language: "en", Status: core.TemplateApproved}}))
		w.pass(30 * time.Hour)
		made, d, err := w.out.Compose(w.Context(), w.ws, w.request(text("late"), core.Content{Kind: core.KindTemplate, Template: &core.TemplateUse{Name: "hi", Language: "en"}}))
		w.must(err)
		equal(w, "text", made[0].Human, true)
		equal(w, "template", made[1].Human, false)
		equal(w, "verdict on the last", d.Verdict, core.VerdictSend)
		w.delivered()
		equal(w, "tagged", w.link.sent[0].Human, true)
		equal(w, "template not tagged", w.link.sent[1].Human, false)
		equal(w, "definition", w.link.sent[1].Template.Name, "hi")
	})
}

func TestAddressOrder(t *testing.T) {
	other, bsuid := core.IdentityKey{Scheme: core.SchemePhone, Value: "1"}, core.IdentityKey{Scheme: core.SchemeBSUID, Value: "GB.1"}
	to := func(w *world) string {
		w.Helper()
		w.link.plays()
		w.writes("x")
		w.delivered()
		var all []string
		for _, k := range w.link.sent[0].To {
			all = append(all, k.Value)
		}
		return strings.Join(all, " ")
	}
	lite(t, func(w *world) {
		w.says("in.2", "Hello", grace, bsuid)
		equal(w, "the one they wrote with", to(w), "447700900123 GB.1")
		w.says("in.3", "by id", bsuid)
		equal(w, "the id they wrote with", to(w), "GB.1 447700900123")
		w.pass(time.Minute)
		w.must(w.in.Accept(w.Context(), w.ch, []core.Event{{Kind: core.EventIdentity, ID: "c", At: w.now(), Peer: core.Peer{Identities: []core.IdentityKey{grace}},
			Identity: &core.IdentityBody{Old: []core.IdentityKey{grace}, New: []core.IdentityKey{other}}}}))
		equal(w, "the number they changed to", to(w), "1 447700900123 GB.1")
		w.pass(time.Minute)
		w.says("in.4", "still here", grace)
		equal(w, "what they use after all", to(w), "447700900123 1 GB.1")
	})
}

func TestNoAddress(t *testing.T) {
	lite(t, func(w *world) {
		c := core.Contact{ID: "c", Workspace: w.ws, Name: "Nobody", Created: noon}
		w.must(w.repo.AddContact(w.Context(), c))
		r := w.request(text("x"))
		r.Conversation, r.Contact = "", c.ID
		_, _, err := w.out.Compose(w.Context(), w.ws, r)
		isProblem(w, "without a channel", err, core.CodeInvalid, "channel")
		r.Channel = w.ch.ID
		_, _, err = w.out.Compose(w.Context(), w.ws, r)
		isProblem(w, "without an address", err, core.CodeConflict, "No address")
	})
}

func TestOpeningFails(t *testing.T) {
	lite(t, func(w *world) {
		w.link.broken = core.Problemf(core.CodeUnavailable, "The secret cannot be opened.")
		_, _, err := w.out.Compose(w.Context(), w.ws, w.request(text("x")))
		isProblem(w, "compose", err, core.CodeUnavailable, "secret")
	})
}

// TestFirstAnswerTakes: who first answers, by mail or API, has what was nobody's, with the answer; automation follows. A program takes nothing.
func TestFirstAnswerTakes(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.repo.SetValue(w.Context(), core.AutomationOwner, "hours", []byte("1")))
		w.conv.Team = "sales"
		w.must(w.repo.SaveTeam(w.Context(), core.Team{ID: "sales", Workspace: w.ws, Name: "Sales"}))
		w.must(w.repo.SetConversation(w.Context(), w.conv))
		omar := core.Agent{ID: core.NewID[core.AgentID](), Workspace: w.ws, Name: "Omar", Addresses: []string{"omar@example.com"}, Created: noon}
		w.must(w.repo.SaveAgent(w.Context(), omar))
		for _, by := range []core.Author{{Kind: core.AuthorAPI, Name: "crm"}, {Kind: core.AuthorAgent, Agent: w.agent.ID, Name: "Lena"}, {Kind: core.AuthorAgent, Agent: omar.ID, Name: "Omar"}} {
			r := w.request(text("from " + by.Name))
			r.Author = by
			_, _, err := w.out.Compose(w.Context(), w.ws, r)
			w.must(err)
			c, err := w.repo.Conversation(w.Context(), w.conv.ID)
			w.must(err)
			if taken := by.Kind == core.AuthorAgent; taken != (c.Agent == w.agent.ID) || taken != c.Waiting.IsZero() || c.Team != "sales" {
				w.Errorf("after %s it is %q's, waiting since %s", by.Name, c.Agent, c.Waiting)
			}
		}
		history, err := w.repo.ConversationEvents(w.Context(), w.conv.ID)
		w.must(err)
		var lines []string
		for _, e := range history {
			if e.Kind == core.ConversationEventAssigned {
				lines = append(lines, e.Text+" of "+e.Data["team"])
			}
		}
		equal(w, "assigned", strings.Join(lines, ", "), "Lena of sales")
		all, err := w.repo.Happenings(w.Context(), w.conv.ID)
		w.must(err)
		var kinds []string
		for _, h := range all {
			kinds = append(kinds, string(h.Kind))
		}
		equal(w, "to be followed", strings.Join(kinds, " "), "answered assigned answered")
	})
}
