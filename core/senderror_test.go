package core

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestAsSendError(t *testing.T) {
	if got := AsSendError(nil); got != nil {
		t.Errorf("nothing wrong: %+v", got)
	}
	known := Unsendable("No.", "Do this.")
	if got := AsSendError(fmt.Errorf("send: %w", known)); got != known {
		t.Errorf("wrapped: %+v", got)
	}
	if got := AsSendError(errors.New("cut off")); got.Outcome != Unknown || got.Effect != EffectFail || got.Detail != "cut off" {
		t.Errorf("any other: %+v", got)
	}
}

// TestUnopened: a message whose file is not to be had just now is tried again, one whose file is lost is not.
func TestUnopened(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want Effect
	}{
		{t.Context(), ErrNotFound, EffectFail},
		{t.Context(), fmt.Errorf("file: %w: too many open files", ErrUnavailable), EffectRetry},
		{t.Context(), Problemf(CodeUnavailable, "Away."), EffectRetry},
		{over, errors.New("cut off"), EffectRetry},
	} {
		if got := Unopened(c.ctx, c.err); got.Effect != c.want || got.Outcome != Rejected {
			t.Errorf("%v: got %s/%s, want %s", c.err, got.Outcome, got.Effect, c.want)
		}
	}
}
