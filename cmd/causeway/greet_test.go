package main

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"causeway/bridges/simulator"
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

// Ten messages that come at once, the first of a contact, are one conversation, greeted once before it is said who looks after it; where all are busy, before
// the place in the queue.
func TestOneGreetingForManyAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		w.must(core.SaveReception(t.Context(), w.repo(), core.Reception{Greeting: core.Courtesy{On: true}}))
		w.must(core.SaveDesk(t.Context(), w.repo(), core.DeskSettings{Strategy: core.Strategy{Pick: core.PickFewest, Most: 1}, Tell: core.DeskMessages{Assigned: true, Surge: true}}))
		const sentences = 10
		var all sync.WaitGroup
		told := func(c *simulator.Customer, second string) {
			t.Helper()
			w.phoneShows(c, second)
			var said []string
			for _, m := range c.Inbox() {
				if !m.Mine {
					said = append(said, m.Text)
				}
			}
			if len(said) != 2 || has(said[:1], c.Name()) != 1 || has(said[1:], second) != 1 {
				t.Errorf("%s is told %q", c.Name(), said)
			}
		}
		_, err := w.balancer.Say(t.Context(), w.workspace, w.agentID("Omar Farouk"), core.PresenceOffline, w.now().Add(time.Hour))
		w.must(err)
		for i := range sentences {
			all.Go(func() { w.grace.Say(fmt.Sprint("picture ", i)) })
		}
		all.Wait()
		told(w.grace, "Lena Brandt will look after you.")
		for i := range sentences {
			all.Go(func() { w.mona.Say(fmt.Sprint("question ", i)) })
		}
		all.Wait()
		told(w.mona, "We are sorry: all of us are busy just now. You are number 1 in the queue, and we will write to you here.")
		if n := len(w.conversations()); n != 2 {
			t.Errorf("%d conversations", n)
		}
	})
}
