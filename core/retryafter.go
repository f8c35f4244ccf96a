package core

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// mostWait bounds what a Retry-After may ask for.
const mostWait = 24 * time.Hour

// RetryAfter reads that header of an answer in both its forms (RFC 9110, 10.2.3), a day at most; zero if it is absent or makes no sense.
func RetryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.Atoi(v); err == nil && n > 0 {
		return min(time.Duration(min(n, int(mostWait/time.Second)))*time.Second, mostWait)
	}
	if at, err := http.ParseTime(v); err == nil {
		if sent, err := http.ParseTime(h.Get("Date")); err == nil && at.After(sent) {
			return min(at.Sub(sent), mostWait)
		}
	}
	return 0
}
