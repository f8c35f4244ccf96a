package gormstore

import (
	"context"
	"encoding/json"
	"time"

	"causeway/core"
)

type workflowRow struct {
	Workspace, Name  string
	Version, Current int
	Definition       string
	Author           doc[core.Author]
	Created          stamp
}

func (workflowRow) TableName() string { return "workflows" }

func (r workflowRow) core() core.Workflow {
	return core.Workflow{Name: r.Name, Version: r.Version, Definition: json.RawMessage(r.Definition), By: r.Author.v, Created: r.Created.time()}
}

func (r repo) Workflows(ctx context.Context) ([]core.Workflow, error) {
	return list[workflowRow](r.rows(ctx).Where("current = 1").Order("name"))
}

func (r repo) Workflow(ctx context.Context, name string, version int) (core.Workflow, error) {
	found := r.rows(ctx).Where("name = ?", name)
	if version == 0 {
		return take[workflowRow](found.Where("current = 1"))
	}
	return take[workflowRow](found.Where("version = ?", version))
}

func (r repo) PutWorkflow(ctx context.Context, w core.Workflow) (version int, err error) {
	err = r.whole(ctx, func(r repo) error {
		var last []int
		if err := r.rows(ctx).Model(&workflowRow{}).Where("name = ?", w.Name).Order("version DESC").Limit(1).Pluck("version", &last).Error; err != nil {
			return fail(err)
		}
		version = 1
		if len(last) > 0 {
			version = last[0] + 1
		}
		if err := r.RemoveWorkflow(ctx, w.Name); err != nil {
			return err
		}
		return r.insert(ctx, &workflowRow{Workspace: r.ws, Name: w.Name, Version: version, Current: 1, Definition: string(w.Definition), Author: asDoc(w.By),
			Created: at(w.Created)})
	})
	return version, err
}

func (r repo) RemoveWorkflow(ctx context.Context, name string) error {
	_, err := r.exec(ctx, "UPDATE workflows SET current = 0 WHERE workspace = ? AND name = ? AND current = 1", r.ws, name)
	return err
}

type runRow struct {
	Workspace, ID, Workflow            string
	Version                            int
	Conversation, Contact, State, Step string
	Turn                               int
	Memory, Cause, Heard               string
	Until                              stamp
	Reason                             string
	Began, Changed                     stamp
}

func (runRow) TableName() string { return "runs" }

func (r runRow) core() core.Run {
	return core.Run{ID: r.ID, Workflow: r.Workflow, Version: r.Version, Conversation: core.ConversationID(r.Conversation), Contact: core.ContactID(r.Contact),
		State: core.RunState(r.State), Step: r.Step, Turn: r.Turn, Memory: json.RawMessage(r.Memory), Cause: r.Cause, Heard: r.Heard, Until: r.Until.time(),
		Reason: r.Reason, Began: r.Began.time(), Changed: r.Changed.time()}
}

func (r repo) AddRun(ctx context.Context, n core.Run) (bool, error) {
	row := runRow{Workspace: r.ws, ID: n.ID, Workflow: n.Workflow, Version: n.Version, Conversation: string(n.Conversation), Contact: string(n.Contact),
		State: string(n.State), Step: n.Step, Turn: n.Turn, Memory: string(n.Memory), Cause: n.Cause, Heard: n.Heard, Until: at(n.Until), Reason: n.Reason,
		Began: at(n.Began), Changed: at(n.Changed)}
	return r.win(ctx, &row, "", "workspace", "cause")
}

func (r repo) Run(ctx context.Context, id string) (core.Run, error) {
	return take[runRow](r.rows(ctx).Where("id = ?", id))
}

func (r repo) RunsIn(ctx context.Context, id core.ConversationID, heard string) ([]core.Run, error) {
	live, err := list[runRow](r.rows(ctx).Where("conversation = ? AND state <> 'ended'", id).Order("id"))
	if err != nil || heard == "" {
		return live, err
	}
	ended, err := list[runRow](r.rows(ctx).Where("heard = ? AND heard <> '' AND conversation = ? AND state = 'ended'", heard, id).Order("id"))
	return append(ended, live...), err
}

func (r repo) SetRun(ctx context.Context, n core.Run, was int) (bool, error) {
	rows, err := r.exec(ctx, "UPDATE runs SET state = ?, step = ?, turn = ?, memory = ?, heard = ?, until = ?, reason = ?, changed = ? "+
		"WHERE workspace = ? AND id = ? AND turn = ?",
		n.State, n.Step, n.Turn, string(n.Memory), n.Heard, at(n.Until), n.Reason, at(n.Changed), r.ws, n.ID, was)
	return rows > 0, err
}

func (r repo) Runs(ctx context.Context, f core.RunFilter, p core.Page) ([]core.Run, error) {
	db := r.rows(ctx)
	if f.Workflow != "" {
		db = db.Where("workflow = ?", f.Workflow)
	}
	if f.Conversation != "" {
		db = db.Where("conversation = ?", f.Conversation)
	}
	if f.State != "" {
		db = db.Where("state = ?", f.State)
	}
	return list[runRow](back(db, p))
}

func (r repo) RunsSince(ctx context.Context, id core.ConversationID, since time.Time) (int, error) {
	var n int64
	err := r.rows(ctx).Model(&runRow{}).Where("conversation = ? AND began >= ?", id, at(since)).Count(&n).Error
	return int(n), fail(err)
}

type purchaseRow struct {
	Workspace, ID, Conversation, Contact, State string
	Items                                       doc[[]core.OrderItem]
	Data                                        doc[map[string]string]
	Created, Changed                            stamp
}

func (purchaseRow) TableName() string { return "purchases" }

func (r purchaseRow) core() core.Purchase {
	return core.Purchase{ID: r.ID, Conversation: core.ConversationID(r.Conversation), Contact: core.ContactID(r.Contact), State: r.State, Items: r.Items.v,
		Data: r.Data.v, Created: r.Created.time(), Changed: r.Changed.time()}
}

func (r repo) AddPurchase(ctx context.Context, p core.Purchase) error {
	return r.insert(ctx, &purchaseRow{Workspace: r.ws, ID: p.ID, Conversation: string(p.Conversation), Contact: string(p.Contact), State: p.State,
		Items: asDoc(p.Items), Data: asDoc(p.Data), Created: at(p.Created), Changed: at(p.Changed)})
}

func (r repo) Purchase(ctx context.Context, id string) (core.Purchase, error) {
	return take[purchaseRow](r.rows(ctx).Where("id = ?", id))
}

func (r repo) SetPurchase(ctx context.Context, p core.Purchase) error {
	return r.set(ctx, "purchases", p.ID, map[string]any{"state": p.State, "items": asDoc(p.Items), "data": asDoc(p.Data), "changed": at(p.Changed)})
}

func (r repo) Purchases(ctx context.Context, contact core.ContactID, p core.Page) ([]core.Purchase, error) {
	db := r.rows(ctx)
	if contact != "" {
		db = db.Where("contact = ?", contact)
	}
	return list[purchaseRow](back(db, p))
}
