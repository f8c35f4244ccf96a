package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/workflow"

	"pgregory.net/rapid"
)

var errCrash = errors.New("the program was killed here")

// fragile is a store on which the program dies now and then: before a transaction, or right after its commit.
type fragile struct {
	core.Store
	dies func() bool
}

func (f fragile) Tx(ctx context.Context, do func(tx core.Tx) error) error {
	if f.dies() {
		return errCrash
	}
	if err := f.Store.Tx(ctx, do); err != nil {
		return err
	}
	if f.dies() {
		return errCrash
	}
	return nil
}

// fragileComposer dies before or after messages are stored.
type fragileComposer struct {
	core.Composer
	dies func() bool
}

func (f fragileComposer) Compose(ctx context.Context, ws core.WorkspaceID, r core.Request) ([]core.Message, core.Decision, error) {
	if f.dies() {
		return nil, core.Decision{}, errCrash
	}
	made, d, err := f.Composer.Compose(ctx, ws, r)
	if err == nil && f.dies() {
		return nil, core.Decision{}, errCrash
	}
	return made, d, err
}

const everything = `
workflows:
- name: main
  on: {event: opened}
  steps:
  - send: {text: Welcome}
  - name: city
    ask: {text: "Which city?", field: city}
  - http: {url: "$CRM/c?city={{answers.city}}", save: {vars.plan: data.0.plan, fields.crm: id}}
  - run: thanks
  - branch:
    - {when: vars.plan == "gold", to: gold}
  - stop: not gold
  - name: gold
    set: {tags: [gold], conversation_tags: [lead], priority: high, fields: {plan: "{{vars.plan}}"}}
  - order: {items: [{product: tea, quantity: "2"}], data: {city: "{{fields.city}}"}}
  - note: "from {{fields.city}}"
  - notify: {to: [sales], text: gold came}
  - assign: {team: sales, previous: true}
  - wait: {for: 1h}
  - send: {text: "Still there, {{fields.crm}}?"}
- name: thanks
  steps:
  - send: {text: "Thank you, {{answers.city}}."}
- name: tagged
  on: {event: tag, names: [gold]}
  steps:
  - send: {text: You are gold}
`

// crm answers with a plan, and counts the keys it was asked with.
func crm(t *testing.T) (address string, keys func() int) {
	t.Helper()
	var mu sync.Mutex
	seen := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.Header.Get("Idempotency-Key")] = true
		fmt.Fprintf(w, `{"id": 42, "data": [{"plan": "gold", "city": %q}]}`, r.FormValue("city"))
	}))
	t.Cleanup(s.Close)
	return s.URL, func() int { mu.Lock(); defer mu.Unlock(); return len(seen) }
}

// story plays a conversation and tells how it ended.
func (w *world) story(address string, dies func() bool) string {
	w.Helper()
	w.put(strings.ReplaceAll(everything, "$CRM", address))
	w.wire(fragile{w.store, dies}, nil)
	o := w.engine.Options
	o.Composer, o.Call = fragileComposer{w.outbox, dies}, func(core.WorkspaceID, []core.Secret) *http.Client { return http.DefaultClient }
	w.engine = workflow.New(o)
	w.driver.Followers = []core.Follower{w.engine}
	rest := func() {
		for range 2000 {
			if !w.once(false) {
				return
			}
		}
		w.Fatal("automation does not come to rest")
	}
	for _, text := range []string{"hi", "Cairo", "thanks"} {
		w.comes(core.OriginCustomer, core.Content{Kind: core.KindText, Text: text})
		rest()
	}
	w.now = w.now.Add(2 * time.Hour)
	rest()
	return w.ending()
}

