package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/bridges/simulator"
	"causeway/bridges/simulator/mailroom"
)

func TestWindowsEdge(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		w.grace.Say("are you there?")
		m := w.mailTo(w.lena, "are you there?")
		wrote := w.grace.Inbox()[0].At.Truncate(time.Second)

		w.clock.jump(wrote.Add(24*time.Hour - 10*time.Second).Sub(w.now())) // as good as 23:59:59, with time to arrive
		_, err := w.lena.Reply(w.within(), m, "just in time", mailroom.ReplyOptions{})
		w.must(err)
		w.phoneShows(w.grace, "just in time")

		w.clock.jump(wrote.Add(24*time.Hour + time.Second).Sub(w.now())) // 24:00:01
		_, err = w.lena.Reply(w.within(), m, "too late", mailroom.ReplyOptions{})
		w.must(err)
		w.mailTo(w.lena, "too late")
		w.settle()
		if n := has(lines(w.grace), "too late"); n != 0 {
			t.Errorf("it reached the phone %d times", n)
		}
	})
}

// TestAnswerMarksAsRead: the customer sees that their message was read once the agent's mail has been answered to them, not before, and WhatsApp is
// asked for that once.
func TestAnswerMarksAsRead(t *testing.T) {
	w := liveIn(t, worldOptions{})
	asked := func() (order []string) {
		for _, c := range w.sim.Ledger() {
			switch read := strings.Contains(string(c.Body), `"status":"read"`); {
			case !strings.HasSuffix(c.Path, "/messages"):
			case read:
				order = append(order, "read")
			default:
				order = append(order, "answer")
			}
		}
		return order
	}
	w.grace.Say("is it open?")
	m := w.mailTo(w.lena, "is it open?")
	w.settle()
	if got := asked(); len(got) != 0 {
		t.Errorf("asked before anybody answered: %q", got)
	}
	_, err := w.lena.Reply(w.within(), m, "it is", mailroom.ReplyOptions{})
	w.must(err)
	w.phoneShows(w.grace, "it is")
	eventually(t, "it is marked", func() bool { return len(asked()) > 1 }) // the job has ended by then
	w.settle()
	if got := asked(); !slices.Equal(got, []string{"answer", "read"}) {
		t.Errorf("the platform was asked for %q", got)
	}
}

func TestQueueAcrossTheWindowsEdge(t *testing.T) {
	w := liveIn(t, worldOptions{})
	w.grace.Say("one more question")
	m := w.mailTo(w.lena, "one more question")
	w.must(w.outbox.Pause(t.Context(), w.workspace, w.theChannel().ID))
	_, err := w.lena.Reply(w.within(), m, "an answer that waits", mailroom.ReplyOptions{})
	w.must(err)
	w.settle()
	w.clock.jump(25 * time.Hour)
	w.must(w.outbox.Resume(t.Context(), w.workspace, w.theChannel().ID))
	notice := w.mailTo(w.lena, "an answer that waits")
	if !contains("template")(notice) {
		t.Errorf("the mail names no template:\n%s", notice.Text)
	}
	w.settle()
	if got := lines(w.grace); len(got) != 0 {
		t.Errorf("the phone shows %q", got)
	}
}

func TestProviderSaysTheWindowIsClosed(t *testing.T) {
	for name, late := range map[string]bool{"at once": false, "by a status": true} {
		t.Run(name, func(t *testing.T) {
			w := liveIn(t, worldOptions{Sim: simulator.Options{LateRefusals: late}})
			w.grace.Say("hello there")
			m := w.mailTo(w.lena, "hello there")
			w.grace.CloseWindow()
			_, err := w.lena.Reply(w.within(), m, "we think we may", mailroom.ReplyOptions{})
			w.must(err)
			w.mailTo(w.lena, "we think we may")
			// From now on our own gate knows.
			_, err = w.lena.Reply(w.within(), m, "and another", mailroom.ReplyOptions{})
			w.must(err)
			w.mailTo(w.lena, "and another")
			sends := 0
			for _, c := range w.sim.Ledger() {
				if strings.HasSuffix(c.Path, "/messages") && !strings.Contains(string(c.Body), `"status":"read"`) {
					sends++
				}
			}
			if sends != 1 {
				t.Errorf("the platform was asked %d times", sends)
			}
		})
	}
}
