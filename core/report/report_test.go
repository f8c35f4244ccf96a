package report_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/report"
)

// sunday is an hour before midnight in Riyadh: the second hour of the report is another day there.
var sunday = time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)

// book is a set of conversations small enough to be counted by hand.
type book struct {
	*testing.T
	repo core.Repo
	ws   core.WorkspaceID
	n    int
}

func (b *book) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func at(minutes float64) time.Time { return sunday.Add(time.Duration(minutes * float64(time.Minute))) }

// talk stores a conversation opened by the contact at a minute.
func (b *book) talk(ch core.ChannelID, agent core.AgentID, team core.TeamID, opened, closed float64, by core.AuthorKind) core.Conversation {
	b.Helper()
	b.n++
	contact := core.Contact{ID: core.ContactID(fmt.Sprint("c", b.n)), Workspace: b.ws, Created: sunday}
	b.must(b.repo.AddContact(b.Context(), contact))
	c := core.Conversation{ID: core.ConversationID(fmt.Sprint("t", b.n)), Workspace: b.ws, Contact: contact.ID, Channel: ch, Agent: agent, Team: team,
		State: core.ConversationOpen, Opened: at(opened), LastAt: at(opened)}
	if closed > 0 {
		c.State, c.Closed = core.ConversationClosed, at(closed)
	}
	_, err := b.repo.AddConversation(b.Context(), &c)
	b.must(err)
	b.event(c, core.ConversationEventOpened, opened, by)
	if agent != "" {
		b.given(c, "", opened+1) // to the team's queue
		b.given(c, agent, opened+2)
	}
	if closed > 0 {
		b.event(c, core.ConversationEventClosed, closed, core.AuthorAgent)
	}
	return c
}

func (b *book) event(c core.Conversation, kind core.ConversationEventKind, minute float64, by core.AuthorKind) {
	b.Helper()
	b.must(b.repo.AddConversationEvent(b.Context(), core.ConversationEvent{ID: core.NewID[string](), Conversation: c.ID, Kind: kind, By: core.Author{Kind: by}, At: at(minute)}))
}

func (b *book) given(c core.Conversation, agent core.AgentID, minute float64) {
	b.Helper()
	b.must(b.repo.AddConversationEvent(b.Context(), core.ConversationEvent{ID: core.NewID[string](), Conversation: c.ID, Kind: core.ConversationEventAssigned, By: core.Author{Kind: core.AuthorWorkflow},
		Data: map[string]string{"agent": string(agent), "team": string(c.Team)}, At: at(minute)}))
}

// waits puts a conversation that is opened after the report into a queue, from a minute on.
func (b *book) waits(team core.TeamID, minute float64) {
	b.Helper()
	c := b.talk("shop", "", team, 700, 0, core.AuthorContact)
	b.must(b.repo.SetPlace(b.Context(), core.Place{Conversation: c.ID, Team: team, Queued: at(minute)}))
}

func (b *book) message(c core.Conversation, minute float64, by core.AuthorKind, name string) {
	b.Helper()
	b.n++
	m := core.Message{ID: core.NewID[core.MessageID](), Workspace: b.ws, Conversation: c.ID, Contact: c.Contact, Channel: c.Channel, Direction: core.Out,
		Author: core.Author{Kind: by, Name: name, Agent: c.Agent}, Seq: int64(b.n), Created: at(minute), At: at(minute)}
	if by == core.AuthorContact {
		m.Direction = core.In
	}
	_, err := b.repo.AddMessage(b.Context(), m)
	b.must(err)
}

