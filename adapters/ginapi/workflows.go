package ginapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"causeway/core"
	"causeway/core/workflow"

	"github.com/danielgtaylor/huma/v2"
)

const tagWorkflows = "Workflows and orders"

// WorkflowView is a workflow as the API shows it.
type WorkflowView struct {
	Name        string          `json:"name"`
	Version     int             `json:"version"`
	Description string          `json:"description,omitempty"`
	Disabled    bool            `json:"disabled,omitempty"`
	Changed     time.Time       `json:"changed" doc:"when this version was made"`
	Definition  json.RawMessage `json:"definition" doc:"an object as described in docs/workflows.md"`
}

// RunView is a run of a workflow as the API shows it.
type RunView struct {
	ID           string              `json:"id"`
	Workflow     string              `json:"workflow"`
	Version      int                 `json:"version"`
	Conversation core.ConversationID `json:"conversation"`
	Contact      core.ContactID      `json:"contact"`
	State        core.RunState       `json:"state" enum:"going,waiting,ended"`
	Step         string              `json:"step,omitempty" doc:"where it is, or ended"`
	Until        *time.Time          `json:"until,omitempty" doc:"when it goes on by itself"`
	Reason       string              `json:"reason,omitempty" doc:"why it ended"`
	Began        time.Time           `json:"began"`
	Changed      time.Time           `json:"changed"`
}

// PurchaseView is an order as the API shows it.
type PurchaseView struct {
	ID           string              `json:"id"`
	Conversation core.ConversationID `json:"conversation"`
	Contact      core.ContactID      `json:"contact"`
	State        string              `json:"state"`
	Items        []core.OrderItem    `json:"items" nullable:"false"`
	Data         map[string]string   `json:"data" nullable:"false"`
	Created      time.Time           `json:"created"`
	Changed      time.Time           `json:"changed"`
}

func showWorkflow(w core.Workflow) WorkflowView {
	v := WorkflowView{Name: w.Name, Version: w.Version, Changed: w.Created, Definition: w.Definition}
	if d, err := workflow.Decode(w.Definition); err == nil {
		v.Description, v.Disabled = d.Description, d.Disabled
	}
	return v
}

func showRun(r core.Run) RunView {
	v := RunView{ID: r.ID, Workflow: r.Workflow, Version: r.Version, Conversation: r.Conversation, Contact: r.Contact, State: r.State, Step: r.Step, Reason: r.Reason,
		Began: r.Began, Changed: r.Changed}
	if !r.Until.IsZero() {
		v.Until = &r.Until
	}
	return v
}

func showPurchase(p core.Purchase) PurchaseView {
	v := PurchaseView{ID: p.ID, Conversation: p.Conversation, Contact: p.Contact, State: p.State, Items: append([]core.OrderItem{}, p.Items...), Data: p.Data,
		Created: p.Created, Changed: p.Changed}
	if v.Data == nil {
		v.Data = map[string]string{}
	}
	return v
}

func (s *Server) workflowOperations(api huma.API) {
	handle(s, api, operation{id: "list-workflows", method: http.MethodGet, path: "/workflows", tag: tagWorkflows, scope: scopeRead, summary: "List the workflows"}, s.listWorkflows)
	handle(s, api, operation{id: "get-workflow", method: http.MethodGet, path: "/workflows/{name}", tag: tagWorkflows, scope: scopeRead,
		summary: "Show a workflow, or an older version of it"}, s.getWorkflow)
	handle(s, api, operation{id: "put-workflow", method: http.MethodPost, path: "/workflows", tag: tagWorkflows, scope: scopeManage,
		summary: "Add a workflow, or a new version; runs finish on the one they began with"}, s.putWorkflow)
	handle(s, api, operation{id: "delete-workflow", method: http.MethodDelete, path: "/workflows/{name}", tag: tagWorkflows, scope: scopeManage,
		summary: "Take a workflow out; its runs finish", status: http.StatusNoContent}, s.deleteWorkflow)
	handle(s, api, operation{id: "list-runs", method: http.MethodGet, path: "/runs", tag: tagWorkflows, scope: scopeRead, summary: "List runs of workflows, newest first"}, s.listRuns)
	handle(s, api, operation{id: "get-run", method: http.MethodGet, path: "/runs/{id}", tag: tagWorkflows, scope: scopeRead, summary: "Show a run"}, s.getRun)
	handle(s, api, operation{id: "list-orders", method: http.MethodGet, path: "/orders", tag: tagWorkflows, scope: scopeRead, summary: "List the orders taken down, newest first"}, s.listPurchases)
	handle(s, api, operation{id: "get-order", method: http.MethodGet, path: "/orders/{id}", tag: tagWorkflows, scope: scopeRead, summary: "Show an order"}, s.getPurchase)
	handle(s, api, operation{id: "set-order", method: http.MethodPatch, path: "/orders/{id}", tag: tagWorkflows, scope: scopeSend,
		summary: "Change an order's state; the change is a line in its conversation"}, s.setPurchase)
}

type workflowVersion struct {
	WorkflowName
	Version int `query:"version" minimum:"0" doc:"an older one; default: the newest"`
}

// WorkflowName names a workflow in a path.
type WorkflowName struct {
	Name string `path:"name" maxLength:"64" doc:"of the workflow"`
}

type workflowText struct {
	RawBody []byte `contentType:"application/yaml" doc:"the workflow in YAML, or in JSON of the same form; see docs/workflows.md"`
}

