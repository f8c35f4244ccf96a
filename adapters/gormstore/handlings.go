package gormstore

import (
	"context"
	"errors"
	"slices"

	"causeway/core"
)

type happeningRow struct {
	Workspace, Conversation, ID, Kind, Message string
	Author                                     doc[core.Author]
	Name                                       string
	At                                         stamp
}

func (happeningRow) TableName() string { return "happenings" }

var happeningTable = table{"happenings", "workspace, conversation, id, kind, message, author, name, at", "tttttttn"}

func (r *happeningRow) fields() []any {
	return []any{&r.Workspace, &r.Conversation, &r.ID, &r.Kind, &r.Message, &r.Author, &r.Name, &r.At}
}

func (r happeningRow) core() core.Happening {
	return core.Happening{ID: r.ID, Conversation: core.ConversationID(r.Conversation), Kind: core.HappeningKind(r.Kind), Message: core.MessageID(r.Message),
		By: r.Author.v, Name: r.Name, At: r.At.time()}
}

func (r repo) happeningRow(h core.Happening) happeningRow {
	return happeningRow{Workspace: r.ws, Conversation: string(h.Conversation), ID: h.ID, Kind: string(h.Kind), Message: string(h.Message), Author: asDoc(h.By),
		Name: h.Name, At: at(h.At)}
}

func (t *transaction) newHappenings(all []core.Owned[core.Happening]) step {
	return t.insert(happeningTable, rowsOf(all, func(o core.Owned[core.Happening]) []any {
		row := t.in(o.Workspace).happeningRow(o.Value)
		return row.fields()
	}), "", true)
}

func (r repo) AddHappening(ctx context.Context, h core.Happening) error {
	row := r.happeningRow(h)
	return r.insert(ctx, &row)
}

func (r repo) Happenings(ctx context.Context, id core.ConversationID) ([]core.Happening, error) {
	const most = 100
	return list[happeningRow](r.rows(ctx).Where("conversation = ?", id).Order("id").Limit(most))
}

func (r repo) DropHappening(ctx context.Context, conv core.ConversationID, id string) error {
	_, err := r.exec(ctx, "DELETE FROM happenings WHERE workspace = ? AND conversation = ? AND id = ?", r.ws, conv, id)
	return err
}

func (r repo) DropHappenings(ctx context.Context) error {
	_, err := r.exec(ctx, "DELETE FROM happenings WHERE workspace = ?", r.ws)
	return err
}

type handlingRow struct {
	Workspace, Conversation                      string
	Priority                                     int
	Tags                                         doc[[]string]
	Snoozed, Queued, Assigned, Answered, Touched stamp
}

func (handlingRow) TableName() string { return "handlings" }

func (r handlingRow) core() core.Handling {
	return core.Handling{Conversation: core.ConversationID(r.Conversation), Priority: r.Priority, Tags: r.Tags.v, Snoozed: r.Snoozed.time(), Queued: r.Queued.time(),
		Assigned: r.Assigned.time(), Answered: r.Answered.time(), Touched: r.Touched.time()}
}

func (r repo) Handling(ctx context.Context, id core.ConversationID) (core.Handling, error) {
	h, err := take[handlingRow](r.rows(ctx).Where("conversation = ?", id))
	if errors.Is(err, core.ErrNotFound) {
		return core.Handling{Conversation: id}, nil
	}
	return h, err
}

func (r repo) SetHandling(ctx context.Context, h core.Handling) error {
	tags := slices.Clone(h.Tags)
	slices.Sort(tags)
	row := handlingRow{Workspace: r.ws, Conversation: string(h.Conversation), Priority: h.Priority, Tags: asDoc(slices.Compact(tags)), Snoozed: at(h.Snoozed),
		Answered: at(h.Answered), Touched: at(h.Touched)}
	return r.put(ctx, &row, "workspace,conversation", "priority", "tags", "snoozed", "answered", "touched")
}

type fieldRow struct{ Workspace, Contact, Name, Value string }

func (fieldRow) TableName() string { return "contact_fields" }

func (r repo) Fields(ctx context.Context, id core.ContactID) (map[string]string, error) {
	var found []fieldRow
	if err := r.rows(ctx).Where("contact = ?", id).Find(&found).Error; err != nil {
		return nil, fail(err)
	}
	fields := make(map[string]string, len(found))
	for _, f := range found {
		fields[f.Name] = f.Value
	}
	return fields, nil
}

func (r repo) SetField(ctx context.Context, id core.ContactID, name, value string) (bool, error) {
	if value == "" {
		n, err := r.exec(ctx, "DELETE FROM contact_fields WHERE workspace = ? AND contact = ? AND name = ?", r.ws, id, name)
		return n > 0, err
	}
	n, err := r.exec(ctx, "INSERT INTO contact_fields (workspace, contact, name, value) VALUES (?, ?, ?, ?) ON CONFLICT (workspace, contact, name) "+
		"DO UPDATE SET value = excluded.value WHERE contact_fields.value <> excluded.value", r.ws, id, name, value)
	return n > 0, err
}

type contactTagRow struct{ Workspace, Contact, Tag string }

func (contactTagRow) TableName() string { return "contact_tags" }

func (r repo) ContactTags(ctx context.Context, id core.ContactID) ([]string, error) {
	var tags []string
	err := r.rows(ctx).Model(&contactTagRow{}).Where("contact = ?", id).Order("tag").Pluck("tag", &tags).Error
	return tags, fail(err)
}

func (r repo) SetContactTag(ctx context.Context, id core.ContactID, tag string, on bool) (bool, error) {
	if on {
		return r.win(ctx, &contactTagRow{Workspace: r.ws, Contact: string(id), Tag: tag}, "", "workspace", "contact", "tag")
	}
	n, err := r.exec(ctx, "DELETE FROM contact_tags WHERE workspace = ? AND contact = ? AND tag = ?", r.ws, id, tag)
	return n > 0, err
}
