package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"causeway/core"
)

// Options are what an Engine needs. All fields are required but Reception, Phrases, Call, Secret and Seen.
type Options struct {
	Store    core.Store
	Composer core.Composer
	Desk     Desk
	Assigner core.Assigner
	Now      core.Clock
	Log      *slog.Logger
	// Reception has the business's hours, and the language to contacts of whom none is known; nil: always open, English.
	Reception func(ctx context.Context, ws core.WorkspaceID) (core.Reception, error)
	// Phrases say when it opens next; nil: as 2026-12-24 09:00.
	Phrases *core.Phrases
	// Call does the requests of http steps, guarded against addresses that are not public; secrets are what must not be logged. Nil: they fail.
	Call func(ws core.WorkspaceID, secrets []core.Secret) *http.Client
	// Secret opens what placeholders name; nil: there are none.
	Secret func(ctx context.Context, ws core.WorkspaceID, name string) (core.Secret, error)
	// Seen is told of each step taken; nil: nobody is.
	Seen func(r core.Run, step string)
}

// Desk closes conversations.
type Desk interface {
	Close(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, by core.Author) (core.Conversation, error)
}

// Engine carries workflows out. It is a core.Follower, and the worker of core.JobTimer and core.JobSchedule.
type Engine struct {
	Options
	mu       sync.Mutex
	catalogs map[core.WorkspaceID]catalog
	programs map[programKey]*program
}

type programKey struct {
	ws      core.WorkspaceID
	name    string
	version int
}

// catalog are the newest versions of a workspace's workflows, as of a revision.
type catalog struct {
	revision string
	all      []*program
}

var _ core.Follower = (*Engine)(nil)

// New makes an Engine.
func New(o Options) *Engine {
	return &Engine{Options: o, catalogs: map[core.WorkspaceID]catalog{}, programs: map[programKey]*program{}}
}

// mostPrograms bounds what is kept compiled.
const mostPrograms = 1000

// catalog returns a workspace's workflows; nil: it never had any.
func (e *Engine) catalog(ctx context.Context, ws core.WorkspaceID) ([]*program, error) {
	raw, err := e.Store.In(ws).Value(ctx, core.AutomationOwner, revisionValue)
	if err != nil {
		return nil, fmt.Errorf("revision of workflows: %w", err)
	}
	e.mu.Lock()
	known, ok := e.catalogs[ws]
	e.mu.Unlock()
	if raw == nil || ok && known.revision == string(raw) {
		return known.all, nil
	}
	all, err := e.Store.In(ws).Workflows(ctx)
	if err != nil {
		return nil, fmt.Errorf("workflows: %w", err)
	}
	fresh := catalog{revision: string(raw), all: []*program{}}
	for _, w := range all {
		p, err := e.compiled(ws, w)
		if err != nil {
			e.Log.ErrorContext(ctx, "workflow cannot be run", "workflow", w.Name, "err", err)
			continue
		}
		fresh.all = append(fresh.all, p)
	}
	e.mu.Lock()
	e.catalogs[ws] = fresh
	e.mu.Unlock()
	return fresh.all, nil
}

// program returns a version of a workflow, ready to run.
func (e *Engine) program(ctx context.Context, ws core.WorkspaceID, name string, version int) (*program, error) {
	e.mu.Lock()
	p := e.programs[programKey{ws, name, version}]
	e.mu.Unlock()
	if p != nil && version > 0 {
		return p, nil
	}
	w, err := e.Store.In(ws).Workflow(ctx, name, version)
	if err != nil {
		return nil, fmt.Errorf("workflow %q: %w", name, err)
	}
	return e.compiled(ws, w)
}

