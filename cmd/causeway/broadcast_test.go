package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// A text to who agreed, inside the window: planned, sent, and answered into a conversation of its own.
func TestBroadcastThroughTheDoors(t *testing.T) {
	w := liveIn(t, worldOptions{})
	w.grace.Say("hello")
	w.mailTo(w.lena, "hello")
	contact := w.conversations()[0].Contact
	_, err := w.repo().SetContactTag(t.Context(), contact, "offers", true)
	w.must(err)
	_, err = w.desk.Close(t.Context(), w.workspace, w.conversations()[0].ID, core.Author{Kind: core.AuthorAgent})
	w.must(err)
	file := filepath.Join(t.TempDir(), "sale.yaml")
	w.must(os.WriteFile(file, []byte("name: Sale\nchannels: ["+w.theChannel().Name+"]\nopt_in: offers\ntexts: {en: \"Hello {name}, 20% off\"}\n"), 0o600))
	cast, err := w.readBroadcast(t.Context(), file)
	w.must(err)
	plan, err := w.caster().DryRun(t.Context(), w.workspace, cast)
	w.must(err)
	var said bytes.Buffer
	w.must(w.printPlan(t.Context(), &said, plan))
	if !strings.Contains(said.String(), "1 would get it") || !strings.Contains(said.String(), "nothing was sent") {
		t.Errorf("the plan says %s", &said)
	}
	cast, err = w.caster().Start(t.Context(), w.workspace, cast)
	w.must(err)
	w.phoneShows(w.grace, "Hello "+w.grace.Name()+", 20% off")
	w.eventually("the broadcast is done", func() bool {
		b, err := w.repo().Broadcast(t.Context(), cast.ID)
		return err == nil && b.State == core.BroadcastDone
	})
	for _, c := range w.conversations() {
		if c.State == core.ConversationOpen {
			t.Errorf("#%d was opened by it", c.Number)
		}
	}
	w.grace.Say("tell me more")
	w.mailTo(w.lena, "tell me more")
	if _, err := w.readBroadcast(t.Context(), "none.yaml"); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("a missing file: %v", err)
	}
	w.must(os.WriteFile(file, []byte("name: Sale\nchannel: shop\nat: tomorrow\nto: everybody\nper_minute: many\n"), 0o600))
	_, err = w.readBroadcast(t.Context(), file)
	for _, want := range []string{`no key "channel"`, "is not a time", "To must have keys", "is not a whole number"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a bad file lacks %q: %v", want, err)
		}
	}
}

func TestStanding(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		state core.BroadcastState
		at    time.Duration
		want  string
	}{{core.BroadcastGoing, time.Hour, "begins at "}, {core.BroadcastGoing, -time.Hour, "going"}, {core.BroadcastPaused, time.Hour, "paused"}, {core.BroadcastDone, -time.Hour, "done"}} {
		if got := standing(core.Broadcast{State: c.state, At: now.Add(c.at)}, now); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s, its time in %s: %q", c.state, c.at, got)
		}
	}
}

// TestProgress: whoever watches a broadcast sees a bar; a file gets lines.
func TestProgress(t *testing.T) {
	c := core.Broadcast{Name: "Eid sale", State: core.BroadcastGoing}
	n := map[core.RecipientState]int{core.RecipientWaiting: 6, core.RecipientSent: 3, core.RecipientLeftOut: 1}
	for _, drawn := range []bool{true, false} {
		var out bytes.Buffer
		p := &progress{out: &out, drawn: drawn}
		for _, show := range []func() error{
			func() error { return p.show(c, map[core.RecipientState]int{}) },
			func() error { return p.show(c, n) },
			func() error {
				return p.over(core.Broadcast{Name: c.Name, State: core.BroadcastDone}, map[core.RecipientState]int{core.RecipientSent: 9, core.RecipientLeftOut: 1})
			},
		} {
			if err := show(); err != nil {
				t.Fatal(err)
			}
		}
		if got, end := out.String(), "Eid sale is done: 9 sent, 1 left out\n"; !strings.HasSuffix(got, "\n"+end) || strings.Contains(got, "40%") != drawn || strings.Contains(got, "Eid sale: 4 of 10\n") == drawn {
			t.Errorf("drawn %v: %q", drawn, got)
		}
	}
}
