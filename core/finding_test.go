package core

import "testing"

func TestTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		err  SendError
		want Finding
	}{
		"no answer":     {SendError{Outcome: Unknown, Effect: EffectFail, Reason: "r", Remedy: "m"}, Finding{"access", HealthWarning, "Pigeon did not answer, or not in a way that can be read.", "Check the API base and the network, then look again."}},
		"for good":      {SendError{Outcome: Rejected, Effect: EffectPark, Reason: "100 % refused.", Remedy: "m"}, Finding{"access", HealthBad, "100 % refused.", "m"}},
		"it may pass":   {SendError{Outcome: Rejected, Effect: EffectSlow, Reason: "r", Remedy: "m"}, Finding{"access", HealthWarning, "r", "m"}},
		"and no remedy": {SendError{Outcome: Rejected, Effect: EffectRetry, Reason: "r"}, Finding{"access", HealthWarning, "r", "Look again in some minutes."}},
	} {
		if got := Trouble("Pigeon", "access", &c.err); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}
