package main

import (
	"testing"

	"causeway/core"
)

// Who writes while nobody is there is told when somebody will be, once.
func TestAwayMessage(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		always := core.Shift{To: 24 * 60}
		tomorrow := core.Hours{Zone: "UTC", Holidays: []core.Holiday{{Date: w.now().UTC().Format("01-02")}}}
		for d := range tomorrow.Week {
			tomorrow.Week[d] = []core.Shift{always}
		}
		w.must(core.SaveReception(t.Context(), w.repo(), core.Reception{Hours: tomorrow, Away: core.Courtesy{On: true}, Greeting: core.Courtesy{On: true}}))
		w.automated.refresh(t.Context())
		w.grace.Say("anybody there?")
		w.phoneShows(w.grace, "Thank you for your message. We are not there just now. We are back tomorrow at 00:00.")
		w.mailTo(w.lena, "anybody there?")
		w.grace.Say("hello?")
		w.mailTo(w.lena, "hello?")
		w.settle()
		if n := has(lines(w.grace), "We are back"); n != 1 {
			t.Errorf("told %d times", n)
		}
		all := w.messages(w.conversations()[0].ID)
		if last := all[len(all)-1]; last.Direction != core.In && last.Author.Kind != core.AuthorWorkflow {
			t.Errorf("the last message is by %+v", last.Author)
		}
		if w.conversations()[0].Waiting.IsZero() {
			t.Error("a message of ours stopped the waiting clock")
		}
	})
}
