package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/bridges/simulator/mailroom"
	"causeway/core"
	"causeway/core/report"

	"github.com/spf13/cobra"
)

// traces looks through every row of the database for words, and says in which tables they are. A row that says so is of another person.
func traces(t *testing.T, s *gormstore.Store, words ...string) []string {
	t.Helper()
	var found []string
	look := func(table string, rows func(each func(row string))) {
		rows(func(row string) {
			for _, w := range words {
				if strings.Contains(row, w) && !strings.Contains(row, "of another") {
					found = append(found, fmt.Sprintf("%s: %q in %.300s", table, w, row))
				}
			}
		})
	}
	ctx := context.WithoutCancel(t.Context())
	if pool := s.Postgres(); pool != nil {
		tables, err := pool.Query(ctx, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
		must(t, err)
		var names []string
		for tables.Next() {
			var name string
			must(t, tables.Scan(&name))
			names = append(names, name)
		}
		must(t, tables.Err())
		for _, name := range names {
			look(name, func(each func(string)) {
				rows, err := pool.Query(ctx, "SELECT replace(encode(convert_to(x::text, 'UTF8'), 'escape'), '\\\\', '\\') FROM "+name+" x")
				must(t, err)
				defer rows.Close()
				for rows.Next() {
					var row string
					must(t, rows.Scan(&row))
					each(row)
				}
				must(t, rows.Err())
			})
		}
		return found
	}
	tables, err := s.SQLite().QueryContext(ctx, "SELECT name FROM sqlite_master WHERE type = 'table'")
	must(t, err)
	defer func() { _ = tables.Close() }()
	var names []string
	for tables.Next() {
		var name string
		must(t, tables.Scan(&name))
		names = append(names, name)
	}
	must(t, tables.Err())
	for _, name := range names {
		look(name, func(each func(string)) {
			rows, err := s.SQLite().QueryContext(ctx, "SELECT * FROM "+name)
			must(t, err)
			defer func() { _ = rows.Close() }()
			columns, err := rows.Columns()
			must(t, err)
			for rows.Next() {
				values, into := make([][]byte, len(columns)), make([]any, len(columns))
				for i := range values {
					into[i] = &values[i]
				}
				must(t, rows.Scan(into...))
				each(string(bytes.Join(values, []byte("|"))))
			}
			must(t, rows.Err())
		})
	}
	return found
}

// tracesIn looks through the bytes of all files of a folder, but for those that are named.
func tracesIn(t *testing.T, dir string, without []string, words ...string) []string {
	t.Helper()
	var found []string
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.Contains(without, filepath.Base(path)) {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, w := range words {
			if at := bytes.Index(raw, []byte(w)); at >= 0 {
				found = append(found, fmt.Sprintf("%s: %q at %d: …%q…", path, w, at, raw[max(0, at-80):min(len(raw), at+80)]))
			}
		}
		return nil
	}))
	return found
}

// lookedAgain is when an erasure looks once more.
const lookedAgain = 2 * time.Minute

// graceWords are those by which Grace would be known: her number also as it stands in WhatsApp's ids.
var graceWords = []string{"447700900123", "Grace Miller", "NDQ3NzAwOTAwMTIz", "blue parrot", "an order of seeds", "We have the seeds", "parrot.png"}

