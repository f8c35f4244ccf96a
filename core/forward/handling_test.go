package forward_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/assign"
	"causeway/core/care"
	"causeway/core/forward"
)

// hands deal with conversations as the program's do.
type hands struct {
	*care.Carer
	*assign.Desk
}

// handled is a house in which Grace has asked something, and whose agents may command.
func handled(t *testing.T) *house {
	t.Helper()
	h := asked(t)
	desk := &assign.Desk{Store: h.store, Now: h.now}
	h.options.Handle = hands{&care.Carer{Store: h.store, Desk: desk, Now: h.now, Log: slog.New(slog.DiscardHandler)}, desk}
	h.open()
	h.must(h.repo.SaveTeam(t.Context(), core.Team{ID: "support", Workspace: h.ws, Name: "Support", Members: []core.AgentID{h.agents["Omar"].ID}}))
	for id, name := range map[core.TeamID]string{"help": "Help Desk", "self": "Self Help"} {
		h.must(h.repo.SaveTeam(t.Context(), core.Team{ID: id, Workspace: h.ws, Name: name}))
	}
	return h
}

func (h *house) handling() core.Handling {
	h.Helper()
	l, err := h.repo.Handling(h.Context(), h.conversation().ID)
	h.must(err)
	return l
}

func TestCommandsAboutTheConversation(t *testing.T) {
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 3, day, hour, minute, 0, 0, time.UTC) }
	for _, c := range []struct {
		name, text, subject string
		phone               []string // what the customer gets
		closed              bool
		tags                []string
		snoozed             time.Time
		agent, team         string
		says                string // of the mail that the agent then has; empty: none
		refused             bool
	}{
		{name: "close", text: "#close", closed: true, says: "Nothing of your mail was sent"},
		{name: "close, with a signature", text: "#Close\n\nLena, Sales", closed: true, says: "The conversation is closed"},
		{name: "close by the subject", subject: "#close", closed: true, says: "The conversation is closed"},
		{name: "answer and close", text: "Yes, it is. Goodbye!\n\n#close", phone: []string{"Yes, it is. Goodbye!"}, closed: true, agent: "Lena"},
		{name: "answer and close, with a signature", text: "Yes, it is.\n#close\n\n--\nLena Sales\n+1 555 0100", phone: []string{"Yes, it is."}, closed: true, agent: "Lena"},
		{name: "in Arabic", text: "نعم، ما زالت هنا.\n\u200f#إغلاق", phone: []string{"نعم، ما زالت هنا."}, closed: true, agent: "Lena"},
		{name: "in Russian", text: "Да.\n#закрыть", phone: []string{"Да."}, closed: true, agent: "Lena"},
		{name: "the answer below", text: "#close\nYes, it is.", says: "text below #close", refused: true},
		{name: "words behind", text: "#close the window", says: "takes no words behind it", refused: true},
		{name: "letters swapped", text: "Goodbye!\n#clsoe", says: "“#clsoe” is no command. Did you mean #close?", refused: true},
		{name: "letters swapped, alone", text: "#assing Omar", says: "Did you mean #assign?", refused: true},
		{name: "one letter wrong", text: "Goodbye!\n#clos", says: "Did you mean #close?", refused: true},
		{name: "misspelt above a signature", text: "Goodbye!\n#snoze 2h\n\n--\nLena Sales", says: "Did you mean #snooze?", refused: true},
		{name: "misspelt above a command", text: "Goodbye!\n#atg vip\n#close", says: "Did you mean #tag?", refused: true},
		{name: "misspelt subject", subject: "#reopne", says: "Did you mean #reopen?", refused: true},
		{name: "misspelt in Russian", text: "Да.\n#закрть", says: "Did you mean #закрыть?", refused: true},
		{name: "misspelt in Arabic", text: "نعم.\n\u200f#تعين Omar", says: "Did you mean \u2068#تعيين\u2069?", refused: true},
		{name: "no command alone", text: "#done", says: "“#done” is no command", refused: true},
		{name: "no command, with words", text: "#summer sale ends today", phone: []string{"#summer sale ends today"}, agent: "Lena"},
		{name: "short words", text: "#tax forms are ready", phone: []string{"#tax forms are ready"}, agent: "Lena"},
		{name: "drop", text: "#drop", closed: true, tags: []string{care.Unresponsive}, says: "unresponsive"},
		{name: "snooze", text: "#snooze 2h", snoozed: at(2, 11, 30), says: "put aside until"},
		{name: "answer and snooze", text: "I shall ask.\n#snooze until 2026-03-05", phone: []string{"I shall ask."}, snoozed: at(4, 21, 0), agent: "Lena"},
		{name: "snooze until an hour", text: "#отложить до 18:00", snoozed: at(2, 15, 0), says: "put aside until"},
		{name: "snooze in Arabic", text: "#تأجيل ٢ س", snoozed: at(2, 11, 30), says: "put aside until"},
		{name: "snooze without a time", text: "#snooze", says: "cannot be read as a time", refused: true},
		{name: "snooze until a time that is over", text: "#snooze until 5 March 2024", says: "cannot be read as a time", refused: true},
		{name: "tags", text: "#tag billing, very important", tags: []string{"billing", "very important"}, says: "billing, very important"},
		{name: "answer and tags", text: "Yes.\n#tag sales\n#tag -sales, bicycle", phone: []string{"Yes."}, tags: []string{"bicycle"}, agent: "Lena"},
		{name: "no tags", text: "#tag", says: "names no tags", refused: true},
		{name: "to an agent", text: "#assign Omar", agent: "Omar", says: "now with Omar"},
		{name: "to an address", text: "#assign olga@example.com", agent: "Olga", says: "now with Olga"},
		{name: "to a part of a name", text: "#assign desk", team: "help", says: "now with Help Desk"},
		{name: "to a part of several names", text: "#assign help", says: "help can be several: Help Desk, Self Help", refused: true},
		{name: "to oneself", text: "#assign me", agent: "Lena", says: "now with Lena"},
		{name: "to a team", text: "#assign support", team: "support", says: "now with Support"},
		{name: "answer, and to a team", text: "A colleague will tell you.\n#assign Support", phone: []string{"A colleague will tell you."}, team: "support"},
		{name: "to somebody unknown", text: "#assign Zoe", says: "no agent or team called Zoe", refused: true},
		{name: "answer, and to somebody unknown", text: "Yes.\n#assign Zoe", phone: []string{"Yes."}, agent: "Lena", says: "not everything that you commanded"},
		{name: "help", text: "#help", says: "#snooze until 14:00"},
		{name: "several", text: "#tag done\n#close", tags: []string{"done"}, closed: true, says: "The conversation is closed"},
		{name: "no command", text: "We are #1\n#sale", phone: []string{"We are #1\n#sale"}, agent: "Lena"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := handled(t)
			mails := len(h.relay.to(h.agents["Lena"]))
			a := answer{to: h.address("Lena"), text: c.text + quoted(h.last("Lena"))}
			if c.subject != "" {
				a.subject, a.text = c.subject, ""
			}
			m := h.judged(a)
			if refused := m.State == core.MailRefused; refused != c.refused {
				t.Errorf("the mail is %s: %s", m.State, m.Reason)
			}
			h.wantPhone(c.phone...)
			conv, l := h.conversation(), h.handling()
			if closed := conv.State == core.ConversationClosed; closed != c.closed {
				t.Errorf("it is %s", conv.State)
			}
			if !slices.Equal(l.Tags, c.tags) || !l.Snoozed.Equal(c.snoozed) {
				t.Errorf("tagged %q, put aside until %v", l.Tags, l.Snoozed)
			}
			if conv.Agent != h.agents[c.agent].ID || string(conv.Team) != c.team {
				t.Errorf("it belongs to %q of %q, want %q of %q", conv.Agent, conv.Team, c.agent, c.team)
			}
			got := h.relay.to(h.agents["Lena"])[mails:]
			if c.says == "" && len(got) > 0 || c.says != "" && !strings.Contains(h.last("Lena").Text, c.says) {
				t.Errorf("%d mails more, the last: %s", len(got), h.last("Lena").Text)
			}
		})
	}
}

