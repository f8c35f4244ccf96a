package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/bridges/simulator"
	"causeway/core"
	"causeway/core/outbound"

	"github.com/spf13/cobra"
)

// TestUnknownOutcomeIsSeen: what a program sent, and nobody knows whether it arrived, is never sent again, is mailed to those who follow the
// conversation, and is listed.
func TestUnknownOutcomeIsSeen(t *testing.T) {
	w := liveIn(t, worldOptions{})
	w.grace.Say("Hello")
	w.settle()
	w.sim.Inject(simulator.Fault{Kind: simulator.FaultLost, Times: 1, SendsOnly: true})
	made, _, err := w.outbox.Compose(t.Context(), w.workspace, outbound.Request{Conversation: w.conversations()[0].ID,
		Author: core.Author{Kind: core.AuthorAPI, Name: "shop"}, Contents: []core.Content{{Kind: core.KindText, Text: "Your parcel is on its way"}}})
	w.must(err)
	w.eventually("the outcome is unknown", func() bool {
		m, err := w.repo().Message(t.Context(), made[0].ID)
		return err == nil && m.Status == core.StatusUnknown
	})
	w.lists("waits for news", string(made[0].ID))
	w.clock.jump(2 * time.Minute)
	w.mailTo(w.lena, "Your parcel is on its way")
	w.settle()
	w.lists("a person decides", string(made[0].ID), "#1", "api")
	if n := has(lines(w.grace), "parcel"); n != 0 {
		t.Errorf("the phone shows it %d times", n)
	}
}

// waitFor wants the doctor to count what waits for a person so.
func (w *testWorld) waitFor(wants ...string) {
	w.Helper()
	all, err := w.waits(w.Context())
	w.must(err)
	var said []string
	for _, x := range all {
		said = append(said, fmt.Sprint(x.What, " ", x.N))
	}
	for _, want := range wants {
		if !slices.Contains(said, want) {
			w.Errorf("the doctor does not say %q: %q", want, said)
		}
	}
}

// lists runs causeway jobs unknown.
func (w *testWorld) lists(wants ...string) {
	w.Helper()
	w.jobsSay("unknown", w.listUnknown, wants...)
}

// jobsSay runs a command of causeway jobs.
func (w *testWorld) jobsSay(command string, run func(*cobra.Command) error, wants ...string) {
	w.Helper()
	var out strings.Builder
	cmd := &cobra.Command{}
	cmd.SetContext(w.Context())
	cmd.SetOut(&out)
	w.must(run(cmd))
	for _, want := range wants {
		if !strings.Contains(out.String(), want) {
			w.Errorf("causeway jobs %s does not say %q:\n%s", command, want, &out)
		}
	}
}

// TestUnknownOutcomeIsSettled: a person has it sent once more, whichever workspace it is of, and those who follow the conversation know.
func TestUnknownOutcomeIsSettled(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		w.grace.Say("Hello")
		w.settle()
		w.sim.Inject(simulator.Fault{Kind: simulator.FaultLost, Times: 1, SendsOnly: true})
		made, _, err := w.outbox.Compose(t.Context(), w.workspace, outbound.Request{Conversation: w.conversations()[0].ID,
			Author: core.Author{Kind: core.AuthorAPI, Name: "shop"}, Contents: []core.Content{{Kind: core.KindText, Text: "Your parcel is on its way"}}})
		w.must(err)
		w.eventually("the outcome is unknown", func() bool {
			m, err := w.repo().Message(t.Context(), made[0].ID)
			return err == nil && m.Status == core.StatusUnknown
		})
		w.workspace, err = w.store.EnsureWorkspace(t.Context(), "another") // in which a command works by default
		w.must(err)
		w.lists("main", string(made[0].ID))
		w.clock.jump(2 * time.Minute)
		w.mailTo(w.lena, "Your parcel is on its way")
		w.settle()
		w.waitFor("jobs were given up 0", "messages may have arrived or not 1")
		if err := w.settleSend(t.Context(), "nothing", outbound.VerdictAgain); core.CodeOf(err) != core.CodeNotFound {
			t.Errorf("a message that is not there: %v", err)
		}
		w.must(w.settleSend(t.Context(), made[0].ID, outbound.VerdictAgain))
		w.phoneShows(w.grace, "Your parcel is on its way")
		w.mailTo(w.lena, "It is sent once more")
		w.settle()
		if n := has(lines(w.grace), "parcel"); n != 1 {
			t.Errorf("the phone shows it %d times", n)
		}
		w.lists("the outcome of every message is known")
		w.waitFor("messages may have arrived or not 0")
	})
}

// TestGivenUpIsSeen: what the platform did not deliver for a reason that passes is listed, and a person has it sent once more.
func TestGivenUpIsSeen(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		w.grace.Say("Hello")
		w.settle()
		w.jobsSay("undelivered", w.listUndelivered, "no message was given up")
		w.sim.Inject(simulator.Fault{Kind: simulator.FaultLate, Code: 131016, Times: 1, SendsOnly: true}) // the platform was overloaded
		made, _, err := w.outbox.Compose(t.Context(), w.workspace, outbound.Request{Conversation: w.conversations()[0].ID,
			Author: core.Author{Kind: core.AuthorAPI, Name: "shop"}, Contents: []core.Content{{Kind: core.KindText, Text: "Your parcel is on its way"}}})
		w.must(err)
		id := made[0].ID
		w.eventually("it failed", func() bool {
			m, err := w.repo().Message(t.Context(), id)
			return err == nil && m.Status == core.StatusFailed
		})
		w.jobsSay("undelivered", w.listUndelivered, string(id), "#1", "api", "main")
		w.must(w.settleSend(t.Context(), id, outbound.VerdictAgain))
		w.phoneShows(w.grace, "Your parcel is on its way")
		w.mailTo(w.lena, "was given up. It is sent once more")
		w.settle()
		w.jobsSay("undelivered", w.listUndelivered, "no message was given up")
	})
}
