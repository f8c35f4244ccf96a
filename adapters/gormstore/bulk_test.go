package gormstore_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"

	"pgregory.net/rapid"
)

// TestColumns: rows reach PostgreSQL as they are, given as values or as where they stand, with nothing where a column may have nothing, and else an
// empty value in its place.
func TestColumns(t *testing.T) {
	s := open(t, freshstore.Postgres(t))
	maybe := func(g *rapid.Generator[any]) *rapid.Generator[any] {
		return rapid.OneOf(g, rapid.Just[any](nil))
	}
	text := rapid.Map(rapid.StringN(0, 20, -1), func(s string) any { return strings.ReplaceAll(s, "\x00", "") })
	whole := rapid.Map(rapid.Int64Range(-1<<53, 1<<53), func(n int64) any { return n })
	truth := rapid.Map(rapid.Bool(), func(b bool) any { return b })
	kinds := map[byte]struct {
		values *rapid.Generator[any]
		empty  any
	}{'t': {maybe(text), ""}, 'T': {maybe(text), nil}, 'i': {maybe(whole), int64(0)}, 'n': {maybe(whole), nil}, 'b': {maybe(truth), false}}
	rapid.Check(t, func(t *rapid.T) {
		types := rapid.StringOfN(rapid.RuneFrom([]rune("tTinb")), 1, 6, -1).Draw(t, "types")
		rows := make([][]any, rapid.IntRange(1, 5).Draw(t, "rows"))
		want := make([]string, len(rows))
		for i := range rows {
			expected := make([]any, len(types))
			for c := range types {
				v := kinds[types[c]].values.Draw(t, "value")
				if rapid.Bool().Draw(t, "pointed to") {
					rows[i] = append(rows[i], gormstore.Standing(v, types[c]))
				} else {
					rows[i] = append(rows[i], v)
				}
				if expected[c] = v; v == nil {
					expected[c] = kinds[types[c]].empty
				}
			}
			want[i] = normal(t, expected)
		}
		got, err := s.Echo(t.Context(), types, rows)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			var v any
			if err := json.Unmarshal([]byte(got[i]), &v); err != nil {
				t.Fatal(err)
			}
			got[i] = normal(t, v)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s of %s: got %q, want %q", rows, types, got, want)
		}
	})
}

func normal(t *rapid.T, v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestUnprepared: a URL that has nothing prepared is refused with the remedy.
func TestUnprepared(t *testing.T) {
	for _, mode := range []string{"exec", "simple_protocol"} {
		_, err := gormstore.Open(t.Context(), "postgres://127.0.0.1:1/none?default_query_exec_mode="+mode, gormstore.Options{})
		var p *core.Problem
		if !errors.As(err, &p) || p.Field != "database.url" || !strings.Contains(p.Remedy, "default_query_exec_mode") {
			t.Errorf("%s: %v", mode, err)
		}
	}
}
