package core_test

import (
	"testing"

	"causeway/core"
)

func TestUnderstood(t *testing.T) {
	spoken := func(code string) bool { return code == "de" || code == "ar" || code == "en" }
	for name, tt := range map[string]struct{ asked, accepted, want string }{
		"nothing said":                  {"", "", "en"},
		"asked for":                     {"ar", "de", "ar"},
		"asked for, with a region":      {"de_AT", "ar", "de"},
		"asked for, but not spoken":     {"fr", "de", "de"},
		"the first that we speak":       {"", "fr-CH, fr;q=0.9, de-CH;q=0.8, ar;q=0.7", "de"},
		"upper case":                    {"", "AR-EG", "ar"},
		"none that we speak":            {"", "fr, *;q=0.5", "en"},
		"a header that is no such list": {"", ";;,,-_", "en"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := core.Understood(tt.asked, tt.accepted, spoken); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
