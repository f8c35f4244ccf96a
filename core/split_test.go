package core_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"causeway/core"

	"github.com/rivo/uniseg"
)

func TestSplit(t *testing.T) {
	family := "👨‍👩‍👧‍👦" // one grapheme, 7 runes, 11 UTF-16 units, 25 bytes
	tests := []struct {
		name  string
		text  string
		limit int
		unit  core.Unit
		want  []string
	}{
		{"at the limit", "abcde", 5, core.UnitRunes, []string{"abcde"}},
		{"one over", "abcdef", 5, core.UnitRunes, []string{"abcde", "f"}},
		{"between words", "hello brave new world", 12, core.UnitRunes, []string{"hello brave", "new world"}},
		{"between paragraphs rather than words", "one two three\n\nfour five six", 20, core.UnitRunes, []string{"one two three", "four five six"}},
		{"no limit", "abc", 0, core.UnitRunes, []string{"abc"}},
		{"nothing", " \n ", 5, core.UnitRunes, nil},
		{"family stays whole in UTF-16", "a" + family + "b", 11, core.UnitUTF16, []string{"a", family, "b"}},
		{"Hindi in bytes", "नमस्ते", 18, core.UnitBytes, []string{"नमस्ते"}},
		{"Hindi cut between graphemes", "नमस्ते", 6, core.UnitBytes, []string{"नम", "स्", "ते"}},
		{"Cyrillic in bytes without spaces", "приветмир", 10, core.UnitBytes, []string{"приве", "тмир"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := core.Split(tt.text, tt.limit, tt.unit)
			if strings.Join(got, "|") != strings.Join(tt.want, "|") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{"hello world", "नमस्ते 👋🏽", "a\r\nb\n\nc. d", "👨‍👩‍👧‍👦👨‍👩‍👧‍👦", "e\u0301 \u0301x", strings.Repeat("ب ", 50)} {
		f.Add(s, 7, 0)
	}
	units := []core.Unit{core.UnitRunes, core.UnitBytes, core.UnitUTF16, core.UnitSegments}
	f.Fuzz(func(t *testing.T, text string, limit, u int) {
		if !utf8.ValidString(text) || limit < 1 || limit > 5000 || len(text) > 1<<16 {
			return
		}
		unit := units[((u%4)+4)%4]
		parts := core.Split(text, limit, unit)
		squeeze := func(s string) string { return strings.Map(dropSpace, s) }
		if squeeze(strings.Join(parts, "")) != squeeze(text) {
			t.Fatalf("text changed: %q -> %q", text, parts)
		}
		for _, p := range parts {
			if !utf8.ValidString(p) {
				t.Fatalf("invalid text in %q", parts)
			}
			if unit.Len(p) > limit && utf8.RuneCountInString(p) > 1 {
				t.Fatalf("%q has %d %s, limit %d", p, unit.Len(p), unit, limit)
			}
		}
		if limit >= 64 && graphemes(parts) > uniseg.GraphemeClusterCount(text) && !longGrapheme(text, limit, unit) {
			t.Fatalf("a grapheme was cut: %q -> %q", text, parts)
		}
	})
}

func dropSpace(r rune) rune {
	if r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\v' || r == '\f' || r == 0x85 || r == 0xA0 || r == 0x2028 || r == 0x2029 || r == 0x3000 || r == 0x1680 || (r >= 0x2000 && r <= 0x200a) || r == 0x202f || r == 0x205f {
		return -1
	}
	return r
}

func graphemes(parts []string) int {
	n := 0
	for _, p := range parts {
		n += uniseg.GraphemeClusterCount(p)
	}
	return n
}

func longGrapheme(text string, limit int, unit core.Unit) bool {
	g := uniseg.NewGraphemes(text)
	for g.Next() {
		if unit.Len(g.Str()) > limit {
			return true
		}
	}
	return false
}
