package gormstore

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// MigrateTo brings the schema to a version, up or down.
func (s *Store) MigrateTo(ctx context.Context, version int64) error {
	p, err := s.provider()
	if err != nil {
		return err
	}
	if _, err := p.DownTo(ctx, version); err != nil {
		return err
	}
	_, err = p.UpTo(ctx, version)
	return err
}

// Exec runs a statement as it is, for rows of versions that the code no longer writes.
func (s *Store) Exec(ctx context.Context, statement string, args ...any) error {
	return s.writer.WithContext(ctx).Exec(statement, args...).Error
}

// Echo has PostgreSQL take rows as a bulk gives them, and returns what it makes of them, each as a JSON array.
func (s *Store) Echo(ctx context.Context, types string, rows [][]any) ([]string, error) {
	names := make([]string, len(types))
	for i := range names {
		names[i] = fmt.Sprint("k", i)
	}
	list := strings.Join(names, ", ")
	var all []string
	echo := s.find("SELECT json_build_array("+list+")::text FROM {keys}", types, rows, func(scan func(...any) error) error {
		all = append(all, "")
		return scan(&all[len(all)-1])
	})
	return all, s.engine.read(ctx, []step{echo})
}

// Standing is a value of a column where a row has it.
func Standing(v any, kind byte) any {
	switch v := v.(type) {
	case string:
		if kind == 'T' && v != "" {
			return &optional{v}
		}
		return &v
	case int64:
		if kind == 'n' {
			return &stamp{time.UnixMicro(v)}
		}
		return &v
	case bool:
		return &v
	}
	return map[byte]any{'t': new(string), 'T': new(optional), 'i': new(int), 'n': new(number), 'b': new(bool)}[kind]
}
