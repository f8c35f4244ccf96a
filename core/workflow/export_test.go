package workflow

import (
	"time"

	"causeway/core"
)

// ReadAnswer reads an answer to a question of a kind.
func ReadAnswer(kind, text string, now time.Time) (string, bool) {
	t := &turn{following: &following{Engine: New(Options{Now: func() time.Time { return now }})}, p: &program{}}
	r, ok := t.read(Ask{Kind: kind}, core.Content{Kind: core.KindText, Text: text})
	return r.value, ok
}