// Who is given an answered conversation is mailed that, with what was said, and nothing of what was told before it was theirs. The others are not.
func TestHandedOver(t *testing.T) {
	for name, c := range map[string]struct {
		command, lead string
		told          []string
	}{
		"to a colleague": {"#assign Olga", "Теперь этот разговор ведёте вы.", []string{"Olga"}},
		"to oneself":     {"#assign me", "", nil},
		"to a team":      {"#assign support", "هذه المحادثة في عهدة فريقك الآن.", []string{"Omar"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := handled(t)
			h.says(text("Hello?"))
			h.settle()
			mails := map[string]int{}
			for n, a := range h.agents {
				mails[n] = len(h.relay.to(a))
			}
			h.judged(answer{to: h.address("Lena"), text: "It is, for 200.\n" + c.command + quoted(h.last("Lena"))})
			for n, a := range h.agents {
				want := 0
				if slices.Contains(c.told, n) {
					want = 1
				}
				if got := len(h.relay.to(a)) - mails[n]; got != want {
					t.Errorf("%s is mailed %d times, want %d: %s", n, got, want, h.last(n).Text)
				}
				if want == 1 && (!strings.Contains(h.last(n).Text, c.lead) || !strings.Contains(h.last(n).Text, "It is, for 200.") || !strings.Contains(h.last(n).Text, "blue bicycle")) {
					t.Errorf("%s is mailed %s", n, h.last(n).Text)
				}
			}
		})
	}
}