// A customer asks to be forgotten: nothing about them is left, nothing that comes again brings it back, and others keep what is theirs.
func TestContactErased(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		repeated := w.hook("wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhg", "447700900123", "the blue parrot again")
		w.grace.Say("my blue parrot is ill")
		w.grace.SendImage("parrot.png", []byte("\x89PNG\r\n\x1a\nblue parrot"), "image/png", "an order of seeds")
		mail := w.mailTo(w.lena, "my blue parrot is ill")
		w.post(repeated)
		_, err := w.lena.Reply(w.within(), mail, "We have the seeds", mailroom.ReplyOptions{})
		w.must(err)
		w.phoneShows(w.grace, "We have the seeds")
		w.mona.Say("what Mona says stays")
		w.mailTo(w.lena, "what Mona says stays")
		w.settle()
		contact := w.contactOf("447700900123")
		w.must(w.carer.Know(t.Context(), w.workspace, contact, core.Knowledge{Fields: map[string]string{"pet": "blue parrot"}, Tags: []string{"vip"}}, core.Author{Kind: core.AuthorAPI}))
		ch := w.theChannel()
		w.must(w.repo().AddDeadLetter(t.Context(), core.DeadLetter{ID: core.NewID[string](), Channel: ch.ID, Kind: "webhook", Raw: repeated, At: w.now()}))
		w.must(w.repo().ParkEvent(t.Context(), ch.ID, "none", core.Event{Kind: core.EventReaction, ID: "x", Peer: core.Peer{Identities: []core.IdentityKey{
			{Scheme: core.SchemePhone, Value: "447700900123"}}}, Reaction: &core.ReactionBody{Target: "none"}}, w.now().Add(time.Hour)))
		w.must(w.repo().AddDeadLetter(t.Context(), core.DeadLetter{ID: "mona", Channel: ch.ID, Kind: "webhook", Raw: []byte(`{"from":"4477009001234", "text":"of another"}`), At: w.now()}))
		w.settle()
		before := w.figures()

		r := w.robot("manage", "read")
		doc := r.expect(http.StatusAccepted, http.MethodDelete, "/contacts/"+string(contact), "")
		again := r.expect(http.StatusAccepted, http.MethodDelete, "/contacts/"+string(contact), "")
		if doc["id"] != again["id"] {
			t.Errorf("asked twice, erased twice: %v, %v", doc, again)
		}
		w.eventually("it is erased", func() bool {
			doc = r.expect(http.StatusOK, http.MethodGet, "/erasures/"+doc["id"].(string), "")
			return doc["done_at"] != nil
		})
		if counts := doc["counts"].(map[string]any); counts["messages"] != 4. || counts["files"] != 1. || counts["mails"] != 1. || counts["dead letters"] != 1. ||
			counts["parked events"] != 1. || counts["conversations"] != 1. || counts["mails to agents"] == nil || counts["agents' mailboxes"] == nil {
			t.Errorf("counted %v", counts)
		}
		if after := w.figures(); after != before {
			t.Errorf("the report counted %s, and counts %s", before, after)
		}
		nothing := func(when string) {
			t.Helper()
			if found := traces(t, w.store, graceWords...); len(found) > 0 {
				t.Errorf("%s the database has still:\n%s", when, strings.Join(found, "\n"))
			}
			keys, err := w.blobs.List(t.Context(), "")
			w.must(err)
			if len(keys) > 0 {
				t.Errorf("%s there are still files: %v", when, keys)
			}
		}
		nothing("after the erasure")
		w.jump(2 * lookedAgain)
		w.settle()
		nothing("after the second look")

		mails := len(w.lena.Received())
		w.post(repeated)
		if _, err := w.lena.Reply(w.within(), mail, "We have the seeds", mailroom.ReplyOptions{}); err == nil {
			t.Error("an agent's mail to an erased contact is taken")
		}
		w.settle()
		nothing("after a repetition and an agent's mail")
		if n := len(w.lena.Received()); n != mails {
			t.Errorf("Lena got %d mails more", n-mails)
		}
		if _, err := w.repo().DeadLetter(t.Context(), "mona"); err != nil {
			t.Errorf("what mentions a longer number is gone: %v", err)
		}

		conv, err := w.repo().ConversationsOf(t.Context(), contact)
		w.must(err)
		for what, err := range map[string]error{
			"know":   w.carer.Know(t.Context(), w.workspace, contact, core.Knowledge{Tags: []string{"vip"}}, core.Author{Kind: core.AuthorAPI}),
			"reopen": second(w.desk.Reopen(t.Context(), w.workspace, conv[0].ID, core.Author{Kind: core.AuthorAPI})),
			"merge":  second(w.desk.Merge(t.Context(), w.workspace, w.contactOf("966501234567"), contact, "test")),
		} {
			if core.CodeOf(err) != core.CodeConflict {
				t.Errorf("%s: %v", what, err)
			}
		}
		w.grace.Say("a new beginning")
		w.mailTo(w.lena, "a new beginning")
		if id := w.contactOf("447700900123"); id == contact {
			t.Error("who was erased came back")
		}
	})
}

func second[T any](_ T, err error) error { return err }

