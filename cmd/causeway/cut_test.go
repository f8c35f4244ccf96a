package main

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"causeway/core"
	"causeway/core/outbound"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

// wordsOfTheWorld are what texts are made of: scripts of one to four bytes a letter, marks upon letters, and signs of many code points that are one.
var wordsOfTheWorld = []string{"hello", "مَرْحَبًا", "بالعالم", "привет", "здравствуйте", "नमस्ते", "你好世界", "👨‍👩‍👧‍👦", "👩🏽‍🚒", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇸🇦🇷🇺", "e\u0301\u0323", "https://shop.example/a?b=1",
	"&<>", " ", " ", " ", "\n", "\n\n", ". ", "، ", strings.Repeat("ы", 40), strings.Repeat("ا", 60), strings.Repeat("🙂", 20)}

// measured is how long a text is, found out in another way than core's.
func measured(u core.Unit, s string) int {
	switch u {
	case core.UnitBytes:
		return len(s)
	case core.UnitUTF16:
		return len(utf16.Encode([]rune(s)))
	case core.UnitRunes:
		return utf8.RuneCountInString(s)
	default:
		return core.CountSegments(s).Count
	}
}

// TestEveryChannelCuts: what is too long for a channel goes out in pieces of which each fits, in the channel's own unit, as a text or beside a file; nothing
// of it is lost, and no sign is torn apart.
func TestEveryChannelCuts(t *testing.T) {
	for _, b := range bridges() {
		info := b.Info()
		t.Run(info.Kind, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				can := info.Capabilities
				limit := can.TextLimit
				if limit == 0 {
					limit = 10_000 // a channel without a limit of its own
				}
				text := drawn(t, limit)
				c := core.Content{Kind: core.KindText, Text: text}
				if kinds := captioned(can); len(kinds) > 0 && rapid.Bool().Draw(t, "file") {
					c.Kind, c.Media = rapid.SampledFrom(kinds).Draw(t, "kind"), &core.Media{ID: "f"}
				}
				fits(t, can, c, outbound.Cut(c, can))
			})
		})
	}
}

// drawn is a text of up to some three times what a channel takes.
func drawn(t *rapid.T, limit int) string {
	var s strings.Builder
	words := rapid.SliceOfN(rapid.SampledFrom(wordsOfTheWorld), 1, 60).Draw(t, "words")
	times := rapid.IntRange(0, 3*limit).Draw(t, "bytes")
	for s.Len() < times || s.Len() == 0 {
		for _, w := range words {
			s.WriteString(w)
		}
	}
	return s.String()
}

func captioned(can core.Capabilities) []core.ContentKind {
	var all []core.ContentKind
	for _, k := range []core.ContentKind{core.KindImage, core.KindVideo, core.KindDocument} {
		if can.Media[k].Caption {
			all = append(all, k)
		}
	}
	return all
}

func fits(t *rapid.T, can core.Capabilities, whole core.Content, parts []core.Content) {
	joined, signs := "", 0
	for _, p := range parts {
		limit := can.TextLimit
		if p.Kind.HasMedia() {
			limit = can.CaptionLimit
		}
		if n := measured(can.Unit, p.Text); limit > 0 && n > limit || !utf8.ValidString(p.Text) || p.Text == "" && p.Media == nil {
			t.Fatalf("a %s of %d %s, %d are taken: %q", p.Kind, n, can.Unit, limit, p.Text)
		}
		joined += p.Text
		signs += uniseg.GraphemeClusterCount(p.Text)
	}
	if had := uniseg.GraphemeClusterCount(whole.Text); signs > had {
		t.Fatalf("%d signs became %d", had, signs)
	}
	if bare(joined) != bare(whole.Text) {
		t.Fatalf("%q became %q", whole.Text, joined)
	}
}

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}
