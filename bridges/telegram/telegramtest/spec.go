// Package telegramtest holds calls against Telegram's own description of its Bot API. It is for tests.
package telegramtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// specification is Telegram's machine-readable description of its Bot API.
type specification struct {
	Methods map[string]specKind `json:"methods"`
	Types   map[string]specKind `json:"types"`
}

type specKind struct {
	Fields   []specField `json:"fields"`
	Subtypes []string    `json:"subtypes"`
}

type specField struct {
	Name     string   `json:"name"`
	Types    []string `json:"types"`
	Required bool     `json:"required"`
}

// Spec is the description, for the tests of one package.
type Spec struct {
	read func() (specification, error)
}

// Load takes the description that lies in a folder. It is read when it is first needed.
func Load(folder string) Spec {
	return Spec{sync.OnceValues(func() (specification, error) {
		var s specification
		raw, err := os.ReadFile(filepath.Join(folder, "telegram-bot-api-10.1.api.min.json"))
		if err == nil {
			err = json.Unmarshal(raw, &s)
		}
		return s, err
	})}
}

// There reports whether the description lies where it should.
func (s Spec) There() bool {
	_, err := s.read()
	return !os.IsNotExist(err)
}

// Against says what is wrong with a call of a method, whose files are named by their fields; nothing where the description is absent.
func (s Spec) Against(t testing.TB, name string, given map[string]any, files ...string) []string {
	t.Helper()
	spec, err := s.read()
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return []string{err.Error()}
	}
	method, known := spec.Methods[name]
	if !known {
		return []string{"there is no such method"}
	}
	fields := map[string]any{}
	for k, v := range given {
		fields[k] = v
	}
	said, _ := json.Marshal(given) // of what was read from JSON
	for _, k := range files {
		if !strings.Contains(string(said), `"attach://`+k+`"`) { // else a field names it
			fields[k] = upload{}
		}
	}
	return spec.object(name, method.Fields, fields)
}

// upload stands for the content of a file.
type upload struct{}

func (s specification) object(where string, fields []specField, got map[string]any) []string {
	var wrong []string
	for _, f := range fields {
		v, there := got[f.Name]
		if !there && f.Required {
			wrong = append(wrong, where+" lacks "+f.Name)
		}
		if there && !slices.ContainsFunc(f.Types, func(kind string) bool { return len(s.value(where+"."+f.Name, kind, v)) == 0 }) {
			wrong = append(wrong, fmt.Sprintf("%s.%s is %v, want %s: %v", where, f.Name, v, strings.Join(f.Types, " or "), s.value(where+"."+f.Name, f.Types[0], v)))
		}
	}
	for name := range got {
		if !slices.ContainsFunc(fields, func(f specField) bool { return f.Name == name }) {
			wrong = append(wrong, where+" has no field "+name)
		}
	}
	return wrong
}

func (s specification) value(where, kind string, v any) []string {
	wrong := []string{where + " is no " + kind}
	if inner, list := strings.CutPrefix(kind, "Array of "); list {
		return s.list(where, inner, v)
	}
	ok := false
	switch kind {
	case "String":
		_, ok = v.(string)
	case "Integer":
		n, number := v.(float64)
		ok = number && n == float64(int64(n))
	case "Float":
		_, ok = v.(float64)
	case "Boolean", "True":
		_, ok = v.(bool)
	case "InputFile":
		_, ok = v.(upload)
	default:
		return s.typed(where, kind, v)
	}
	if ok {
		return nil
	}
	return wrong
}

func (s specification) list(where, inner string, v any) []string {
	all, ok := v.([]any)
	if !ok {
		return []string{where + " is no list"}
	}
	var wrong []string
	for i, x := range all {
		wrong = append(wrong, s.value(fmt.Sprintf("%s[%d]", where, i), inner, x)...)
	}
	return wrong
}

func (s specification) typed(where, kind string, v any) []string {
	d, known := s.Types[kind]
	fields, object := v.(map[string]any)
	if !known || !object {
		return []string{where + " is no " + kind}
	}
	if len(d.Subtypes) == 0 {
		return s.object(where, d.Fields, fields)
	}
	var wrong []string
	for _, sub := range d.Subtypes {
		found := s.typed(where, sub, v)
		if len(found) == 0 {
			return nil
		}
		wrong = append(wrong, found...)
	}
	return wrong
}
