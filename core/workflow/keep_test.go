package workflow_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/workflow"
)

// overtaken is a store in which somebody else is always quicker.
type overtaken struct{ core.Repo }

func (overtaken) Workflow(context.Context, string, int) (core.Workflow, error) {
	return core.Workflow{}, core.ErrNotFound
}

func (overtaken) PutWorkflow(context.Context, core.Workflow) (int, error) {
	return 0, core.ErrDuplicate
}

// TestPutAtOnce: of two who change a workflow at once, the second is told so.
func TestPutAtOnce(t *testing.T) {
	_, _, err := workflow.Put(t.Context(), overtaken{}, workflow.Definition{Name: "welcome"}, core.Author{Kind: core.AuthorAPI}, time.Now())
	var p *core.Problem
	if !errors.As(err, &p) || p.Code != core.CodeConflict || p.Remedy == "" {
		t.Errorf("got %v", err)
	}
}
