package email

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"causeway/bridges/email/mailbox"
	"causeway/core"
)

const corpusDir = "../../../shared/fixtures/email/mime"

func corpus(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat(corpusDir); err != nil {
		t.Skip("the corpus of other projects' mails is not beside this checkout")
	}
	return corpusDir
}

// mails are the files of a folder that are mails.
func mails(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.Contains([]string{".json", ".golden", ".md", ".rb"}, filepath.Ext(path)) {
			return err
		}
		all[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func takeRaw(l *link, raw []byte) []core.Event {
	m := mailbox.Mail{UID: 7, Size: int64(len(raw)), At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Raw: raw}
	return l.take(place{"INBOX", 1, 7}, m).events
}

// sound checks what every event must be.
func sound(t testing.TB, name string, events []core.Event) {
	t.Helper()
	if len(events) == 0 {
		t.Errorf("%s: nothing came of it", name)
	}
	seen := map[string]bool{}
	for _, e := range events {
		body := e.Fault != "" || e.Kind == core.EventOther || e.Kind == core.EventReceipt && e.Receipt != nil && e.Receipt.Provider != "" ||
			e.Kind == core.EventReaction && e.Reaction != nil && e.Reaction.Target != "" && len(e.Peer.Identities) == 1 ||
			e.Kind == core.EventMessage && e.Message != nil && e.Message.Provider != "" && len(e.Peer.Identities) == 1
		if e.ID == "" || e.At.IsZero() || !body || seen[e.ID] {
			t.Errorf("%s: got %+v", name, e)
		}
		seen[e.ID] = true
		raw, err := json.Marshal(e)
		if err != nil || len(raw) > 2<<20 {
			t.Errorf("%s: %d bytes, %v", name, len(raw), err)
		}
		if e.Message != nil && (!utf8.ValidString(e.Message.Content.Text) || strings.ContainsRune(e.Message.Content.Text, 0)) {
			t.Errorf("%s: text that no database takes", name)
		}
		if e.Fault != "" && !json.Valid(e.Raw) {
			t.Errorf("%s: a fault without its mail", name)
		}
	}
}

// TestCorpus: of every mail something comes, quickly, and most of them are messages.
func TestCorpus(t *testing.T) {
	l := openLink(t, newHost(t), goodSettings("127.0.0.1:1", "127.0.0.1:1"))
	faults, all := 0, mails(t, corpus(t))
	for name, raw := range all {
		begun := time.Now()
		events := takeRaw(l, raw)
		if d := time.Since(begun); d > 20*time.Second {
			t.Errorf("%s took %s", name, d)
		}
		sound(t, name, events)
		if len(events) > 0 && events[0].Fault != "" {
			faults++
			if strings.Contains(name, "/made/") {
				t.Logf("%s: %s", name, events[0].Fault)
			}
		}
	}
	t.Logf("%d of %d set aside", faults, len(all))
	if faults*100 > len(all)*18 {
		t.Errorf("%d of %d mails were set aside", faults, len(all))
	}
}

// silent reports whether events ask nobody for an answer.
func silent(events []core.Event) bool {
	return !slices.ContainsFunc(events, func(e core.Event) bool {
		return e.Kind == core.EventMessage && e.Fault == "" && e.Message.Content.Automatic == ""
	})
}

// TestAutomatic: which mails a machine wrote.
func TestAutomatic(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(corpus(t), "made", "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]struct{ Auto any }
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	l := openLink(t, newHost(t), goodSettings("127.0.0.1:1", "127.0.0.1:1"))
	seen := 0
	for name, w := range want {
		auto, ok := w.Auto.(bool)
		mail, err := os.ReadFile(filepath.Join(corpusDir, "made", name+".eml"))
		if !ok || err != nil || name == "auto-own-header" { // that mark is another product's
			continue
		}
		seen++
		if got := silent(takeRaw(l, mail)); got != auto {
			t.Errorf("%s: silent %v, want %v", name, got, auto)
		}
	}
	if seen < 10 {
		t.Errorf("only %d were looked at", seen)
	}
}

// TestBounces: no bounce of the corpora is answered.
func TestBounces(t *testing.T) {
	l := openLink(t, newHost(t), goodSettings("127.0.0.1:1", "127.0.0.1:1"))
	loud, seen := 0, 0
	for _, dir := range []string{"flufl.bounce/data", "bounceparser-perl/corpus", "enmime/dsn"} {
		for name, raw := range mails(t, filepath.Join(corpus(t), dir)) {
			seen++
			if !silent(takeRaw(l, raw)) {
				loud++
				t.Logf("taken for a person's: %s", name)
			}
		}
	}
	t.Logf("%d of %d taken for a person's", loud, seen)
	if loud*100 > seen*5 {
		t.Errorf("%d of %d bounces were taken for a person's mail", loud, seen)
	}
}
