package twilio

import (
	"bytes"
	"encoding/json"
	"strings"
)

func aJSON(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && (body[0] == '{' || body[0] == '[')
}

// fields are the parameters of one call, cleaned of what no database takes.
type fields map[string]string

// get returns the first of the names that is not empty.
func (f fields) get(names ...string) string {
	for _, name := range names {
		if v := f[name]; v != "" {
			return v
		}
	}
	return ""
}

func fromForm(params map[string][]string) fields {
	f := fields{}
	for name, values := range params {
		f[cleaned(name)] = cleaned(values[0])
	}
	return f
}

// fromJSON takes an object's fields as if they were a form's; what is nested stays JSON.
func fromJSON(body []byte) (fields, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, err
	}
	f := fields{}
	for name, raw := range object {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			s = string(raw)
		}
		if s != "null" {
			f[cleaned(name)] = cleaned(s)
		}
	}
	return f, nil
}

func cleaned(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}

// raw is the call as it is kept.
func (f fields) raw() json.RawMessage {
	raw, err := json.Marshal(f)
	if err != nil {
		return nil // a map of texts always marshals
	}
	return raw
}
