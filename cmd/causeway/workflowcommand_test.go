package main

import (
	"strings"
	"testing"
)

// What an admin does with workflows on the command line.
func TestAdminsWorkflows(t *testing.T) {
	s := newShell(t, "CRM_KEY=a key of the business")
	s.file("business.yaml", `agents:
  - {name: Amina, addresses: [amina@example.com]}
teams:
  - {name: sales, members: [Amina]}
workflows:
  - name: hello
    on: {event: opened}
    steps:
      - assign: {team: sales}
`)
	s.file("new.yaml", `channels:
  - {name: site, kind: webchat, settings: {site: shop, origins: "https://shop.example.com"}}
workflows:
  - name: shipped
    on: {event: tag, names: [shipped]}
    steps:
      - send: {template: {name: order_shipped}, channel: site}
`)
	s.file("bad.yaml", "name: bad\nsteps:\n  - {name: a, note: x, next: a}\n  - assign: {team: sale}\n")
	s.file("cases.yaml", "workflows: [menu.yaml]\ncases:\n- name: closed\n  hours: closed\n  steps: [{says: hi, expect: \"Hello!\"}, {says: \"3\", expect: We are back}]\n")
	s.file("wrong.yaml", "workflows: [menu.yaml]\ncases:\n- name: rude\n  steps: [{says: hi, silent: true}]\n")
	s.file("one.yaml", "name: one\nsteps: [{run: two}]\n")
	s.file("two.yaml", "name: two\nsteps: [{note: x}]\n")
	s.file("back.yaml", "name: two\nsteps: [{run: one}]\n")
	s.file("crm.yaml", "name: crm\non: {event: opened}\nsteps:\n- http: {url: \"https://crm.example.com/\", headers: {Authorization: \"Bearer {{ secret.crm }}\"}}\n")
	out, _ := s.run("workflow", "template", "show", "welcome-menu")
	s.file("menu.yaml", out)
	for _, step := range []struct {
		args string
		code int
		says []string
	}{
		{"workflow list", 0, []string{"no workflows"}},
		{"apply -f business.yaml", 0, []string{"+ workflow hello"}},
		{"apply -f business.yaml", 0, []string{"= workflow hello", "nothing to change"}},
		{"apply -f new.yaml --dry-run", 0, []string{"+ workflow shipped"}}, // nobody knows the channel's templates yet
		{"workflow template list", 0, []string{"welcome-menu", "ad-leads", "Outside the business's hours"}},
		{"workflow validate bad.yaml", 2, []string{`bad.yaml:4: step 2: There is no team "sale". Did you mean "sales"?`}},
		{"workflow validate one.yaml two.yaml", 0, []string{"2 workflows, nothing wrong"}},
		{"workflow validate one.yaml back.yaml", 2, []string{"one.yaml:2: step 1: The workflows run each other in a circle: one > two > one."}},
		{"workflow validate menu.yaml", 2, []string{`There is no team "support".`}},
		{"workflow put menu.yaml", 2, []string{`There is no team "support".`}},
		{"workflow test cases.yaml", 0, []string{"ok    closed", "1 case, 0 failed"}},
		{"workflow test wrong.yaml", 2, []string{"FAIL  rude", `instead of nothing`}},
		{"workflow list", 0, []string{"hello", "opened"}},
		{"workflow show hello", 0, []string{"name: hello", "team: sales"}},
		{"workflow test --history 720h business.yaml", 0, []string{"0 conversations, 0 messages; nothing was sent"}},
		{"workflow runs", 0, []string{"WORKFLOW"}},
		{"workflow secret crm", 2, []string{"The secret is empty."}},
		{"workflow secret remove crm", 1, []string{`There is no secret "crm". Set one with: causeway workflow secret NAME`}},
		{"workflow secret crm --env CRM_KEY", 0, []string{"set; workflows name it as {{secret.crm}}"}},
		{"workflow secret remove erp", 1, []string{`There is no secret "erp". There are: crm.`}},
		{"workflow put crm.yaml", 0, []string{"crm"}},
		{"workflow secret remove crm", 1, []string{`The workflow "crm" names the secret "crm". Change the workflow first`}},
		{"workflow remove crm", 0, []string{"taken out"}},
		{"workflow secret remove crm", 0, []string{"crm is forgotten"}},
		{"workflow secret remove crm", 1, []string{`There is no secret "crm".`}},
		{"workflow remove hello", 0, []string{"taken out"}},
		{"workflow show hello", 1, []string{`There is no workflow "hello".`}},
	} {
		out, code := s.run(strings.Fields(step.args)...)
		if code != step.code {
			t.Errorf("causeway %v ended with %d, want %d:\n%s", step.args, code, step.code, out)
		}
		for _, text := range step.says {
			if !strings.Contains(out, text) {
				t.Errorf("causeway %v does not say %q:\n%s", step.args, text, out)
			}
		}
	}
}
