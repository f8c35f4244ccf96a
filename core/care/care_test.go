package care_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/assign"
	"causeway/core/care"
)

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// desk is a house with a contact and an agent, whose clock the test moves: what is due is done on the way.
type desk struct {
	*testing.T
	store *gormstore.Store
	ws    core.WorkspaceID
	repo  core.Repo
	carer *care.Carer
	desk  assign.Desk
	clock time.Time
	conv  core.ConversationID
	seq   int64
	said  []core.Request
	token int64
}

func each(t *testing.T, c core.Care, h core.Hours, f func(d *desk)) {
	t.Helper()
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, _ *freshstore.Queue) { f(open(t, s, c, h)) })
}

func open(t *testing.T, s *gormstore.Store, c core.Care, h core.Hours) *desk {
	t.Helper()
	d := &desk{T: t, store: s, clock: monday}
	now := func() time.Time { return d.clock }
	phrases, err := core.NewPhrases(nil)
	d.must(err)
	d.ws, err = s.EnsureWorkspace(t.Context(), "main")
	d.must(err)
	d.repo = s.In(d.ws)
	d.desk = assign.Desk{Store: s, Now: now}
	d.carer = &care.Carer{Store: s, Compose: d, Desk: d.desk, Phrases: phrases, Now: now, Log: slog.New(slog.DiscardHandler)}
	d.must(core.SaveCare(t.Context(), d.repo, c))
	d.must(core.SaveReception(t.Context(), d.repo, core.Reception{Hours: h}))
	d.must(d.repo.SaveChannel(t.Context(), core.Channel{ID: "shop", Workspace: d.ws, Kind: "x", Name: "shop", State: core.ChannelActive, Created: d.clock}))
	d.must(d.repo.AddContact(t.Context(), core.Contact{ID: "eve", Workspace: d.ws, Name: "Eve", Created: d.clock}))
	d.begin()
	return d
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// begin opens a conversation.
func (d *desk) begin() {
	d.Helper()
	conv := core.Conversation{ID: core.NewID[core.ConversationID](), Workspace: d.ws, Contact: "eve", Channel: "shop", State: core.ConversationOpen, Opened: d.clock}
	_, err := d.repo.AddConversation(d.Context(), &conv)
	d.must(err)
	d.conv, d.seq = conv.ID, 0
}

func (d *desk) Compose(_ context.Context, _ core.WorkspaceID, r core.Request) ([]core.Message, core.Decision, error) {
	if r.Author.Human() {
		d.Errorf("by a person: %+v", r)
	}
	if !slices.ContainsFunc(d.said, func(o core.Request) bool { return o.Key == r.Key }) {
		d.said = append(d.said, r)
	}
	return nil, core.Decision{Verdict: core.VerdictSend}, nil
}

// message stores a message as accepting does, and shows it.
func (d *desk) message(by core.AuthorKind, c core.Content) {
	d.Helper()
	d.seq++
	m := core.Message{ID: core.NewID[core.MessageID](), Workspace: d.ws, Conversation: d.conv, Contact: "eve", Channel: "shop", Direction: core.In, Seq: d.seq,
		Author: core.Author{Kind: by}, Content: c, At: d.clock, Created: d.clock}
	conv, err := d.repo.Conversation(d.Context(), d.conv)
	d.must(err)
	kind := core.HappenedMessage
	if conv.Waiting.IsZero() {
		conv.Waiting = d.clock
	}
	if by != core.AuthorContact {
		m.Direction, kind, conv.Waiting = core.Out, core.HappenedAnswered, time.Time{}
	}
	_, err = d.repo.AddMessage(d.Context(), m)
	d.must(err)
	d.must(d.repo.SetConversation(d.Context(), conv))
	d.must(d.repo.AddHappening(d.Context(), core.Happening{ID: core.NewID[string](), Conversation: d.conv, Kind: kind, Message: m.ID, By: m.Author, At: d.clock}))
	d.follow()
}

func (d *desk) says(text string) {
	d.Helper()
	d.message(core.AuthorContact, core.Content{Kind: core.KindText, Text: text})
}

func (d *desk) answers(text string) {
	d.Helper()
	d.message(core.AuthorAgent, core.Content{Kind: core.KindText, Text: text})
}

// follow shows what happened, each twice: as after a crash.
func (d *desk) follow() {
	d.Helper()
	for range 20 {
		all, err := d.repo.Happenings(d.Context(), d.conv)
		d.must(err)
		if len(all) == 0 {
			return
		}
		for _, h := range all {
			for range 2 {
				conv, err := d.repo.Conversation(d.Context(), h.Conversation)
				d.must(err)
				d.must(d.carer.Follow(d.Context(), d.ws, h, &conv))
			}
			d.must(d.repo.DropHappening(d.Context(), h.Conversation, h.ID))
		}
	}
	d.Fatal("what happens does not end")
}

// pass moves the clock, doing what becomes due at its time.
func (d *desk) pass(by time.Duration) {
	d.Helper()
	end := d.clock.Add(by)
	for range 100 {
		d.token++
		finished := false
		err := d.carer.Work(d.Context(), core.Work{Job: core.Job{Kind: core.JobCare, Workspace: d.ws, Key: string(d.conv)}, Attempt: 1, Token: d.token,
			Finish: func(context.Context, core.Tx) error { finished = true; return nil }})
		var later core.Later
		switch {
		case err == nil && !finished:
			d.Fatal("the job ends without having finished")
		case err == nil, errors.As(err, &later) && d.clock.Add(later.After).After(end):
			d.clock = end
			d.follow()
			return
		case !errors.As(err, &later):
			d.must(err)
		}
		d.clock = d.clock.Add(later.After)
	}
	d.Fatal("time does not pass")
}

// history is the codes of the notices and the closings, in order.
func (d *desk) history() string {
	d.Helper()
	all, err := d.repo.ConversationEvents(d.Context(), d.conv)
	d.must(err)
	var codes []string
	for _, e := range all {
		switch e.Kind {
		case core.ConversationEventNotice:
			codes = append(codes, string(e.Code)+"@"+e.At.Format("02T15:04"))
		case core.ConversationEventClosed:
			codes = append(codes, "closed@"+e.At.Format("02T15:04"))
		default:
		}
	}
	return strings.Join(codes, " ")
}

func (d *desk) expect(what, got, want string) {
	d.Helper()
	if got != want {
		d.Errorf("%s: %q, want %q", what, got, want)
	}
}

func (d *desk) texts() string {
	var all []string
	for _, r := range d.said {
		all = append(all, r.Contents[0].Text)
	}
	d.said = nil
	return strings.Join(all, " | ")
}

func weekdays() core.Hours {
	var h core.Hours
	for day := time.Monday; day <= time.Friday; day++ {
		h.Week[day] = []core.Shift{{From: 9 * 60, To: 17 * 60}}
	}
	return h
}

func TestTargets(t *testing.T) {
	targets := core.Care{Targets: []core.Target{{Priority: 2, FirstAnswer: 10 * time.Minute}, {FirstAnswer: 8 * time.Hour, Resolution: 16 * time.Hour}}}
	each(t, targets, weekdays(), func(d *desk) {
		d.clock = monday.Add(4 * time.Hour) // 13:00: four hours are left today
		d.says("hello")
		d.pass(48 * time.Hour)
		// 12 of 16 hours since the conversation began, at 9:00 on Monday, are over at 13:00 on Tuesday
		d.expect("missed", d.history(), "target-first-soon@24T11:00 target-first-missed@24T13:00 target-resolution-soon@24T13:00 target-resolution-missed@24T17:00")
	})
	each(t, targets, weekdays(), func(d *desk) {
		d.says("hello")
		d.pass(time.Hour)
		d.answers("hi")
		d.pass(12 * time.Hour)
		d.says("and?")
		d.pass(time.Hour)
		d.expect("answered in time", d.history(), "")
		d.must(d.carer.Tag(t.Context(), d.ws, d.conv, nil, nil, ptr(2), core.Author{Kind: core.AuthorAgent}))
		_, err := d.desk.Close(t.Context(), d.ws, d.conv, core.Author{Kind: core.AuthorAgent})
		d.must(err)
		d.pass(100 * time.Hour)
		d.expect("closed in time", d.history(), "closed@23T23:00")
	})
	each(t, targets, core.Hours{}, func(d *desk) {
		d.says("hello")
		d.clock = d.clock.Add(9 * time.Hour) // we were away
		d.pass(time.Minute)
		d.expect("missed meanwhile", d.history(), "target-first-missed@23T18:00")
	})
}

func ptr[T any](v T) *T { return &v }

func TestEscalate(t *testing.T) {
	each(t, core.Care{Escalate: core.Escalate{After: 2 * time.Hour, Priority: 1}, Targets: []core.Target{{Priority: 1, FirstAnswer: 3 * time.Hour}}}, core.Hours{}, func(d *desk) {
		d.says("hello")
		d.pass(10 * time.Hour)
		d.expect("raised, which has a target", d.history(), "escalated@23T11:00 target-first-soon@23T11:15 target-first-missed@23T12:00")
		h, err := d.repo.Handling(t.Context(), d.conv)
		d.must(err)
		if h.Priority != 1 {
			t.Errorf("priority %d", h.Priority)
		}
	})
}

func TestSilence(t *testing.T) {
	c := core.Care{FollowUp: core.FollowUp{After: 20 * time.Hour}, CloseAfter: 72 * time.Hour}
	each(t, c, weekdays(), func(d *desk) {
		d.says("how much?")
		d.pass(30 * time.Hour)
		d.expect("we are silent", d.texts(), "")
		d.answers("ten")
		d.pass(19 * time.Hour)
		d.says("hm")
		d.pass(30 * time.Hour)
		d.answers("nine")
		d.pass(21 * time.Hour)
		d.expect("once", d.texts(), "Is there anything else we can do for you?")
		d.pass(40 * time.Hour)
		d.expect("not again", d.texts(), "")
		d.pass(20 * time.Hour)
		if !strings.HasPrefix(d.history(), "closed@") {
			t.Errorf("not closed: %s", d.history())
		}
		d.expect("no survey of what nobody closed", d.texts(), "")
	})
	each(t, c, core.Hours{}, func(d *desk) {
		d.says("how much?")
		d.answers("ten")
		d.clock = d.clock.Add(60 * time.Hour) // we were away
		d.pass(time.Hour)
		d.expect("long overdue", d.texts(), "")
	})
}

// meanwhile is a desk at which something happens just before a conversation is closed.
type meanwhile struct {
	assign.Desk
	happens func()
}

func (m *meanwhile) CloseIf(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, by core.Author, right func(core.Tx) (bool, error)) (core.Conversation, error) {
	if f := m.happens; f != nil {
		m.happens = nil
		f()
	}
	return m.Desk.CloseIf(ctx, ws, id, by, right)
}

// TestSilenceBroken: who writes in the moment in which their silence would end the conversation is not shut out.
func TestSilenceBroken(t *testing.T) {
	each(t, core.Care{CloseAfter: 72 * time.Hour}, core.Hours{}, func(d *desk) {
		at := &meanwhile{Desk: d.desk}
		d.carer.Desk = at
		d.says("how much?")
		d.answers("ten")
		at.happens = func() { d.says("I take it") }
		d.pass(80 * time.Hour)
		d.expect("while they wait", d.history(), "")
		d.answers("thank you")
		d.pass(80 * time.Hour)
		if !strings.HasPrefix(d.history(), "closed@") {
			t.Errorf("not closed: %s", d.history())
		}
	})
}

// killed is a store whose process dies right after a commit.
type killed struct {
	*gormstore.Store
	at int // the commit, counted from 1
}

var errKilled = errors.New("killed")

func (k *killed) Tx(ctx context.Context, f func(core.Tx) error) error {
	if err := k.Store.Tx(ctx, f); err != nil {
		return err
	}
	if k.at--; k.at == 0 {
		return errKilled
	}
	return nil
}

// TestNoticeAfterACrash: a notice comes once, wherever the process dies.
func TestNoticeAfterACrash(t *testing.T) {
	for at := 1; at < 4; at++ {
		each(t, core.Care{Targets: []core.Target{{FirstAnswer: 8 * time.Hour}}, Escalate: core.Escalate{After: 8 * time.Hour, Priority: 1}}, core.Hours{}, func(d *desk) {
			d.says("hello")
			d.must(d.carer.Snooze(t.Context(), d.ws, d.conv, d.clock.Add(3*time.Hour)))
			d.clock = d.clock.Add(9 * time.Hour)
			d.carer.Store = &killed{d.store, at}
			err := d.carer.Work(t.Context(), core.Work{Job: core.Job{Kind: core.JobCare, Workspace: d.ws, Key: string(d.conv)}, Attempt: 1,
				Finish: func(context.Context, core.Tx) error { return nil }})
			if !errors.Is(err, errKilled) {
				t.Fatalf("got %v", err)
			}
			d.carer.Store = d.store
			d.pass(time.Minute)
			d.expect("once each", d.history(), "snooze-over@23T18:00 target-first-missed@23T18:00 escalated@23T18:00")
		})
	}
}

// TestSnoozedAnew: what is put aside anew in the moment in which it would come back stays aside.
func TestSnoozedAnew(t *testing.T) {
	each(t, core.Care{}, core.Hours{}, func(d *desk) {
		d.must(d.carer.Snooze(t.Context(), d.ws, d.conv, d.clock.Add(time.Hour)))
		d.clock = d.clock.Add(time.Hour)
		again := d.clock.Add(24 * time.Hour)
		d.carer.Store = &before{d.store, func() { d.must(d.repo.SetHandling(t.Context(), core.Handling{Conversation: d.conv, Snoozed: again})) }}
		d.pass(time.Minute)
		h, err := d.repo.Handling(t.Context(), d.conv)
		d.must(err)
		if !h.Snoozed.Equal(again) || d.history() != "" {
			t.Errorf("aside until %s, history %q", h.Snoozed, d.history())
		}
	})
}

// before is a store in which something happens before the next transaction.
type before struct {
	*gormstore.Store
	happens func()
}

func (b *before) Tx(ctx context.Context, f func(core.Tx) error) error {
	if first := b.happens; first != nil {
		b.happens = nil
		first()
	}
	return b.Store.Tx(ctx, f)
}

// TestTurnedOn: what is set up later holds for the conversations that are silent already, and nobody is told of what was missed long before.
func TestTurnedOn(t *testing.T) {
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, q *freshstore.Queue) {
		d := open(t, s, core.Care{}, core.Hours{})
		d.says("how much?")
		d.answers("ten")
		d.pass(80 * time.Hour)
		d.must(core.SaveCare(t.Context(), d.repo, core.Care{CloseAfter: 72 * time.Hour, Targets: []core.Target{{Resolution: 8 * time.Hour}}}))
		job := core.Job{Kind: core.JobCare, Workspace: d.ws}
		d.must(d.store.Tx(t.Context(), func(tx core.Tx) error { return tx.Enqueue(t.Context(), job) }))
		d.must(q.Run(t.Context(), job, d.carer.Work))
		jobs, err := q.Jobs(t.Context())
		d.must(err)
		if !slices.ContainsFunc(jobs, func(j core.Job) bool { return j.Kind == core.JobCare && j.Key == string(d.conv) }) {
			t.Fatalf("nobody looks at the conversation: %+v", jobs)
		}
		d.pass(time.Minute)
		d.expect("closed at once", d.history(), "closed@26T17:00")
	})
}

