package workflow_test

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
	"causeway/core/assign"
	"causeway/core/inbound"
	"causeway/core/outbound"
	"causeway/core/workflow"
)

// monday is when the tests begin: a Monday morning.
var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const eveNumber = "447700900123"

// world is a business with one channel, and a contact who writes to it.
type world struct {
	*testing.T
	store    core.Store
	queue    *freshstore.Queue
	ws       core.WorkspaceID
	repo     core.Repo
	ch       core.Channel
	in       *inbound.Acceptor
	outbox   *outbound.Outbox
	desk     assign.Desk
	engine   *workflow.Engine
	driver   *workflow.Driver
	now      time.Time
	assigned []string
	hours    core.Hours
	window   core.Window
	said     int
}

// each runs a test in a world on both databases.
func each(t *testing.T, f func(w *world)) {
	t.Helper()
	now := monday
	freshstore.Each(t, func() time.Time { return now }, func(t *testing.T, s *gormstore.Store, q *freshstore.Queue) { f(newWorld(t, s, q)) })
}

// lite runs a test in a world on SQLite.
func lite(t *testing.T, f func(w *world)) {
	t.Helper()
	s, q := freshstore.SQLite(t, nil)
	f(newWorld(t, s, q))
}

func newWorld(t *testing.T, s core.Store, q *freshstore.Queue) *world {
	t.Helper()
	w := &world{T: t, store: s, queue: q, now: monday, window: core.Window{}}
	var err error
	w.ws, err = s.EnsureWorkspace(t.Context(), "main")
	must(t, err)
	w.repo = s.In(w.ws)
	must(t, w.repo.SetValue(t.Context(), core.AutomationOwner, "followed", nil))
	w.ch = core.Channel{ID: "shop", Workspace: w.ws, Kind: "toy", Name: "shop", Account: "1", State: core.ChannelActive, Created: monday}
	must(t, w.repo.SaveChannel(t.Context(), w.ch))
	for _, name := range []string{"Ana", "Ben"} {
		must(t, w.repo.SaveAgent(t.Context(), core.Agent{ID: core.AgentID(name), Workspace: w.ws, Name: name, Addresses: []string{strings.ToLower(name) + "@x.org"}, Created: monday}))
	}
	must(t, w.repo.SaveTeam(t.Context(), core.Team{ID: "sales", Workspace: w.ws, Name: "sales", Members: []core.AgentID{"Ana", "Ben"}}))
	w.wire(s, nil)
	return w
}

// wire joins the parts on a store; composer nil: the outbox.
func (w *world) wire(s core.Store, composer core.Composer) {
	clock := func() time.Time { return w.now }
	log := slog.New(slog.DiscardHandler)
	w.in = inbound.New(w.store, clock, log)
	w.outbox = outbound.New(outbound.Options{Store: s, Links: w, Now: clock, Log: log})
	w.desk = assign.Desk{Store: s, Now: clock}
	if composer == nil {
		composer = w.outbox
	}
	w.engine = workflow.New(workflow.Options{Store: s, Composer: composer, Desk: w.desk, Assigner: w, Now: clock, Log: log,
		Reception: func(context.Context, core.WorkspaceID) (core.Reception, error) {
			return core.Reception{Hours: w.hours}, nil
		}})
	w.driver = &workflow.Driver{Store: s, Followers: []core.Follower{w.engine}}
}

// toy is a link of a channel on which everything can be said.
type toy struct {
	core.Link
	window core.Window
}

func (l toy) Capabilities() core.Capabilities {
	return core.Capabilities{Kinds: []core.ContentKind{core.KindText, core.KindChoices, core.KindTemplate, core.KindImage}, TextLimit: 4096, Unit: core.UnitRunes, Window: l.window, MayInitiate: true}
}

func (w *world) Link(ctx context.Context, id core.ChannelID) (core.Channel, core.Info, core.Link, error) {
	ch, err := w.repo.Channel(ctx, id)
	return ch, core.Info{Kind: "toy", Title: "Toy", Scheme: core.SchemePhone}, toy{window: w.window}, err
}

// Assign notes what is asked for, and gives the conversation away.
func (w *world) Assign(ctx context.Context, ws core.WorkspaceID, a core.Assignment) (core.Conversation, error) {
	text := strings.Trim(fmt.Sprintf("%s/%s/%s", a.Agent, a.Team, a.Dedicated), "/")
	if a.Previous {
		text += " previous"
	}
	if !slices.Contains(w.assigned, text) { // as a real one, it does it once
		w.assigned = append(w.assigned, text)
	}
	return w.store.In(ws).Conversation(ctx, a.Conversation)
}

