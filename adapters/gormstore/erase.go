package gormstore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

// blank is what a message says that was erased. Its row stays, for reports count it.
var blank = asDoc(core.Content{Kind: core.KindSystem})

// Erase erases what ToErase found.
func (r repo) Erase(ctx context.Context, step core.EraseStep, s core.EraseSearch, b core.EraseBatch, when, since time.Time) (e core.Erased, err error) {
	e.Counts = map[string]int{}
	if b.Empty() {
		return e, nil
	}
	err = r.thoroughly(ctx, func(r repo) error { return r.erase(ctx, step, b, when, since, &e) })
	return e, err
}

// thoroughly runs f so that all of it happens or nothing, and has SQLite overwrite what it deletes.
func (r repo) thoroughly(ctx context.Context, f func(r repo) error) error {
	if r.s.postgres != nil {
		return r.whole(ctx, f)
	}
	return r.whole(ctx, func(r repo) error {
		if _, err := r.exec(ctx, "PRAGMA secure_delete = ON"); err != nil {
			return err
		}
		err := f(r)
		_, off := r.exec(ctx, "PRAGMA secure_delete = OFF")
		return errors.Join(err, off)
	})
}

func (r repo) erase(ctx context.Context, step core.EraseStep, b core.EraseBatch, when, since time.Time, e *core.Erased) error {
	switch step {
	case core.EraseUploads:
		_, err := r.exec(ctx, "UPDATE files SET conversation = ? WHERE workspace = ? AND id IN ? AND conversation IS NULL AND message IS NULL", b.In, r.ws, b.Files)
		return err
	case core.EraseShared:
		_, err := r.exec(ctx, "UPDATE files SET conversation = NULL, message = NULL WHERE workspace = ? AND id IN ?", r.ws, b.Files)
		return err
	case core.EraseMessages:
		return r.emptyMessages(ctx, b, when, since, e)
	case core.EraseGroups:
		return r.emptyInGroups(ctx, b, when, since, e)
	case core.EraseFiles:
		return r.dropFiles(ctx, b.Files, e)
	case core.EraseMails:
		return r.drop(ctx, core.CountMails, "mails", []string{"id"}, b.Rows, e)
	case core.EraseConversations:
		return r.emptyHistory(ctx, b, e)
	case core.EraseJobs:
		return r.dropJobs(ctx, b.Rows, e)
	default:
		t := textOf[step]
		return r.drop(ctx, string(step), t.table, t.key, b.Rows, e)
	}
}

// drop deletes rows by their keys.
func (r repo) drop(ctx context.Context, what, table string, key []string, rows [][]string, e *core.Erased) error {
	for some := range slices.Chunk(rows, atOnce) {
		statement, args := "DELETE FROM "+table+" WHERE workspace = ? AND ("+strings.Join(key, ", ")+") IN (VALUES ", []any{r.ws}
		for i, row := range some {
			if i > 0 {
				statement += ", "
			}
			statement += marks(len(row))
			args = append(args, anys(row)...)
		}
		n, err := r.exec(ctx, statement+")", args...)
		if err != nil {
			return err
		}
		e.Counts[what] += int(n)
	}
	return nil
}

func (r repo) dropFiles(ctx context.Context, ids []core.MediaID, e *core.Erased) error {
	if len(ids) == 0 {
		return nil
	}
	n, err := r.exec(ctx, "DELETE FROM files WHERE workspace = ? AND id IN ?", r.ws, ids)
	e.Counts[core.CountFiles] += int(n)
	return err
}