func TestSnooze(t *testing.T) {
	each(t, core.Care{Survey: core.Survey{On: true}}, core.Hours{}, func(d *desk) {
		d.says("later please")
		d.must(d.carer.Snooze(t.Context(), d.ws, d.conv, d.clock.Add(3*time.Hour)))
		d.pass(5 * time.Hour)
		d.expect("back", d.history(), "snooze-over@23T12:00")
		d.must(d.carer.Snooze(t.Context(), d.ws, d.conv, d.clock.Add(3*time.Hour)))
		d.says("now")
		d.pass(5 * time.Hour)
		d.expect("the contact brought it back", d.history(), "snooze-over@23T12:00")
		if err := d.carer.Snooze(t.Context(), d.ws, d.conv, d.clock); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("into the past: %v", err)
		}
		d.must(d.carer.Drop(t.Context(), d.ws, d.conv, core.Author{Kind: core.AuthorAgent}))
		d.follow()
		h, err := d.repo.Handling(t.Context(), d.conv)
		d.must(err)
		if !slices.Equal(h.Tags, []string{care.Unresponsive}) || d.texts() != "" {
			t.Errorf("dropped: %+v, said %v", h, d.said)
		}
	})
}

func TestRules(t *testing.T) {
	c := core.Care{Rules: []core.Rule{{Name: "refund", Words: []string{"refund", "возврат", "استرجاع"}, Tags: []string{"refund"}, Priority: 1}, {Name: "ads", Ad: true, Tags: []string{"ad"}},
		{Name: "elsewhere", Channel: "other", Tags: []string{"other"}}, {Name: "all", Tags: []string{"any"}}}}
	for text, want := range map[string]string{"I want a REFUND!": "any refund", "refunds": "any", "оформите Возврат, пожалуйста": "any refund", "أريد استرجاعَ المبلغ": "any refund", "": "any"} {
		s, _ := freshstore.SQLite(t, nil)
		d := open(t, s, c, core.Hours{})
		d.says(text)
		h, err := d.repo.Handling(t.Context(), d.conv)
		d.must(err)
		d.expect(text, strings.Join(h.Tags, " "), want)
		if (h.Priority == 1) != strings.Contains(want, "refund") {
			t.Errorf("%s: priority %d", text, h.Priority)
		}
	}
	s, _ := freshstore.SQLite(t, nil)
	d := open(t, s, c, core.Hours{})
	d.message(core.AuthorContact, core.Content{Kind: core.KindText, Text: "hi", Referral: &core.Referral{Source: "ad"}})
	d.must(d.carer.Tag(t.Context(), d.ws, d.conv, []string{"vip"}, []string{"any"}, nil, core.Author{Kind: core.AuthorAPI}))
	h, err := d.repo.Handling(t.Context(), d.conv)
	d.must(err)
	d.expect("by hand", strings.Join(h.Tags, " "), "ad vip")
	for _, source := range []string{core.ReferredByStory, core.ReferredByStatus} {
		s, _ := freshstore.SQLite(t, nil)
		d := open(t, s, c, core.Hours{})
		d.message(core.AuthorContact, core.Content{Kind: core.KindText, Text: "hi", Referral: &core.Referral{Source: source}})
		h, err := d.repo.Handling(t.Context(), d.conv)
		d.must(err)
		d.expect("to a "+source, strings.Join(h.Tags, " "), "any")
	}
}

