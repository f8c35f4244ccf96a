package gormstore

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"causeway/core"

	"gorm.io/gorm"
)

// blank is what a message says that was erased. Its row stays, for reports count it.
var blank = asDoc(core.Content{Kind: core.KindSystem})

const (
	eraseMessages = 200
	eraseFiles    = 100
	eraseRows     = 500
)

// spot is a place among the messages, or the history, of conversations.
type spot struct {
	In       core.ConversationID `json:"in"`
	Done     bool                `json:"done,omitempty"` // with that one
	Historic bool                `json:"historic,omitempty"`
	Seq      int64               `json:"seq,omitempty"`
	ID       string              `json:"id,omitempty"` // empty: at its beginning
}

func readSpot(place string) (s spot, err error) {
	if place != "" {
		err = json.Unmarshal([]byte(place), &s)
	}
	return s, err
}

func (s spot) String() string {
	raw, _ := json.Marshal(s) // plain data
	return string(raw)
}

// ToErase finds what is next of a step.
func (r repo) ToErase(ctx context.Context, step core.EraseStep, s core.EraseSearch, place string) (core.EraseBatch, error) {
	switch step {
	case core.EraseUploads:
		return r.uploadsToErase(ctx, s, place)
	case core.EraseShared:
		return r.sharedFiles(ctx, s, place)
	case core.EraseMessages:
		return r.messagesToErase(ctx, s, place)
	case core.EraseGroups:
		return r.groupsToErase(ctx, s, place)
	case core.EraseFiles:
		return r.filesToErase(ctx, s)
	case core.EraseMails:
		return r.mailsToErase(ctx, s)
	case core.EraseConversations:
		return r.historyToErase(ctx, s, place)
	case core.EraseJobs:
		return r.jobsToErase(ctx, s, place)
	default:
		return r.mentions(ctx, step, s, place)
	}
}

// saying is what is looked at of a message.
type saying struct {
	ID        string
	Historic  bool
	Seq       int64
	Direction string
	Author    doc[core.Author]
	Content   string
	Identity  string
	Key       string
}

func (s saying) erased() bool { return s.Identity == "" && s.Key == "" && s.Content == blankText() }

func blankText() string {
	v, _ := blank.Value() // plain data
	return v.(string)
}

// nextConversation moves a spot that is done with its conversation to the next one of those; false: there is none.
func nextConversation(all *gorm.DB, at *spot) (bool, error) {
	if at.In != "" && !at.Done {
		return true, nil
	}
	var ids []core.ConversationID
	err := all.Table("conversations").Where("id > ?", at.In).Order("id").Limit(1).Pluck("id", &ids).Error
	if err != nil || len(ids) == 0 {
		return false, fail(err)
	}
	*at = spot{In: ids[0]}
	return true, nil
}

// said reads a page of messages in conversations, and where to go on; an empty place: there are no more.
func (r repo) said(ctx context.Context, conversations *gorm.DB, place string, limit int) (page []saying, in core.ConversationID, next string, err error) {
	at, err := readSpot(place)
	if err != nil {
		return nil, "", "", err
	}
	more, err := nextConversation(conversations, &at)
	if err != nil || !more {
		return nil, "", "", err
	}
	q := r.rows(ctx).Table("messages").Where("conversation = ?", at.In)
	if at.ID != "" {
		q = q.Where("(historic, seq, id) > (?, ?, ?)", at.Historic, at.Seq, at.ID)
	}
	if err := q.Order("historic, seq, id").Limit(limit).Find(&page).Error; err != nil {
		return nil, "", "", fail(err)
	}
	if n := len(page); n == limit {
		at = spot{In: at.In, Historic: page[n-1].Historic, Seq: page[n-1].Seq, ID: page[n-1].ID}
	} else {
		at.Done = true
	}
	return page, at.In, at.String(), nil
}

// ownConversations are those of people.
func (r repo) ownConversations(ctx context.Context, s core.EraseSearch) *gorm.DB {
	return r.rows(ctx).Where("contact IN ?", s.People)
}

