package core

import (
	"encoding/hex"
	"testing"
	"time"
)

func TestThreadIndex(t *testing.T) {
	began := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	index := ThreadIndex(began, [16]byte{0xaa, 0xbb})
	for _, c := range []struct {
		after time.Duration
		want  string // the time between, in units of 2^18 times 100 ns
	}{{0, "00000000"}, {time.Hour, "00021871"}, {-time.Hour, "00000000"}} {
		got := ThreadIndexAnswer(index, began.Add(c.after), 7)
		if len(index) != ThreadIndexHead || hex.EncodeToString(got[:8]) != "01dcaa272413aabb" || hex.EncodeToString(got[22:]) != c.want+"07" {
			t.Errorf("after %s: %x", c.after, got)
		}
	}
}
