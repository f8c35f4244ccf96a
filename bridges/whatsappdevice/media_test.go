package whatsappdevice

import (
	"errors"
	"os"
	"testing"

	"causeway/core"
)

// TestMediaComesBack: a file that WhatsApp has no more is brought back by the phone, and one that the phone has no more is gone.
func TestMediaComesBack(t *testing.T) {
	r := newRig(t)
	m := r.ana.Image([]byte("a picture"), "look")
	e := r.message("look")
	r.server.Expire(m)
	equal(t, "file", r.fetched(*e.Message.Content.Media), "a picture")
	r.server.Forget(m)
	if _, err := r.link.Fetch(t.Context(), *e.Message.Content.Media); !errors.Is(err, core.ErrMediaGone) {
		t.Errorf("got %v", err)
	}
}

// TestTooLarge: of a file comes no more than its message says.
func TestTooLarge(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := &bounded{File: f, left: 4}
	if _, err := b.Write([]byte("four")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Write([]byte("s")); core.CodeOf(err) != core.CodeTooLarge {
		t.Errorf("got %v", err)
	}
	for told, want := range map[int64]int64{0: largestFile, -1: largestFile, largestFile + 1: largestFile, 10: 10 + fileSlack} {
		equal(t, "room", room(told), want)
	}
}
