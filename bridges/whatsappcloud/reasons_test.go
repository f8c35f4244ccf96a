package whatsappcloud

import (
	"testing"

	"causeway/core"
)

// What the platform's codes mean is told to agents in their language.
func TestRefusalsAreTranslated(t *testing.T) {
	for _, r := range append(refusals, unknownCode) {
		for _, s := range []string{r.Reason, r.Remedy} {
			for _, language := range []string{"ar", "ru"} {
				if s != "" && core.Reason(language, title, s) == s {
					t.Errorf("%v: %q is not in core/reasons.json for %s", r.Codes, s, language)
				}
			}
		}
	}
}