// put stores workflows.
func (w *world) put(yaml string) {
	w.Helper()
	known, err := workflow.Names(w.Context(), w.repo)
	must(w.T, err)
	defs, err := workflow.Read("test.yaml", []byte(yaml), known)
	must(w.T, err)
	for _, d := range defs {
		must(w.T, w.store.Tx(w.Context(), func(tx core.Tx) error {
			_, _, err := workflow.Put(w.Context(), tx.In(w.ws), d, core.Author{Kind: core.AuthorAPI}, w.now)
			return err
		}))
	}
}

// hears lets the contact say something, and automation do what it does.
func (w *world) hears(content core.Content) {
	w.Helper()
	w.comes(core.OriginCustomer, content)
	w.pump()
}

func (w *world) says(text string) {
	w.Helper()
	w.hears(core.Content{Kind: core.KindText, Text: text})
}

func (w *world) comes(origin core.Origin, content core.Content) {
	w.Helper()
	w.said++
	id := fmt.Sprintf("m%d", w.said)
	w.now = w.now.Add(time.Second)
	e := core.Event{Kind: core.EventMessage, ID: id, At: w.now, Origin: origin, Peer: core.Peer{Identities: []core.IdentityKey{{Scheme: core.SchemePhone, Value: eveNumber}}},
		Message: &core.MessageBody{Provider: id, Content: content}}
	must(w.T, w.in.Accept(w.Context(), w.ch, []core.Event{e}))
}

// pump does all automation's jobs that are due.
func (w *world) pump() {
	w.Helper()
	for range 1000 {
		if !w.once(true) {
			return
		}
	}
	w.Fatal("automation does not come to rest")
}

// once does the jobs that are due, and reports whether there were any.
func (w *world) once(strict bool) bool {
	w.Helper()
	jobs, err := w.queue.Jobs(w.Context())
	must(w.T, err)
	did := false
	for _, j := range jobs {
		work := map[core.JobKind]core.Worker{core.JobWorkflow: w.driver.Work, core.JobTimer: w.engine.Timer, core.JobSchedule: w.engine.Schedule}[j.Kind]
		if work == nil || j.At.After(w.now) {
			continue
		}
		did = true
		if err := w.queue.Run(w.Context(), j, work); err != nil && strict {
			w.Fatalf("%s %s: %v", j.Kind, j.Key, err)
		}
	}
	return did
}

// passes lets time pass.
func (w *world) passes(d time.Duration) {
	w.Helper()
	w.now = w.now.Add(d)
	w.pump()
}

// talk is the contact's newest conversation.
func (w *world) talk() core.Conversation {
	w.Helper()
	found, err := w.repo.Identities(w.Context(), []core.IdentityKey{{Scheme: core.SchemePhone, Value: eveNumber}})
	must(w.T, err)
	all, err := w.repo.ConversationsOf(w.Context(), found[0].Contact)
	must(w.T, err)
	return all[0]
}

// sent lists what automation said, in order, options in brackets.
func (w *world) sent() []string {
	w.Helper()
	found, err := w.repo.Identities(w.Context(), []core.IdentityKey{{Scheme: core.SchemePhone, Value: eveNumber}})
	must(w.T, err)
	if len(found) == 0 {
		return nil
	}
	talks, err := w.repo.ConversationsOf(w.Context(), found[0].Contact)
	must(w.T, err)
	var all []string
	for _, c := range slices.Backward(talks) {
		list, err := w.repo.Messages(w.Context(), c.ID, core.Page{Limit: 200})
		must(w.T, err)
		for _, m := range slices.Backward(list) {
			if m.Author.Kind != core.AuthorWorkflow {
				continue
			}
			text := m.Content.Text
			if m.Content.Choices != nil {
				for _, o := range m.Content.Choices.Options {
					text += " [" + o.Title + "]"
				}
			}
			if m.Content.Template != nil {
				text = "template " + m.Content.Template.Name + " " + m.Content.Template.Language
			}
			all = append(all, text)
		}
	}
	return all
}

func (w *world) wantSent(want ...string) {
	w.Helper()
	if got := w.sent(); !slices.Equal(got, want) {
		w.Errorf("sent\n got %q\nwant %q", got, want)
	}
}

// runs are the runs as "workflow: state reason", oldest first.
func (w *world) runs() []string {
	w.Helper()
	list, err := w.repo.Runs(w.Context(), core.RunFilter{}, core.Page{Limit: 200})
	must(w.T, err)
	var all []string
	for _, r := range slices.Backward(list) {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s: %s %s", r.Workflow, r.State, r.Reason)))
	}
	return all
}

func (w *world) wantRuns(want ...string) {
	w.Helper()
	if got := w.runs(); !slices.Equal(got, want) {
		w.Errorf("runs\n got %q\nwant %q", got, want)
	}
}
