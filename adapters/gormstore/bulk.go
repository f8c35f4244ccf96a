package gormstore

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// step is one statement of a bulk: for many rows at once on PostgreSQL, prepared and run for each row on SQLite.
type step struct {
	text   string
	unless string  // on SQLite: rows with which this query finds something are left out
	table  table   // the rows are its; on PostgreSQL one array for each column
	rows   [][]any // arguments
	keys   bool    // the rows are what is looked for: one JSON array of them on SQLite
	each   reading // reads a row of the result; nil: the statement returns none
	must   bool    // every row must be stored, or the bulk was outrun
}

// reading reads one row.
type reading func(scan func(into ...any) error) error

// table is columns and their types, one letter for each: t text, T text or NULL, i whole number, n whole number or NULL, b boolean.
type table struct {
	name    string
	columns string
	types   string
}

// bulk runs the steps in order, on PostgreSQL in one round trip.
func (t *transaction) bulk(ctx context.Context, steps ...step) error {
	return run(ctx, t.running.steps, steps)
}

// look runs steps that read, in the transaction if there is one, on PostgreSQL in one round trip.
func (r repo) look(ctx context.Context, steps ...step) error {
	if r.t != nil {
		return r.t.bulk(ctx, steps...)
	}
	return run(ctx, r.s.engine.read, steps)
}

func run(ctx context.Context, all func(ctx context.Context, steps []step) error, steps []step) error {
	steps = ready(steps)
	if len(steps) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil { // drivers would call the connection broken
		return err
	}
	return fail(translate(all(ctx, steps)))
}

// ready leaves those steps that have something to do, with arguments that are plain.
func ready(steps []step) []step {
	steps = slices.DeleteFunc(steps, func(s step) bool { return len(s.rows) == 0 })
	for _, s := range steps {
		for _, row := range s.rows {
			for i, v := range row {
				row[i] = plainAt(v)
			}
		}
	}
	return steps
}

// insert adds rows to a table. Where it must, all of them.
func (t *transaction) insert(into table, rows [][]any, conflict string, must bool) step {
	text := t.s.spelt.once(spelling{"insert", into, conflict}, func() string {
		head := "INSERT INTO " + into.name + " (" + into.columns + ") "
		if t.s.postgres != nil {
			return head + "SELECT * FROM " + unnested(into.types) + " " + conflict
		}
		return head + "VALUES (?" + strings.Repeat(", ?", len(into.types)-1) + ") " + conflict
	})
	return step{text: text, table: into, rows: rows, must: must}
}

// find selects what belongs to keys, in a text that both databases are given their own form of:
//
//	{keys}                            the keys, with the columns k0, k1 and so on
//	{with TABLE AS ALIAS: CONDITION}  joins a table so that it is looked into once for each key
//	{reactions to m}                  the reactions to the message m
//
// So "SELECT p.id FROM {keys} {with parts AS p: p.workspace = k.k0 AND p.id = k.k1}" finds parts by workspace and id.
func (s *Store) find(text, types string, keys [][]any, each reading) step {
	spelt := s.spelt.once(spelling{"find", table{types: types}, text}, func() string { return s.spell(text, types) })
	return step{text: spelt, table: table{types: types}, rows: keys, keys: true, each: each}
}

func (s *Store) spell(text, types string) string {
	if s.postgres != nil {
		names := make([]string, len(types))
		for i := range names {
			names[i] = "k" + string(rune('0'+i))
		}
		text = strings.ReplaceAll(text, "{keys}", unnested(types)+" AS k("+strings.Join(names, ", ")+")")
	} else {
		text = strings.ReplaceAll(text, "{keys}", jsonKeys(len(types)))
	}
	if head, tail, there := strings.Cut(text, "{reactions to m}"); there {
		text = head + s.reactionsTo("m") + tail
	}
	return s.joined(text)
}

// joined spells out the joins of a text.
func (s *Store) joined(text string) string {
	for {
		head, rest, there := strings.Cut(text, "{with ")
		if !there {
			return text
		}
		join, tail, _ := strings.Cut(rest, "}")
		what, condition, _ := strings.Cut(join, ": ")
		name, alias, _ := strings.Cut(what, " AS ")
		if s.postgres != nil { // a plan that was made for a small table must not read all of a large one
			text = head + "CROSS JOIN LATERAL (SELECT * FROM " + name + " " + alias + " WHERE " + condition + " OFFSET 0) " + alias + tail
		} else {
			text = head + "CROSS JOIN " + name + " " + alias + " ON " + condition + tail
		}
	}
}

// spelt is the statements of bulks that were spelt out once. There are as many as the program names.
type spelt struct {
	mu    sync.RWMutex
	texts map[spelling]string
}

// spelling is what a statement does to a table, and the rest of its text.
type spelling struct {
	what string
	table
	rest string
}

func (s *spelt) once(key spelling, spell func() string) string {
	s.mu.RLock()
	text, there := s.texts[key]
	s.mu.RUnlock()
	if there {
		return text
	}
	text = spell()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.texts == nil {
		s.texts = map[spelling]string{}
	}
	s.texts[key] = text
	return text
}