// emptyMessages takes from messages all that they say and by which they are known. Their rows stay.
func (r repo) emptyMessages(ctx context.Context, b core.EraseBatch, when, since time.Time, e *core.Erased) error {
	if len(b.Messages) == 0 {
		return nil
	}
	if err := r.dropFiles(ctx, b.Files, e); err != nil {
		return err
	}
	for _, v := range b.Values {
		if err := r.DropValue(ctx, v.Owner, v.Name); err != nil {
			return err
		}
	}
	gone, err := r.repeatable(ctx, b.Messages, since)
	if err != nil {
		return err
	}
	e.Gone = append(e.Gone, gone...)
	const parts = " AND part IN (SELECT id FROM parts WHERE workspace = ? AND message IN ?)"
	for _, s := range []struct {
		statement string
		args      []any
	}{
		{"DELETE FROM attempts WHERE workspace = ?" + parts, []any{r.ws, r.ws, b.Messages}},
		{"DELETE FROM ledger WHERE workspace = ?" + parts, []any{r.ws, r.ws, b.Messages}},
		{"DELETE FROM parts WHERE workspace = ? AND message IN ?", []any{r.ws, b.Messages}},
		{"DELETE FROM versions WHERE workspace = ? AND message IN ?", []any{r.ws, b.Messages}},
		{"DELETE FROM reactions WHERE workspace = ? AND message IN ?", []any{r.ws, b.Messages}},
		{"UPDATE messages SET author = ? WHERE workspace = ? AND id IN ? AND direction = 'in'", []any{asDoc(core.Author{Kind: core.AuthorContact}), r.ws, b.Messages}},
	} {
		if _, err := r.exec(ctx, s.statement, s.args...); err != nil {
			return err
		}
	}
	n, err := r.exec(ctx, "UPDATE messages SET content = ?, identity = '', key = '', error = NULL, edited = NULL, revoked = ?, "+
		"status = CASE WHEN "+pending+" THEN 'failed' ELSE status END WHERE workspace = ? AND id IN ? AND (content <> ? OR identity <> '' OR key <> '')",
		blank, at(when), r.ws, b.Messages, blank)
	e.Counts[core.CountMessages] += int(n)
	return err
}

// repeatable finds by what messages since a time are known to their providers, on both sides of a shared number.
func (r repo) repeatable(ctx context.Context, ids []core.MessageID, since time.Time) ([]core.Repeatable, error) {
	var parts []struct {
		ID, Channel, Provider, Stanza, Number, Twin string
		Phone                                       bool
	}
	err := r.changes(ctx).Raw("SELECT p.id, p.channel, p.provider, p.stanza, c.number, c.twin, c.phone FROM parts p "+
		"JOIN messages m ON m.workspace = p.workspace AND m.id = p.message JOIN channels c ON c.workspace = p.workspace AND c.id = p.channel "+
		"WHERE p.workspace = ? AND p.message IN ? AND m.created >= ?", r.ws, ids, at(since)).Scan(&parts).Error
	if err != nil || len(parts) == 0 {
		return nil, fail(err)
	}
	var entries []ledgerRow
	err = r.changes(ctx).Raw("SELECT * FROM ledger WHERE workspace = ? AND part IN (SELECT id FROM parts WHERE workspace = ? AND message IN ?)", r.ws, r.ws, ids).Scan(&entries).Error
	if err != nil {
		return nil, fail(err)
	}
	other := map[string]core.LedgerEntry{}
	for _, l := range entries {
		other[l.Part] = l.core()
	}
	var all []core.Repeatable
	for _, p := range parts {
		all = append(all, core.Repeatable{Channel: core.ChannelID(p.Channel), Part: core.PartID(p.ID), Provider: p.Provider, Number: p.Number, Stanza: p.Stanza})
		if l, there := other[p.ID]; there {
			all = append(all, core.Repeatable{Channel: core.ChannelID(p.Twin), Provider: l.Side(!p.Phone).Provider, Number: l.Number, Stanza: l.Stanza})
		}
	}
	return all, nil
}

