package ginapi

import (
	"context"
	"slices"
	"strings"
	"testing"

	"causeway/core"
)

func (r *room) Workflows(context.Context) ([]core.Workflow, error) { return r.workflows, r.m.fail }

func (r *room) Workflow(_ context.Context, name string, version int) (core.Workflow, error) {
	return first(r.workflows, func(w core.Workflow) bool { return w.Name == name && (version == 0 || w.Version == version) })
}

func (r *room) PutWorkflow(ctx context.Context, w core.Workflow) (int, error) {
	old, _ := r.Workflow(ctx, w.Name, 0)
	w.Version = old.Version + 1
	err := r.RemoveWorkflow(ctx, w.Name)
	r.workflows = append(r.workflows, w)
	return w.Version, err
}

func (r *room) RemoveWorkflow(_ context.Context, name string) error {
	r.workflows = slices.DeleteFunc(r.workflows, func(w core.Workflow) bool { return w.Name == name })
	return nil
}

func (r *room) Run(_ context.Context, id string) (core.Run, error) {
	return first(r.runs, func(x core.Run) bool { return x.ID == id })
}

func (r *room) Runs(_ context.Context, f core.RunFilter, _ core.Page) ([]core.Run, error) {
	return only(r.runs, func(x core.Run) bool { return f.Workflow == "" || f.Workflow == x.Workflow }), nil
}

func (r *room) Purchase(_ context.Context, id string) (core.Purchase, error) {
	return first(r.purchases, func(x core.Purchase) bool { return x.ID == id })
}

func (r *room) Purchases(context.Context, core.ContactID, core.Page) ([]core.Purchase, error) {
	return r.purchases, nil
}

func (r *room) SetPurchase(_ context.Context, p core.Purchase) error {
	for i := range r.purchases {
		if r.purchases[i].ID == p.ID {
			r.purchases[i] = p
		}
	}
	return nil
}

func (r *room) AddHappening(context.Context, core.Happening) error { return nil }

func (r *room) AddConversationEvent(context.Context, core.ConversationEvent) error { return nil }

func TestPutWorkflow(t *testing.T) {
	o := openOffice(t)
	var got WorkflowView
	o.want(200, "POST", "/workflows", `{"name":"old","description":"new words","steps":[{"stop":"done"}]}`, &got)
	if got.Version != 2 || got.Description != "new words" {
		t.Errorf("got %+v", got)
	}
	o.want(200, "POST", "/workflows", "name: old\ndescription: new words\nsteps:\n- stop: done\n", &got)
	if got.Version != 2 {
		t.Errorf("the same again is version %d", got.Version)
	}
	_, body := o.api(o.key, "POST", "/workflows", "name: w\nsteps:\n- {name: a, note: x, next: b}\n")
	if !strings.Contains(body, `workflow:3: step \"a\": There is no step \"b\" to go to. Did you mean \"a\"?`) {
		t.Errorf("got %s", body)
	}
	var order PurchaseView
	o.want(200, "PATCH", "/orders/o1", `{"state":"paid"}`, &order)
	if order.State != "paid" {
		t.Errorf("got %+v", order)
	}
}
