package gormstore

import (
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// unnested is rows given as one array a column.
func unnested(types string) string {
	names := make([]string, len(types))
	for i, t := range types {
		name := "text"
		switch t {
		case 'i', 'n':
			name = "bigint"
		case 'b':
			name = "boolean"
		}
		names[i] = "$" + strconv.Itoa(i+1) + "::" + name + "[]"
	}
	return "unnest(" + strings.Join(names, ", ") + ")"
}

func (s step) collect(results pgx.BatchResults) error {
	if s.each == nil {
		tag, err := results.Exec()
		if err == nil && s.must && tag.RowsAffected() < int64(len(s.rows)) {
			return errLost
		}
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := s.each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// arrays turns rows into columns.
func arrays(types string, rows [][]any) []any {
	all := make([]any, len(types))
	for c, t := range types {
		switch t {
		case 't':
			all[c] = columnOf[string](rows, c)
		case 'T':
			all[c] = nullable[string](rows, c)
		case 'n':
			all[c] = nullable[int64](rows, c)
		case 'i':
			all[c] = columnOf[int64](rows, c)
		case 'b':
			all[c] = columnOf[bool](rows, c)
		}
	}
	return all
}

func columnOf[T any](rows [][]any, c int) []T {
	all := make([]T, len(rows))
	for i, row := range rows {
		all[i], _ = row[c].(T)
	}
	return all
}

func nullable[T any](rows [][]any, c int) []*T {
	all := make([]*T, len(rows))
	for i, row := range rows {
		if v, ok := row[c].(T); ok {
			all[i] = &v
		}
	}
	return all
}
