package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"causeway/config/business"

	"github.com/spf13/cobra"
)

// quotedCommand is a command of ours in a text, or on a line of a block.
var quotedCommand = regexp.MustCompile("(?m)`(?:\\./)?causeway ([^`]+)`|^(?:\\./)?causeway ([^`\n]+)$")

// Every command that the docs name is there, with its options.
func TestDocumentedCommands(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	seen := 0
	for _, file := range append(files, "../../README.md") {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range quotedCommand.FindAllStringSubmatch(string(raw), -1) {
			line, _, _ := strings.Cut(m[1]+m[2], "#")
			seen++
			for _, wrong := range strange(command(), strings.Fields(line)) {
				t.Errorf("%s: causeway %s: %s", filepath.Base(file), line, wrong)
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d commands were found", seen)
	}
	for _, wrong := range []string{"broadcast plot FILE", "report --form csv", "serf"} {
		if len(strange(command(), strings.Fields(wrong))) == 0 {
			t.Errorf("causeway %s is taken", wrong)
		}
	}
}

// strange says what a command does not know of its line.
func strange(c *cobra.Command, words []string) (wrong []string) {
	for i, w := range words {
		w = strings.Trim(w, "[]()'\",")
		name, _, _ := strings.Cut(w, "=")
		switch {
		case strings.HasPrefix(name, "--"):
			if name = name[2:]; name != "help" && c.Flags().Lookup(name) == nil && c.InheritedFlags().Lookup(name) == nil {
				wrong = append(wrong, "there is no --"+name)
			}
		case !c.HasSubCommands() || i > 0 && strings.HasPrefix(words[i-1], "-"):
		default:
			var names []string
			for _, sub := range c.Commands() {
				for _, w := range strings.Split(w, "|") { // as in channel add|list
					if sub.Name() == w {
						names = append(names, w)
						c = sub
					}
				}
			}
			if len(names) == 0 && strings.Contains(c.Use, " ") { // it takes arguments itself: workflow secret NAME, beside workflow secret remove
				return wrong
			}
			if len(names) == 0 && w != "…" && w != "help" {
				wrong = append(wrong, "there is no "+w)
			}
		}
	}
	return wrong
}

// The broadcast of the docs is one, with its texts or with the template that it shows instead.
func TestDocumentedBroadcast(t *testing.T) {
	raw, err := os.ReadFile("../../docs/broadcasts.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	from, to := strings.Index(example, "texts:"), strings.Index(example, "# template:")
	if from < 0 || to < from {
		t.Fatal("the example lacks texts, and the template instead of them")
	}
	for _, text := range []string{example, example[:from] + example[to+2:]} {
		b, err := business.ParseBroadcast("docs/broadcasts.md", []byte(text))
		if err != nil || b.PerMinute != 60 || len(b.Channels) != 2 || b.At.IsZero() || (b.Template == nil) == (len(b.Texts) == 0) {
			t.Errorf("%+v, %v", b, err)
		}
	}
}

// described is a file of ours in a text, with what the text says is in it: `core/gate.go` (`Decide`).
var described = regexp.MustCompile("`([a-z][a-z/]+\\.go)`(?:\\s+\\(((?:`\\w+`(?:, )?)+)\\))?")

// place is a folder of ours in a text.
var place = regexp.MustCompile("`((?:core|adapters|bridges|cmd|config)(?:/[a-z]+)*)(?:/…)?`")

// What the architecture says is where it says.
func TestArchitecture(t *testing.T) {
	raw, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	files := described.FindAllStringSubmatch(string(raw), -1)
	for _, m := range files {
		source, err := os.ReadFile(filepath.Join("../..", m[1]))
		if err != nil {
			t.Error(err)
		}
		for name := range strings.FieldsFuncSeq(m[2], func(r rune) bool { return strings.ContainsRune("`, ", r) }) {
			if !regexp.MustCompile(`(?m)^(func (\([^)]*\) )?|type )` + name + `\b`).Match(source) {
				t.Errorf("%s has no %s", m[1], name)
			}
		}
	}
	folders := place.FindAllStringSubmatch(string(raw), -1)
	for _, m := range folders {
		if _, err := os.Stat(filepath.Join("../..", m[1])); err != nil {
			t.Error(err)
		}
	}
	if len(files) < 20 || len(folders) < 10 {
		t.Errorf("only %d files and %d folders were found", len(files), len(folders))
	}
}
