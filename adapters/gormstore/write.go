package gormstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"causeway/core"
)

// Write stores rows.
func (t *transaction) Write(ctx context.Context, r core.Rows) error {
	return outrun(t.bulk(ctx, t.writing(r)...))
}

// WriteAtEnd stores rows on the way with the commit.
func (t *transaction) WriteAtEnd(r core.Rows) { t.atEnd(t.writing(r)...) }

// outrun says of a key that is taken that another transaction was quicker: whoever writes in bulk has looked for it.
func outrun(err error) error {
	if errors.Is(err, core.ErrDuplicate) {
		return fmt.Errorf("%w: %w", core.ErrOutrun, err)
	}
	return err
}

// writing is the steps that store rows, those first that others refer to. Those for which transactions could wait for each other go in an order that
// all keep.
func (t *transaction) writing(r core.Rows) []step {
	t.messages += int64(len(r.Messages))
	slices.SortFunc(r.Identities, func(a, b core.Owned[core.Identity]) int {
		x, y := a.Value.Key, b.Value.Key
		return cmp.Or(cmp.Compare(a.Workspace, b.Workspace), cmp.Compare(x.Scheme, y.Scheme), cmp.Compare(x.Scope, y.Scope), cmp.Compare(x.Value, y.Value))
	})
	slices.SortFunc(r.Conversations, func(a, b core.Conversation) int {
		return cmp.Or(cmp.Compare(a.Workspace, b.Workspace), cmp.Compare(a.Contact, b.Contact))
	})
	steps := []step{t.newContacts(r.Contacts), t.newIdentities(r.Identities)}
	steps = append(steps, t.newConversations(r.Conversations)...)
	steps = append(steps, t.newMessages(r.Messages)...)
	return append(steps, t.newFiles(r.Files), t.newEvents(r.Events), t.newHappenings(r.Happenings), t.openWindows(r.Windows),
		t.placeConversations(r.Held), t.moveConversations(r.Moved), t.changeParts(r.Parts), t.changeStatuses(r.Statuses),
		t.places(r.Places), t.duties(r.Duties), t.newLogEntries(r.Log))
}

// in is the repo that makes rows of a workspace.
func (t *transaction) in(ws core.WorkspaceID) repo { return repo{s: t.s, t: t, ws: string(ws)} }

// rowsOf makes a row of arguments of each thing.
func rowsOf[T any](all []T, row func(T) []any) [][]any {
	rows := make([][]any, len(all))
	for i, v := range all {
		rows[i] = row(v)
	}
	return rows
}

func (t *transaction) newContacts(all []core.Contact) step {
	return t.insert(contactTable, rowsOf(all, func(c core.Contact) []any {
		row := contactRow{Workspace: string(c.Workspace), ID: string(c.ID), Name: c.Name, Language: c.Language, OptedOut: c.OptedOut, MarketingStop: c.MarketingStop,
			Blocked: c.Blocked, MergedInto: ref(c.MergedInto), Created: at(c.Created)}
		return row.fields()
	}), "", true)
}

func (t *transaction) newIdentities(all []core.Owned[core.Identity]) step {
	return t.insert(identityTable, rowsOf(all, func(o core.Owned[core.Identity]) []any {
		i := o.Value
		row := identityRow{Workspace: string(o.Workspace), ID: string(i.ID), Contact: string(i.Contact), Scheme: string(i.Key.Scheme), Scope: i.Key.Scope,
			Value: i.Key.Value, Source: i.Source, Seen: at(i.Seen), Channel: string(i.Channel), Event: i.Event}
		return row.fields()
	}), "", true)
}