func (e *Engine) compiled(ws core.WorkspaceID, w core.Workflow) (*program, error) {
	key := programKey{ws, w.Name, w.Version}
	e.mu.Lock()
	defer e.mu.Unlock()
	if p := e.programs[key]; p != nil {
		return p, nil
	}
	var def Definition
	if err := json.Unmarshal(w.Definition, &def); err != nil {
		return nil, fmt.Errorf("read workflow %q: %w", w.Name, err)
	}
	c := compile(def, Known{}, nil)
	if len(c.wrong) > 0 {
		return nil, faulty(w.Name, c.wrong)
	}
	p := c.program
	if p.version = w.Version; len(e.programs) >= mostPrograms {
		clear(e.programs)
	}
	e.programs[key] = p
	return p, nil
}

// Follow lets the runs of a conversation react to what happened, and starts those that it triggers.
func (e *Engine) Follow(ctx context.Context, ws core.WorkspaceID, h core.Happening, c *core.Conversation) error {
	all, err := e.catalog(ctx, ws)
	if err != nil || all == nil {
		return err
	}
	runs, err := e.Store.In(ws).RunsIn(ctx, c.ID, h.ID)
	if err != nil {
		return fmt.Errorf("runs of conversation: %w", err)
	}
	if len(all) == 0 && len(runs) == 0 {
		return nil
	}
	f := &following{Engine: e, ws: ws, repo: e.Store.In(ws), h: h, conv: *c, all: all}
	for _, r := range runs {
		t, err := f.open(ctx, r)
		if err != nil {
			return err
		}
		f.runs = append(f.runs, t)
	}
	defer func() { *c = f.conv }()
	return f.follow(ctx)
}

// following is one happening being followed.
type following struct {
	*Engine
	ws   core.WorkspaceID
	repo core.Repo
	h    core.Happening
	conv core.Conversation
	all  []*program
	runs []*turn
	msg  core.Message // of the happening, once looked up
}

// turn is a run at its present turn.
type turn struct {
	*following
	run    core.Run
	mem    memory
	p      *program // of the place it is at
	now    scope
	set    bool   // now is filled, and with it
	tongue string // the language to write to the contact in; "": nobody knows
}

// memory is what a run keeps.
type memory struct {
	Places  []spot            `json:"places"` // the last is where it is, those before are where it goes on then
	Answers map[string]string `json:"answers,omitempty"`
	Vars    map[string]any    `json:"vars,omitempty"`
	Event   eventScope        `json:"event"`
	Message core.MessageID    `json:"message,omitempty"` // what the contact last wrote, as far as the run heard
	Tongue  string            `json:"tongue,omitempty"`  // the language that they seem to write, where theirs is not known
	Ask     *asking           `json:"ask,omitempty"`     // the question that waits for its answer
	Asleep  bool              `json:"asleep,omitempty"`  // while a person answers
	Late    time.Time         `json:"late,omitzero"`     // of a wait that was interrupted by a person: its end
	Steps   int               `json:"steps,omitempty"`   // since it last waited
	Hour    time.Time         `json:"hour,omitzero"`     // when the hour began in which waits are counted
	Waits   int               `json:"waits,omitempty"`   // since then
}

// spot is a step of a workflow.
type spot struct {
	Workflow string `json:"workflow"`
	Version  int    `json:"version"`
	Step     int    `json:"step"`
}

// asking is a question put to the contact.
type asking struct {
	Seq   int64 `json:"seq"`             // of its message: an answer comes after it
	Tries int   `json:"tries,omitempty"` // answers that did not fit
}

// open reads a run.
func (f *following) open(ctx context.Context, r core.Run) (*turn, error) {
	t := &turn{following: f, run: r}
	if err := json.Unmarshal(r.Memory, &t.mem); err != nil {
		return nil, fmt.Errorf("memory of run %s: %w", r.ID, err)
	}
	if r.State == core.RunEnded {
		return t, nil
	}
	return t, t.enter(ctx)
}

// enter loads the program of the place that the run is at.
func (t *turn) enter(ctx context.Context) (err error) {
	at := t.mem.Places[len(t.mem.Places)-1]
	t.p, err = t.program(ctx, t.ws, at.Workflow, at.Version)
	return err
}