func fill(t *testing.T, s *gormstore.Store) *book {
	t.Helper()
	b := &book{T: t}
	var err error
	b.ws, err = s.EnsureWorkspace(t.Context(), "main")
	b.must(err)
	b.repo = s.In(b.ws)
	for _, name := range []string{"shop", "bot"} {
		b.must(b.repo.SaveChannel(t.Context(), core.Channel{ID: core.ChannelID(name), Workspace: b.ws, Kind: "x", Name: name, Account: name, Created: sunday}))
	}
	for _, name := range []string{"lena", "omar"} {
		b.must(b.repo.SaveAgent(t.Context(), core.Agent{ID: core.AgentID(name), Workspace: b.ws, Name: name, Addresses: []string{name + "@example.com"}, Created: sunday}))
	}
	b.must(b.repo.SaveTeam(t.Context(), core.Team{ID: "sales", Workspace: b.ws, Name: "sales"}))

	c := b.talk("shop", "lena", "sales", 0, 60, core.AuthorContact) // answered after 10 minutes by mail, closed after an hour, 5 stars
	b.message(c, 0, core.AuthorContact, "")
	b.message(c, 1, core.AuthorWorkflow, "greeting")
	b.message(c, 10, core.AuthorAgent, "Lena")
	b.survey(c, 5, "quick")
	c = b.talk("shop", "lena", "sales", 30, 0, core.AuthorContact) // answered after 20 minutes on the phone, still open
	b.message(c, 30, core.AuthorContact, "")
	b.message(c, 40, core.AuthorContact, "")
	b.message(c, 50, core.AuthorPhone, "")
	b.survey(c, 0, "")
	c = b.talk("bot", "omar", "", 70, 0, core.AuthorContact) // the next day in Riyadh; told of the queue, never answered
	b.message(c, 70, core.AuthorContact, "")
	b.message(c, 71, core.AuthorWorkflow, core.SurgeName)
	c = b.talk("bot", "", "", 80, 110, core.AuthorAPI) // a program began; the contact wrote, and was answered in 30 minutes; closed, reopened, closed
	b.message(c, 80, core.AuthorAPI, "")
	b.message(c, 81, core.AuthorContact, "")
	b.event(c, core.ConversationEventReopened, 110.5, core.AuthorAgent)
	b.message(c, 111, core.AuthorAgent, "Omar")
	b.event(c, core.ConversationEventClosed, 120, core.AuthorAgent)
	b.survey(c, 2, "it took two tries")

	old := core.Conversation{ID: "history", Workspace: b.ws, Contact: c.Contact, Channel: "bot", State: core.ConversationClosed, Opened: at(5), Closed: at(5)}
	_, err = b.repo.AddConversation(t.Context(), &old)
	b.must(err)
	b.talk("shop", "", "", 600, 0, core.AuthorContact) // after the report
	_, err = b.repo.PutWorkflow(t.Context(), core.Workflow{Name: "welcome", Definition: json.RawMessage("{}"), Created: sunday})
	b.must(err)
	for i, state := range []core.RunState{core.RunEnded, core.RunWaiting, core.RunEnded} {
		_, err := b.repo.AddRun(t.Context(), core.Run{ID: fmt.Sprint("r", i), Workflow: "welcome", Version: 1, Conversation: "t1", Contact: "c1", State: state, Step: "ask", Cause: fmt.Sprint(i),
			Reason: map[int]string{2: "answered"}[i], Memory: json.RawMessage("{}"), Began: at(1), Changed: at(1)})
		b.must(err)
	}
	return b
}

func (b *book) survey(c core.Conversation, score int, comment string) {
	b.Helper()
	s := core.SurveyAnswer{Conversation: c.ID, Contact: c.Contact, Agent: c.Agent, Team: c.Team, Channel: c.Channel, Asked: at(121)}
	_, err := b.repo.AddSurvey(b.Context(), s)
	b.must(err)
	s.Score, s.Answered, s.Comment = score, at(122+float64(b.n)), comment
	b.must(b.repo.SetSurvey(b.Context(), s))
}

