package greet_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/greet"
)

// reception is a house with a contact, and takes down what is said to them.
type reception struct {
	*testing.T
	store   *gormstore.Store
	ws      core.WorkspaceID
	greeter *greet.Greeter
	clock   time.Time
	conv    core.Conversation
	ch      core.Channel
	seq     int64
	said    []string
	keys    []string
	refuse  bool
}

var sunday = time.Date(2026, 11, 22, 6, 30, 0, 0, time.UTC) // half past nine in Riyadh

func hours() core.Hours {
	h := core.Hours{Zone: "Asia/Riyadh", Holidays: []core.Holiday{{Date: "2026-11-24", Name: "Founding Day"}}}
	for d := time.Sunday; d <= time.Thursday; d++ {
		h.Week[d] = []core.Shift{{From: 9 * 60, To: 17 * 60}}
	}
	return h
}

func open(t *testing.T, r core.Reception) *reception {
	t.Helper()
	s, _ := freshstore.SQLite(t, nil)
	x := &reception{T: t, store: s, clock: sunday}
	phrases, err := core.NewPhrases(nil)
	x.must(err)
	x.ws, err = s.EnsureWorkspace(t.Context(), "main")
	x.must(err)
	x.greeter = &greet.Greeter{Store: s, Compose: x, Phrases: phrases, Now: func() time.Time { return x.clock }, Log: slog.New(slog.DiscardHandler)}
	x.must(core.SaveReception(t.Context(), s.In(x.ws), r))
	x.ch = core.Channel{ID: "ch", Workspace: x.ws, Kind: "x", Name: "shop", State: core.ChannelActive, Created: x.clock}
	x.must(s.In(x.ws).SaveChannel(t.Context(), x.ch))
	x.must(s.In(x.ws).AddContact(t.Context(), core.Contact{ID: "eve", Workspace: x.ws, Name: "Eve", Created: x.clock}))
	x.begin()
	return x
}

// begin opens a conversation, the one before closed.
func (x *reception) begin() {
	x.Helper()
	if x.conv.ID != "" {
		x.conv.State = core.ConversationClosed
		x.must(x.store.In(x.ws).SetConversation(x.Context(), x.conv))
	}
	x.conv = core.Conversation{ID: core.NewID[core.ConversationID](), Workspace: x.ws, Contact: "eve", Channel: x.ch.ID, State: core.ConversationOpen, Opened: x.clock}
	_, err := x.store.In(x.ws).AddConversation(x.Context(), &x.conv)
	x.must(err)
}

func (x *reception) must(err error) {
	x.Helper()
	if err != nil {
		x.Fatal(err)
	}
}

func (x *reception) Compose(_ context.Context, _ core.WorkspaceID, r core.Request) ([]core.Message, core.Decision, error) {
	if x.refuse {
		return nil, core.Decision{}, core.Problemf(core.CodeOptedOut, "No.")
	}
	if r.Author.Human() || len(r.Contents) != 1 {
		x.Errorf("asked for %+v", r)
	}
	if !slices.Contains(x.keys, r.Key) { // as the outbox has it
		x.keys, x.said = append(x.keys, r.Key), append(x.said, r.Contents[0].Text)
	}
	return nil, core.Decision{Verdict: core.VerdictSend}, nil
}

// message stores one, and shows it if it is the contact's.
func (x *reception) message(by core.AuthorKind, c core.Content) core.Happening {
	x.Helper()
	x.seq++
	m := core.Message{ID: core.NewID[core.MessageID](), Workspace: x.ws, Conversation: x.conv.ID, Contact: "eve", Channel: x.ch.ID, Direction: core.In, Seq: x.seq,
		Author: core.Author{Kind: by}, Content: c, At: x.clock, Created: x.clock}
	h := core.Happening{ID: core.NewID[string](), Conversation: x.conv.ID, Kind: core.HappenedMessage, Message: m.ID, By: m.Author, At: x.clock}
	if by != core.AuthorContact {
		m.Direction, h.Kind = core.Out, core.HappenedAnswered
	}
	_, err := x.store.In(x.ws).AddMessage(x.Context(), m)
	x.must(err)
	x.must(x.greeter.Follow(x.Context(), x.ws, h, &x.conv))
	return h
}

