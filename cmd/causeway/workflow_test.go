package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"causeway/bridges/simulator/mailroom"
	"causeway/core"
	"causeway/core/workflow"
)

// putWorkflow stores a workflow as an admin does, and lets the gateway see it.
func (w *testWorld) putWorkflow(text string) {
	w.Helper()
	known, err := workflow.Names(w.Context(), w.repo())
	w.must(err)
	defs, err := workflow.Read("test.yaml", []byte(text), known)
	w.must(err)
	w.must(w.store.Tx(w.Context(), func(tx core.Tx) error {
		for _, d := range defs {
			if _, _, err := workflow.Put(w.Context(), tx.In(w.workspace), d, core.Author{Kind: core.AuthorSystem}, w.now()); err != nil {
				return err
			}
		}
		return nil
	}))
}

// From a contact's first message to an agent's answer, without a person's help in between, and around again.
func TestSeedChain(t *testing.T) {
	var asked atomic.Int32
	crm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Authorization") != "Bearer crm-key-1234" || r.Header.Get("Idempotency-Key") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"customer": {"plan": "gold", "phone": %q}}`, strings.TrimPrefix(r.URL.Path, "/contacts/"))
	}))
	t.Cleanup(crm.Close)
	onBoth(t, func(t *testing.T, database string) {
		asked.Store(0)
		w := liveIn(t, worldOptions{Database: database, Flags: map[string]string{"allow_private": "127.0.0.0/8"}})
		s := core.SealedSecret{Workspace: w.workspace, Owner: workflow.SecretOwner, Name: "crm", Set: w.now()}
		var err error
		s.Box, err = w.vault.Seal(core.NewSecret("crm-key-1234"), s.Context())
		w.must(err)
		w.must(w.repo().PutSecret(t.Context(), s))
		w.putWorkflow(`
name: inbound
on: {event: opened, by: contact}
steps:
  - name: topic
    ask:
      text: "Hello! What is it about?"
      kind: choice
      options: [{title: Sales, id: sales}, {title: Support, id: support}]
  - http:
      url: ` + crm.URL + `/contacts/{{contact.phone}}
      headers: {Authorization: "Bearer {{secret.crm}}"}
      save: {fields.plan: customer.plan}
  - branch:
      - {when: answers.topic == "sales" and fields.plan == "gold", to: gold}
  - send: {text: "Somebody will be with you."}
    next: end
  - name: gold
    set: {tags: [gold]}
  - assign: {team: sales, previous: true}
  - send: {text: "You are with sales, {{contact.name}}."}
`)
		w.grace.Say("hello")
		w.phoneShows(w.grace, "Hello! What is it about?")
		w.grace.Press("Sales")
		w.phoneShows(w.grace, "You are with sales, Grace Miller.")
		c := w.conversations()[0]
		if team, err := w.repo().Team(t.Context(), c.Team); err != nil || team.Name != "sales" {
			t.Errorf("assigned to %+v, %v", team, err)
		}
		m := w.mailTo(w.lena, "hello")
		_, err = w.lena.Reply(w.within(), m, "How can I help?", mailroom.ReplyOptions{})
		w.must(err)
		w.phoneShows(w.grace, "How can I help?")
		_, err = w.desk.Close(t.Context(), w.workspace, c.ID, core.Author{Kind: core.AuthorAgent})
		w.must(err)
		w.grace.Say("I am back")
		w.eventually("a second question", func() bool { return has(lines(w.grace), "What is it about?") == 2 })
		w.eventually("one run done and one that waits", func() bool {
			runs, err := w.repo().Runs(t.Context(), core.RunFilter{}, core.Page{})
			w.must(err)
			return len(runs) == 2 && runs[1].Reason == "done" && runs[0].State == core.RunWaiting
		})
		if n := asked.Load(); n != 1 {
			t.Errorf("the other system was asked %d times", n)
		}
		if strings.Contains(w.log.String(), "crm-key-1234") {
			t.Error("the secret stands in the log")
		}
	})
}

// automatic is what workflows say to a contact, in order.
func (w *testWorld) automatic(name string) (texts []string) {
	all, err := w.repo().Conversations(w.Context(), core.ConversationFilter{}, core.Page{Limit: 200})
	for _, c := range all {
		contact, wrong := w.repo().Contact(w.Context(), c.Contact)
		if err = errors.Join(err, wrong); contact.Name != name {
			continue
		}
		list, wrong := w.repo().Messages(w.Context(), c.ID, core.Page{Limit: 200})
		err = errors.Join(err, wrong)
		for _, m := range slices.Backward(list) {
			if m.Author.Kind == core.AuthorWorkflow {
				texts = append(texts, m.Content.Text)
			}
		}
	}
	if err != nil {
		w.Error(err)
	}
	return texts
}

