package gormstore

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// stamp is a time in a column: whole microseconds since 1970, NULL for the zero time. It reads back in UTC, the same on both databases.
type stamp struct{ t time.Time }

// at makes a stamp. What is finer than a microsecond is cut off.
func at(t time.Time) stamp { return stamp{t} }

// time returns the zero time for NULL.
func (s stamp) time() time.Time { return s.t }

func (s stamp) Value() (driver.Value, error) {
	if s.t.IsZero() {
		return nil, nil
	}
	return s.t.UnixMicro(), nil
}

func (s *stamp) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		s.t = time.Time{}
	case int64:
		s.t = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("a time is stored as %T", v)
	}
	return nil
}

// UnmarshalJSON reads a time that the database put into JSON.
func (s *stamp) UnmarshalJSON(raw []byte) error {
	var micros *int64
	if err := json.Unmarshal(raw, &micros); err != nil || micros == nil {
		return errors.Join(err, s.Scan(nil))
	}
	return s.Scan(*micros)
}

// GormDataType keeps gorm from looking into the struct.
func (stamp) GormDataType() string { return "bigint" }

// optional is a reference in a column, NULL for the empty one.
type optional struct{ id string }

func ref[T ~string](id T) optional { return optional{string(id)} }

func (o optional) Value() (driver.Value, error) {
	if o.id == "" {
		return nil, nil
	}
	return readable(o.id), nil
}

func (o *optional) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		o.id = ""
	case string:
		o.id = v
	case []byte:
		o.id = string(v)
	default:
		return fmt.Errorf("a reference is stored as %T", v)
	}
	return nil
}

func (optional) GormDataType() string { return "text" }

// number is a whole number in a column, NULL for zero.
type number struct{ n int64 }

func (n number) Value() (driver.Value, error) {
	if n.n == 0 {
		return nil, nil
	}
	return n.n, nil
}

func (n *number) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		n.n = 0
	case int64:
		n.n = v
	default:
		return fmt.Errorf("a number is stored as %T", v)
	}
	return nil
}

func (number) GormDataType() string { return "bigint" }

// doc is a value stored as JSON text: bytes in, the same bytes out, unlike jsonb. A nil pointer is NULL.
type doc[T any] struct{ v T }

func asDoc[T any](v T) doc[T] { return doc[T]{v} }

func (d doc[T]) Value() (driver.Value, error) {
	raw, err := json.Marshal(d.v)
	if err != nil {
		return nil, fmt.Errorf("store %T: %w", d.v, err)
	}
	if reflect.TypeFor[T]().Kind() == reflect.Pointer && string(raw) == "null" {
		return nil, nil
	}
	return string(raw), nil
}

func (d *doc[T]) Scan(v any) error {
	var zero T
	d.v = zero
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(v), &d.v)
	case []byte:
		return json.Unmarshal(v, &d.v)
	default:
		return fmt.Errorf("a %T is stored as %T", d.v, v)
	}
}

func (doc[T]) GormDataType() string { return "text" }