// What was told of a conversation before it was handed over is not told again to who has it now.
func TestOldNewsIsNotHandedOver(t *testing.T) {
	h := newHouse(t)
	h.must(h.repo.SaveForward(t.Context(), core.Forward{ID: "f", Workspace: h.ws, Name: "f", Assigned: true}))
	desk := assign.Desk{Store: h.store, Now: h.now}
	h.says(text("Is the blue bicycle still there?"))
	give := func(name string) {
		h.Helper()
		_, err := desk.Assign(t.Context(), h.ws, h.conversation().ID, h.agents[name].ID, "", core.Author{Kind: core.AuthorAPI})
		h.must(err)
		h.settle()
	}
	give("Lena")
	h.must(h.store.Tx(t.Context(), func(tx core.Tx) error {
		id := h.conversation().ID
		if err := tx.In(h.ws).AddConversationEvent(t.Context(), core.ConversationEvent{ID: core.NewID[string](), Conversation: id, Kind: core.ConversationEventNotice, By: core.Author{Kind: core.AuthorWorkflow},
			Code: "target-first-soon", Data: map[string]string{"until": "2026-03-02T10:00:00Z"}, At: h.clock}); err != nil {
			return err
		}
		return tx.Enqueue(t.Context(), core.Job{Kind: core.JobNotify, Workspace: h.ws, Key: string(id)})
	}))
	h.settle()
	give("Omar")
	give("Lena")
	for name, want := range map[string]int{"Lena": 2, "Omar": 1} {
		if got := h.relay.to(h.agents[name]); len(got) != want || !strings.Contains(got[0].Text, "blue bicycle") {
			t.Errorf("%s got %d mails, want %d", name, len(got), want)
		}
	}
}

// An answer and #reopen in one mail open what is closed and then go.
func TestReopenByMail(t *testing.T) {
	h := handled(t)
	to := h.address("Lena")
	h.judged(answer{to: to, text: "#close"})
	if m := h.judged(answer{to: to, text: "One thing more."}); m.State != core.MailRefused || !strings.Contains(h.last("Lena").Text, "#reopen") {
		t.Errorf("the mail is %s; told %s", m.State, h.last("Lena").Text)
	}
	if m := h.judged(answer{to: to, text: "One thing more.\n#reopen"}); m.State != core.MailSent {
		t.Errorf("the mail is %s: %s", m.State, m.Reason)
	}
	h.wantPhone("One thing more.")
	if c := h.conversation(); c.State != core.ConversationOpen || c.Agent != h.agents["Lena"].ID {
		t.Errorf("%+v", c)
	}
}

// What cannot be done is told in the agent's language.
func TestWhyNotIsToldInTheirLanguage(t *testing.T) {
	for name, c := range map[string]struct{ command, says string }{"Omar": {"#افتح", "لدى جهة الاتصال هذه محادثة أخرى مفتوحة."}, "Olga": {"#открыть", "С этим контактом открыт другой разговор."}} {
		t.Run(name, func(t *testing.T) {
			h := handled(t)
			to := h.address(name)
			h.judged(answer{to: h.address("Lena"), text: "#close"})
			h.says(text("One thing more"))
			h.settle()
			h.reply(answer{from: strings.ToLower(name) + "@example.com", to: to, text: c.command})
			if got := h.last(name).Text; !strings.Contains(got, c.says) {
				t.Errorf("told:\n%s", got)
			}
		})
	}
}

