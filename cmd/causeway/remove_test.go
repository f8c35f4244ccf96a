package main

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"causeway/bridges/simulator/mailroom"
	"causeway/core"

	"github.com/spf13/cobra"
)

// removes runs the command on the world's channel, and returns what it says.
func (w *testWorld) removes(flags ...string) (string, error) {
	w.Helper()
	ch := w.theChannel()
	var err error
	said := w.says(removeCommand(), func(cmd *cobra.Command) error {
		err = removeChannel(cmd, w.base, ch)
		return nil
	}, flags...)
	return said, err
}

// answers asks the gateway for a page without a key.
func (w *testWorld) answers(method, url string) int {
	w.Helper()
	r, err := http.NewRequestWithContext(w.within(), method, url, strings.NewReader("{}"))
	w.must(err)
	a, err := http.DefaultClient.Do(r)
	w.must(err)
	w.must(a.Body.Close())
	return a.StatusCode
}

// subscribed is what the platform says of who gets the account's webhooks.
func (w *testWorld) subscribed() string {
	w.Helper()
	a := w.sim.Business().Account()
	r, err := http.NewRequestWithContext(w.within(), http.MethodGet, w.graph+"/v25.0/"+a.WABA+"/subscribed_apps", nil)
	w.must(err)
	r.Header.Set("Authorization", "Bearer "+a.Token)
	answer, err := http.DefaultClient.Do(r)
	w.must(err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	w.must(err)
	return string(raw)
}

const gaveUp = "This channel was removed"

// A business gives up a channel, and years later has it again.
func TestChannelRemoved(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		hook := w.sim.Business().Account().CallbackURL
		before := w.theChannel()
		w.grace.Say("is the shop open?")
		m := w.mailTo(w.lena, "is the shop open?")
		if apps := w.subscribed(); !strings.Contains(apps, hook) {
			t.Fatalf("the platform does not call the channel: %s", apps)
		}
		w.must(w.outbox.Pause(t.Context(), w.workspace, before.ID))
		_, err := w.lena.Reply(w.within(), m, "this waits", mailroom.ReplyOptions{})
		w.must(err)
		talk := w.conversations()[0]
		w.eventually("the answer waits", func() bool {
			return len(w.messages(talk.ID)) == 2 && w.messages(talk.ID)[0].Status == core.StatusParked
		})

		if said, err := w.removes("--dry-run"); err != nil || !strings.Contains(said, "1 message that waits") || !strings.Contains(said, "1 open conversation,") || !strings.Contains(said, "nothing was done") {
			t.Errorf("before it says %q, %v", said, err)
		}
		if said, err := w.removes("--yes"); err != nil || !strings.Contains(said, "shop is removed") || strings.Contains(said, "left to you") {
			t.Fatalf("it says %q, %v", said, err)
		}
		if said := w.mailTo(w.lena, gaveUp); !strings.Contains(said.Text, "this waits") {
			t.Errorf("Lena is told:\n%s", said.Text)
		}
		if apps := w.subscribed(); strings.Contains(apps, hook) {
			t.Errorf("the platform still calls the channel: %s", apps)
		}
		w.eventually("its address is no channel's", func() bool { return w.answers(http.MethodPost, hook) == http.StatusNotFound })
		sealed, err := w.store.SealedSecrets(t.Context())
		w.must(err)
		if slices.ContainsFunc(sealed, func(s core.SealedSecret) bool { return strings.Contains(s.Owner, string(before.ID)) }) {
			t.Errorf("its secrets are still there")
		}

		_, err = w.lena.Reply(w.within(), m, "is this still read?", mailroom.ReplyOptions{Files: []mailroom.File{{Name: "a.txt", MIME: "text/plain", Data: []byte("a")}}})
		w.must(err)
		w.eventually("Lena is told that it is not", func() bool {
			return slices.ContainsFunc(w.lena.Received(), func(m mailroom.Mail) bool {
				return strings.Contains(m.Text, gaveUp) && strings.Contains(m.Text, "is this still read?")
			})
		})
		r := w.robot("read", "send", "manage")
		if doc := r.expect(http.StatusOK, http.MethodGet, "/channels", ""); len(doc["items"].([]any)) != 0 {
			t.Errorf("it is listed: %v", doc)
		}
		if doc := r.expect(http.StatusOK, http.MethodGet, "/channels/"+string(before.ID), ""); doc["state"] != "removed" {
			t.Errorf("it is %v", doc)
		}
		text := `{"contents":[{"kind":"text","text":"hi"}]}`
		r.expect(http.StatusOK, http.MethodGet, "/conversations/"+string(talk.ID)+"/messages", "")
		if doc := r.expect(http.StatusConflict, http.MethodPost, "/conversations/"+string(talk.ID)+"/messages", text); doc["code"] != "channel-removed" || doc["remedy"] == "" {
			t.Errorf("a program is told %v", doc)
		}
		if doc := r.expect(http.StatusOK, http.MethodPost, "/conversations/"+string(talk.ID)+"/messages/dry-run", text); doc["decision"].(map[string]any)["code"] != "channel-removed" {
			t.Errorf("a program that asks is told %v", doc)
		}
		for _, what := range []string{"check", "pause", "resume", "templates/sync"} {
			if status, doc := r.call(http.MethodPost, "/channels/"+string(before.ID)+"/"+what, ""); status != http.StatusNotFound && status != http.StatusConflict {
				t.Errorf("%s answers %d %v", what, status, doc)
			}
		}
		r.expect(http.StatusNotFound, http.MethodDelete, "/channels/"+string(before.ID), "")
		w.jump(lookedAgain)
		w.settle()
		if dead, err := w.queue.Dead(t.Context()); err != nil || len(dead) > 0 {
			t.Errorf("jobs were given up: %v, %v", dead, err)
		}

		w.setUpAgain()
		after := w.theChannel()
		if after.ID != before.ID || after.State != core.ChannelActive || after.Health.Level != core.HealthUnknown {
			t.Errorf("it is set up again as %+v", after)
		}
		w.must(w.subscribe(t.Context(), after))
		w.grace.Say("open again?")
		m = w.mailTo(w.lena, "open again?")
		_, err = w.lena.Reply(w.within(), m, "we are", mailroom.ReplyOptions{})
		w.must(err)
		w.phoneShows(w.grace, "we are")
		if all := w.conversations(); len(all) != 1 {
			t.Errorf("%d conversations", len(all))
		}
	})
}

// setUpAgain applies the business file once more.
func (w *testWorld) setUpAgain() {
	w.Helper()
	w.applyToken(w.sim.Business().Account().Token)
}

// What still names a channel keeps it.
func TestUsedChannelIsNotRemoved(t *testing.T) {
	w := liveIn(t, worldOptions{Business: demoBusiness + "  - name: of the shop\n    channel: shop\n    to: [Lena Brandt]\n"})
	w.putWorkflow("name: hours\non: [{event: opened, channels: [shop]}]\nsteps: [{send: {text: we are here}}]")
	ch := w.theChannel()
	w.must(w.repo().AddBroadcast(t.Context(), core.Broadcast{ID: "b1", Name: "spring", Channels: []core.ChannelID{ch.ID}, State: core.BroadcastPaused, Created: w.now()}))
	said, err := w.removes("--yes")
	for _, use := range []string{`the forward "of the shop"`, `the workflow "hours"`, `the broadcast "spring"`} {
		if core.CodeOf(err) != core.CodeConflict || !strings.Contains(err.Error(), use) {
			t.Errorf("it says %q, %v; want %s in it", said, err, use)
		}
	}
	if w.theChannel().State != core.ChannelActive {
		t.Error("it is removed")
	}
}
