package forward_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var codeSpan = regexp.MustCompile("`([^`]+)`")

// documented are the commands that the docs show: those of the table, in each of its languages, and all of presence.
func documented(t *testing.T) (lines []string) {
	t.Helper()
	agents, err := os.ReadFile("../../docs/agents.md")
	if err != nil {
		t.Fatal(err)
	}
	for row := range strings.Lines(string(agents)) {
		cells := strings.Split(strings.ReplaceAll(row, `\|`, "\x00"), "|")
		if !strings.HasPrefix(row, "| `#") || len(cells) < 5 {
			continue
		}
		_, words, _ := strings.Cut(codeSpan.FindStringSubmatch(cells[1])[1], " ")
		for i, cell := range cells[1:4] {
			for _, m := range codeSpan.FindAllStringSubmatch(strings.ReplaceAll(cell, "\x00", "|"), -1) {
				if i > 0 { // of other languages stands the word alone
					m[1] += " " + words
				}
				lines = append(lines, m[1])
			}
		}
	}
	assignment, err := os.ReadFile("../../docs/assignment.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range codeSpan.FindAllStringSubmatch(string(assignment), -1) {
		lines = append(lines, m[1])
	}
	return lines
}

// Every command of the docs is one: nothing of it goes to the customer, and the agent is not told that it is none.
func TestDocumentedCommands(t *testing.T) {
	tried := 0
	for _, line := range documented(t) {
		if line[0] != '#' {
			continue
		}
		tried++
		h := handled(t)
		h.listen()
		before := len(h.relay.to(h.agents["Lena"]))
		h.judged(answer{to: h.address("Lena"), text: line + quoted(h.last("Lena"))})
		h.wantPhone()
		got := h.relay.to(h.agents["Lena"])[before:]
		if len(got) != 1 || strings.Contains(got[0].Text, "is no command") || strings.Contains(got[0].Text, "cannot be") {
			t.Errorf("%s: %d mails, %s", line, len(got), h.last("Lena").Text)
		}
	}
	if tried < 40 {
		t.Errorf("only %d commands were found", tried)
	}
}
