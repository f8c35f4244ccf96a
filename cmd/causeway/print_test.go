package main

import (
	"strings"
	"testing"
)

// TestTableIsNotSteered: names and reasons are customers' and providers' words, and move neither the terminal nor the columns.
func TestTableIsNotSteered(t *testing.T) {
	var out strings.Builder
	table := newTable(&out, "NAME", "WHY")
	table.row("Eve\x1b[2J\u202e\tX", "no\r\nway")
	table.row("Bo", "–")
	if err := table.flush(); err != nil {
		t.Fatal(err)
	}
	if want := "NAME WHY Eve[2J X no way Bo –"; strings.Join(strings.Fields(out.String()), " ") != want || strings.Count(out.String(), "\n") != 3 {
		t.Errorf("got %q", out.String())
	}
}
