package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/workflow"
)

// follower notes what it is shown, and fails as often as it is told to.
type follower struct {
	name  string
	notes *[]string
	fails int
}

func (f *follower) Follow(_ context.Context, _ core.WorkspaceID, h core.Happening, _ *core.Conversation) error {
	if f.fails > 0 {
		f.fails--
		return errors.New("not now")
	}
	*f.notes = append(*f.notes, fmt.Sprintf("%s:%s", f.name, h.Kind))
	return nil
}

func TestDriver(t *testing.T) {
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, _ *freshstore.Queue) {
		ctx := t.Context()
		ws, conv := talk(t, s)
		for i, kind := range []core.HappeningKind{core.HappenedOpened, core.HappenedMessage} {
			must(t, s.In(ws).AddHappening(ctx, core.Happening{ID: fmt.Sprint(i), Conversation: conv, Kind: kind, At: time.Now()}))
		}
		var notes []string
		d := workflow.Driver{Store: s, Followers: []core.Follower{&follower{name: "a", notes: &notes}, &follower{name: "b", notes: &notes, fails: 1}}}
		finished := 0
		w := core.Work{Job: core.WorkflowJob(ws, conv), Token: 1, Finish: func(context.Context, core.Tx) error { finished++; return nil }}
		if err := d.Work(ctx, w); err == nil {
			t.Error("a follower's failure is not told")
		}
		w.Token = 2
		must(t, d.Work(ctx, w))
		want := []string{"a:opened", "a:opened", "b:opened", "a:message", "b:message"}
		if !slices.Equal(notes, want) || finished != 1 {
			t.Errorf("got %v, finished %d times; want %v, once", notes, finished, want)
		}
		must(t, s.In(ws).AddHappening(ctx, core.Happening{ID: "3", Conversation: conv, Kind: core.HappenedClosed, At: time.Now()}))
		w.Token = 1
		must(t, d.Work(ctx, w))
		if len(notes) != len(want) {
			t.Errorf("an older worker went on: %v", notes)
		}
	})
}

// talk makes a workspace with an open conversation.
func talk(t *testing.T, s core.Store) (core.WorkspaceID, core.ConversationID) {
	t.Helper()
	ws, err := s.EnsureWorkspace(t.Context(), "main")
	must(t, err)
	contact := core.Contact{ID: "eve", Workspace: ws, Created: time.Now()}
	must(t, s.In(ws).AddContact(t.Context(), contact))
	conv := core.Conversation{ID: "talk", Workspace: ws, Contact: contact.ID, State: core.ConversationOpen, Opened: time.Now()}
	_, err = s.In(ws).AddConversation(t.Context(), &conv)
	must(t, err)
	return ws, conv.ID
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reading counts how often conversations are read.
type reading struct {
	core.Store
	reads *int
}

type readingRepo struct {
	core.Repo
	reads *int
}

func (s reading) In(ws core.WorkspaceID) core.Repo { return readingRepo{s.Store.In(ws), s.reads} }

func (r readingRepo) Conversation(ctx context.Context, id core.ConversationID) (core.Conversation, error) {
	*r.reads++
	return r.Repo.Conversation(ctx, id)
}

// gives is a follower that gives the conversation to the next agent.
type gives struct{ seen *[]core.AgentID }

func (g gives) Follow(_ context.Context, _ core.WorkspaceID, _ core.Happening, c *core.Conversation) error {
	*g.seen = append(*g.seen, c.Agent)
	c.Agent += "a"
	return nil
}

// A conversation is read once for a happening: what a follower makes of it is what the next is given.
func TestDriverReadsOnce(t *testing.T) {
	s, _ := freshstore.SQLite(t, nil)
	ws, conv := talk(t, s)
	for i := range 2 {
		must(t, s.In(ws).AddHappening(t.Context(), core.Happening{ID: fmt.Sprint(i), Conversation: conv, Kind: core.HappenedMessage, At: time.Now()}))
	}
	var reads int
	var seen []core.AgentID
	d := workflow.Driver{Store: reading{s, &reads}, Followers: []core.Follower{gives{&seen}, gives{&seen}, gives{&seen}}}
	must(t, d.Work(t.Context(), core.Work{Job: core.WorkflowJob(ws, conv), Token: 1, Finish: func(context.Context, core.Tx) error { return nil }}))
	if want := []core.AgentID{"", "a", "aa", "", "a", "aa"}; reads != 2 || !slices.Equal(seen, want) {
		t.Errorf("read %d times for 2 happenings; the followers were given %q, want %q", reads, seen, want)
	}
}
