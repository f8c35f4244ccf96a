package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"causeway/config"
	"causeway/core"

	"github.com/spf13/cobra"
)

// generated are the files with tables made from the code, or from the files its tests are held against, between the lines <!-- NAME --> and <!-- /NAME -->.
var generated = []struct {
	file, name string
	make       func() (string, error)
}{
	{"README.md", "channels", fromCode(channelTable)},
	{"docs/channels.md", "channels", fromCode(channelDetails)},
	{"docs/configuration.md", "configuration", fromCode(config.Reference)},
	{"docs/differences.md", "differences", differences},
}

// fromCode is a table that needs no file.
func fromCode(table func() string) func() (string, error) {
	return func() (string, error) { return table(), nil }
}

func docsCommand() *cobra.Command {
	c := &cobra.Command{Use: "docs", Short: "Write or check the tables in the docs that are made from the code", Hidden: true, Args: cobra.NoArgs, RunE: docs}
	c.Flags().Bool("write", false, "write them")
	c.Flags().Bool("check", false, "fail if one is not what the code says")
	return c
}

func docs(cmd *cobra.Command, _ []string) error {
	write, _ := cmd.Flags().GetBool("write")
	for _, g := range generated {
		old, err := os.ReadFile(g.file)
		if err != nil {
			return err
		}
		table, err := g.make()
		if err != nil {
			return err
		}
		fresh, err := between(old, g.name, table)
		if err != nil {
			return fmt.Errorf("%s: %w", g.file, err)
		}
		switch {
		case bytes.Equal(old, fresh):
		case write:
			if err := os.WriteFile(g.file, fresh, 0o644); err != nil { //nolint:gosec // the list above names the files
				return err
			}
		default:
			fmt.Fprintf(cmd.OutOrStdout(), "%s: the table %q is not what the code says; run: make docs\n", g.file, g.name)
			return errTrouble
		}
	}
	return nil
}

func between(text []byte, name, table string) ([]byte, error) {
	head, tail := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	before, rest, ok1 := strings.Cut(string(text), head)
	_, after, ok2 := strings.Cut(rest, tail)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("the lines %q and %q are not both there", strings.TrimSpace(head), tail)
	}
	return []byte(before + head + table + tail + after), nil
}

// channelTable is the README's: a line a bridge.
func channelTable() string {
	var s strings.Builder
	s.WriteString("| channel | receives | sends | reply window | after it |\n|---|---|---|---|---|\n")
	for _, b := range bridges() {
		i := b.Info()
		c := i.Capabilities
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %s |\n", title(i), kinds(receives(c)), kinds(sends(c)), window(c.Window), after(c.Window))
	}
	return s.String()
}

func title(i core.Info) string {
	if i.Variant == "" {
		return i.Title
	}
	return i.Title + " (" + i.Variant + ")"
}

func kinds(all []core.ContentKind) string {
	var s []string
	for _, k := range all {
		s = append(s, string(k))
	}
	return strings.Join(s, ", ")
}

// every is the order in which kinds are named.
func every() []core.ContentKind {
	return []core.ContentKind{core.KindText, core.KindImage, core.KindVideo, core.KindAudio, core.KindVoice, core.KindDocument, core.KindSticker, core.KindLocation,
		core.KindContacts, core.KindChoice, core.KindChoices, core.KindForm, core.KindOrder, core.KindTemplate, core.KindSystem, core.KindUnsupported}
}

func receives(c core.Capabilities) []core.ContentKind {
	var all []core.ContentKind
	for _, k := range every() {
		if slices.Contains(c.Receives, k) {
			all = append(all, k)
		}
	}
	return all
}

func sends(c core.Capabilities) []core.ContentKind {
	var all []core.ContentKind
	for _, k := range every() {
		if c.Sends(k) {
			all = append(all, k)
		}
	}
	return all
}

func window(w core.Window) string {
	switch {
	case w.Free == 0:
		return "none"
	case w.Human > 0:
		return fmt.Sprintf("%s; %s for a person", core.Span(w.Free), core.Span(w.Human))
	}
	return core.Span(w.Free)
}

func after(w core.Window) string {
	switch {
	case w.Free == 0:
		return "–"
	case w.After == core.AfterTemplates:
		return "approved templates only"
	}
	return string(w.After)
}

// channelDetails is docs/channels.md: limits and settings of each bridge.
func channelDetails() string {
	var s strings.Builder
	for _, b := range bridges() {
		i := b.Info()
		c := i.Capabilities
		fmt.Fprintf(&s, "\n## %s\n\nKind `%s`. The platform's own page: %s\n\n", title(i), i.Kind, i.Docs)
		fmt.Fprintf(&s, "%s\n\n", limits(c))
		s.WriteString("| file | types | up to |\n|---|---|---|\n")
		for _, k := range every() {
			if rule, ok := c.Media[k]; ok {
				fmt.Fprintf(&s, "| %s | %s | %s |\n", k, types(rule.MIME), core.Bytes(rule.Bytes))
			}
		}
		s.WriteString("\n| setting | what it is | |\n|---|---|---|\n")
		for _, f := range i.Settings {
			fmt.Fprintf(&s, "| `%s` | %s. %s | %s |\n", f.Key, f.Title, f.Help, marksOf(f))
		}
	}
	return s.String()
}

// limits says in a line what a part may be. What a channel does not limit, or does not have, is left out.
func limits(c core.Capabilities) string {
	s := "Text: of any length"
	if c.TextLimit > 0 {
		s = fmt.Sprintf("Text: %d %s a part", c.TextLimit, c.Unit)
	}
	for _, part := range []struct {
		format string
		n      float64
	}{{", captions %s", float64(c.CaptionLimit)}, {". Buttons: %s", float64(c.Buttons)}, {", list rows: %s", float64(c.ListRows)}, {". Messages a second: %s at most", c.PerSecond}} {
		if part.n > 0 {
			s += fmt.Sprintf(part.format, strconv.FormatFloat(part.n, 'f', -1, 64))
		}
	}
	return s + "."
}

func types(mime []string) string {
	if len(mime) == 0 {
		return "any"
	}
	return strings.Join(mime, ", ")
}

func marksOf(f core.Setting) string {
	var s []string
	if f.Required {
		s = append(s, "required")
	}
	if f.Secret {
		s = append(s, "secret")
	}
	if f.Default != "" {
		s = append(s, "default `"+f.Default+"`")
	}
	return strings.Join(s, ", ")
}