// A wish to get no messages outlasts the person's erasure: should their address come back, it holds.
func TestErasedStaysSilent(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		w.grace.Say("hello")
		w.mailTo(w.lena, "hello")
		w.settle()
		first := w.contactOf("447700900123")
		known, err := w.repo().IdentitiesOf(t.Context(), first)
		w.must(err)
		phone := known[slices.IndexFunc(known, func(i core.Identity) bool { return i.Key.Scheme == core.SchemePhone })]
		ch := w.theChannel()
		_, err = w.repo().SetWish(t.Context(), core.Wish{Channel: ch.ID, Identity: phone.ID, Marketing: true, Stop: true, At: w.now()})
		w.must(err)
		_, err = w.repo().SetWish(t.Context(), core.Wish{Channel: ch.ID, Identity: phone.ID, Stop: true, Block: true, At: w.now()}) // over when they write again
		w.must(err)
		c, err := w.repo().Contact(t.Context(), first)
		w.must(err)
		c.OptedOut = true
		w.must(w.repo().SetContact(t.Context(), c))
		out := w.says(contactEraseCommand(), func(cmd *cobra.Command) error { return w.eraseContact(cmd, "+447700900123") }, "--yes")
		for _, want := range []string{"Grace Miller", "447700900123 (phone)", "messages 1", "2 mails about the contact in 2 agents' mailboxes", "proof: "} {
			if !strings.Contains(out, want) {
				t.Errorf("the command does not say %q:\n%s", want, out)
			}
		}
		w.grace.Say("hello again")
		w.mailTo(w.lena, "hello again")
		again, err := w.repo().Contact(t.Context(), w.contactOf("447700900123"))
		w.must(err)
		wishes, err := w.repo().Wishes(t.Context(), ch.ID, again.ID)
		w.must(err)
		if again.ID == first || !again.OptedOut || again.MarketingStop || len(wishes) != 1 || !wishes[0].Marketing || !wishes[0].Stop {
			t.Errorf("who came back wishes %+v, %+v", again, wishes)
		}
		list := w.says(contactErasedCommand(), func(cmd *cobra.Command) error { return w.listErasures(cmd) })
		if !strings.Contains(list, string(first)) || strings.Contains(list, "447700900123") || strings.Contains(list, "going on") {
			t.Errorf("the list says %s", list)
		}
		no := contactEraseCommand()
		no.SetIn(strings.NewReader("no\n"))
		if out := w.says(no, func(cmd *cobra.Command) error { return w.eraseContact(cmd, "+447700900123") }); !strings.Contains(out, "nothing was erased") {
			t.Errorf("it was not asked: %s", out)
		}
		if w.contactOf("447700900123") != again.ID {
			t.Error("it was erased without a yes")
		}
	})
}

func (w *testWorld) contactOf(phone string) core.ContactID {
	w.Helper()
	known, err := w.repo().Identities(w.Context(), []core.IdentityKey{{Scheme: core.SchemePhone, Value: phone}})
	w.must(err)
	if len(known) == 0 {
		w.Fatalf("nobody is known by %s", phone)
	}
	return known[0].Contact
}

// figures are the counts of a report of today, but for those that grow with the hour.
func (w *testWorld) figures() string {
	w.Helper()
	r, err := report.Make(w.Context(), w.repo(), w.now().Add(-time.Hour), w.now().Add(time.Hour), nil, w.now())
	w.must(err)
	return fmt.Sprintln(r.All.Opened, r.All.In, r.All.Out, r.All.FirstAnswer, r.All.Content, r.Answers, r.Unanswered, r.Agents[0].In, r.Channels[0].Out)
}

