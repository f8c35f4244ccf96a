package core

import (
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
