package forward_test

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/forward"
)

// corpus is where the mails lie that are shared by all projects, relative to the repository's root.
const corpus = "../../../shared/fixtures/email/mime"

func corpusFile(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(corpus, path)) //nolint:gosec // a test's own input
	if err != nil {
		t.Skipf("the shared mails are not here: %v", err)
	}
	return raw
}

// Mails marked as automatic in any known way reach no customer; mails that merely look like it are asked about.
func TestCorpusAutomatic(t *testing.T) {
	var cases map[string]struct{ Auto any }
	if err := json.Unmarshal(corpusFile(t, "made/expected.json"), &cases); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		if c.Auto == nil || name == "auto-own-header" { // that one is marked as another program marks its mails
			continue
		}
		raw, err := os.ReadFile(filepath.Join(corpus, "made", name+".eml")) //nolint:gosec // a test's own input
		if err != nil {
			continue // not every case lies here
		}
		t.Run(name, func(t *testing.T) {
			h := asked(t)
			a := h.agents["Lena"]
			a.Addresses = append(a.Addresses, "ali@agents.example")
			h.must(h.repo.SaveAgent(t.Context(), a))
			h.must(h.f.Receive(t.Context(), forward.Envelope{From: "ali@agents.example", To: h.address("Lena"), Remote: netip.MustParseAddr("192.0.2.1")}, raw))
			j := h.queue.take(core.JobReply)[0]
			id := h.nextMail(j)
			h.must(h.work(j, h.f.Reply))
			h.settle()
			m, sent := h.state(id), len(h.phone())
			switch {
			case c.Auto == true && (m.State != core.MailIgnored || sent != 0):
				t.Errorf("an automatic mail is %s (%s), %d messages", m.State, m.Reason, sent)
			case c.Auto == false && (m.State != core.MailSent || sent != 1):
				t.Errorf("a person's mail is %s (%s), %d messages", m.State, m.Reason, sent)
			case c.Auto == "heuristic-subject" && (m.State != core.MailRefused || sent != 0):
				t.Errorf("a doubtful mail is %s (%s), %d messages", m.State, m.Reason, sent)
			}
		})
	}
}

// Whatever is in a mail, it neither breaks the worker nor reaches the customer while From is a stranger's, and no stranger gets mail.
func TestCorpusOfStrangers(t *testing.T) {
	if testing.Short() {
		t.Skip("many mails")
	}
	corpusFile(t, "made/expected.json")
	h := asked(t)
	to := h.address("Lena")
	n := 0
	err := filepath.WalkDir(corpus, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".eml") {
			return err
		}
		raw, err := os.ReadFile(path) //nolint:gosec // a test's own input
		if err != nil || len(raw) > 1<<20 {
			return err
		}
		n++
		began := time.Now()
		h.must(h.f.Receive(t.Context(), forward.Envelope{From: "someone@else.example", To: to, Remote: netip.MustParseAddr("192.0.2.1")}, raw))
		for _, j := range h.queue.take(core.JobReply) {
			h.must(h.work(j, h.f.Reply))
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s took %s", path, took)
		}
		return nil
	})
	h.must(err)
	h.settle()
	h.wantPhone()
	for _, l := range h.relay.letters {
		if !strings.HasSuffix(l.To.Address, "@example.com") {
			t.Errorf("a stranger got mail: %s", l.To.Address)
		}
	}
	h.wantMails("Lena", 3) // the customer's message, and once an hour a word about strangers and about unproven mails
	t.Logf("%d mails", n)
}