// The program erases beside the gateway, is killed in the middle again and again, and ends with all of it erased. Nothing is left in the files of the
// database either.
func TestKilledWhileErasing(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		dir := t.TempDir()
		r, err := newRig(t.Context(), rigOptions{Program: build(t), Dir: dir, Database: database})
		must(t, err)
		t.Cleanup(func() { must(t, r.close()) })
		grace := r.sim.Customer("447700900123", "Grace Miller")
		grace.Say("my blue parrot is ill")
		grace.SendImage("parrot.png", []byte("\x89PNG\r\n\x1a\nblue parrot"), "image/png", "an order of seeds")
		r.holds(t, grace.Phone(), "in my blue parrot is ill", "in an order of seeds")
		if quiet, err := r.settle(t.Context(), stepTime, unfinished); err != nil || !quiet {
			t.Fatalf("it does not come to rest: %v", err)
		}
		repo := r.store.In(r.workspace)
		known, err := repo.Identities(t.Context(), []core.IdentityKey{{Scheme: core.SchemePhone, Value: grace.Phone()}})
		must(t, err)
		conversations, err := repo.ConversationsOf(t.Context(), known[0].Contact)
		must(t, err)
		const more = 5000
		tell(t, r, conversations[0], known[0], more)

		contact, kills := known[0].Contact, 0
		for tries := 0; ; tries++ {
			name := string(contact)
			if tries == 0 {
				name = "+" + grace.Phone()
			}
			c := exec.CommandContext(t.Context(), r.program, "contact", "erase", name, "--yes", "--by", "the customer's letter") //nolint:gosec // ourselves
			c.Env = r.env
			var out bytes.Buffer
			c.Stdout, c.Stderr = &out, &out
			must(t, c.Start())
			killed := make(chan bool, 1)
			if tries < 6 {
				go func() { killed <- killAt(t, r, contact, c, tries) }()
			} else {
				killed <- false
			}
			err := c.Wait()
			if <-killed && err != nil {
				kills++
				if tries == 2 { // the gateway too, which works on the same
					must(t, r.kill())
					must(t, r.start(t.Context()))
					must(t, r.awaitReady(t.Context()))
				}
				continue
			}
			if err != nil {
				t.Fatalf("it failed: %v\n%s", err, &out)
			}
			t.Logf("after %d kills:\n%s", kills, &out)
			break
		}
		if kills == 0 {
			t.Error("it was never killed in the middle")
		}
		e, err := repo.ErasureOf(t.Context(), contact)
		must(t, err)
		if e.Done.IsZero() || e.Counts[core.CountMessages] != more+2 || e.Counts[core.CountFiles] != 1 || e.By.Name != "the customer's letter" {
			t.Errorf("the proof says %+v", e)
		}
		if found := traces(t, r.store, append(graceWords, "told long ago")...); len(found) > 0 {
			t.Errorf("the database has still:\n%s", strings.Join(found, "\n"))
		}
		must(t, r.terminate())
		if r.store.SQLite() == nil {
			return
		}
		t.Logf("before it is written anew the file has %d pieces", len(tracesIn(t, dir, []string{"gateway.log"}, append(graceWords, "told long ago")...)))
		c := exec.CommandContext(t.Context(), r.program, "contact", "erase", string(contact), "--yes", "--compact") //nolint:gosec // ourselves
		c.Env = r.env
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("compact: %v\n%s", err, out)
		}
		if found := tracesIn(t, dir, []string{"gateway.log"}, append(graceWords, "told long ago")...); len(found) > 0 {
			t.Errorf("the files have still:\n%s", strings.Join(found, "\n"))
		}
	})
}

// killAt kills a command at a step of the erasure, another one at each try, and reports whether it was still going on.
func killAt(t *testing.T, r *rig, contact core.ContactID, c *exec.Cmd, try int) bool {
	repo, from := r.store.In(r.workspace), ""
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-time.After(time.Millisecond) {
		e, err := repo.ErasureOf(context.WithoutCancel(t.Context()), contact)
		if err != nil {
			continue
		}
		if !e.Done.IsZero() {
			return false
		}
		place := string(e.Step) + e.Place
		if from == "" {
			from = place
		}
		if place != from || try == 0 {
			return c.Process.Kill() == nil
		}
	}
	return false
}

// tell stores many messages in a conversation.
func tell(t *testing.T, r *rig, conv core.Conversation, who core.Identity, n int) {
	t.Helper()
	for from := 0; from < n; from += 500 {
		must(t, r.store.Tx(t.Context(), func(tx core.Tx) error {
			var rows core.Rows
			for i := from; i < min(n, from+500); i++ {
				content := core.Content{Kind: core.KindText, Text: fmt.Sprint("told long ago ", i)}
				m := core.Message{ID: core.NewID[core.MessageID](), Workspace: r.workspace, Conversation: conv.ID, Contact: conv.Contact, Channel: r.channel.ID, Identity: who.ID,
					Direction: core.In, Author: core.Author{Kind: core.AuthorContact, Name: "Grace Miller"}, Seq: int64(100 + i), Content: content, Status: core.StatusReceived,
					At: time.Now(), Created: time.Now(), Historic: i%2 == 0}
				m.Parts = []core.Part{{ID: core.NewID[core.PartID](), Message: m.ID, Conversation: conv.ID, Channel: r.channel.ID, Seq: m.Seq, Content: content,
					Provider: fmt.Sprint("long.", i), Status: core.StatusReceived, Updated: time.Now()}}
				rows.Messages = append(rows.Messages, m)
			}
			return tx.Write(t.Context(), rows)
		}))
	}
}
