package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"causeway/bridges/simulator/mailroom"
	"causeway/config/business"
	"causeway/core"
)

// An expired token parks the channel; nothing is lost, and once the admin has set a new one everything goes out in its order.
func TestParkedChannelGoesOnInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database, Flags: map[string]string{"alert_to": "admin@example.com"}})
		w.grace.Say("hello")
		m := w.mailTo(w.lena, "hello")
		old := w.sim.Business().Account().Token
		w.sim.Business().SetToken("EAAnew-token-of-the-platform")
		var want []string
		for i := range 5 {
			want = append(want, fmt.Sprintf("answer %d", i))
			_, err := w.lena.Reply(w.within(), m, want[i], mailroom.ReplyOptions{})
			w.must(err)
			w.settle()
		}
		if ch := w.theChannel(); ch.State != core.ChannelParked || ch.Health.Remedy == "" {
			t.Errorf("the channel is %s: %+v", ch.State, ch.Health)
		}
		w.mailTo(w.room.Mailbox("admin@example.com"), "shop")
		w.applyToken("EAAnew-token-of-the-platform")
		w.eventually("all answers on the phone", func() bool { return len(lines(w.grace)) >= len(want) })
		w.settle()
		if got := lines(w.grace); !slices.Equal(got, want) {
			t.Errorf("the phone shows %q", got)
		}
		if strings.Contains(w.log.String(), old) {
			t.Error("the log holds the token")
		}
	})
}

// A template that Meta pauses while workflows and agents send it is news to the admins.
func TestPausedTemplateIsTold(t *testing.T) {
	w := liveIn(t, worldOptions{Flags: map[string]string{"alert_to": "admin@example.com"}})
	w.settle()
	b := w.sim.Business()
	name := b.Account().Templates[0].Name
	if !b.SetTemplateStatus(name, "", "PAUSED", "LOW_QUALITY") {
		t.Fatal("there is no such template")
	}
	if m := w.mailTo(w.room.Mailbox("admin@example.com"), "is paused"); !strings.Contains(m.Text, name) || !strings.Contains(m.Text, "refused") {
		t.Errorf("the admin is told:\n%s", m.Text)
	}
}

// applyToken sets the channel's access token as an admin does, by the business file.
func (w *testWorld) applyToken(token string) {
	w.Helper()
	a := w.sim.Business().Account()
	secrets := map[string]string{"PHONE_NUMBER_ID": a.PhoneNumberID, "WABA": a.WABA, "TOKEN": token, "APP_SECRET": a.AppSecret, "GRAPH": w.graph}
	f, err := business.Parse("demo.yaml", []byte(demoBusiness), infos(), func(name string) (string, bool) { v, ok := secrets[name]; return v, ok }, os.ReadFile)
	w.must(err)
	f.Workspace = w.cfg.Workspace
	plan, err := business.NewPlan(w.Context(), w.store, w.vault, f)
	w.must(err)
	w.must(plan.Apply(w.Context(), w.now()))
}

// Whatever secret was planted, neither the files of the database nor the log nor the channel log holds it.
func TestNoSecretIsLeftAnywhere(t *testing.T) {
	dir := t.TempDir()
	w := liveIn(t, worldOptions{Dir: dir})
	a := w.sim.Business().Account()
	w.grace.Say("a picture for you")
	w.grace.SendImage("x.png", stockPicture(3), "image/png", "")
	m := w.mailTo(w.lena, "a picture for you")
	_, err := w.lena.Reply(w.within(), m, "thank you", mailroom.ReplyOptions{})
	w.must(err)
	w.phoneShows(w.grace, "thank you")
	w.sim.Business().SetToken("EAAanother-token") // so that errors are logged, too
	_, err = w.lena.Reply(w.within(), m, "and more", mailroom.ReplyOptions{})
	w.must(err)
	w.settle()
	_, err = w.links.Check(t.Context(), w.workspace, w.theChannel().ID)
	w.must(err)
	token, err := w.verifyToken(t.Context(), w.theChannel())
	w.must(err)
	logged, err := w.repo().ChannelLog(t.Context(), w.theChannel().ID, core.Page{Limit: 200})
	w.must(err)
	if len(logged) == 0 {
		t.Error("the channel log is empty")
	}
	texts := map[string]string{"log": w.log.String(), "channel log": fmt.Sprintf("%+v", logged)}
	w.must(filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != "master.key" {
			raw, readErr := os.ReadFile(path) //nolint:gosec // the test's own folder
			texts[path], err = string(raw), readErr
		}
		return err
	}))
	for secret, what := range map[string]string{a.Token: "access token", a.AppSecret: "app secret", token: "verify token"} {
		for where, text := range texts {
			if strings.Contains(text, secret) {
				t.Errorf("the %s is in %s", what, where)
			}
		}
	}
}

// Rotating the master key while the gateway runs changes nothing for it.
func TestKeyRotationWhileRunning(t *testing.T) {
	w := liveIn(t, worldOptions{})
	w.grace.Say("before")
	m := w.mailTo(w.lena, "before")
	n, err := w.vault.Rotate(t.Context(), w.store)
	w.must(err)
	if n != 3 {
		t.Errorf("%d secrets sealed anew, want 3", n)
	}
	_, err = w.lena.Reply(w.within(), m, "after", mailroom.ReplyOptions{})
	w.must(err)
	w.phoneShows(w.grace, "after")
	w.grace.Say("and back")
	w.mailTo(w.omar, "and back")
}
