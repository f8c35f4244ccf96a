package session_test

import (
	"slices"
	"testing"
)

// TestHear: what a link tells is heard by its like on another node, and by no other channel's.
func TestHear(t *testing.T) {
	lite(t, func(w *world) {
		w.link().host.Tell("alone") // without other nodes it goes nowhere
		w.options.Tell = func(line string) { w.m.Hear(line) }
		w.restart()
		w.m.Hear(string(w.ch.ID) + " too early") // nobody has the link open yet
		l := w.link()
		l.host.Tell("news of 1")
		w.m.Hear("another news")
		w.m.Hear("")
		if !slices.Equal(l.heard, []string{"news of 1"}) {
			t.Errorf("heard %q", l.heard)
		}
	})
}