// shows are the files that contents show.
func shows(contents []string) []string {
	var ids []string
	for _, text := range contents {
		var c struct {
			Media struct{ ID string } `json:"media"`
		}
		if strings.Contains(text, `"media"`) && json.Unmarshal([]byte(text), &c) == nil && c.Media.ID != "" {
			ids = append(ids, c.Media.ID)
		}
	}
	return ids
}

// uploadsToErase finds files that were uploaded for messages to people: so far they are nobody's.
func (r repo) uploadsToErase(ctx context.Context, s core.EraseSearch, place string) (b core.EraseBatch, err error) {
	page, in, next, err := r.said(ctx, r.ownConversations(ctx, s), place, eraseMessages)
	b.Next = next
	var contents []string
	for _, m := range page {
		contents = append(contents, m.Content)
	}
	ids := shows(contents)
	if err != nil || len(ids) == 0 {
		return b, err
	}
	err = r.rows(ctx).Table("files").Where("id IN ? AND conversation IS NULL AND message IS NULL", ids).Pluck("id", &b.Files).Error
	if len(b.Files) > 0 {
		b.In = in
	}
	return b, fail(err)
}

// sharedFiles finds files of people that messages to others show. All messages are walked through, unless they have no files.
func (r repo) sharedFiles(ctx context.Context, s core.EraseSearch, place string) (b core.EraseBatch, err error) {
	if place == "" {
		var some []string
		err := r.rows(ctx).Table("files").Where(theirs, r.ws, s.People).Limit(1).Pluck("id", &some).Error
		if err != nil || len(some) == 0 {
			return b, fail(err)
		}
	}
	end, err := r.windowEnd(ctx, "messages", []string{"id"}, []string{place}, 5*eraseRows)
	if err != nil || end == nil {
		return b, err
	}
	var contents []string
	err = r.rows(ctx).Table("messages").Where("id > ? AND id <= ? AND direction = 'out' AND contact NOT IN ?", place, end[0], s.People).
		Where(`content LIKE '%"media":{"id":%'`).Pluck("content", &contents).Error
	b.Next = end[0]
	ids := shows(contents)
	if err != nil || len(ids) == 0 {
		return b, fail(err)
	}
	return b, fail(r.rows(ctx).Table("files").Where("id IN ?", ids).Where(theirs, r.ws, s.People).Pluck("id", &b.Files).Error)
}

// windowEnd returns the key of the last of the next rows of a table, or nil at its end.
func (r repo) windowEnd(ctx context.Context, table string, key, from []string, limit int) ([]string, error) {
	q := r.after(r.rows(ctx).Table(table), key, from).Select(key)
	columns := strings.Join(key, ", ")
	for _, try := range []func(*gorm.DB) *gorm.DB{
		func(q *gorm.DB) *gorm.DB { return q.Order(columns).Offset(limit - 1).Limit(1) },
		func(q *gorm.DB) *gorm.DB { return q.Order(strings.Join(key, " DESC, ") + " DESC").Limit(1) },
	} {
		found, err := keysOf(try(q.Session(&gorm.Session{})), len(key))
		if err != nil || len(found) > 0 {
			return first(found), err
		}
	}
	return nil, nil
}

func first(all [][]string) []string {
	if len(all) == 0 {
		return nil
	}
	return all[0]
}

// after narrows to the rows behind a key; with the empty text in front they are all.
func (r repo) after(q *gorm.DB, key, from []string) *gorm.DB {
	if len(from) != len(key) || from[0] == "" {
		return q
	}
	return q.Where("("+strings.Join(key, ", ")+") > ?", anys(from))
}

func anys(all []string) []any {
	values := make([]any, len(all))
	for i, v := range all {
		values[i] = v
	}
	return values
}

