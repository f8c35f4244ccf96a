package gormstore

import (
	"context"
	"fmt"
	"time"

	"causeway/core"

	"gorm.io/gorm"
)

func (r repo) ConversationsOpened(ctx context.Context, from, to time.Time) ([]core.Conversation, error) {
	return list[conversationRow](r.rows(ctx).Where("opened >= ? AND opened < ?", at(from), at(to)).Order("id"))
}

// opened joins a table to the conversations opened in a time.
func (r repo) opened(ctx context.Context, columns, table string, from, to time.Time) *gorm.DB {
	return r.s.reader.WithContext(ctx).Select(columns).Table("conversations c").
		Joins("JOIN "+table+" x ON x.workspace = c.workspace AND x.conversation = c.id").
		Where("c.workspace = ? AND c.opened >= ? AND c.opened < ?", r.ws, at(from), at(to))
}

func (r repo) MessageFacts(ctx context.Context, from, to time.Time, visit func(core.MessageFact)) error {
	q := r.opened(ctx, "x.conversation, x.channel, x.direction, x.author, x.status, x.created", "messages", from, to)
	return every(q.Where("NOT x.historic").Order("x.conversation, x.seq"), func(scan func(...any) error) error {
		var f core.MessageFact
		var author doc[core.Author]
		var created stamp
		if err := scan(&f.Conversation, &f.Channel, &f.Direction, &author, &f.Status, &created); err != nil {
			return err
		}
		f.Author, f.At = author.v, created.time()
		visit(f)
		return nil
	})
}

func (r repo) EventFacts(ctx context.Context, from, to time.Time, visit func(core.EventFact)) error {
	kinds := []core.ConversationEventKind{core.ConversationEventOpened, core.ConversationEventClosed, core.ConversationEventReopened, core.ConversationEventAssigned}
	q := r.opened(ctx, "x.conversation, x.kind, x.author, x.data, x.at", "conversation_events", from, to)
	return every(q.Where("x.kind IN ?", kinds).Order("x.conversation, x.at, x.id"), func(scan func(...any) error) error {
		var f core.EventFact
		var author doc[core.Author]
		var data doc[map[string]string]
		var when stamp
		if err := scan(&f.Conversation, &f.Kind, &author, &data, &when); err != nil {
			return err
		}
		f.By, f.Agent, f.At = author.v, core.AgentID(data.v["agent"]), when.time()
		visit(f)
		return nil
	})
}

func (r repo) RunFacts(ctx context.Context, from, to time.Time) ([]core.Run, error) {
	return list[runRow](r.rows(ctx).Where("began >= ? AND began < ?", at(from), at(to)).Order("id"))
}

// every reads the rows of a query one by one.
func every(q *gorm.DB, read func(scan func(...any) error) error) error {
	rows, err := q.Rows()
	if err != nil {
		return fail(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := read(rows.Scan); err != nil {
			return fmt.Errorf("read facts: %w", err)
		}
	}
	return fail(rows.Err())
}