// emptyInGroups empties what people said in groups, and takes away the mails about it that are kept.
func (r repo) emptyInGroups(ctx context.Context, b core.EraseBatch, when, since time.Time, e *core.Erased) error {
	if len(b.Messages) > 0 {
		const about = " WHERE workspace = ? AND conversation IN (SELECT conversation FROM messages WHERE workspace = ? AND id IN ?) AND message IN ?"
		for _, table := range []string{"notices", "conversation_events"} {
			if _, err := r.exec(ctx, "DELETE FROM "+table+about, r.ws, r.ws, b.Messages, b.Messages); err != nil {
				return err
			}
		}
	}
	if err := r.drop(ctx, "reactions", "reactions", []string{"message", "who"}, b.Rows, e); err != nil {
		return err
	}
	return r.emptyMessages(ctx, b, when, since, e)
}

// counted are the lines of a conversation's history that reports are made of.
var counted = []core.ConversationEventKind{core.ConversationEventOpened, core.ConversationEventClosed, core.ConversationEventReopened, core.ConversationEventAssigned}

// emptyHistory deletes lines of history but for those that reports count, of which it leaves who and when. With a conversation's last ones goes what else
// it has.
func (r repo) emptyHistory(ctx context.Context, b core.EraseBatch, e *core.Erased) error {
	var kept []conversationEventRow
	ids := make([]string, len(b.Rows))
	for i, row := range b.Rows {
		ids[i] = row[1]
	}
	if len(b.Rows) > 0 {
		in := b.Rows[0][0]
		_, err := r.exec(ctx, "DELETE FROM conversation_events WHERE workspace = ? AND conversation = ? AND id IN ? AND kind NOT IN ?", r.ws, in, ids, counted)
		if err != nil {
			return err
		}
		if err := r.rows(ctx).Where("conversation = ? AND id IN ?", in, ids).Find(&kept).Error; err != nil {
			return fail(err)
		}
	}
	for _, line := range kept {
		if line.Author.v.Kind == core.AuthorContact {
			line.Author.v.Name = ""
		}
		data := map[string]string{}
		for _, name := range []string{"agent", "team"} {
			if v := line.Data.v[name]; v != "" {
				data[name] = v
			}
		}
		_, err := r.exec(ctx, "UPDATE conversation_events SET text = '', code = '', message = '', author = ?, data = ? WHERE workspace = ? AND conversation = ? AND id = ?",
			line.Author, asDoc(data), r.ws, line.Conversation, line.ID)
		if err != nil {
			return err
		}
	}
	if b.In == "" {
		return nil
	}
	return r.emptyConversation(ctx, b.In, e)
}

// emptyConversation takes from a conversation what it has beside messages and history.
func (r repo) emptyConversation(ctx context.Context, id core.ConversationID, e *core.Erased) error {
	const some = " WHERE workspace = ? AND id IN (SELECT id FROM notices WHERE workspace = ? AND conversation = ? AND state = ? LIMIT ?)"
	for _, state := range []core.NoticeState{core.NoticeSent, core.NoticeWaiting, core.NoticeDropped} {
		n, err := r.exec(ctx, "DELETE FROM notices"+some, r.ws, r.ws, id, state, eraseRows)
		if err != nil {
			return err
		}
		if state == core.NoticeSent {
			e.Counts[core.CountNotices] += int(n)
		}
		if e.Again = n == eraseRows; e.Again {
			return nil
		}
	}
	const in = " WHERE workspace = ? AND conversation = ?"
	for _, statement := range []string{
		"DELETE FROM handlings" + in,
		"DELETE FROM happenings" + in,
		"DELETE FROM purchases" + in,
		"DELETE FROM ledger" + in,
		"UPDATE surveys SET comment = ''" + in + " AND comment <> ''",
		"UPDATE runs SET memory = '{}', heard = '', cause = 'erased/' || id" + in,
		"UPDATE conversations SET subject = '', referral = NULL WHERE workspace = ? AND id = ?",
	} {
		if _, err := r.exec(ctx, statement, r.ws, id); err != nil {
			return err
		}
	}
	return nil
}
