// Package remark collects what is wrong with the settings that a person wrote: each with its place, the cause and the next step, all of them
// at once.
package remark

import (
	"fmt"
	"strings"

	"causeway/core"
)

// Remark is one thing that is wrong.
type Remark struct {
	Place  string // "business.yaml:12", "CAUSEWAY_HTTP_LISTEN", "--data-dir"
	Field  string // the key; may be empty
	Detail string // a sentence
	Remedy string // a sentence
}

func (r Remark) String() string {
	s := r.Detail
	if r.Remedy != "" {
		s += " " + r.Remedy
	}
	if r.Place == "" {
		return s
	}
	return r.Place + ": " + s
}

// List collects remarks. The zero value is ready to use.
type List struct{ All []Remark }

// Add notes what is wrong.
func (l *List) Add(place, field, remedy, detail string, args ...any) {
	l.All = append(l.All, Remark{Place: place, Field: field, Remedy: remedy, Detail: fmt.Sprintf(detail, args...)})
}

// Err returns nil if nothing is wrong, else one Problem with all of it. What is the thing that was read.
func (l *List) Err(what string) error {
	switch len(l.All) {
	case 0:
		return nil
	case 1:
		return &core.Problem{Code: core.CodeInvalid, Detail: l.All[0].String(), Field: l.All[0].Field}
	}
	lines := make([]string, len(l.All))
	for i, r := range l.All {
		lines[i] = "  " + r.String()
	}
	return &core.Problem{Code: core.CodeInvalid, Field: l.All[0].Field,
		Detail: fmt.Sprintf("%s has %d problems:\n%s", what, len(l.All), strings.Join(lines, "\n"))}
}
