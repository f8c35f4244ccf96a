package core

import "fmt"

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
