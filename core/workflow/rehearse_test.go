package workflow_test

import (
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/workflow"
)

// What is shipped to start from does what it says.
func TestTemplatesPlayed(t *testing.T) {
	for name, steps := range map[string]string{
		"welcome-menu": `
- name: english
  contact: Eve
  language: en
  steps: [{says: hi, expect: "Hello Eve! What can we do for you?"}, {says: "2", assigned: "support previous"}]
- name: arabic, which is not understood twice
  language: ar
  steps: [{says: "مرحبا", expect: "كيف يمكننا مساعدتك"}, {says: "؟؟", expect: "من فضلك اختر"}, {says: "لا", expect: "من فضلك اختر"}, {says: "لا", assigned: support}]
- name: hours
  hours: closed
  steps: [{says: hi, expect: "Hello!"}, {says: opening HOURS, expect: We are back tomorrow at 00:00.}]
- name: a person is quicker
  steps: [{says: hi, expect: "Hello!"}, {person: I am here}, {says: "1", silent: true}, {passes: 2d, silent: true}]`,
		"sales-round-robin": `
- name: a lead
  steps: [{says: hi, expect: Who may we speak to}, {says: Eve, expect: "Thank you, Eve."}, {says: boats, tagged: lead, field: {lead_name: Eve, interest: boats}, assigned: sales}]
- name: silence
  steps: [{says: hi, expect: Who may we speak to}, {passes: 61m, assigned: sales}]`,
		"support-least-open": `
- name: an order
  steps: [{says: hi, expect: number of your order}, {says: "what?", expect: It is in the mail}, {says: "#A-123", noted: "Order #A-123", assigned: support}]`,
		"vip": `
- name: known
  tags: [vip]
  fields: {account_manager: Zoe}
  contact: Eve
  steps: [{says: hi, assigned: Zoe, mailed: Eve is a VIP}]
- name: others
  steps: [{says: hi, silent: true}]`,
		"after-hours": `
- name: closed
  hours: closed
  steps: [{says: hi, expect: "We are closed now, and back tomorrow at 00:00."}, {says: "+44 7700 900123", expect: "we will call +447700900123", tagged: callback}, {passes: 15h, assigned: support}]
- name: open
  steps: [{says: hi, silent: true}]`,
		"ad-leads": `
- name: by an ad
  steps: [{says: hi, ad: Blue boats, tagged: ad, expect: interest in Blue boats}, {says: the price, expect: e-mail address}, {says: nonsense, expect: "Please give an e-mail"}, {says: eve@example.org, ordered: Blue boats, assigned: sales}]`,
	} {
		text, _ := workflow.TemplateText(name)
		defs, err := workflow.Read(name, []byte(text), workflow.Known{})
		must(t, err)
		cases, err := workflow.ReadCases(name, []byte("workflows: [x]\ncases:"+steps))
		must(t, err)
		for _, c := range cases.Cases {
			t.Run(name+"/"+c.Name, func(t *testing.T) {
				if wrong, err := c.Try(t.Context(), defs); err != nil || len(wrong) > 0 {
					t.Errorf("%s, %v", strings.Join(wrong, "\n"), err)
				}
			})
		}
	}
}

