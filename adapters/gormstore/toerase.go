package gormstore

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"causeway/core"

	"gorm.io/gorm"
)

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
