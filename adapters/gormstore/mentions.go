package gormstore

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"causeway/core"
)

// text is a table in which people are mentioned, rather than named by a column of their own.
type text struct {
	table string
	key   []string // behind the workspace
	texts []string // in which they may be
	bytes []string // likewise, of bytes
	rows  int      // that are looked at in one go
	only  string   // of which rows; empty: all
}

var textOf = map[core.EraseStep]text{
	core.EraseLog:     {table: "channel_log", key: []string{"channel", "id"}, texts: []string{"url", "request", "response", "note"}, rows: eraseRows},
	core.EraseLetters: {table: "dead_letters", key: []string{"id"}, texts: []string{"event", "reason"}, bytes: []string{"raw"}, rows: eraseRows},
	core.EraseParked:  {table: "parked_events", key: []string{"id"}, texts: []string{"event"}, rows: eraseRows},
	core.EraseSeen:    {table: "seen_events", key: []string{"channel", "kind", "id"}, texts: []string{"id"}, rows: 5 * eraseRows},
	core.EraseRecords: {table: "safe_records", key: []string{"channel", "space", "key"}, texts: []string{"key"}, rows: 5 * eraseRows},
	core.EraseValues:  {table: "small_values", key: []string{"owner", "name"}, texts: []string{"name"}, bytes: []string{"value"}, rows: eraseRows, only: "owner <> 'automation'"},
}

// mentions finds the next rows of a step that mention the people who are erased.
func (r repo) mentions(ctx context.Context, step core.EraseStep, s core.EraseSearch, place string) (b core.EraseBatch, err error) {
	t := textOf[step]
	if len(s.Addresses) == 0 && step != core.EraseValues {
		return b, nil
	}
	from := make([]string, len(t.key))
	if place != "" {
		if err := json.Unmarshal([]byte(place), &from); err != nil {
			return b, err
		}
	}
	end, err := r.windowEnd(ctx, t.table, t.key, from, t.rows)
	if err != nil || end == nil {
		return b, err
	}
	raw, _ := json.Marshal(end) // texts
	b.Next = string(raw)
	if b.Rows, err = r.mentioning(ctx, t, namesOf(s.Addresses), from, end); err != nil || step != core.EraseValues {
		return b, err
	}
	about, err := r.valuesAbout(ctx, s, from, end)
	for _, row := range about {
		if !slices.ContainsFunc(b.Rows, func(x []string) bool { return slices.Equal(x, row) }) {
			b.Rows = append(b.Rows, row)
		}
	}
	return b, err
}