// newConversations takes as many numbers of each workspace as it opens conversations there, by whose order they are sorted. A conversation's number
// is counted back from the last one taken, which is 1.
func (t *transaction) newConversations(all []core.Conversation) []step {
	counts := map[core.WorkspaceID]int64{}
	rows, taken := make([][]any, len(all)), [][]any{}
	for i, c := range slices.Backward(all) {
		if counts[c.Workspace] == 0 {
			taken = append(taken, []any{string(c.Workspace), int64(0)})
		}
		row := t.in(c.Workspace).conversationRow(c)
		counts[c.Workspace]++
		row.Number = number{counts[c.Workspace]}
		rows[i] = row.fields()
	}
	slices.Reverse(taken)
	for _, row := range taken {
		row[1] = counts[core.WorkspaceID(row[0].(string))]
	}
	if t.s.postgres == nil {
		return []step{{text: "UPDATE workspaces SET last_number = last_number + ?2 WHERE id = ?1", rows: taken}, {text: conversationsSQLite, rows: rows, must: true}}
	}
	ids := make([][]any, len(taken))
	for i, row := range taken {
		ids[i] = row[:1:1]
	}
	return []step{
		{text: "SELECT 1 FROM workspaces WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE", table: table{types: "t"}, rows: ids},
		{text: numbersPostgres, table: table{types: "ti"}, rows: taken},
		{text: conversationsPostgres, table: conversationTable, rows: rows, must: true},
	}
}

const numbersPostgres = "UPDATE workspaces w SET last_number = w.last_number + k.n FROM unnest($1::text[], $2::bigint[]) AS k(id, n) WHERE w.id = k.id"

var (
	conversationsPostgres = "INSERT INTO conversations (" + conversationTable.columns + ") SELECT k.workspace, k.id, k.contact, w.last_number + 1 - k.number, " +
		"k.state, k.channel, k.agent, k.team, k.subject, k.opened, k.closed, k.last_at, k.waiting, k.seq, k.referral FROM " +
		unnested(conversationTable.types) + " AS k(" + conversationTable.columns + ") JOIN workspaces w ON w.id = k.workspace ORDER BY k.workspace, k.contact"
	conversationsSQLite = "INSERT INTO conversations (" + conversationTable.columns + ") VALUES (?1, ?2, ?3, (SELECT last_number + 1 - ?4 FROM workspaces WHERE id = ?1), " +
		"?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
)

func (t *transaction) newMessages(all []core.Message) []step {
	rows, parts := make([][]any, len(all)), make([][]any, 0, len(all))
	for i, m := range all {
		r := t.in(m.Workspace)
		row := r.messageRow(m)
		rows[i] = row.fields()[:len(messageTable.types)]
		for _, p := range m.Parts {
			part := r.partRow(m, p)
			parts = append(parts, part.fields())
		}
	}
	return []step{t.insert(messageTable, rows, "", true), t.insert(partTable, parts, "", true)}
}

func (t *transaction) newFiles(all []core.Owned[core.File]) step {
	return t.insert(fileTable, rowsOf(all, func(o core.Owned[core.File]) []any {
		row := t.in(o.Workspace).fileRow(o.Value)
		return row.fields()
	}), "", true)
}

func (t *transaction) newEvents(all []core.Owned[core.ConversationEvent]) step {
	return t.insert(conversationEventTable, rowsOf(all, func(o core.Owned[core.ConversationEvent]) []any {
		row := t.in(o.Workspace).conversationEventRow(o.Value)
		return row.fields()
	}), "", true)
}

const raiseWindow = "ON CONFLICT (workspace, identity, channel) DO UPDATE SET last = excluded.last WHERE reply_windows.last IS NULL OR reply_windows.last < excluded.last"

// openWindows opens reply windows. Of several acts of one person the newest counts: PostgreSQL changes no row twice in a statement.
func (t *transaction) openWindows(all []core.Owned[core.Touch]) step {
	all = slices.SortedFunc(slices.Values(all), func(a, b core.Owned[core.Touch]) int {
		return cmp.Or(cmp.Compare(a.Workspace, b.Workspace), cmp.Compare(a.Value.Identity, b.Value.Identity), cmp.Compare(a.Value.Channel, b.Value.Channel),
			b.Value.At.Compare(a.Value.At))
	})
	all = slices.CompactFunc(all, func(a, b core.Owned[core.Touch]) bool {
		return a.Workspace == b.Workspace && a.Value.Identity == b.Value.Identity && a.Value.Channel == b.Value.Channel
	})
	return t.insert(windowTable, rowsOf(all, func(o core.Owned[core.Touch]) []any {
		row := windowRow{string(o.Workspace), string(o.Value.Channel), string(o.Value.Identity), at(o.Value.At)}
		return row.fields()
	}), raiseWindow, false)
}

