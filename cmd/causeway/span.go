package main

import (
	"time"

	"causeway/core"
)

// span is a flag for a span of time, which may be given in days.
type span time.Duration

func (s *span) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

// Set implements pflag.Value.
func (s *span) Set(text string) error {
	d, err := core.ParseSpan(text)
	if err != nil || d <= 0 {
		return core.Problemf(core.CodeInvalid, "%q is not a time span.", text).Remedied("Write it like 90m, 24h or 3d.")
	}
	*s = span(d)
	return nil
}

// Type is what the help calls it.
func (s *span) Type() string { return "span" }
