package core

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// LooseText reads a JSON string, or a number or boolean as it is written: platforms write numbers as strings and strings as numbers. Anything else is
// empty, so that a strange field costs that field and not the message. NUL characters, which no database takes, are dropped.
func LooseText(raw []byte) (string, error) {
	switch {
	case len(raw) == 0 || string(raw) == "null" || raw[0] == '{' || raw[0] == '[':
		return "", nil
	case simple(raw):
		return string(raw[1 : len(raw)-1]), nil
	case raw[0] != '"':
		return string(raw), nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return strings.ReplaceAll(s, "\x00", ""), err
}

// simple reports whether a JSON value is a string that stands there as it is: most are, and reading them otherwise costs as much as all the rest.
func simple(raw []byte) bool {
	last := len(raw) - 1
	if last < 1 || raw[0] != '"' || raw[last] != '"' {
		return false
	}
	for _, c := range raw[1:last] {
		if c == '\\' || c == '"' || c < ' ' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// CompactJSON is JSON without the spaces between its parts, to be kept; what is no JSON is copied as it is.
func CompactJSON(raw []byte) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return bytes.Clone(raw)
	}
	return b.Bytes()
}
