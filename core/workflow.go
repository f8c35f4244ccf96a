package core

import (
	"context"
	"encoding/json"
	"time"
)

// Workflow is one version of what automation does by itself from a trigger on. Once stored a version never changes: runs finish on the one they began
// with.
type Workflow struct {
	Name       string
	Version    int             // counts up with each change, from 1
	Definition json.RawMessage // what package workflow reads
	By         Author
	Created    time.Time
}

// RunState tells what a run is doing.
type RunState string

const (
	RunGoing   RunState = "going"   // it is taking steps, or was when the program ended
	RunWaiting RunState = "waiting" // for an answer, for a time, or for both
	RunEnded   RunState = "ended"
)

// Run is a workflow being carried out in a conversation. While it waits it is this row and nothing else.
type Run struct {
	ID           string // time-ordered
	Workflow     string
	Version      int
	Conversation ConversationID
	Contact      ContactID
	State        RunState
	Step         string          // where it is, in words for people
	Turn         int             // counts the steps it took: what a step does is keyed by it, and a row changes only from the turn it was read at
	Memory       json.RawMessage // what package workflow keeps of it
	Cause        string          // what began it, unique in the workspace: the same cause begins a workflow once
	Heard        string          // the happening it last reacted to
	Until        time.Time       // when a waiting run goes on by itself; zero: never
	Reason       string          // of an ended run: why
	Began        time.Time
	Changed      time.Time
}

// RunFilter narrows a list of runs; zero fields do not.
type RunFilter struct {
	Workflow     string
	Conversation ConversationID
	State        RunState
}

// Purchase is an order that automation or a program took down. State is the business's own word, "new" at first.
type Purchase struct {
	ID           string // time-ordered
	Conversation ConversationID
	Contact      ContactID
	State        string
	Items        []OrderItem
	Data         map[string]string
	Created      time.Time
	Changed      time.Time
}

// WorkflowRepo keeps workflows, their runs, and the orders they take down.
type WorkflowRepo interface {
	// Workflows lists the newest versions of those that were not removed, by name.
	Workflows(ctx context.Context) ([]Workflow, error)
	// Workflow returns a version, of a removed one too; zero: the newest, unless it was removed.
	Workflow(ctx context.Context, name string, version int) (Workflow, error)
	// PutWorkflow adds a version and returns its number. ErrDuplicate: somebody else did just now.
	PutWorkflow(ctx context.Context, w Workflow) (version int, err error)
	// RemoveWorkflow takes a workflow out of the list. Its runs finish.
	RemoveWorkflow(ctx context.Context, name string) error

	// AddRun inserts a run and reports whether it won: false means that its cause began the workflow already.
	AddRun(ctx context.Context, r Run) (won bool, err error)
	Run(ctx context.Context, id string) (Run, error)
	// RunsIn lists the runs of a conversation that have not ended, and those that last heard of a happening, oldest first.
	RunsIn(ctx context.Context, id ConversationID, heard string) ([]Run, error)
	// SetRun changes state, step, turn, memory, heard, until, reason and changed of a run that is still at the turn was, and reports whether it was.
	SetRun(ctx context.Context, r Run, was int) (bool, error)
	// Runs lists runs, newest first; Page.Before is an id.
	Runs(ctx context.Context, f RunFilter, p Page) ([]Run, error)
	// RunsSince counts the runs that began in a conversation since a time.
	RunsSince(ctx context.Context, id ConversationID, since time.Time) (int, error)

	AddPurchase(ctx context.Context, p Purchase) error
	Purchase(ctx context.Context, id string) (Purchase, error)
	// SetPurchase changes state, items, data and changed.
	SetPurchase(ctx context.Context, p Purchase) error
	// Purchases lists those of a contact, or all with an empty one, newest first; Page.Before is an id.
	Purchases(ctx context.Context, contact ContactID, p Page) ([]Purchase, error)
}
