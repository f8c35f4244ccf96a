package workflow_test

import (
	"testing"
	"time"

	"causeway/core"
)

const welcome = `
name: welcome
on: {event: opened, by: contact}
steps:
  - name: name
    ask: {text: "Hello! What is your name?", field: first_name}
  - name: topic
    ask:
      text: "What is it about, {{answers.name}}?"
      kind: choice
      options:
        - {title: {en: Sales, ar: مبيعات}, id: sales}
        - {title: Support, to: help}
  - assign: {team: sales, previous: true}
  - send: {text: "Sales will be with you."}
    next: end
  - name: help
    set: {fields: {topic: "{{answers.topic}}"}, tags: [support]}
  - send: {text: "Support will be with you, {{fields.first_name}}."}
`

func TestWelcome(t *testing.T) {
	each(t, func(w *world) {
		w.put(welcome)
		w.says("hi")
		w.wantSent("Hello! What is your name?")
		w.wantRuns("welcome: waiting")
		w.says("Eve")
		w.wantSent("Hello! What is your name?", "What is it about, Eve? [Sales] [Support]")
		w.says("no idea")
		w.says("2")
		w.wantSent("Hello! What is your name?", "What is it about, Eve? [Sales] [Support]",
			"Please choose one of these.\n\nWhat is it about, Eve? [Sales] [Support]", "Support will be with you, Eve.")
		w.wantRuns("welcome: ended done")
		fields, err := w.repo.Fields(t.Context(), w.talk().Contact)
		must(t, err)
		if fields["first_name"] != "Eve" || fields["topic"] != "Support" {
			t.Errorf("fields %v", fields)
		}
		tags, err := w.repo.ContactTags(t.Context(), w.talk().Contact)
		if err != nil || len(tags) != 1 || tags[0] != "support" {
			t.Errorf("tags %v, %v", tags, err)
		}
		w.says("are you there?")
		w.wantRuns("welcome: ended done")
		_, err = w.desk.Close(t.Context(), w.ws, w.talk().ID, core.Author{Kind: core.AuthorAgent})
		must(t, err)
		w.pump()
		w.says("hello again")
		w.wantRuns("welcome: ended done", "welcome: waiting")
	})
}

func TestPersonAnswers(t *testing.T) {
	for _, c := range []struct {
		human string
		want  string // of the run after an hour and a half
		sent  int
	}{{"", "welcome: ended A person answered.", 1}, {"human: ignore\n", "welcome: waiting", 1}, {"human: pause\n", "welcome: waiting", 2}} {
		t.Run(c.human, func(t *testing.T) {
			lite(t, func(w *world) {
				w.put(c.human + welcome)
				w.says("hi")
				w.comes(core.OriginDevice, core.Content{Kind: core.KindText, Text: "I am on it"})
				w.pump()
				w.passes(90 * time.Minute)
				w.wantRuns(c.want)
				if n := len(w.sent()); n != c.sent {
					t.Errorf("%d messages, want %d: %q", n, c.sent, w.sent())
				}
			})
		})
	}
}

func TestNobodyAnswers(t *testing.T) {
	lite(t, func(w *world) {
		w.put(`
name: ask
on: {event: opened}
steps:
  - name: q
    ask: {text: "Yes or no?", timeout: 10m, on_timeout: late}
    next: end
  - name: late
    send: {text: "Too late."}
  - wait: {for: 3d}
  - send: {text: "Much too late."}
`)
		w.says("hi")
		w.passes(9 * time.Minute)
		w.wantSent("Yes or no?")
		w.passes(2 * time.Minute)
		w.wantSent("Yes or no?", "Too late.")
		w.passes(71 * time.Hour)
		w.wantRuns("ask: waiting")
		w.passes(2 * time.Hour)
		w.wantSent("Yes or no?", "Too late.", "Much too late.")
		w.wantRuns("ask: ended done")
	})
}

// With once a contact is in a workflow one time, in whichever conversation; before that was said counts too.
func TestOnceInALife(t *testing.T) {
	each(t, func(w *world) {
		again := func() {
			_, err := w.desk.Close(t.Context(), w.ws, w.talk().ID, core.Author{Kind: core.AuthorAgent})
			must(t, err)
			w.pump()
			w.says("hello again")
		}
		w.put("name: a\nonce: true\non: {event: opened}\nsteps:\n- send: {text: Welcome}\n")
		w.put("name: b\non: {event: opened}\nsteps:\n- send: {text: Hello}\n")
		w.says("hi")
		w.wantSent("Welcome", "Hello")
		again()
		w.wantSent("Welcome", "Hello", "Hello")
		w.put("name: b\nonce: true\non: {event: opened}\nsteps:\n- send: {text: Hello}\n")
		again()
		w.wantSent("Welcome", "Hello", "Hello")
	})
}

// A conversation that a merge of contacts closes ends what waits in it, and starts nothing: its contact goes on in the other one.
func TestClosedByMerge(t *testing.T) {
	lite(t, func(w *world) {
		w.put("workflows:\n- {name: a, on: {event: opened}, steps: [{name: q, ask: {text: 'Who is it?'}}]}\n" +
			"- {name: b, on: {event: closed}, steps: [{send: {text: Goodbye}}]}\n")
		w.says("hi")
		twin := core.Contact{ID: "twin", Workspace: w.ws, Created: w.now}
		must(t, w.repo.AddContact(t.Context(), twin))
		open := core.Conversation{ID: "open", Workspace: w.ws, Contact: twin.ID, State: core.ConversationOpen, Channel: w.ch.ID, Opened: w.now, LastAt: w.now}
		_, err := w.repo.AddConversation(t.Context(), &open)
		must(t, err)
		_, err = w.desk.Merge(t.Context(), w.ws, twin.ID, w.talk().Contact, "one person")
		must(t, err)
		w.pump()
		w.wantSent("Who is it?")
		w.wantRuns("a: ended The conversation was closed.")
	})
}

// The message of a run that no message began is the one that its conversation was opened with, if that began it, else the contact's last.
func TestMessageOfARun(t *testing.T) {
	lite(t, func(w *world) {
		w.put("workflows:\n- {name: a, on: {event: opened}, steps: [{set: {fields: {opening: '{{message.text}}'}}}]}\n" +
			"- {name: b, on: {event: closed}, steps: [{set: {fields: {last: '{{message.text}}'}}}]}\n")
		for _, text := range []string{"good morning", "my order did not come", "never mind"} {
			w.comes(core.OriginCustomer, core.Content{Kind: core.KindText, Text: text})
		}
		w.pump()
		_, err := w.desk.Close(t.Context(), w.ws, w.talk().ID, core.Author{Kind: core.AuthorAgent})
		must(t, err)
		w.pump()
		fields, err := w.repo.Fields(t.Context(), w.talk().Contact)
		must(t, err)
		if fields["opening"] != "good morning" || fields["last"] != "never mind" {
			t.Errorf("fields %q", fields)
		}
	})
}
