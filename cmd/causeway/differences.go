package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// peerFile is what a bridge's file about the cases of peer projects says of differences (bridges/bridgetest has the whole of it).
type peerFile struct {
	Channel   string
	Explained map[string]struct{ Peer, Ours, Why string }
	Inbound   []struct {
		Name    string
		Reasons map[string]map[string]string // by case, then by what differs
	}
	Outbound []struct {
		Name    string
		Reasons map[string]string // by case
	}
	Payloads map[string]struct {
		Ends      []string
		Why, Peer string
	}
}

// explained is a row of the table. Cases that differ in the same way share one.
type explained struct{ channel, direction, peer, ours, why string }

// differences is docs/differences.md: where the bridges do not do what peer projects do with the same cases, in one table, from the files that
// their tests are held against. It is run from the top of the repository.
func differences() (string, error) {
	var rows []explained
	cases := map[explained][]string{}
	err := filepath.WalkDir("bridges", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "peers.json" {
			return err
		}
		raw, err := os.ReadFile(path) //nolint:gosec // a file of the repository
		if err != nil {
			return err
		}
		var f peerFile
		if err := json.Unmarshal(raw, &f); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		f.each(func(row explained, name string) {
			if len(cases[row]) == 0 {
				rows = append(rows, row)
			}
			if !slices.Contains(cases[row], name) {
				cases[row] = append(cases[row], name)
			}
		})
		return nil
	})
	var s strings.Builder
	s.WriteString("| channel | | cases | the peer | Causeway | why |\n|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %s | %s |\n", r.channel, r.direction, strings.Join(cases[r], "<br>"), r.peer, r.ours, r.why)
	}
	return s.String(), err
}

// each calls add with every case that differs, in an order that is always the same.
func (f peerFile) each(add func(row explained, name string)) {
	for _, set := range f.Inbound {
		for _, name := range slices.Sorted(maps.Keys(set.Reasons)) {
			for _, what := range slices.Sorted(maps.Keys(set.Reasons[name])) {
				d := f.Explained[set.Reasons[name][what]]
				add(explained{f.Channel, "in", d.Peer, d.Ours, d.Why}, set.Name+": "+name)
			}
		}
	}
	for _, set := range f.Outbound {
		for _, name := range slices.Sorted(maps.Keys(set.Reasons)) {
			d := f.Explained[set.Reasons[name]]
			add(explained{f.Channel, "out", d.Peer, d.Ours, d.Why}, set.Name+": "+name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Payloads)) {
		if p := f.Payloads[name]; p.Why != "" {
			add(explained{f.Channel, "sample", cmp.Or(p.Peer, "–"), ended(p.Ends), p.Why}, strings.TrimSuffix(name, ".json"))
		}
	}
}

// ended says what became of a sample that is no message. A webhook may bring several such events, which end alike.
func ended(ends []string) string {
	if slices.Contains(ends, "fault") || slices.Contains(ends, "problem") {
		return "a dead letter, which can be replayed"
	}
	return "kept as it came, in the channel log"
}