func TestSurvey(t *testing.T) {
	person := core.Author{Kind: core.AuthorAgent}
	talk := func(d *desk) {
		d.Helper()
		d.says("hello")
		d.answers("hi")
		_, err := d.desk.Close(t.Context(), d.ws, d.conv, person)
		d.must(err)
		d.follow()
	}
	each(t, core.Care{Survey: core.Survey{On: true}}, core.Hours{}, func(d *desk) {
		talk(d)
		asked := d.conv
		if len(d.said) != 1 || !d.said[0].Apart || d.said[0].Contact != "eve" || len(d.said[0].Contents[0].Choices.Options) != 5 {
			t.Fatalf("asked %+v", d.said)
		}
		d.said = nil
		d.clock = d.clock.Add(time.Hour)
		d.begin()
		d.message(core.AuthorContact, core.Content{Kind: core.KindChoice, Choice: &core.Choice{ID: "survey-4", Title: "★★★★"}})
		d.expect("thanks", d.texts(), "Thank you! Would you like to tell us why? Just write it here.")
		conv, err := d.repo.Conversation(t.Context(), d.conv)
		d.must(err)
		d.expect("nobody needs to see it", string(conv.State), "closed")
		d.clock = d.clock.Add(time.Minute)
		d.conv, d.seq = asked, 10
		d.says("it took long") // where accepting puts what the survey awaits
		conv, err = d.repo.Conversation(t.Context(), asked)
		d.must(err)
		d.expect("it stays closed", string(conv.State), "closed")
		d.expect("nothing more is said", d.texts(), "")
		got, err := d.repo.Survey(t.Context(), "eve")
		d.must(err)
		if got.Conversation != asked || got.Score != 4 || got.Comment != "it took long" {
			t.Errorf("kept %+v", got)
		}
		d.begin()
		d.says("and another thing")
		again, err := d.repo.Survey(t.Context(), "eve")
		d.must(err)
		d.expect("the comment is the first", again.Comment, "it took long")
		d.answers("sorry")
		_, err = d.desk.Close(t.Context(), d.ws, d.conv, person)
		d.must(err)
		d.follow()
		d.expect("not again so soon", d.texts(), "")
	})
	each(t, core.Care{Survey: core.Survey{On: true}}, core.Hours{}, func(d *desk) { // a number is of no language
		d.says("مرحبا")
		d.answers("hi")
		_, err := d.desk.Close(t.Context(), d.ws, d.conv, person)
		d.must(err)
		d.follow()
		d.said = nil
		d.says("4")
		d.expect("thanks", d.texts(), "شكرًا لك! هل تود أن تخبرنا بالسبب؟ اكتبه هنا.")
	})
	each(t, core.Care{Survey: core.Survey{On: true}}, core.Hours{}, func(d *desk) {
		talk(d)
		d.said = nil
		d.begin()
		d.clock = d.clock.Add(time.Minute)
		d.says("I have 5 questions")
		d.says("5")
		conv, err := d.repo.Conversation(t.Context(), d.conv)
		d.must(err)
		d.expect("a question goes on", string(conv.State)+d.texts(), "open")
	})
}

