package workflow_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"causeway/core"
	"causeway/core/workflow"
)

var known = workflow.Known{Agents: []string{"Ana"}, Teams: []string{"sales"}, Channels: []string{"shop"}, Templates: []string{"hello"}, Workflows: []string{"menu"}, Secrets: []string{"crm"}}

// with is a workflow with these steps.
func with(steps string) string {
	return "name: w\non: {event: opened}\nsteps:\n" + steps
}

// on is a workflow with this trigger.
func on(trigger string) string { return "name: w\non:\n- " + trigger + "\nsteps:\n- stop: done\n" }

func TestMistakes(t *testing.T) {
	var many strings.Builder
	for i := range 101 {
		fmt.Fprintf(&many, "- note: n%d\n", i)
	}
	for _, c := range []struct{ name, yaml, want string }{
		{"empty", "", "w.yaml: The file is empty."},
		{"no YAML", "a: [", "w.yaml: This is not YAML"},
		{"second document", "name: w\non: {event: opened}\nsteps:\n- note: x\n---\nname: v\n", "w.yaml:5: A second document begins here, which nobody would read."},
		{"a list", "- a", "w.yaml:1: A workflow must have keys with values."},
		{"workflows as a mapping", "workflows:\n  a: b", "w.yaml:2: Workflows must be a list."},
		{"no name", "steps:\n- stop: x", "w.yaml:1: The workflow has no name. Give it one"},
		{"bad name", "name: a/b\nsteps:\n- stop: x", `w.yaml:1: "a/b" cannot be a workflow's name.`},
		{"unknown key", "name: w\nstep:\n- stop: x", `w.yaml:2: A workflow has no key "step". Did you mean "steps"?`},
		{"key twice", "name: w\nname: v\nsteps:\n- stop: x", `w.yaml:2: A workflow has the key "name" twice.`},
		{"no steps", "name: w", "The workflow has no steps."},
		{"steps as a mapping", "name: w\nsteps: {stop: x}", "Steps must be a list. Write each step behind a dash."},
		{"too many steps", with(many.String()), "The workflow has 101 steps, and 100 are allowed. Move some into a workflow of their own"},
		{"unknown step", with("- sned: {text: hi}\n"), `w.yaml:4: step 1: A step has no key "sned". Did you mean "send"?`},
		{"step that does nothing", with("- name: a\n"), `step "a": The step does nothing. Write one of ask, send`},
		{"step that does two things", with("- note: a\n  stop: b\n"), "step 1: The step does several things: note, stop. Make a step of each."},
		{"unknown key of a step", with("- name: q\n  ask: {txt: hi}\n"), `w.yaml:5: step "q": Ask has no key "txt". Did you mean "text"?`},
		{"two steps of a name", with("- {name: a, note: x}\n- {name: a, note: y}\n"), `w.yaml:5: step "a": There are two steps named "a".`},
		{"step named end", with("- {name: end, note: x}\n"), "A step cannot be named"},
		{"unknown target", with("- name: menu\n  note: x\n  next: mneu\n"), `w.yaml:6: step "menu": There is no step "mneu" to go to. Did you mean "menu"?`},
		{"unknown target of a branch", with("- branch:\n  - {when: 'true', to: nowhere}\n"), `w.yaml:5: step 1: There is no step "nowhere" to go to.`},
		{"branch to nowhere", with("- branch:\n  - {when: 'true'}\n"), "The branch leads nowhere. Write to: and a step, or end."},
		{"branch never reached", with("- branch:\n  - {to: end}\n  - {when: 'true', to: end}\n"), "The branch is always taken, so those below it are never reached."},
		{"branch twice", with("- branch:\n  - {when: hours.open, to: end}\n  - {when: 'hours.open ', to: end}\n"), "The branch is never reached: one above has the same condition."},
		{"step never reached", with("- {note: a, next: end}\n- {name: lost, note: b}\n"), `w.yaml:5: step "lost": The step is never reached. Lead there from another step`},
		{"circle", with("- {name: a, note: x}\n- {name: b, note: y, next: a}\n"), `step "a": The steps go round in a circle without waiting long enough: a > b > a. Put a question between them, or a wait for at least 10 seconds.`},
		{"circle with a tiny wait", with("- {name: a, note: x}\n- {name: b, wait: {for: 9s}, next: a}\n"), "long enough: a > b > a."},
		{"circle with a wait that is over some day", with("- {name: a, note: x}\n- {name: b, wait: {until: '2026-12-24 09:00'}, next: a}\n"), "long enough: a > b > a."},
		{"circle with a wait that is over while open", with("- {name: a, note: x}\n- {name: b, wait: {until_open: true}, next: a}\n"), "long enough: a > b > a."},
		{"circle by a refusal", with("- {name: a, send: {text: x}, refused: a}\n"), "in a circle without waiting long enough: a > a"},
		{"wrong expression", with("- branch:\n  - {when: contact.age > 3, to: end}\n"), "step 1: The expression `contact.age > 3` is wrong: there is no age, at character 9"},
		{"unknown word", with("- branch:\n  - {when: feilds.city == 'x', to: end}\n"), `is wrong: unknown name feilds, at character 1. Did you mean "fields"?`},
		{"short for a name", with("- branch:\n  - {when: contact.lang == 'en', to: end}\n"), `there is no lang, at character 9. Did you mean "language"?`},
		{"one =", with("- branch:\n  - {when: fields.plan = 'gold', to: end}\n"), "Write == to compare."},
		{"a text above a number", with("- branch:\n  - {when: fields.age > 3, to: end}\n"), "Answers and fields are texts: write number(…) around them."},
		{"branch that is always taken", with("- branch:\n  - {when: 1 < 2, to: end}\n  - {when: hours.open, to: end}\n"), "The branch is always taken, so those below it are never reached."},
		{"branch that never is", with("- branch:\n  - {when: 'false', to: end}\n"), "w.yaml:5: step 1: The branch is never reached: its condition never holds. Take it out"},
		{"branch twice in other words", with("- branch:\n  - {when: fields.a=='x', to: end}\n  - {when: '(fields.a == \"x\")', to: end}\n"), "one above has the same condition"},
		{"step behind an else", with("- branch:\n  - {when: 'true', to: end}\n- {name: lost, note: x}\n"), `step "lost": The step is never reached.`},
		{"step behind a choice that leads on by itself", with("- {name: q, ask: {text: x, kind: choice, options: [{title: a, to: end}, {title: b, to: end}]}}\n- {name: lost, note: x}\n"), `step "lost": The step is never reached.`},
		{"trigger that starts nothing", on("{event: opened, when: 'false'}"), "w.yaml:3: The trigger starts nothing: its condition never holds."},
		{"once without a trigger", "name: w\nonce: true\nsteps:\n- stop: x", "w.yaml:2: Nothing starts the workflow by itself, so once says nothing."},
		{"answer written wrong", with("- {name: topic, ask: {text: x}}\n- send: {text: 'You said {{answers.tpoic}}'}\n"), `w.yaml:5: step 2: There is no answer "tpoic". Did you mean "topic"?`},
		{"step alone", with("- wait: 10m\n- note: x\n"), "Wait must have keys with values. Write {for: 10m}."},
		{"trigger alone", "name: w\non: [opened]\nsteps:\n- note: x\n", "A trigger must have keys with values. Write {event: opened}."},
		{"text as a list", with("- send: {text: [a]}\n"), "Text must be a text, or one for each language."},
		{"changes nothing", with("- set: {}\n"), "The step changes nothing."},
		{"runs its runner", "workflows:\n- name: a\n  steps:\n  - run: b\n- name: b\n  steps:\n  - {name: s, run: a}\n", `w.yaml:7: step "s": The workflows run each other in a circle: b > a > b. Take one of these steps out.`},
		{"runs too deep", "workflows:\n- {name: a, steps: [run: b]}\n- {name: b, steps: [run: c]}\n- {name: c, steps: [run: d]}\n- {name: d, steps: [run: e]}\n- {name: e, steps: [run: menu]}\n", "Here 6 workflows run each other, and 5 are allowed."},
		{"line of what is no YAML", "name: w\non: {event: opened\nsteps:\n- note: x\n", "This is not YAML: line 2: did not find expected ',' or '}'."},
		{"secret that is not set", with("- http: {url: 'https://x.org/{{secret.stripe}}'}\n"), `There is no secret "stripe". Set it: causeway workflow secret stripe`},
		{"no condition", with("- branch:\n  - {when: contact.name, to: end}\n"), "expected bool, but got string"},
		{"half an expression", with("- branch:\n  - {when: 'hours.open and', to: end}\n"), "unexpected token EOF"},
		{"wrong placeholder", with("- send: {text: 'Hi {{contact.nam}}'}\n"), "The expression `Hi {{contact.nam}}` is wrong: there is no nam, at character 9. Did you mean \"name\"?"},
		{"secret in a message", with("- send: {text: 'Hi {{secret.crm}}'}\n"), "a secret may stand only in an http step"},
		{"unknown language", with("- send: {text: {english: hi}}\n"), `"english" is not a language.`},
		{"sends nothing", with("- send: {}\n"), "The step sends nothing."},
		{"unknown template", with("- send: {template: {name: helo}}\n"), `There is no template "helo". Did you mean "hello"?`},
		{"unknown channel", with("- send: {text: x, channel: shops}\n"), `There is no channel "shops". Did you mean "shop"?`},
		{"options that lead", with("- send: {text: x, options: [{title: a, to: end}]}\n"), "A message that is only sent goes nowhere by its options."},
		{"file of no address", with("- send: {media: {kind: image, url: 'ftp://x'}}\n"), "is no public address of a file"},
		{"nameless answer", with("- ask: {text: hi}\n"), "step 1: The answer has no name. Name the step"},
		{"unknown kind of answer", with("- name: q\n  ask: {text: hi, kind: mail}\n"), `Kind cannot be "mail". Did you mean "email"?`},
		{"choice of one", with("- name: q\n  ask: {text: hi, kind: choice, options: [a]}\n"), "fewer than two options"},
		{"options of a text", with("- name: q\n  ask: {text: hi, options: [a, b]}\n"), "Only a choice has options."},
		{"option twice", with("- name: q\n  ask: {text: hi, kind: choice, options: [Yes, yes]}\n"), `The option "yes" is there twice.`},
		{"no regular expression", with("- name: q\n  ask: {text: hi, pattern: '('}\n"), "written as a regular expression"},
		{"no time span", with("- name: q\n  ask: {text: hi, timeout: soon}\n"), `w.yaml:5: step "q": "soon" is not a time span. Write it like 30s, 10m, 24h or 3d.`},
		{"too short", with("- name: q\n  ask: {text: hi, timeout: 1s}\n"), "Timeout cannot be 1s. Write 10 s to 365 days."},
		{"no number", with("- name: q\n  ask: {text: hi, retries: often}\n"), `Retries must be a whole number, not "often".`},
		{"question after closing", "name: w\non: {event: closed}\nsteps:\n- name: q\n  ask: {text: hi}\n", "Nothing can be asked in a conversation that is closed"},
		{"unknown agent", with("- assign: {agent: Anna}\n"), `There is no agent "Anna". Did you mean "Ana"?`},
		{"unknown team", with("- assign: {team: sale}\n"), `There is no team "sale". Did you mean "sales"?`},
		{"dedicated is no switch", with("- assign: {team: sales, dedicated: true}\n"), "dedicated is the name of a contact's field."},
		{"fallback of nothing", with("- assign: {team: sales, fallback: 1m}\n"), "There is nobody to wait for."},
		{"unknown workflow", with("- run: menus\n"), `There is no workflow "menus". Did you mean "menu"?`},
		{"less than one", with("- order: {items: [{product: tea, quantity: -1}]}\n"), `"-1" cannot be the quantity of an item.`},
		{"no price", with("- order: {items: [{product: tea, price: cheap}]}\n"), `"cheap" cannot be the price of an item.`},
		{"runs itself", with("- run: w\n"), "The workflow runs itself."},
		{"wait for what", with("- wait: {}\n- note: x\n"), "It is not clear how long to wait."},
		{"wait until when", with("- wait: {until: tomorrow}\n"), `"tomorrow" is not a time.`},
		{"mail to nobody", with("- notify: {text: x}\n"), "The mail goes to nobody."},
		{"mail to a stranger", with("- notify: {to: [Zoe], text: x}\n"), `There is no agent or team "Zoe".`},
		{"no address", with("- http: {url: crm}\n"), `"crm" is not an address.`},
		{"address from a placeholder", with("- http: {url: 'https://{{fields.x}}/y'}\n"), "The host of an address cannot come from a placeholder."},
		{"secret in clear", with("- http: {url: 'https://x.org/', headers: {Authorization: Bearer abc}}\n"), "A secret seems to stand here in clear. Write {{secret.NAME}}"},
		{"unknown secret", with("- http: {url: 'https://x.org/', headers: {Authorization: 'Bearer {{secret.crn}}'}}\n"), `There is no secret "crn". Did you mean "crm"?`},
		{"saved to nowhere", with("- http: {url: 'https://x.org/', save: {city: a.b}}\n"), `Nothing can be saved to "city".`},
		{"unknown method", with("- http: {url: 'https://x.org/', method: GTE}\n"), `Method cannot be "GTE". Did you mean "GET"?`},
		{"too slow", with("- http: {url: 'https://x.org/', timeout: 5m}\n"), "Timeout cannot be 5m."},
		{"hours that lead nowhere else", with("- hours: {}\n"), "The step leads the same way"},
		{"unknown event", on("{event: open}"), `w.yaml:3: Event cannot be "open". Did you mean "opened"?`},
		{"no event", on("{by: contact}"), "The trigger has no event."},
		{"opened by whom", on("{event: opened, by: customer}"), `By cannot be "customer".`},
		{"keyword without words", on("{event: keyword}"), "waits for a keyword, and has none"},
		{"words of another", on("{event: opened, words: [a]}"), "A trigger by opened takes no words."},
		{"condition of a trigger", on("{event: message, when: 'text == 1'}"), "w.yaml:3: The expression `text == 1` is wrong: unknown name text"},
		{"schedule without a time", on("{event: schedule}"), "needs either cron or at"},
		{"no schedule", on("{event: schedule, cron: '61 * * * *'}"), `"61 * * * *" is no schedule: "61" is not within 0-59.`},
		{"schedule that never comes", on("{event: schedule, cron: '0 0 31 2 *'}"), "it never comes"},
		{"no time zone", on("{event: schedule, cron: '0 9 * * *', zone: Mars}"), `There is no time zone "Mars".`},
		{"what people do", "name: w\nhuman: stop\nsteps:\n- stop: x", `Human cannot be "stop".`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := workflow.Read("w.yaml", []byte(c.yaml), known)
			if err == nil || !strings.Contains(err.Error(), c.want) || core.CodeOf(err) != core.CodeInvalid {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, err := workflow.Read("w.yaml", []byte(with("- assign: {team: x}\n- run: y\n")), known)
	if err == nil || !strings.HasPrefix(err.Error(), "w.yaml has 2 problems:\n  w.yaml:4: step 1: There is no team \"x\".") {
		t.Errorf("got %v", err)
	}
}

// A placeholder may stand anywhere in an address behind its host.
func TestAddressesWithPlaceholders(t *testing.T) {
	for _, rest := range []string{"", "/{{fields.x}}", "?q={{fields.x}}", "#{{fields.x}}"} {
		if _, err := workflow.Read("w", []byte(with("- http: {url: 'https://x.org"+rest+"'}\n")), known); err != nil {
			t.Errorf("%s: %v", rest, err)
		}
	}
}

// JSON of the same form is read too, and what is kept reads back as the same.
func TestFormsOfDefinitions(t *testing.T) {
	for _, text := range []string{welcome, `{"name": "j", "on": [{"event": "opened"}], "steps": [{"send": {"text": {"en": "hi", "ar": "أهلا"}}}]}`} {
		defs, err := workflow.Read("w", []byte(text), known)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := workflow.Encode(defs[0])
		must(t, err)
		again, err := workflow.Read("w", raw, known)
		must(t, err)
		twice, err := workflow.Encode(again[0])
		if err != nil || string(raw) != string(twice) {
			t.Errorf("got %s\nwant %s", twice, raw)
		}
	}
}

func TestTemplates(t *testing.T) {
	all := workflow.Templates()
	if len(all) != 6 {
		t.Fatalf("%d templates", len(all))
	}
	for _, d := range all {
		text, _ := workflow.TemplateText(d.Name)
		defs, err := workflow.Read(d.Name, []byte(text), workflow.Known{})
		if err != nil || d.Description == "" || defs[0].Name != d.Name {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
	if _, ok := workflow.TemplateText("../definition"); ok {
		t.Error("a file that is no template was shown")
	}
}

// What the documentation shows is a workflow, and what it shows of trying it holds.
func TestDocumentation(t *testing.T) {
	raw, err := os.ReadFile("../../docs/workflows.md")
	must(t, err)
	defs, err := workflow.Read("docs/workflows.md", block(t, string(raw), "```yaml\n"), workflow.Known{})
	must(t, err)
	cases, err := workflow.ReadCases("docs/workflows.md", block(t, string(raw), "```yaml cases\n"))
	must(t, err)
	for _, c := range cases.Cases {
		if wrong, err := c.Try(t.Context(), defs); err != nil || len(wrong) > 0 {
			t.Errorf("%s: %q, %v", c.Name, wrong, err)
		}
	}
}

// The tables of the documentation name all triggers, steps and questions that there are, and what its placeholders name is there.
func TestDocumentedTables(t *testing.T) {
	raw, err := os.ReadFile("../../docs/workflows.md")
	must(t, err)
	code := regexp.MustCompile("`([a-z_]+)`")
	first := regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|([^|]*)")
	table := func(head string) [][]string {
		_, section, found := strings.Cut(string(raw), head)
		if !found {
			t.Fatalf("there is no %q", head)
		}
		section, _, _ = strings.Cut(section, "\n\n") // the end of the table
		return first.FindAllStringSubmatch(section, -1)
	}
	refused := func(text string) string {
		_, err := workflow.Read("w.yaml", []byte(text), workflow.Known{})
		if err == nil {
			return ""
		}
		return err.Error()
	}
	named := func(head string) string {
		var all []string
		for _, row := range table(head) {
			for _, m := range code.FindAllStringSubmatch(row[1], -1) {
				all = append(all, m[1])
			}
		}
		return strings.Join(all, ", ")
	}
	if got := refused("name: x\non: {by: contact}\nsteps: [{note: x}]"); !strings.Contains(got, "Write event: and one of opened") {
		t.Error(got)
	} else if _, want, _ := strings.Cut(got, "one of "); sorted(named("| `event` |")) != sorted(want) {
		t.Errorf("triggers are %s, and the docs have %s", want, named("| `event` |"))
	}
	got := refused("name: x\nsteps: [{name: y}]")
	if _, want, _ := strings.Cut(got, "one of "); sorted(named("| step |")) != sorted(want) {
		t.Errorf("steps are %s, and the docs have %s", want, named("| step |"))
	}
	for _, row := range table("| name | fields |") {
		for _, name := range code.FindAllStringSubmatch(row[1], -1) {
			all := []string{name[1]}
			for _, field := range code.FindAllStringSubmatch(row[2], -1) {
				all = append(all, name[1]+"."+field[1])
			}
			for _, x := range all {
				if wrong := refused("name: x\nsteps: [{note: \"{{ either(" + x + ") }}\"}]"); wrong != "" {
					t.Errorf("%s: %s", x, wrong)
				}
			}
		}
	}
}

// sorted are the words of a list, in their order.
func sorted(list string) string {
	words := regexp.MustCompile("[a-z_]+").FindAllString(list, -1)
	slices.Sort(words)
	return strings.Join(words, " ")
}

// block is the first block of a text that begins so.
func block(t *testing.T, text, start string) []byte {
	t.Helper()
	_, rest, ok := strings.Cut(text, start)
	if !ok {
		t.Fatalf("there is no %q", start)
	}
	inner, _, _ := strings.Cut(rest, "```")
	return []byte(inner)
}

func FuzzRead(f *testing.F) {
	f.Add(welcome)
	f.Add(with("- http: {url: 'https://x.org/{{fields.x}}', save: {vars.a: b.0}}\n"))
	f.Add("workflows: [&a {name: *a}]")
	f.Add("name: x\nsteps: [~, {ask: ~}, {branch: [~]}]")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := workflow.Read("w", []byte(text), known)
		if err != nil && core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("not a problem: %v", err)
		}
	})
}
