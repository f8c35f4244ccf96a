package gormstore

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"causeway/core"

	"gorm.io/gorm/clause"
)

type broadcastRow struct {
	Workspace, ID, State string
	Doc                  doc[core.Broadcast]
}

func (broadcastRow) TableName() string { return "broadcasts" }

func (r broadcastRow) core() core.Broadcast {
	b := r.Doc.v
	b.ID, b.State = r.ID, core.BroadcastState(r.State)
	return b
}

func (r repo) AddBroadcast(ctx context.Context, b core.Broadcast) error {
	return r.insert(ctx, &broadcastRow{Workspace: r.ws, ID: b.ID, State: string(b.State), Doc: asDoc(b)})
}

func (r repo) Broadcast(ctx context.Context, id string) (core.Broadcast, error) {
	return take[broadcastRow](r.rows(ctx).Where("id = ?", id))
}

func (r repo) LockBroadcast(ctx context.Context, id string) (core.Broadcast, error) {
	db := r.rows(ctx).Where("id = ?", id)
	if r.s.postgres != nil {
		db = db.Clauses(clause.Locking{Strength: "NO KEY UPDATE"})
	}
	return take[broadcastRow](db)
}

func (r repo) Broadcasts(ctx context.Context, p core.Page) ([]core.Broadcast, error) {
	return list[broadcastRow](back(r.rows(ctx), p))
}

func (r repo) SetBroadcastState(ctx context.Context, id string, from, to core.BroadcastState) (bool, error) {
	n, err := r.exec(ctx, "UPDATE broadcasts SET state = ? WHERE workspace = ? AND id = ? AND state = ?", to, r.ws, id, from)
	return n > 0, err
}

func (r repo) InSegment(ctx context.Context, s core.Segment, after core.ContactID, limit int) ([]core.Contact, error) {
	q := r.rows(ctx).Where("id > ? AND merged_into IS NULL AND NOT blocked", after)
	const tagged = "EXISTS (SELECT 1 FROM contact_tags t WHERE t.workspace = contacts.workspace AND t.contact = contacts.id AND t.tag = ?)"
	for _, tag := range s.Tags {
		q = q.Where(tagged, tag)
	}
	for _, tag := range s.Without {
		q = q.Where("NOT "+tagged, tag)
	}
	for name, value := range s.Fields {
		q = q.Where("EXISTS (SELECT 1 FROM contact_fields f WHERE f.workspace = contacts.workspace AND f.contact = contacts.id AND f.name = ? AND f.value = ?)", name, value)
	}
	if s.Language != "" { // pt is that of pt-BR, however that is written
		begins := strings.ToLower(strings.ReplaceAll(s.Language, "_", "-")) + "-"
		q = q.Where("substr(lower(replace(language, '_', '-')) || '-', 1, ?) = ?", utf8.RuneCountInString(begins), begins)
	}
	return list[contactRow](q.Order("id").Limit(limit))
}

type recipientRow struct {
	Workspace, Broadcast, Contact, State, Code, Reason, Message string
	At                                                          stamp
}

func (recipientRow) TableName() string { return "broadcast_recipients" }

func (r recipientRow) core() core.Recipient {
	return core.Recipient{Contact: core.ContactID(r.Contact), State: core.RecipientState(r.State), Code: core.Code(r.Code), Reason: r.Reason, Message: core.MessageID(r.Message),
		At: r.At.time()}
}

func (r repo) Recipients(ctx context.Context, id string, state core.RecipientState, after core.ContactID, limit int) ([]core.Recipient, error) {
	q := r.rows(ctx).Where("broadcast = ? AND contact > ?", id, after)
	if state != "" {
		q = q.Where("state = ?", state)
	}
	return list[recipientRow](q.Order("contact").Limit(limit))
}

func (r repo) AddRecipients(ctx context.Context, id string, contacts []core.ContactID) error {
	return r.whole(ctx, func(r repo) error {
		for some := range slices.Chunk(contacts, recordsAtOnce) {
			rows := make([]recipientRow, len(some))
			for i, c := range some {
				rows[i] = recipientRow{Workspace: r.ws, Broadcast: id, Contact: string(c), State: string(core.RecipientWaiting)}
			}
			if _, err := r.winAll(ctx, &rows); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r repo) SetRecipient(ctx context.Context, id string, p core.Recipient) error {
	return changed(r.changes(ctx).Table("broadcast_recipients").Where("workspace = ? AND broadcast = ? AND contact = ?", r.ws, id, p.Contact).
		Updates(map[string]any{"state": p.State, "code": p.Code, "reason": p.Reason, "message": p.Message, "at": at(p.At)}))
}

func (r repo) CountRecipients(ctx context.Context, id string) (map[core.RecipientState]int, map[string]int, error) {
	var found []struct {
		State, Reason string
		N             int
	}
	err := r.rows(ctx).Table("broadcast_recipients").Select("state, reason, COUNT(*) AS n").Where("broadcast = ?", id).Group("state, reason").Scan(&found).Error
	states, reasons := map[core.RecipientState]int{}, map[string]int{}
	for _, f := range found {
		states[core.RecipientState(f.State)] += f.N
		if f.State == string(core.RecipientLeftOut) {
			reasons[f.Reason] += f.N
		}
	}
	return states, reasons, fail(err)
}