// ending is everything that automation did.
func (w *world) ending() string {
	w.Helper()
	c := w.talk()
	fields, err := w.repo.Fields(w.Context(), c.Contact)
	must(w.T, err)
	tags, err := w.repo.ContactTags(w.Context(), c.Contact)
	must(w.T, err)
	h, err := w.repo.Handling(w.Context(), c.ID)
	must(w.T, err)
	orders, err := w.repo.Purchases(w.Context(), c.Contact, core.Page{})
	must(w.T, err)
	events, err := w.repo.ConversationEvents(w.Context(), c.ID)
	must(w.T, err)
	var notes []string
	for _, e := range events {
		notes = append(notes, string(e.Kind)+" "+e.Text)
	}
	for i := range orders {
		orders[i] = core.Purchase{State: orders[i].State, Items: orders[i].Items, Data: orders[i].Data}
	}
	jobs, err := w.queue.Kinds(w.Context())
	must(w.T, err)
	runs := w.runs()
	slices.Sort(runs)
	sent := w.sent()
	slices.Sort(sent)
	return fmt.Sprintf("%q\n%q\n%v %v %v %d\n%v\n%q\n%q\n%v", sent, runs, fields, tags, h.Tags, h.Priority, orders, notes, w.assigned,
		strings.Contains(jobs, string(core.JobWorkflow)))
}

// Whenever the program dies, everything happens once all the same.
func TestCrashes(t *testing.T) {
	want := ""
	lite(t, func(w *world) {
		address, _ := crm(t)
		want = w.story(address, func() bool { return false })
		for _, part := range []string{"Welcome", "Which city?", "Thank you, Cairo.", "You are gold", "Still there, 42?", "main: ended done", "tagged: ended done", "note from Cairo", "{tea 2", "sales previous"} {
			if !strings.Contains(want, part) {
				t.Errorf("%q is missing in\n%s", part, want)
			}
		}
	})
	tries := 8
	if testing.Short() {
		tries = 4
	}
	for seed := range tries {
		lite(t, func(w *world) {
			r := rand.New(rand.NewPCG(uint64(seed), 7)) //nolint:gosec // to be repeated
			address, keys := crm(t)
			if got := w.story(address, func() bool { return r.IntN(4) == 0 }); got != want {
				t.Errorf("seed %d\n got %s\nwant %s", seed, got, want)
			}
			if n := keys(); n != 1 {
				t.Errorf("seed %d: the other system saw %d keys", seed, n)
			}
		})
	}
	each(t, func(w *world) {
		r := rand.New(rand.NewPCG(99, 7)) //nolint:gosec // to be repeated
		address, _ := crm(t)
		if got := w.story(address, func() bool { return r.IntN(5) == 0 }); got != want {
			t.Errorf(" got %s\nwant %s", got, want)
		}
	})
}

// Words are the same whatever their case, accents, vowel signs and digits.
func TestAnswersInManyForms(t *testing.T) {
	lite(t, func(w *world) {
		w.put(`
name: forms
on: {event: keyword, words: [Größe, طلب, "12"], match: contains}
steps:
- {name: number, ask: {text: number, kind: number, min: 1, max: 5000}}
- {name: email, ask: {text: email, kind: email}}
- {name: phone, ask: {text: phone, kind: phone}}
- {name: date, ask: {text: date, kind: date}}
- {name: text, ask: {text: text, pattern: "[A-Z]{2}[0-9]+", retries: 0, invalid: after}}
- {name: after, ask: {text: choice, kind: choice, options: [{title: {en: Yes, ar: نعم}, id: y}, {title: "No"}]}}
- stop: "{{answers.number}} {{answers.email}} {{answers.phone}} {{answers.date}} {{answers.text}} {{answers.after}}"
`)
		for _, text := range []string{"nothing of the sort", "meine GROSSE Frage", "أريد طَلَب", "no", "١٬٢٣٤٫٥", "Eve@Example.ORG.", "00966 50 123 4567", "24/12/2026", "AB١٢", "نَعم"} {
			w.says(text)
		}
		w.wantRuns("forms: ended 1234.5 eve@example.org +966501234567 2026-12-24 AB١٢ y")
	})
}

// forgetful is a store that cannot tell now and then what was said.
type forgetful struct {
	core.Store
	fails *bool
}