func TestCasesFail(t *testing.T) {
	defs, err := workflow.Read("w", []byte(welcome), workflow.Known{})
	must(t, err)
	cases, err := workflow.ReadCases("c", []byte(`
workflows: [x]
cases:
- name: wrong
  steps: [{says: hi, expect: Goodbye}, {says: Eve, silent: true}, {assigned: sales, tagged: x, field: {a: b}, mailed: m, noted: n, ordered: tea, closed: true}, {says: "2"}]`))
	must(t, err)
	wrong, err := cases.Cases[0].Try(t.Context(), defs)
	must(t, err)
	if len(wrong) != 10 {
		t.Errorf("%d are wrong: %s", len(wrong), strings.Join(wrong, "\n"))
	}
	for text, want := range map[string]string{"cases: [{name: a, stesp: []}]": `A case has no key "stesp"`, "": "not YAML with cases", "workflows: [a]\ncases:\n- name: a\n  steps: [{}]": "c:4: The line says nothing.", "workflows: []": "nothing to try"} {
		if _, err := workflow.ReadCases("c", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// Contacts are answered in the language that they write, where theirs is not known, and not in another because they answer with a number; else in
// the business's. They hear in its time zone when it opens.
func TestTongues(t *testing.T) {
	defs, err := workflow.Read("w", []byte(`
name: w
on: {event: opened}
steps:
- {name: n, ask: {kind: number, text: {en: "How many?", ar: "كم؟", ru: "Сколько?"}}}
- send: {text: {en: "{{answers.n}}, {{hours.when}}", ar: "{{answers.n}}، {{hours.when}}", ru: "{{answers.n}}, {{hours.when}}"}}
- branch: [{when: 'contact.language == "ar"', to: arabic}]
- {name: other, stop: done}
- {name: arabic, note: "Arabic, {{hours.next}}"}
`), workflow.Known{})
	must(t, err)
	for _, c := range []struct{ known, first, business, asked, told, noted string }{
		{"", "مرحبا", "", "كم؟", "7، غدًا الساعة 09:00", "Arabic, 2026-03-03 06:00"},
		{"", "hello", "", "How many?", "7, tomorrow at 09:00", ""},
		{"", "hello", "ru", "Сколько?", "7, завтра в 09:00", ""},
		{"en", "مرحبا", "ru", "How many?", "7, tomorrow at 09:00", ""},
	} {
		r, err := workflow.NewRehearsal(defs, time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC))
		must(t, err)
		r.Contact.Language, r.Language, r.Hours.Zone = c.known, c.business, "Asia/Riyadh"
		for d := range r.Hours.Week {
			r.Hours.Week[d] = []core.Shift{{From: 9 * 60, To: 17 * 60}}
		}
		for _, says := range []string{c.first, "7"} {
			must(t, r.Hear(t.Context(), core.Content{Kind: core.KindText, Text: says}))
		}
		var said []string
		for _, m := range r.Said {
			said = append(said, m.Content.Text)
		}
		if got, noted := strings.Join(said, "|"), strings.Join(r.Notes, "|"); got != c.asked+"|"+c.told || noted != c.noted {
			t.Errorf("%+v: said %s, noted %q", c, got, noted)
		}
	}
}

// Figures are written as people do.
func TestFigures(t *testing.T) {
	defs, err := workflow.Read("w", []byte(`
name: w
on: {event: opened}
steps:
- {name: n, ask: {kind: number, text: "How many?"}}
- send: {text: "{{number(answers.n) * 9.99}} {{number(answers.n) * 1000000}} {{0 - number(answers.n) / 4}} {{number(answers.n) - 3}} {{100.0}}"}
`), workflow.Known{})
	must(t, err)
	cases, err := workflow.ReadCases("c", []byte("workflows: [x]\ncases: [{name: three, steps: [{says: hi, expect: How many}, {says: \"3\", expect: 29.97 3000000 -0.75 0 100}]}]"))
	must(t, err)
	if wrong, err := cases.Cases[0].Try(t.Context(), defs); err != nil || len(wrong) > 0 {
		t.Errorf("%q, %v", wrong, err)
	}
}

// A workflow with once greets a contact in their first conversation only.
func TestOnce(t *testing.T) {
	defs, err := workflow.Read("w", []byte("workflows:\n- {name: first, once: true, on: [{event: opened}, {event: keyword, words: [again]}], steps: [send: {text: Welcome}]}\n"+
		"- {name: each, on: {event: opened}, steps: [send: {text: 'What is it?'}]}\n"), workflow.Known{})
	must(t, err)
	cases, err := workflow.ReadCases("c", []byte(`
workflows: [x]
cases:
- name: twice
  steps: [{says: hi, expect: Welcome}, {expect: 'What is it?'}, {says: again, silent: true}, {closes: true}, {says: hello, expect: 'What is it?'}, {silent: true}]`))
	must(t, err)
	if wrong, err := cases.Cases[0].Try(t.Context(), defs); err != nil || len(wrong) > 0 {
		t.Errorf("%q, %v", wrong, err)
	}
}
