package core

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-1": 0, "x": 0, "99999999999": 24 * time.Hour,
		"Sun, 01 Mar 2026 12:01:00 GMT": time.Minute, "Sun, 01 Mar 2026 11:00:00 GMT": 0} {
		if got := RetryAfter(http.Header{"Retry-After": {value}, "Date": {"Sun, 01 Mar 2026 12:00:00 GMT"}}); got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
}