// Killed again and again in the middle of runs, the program ends every run as if nothing had happened.
func TestWorkflowsKilled(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		r, err := newRig(ctx, rigOptions{Program: build(t), Dir: t.TempDir(), Database: database})
		if err != nil {
			t.Fatal(err)
		}
		w := &testWorld{T: t, player: &player{world: r.world}}
		t.Cleanup(func() { w.must(r.close()) })
		defs, err := workflow.Read("killed.yaml", []byte(`
name: killed
on: {event: opened}
steps:
  - send: {text: Welcome}
  - {name: city, ask: {text: "Which city?", field: city}}
  - set: {tags: [asked], conversation_tags: [lead]}
  - send: {text: "{{fields.city}} is fine."}
  - {name: size, ask: {text: "How many?", kind: number}}
  - wait: {for: 1s}
  - order: {items: [{product: tea, quantity: "{{answers.size}}"}]}
  - send: {text: "{{answers.size}} it is."}
`), workflow.Known{})
		w.must(err)
		w.must(r.store.Tx(ctx, func(tx core.Tx) error {
			_, _, err := workflow.Put(ctx, tx.In(r.workspace), defs[0], core.Author{Kind: core.AuthorSystem}, r.now())
			return err
		}))
		again := func() {
			w.must(r.kill())
			w.must(r.start(ctx))
			w.must(r.awaitReady(ctx))
		}
		again()
		var talks sync.WaitGroup
		done := make(chan struct{})
		const customers = 4
		failed := make(chan string, customers)
		for i := range customers {
			talks.Go(func() {
				name := fmt.Sprintf("Customer %d", i)
				c := r.sim.Customer(fmt.Sprintf("4477009001%02d", i), name)
				for _, turn := range [][2]string{{"hi", "Which city?"}, {"Cairo", "How many?"}, {"3", "3 it is."}} {
					c.Say(turn[0])
					for !slices.Contains(w.automatic(name), turn[1]) {
						if !until(ctx, time.Now().Add(50*time.Millisecond)) {
							failed <- fmt.Sprintf("%s is never told %q, but %q", name, turn[1], w.automatic(name))
							return
						}
					}
				}
				if got := strings.Join(w.automatic(name), "|"); got != "Welcome|Which city?|Cairo is fine.|How many?|3 it is." {
					failed <- fmt.Sprintf("%s is told %s", name, got)
				}
				seen := lines(c) // one that was under way at a kill may be of unknown outcome, and is then not sent again
				if slices.Sort(seen); len(slices.Compact(slices.Clone(seen))) != len(seen) {
					failed <- fmt.Sprintf("%s sees something twice: %q", name, seen)
				}
			})
		}
		go func() { talks.Wait(); close(done) }()
		for kills := 0; ; kills++ {
			select {
			case <-done:
			case <-time.After(time.Duration(100+150*(kills%4)) * time.Millisecond):
				if kills < 8 {
					again()
					continue
				}
				<-done
			}
			break
		}
		close(failed)
		for what := range failed {
			t.Error(what)
		}
		all, err := r.store.In(r.workspace).Runs(ctx, core.RunFilter{}, core.Page{})
		w.must(err)
		orders, err := r.store.In(r.workspace).Purchases(ctx, "", core.Page{})
		if err != nil || len(all) != customers || len(orders) != customers {
			t.Errorf("%d runs and %d orders of %d customers, %v", len(all), len(orders), customers, err)
		}
	})
}

// TestFirstWorkflow: the first message after a command has given a running gateway its first workflow is dealt with by that.
func TestFirstWorkflow(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		dir := t.TempDir()
		w := liveIn(t, worldOptions{Database: database, Dir: dir})
		w.grace.Say("Is anybody there?")
		w.mailTo(w.lena, "Is anybody there?")
		s := newShell(t, "CAUSEWAY_DATA_DIR="+dir, "CAUSEWAY_DATABASE_URL="+w.cfg.DatabaseURL.Reveal())
		s.file("hello.yaml", `{name: hello, on: {event: opened, by: contact}, steps: [{send: {text: "Yes, we are."}}]}`)
		if out, code := s.run("workflow", "put", "hello.yaml"); code != 0 {
			t.Fatalf("it ended with %d: %s", code, out)
		}
		w.mona.Say("And now?")
		w.phoneShows(w.mona, "Yes, we are.")
	})
}
