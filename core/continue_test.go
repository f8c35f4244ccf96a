package core

import (
	"strings"
	"testing"
)

// TestContinueCode: a code is found where a link puts it, and megabytes are not searched for one.
func TestContinueCode(t *testing.T) {
	const code = "abcdefgh23"
	long := strings.Repeat("all of it counts ", 1<<16)
	for name, c := range map[string]struct {
		content Content
		want    string
	}{
		"a text":                 {Content{Text: "#" + code}, code},
		"in a sentence":          {Content{Text: "Hello! #" + code + ", please go on."}, code},
		"a subject":              {Content{Subject: "Hello #" + code, Text: "…"}, code},
		"a link's":               {Content{Referral: &Referral{Ref: code}}, code},
		"before a long text":     {Content{Text: "#" + code + " " + long}, code},
		"far down":               {Content{Text: long + " #" + code}, ""},
		"part of a word":         {Content{Text: "#" + code + "x"}, ""},
		"another link's":         {Content{Referral: &Referral{Ref: "summer"}, Text: "hello"}, ""},
		"nothing to be found in": {Content{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.content.ContinueCode(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