// author is who a run writes as.
func (t *turn) author() core.Author {
	return core.Author{Kind: core.AuthorWorkflow, Name: t.run.Workflow}
}

// at is where the run is.
func (t *turn) at() *spot { return &t.mem.Places[len(t.mem.Places)-1] }

// key names what the run does at this turn, for everybody who has to do it once.
func (t *turn) key() string { return fmt.Sprintf("run/%s/%d", t.run.ID, t.run.Turn) }

// errLost says that another worker took the run on.
var errLost = errors.New("another worker has the run")

// save stores the run as the next turn, together with what the step does in the store.
func (t *turn) save(ctx context.Context, do func(ctx context.Context, tx core.Tx, repo core.Repo) error) error {
	next, err := t.next()
	if err != nil {
		return err
	}
	err = t.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(t.ws)
		if do != nil {
			if _, err := repo.Lock(ctx, t.conv.ID); err != nil {
				return fmt.Errorf("lock conversation: %w", err)
			}
		}
		if err := t.move(ctx, tx, next); err != nil || do == nil {
			return err
		}
		return do(ctx, tx, repo)
	})
	if err == nil {
		t.run = next
	}
	return err
}

// next is the run as of its next turn.
func (t *turn) next() (core.Run, error) {
	next := t.run
	next.Turn, next.Changed = t.run.Turn+1, t.Now()
	if next.State == core.RunEnded {
		next.Until = time.Time{}
	} else {
		next.Step = label(t.p.Definition, t.at().Step)
	}
	raw, err := json.Marshal(t.mem)
	if err != nil {
		return next, fmt.Errorf("keep memory of run: %w", err)
	}
	next.Memory = raw
	return next, nil
}

// move stores the run's next turn, unless another worker has done that, and the timer of what it waits for.
func (t *turn) move(ctx context.Context, tx core.Tx, next core.Run) error {
	switch won, err := tx.In(t.ws).SetRun(ctx, next, t.run.Turn); {
	case err != nil:
		return fmt.Errorf("change run: %w", err)
	case !won:
		return errLost
	case next.State != core.RunWaiting || next.Until.IsZero():
		return nil
	}
	if err := tx.Enqueue(ctx, core.TimerJob(t.ws, next.ID, next.Turn, next.Until)); err != nil {
		return fmt.Errorf("set timer: %w", err)
	}
	return nil
}

// end ends the run. A remedy makes it a line in the conversation's history that its agents are told of.
func (t *turn) end(ctx context.Context, reason, remedy string) error {
	t.run.State, t.run.Reason, t.mem.Ask = core.RunEnded, reason, nil
	if remedy == "" {
		return t.save(ctx, nil)
	}
	return t.save(ctx, t.noting(reason+" "+remedy))
}

// noting writes a line that agents are told of.
func (t *turn) noting(text string) func(ctx context.Context, tx core.Tx, repo core.Repo) error {
	return func(ctx context.Context, tx core.Tx, repo core.Repo) error {
		return t.line(ctx, tx, repo, core.ConversationEventNotice, fmt.Sprintf("Workflow %q: %s", t.run.Workflow, text))
	}
}

func (t *turn) line(ctx context.Context, tx core.Tx, repo core.Repo, kind core.ConversationEventKind, text string) error {
	err := repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: t.conv.ID, Kind: kind, By: t.author(), Code: core.LineWorkflow,
		Data: map[string]string{"workflow": t.run.Workflow, "run": t.run.ID, "text": text}, Text: text, At: t.Now()})
	if err != nil {
		return fmt.Errorf("note in history: %w", err)
	}
	if kind != core.ConversationEventNotice {
		return nil
	}
	return tx.Enqueue(ctx, core.Job{Kind: core.JobNotify, Workspace: t.ws, Key: string(t.conv.ID)})
}