// What the business comes to know of a contact is kept, and automation follows each change once, in the open conversation.
func TestKnow(t *testing.T) {
	each(t, core.Care{}, core.Hours{}, func(d *desk) {
		program := core.Author{Kind: core.AuthorAPI, Name: "crm"}
		happened := func() string {
			d.Helper()
			all, err := d.repo.Happenings(t.Context(), d.conv)
			d.must(err)
			var names []string
			for _, h := range all {
				names = append(names, string(h.Kind)+" "+h.Name+" by "+h.By.Name)
				d.must(d.repo.DropHappening(t.Context(), h.Conversation, h.ID))
			}
			return strings.Join(names, ", ")
		}
		_, err := d.repo.SetField(t.Context(), "eve", "city", "Cairo")
		d.must(err)
		k := core.Knowledge{Fields: map[string]string{"owner": " Lena ", "city": ""}, Tags: []string{"vip"}, Untag: []string{"new"}}
		d.must(d.carer.Know(t.Context(), d.ws, "eve", k, program))
		d.expect("followed", happened(), "field city by crm, field owner by crm, tagged vip by crm")
		d.must(d.carer.Know(t.Context(), d.ws, "eve", k, program))
		d.expect("again", happened(), "")
		fields, err := d.repo.Fields(t.Context(), "eve")
		d.must(err)
		tags, err := d.repo.ContactTags(t.Context(), "eve")
		d.must(err)
		if len(fields) != 1 || fields["owner"] != "Lena" || !slices.Equal(tags, []string{"vip"}) {
			t.Errorf("known: %v, %v", fields, tags)
		}
		_, err = d.desk.Close(t.Context(), d.ws, d.conv, program)
		d.must(err)
		happened()
		d.must(d.carer.Know(t.Context(), d.ws, "eve", core.Knowledge{Untag: []string{"vip"}}, program))
		d.expect("nothing to follow in", happened(), "")
		if err := d.carer.Know(t.Context(), d.ws, "nobody", k, program); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("of nobody: %v", err)
		}
	})
}
