package main

import (
	"bytes"
	"testing"
)

func TestScript(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		var out bytes.Buffer
		if err := w.play(t.Context(), &out); err != nil {
			t.Errorf("%v\n%s", err, out.String())
		}
	})
}
