package core

import (
	"regexp"
	"testing"
)

func TestLacking(t *testing.T) {
	all := []Setting{{Key: "id", Title: "ID", Help: "Find it.", Required: true, Example: "123"}, {Key: "name", Title: "Name"}, {Key: "token", Title: "Token", Help: "Copy it.", Secret: true, Required: true}}
	for name, c := range map[string]struct{ id, name, token, lacks, detail string }{
		"all there":        {"7", "", "k3y", "", ""},
		"space around":     {" 7 ", "", "\tk3y\n", "", ""},
		"blank":            {" ", "", "k3y", "id", "ID is missing."},
		"no secret":        {"7", "", "\n", "token", "Token is missing."},
		"example":          {"123", "", "k3y", "id", "ID is still the sample from the instructions."},
		"placeholder":      {"7", "<your name>", "k3y", "name", "Name is still the sample from the instructions."},
		"variable":         {"7", "", "${TOKEN}", "token", "Token is still the sample from the instructions."},
		"word":             {"7", "", "Change-Me", "token", "Token is still the sample from the instructions."},
		"word in a longer": {"7", "a sample", "secret1", "", ""},
		"platform's own":   {"7", "", "110201543", "token", "Token is still the sample from the instructions."},
	} {
		t.Run(name, func(t *testing.T) {
			s := Settings{Values: map[string]string{"id": c.id, "name": c.name}, Secrets: map[string]Secret{"token": NewSecret(c.token)}}
			p := s.Lacking(all, regexp.MustCompile(`^110201543$`))
			if c.lacks == "" {
				if p != nil {
					t.Fatalf("got %v, want none", p)
				}
				return
			}
			if p == nil || p.Field != c.lacks || p.Detail != c.detail || p.Code != CodeInvalid {
				t.Errorf("got %+v, want %s: %s", p, c.lacks, c.detail)
			}
		})
	}
}

func TestSettingsRead(t *testing.T) {
	s := Settings{Values: map[string]string{"way": " polling\n", "odd": "perhaps", "rate": "2.5", "no rate": "NaN", "none": "0"}}
	for key, want := range map[string]struct{ other, bad bool }{"way": {true, false}, "unset": {false, false}, "odd": {false, true}} {
		if got, p := s.Other(key, "webhook", "polling"); got != want.other || (p != nil) != want.bad {
			t.Errorf("%s: got %v %v, want %+v", key, got, p, want)
		}
	}
	for key, want := range map[string]float64{"rate": 2.5, "unset": 30, "no rate": 0, "none": 0} {
		if got, p := s.Rate(key, 30, "Write 30."); got != want || (p != nil) != (want == 0) {
			t.Errorf("%s: got %v %v, want %v", key, got, p, want)
		}
	}
}