func (x *reception) says(text string) core.Happening {
	x.Helper()
	return x.message(core.AuthorContact, core.Content{Kind: core.KindText, Text: text})
}

func (x *reception) heard(want ...string) {
	x.Helper()
	ok := len(x.said) == len(want)
	for i := range min(len(want), len(x.said)) {
		ok = ok && strings.Contains(x.said[i], want[i])
	}
	if !ok {
		x.Errorf("said %q, want %q", x.said, want)
	}
	x.said = nil
}

func TestGreeting(t *testing.T) {
	x := open(t, core.Reception{Hours: hours(), Greeting: core.Courtesy{On: true, Each: time.Hour}})
	h := x.says("hello")
	x.heard("Hello Eve!")
	x.must(x.greeter.Follow(t.Context(), x.ws, h, &x.conv)) // after a crash
	x.says("anybody?")
	x.heard()
	x.begin()
	x.says("hello again")
	x.heard()
	x.clock = x.clock.Add(61 * time.Minute)
	x.begin()
	x.says("Здравствуйте, есть iPhone?")
	x.heard("Здравствуйте, Eve!")
	x.clock = x.clock.Add(2 * time.Hour)
	x.begin()
	x.message(core.AuthorAgent, core.Content{Kind: core.KindText, Text: "How was it?"})
	x.says("good")
	x.heard() // it was us who began
}

// opened shows that the contact's first message opened the conversation, before it is shown itself.
func (x *reception) opened(first core.Content) core.Happening {
	x.Helper()
	m := core.Message{ID: core.NewID[core.MessageID](), Workspace: x.ws, Conversation: x.conv.ID, Contact: "eve", Channel: x.ch.ID, Direction: core.In, Seq: x.seq + 1,
		Author: core.Author{Kind: core.AuthorContact}, Content: first, At: x.clock, Created: x.clock}
	x.seq++
	_, err := x.store.In(x.ws).AddMessage(x.Context(), m)
	x.must(err)
	x.must(x.greeter.Follow(x.Context(), x.ws, core.Happening{ID: core.NewID[string](), Conversation: x.conv.ID, Kind: core.HappenedOpened, By: m.Author, At: x.clock}, &x.conv))
	return core.Happening{ID: core.NewID[string](), Conversation: x.conv.ID, Kind: core.HappenedMessage, Message: m.ID, By: m.Author, At: x.clock}
}

// A workflow that asks something when a conversation opens has greeted; that all are away is said before it asks.
func TestBesideWorkflows(t *testing.T) {
	asks := func(x *reception) {
		x.Helper()
		m := core.Message{ID: core.NewID[core.MessageID](), Workspace: x.ws, Conversation: x.conv.ID, Contact: "eve", Channel: x.ch.ID, Direction: core.Out, Seq: x.seq + 1,
			Author: core.Author{Kind: core.AuthorWorkflow, Name: "menu"}, Content: core.Content{Kind: core.KindText, Text: "What is it about?"}, At: x.clock, Created: x.clock}
		x.seq++
		_, err := x.store.In(x.ws).AddMessage(x.Context(), m)
		x.must(err)
	}
	hello := core.Content{Kind: core.KindText, Text: "hello"}
	x := open(t, core.Reception{Hours: hours(), Greeting: core.Courtesy{On: true}, Away: core.Courtesy{On: true}})
	h := x.opened(hello)
	asks(x)
	x.must(x.greeter.Follow(t.Context(), x.ws, h, &x.conv))
	x.heard()
	x.clock = sunday.Add(9 * time.Hour)
	x.begin()
	h = x.opened(hello)
	x.heard("We are back tomorrow at 09:00")
	asks(x)
	x.must(x.greeter.Follow(t.Context(), x.ws, h, &x.conv))
	x.heard() // it was said
	x.clock = x.clock.Add(13 * time.Hour)
	x.begin()
	x.opened(core.Content{Kind: core.KindText, Text: "I am on holiday", Automatic: "auto-replied"})
	x.heard()
}

