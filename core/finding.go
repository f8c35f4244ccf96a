package core

import (
	"cmp"
	"fmt"
)

// Good is a finding that all is well.
func Good(subject, format string, args ...any) Finding {
	return Finding{Subject: subject, Level: HealthGood, Detail: fmt.Sprintf(format, args...)}
}

// Warn is a finding of what should be looked at.
func Warn(subject, remedy, format string, args ...any) Finding {
	return Finding{Subject: subject, Level: HealthWarning, Detail: fmt.Sprintf(format, args...), Remedy: remedy}
}

// Bad is a finding of what does not work until somebody acts.
func Bad(subject, remedy, format string, args ...any) Finding {
	return Finding{Subject: subject, Level: HealthBad, Detail: fmt.Sprintf(format, args...), Remedy: remedy}
}

// Trouble is the finding of a call that failed. Only what a platform refuses for good is bad; what may pass is a warning. Title is what people call it.
func Trouble(title, subject string, e *SendError) Finding {
	remedy := cmp.Or(e.Remedy, "Look again in some minutes.")
	switch {
	case e.Outcome == Unknown:
		return Warn(subject, "Check the API base and the network, then look again.", "%s did not answer, or not in a way that can be read.", title)
	case e.Effect == EffectPark:
		return Bad(subject, remedy, "%s", e.Reason)
	}
	return Warn(subject, remedy, "%s", e.Reason)
}
