package gormstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"causeway/core/retain"
)

var _ retain.Store = (*Store)(nil)

// aging is a table whose rows grow old.
type aging struct {
	table string
	key   []string // its primary key
	age   string   // the column that tells from when a row is
	only  string   // which rows count; empty: all
	take  string   // what is set where rows are not deleted
	byAge bool     // age has an index; else the whole table is walked along its key, for an index would make each insert dearer
}

// agingOf says how to expire what.
func agingOf(kind retain.Kind) (aging, error) {
	switch kind {
	case retain.Events:
		return aging{table: "seen_events", key: []string{"workspace", "channel", "kind", "id"}, age: "at"}, nil
	case retain.Log:
		return aging{table: "channel_log", key: []string{"workspace", "channel", "id"}, age: "at", byAge: true}, nil
	case retain.Bodies:
		return aging{table: "channel_log", key: []string{"workspace", "channel", "id"}, age: "at", byAge: true,
			only: "(request <> '' OR response <> '')", take: "request = '', response = ''"}, nil
	case retain.Letters:
		return aging{table: "dead_letters", key: []string{"workspace", "id"}, age: "at"}, nil
	case retain.Mails:
		return aging{table: "mails", key: []string{"workspace", "id"}, age: "received", only: "state <> 'new' AND blob_key <> ''", take: "blob_key = ''"}, nil
	case retain.Notices:
		return aging{table: "notices", key: []string{"workspace", "id"}, age: "sent", only: "state = 'sent' AND body <> ''", take: "body = ''"}, nil
	case retain.Values:
		return aging{table: "small_values", key: []string{"workspace", "owner", "name"}, age: "expires", byAge: true, only: "expires IS NOT NULL"}, nil
	case retain.Records:
		return aging{table: "safe_records", key: []string{"workspace", "channel", "space", "key"}, age: "expires", byAge: true, only: "expires IS NOT NULL"}, nil
	case retain.Erased:
		return aging{table: "erased_ids", key: []string{"workspace", "mark"}, age: "until", byAge: true}, nil
	case retain.Files:
	}
	return aging{}, fmt.Errorf("nothing in the database is called %q", kind)
}

// Expire forgets old rows. It reads on a connection that holds up no writer, and writes only if there is something to forget.
func (s *Store) Expire(ctx context.Context, kind retain.Kind, before time.Time, from string, limit int) (int, string, error) {
	a, err := agingOf(kind)
	if err != nil {
		return 0, "", err
	}
	query, args, err := a.look(before, from, limit)
	if err != nil {
		return 0, "", err
	}
	rows, err := s.agingRows(ctx, a, query, args)
	if err != nil || len(rows) == 0 {
		return 0, "", fail(err)
	}
	var old [][]string
	for _, r := range rows {
		if r.age != nil && *r.age < before.UnixMicro() {
			old = append(old, r.key)
		}
	}
	next := ""
	if len(rows) == limit {
		next = a.place(rows[len(rows)-1])
	}
	if len(old) == 0 {
		return 0, next, nil
	}
	statement, args := a.forget(before, old)
	done := s.writer.WithContext(ctx).Exec(statement, args...)
	return int(done.RowsAffected), next, fail(done.Error)
}

// agingRow is a row's key and age; rows that do not count have none.
type agingRow struct {
	key []string
	age *int64
}

func (s *Store) agingRows(ctx context.Context, a aging, query string, args []any) (all []agingRow, err error) {
	found, err := s.reader.WithContext(ctx).Raw(query, args...).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }() // Err tells
	for found.Next() {
		r := agingRow{key: make([]string, len(a.key))}
		into := []any{&r.age}
		for i := range r.key {
			into = append(into, &r.key[i])
		}
		if err := found.Scan(into...); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, found.Err()
}

// look is the query for the next rows.
func (a aging) look(before time.Time, from string, limit int) (string, []any, error) {
	key, age := strings.Join(a.key, ", "), a.age
	if a.byAge {
		least := int64(0)
		if from != "" {
			var err error
			if least, err = strconv.ParseInt(from, 10, 64); err != nil {
				return "", nil, fmt.Errorf("place in %s: %w", a.table, err)
			}
		}
		where := age + " >= ? AND " + age + " < ?"
		if a.only != "" {
			where += " AND " + a.only
		}
		return "SELECT " + age + ", " + key + " FROM " + a.table + " WHERE " + where + " ORDER BY " + age + " LIMIT ?", []any{least, before.UnixMicro(), limit}, nil
	}
	if a.only != "" {
		age = "CASE WHEN " + a.only + " THEN " + age + " END"
	}
	query, args := "SELECT "+age+", "+key+" FROM "+a.table, []any{}
	if from != "" {
		var last []string
		if err := json.Unmarshal([]byte(from), &last); err != nil || len(last) != len(a.key) {
			return "", nil, fmt.Errorf("place in %s: %q", a.table, from)
		}
		query += " WHERE (" + key + ") > " + marks(len(last))
		for _, v := range last {
			args = append(args, v)
		}
	}
	return query + " ORDER BY " + key + " LIMIT ?", append(args, limit), nil
}

// place is where to go on after a row. Rows of the same age may be left: those that were seen are forgotten, and do not come again.
func (a aging) place(r agingRow) string {
	if a.byAge {
		return strconv.FormatInt(*r.age, 10)
	}
	text, _ := json.Marshal(r.key) // strings: it cannot fail
	return string(text)
}

// forget is the statement that forgets rows, unless they have been changed since.
func (a aging) forget(before time.Time, keys [][]string) (string, []any) {
	what, args := "DELETE FROM "+a.table, []any{}
	if a.take != "" {
		what = "UPDATE " + a.table + " SET " + a.take
	}
	values := make([]string, len(keys))
	for i, k := range keys {
		values[i] = marks(len(k))
		for _, v := range k {
			args = append(args, v)
		}
	}
	what += " WHERE (" + strings.Join(a.key, ", ") + ") IN (VALUES " + strings.Join(values, ", ") + ") AND " + a.age + " < ?"
	if a.only != "" {
		what += " AND " + a.only
	}
	return what, append(args, before.UnixMicro())
}

func marks(n int) string { return "(" + strings.TrimSuffix(strings.Repeat("?, ", n), ", ") + ")" }

// Named returns those of the keys of files that a row of any workspace names. A medium is its file's from before it is fetched.
func (s *Store) Named(ctx context.Context, keys []string) ([]string, error) {
	all, err := s.Workspaces(ctx)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	var workspaces, media, mails []string
	for _, ws := range all {
		workspaces = append(workspaces, string(ws))
	}
	for _, k := range keys {
		if id, ok := strings.CutPrefix(k, "media/"); ok {
			media = append(media, id)
		} else if id, ok := strings.CutPrefix(k, "mail/"); ok {
			mails = append(mails, id)
		}
	}
	var named []string
	for _, q := range []struct {
		prefix, query string
		ids           []string
	}{
		{"media/", "SELECT id FROM files WHERE workspace IN ? AND id IN ?", media},
		{"mail/", "SELECT key FROM mails WHERE workspace IN ? AND key <> '' AND key IN ? AND blob_key <> ''", mails},
	} {
		if len(q.ids) == 0 {
			continue
		}
		var found []string
		if err := s.reader.WithContext(ctx).Raw(q.query, workspaces, q.ids).Scan(&found).Error; err != nil {
			return nil, fail(err)
		}
		for _, id := range found {
			named = append(named, q.prefix+id)
		}
	}
	return named, nil
}