func (f forgetful) In(ws core.WorkspaceID) core.Repo { return forgetfulRepo{f.Store.In(ws), f.fails} }

type forgetfulRepo struct {
	core.Repo
	fails *bool
}

func (r forgetfulRepo) Messages(ctx context.Context, id core.ConversationID, p core.Page) ([]core.Message, error) {
	if *r.fails {
		return nil, errCrash
	}
	return r.Repo.Messages(ctx, id, p)
}

// Who cannot be known to be a machine is not taken for one.
func TestTroubleIsNoMachine(t *testing.T) {
	lite(t, func(w *world) {
		fails := false
		w.wire(forgetful{w.store, &fails}, nil)
		w.put("name: ask\non: {event: opened}\nsteps:\n- {name: city, ask: {text: 'Which city?'}}\n- send: {text: 'To {{answers.city}}.'}\n")
		w.says("hello")
		fails = true
		w.comes(core.OriginCustomer, core.Content{Kind: core.KindText, Text: "Novosibirsk, please"})
		w.once(false)
		fails = false
		w.pump()
		w.wantRuns("ask: ended done")
		w.wantSent("Which city?", "To Novosibirsk, please.")
	})
}

// Two machines that answer each other are left alone soon.
func TestStorms(t *testing.T) {
	lite(t, func(w *world) {
		w.put("name: echo\nlimit: 100\non: {event: message}\nsteps:\n- send: {text: \"We got your message.\"}\n")
		for range 10 {
			w.says("I am out of the office until Monday.")
		}
		if n := len(w.sent()); n != 3 {
			t.Errorf("a machine got %d messages", n)
		}
	})
	lite(t, func(w *world) {
		w.put("name: echo\nlimit: 5\non: {event: message}\nsteps:\n- send: {text: \"We got your message.\"}\n")
		for i := range 10 {
			w.says(fmt.Sprintf("message %d", i))
		}
		if n := len(w.sent()); n != 5 {
			t.Errorf("%d messages in an hour, 5 are allowed", n)
		}
		w.passes(61 * time.Minute)
		w.says("later")
		if n := len(w.sent()); n != 6 {
			t.Errorf("%d messages after the hour", n)
		}
	})
}

// A circle with a wait that is too short, as an older version may have stored, is ended in the end; one that asks every ten seconds goes on.
func TestCircles(t *testing.T) {
	defs, err := workflow.Read("poll.yaml", []byte("name: poll\non: {event: opened}\nsteps:\n- {name: rest, wait: {for: 10s}, next: rest}\n"), workflow.Known{})
	must(t, err)
	for span, want := range map[string]string{"10s": "poll: waiting", "5s": "poll: ended It went round too fast."} {
		lite(t, func(w *world) {
			defs[0].Steps[0].Wait.For = span
			must(t, w.store.Tx(t.Context(), func(tx core.Tx) error {
				_, _, err := workflow.Put(t.Context(), tx.In(w.ws), defs[0], core.Author{Kind: core.AuthorAPI}, w.now)
				return err
			}))
			w.says("hi")
			each, _ := core.ParseSpan(span)
			for range 405 {
				w.passes(each)
			}
			w.wantRuns(want)
		})
	}
}

// The newest question is the one that is answered; a keyword interrupts only if it says so.
func TestOneQuestion(t *testing.T) {
	for _, c := range []struct {
		interrupt string
		want      []string
	}{
		{"", []string{"a: ended got menu"}},
		{", interrupt: true", []string{"a: ended The contact began something else.", "b: waiting"}},
	} {
		lite(t, func(w *world) {
			w.put(fmt.Sprintf("workflows:\n- name: a\n  on: {event: opened}\n  steps:\n  - {name: q, ask: {text: one}}\n  - stop: \"got {{answers.q}}\"\n"+
				"- name: b\n  on: {event: keyword, words: [menu]%s}\n  steps:\n  - {name: q, ask: {text: two}}\n", c.interrupt))
			w.says("hi")
			w.says("menu")
			w.wantRuns(c.want...)
		})
	}
}