func TestAway(t *testing.T) {
	x := open(t, core.Reception{Hours: hours(), Away: core.Courtesy{On: true}, ShowWeek: true})
	x.says("at nine")
	x.heard()
	x.clock = sunday.Add(8 * time.Hour)
	h := x.says("late")
	x.heard("We are back tomorrow at 09:00. Our hours: Sunday–Thursday 09:00–17:00.")
	x.must(x.greeter.Follow(t.Context(), x.ws, h, &x.conv))
	x.says("later")
	x.heard()
	x.clock = sunday.Add(20*time.Hour + time.Minute) // the next night
	x.says("مساء الخير")
	x.heard("وسنعود اليوم الساعة 09:00")
	x.clock = sunday.Add(48 * time.Hour)
	x.says("on the holiday")
	x.heard("We are closed for Founding Day. We are back tomorrow at 09:00.")
}

func TestNotAway(t *testing.T) {
	x := open(t, core.Reception{Hours: hours(), Away: core.Courtesy{On: true}, Greeting: core.Courtesy{On: true}})
	x.clock = sunday.Add(9 * time.Hour)
	x.message(core.AuthorContact, core.Content{Kind: core.KindText, Text: "I am on holiday", Automatic: "auto-replied"})
	x.heard()
	x.message(core.AuthorPhone, core.Content{Kind: core.KindText, Text: "I am still here"})
	x.clock = x.clock.Add(20 * time.Minute)
	x.says("good")
	x.heard() // never in answer to a person
	x.clock = x.clock.Add(20 * time.Minute)
	x.says("hello?")
	x.heard("We are back tomorrow")
	x.clock = x.clock.Add(13 * time.Hour)
	x.refuse = true
	x.says("once more")
	x.heard() // the gate says no, and nothing fails
}

func TestOwnWords(t *testing.T) {
	x := open(t, core.Reception{Hours: hours(), Language: "de", Away: core.Courtesy{On: true, Texts: map[string]string{"en": "{name}: {when} | {hours} | {holiday}"}}})
	x.clock = sunday.Add(9 * time.Hour)
	x.says("hello")
	x.heard("Eve: tomorrow at 09:00 | Sunday–Thursday 09:00–17:00 |")
	turkish := open(t, core.Reception{Hours: hours(), Language: "tr", Greeting: core.Courtesy{On: true, Texts: map[string]string{"tr": "Merhaba {name}!"}}})
	turkish.says("selam")
	turkish.heard("Merhaba Eve!")
	never := open(t, core.Reception{Hours: core.Hours{Holidays: []core.Holiday{{Date: "11-22"}}}, Away: core.Courtesy{On: true}})
	never.says("hello")
	never.heard("answer as soon as we are back")
	if err := core.SaveReception(t.Context(), x.store.In(x.ws), core.Reception{Hours: core.Hours{Zone: "Mars"}}); err == nil {
		t.Error("hours on Mars are kept")
	}
}

// Whatever comes, in whatever order, nobody is told twice in a time, and never what is wrong.
func TestAwayAcrossTime(t *testing.T) {
	x := open(t, core.Reception{Hours: hours(), Away: core.Courtesy{On: true, Each: 6 * time.Hour}})
	var last time.Time
	for i := range 200 {
		x.clock = x.clock.Add(time.Duration(17+i%90) * time.Minute)
		before := len(x.keys)
		x.says(fmt.Sprint(i))
		if len(x.keys) == before {
			continue
		}
		if hours().Open(x.clock) || x.clock.Sub(last) < 6*time.Hour {
			t.Errorf("told at %s, after %s", x.clock, last)
		}
		last = x.clock
	}
	if last.IsZero() {
		t.Error("never told")
	}
}
