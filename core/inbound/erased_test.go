package inbound_test

import (
	"testing"
	"time"

	"causeway/core"
)

// TestConcealed: who brings an event about an erased message is told, so that nothing of it stays in a log; nobody else is.
func TestConcealed(t *testing.T) {
	each(t, func(w *world) {
		w.in.Mark = func(text string) string { return "hash of " + text }
		gone := core.Repeatable{Channel: w.ch.ID, Provider: "gone"}
		for _, text := range gone.Marks() {
			w.must(w.repo.RememberErased(w.Context(), []string{w.in.Mark(text)}, w.clock.Add(time.Hour)))
		}
		for id, want := range map[string]bool{"gone": true, "another": false} {
			ctx, concealed := core.Discreet(w.Context())
			w.must(w.in.Accept(ctx, w.ch, []core.Event{w.said(id, "hello")}))
			if concealed() != want {
				w.Errorf("%s: concealed is %v", id, concealed())
			}
		}
	})
}