// keysOf reads the keys of rows.
func keysOf(q *gorm.DB, columns int) (all [][]string, err error) {
	rows, err := q.Rows()
	if err != nil {
		return nil, fail(err)
	}
	defer func() { _ = rows.Close() }() // Err tells
	for rows.Next() {
		key, into := make([]string, columns), make([]any, columns)
		for i := range key {
			into[i] = &key[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		all = append(all, key)
	}
	return all, fail(rows.Err())
}

func (r repo) messagesToErase(ctx context.Context, s core.EraseSearch, place string) (b core.EraseBatch, err error) {
	page, _, next, err := r.said(ctx, r.ownConversations(ctx, s), place, eraseMessages)
	if err != nil {
		return b, err
	}
	b.Next = next
	for _, m := range page {
		if !m.erased() {
			b.Messages = append(b.Messages, core.MessageID(m.ID))
		}
	}
	return b, r.withFiles(ctx, &b)
}

// withFiles adds the files of a batch's messages.
func (r repo) withFiles(ctx context.Context, b *core.EraseBatch) error {
	if len(b.Messages) == 0 {
		return nil
	}
	all, err := list[fileRow](r.rows(ctx).Where("message IN ?", b.Messages))
	for _, f := range all {
		b.Files = append(b.Files, f.ID)
	}
	b.Came, b.Blobs = all, blobsOf(b.Files)
	return err
}

// blobsOf are where files lie, or come to lie.
func blobsOf(ids []core.MediaID) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = "media/" + string(id)
	}
	return all
}

// groupsToErase finds what people said in groups, where they are known by their names, and their reactions there.
func (r repo) groupsToErase(ctx context.Context, s core.EraseSearch, place string) (b core.EraseBatch, err error) {
	if len(s.Names) == 0 {
		return b, nil
	}
	groups := r.rows(ctx).Where("contact IN (SELECT contact FROM identities WHERE workspace = ? AND scheme = ?)", r.ws, core.SchemeGroup)
	page, _, next, err := r.said(ctx, groups, place, eraseMessages)
	if err != nil {
		return b, err
	}
	b.Next = next
	ids := make([]string, len(page))
	for i, m := range page {
		ids[i] = m.ID
		if m.Direction == string(core.In) && slices.Contains(s.Names, m.Author.v.Name) && !m.erased() {
			b.Messages = append(b.Messages, core.MessageID(m.ID))
		}
	}
	if len(ids) > 0 {
		who := make([]string, len(s.Names))
		for i, n := range s.Names {
			who[i] = string(core.AuthorContact) + "//" + n
		}
		if b.Rows, err = keysOf(r.rows(ctx).Table("reactions").Select("message", "who").Where("message IN ? AND who IN ?", ids, who), 2); err != nil {
			return b, err
		}
	}
	return b, r.withFiles(ctx, &b)
}

func (r repo) filesToErase(ctx context.Context, s core.EraseSearch) (b core.EraseBatch, err error) {
	err = r.rows(ctx).Table("files").Where(theirs, r.ws, s.People).Limit(eraseFiles).Pluck("id", &b.Files).Error
	if b.Blobs = blobsOf(b.Files); len(b.Files) > 0 {
		b.Next = "more"
	}
	return b, fail(err)
}

func (r repo) mailsToErase(ctx context.Context, s core.EraseSearch) (b core.EraseBatch, err error) {
	found, err := list[mailRow](r.rows(ctx).Where(theirs, r.ws, s.People).Limit(eraseFiles))
	for _, m := range found {
		b.Next = "more"
		b.Rows = append(b.Rows, []string{string(m.ID)})
		if m.Blob != "" {
			b.Blobs = append(b.Blobs, m.Blob)
		}
	}
	return b, err
}

// historyToErase finds the history of conversations; with the last of one, the rest of it.
func (r repo) historyToErase(ctx context.Context, s core.EraseSearch, place string) (b core.EraseBatch, err error) {
	at, err := readSpot(place)
	if err != nil {
		return b, err
	}
	more, err := nextConversation(r.ownConversations(ctx, s), &at)
	if err != nil || !more {
		return b, err
	}
	q := r.rows(ctx).Table("conversation_events").Select("conversation", "id").Where("conversation = ? AND id > ?", at.In, at.ID)
	if b.Rows, err = keysOf(q.Order("id").Limit(eraseRows), 2); err != nil {
		return b, err
	}
	if n := len(b.Rows); n == eraseRows {
		at.ID = b.Rows[n-1][1]
	} else {
		at.Done, b.In = true, at.In
	}
	b.Next = at.String()
	return b, nil
}

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
var counted = []core.ConversationEventKind{core.EventOpened, core.EventClosed, core.EventReopened, core.EventAssigned}

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