type runQuery struct {
	Paging
	Workflow     string `query:"workflow" maxLength:"64"`
	Conversation string `query:"conversation" maxLength:"64" pattern:"^[A-Za-z0-9_-]*$"`
	State        string `query:"state" enum:"going,waiting,ended"`
}

type purchaseQuery struct {
	Paging
	Contact string `query:"contact" maxLength:"64" pattern:"^[A-Za-z0-9_-]*$"`
}

type purchaseChange struct {
	ByID
	Body struct {
		State string `json:"state" minLength:"1" maxLength:"64" doc:"the business's own word"`
	}
}

func (s *Server) listWorkflows(ctx context.Context, repo core.Repo, _ *none) (*answer[pageView[WorkflowView]], error) {
	all, err := repo.Workflows(ctx)
	return reply(listOf(all, showWorkflow), err)
}

func (s *Server) getWorkflow(ctx context.Context, repo core.Repo, in *workflowVersion) (*answer[WorkflowView], error) {
	w, err := repo.Workflow(ctx, in.Name, in.Version)
	if err != nil {
		return nil, missing(err, "workflow")
	}
	return reply(showWorkflow(w), nil)
}

func (s *Server) putWorkflow(ctx context.Context, repo core.Repo, in *workflowText) (*answer[WorkflowView], error) {
	if holdsNUL(in.RawBody) {
		return nil, core.Problemf(core.CodeInvalid, "The text holds a NUL character.")
	}
	known, err := workflow.Names(ctx, repo)
	if err != nil {
		return nil, err
	}
	defs, err := workflow.Read("workflow", in.RawBody, known)
	if err != nil {
		return nil, err
	}
	if len(defs) != 1 {
		return nil, core.Problemf(core.CodeInvalid, "The text has %d workflows.", len(defs)).Remedied("Send them one by one.")
	}
	err = s.Store.Tx(ctx, func(tx core.Tx) error {
		_, _, err := workflow.Put(ctx, tx.In(caller(ctx).Workspace), defs[0], core.Author{Kind: core.AuthorAPI, Name: caller(ctx).Name}, s.Now())
		return err
	})
	if err != nil {
		return nil, err
	}
	w, err := repo.Workflow(ctx, defs[0].Name, 0)
	return reply(showWorkflow(w), err)
}

func (s *Server) deleteWorkflow(ctx context.Context, _ core.Repo, in *WorkflowName) (*none, error) {
	err := s.Store.Tx(ctx, func(tx core.Tx) error { return workflow.Remove(ctx, tx.In(caller(ctx).Workspace), in.Name) })
	return &none{}, missing(err, "workflow")
}

func (s *Server) listRuns(ctx context.Context, repo core.Repo, in *runQuery) (*answer[pageView[RunView]], error) {
	p, err := in.page(plausible)
	if err != nil {
		return nil, err
	}
	all, err := repo.Runs(ctx, core.RunFilter{Workflow: in.Workflow, Conversation: core.ConversationID(in.Conversation), State: core.RunState(in.State)}, p)
	return reply(pageOf(all, p, showRun, func(r core.Run) string { return r.ID }), err)
}

func (s *Server) getRun(ctx context.Context, repo core.Repo, in *ByID) (*answer[RunView], error) {
	r, err := repo.Run(ctx, in.ID)
	if err != nil {
		return nil, missing(err, "run")
	}
	return reply(showRun(r), nil)
}

func (s *Server) listPurchases(ctx context.Context, repo core.Repo, in *purchaseQuery) (*answer[pageView[PurchaseView]], error) {
	p, err := in.page(plausible)
	if err != nil {
		return nil, err
	}
	all, err := repo.Purchases(ctx, core.ContactID(in.Contact), p)
	return reply(pageOf(all, p, showPurchase, func(x core.Purchase) string { return x.ID }), err)
}

func (s *Server) getPurchase(ctx context.Context, repo core.Repo, in *ByID) (*answer[PurchaseView], error) {
	p, err := repo.Purchase(ctx, in.ID)
	if err != nil {
		return nil, missing(err, "order")
	}
	return reply(showPurchase(p), nil)
}

func (s *Server) setPurchase(ctx context.Context, _ core.Repo, in *purchaseChange) (*answer[PurchaseView], error) {
	var p core.Purchase
	err := s.Store.Tx(ctx, func(tx core.Tx) (err error) {
		repo := tx.In(caller(ctx).Workspace)
		if p, err = repo.Purchase(ctx, in.ID); err != nil || p.State == in.Body.State {
			return err
		}
		was := p.State
		p.State, p.Changed = in.Body.State, s.Now()
		if err := repo.SetPurchase(ctx, p); err != nil {
			return err
		}
		if err := repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: p.Conversation, Kind: core.ConversationEventOrdered, Code: core.LineOrder,
			By: program(ctx), Data: map[string]string{"order": p.ID, "state": p.State, "was": was}, Text: "The order is now " + p.State + ".", At: s.Now()}); err != nil {
			return err
		}
		return core.Happen(ctx, tx, caller(ctx).Workspace, core.Happening{ID: core.NewID[string](), Conversation: p.Conversation, Kind: core.HappenedOrderChanged, By: program(ctx), Name: p.ID, At: s.Now()})
	})
	return reply(showPurchase(p), missing(err, "order"))
}
