package gormstore

import (
	"context"
	"slices"
	"time"

	"causeway/core"

	"gorm.io/gorm/clause"
)

type erasureRow struct {
	Workspace, ID, Contact string
	Author                 doc[core.Author]
	Marks                  doc[[]string]
	Counts                 doc[map[string]int]
	Search                 doc[core.EraseSearch]
	Step, Place            string
	Asked, Done            stamp
}

func (erasureRow) TableName() string { return "erasures" }

func (r erasureRow) core() core.Erasure {
	return core.Erasure{ID: r.ID, Contact: core.ContactID(r.Contact), By: r.Author.v, Marks: r.Marks.v, Counts: r.Counts.v, Search: r.Search.v,
		Step: core.EraseStep(r.Step), Place: r.Place, Asked: r.Asked.time(), Done: r.Done.time()}
}

func (r repo) AddErasure(ctx context.Context, e core.Erasure) error {
	return r.insert(ctx, &erasureRow{Workspace: r.ws, ID: e.ID, Contact: string(e.Contact), Author: asDoc(e.By), Marks: asDoc(e.Marks), Counts: asDoc(e.Counts),
		Search: asDoc(e.Search), Step: string(e.Step), Place: e.Place, Asked: at(e.Asked), Done: at(e.Done)})
}

func (r repo) Erasure(ctx context.Context, id string) (core.Erasure, error) {
	return take[erasureRow](r.rows(ctx).Where("id = ?", id))
}

// Erasures lists them, newest first; Page.Before is an id.
func (r repo) Erasures(ctx context.Context, p core.Page) ([]core.Erasure, error) {
	return list[erasureRow](back(r.rows(ctx), p))
}

// ErasureOf returns the newest of a contact.
func (r repo) ErasureOf(ctx context.Context, id core.ContactID) (core.Erasure, error) {
	return take[erasureRow](r.rows(ctx).Where("contact = ?", id).Order("id DESC").Limit(1))
}

