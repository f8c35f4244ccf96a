package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/bridges/simulator/mailroom"
	"causeway/core"
)

// TestJump: what waits for its time comes to pass when the demo's time is moved beyond it.
func TestJump(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database, Business: demoBusiness + "care: {close_after: 3d}\n"})
		w.grace.Say("Do you have it in blue?")
		m := w.mailTo(w.lena, "in blue")
		_, err := w.lena.Reply(w.within(), m, "Yes, we do.", mailroom.ReplyOptions{})
		w.must(err)
		w.phoneShows(w.grace, "Yes, we do.")
		w.eventually("the wait for her answer", func() bool {
			n, err := w.queue.Waiting(t.Context())
			return err == nil && n == 1
		})
		r, err := http.Post(w.stage+"/api/time", "application/json", strings.NewReader(`{"hours": 73}`)) //nolint:noctx // a test's
		w.must(err)
		w.must(r.Body.Close())
		w.eventually("the end of the conversation", func() bool { return w.conversations()[0].State == core.ConversationClosed })
		if ahead := time.Until(w.now()); ahead < 72*time.Hour {
			t.Errorf("the time is %v ahead", ahead)
		}
	})
}

// TestDemoCallsPrivate: what the environment allows may be called in the demo too, beside its own platform.
func TestDemoCallsPrivate(t *testing.T) {
	t.Setenv("CAUSEWAY_ALLOW_PRIVATE", "10.0.0.0/8,192.0.2.7:443")
	w := liveIn(t, demoOptions(t.TempDir()))
	if want := []string{strings.TrimPrefix(w.graph, "http://"), "10.0.0.0/8", "192.0.2.7:443"}; !slices.Equal(w.cfg.AllowPrivate, want) {
		t.Errorf("it may call %q, want %q", w.cfg.AllowPrivate, want)
	}
}
