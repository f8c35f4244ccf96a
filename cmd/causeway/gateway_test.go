package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestRound(t *testing.T) {
	for _, tt := range []struct {
		name    string
		atStart bool
		want    int
	}{
		{"at the start too", true, 3},
		{"after the first interval only", false, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute+time.Second)
				defer cancel()
				done := 0
				round{each: time.Minute, atStart: tt.atStart, do: func(context.Context) { done++ }}.run(ctx)
				if done != tt.want {
					t.Errorf("done %d times, want %d", done, tt.want)
				}
			})
		})
	}
}

// A provider that does not answer holds up nothing else.
func TestRoundsDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute+time.Second)
		defer cancel()
		done := 0
		goRounds(ctx, []round{
			{each: time.Hour, atStart: true, do: func(ctx context.Context) { <-ctx.Done() }},
			{each: time.Minute, do: func(context.Context) { done++ }},
		})
		if done != 3 {
			t.Errorf("done %d times beside one that hangs, want 3", done)
		}
	})
}
