package gormstore

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"

	"causeway/core"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
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
			return core.ErrOutrun
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
	for i := range types {
		all[i] = &column{types: types, at: i, rows: rows}
	}
	return all
}

// column is one column of a step's rows, which PostgreSQL is given as an array. pgx would take slices, at the price of an allocation for each value.
type column struct {
	types string // as in table
	at    int
	rows  [][]any
}

const (
	arrayHead = 20             // bytes before the values
	most      = 12             // bytes of a value with its length, without its text
	null      = math.MaxUint32 // a length that says that there is no value
)

// append writes the array as PostgreSQL's binary format has it: dimensions, whether values are missing, their type, how many there are and the first
// one's number; then each value behind its length. The first column makes room for all.
func (c *column) append(b []byte) []byte {
	if c.at == 0 {
		b = slices.Grow(b, roomOf(c.types, c.rows))
	}
	head := [arrayHead / 4]uint32{1, 0, pgtype.TextOID, uint32(len(c.rows)), 1} //nolint:gosec // a bulk has some hundred rows
	switch c.types[c.at] {
	case 'T':
		head[1] = 1
	case 'n':
		head[1], head[2] = 1, pgtype.Int8OID
	case 'i':
		head[2] = pgtype.Int8OID
	case 'b':
		head[2] = pgtype.BoolOID
	}
	for _, h := range head {
		b = binary.BigEndian.AppendUint32(b, h)
	}
	for _, row := range c.rows {
		b = appendValue(b, c.types[c.at], row[c.at])
	}
	return b
}

// roomOf is what all columns of rows take at most.
func roomOf(types string, rows [][]any) int {
	room := len(types) * (arrayHead + most*len(rows))
	for _, row := range rows {
		for _, v := range row {
			room += len(textAt(v))
		}
	}
	return room
}

// textAt is the text that a value is or points to.
func textAt(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case *string:
		return *v
	case *optional:
		return v.id
	}
	return ""
}

func appendValue(b []byte, kind byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendText(b, v)
	case *string:
		return appendText(b, *v)
	case *optional:
		if v.id != "" {
			return appendText(b, v.id)
		}
	case int64:
		return appendNumber(b, v)
	case *int64:
		return appendNumber(b, *v)
	case *int:
		return appendNumber(b, int64(*v))
	case *number:
		if v.n != 0 {
			return appendNumber(b, v.n)
		}
	case *stamp:
		if !v.t.IsZero() {
			return appendNumber(b, v.t.UnixMicro())
		}
	case bool:
		return appendTruth(b, v)
	case *bool:
		return appendTruth(b, *v)
	}
	return appendNone(b, kind)
}

func appendText(b []byte, v string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...) //nolint:gosec // texts are not that long
}

func appendNumber(b []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, 8), uint64(v)) //nolint:gosec // the same bits
}

func appendTruth(b []byte, v bool) []byte {
	b = binary.BigEndian.AppendUint32(b, 1)
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendNone writes that there is no value, or what stands for that in a column which must have one.
func appendNone(b []byte, kind byte) []byte {
	switch kind {
	case 't':
		return appendText(b, "")
	case 'i':
		return appendNumber(b, 0)
	case 'b':
		return appendTruth(b, false)
	}
	return binary.BigEndian.AppendUint32(b, null)
}

// arrayCodec is pgx's of an array, and writes columns, too.
type arrayCodec struct{ pgtype.Codec }

func (c arrayCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if _, ours := value.(*column); ours && format == pgtype.BinaryFormatCode {
		return columnPlan{}
	}
	return c.Codec.PlanEncode(m, oid, format, value)
}

type columnPlan struct{}

func (columnPlan) Encode(value any, b []byte) ([]byte, error) { return value.(*column).append(b), nil }

// knowColumns has a connection write columns.
func knowColumns(m *pgtype.Map) {
	for _, oid := range []uint32{pgtype.TextArrayOID, pgtype.Int8ArrayOID, pgtype.BoolArrayOID} {
		if t, there := m.TypeForOID(oid); there {
			m.RegisterType(&pgtype.Type{Name: t.Name, OID: oid, Codec: arrayCodec{t.Codec}})
		}
	}
}