// change sets columns of the rows whose workspace and id are the first two columns of the arguments.
func (t *transaction) change(what table, rows [][]any) step {
	text := t.s.spelt.once(spelling{"change", what, ""}, func() string { return t.s.spellChange(what) })
	return step{text: text, table: what, rows: rows, must: true}
}

func (s *Store) spellChange(what table) string {
	columns := strings.Split(what.columns, ", ")
	sets := make([]string, 0, len(columns))
	for i, c := range columns[2:] {
		value := "k." + c
		if s.postgres == nil {
			value = "?" + strconv.Itoa(i+3)
		}
		sets = append(sets, c+" = "+value)
	}
	text := "UPDATE " + what.name + " AS x SET " + strings.Join(sets, ", ")
	if s.postgres == nil {
		return text + " WHERE workspace = ?1 AND id = ?2"
	}
	return text + " FROM " + unnested(what.types) + " AS k(" + what.columns + ") WHERE x.workspace = k.workspace AND x.id = k.id"
}

var placedTable = table{"conversations", "workspace, id, state, channel, agent, team, closed, waiting, referral, seq, last_at", "tttTTTnnTin"}

// placeConversations changes all that may change of conversations.
func (t *transaction) placeConversations(all []core.Conversation) step {
	return t.change(placedTable, rowsOf(all, func(c core.Conversation) []any {
		r := t.in(c.Workspace).conversationRow(c)
		return []any{&r.Workspace, &r.ID, &r.State, &r.Channel, &r.Agent, &r.Team, &r.Closed, &r.Waiting, &r.Referral, &r.Seq, &r.LastAt}
	}))
}

var movedTable = table{"conversations", "workspace, id, waiting, seq, last_at", "ttnin"}

// moveConversations changes conversations that have new messages and are else what they were: what is not set needs no check and no place in an index.
func (t *transaction) moveConversations(all []core.Conversation) step {
	return t.change(movedTable, rowsOf(all, func(c core.Conversation) []any {
		r := conversationRow{Workspace: string(c.Workspace), ID: string(c.ID), Waiting: at(c.Waiting), Seq: c.Seq, LastAt: at(c.LastAt)}
		return []any{&r.Workspace, &r.ID, &r.Waiting, &r.Seq, &r.LastAt}
	}))
}

var changedParts = table{"parts", "workspace, id, status, error, attempts, not_before, sent, updated", "tttTinnn"}

func (t *transaction) changeParts(all []core.Owned[core.Part]) step {
	return t.change(changedParts, rowsOf(all, func(o core.Owned[core.Part]) []any {
		r := t.in(o.Workspace).partRow(core.Message{}, o.Value)
		return []any{&r.Workspace, &r.ID, &r.Status, &r.Error, &r.Attempts, &r.NotBefore, &r.Sent, &r.Updated}
	}))
}

var changedStatuses = table{"messages", "workspace, id, status, error", "tttT"}

func (t *transaction) changeStatuses(all []core.Message) step {
	return t.change(changedStatuses, rowsOf(all, func(m core.Message) []any {
		r := t.in(m.Workspace).messageRow(m)
		return []any{&r.Workspace, &r.ID, &r.Status, &r.Error}
	}))
}

func (t *transaction) newLogEntries(all []core.Owned[core.LogEntry]) step {
	return t.insert(logTable, rowsOf(all, func(o core.Owned[core.LogEntry]) []any {
		row := t.in(o.Workspace).logRow(o.Value)
		return row.fields()
	}), "", true)
}