// The figures are those that one counts by hand in fill.
func TestReport(t *testing.T) {
	riyadh, err := time.LoadLocation("Asia/Riyadh")
	if err != nil {
		t.Fatal(err)
	}
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, _ *freshstore.Queue) {
		b := fill(t, s)
		r, err := report.Make(t.Context(), b.repo, sunday, at(300), riyadh, at(720))
		b.must(err)
		whole := report.Line{Name: "all", Opened: 4, Closed: 2, In: 5, Out: 6,
			FirstAnswer: report.Spread{N: 3, Median: 1200, P90: 1800, Mean: 1200}, // 10, 20, 30 minutes
			Resolution:  report.Spread{N: 2, Median: 3000, P90: 3600, Mean: 3000}, // 60, 40
			PickUp:      report.Spread{N: 3, Median: 120, P90: 120, Mean: 120},
			Content:     report.Satisfaction{Asked: 3, Answered: 2, Average: 3.5, Scores: [5]int{0, 1, 0, 0, 1}}}
		equal(t, "all", r.All, whole)
		equal(t, "answers", r.Answers, report.Answers{Agents: 2, Phone: 1, Programs: 1, Automatic: 2})
		equal(t, "unanswered", r.Unanswered, 1)
		equal(t, "surge", r.Surge.Conversations, 1)
		equal(t, "Sunday at 23 h", r.Hours[0][23], 2)
		equal(t, "Monday at 0 h", r.Hours[1][0], 1)
		equal(t, "channels", fmt.Sprint(r.Channels[0].Name, r.Channels[0].Opened, r.Channels[1].Name, r.Channels[1].In), "bot2shop3")
		equal(t, "hours of channels", fmt.Sprint(r.Channels[0].Hours[1][0], r.Channels[0].Hours[0][23], r.Channels[1].Hours[0][23], r.Agents[0].Hours == nil), "1 0 2 true")
		equal(t, "agents", fmt.Sprint(r.Agents[0].Name, r.Agents[0].Opened, r.Agents[0].FirstAnswer.Median, r.Agents[0].Content.Average, r.Agents[1].Name, r.Agents[1].FirstAnswer.N), "lena2 900 5omar0")
		equal(t, "teams", fmt.Sprint(r.Teams[0].Name, r.Teams[0].Closed, len(r.Teams)), "sales1 1")
		equal(t, "workflows", fmt.Sprint(r.Workflows), "[{welcome 3 map[answered:1 done:1] map[ask:1]}]")
		var comments []string
		for _, c := range r.Comments {
			comments = append(comments, fmt.Sprint(c.Score, c.Text, c.Conversation == "t1", c.Number > 0, c.Channel, c.Agent, c.Team))
		}
		equal(t, "comments", strings.Join(comments, "|"), "2it took two triesfalse truebot|5quicktrue trueshoplenasales")
		empty, err := report.Make(t.Context(), b.repo, sunday.AddDate(-1, 0, 0), sunday, nil, sunday)
		b.must(err)
		equal(t, "nothing", empty.All, report.Line{Name: "all"})
	})
}

// Two wait for sales (since 15 and 5 minutes), one for anybody; one gave up in the queue, one was closed by a person who had answered, one was begun by a
// program.
func TestQueues(t *testing.T) {
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, _ *freshstore.Queue) {
		b := fill(t, s)
		b.talk("shop", "", "sales", 310, 320, core.AuthorContact)
		answered := b.talk("shop", "", "", 311, 320, core.AuthorContact)
		b.message(answered, 311, core.AuthorContact, "")
		b.message(answered, 312, core.AuthorAgent, "Lena")
		b.talk("shop", "", "", 312, 320, core.AuthorAPI)
		queued := b.talk("shop", "", "sales", 313, 0, core.AuthorContact)
		b.given(queued, "", 313)
		b.waits("sales", 705)
		b.waits("sales", 715)
		b.waits("", 718)
		r, err := report.Make(t.Context(), b.repo, at(300), at(400), nil, at(720))
		b.must(err)
		equal(t, "queues", fmt.Sprint(r.Queues), "[{sales 2 900 600} { 1 120 120}]")
		equal(t, "given up", r.All.Abandoned, 1)
		equal(t, "given up in sales", r.Teams[0].Abandoned, 1)
		equal(t, "waiting for a team is not having an agent", r.All.PickUp.N, 0)
	})
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}