// mentioning finds rows between two keys that mention one of the names. The database picks out those in which the letters are, without regard to what
// stands around them.
func (r repo) mentioning(ctx context.Context, t text, names []name, from, end []string) (all [][]string, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	condition, args := r.anywhere(t, names)
	columns := slices.Concat(t.key, t.texts, t.bytes)
	q := r.after(r.rows(ctx).Table(t.table), t.key, from).Select(columns).Where("("+strings.Join(t.key, ", ")+") <= ?", anys(end)).Where(condition, args...)
	if t.only != "" {
		q = q.Where(t.only)
	}
	rows, err := q.Order(strings.Join(t.key, ", ")).Rows()
	if err != nil {
		return nil, fail(err)
	}
	defer func() { _ = rows.Close() }() // Err tells
	for rows.Next() {
		found, into := make([][]byte, len(columns)), make([]any, len(columns))
		for i := range found {
			into[i] = &found[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		key := make([]string, len(t.key))
		for i := range key {
			key[i] = string(found[i])
		}
		if slices.ContainsFunc(found[len(t.key):], func(text []byte) bool { return mentioned(text, names) }) {
			all = append(all, key)
		}
	}
	return all, fail(rows.Err())
}

// anywhere is the condition that the letters of a name are in one of the columns. Values that links and others keep for good are about more than one
// person, unless their own name says otherwise.
func (r repo) anywhere(t text, names []name) (condition string, args []any) {
	var each []string
	for _, n := range names {
		for _, c := range t.texts {
			if r.s.postgres != nil {
				each = append(each, "strpos(lower("+c+"), ?) > 0")
			} else {
				each = append(each, "instr(lower("+c+"), ?) > 0")
			}
			args = append(args, strings.ToLower(n.text))
		}
		for _, c := range t.bytes {
			only := ""
			if t.table == "small_values" {
				only = "expires IS NOT NULL AND "
			}
			if r.s.postgres != nil {
				each = append(each, "("+only+"strpos(lower(encode("+c+", 'escape')), ?) > 0)")
			} else {
				each = append(each, "("+only+"instr(lower(CAST("+c+" AS TEXT)), ?) > 0)")
			}
			args = append(args, strings.ToLower(n.text))
		}
	}
	return "(" + strings.Join(each, " OR ") + ")", args
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// valuesAbout finds small values between two keys whose owner or name has the id of one of the people or of their conversations, or that links have of
// them.
func (r repo) valuesAbout(ctx context.Context, s core.EraseSearch, from, end []string) ([][]string, error) {
	t := textOf[core.EraseValues]
	keys, err := keysOf(r.after(r.rows(ctx).Table(t.table), t.key, from).Select(t.key).Where("(owner, name) <= ? AND "+t.only, anys(end)), len(t.key))
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, k := range keys {
		ids = append(ids, uuids.FindAllString(k[0]+" "+k[1], -1)...)
	}
	about := map[string]bool{}
	for _, id := range s.People {
		about[string(id)] = true
	}
	slices.Sort(ids)
	for some := range slices.Chunk(slices.Compact(ids), atOnce) {
		var found []string
		if err := r.rows(ctx).Table("conversations").Where("id IN ? AND contact IN ?", some, s.People).Pluck("id", &found).Error; err != nil {
			return nil, fail(err)
		}
		for _, id := range found {
			about[id] = true
		}
	}
	return slices.DeleteFunc(keys, func(k []string) bool {
		return !slices.Contains(s.Values, core.ValueName{Owner: k[0], Name: k[1]}) &&
			!slices.ContainsFunc(uuids.FindAllString(k[0]+" "+k[1], -1), func(id string) bool { return about[id] })
	}), nil
}

// name is letters by which a person is known in texts.
type name struct {
	text   string
	inside bool // of what is encoded: anything may stand around it
}

// shortestName is how long an address must be to be looked for in texts: shorter ones stand everywhere.
const shortestName = 5

// namesOf are the letters of addresses: as they are, as they stand in URLs, and of numbers as they stand in ids that have them in base64, as WhatsApp's do.
func namesOf(addresses []core.IdentityKey) []name {
	var all []name
	for _, k := range addresses {
		if len(k.Value) < shortestName {
			continue
		}
		all = append(all, name{text: k.Value})
		if escaped := url.QueryEscape(k.Value); escaped != k.Value {
			all = append(all, name{text: escaped})
		}
		if len(k.Value) >= 8 && digits(k.Value) {
			for shift := range 3 {
				all = append(all, name{encoded(k.Value, shift), true})
			}
		}
	}
	return all
}

func digits(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

// encoded are the letters of a text in base64 that do not hang on what is around it, shift bytes behind a multiple of three.
func encoded(s string, shift int) string {
	all := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), s...))
	return all[(shift*8+5)/6 : (shift+len(s))*8/6]
}

// mentioned reports whether one of the names is in a text, on its own rather than in a longer word or number.
func mentioned(text []byte, names []name) bool {
	var lower []byte
	for _, n := range names {
		if n.inside {
			if bytes.Contains(text, []byte(n.text)) {
				return true
			}
			continue
		}
		if lower == nil {
			lower = bytes.ToLower(text)
		}
		if alone(lower, strings.ToLower(n.text)) {
			return true
		}
	}
	return false
}

func alone(text []byte, name string) bool {
	number := digits(name)
	joins := func(c byte) bool {
		return c >= '0' && c <= '9' || !number && (c >= 'a' && c <= 'z' || c == '_')
	}
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(name))
		if i < 0 {
			return false
		}
		begin, end := from+i, from+i+len(name)
		if (begin == 0 || !joins(text[begin-1])) && (end == len(text) || !joins(text[end])) {
			return true
		}
		from = begin + 1
	}
}

// jobsToErase finds jobs that mention people, or are about one of their messages, and do not run.
func (r repo) jobsToErase(ctx context.Context, s core.EraseSearch, place string) (b core.EraseBatch, err error) {
	from, _ := strconv.ParseInt(place, 10, 64) // zero at first
	columns := "id, kind, json(args) AS args, coalesce(json(errors), '') AS errors"
	if r.s.postgres != nil {
		columns = "id, kind, args::text AS args, coalesce(errors::text, '') AS errors"
	}
	var jobs []struct {
		ID                 int64
		Kind, Args, Errors string
	}
	db := r.s.reader.WithContext(ctx)
	if r.t != nil {
		db = r.t.db.WithContext(ctx)
	}
	err = db.Raw("SELECT "+columns+" FROM river_job WHERE id > ? AND state <> 'running' ORDER BY id LIMIT ?", from, eraseRows).Scan(&jobs).Error
	if err != nil {
		return b, fail(err)
	}
	names := namesOf(s.Addresses)
	for _, j := range jobs {
		b.Next = strconv.FormatInt(j.ID, 10)
		var args struct{ Workspace, Key string }
		if json.Unmarshal([]byte(j.Args), &args) != nil || args.Workspace != r.ws {
			continue
		}
		about, err := r.jobAbout(ctx, s, core.JobKind(j.Kind), args.Key)
		if err != nil {
			return b, err
		}
		if about || mentioned([]byte(j.Args), names) || mentioned([]byte(j.Errors), names) {
			b.Rows = append(b.Rows, []string{b.Next})
		}
	}
	return b, nil
}

// jobAbout reports whether a job has words of a message of people.
func (r repo) jobAbout(ctx context.Context, s core.EraseSearch, kind core.JobKind, key string) (bool, error) {
	if kind != core.JobAmend {
		return false, nil
	}
	id, _, _ := strings.Cut(key, "/")
	var n int64
	err := r.rows(ctx).Table("messages").Where("id = ? AND contact IN ?", id, s.People).Count(&n).Error
	return n > 0, fail(err)
}

// dropJobs deletes jobs, unless they have been started meanwhile.
func (r repo) dropJobs(ctx context.Context, rows [][]string, e *core.Erased) error {
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i], _ = strconv.ParseInt(row[0], 10, 64) // we wrote it
	}
	n, err := r.exec(ctx, "DELETE FROM river_job WHERE id IN ? AND state <> 'running'", ids)
	e.Counts[string(core.EraseJobs)] += int(n)
	return err
}