func TestSchedule(t *testing.T) {
	lite(t, func(w *world) {
		w.put("name: daily\non: {event: schedule, cron: \"0 12 * * *\", zone: Africa/Cairo, when: conversation.age > 60}\nsteps:\n- send: {text: noon}\n")
		w.says("hi")
		must(t, w.engine.Plan(t.Context(), w.ws))
		must(t, w.engine.Plan(t.Context(), w.ws))
		w.passes(59 * time.Minute)
		w.wantSent()
		w.passes(2 * time.Minute) // noon in Cairo is 10:00 UTC
		w.wantSent("noon")
		w.passes(24 * time.Hour)
		w.wantSent("noon", "noon")
	})
}

// busy is a store in which something comes in before each transaction.
type busy struct {
	core.Store
	comes func()
}

func (b busy) Tx(ctx context.Context, f func(tx core.Tx) error) error {
	b.comes()
	return b.Store.Tx(ctx, f)
}

// A schedule reaches every conversation that is open, those that are written in meanwhile too.
func TestScheduleWhileMessagesCome(t *testing.T) {
	lite(t, func(w *world) {
		var all []core.ConversationID
		for i := range 120 {
			contact := core.Contact{ID: core.NewID[core.ContactID]()}
			must(t, w.repo.AddContact(t.Context(), contact))
			at := w.now.Add(time.Duration(i) * time.Second)
			conv := core.Conversation{ID: core.NewID[core.ConversationID](), Contact: contact.ID, State: core.ConversationOpen, Channel: w.ch.ID, Opened: at, LastAt: at}
			_, err := w.repo.AddConversation(t.Context(), &conv)
			must(t, err)
			all = append(all, conv.ID)
		}
		w.put("name: daily\non: {event: schedule, cron: \"0 12 * * *\"}\nsteps:\n- stop: done\n")
		must(t, w.engine.Plan(t.Context(), w.ws))
		w.wire(busy{w.store, func() {
			_, err := w.repo.NextSeq(t.Context(), all[0], w.now) // the oldest becomes the newest
			must(t, err)
		}}, nil)
		w.passes(4 * time.Hour)
		if got := len(w.runs()); got != len(all) {
			t.Errorf("it ran in %d conversations, want %d", got, len(all))
		}
	})
}

// A refusal of the gate takes its way, or is noted with its remedy.
func TestRefusals(t *testing.T) {
	for _, c := range []struct{ refused, want, note string }{
		{"", "late: ended done", "What it was to say was not sent. The customer last wrote 27 h ago"},
		{", refused: other", "late: ended refused", ""},
	} {
		lite(t, func(w *world) {
			w.window = core.Window{Free: 24 * time.Hour, After: core.AfterNothing}
			w.wire(w.store, nil)
			w.put(fmt.Sprintf("name: late\non: {event: opened}\nsteps:\n- wait: {for: 26h}\n- {send: {text: hello}%s}\n- {note: after, next: end}\n%s", c.refused,
				map[bool]string{true: "- {name: other, stop: refused}\n"}[c.refused != ""]))
			w.says("hi")
			w.passes(27 * time.Hour)
			w.wantRuns(c.want)
			events, err := w.repo.ConversationEvents(t.Context(), w.talk().ID)
			must(t, err)
			noted := slices.ContainsFunc(events, func(e core.ConversationEvent) bool {
				return e.Kind == core.ConversationEventNotice && strings.Contains(e.Text, c.note)
			})
			if noted != (c.note != "") {
				t.Errorf("history: %+v", events)
			}
		})
	}
}

// No answer, whatever it is, breaks a question, and what is understood is understood again.
func TestAnyAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		for _, kind := range []string{"number", "email", "phone", "date"} {
			value, ok := workflow.ReadAnswer(kind, text, monday)
			if !ok {
				continue
			}
			if again, ok := workflow.ReadAnswer(kind, value, monday); !ok || again != value {
				t.Errorf("%s: %q becomes %q, and that %q, %v", kind, text, value, again, ok)
			}
		}
	})
}