// What the customer wrote after the agent did is not closed away.
func TestNotClosedOverTheCustomer(t *testing.T) {
	h := handled(t)
	h.must(h.door(answer{to: h.address("Lena"), text: "Goodbye!\n#close"}))
	h.clock = h.clock.Add(time.Second)
	h.says(text("And the red one?"))
	h.settle()
	h.wantPhone("Goodbye!")
	if c := h.conversation(); c.State != core.ConversationOpen {
		t.Error("it is closed")
	}
	if got := h.jsonOf(h.relay.to(h.agents["Lena"])); !strings.Contains(got, "has written again") {
		t.Errorf("Lena was not told: %s", h.last("Lena").Text)
	}
}

// lastMoment hands are those in which the customer writes just before they close.
type lastMoment struct {
	hands
	writes func()
}

func (l lastMoment) CloseIf(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, by core.Author, right func(core.Tx) (bool, error)) (core.Conversation, error) {
	l.writes()
	return l.hands.CloseIf(ctx, ws, id, by, right)
}

func (l lastMoment) DropIf(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, by core.Author, right func(core.Tx) (bool, error)) error {
	l.writes()
	return l.hands.DropIf(ctx, ws, id, by, right)
}

// Nor what they write in the moment in which it would be closed.
func TestNotClosedAtTheLastMoment(t *testing.T) {
	for _, command := range []string{"#close", "#drop"} {
		t.Run(command, func(t *testing.T) {
			h := handled(t)
			h.options.Handle = lastMoment{h.options.Handle.(hands), func() {
				h.clock = h.clock.Add(time.Second)
				h.says(text("And the red one?"))
			}}
			h.open()
			h.judged(answer{to: h.address("Lena"), text: command})
			if c := h.conversation(); c.State != core.ConversationOpen || len(h.handling().Tags) > 0 {
				t.Errorf("it is %s, with the tags %v", c.State, h.handling().Tags)
			}
			if !strings.Contains(h.jsonOf(h.relay.to(h.agents["Lena"])), "has written again") {
				t.Errorf("Lena was not told: %s", h.last("Lena").Text)
			}
		})
	}
}

// A crash between the answer and the command leaves neither undone, and neither done twice.
func TestCommandAfterACrash(t *testing.T) {
	h := handled(t)
	compose, boom := h.options.Compose, errors.New("boom")
	h.options.Compose = func(ctx context.Context, ws core.WorkspaceID, d forward.Draft) ([]core.Message, core.Decision, error) {
		if _, _, err := compose(ctx, ws, d); err != nil {
			return nil, core.Decision{}, err
		}
		return nil, core.Decision{}, boom
	}
	h.open()
	h.must(h.door(answer{to: h.address("Lena"), text: "Goodbye!\n#close"}))
	jobs := h.queue.take(core.JobReply)
	if err := h.work(jobs[0], h.f.Reply); !errors.Is(err, boom) {
		t.Fatalf("answered %v", err)
	}
	h.options.Compose = compose
	h.open()
	h.must(h.work(jobs[0], h.f.Reply))
	h.must(h.work(jobs[0], h.f.Reply))
	h.settle()
	h.wantPhone("Goodbye!")
	if c := h.conversation(); c.State != core.ConversationClosed || c.Agent != h.agents["Lena"].ID {
		t.Errorf("%+v", c)
	}
}

// An answer that was held since the phone was first takes its command along when it goes.
func TestHeldCommand(t *testing.T) {
	h := handled(t)
	first := h.last("Lena")
	h.clock = h.clock.Add(time.Minute)
	h.typed("echo1", "Yes, it is.")
	h.settle()
	if m := h.judged(answerTo(first, "It is sold.\n#close")); m.State != core.MailHeld {
		t.Fatalf("the mail is %s: %s", m.State, m.Reason)
	}
	if h.conversation().State == core.ConversationClosed {
		t.Error("closed before the answer went")
	}
	h.judged(answerTo(h.last("Lena"), "send"))
	h.wantPhone("It is sold.")
	if h.conversation().State != core.ConversationClosed {
		t.Error("not closed after the answer went")
	}
}
