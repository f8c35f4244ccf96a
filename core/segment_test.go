package core_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"causeway/core"

	"pgregory.net/rapid"
)

func TestCountSegments(t *testing.T) {
	for _, tt := range []struct {
		name, text, encoding string
		units, count         int
	}{
		{"empty", "", core.EncodingGSM7, 0, 1},
		{"one SMS", strings.Repeat("a", 160), core.EncodingGSM7, 160, 1},
		{"two", strings.Repeat("a", 161), core.EncodingGSM7, 161, 2},
		{"two full", strings.Repeat("a", 306), core.EncodingGSM7, 306, 2},
		{"three", strings.Repeat("a", 307), core.EncodingGSM7, 307, 3},
		{"an escaped character moves to the next part whole", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), core.EncodingGSM7, 306, 3},
		{"one wide character makes all wide", strings.Repeat("a", 70) + "ж", core.EncodingUCS2, 71, 2},
		{"a surrogate pair moves whole", strings.Repeat("ж", 66) + "😀" + strings.Repeat("ж", 66), core.EncodingUCS2, 134, 3},
		{"the escape itself is no character", "\x1b", core.EncodingUCS2, 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := core.CountSegments(tt.text); got != (core.Segments{Encoding: tt.encoding, Units: tt.units, Count: tt.count}) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestSegmentVectors compares with what independent programs count.
func TestSegmentVectors(t *testing.T) {
	raw, err := os.ReadFile("../../shared/fixtures/channels/sms/segment_vectors.json")
	if err != nil {
		t.Skip("the shared fixtures are not beside this checkout")
	}
	var file struct {
		Vectors []struct {
			Name, Text string
			Twilio     struct {
				Encoding string
				Segments int
			}
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Vectors) == 0 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	for _, v := range file.Vectors {
		if got := core.CountSegments(v.Text); got.Encoding != v.Twilio.Encoding || got.Count != v.Twilio.Segments {
			t.Errorf("%s: got %+v, want %+v", v.Name, got, v.Twilio)
		}
	}
}

// TestSplitSegments: every piece fits, and nothing but white space is lost.
func TestSplitSegments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("ab €[ж😀é\n.\u200d🏽")), 0, 900, -1).Draw(t, "text")
		limit := rapid.IntRange(1, 4).Draw(t, "limit")
		pieces := core.Split(text, limit, core.UnitSegments)
		for _, p := range pieces {
			if n := core.UnitSegments.Len(p); n > limit {
				t.Fatalf("a piece takes %d SMS, limit %d: %q", n, limit, p)
			}
		}
		if got, want := strings.Map(dropSpace, strings.Join(pieces, "")), strings.Map(dropSpace, text); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func TestSplitSegmentsFillsParts(t *testing.T) {
	got := core.Split(strings.Repeat("a", 1000), 2, core.UnitSegments)
	if len(got) != 4 || len(got[0]) != 306 {
		t.Errorf("got %d pieces, the first of %d", len(got), len(got[0]))
	}
}
