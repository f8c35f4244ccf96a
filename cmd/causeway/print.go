package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"causeway/core"
)

// table prints aligned columns.
type table struct{ w *tabwriter.Writer }

func newTable(out io.Writer, head ...string) table {
	t := table{tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)}
	t.row(head...)
	return t
}

// row adds a line. What stands in a cell may be anybody's words: it steers neither the table nor the terminal.
func (t table) row(cells ...string) {
	written := make([]string, len(cells))
	for i, c := range cells {
		written[i] = unsteered(c)
	}
	fmt.Fprintln(t.w, strings.Join(written, "\t"))
}

func (t table) flush() error { return t.w.Flush() }

var marks = map[core.HealthLevel]string{core.HealthGood: "✓", core.HealthWarning: "!", core.HealthBad: "✗", core.HealthUnknown: "·"}

// printFindings writes the doctor's lines and their sum, and returns errTrouble if something is broken.
func printFindings(out io.Writer, all []core.Finding) error {
	printLines(out, all)
	return printSum(out, all)
}

func printLines(out io.Writer, all []core.Finding) {
	for _, f := range all {
		fmt.Fprintf(out, "%s %-20s %s\n", marks[f.Level], f.Subject, unsteered(f.Detail))
		if f.Remedy != "" && f.Level != core.HealthGood {
			fmt.Fprintf(out, "  %-20s fix: %s\n", "", f.Remedy)
		}
	}
}

// printSum counts what was found.
func printSum(out io.Writer, all []core.Finding) error {
	n := map[core.HealthLevel]int{}
	for _, f := range all {
		n[f.Level]++
	}
	bad, warnings := n[core.HealthBad], n[core.HealthWarning]
	switch {
	case bad > 0:
		fmt.Fprintf(out, "%s, %s\n", count(bad, "problem"), count(warnings, "warning"))
		return errTrouble
	case warnings > 0:
		fmt.Fprintf(out, "no problems, %s\n", count(warnings, "warning"))
	default:
		fmt.Fprintln(out, "all is well")
	}
	return nil
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// brief writes what somebody else wrote into one line of a terminal: cut after so many characters, and without those that steer it.
func brief(text string, most int) string {
	line := unsteered(strings.Join(strings.Fields(text), " "))
	if all := []rune(line); len(all) > most {
		return string(all[:most]) + "…"
	}
	return line
}

// unsteered is a text without the characters that steer a terminal, in one line.
func unsteered(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, text)
}
