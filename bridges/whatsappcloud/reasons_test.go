package whatsappcloud

import (
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/meta"
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

// TestOutagesOfAReseller: where 360dialog is called, what fails is said of it and not of WhatsApp, in every language.
func TestOutagesOfAReseller(t *testing.T) {
	c := conf{dialog: true}
	for _, f := range []meta.Failure{{}, {Sent: true}, {Sent: true, Status: http.StatusUnauthorized}, {Sent: true, Status: http.StatusNotFound}, {Sent: true, Status: http.StatusTooManyRequests},
		{Sent: true, Status: http.StatusServiceUnavailable}, {Sent: true, Status: http.StatusGone}} {
		e := core.AsSendError(c.failed(&f))
		if !strings.Contains(e.Reason, "360dialog") || strings.Contains(e.Reason, title) {
			t.Errorf("%d: %q", f.Status, e.Reason)
		}
		for _, s := range []string{e.Reason, e.Remedy} {
			for _, language := range []string{"ar", "ru"} {
				if s != "" && core.Reason(language, title, s) == s {
					t.Errorf("%d: %q is not in core/reasons.json for %s", f.Status, s, language)
				}
			}
		}
		told := c.explained(&f, "The templates cannot be read.").Detail + c.trouble("templates", &f).Detail
		if strings.Contains(told, title) {
			t.Errorf("%d: %q", f.Status, told)
		}
	}
}