// HoldErasure locks an erasure until the transaction ends, and returns it.
func (r repo) HoldErasure(ctx context.Context, id string) (core.Erasure, error) {
	db := r.rows(ctx).Where("id = ?", id)
	if r.s.postgres != nil {
		db = db.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	return take[erasureRow](db)
}

// SetErasure updates counts, search, step, place and done.
func (r repo) SetErasure(ctx context.Context, e core.Erasure) error {
	return r.thoroughly(ctx, func(r repo) error {
		return r.set(ctx, "erasures", e.ID, map[string]any{"counts": asDoc(e.Counts), "search": asDoc(e.Search), "step": e.Step, "place": e.Place, "done": at(e.Done)})
	})
}

// MergedInto returns the contacts that are part of one, whichever way round.
func (r repo) MergedInto(ctx context.Context, id core.ContactID) ([]core.ContactID, error) {
	var all []core.ContactID
	for front := []core.ContactID{id}; len(front) > 0; {
		var found []core.ContactID
		err := r.rows(ctx).Table("merges").Distinct("from_contact").Where("into_contact IN ? AND undone IS NULL", front).Pluck("from_contact", &found).Error
		if err != nil {
			return nil, fail(err)
		}
		found = slices.DeleteFunc(found, func(c core.ContactID) bool { return c == id || slices.Contains(all, c) })
		all, front = append(all, found...), found
	}
	return all, nil
}

// theirs is the condition that a row belongs to a conversation of people, which is its only argument beside the workspace.
const theirs = "conversation IN (SELECT id FROM conversations WHERE workspace = ? AND contact IN ?)"

// Census counts what is kept of people.
func (r repo) Census(ctx context.Context, people []core.ContactID) (map[string]int, error) {
	counts := map[string]int{}
	for _, c := range []struct{ what, count, table, where string }{
		{core.CountMessages, "COUNT(*)", "messages", ""},
		{core.CountFiles, "COUNT(*)", "files", ""},
		{core.CountMails, "COUNT(*)", "mails", ""},
		{core.CountNotices, "COUNT(*)", "notices", " AND state = 'sent'"},
		{core.CountMailboxes, "COUNT(DISTINCT agent)", "notices", " AND state = 'sent'"},
	} {
		var n int
		if err := r.rows(ctx).Table(c.table).Select(c.count).Where(theirs+c.where, r.ws, people).Scan(&n).Error; err != nil {
			return nil, fail(err)
		}
		counts[c.what] = n
	}
	var n int64
	if err := r.rows(ctx).Table("conversations").Where("contact IN ?", people).Count(&n).Error; err != nil {
		return nil, fail(err)
	}
	counts[core.CountConversations] = int(n)
	return counts, nil
}

type erasedIDRow struct {
	Workspace, Mark string
	Until           stamp
}

func (erasedIDRow) TableName() string { return "erased_ids" }

// RememberErased keeps keyed hashes of what may be repeated, until a time.
func (r repo) RememberErased(ctx context.Context, marks []string, until time.Time) error {
	for some := range slices.Chunk(marks, 500) {
		rows := make([]erasedIDRow, len(some))
		for i, m := range some {
			rows[i] = erasedIDRow{Workspace: r.ws, Mark: m, Until: at(until)}
		}
		if _, err := r.winAll(ctx, &rows); err != nil {
			return err
		}
	}
	return nil
}

// WereErased returns those of the marks that are kept.
func (r repo) WereErased(ctx context.Context, marks []string) ([]string, error) {
	var found []string
	if len(marks) == 0 {
		return nil, nil
	}
	return found, fail(r.rows(ctx).Table("erased_ids").Where("mark IN ?", marks).Pluck("mark", &found).Error)
}

// ForgetEvent takes back a ClaimEvent.
func (r repo) ForgetEvent(ctx context.Context, ch core.ChannelID, kind core.EventKind, id string) error {
	_, err := r.exec(ctx, "DELETE FROM seen_events WHERE workspace = ? AND channel = ? AND kind = ? AND id = ?", r.ws, ch, kind, id)
	return err
}

type suppressionRow struct {
	Workspace, Mark, Channel string
	Marketing                bool
	At                       stamp
}

func (suppressionRow) TableName() string { return "suppressions" }

func (r suppressionRow) core() core.Suppression {
	return core.Suppression{Mark: r.Mark, Channel: core.ChannelID(r.Channel), Marketing: r.Marketing, At: r.At.time()}
}

func (r repo) KeepSuppressions(ctx context.Context, all []core.Suppression) error {
	for _, s := range all {
		row := suppressionRow{Workspace: r.ws, Mark: s.Mark, Channel: string(s.Channel), Marketing: s.Marketing, At: at(s.At)}
		if err := r.put(ctx, &row, "workspace,mark,channel,marketing", "at"); err != nil {
			return err
		}
	}
	return nil
}

// Suppressions returns those that are kept for marks.
func (r repo) Suppressions(ctx context.Context, marks []string) ([]core.Suppression, error) {
	return list[suppressionRow](r.rows(ctx).Where("mark IN ?", marks).Order("mark, channel, marketing"))
}

// atOnce is how many ids a statement names.
const atOnce = 500

// Sever makes people nobody, and has nothing more be sent to them or about them. Their conversations are locked first, as those who store messages do.
func (r repo) Sever(ctx context.Context, people []core.ContactID, when time.Time) error {
	return r.thoroughly(ctx, func(r repo) error {
		if err := r.shut(ctx, people, when); err != nil {
			return err
		}
		if err := r.lockContacts(ctx, people); err != nil {
			return err
		}
		const known = " AND identity IN (SELECT id FROM identities WHERE workspace = ? AND contact IN ?)"
		for _, s := range []struct {
			statement string
			args      []any
		}{
			{"DELETE FROM reply_windows WHERE workspace = ?" + known, []any{r.ws, r.ws, people}},
			{"DELETE FROM wishes WHERE workspace = ?" + known, []any{r.ws, r.ws, people}},
			{"DELETE FROM identities WHERE workspace = ? AND contact IN ?", []any{r.ws, people}},
			{"DELETE FROM contact_fields WHERE workspace = ? AND contact IN ?", []any{r.ws, people}},
			{"DELETE FROM contact_tags WHERE workspace = ? AND contact IN ?", []any{r.ws, people}},
			{"DELETE FROM merges WHERE workspace = ? AND (into_contact IN ? OR from_contact IN ?)", []any{r.ws, people, people}},
			{"UPDATE contacts SET name = '', language = '', opted_out = ?, marketing_stop = ?, blocked = ?, erased = ? WHERE workspace = ? AND id IN ?",
				[]any{false, false, true, at(when), r.ws, people}},
		} {
			if _, err := r.exec(ctx, s.statement, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// lockContacts has those wait who are about to store something of them.
func (r repo) lockContacts(ctx context.Context, people []core.ContactID) error {
	if r.s.postgres == nil {
		return nil
	}
	var ids []string
	return fail(r.rows(ctx).Table("contacts").Clauses(clause.Locking{Strength: "UPDATE"}).Where("id IN ?", people).Order("id").Pluck("id", &ids).Error)
}

// lately is in how many of a contact's newest conversations something may still wait for a webhook.
const lately = 200

// shut closes the conversations of people. What waits in them is given up.
func (r repo) shut(ctx context.Context, people []core.ContactID, when time.Time) error {
	var open, all []core.ConversationID
	if err := r.rows(ctx).Table("conversations").Where("contact IN ? AND state = 'open'", people).Order("id").Pluck("id", &open).Error; err != nil {
		return fail(err)
	}
	for _, id := range open {
		if _, err := r.Lock(ctx, id); err != nil {
			return err
		}
		err := r.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: id, Kind: core.ConversationEventClosed, By: core.Author{Kind: core.AuthorSystem}, At: when})
		if err != nil {
			return err
		}
	}
	if err := r.rows(ctx).Table("conversations").Where("contact IN ?", people).Order("number DESC").Pluck("id", &all).Error; err != nil {
		return fail(err)
	}
	for some := range slices.Chunk(all, atOnce) {
		if err := r.giveUp(ctx, some, when); err != nil {
			return err
		}
	}
	for _, id := range all[:min(len(all), lately)] {
		from := "webhook/" + string(id)
		if _, err := r.exec(ctx, "DELETE FROM small_values WHERE workspace = ? AND owner > ? AND owner < ?", r.ws, from+"/", from+"0"); err != nil {
			return err
		}
	}
	return nil
}

func (r repo) giveUp(ctx context.Context, conversations []core.ConversationID, when time.Time) error {
	const in = " WHERE workspace = ? AND conversation IN ?"
	for _, s := range []struct {
		statement string
		args      []any
	}{
		{"UPDATE conversations SET state = 'closed', closed = ?, waiting = NULL WHERE workspace = ? AND id IN ? AND state = 'open'", []any{at(when)}},
		{"UPDATE parts SET status = 'failed', not_before = NULL" + in + " AND " + pending + " AND status <> 'sending'", nil},
		{"UPDATE notices SET state = 'dropped', text = '', body = ''" + in + " AND state = 'waiting'", nil},
		{"UPDATE mails SET state = 'ignored'" + in + " AND state = 'new'", nil},
		{"UPDATE runs SET state = 'ended', until = NULL, memory = '{}', turn = turn + 1, reason = ?" + in + " AND state <> 'ended'", []any{"The contact was erased."}},
		{"DELETE FROM happenings" + in, nil},
		{"DELETE FROM handlings" + in, nil},
	} {
		if _, err := r.exec(ctx, s.statement, append(s.args, r.ws, conversations)...); err != nil {
			return err
		}
	}
	return nil
}

// pending is of parts that are still to be sent, as their indexes have it.
const pending = "(status = 'queued' OR status = 'parked' OR status = 'sending' OR status = 'unknown')"
