package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestDifferences: each row of the one table is whole, and about a channel there is.
func TestDifferences(t *testing.T) {
	t.Chdir("../..")
	table, err := differences()
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string]string{} // by kind
	for _, i := range infos() {
		titles[i.Kind] = title(i)
	}
	seen := map[string]bool{}
	for _, row := range strings.Split(strings.TrimSpace(table), "\n")[2:] {
		cells := strings.Split(strings.Trim(row, "| "), " | ")
		if len(cells) != 6 || slices.Contains(cells, "") || !slices.Contains(slices.Collect(maps.Values(titles)), cells[0]) {
			t.Errorf("not a whole row about a channel: %s", row)
		}
		seen[cells[0]] = true
	}
	for _, p := range allPeers() {
		if !seen[titles[p.kind]] {
			t.Errorf("no row about %s", p.kind)
		}
	}
}
