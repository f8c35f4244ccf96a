package twilio

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"causeway/bridges/sms"
	"causeway/core"
)

var unknownCode = refusal{effect: core.EffectFail, reason: "Twilio refused the message and gave no reason that Causeway knows.", remedy: "Look the code up in Twilio's dictionary of error codes."}

func lookup(code int) (refusal, bool) {
	for _, r := range refusals {
		for _, c := range r.codes {
			if c == code {
				return r, true
			}
		}
	}
	return unknownCode, false
}

// alarming reports whether an admin must hear of an error that stops nothing.
func alarming(code string) bool {
	n, _ := strconv.Atoi(code)
	r, _ := lookup(n)
	return r.alarm
}

// silencing reports whether an error says that the customer wants nothing at all any more. That they want no marketing, which is a smaller wish, is in its effect.
func silencing(code string) bool {
	n, _ := strconv.Atoi(code)
	r, _ := lookup(n)
	return r.silent
}

// sendError maps a code, of an answer or of a callback: both mean that the message certainly did not arrive. Zero is no code.
func sendError(code int, words string) *core.SendError {
	r, known := lookup(code)
	e := &core.SendError{Outcome: core.Rejected, Effect: r.effect, Retry: r.wait, Reason: r.reason, Remedy: r.remedy, Detail: words}
	if code != 0 {
		e.Code = strconv.Itoa(code)
	}
	if !known && words != "" {
		e.Reason = "Twilio refused the message: " + strings.TrimRight(words, ".") + "."
	}
	return e
}

// refused maps an answer that is no success. Twilio's own codes count before the HTTP status; a server's error leaves open what it did.
func (l *link) refused(a sms.Answer) *core.SendError {
	var said struct {
		Code    json.Number `json:"code"`
		Message string      `json:"message"`
	}
	_ = json.Unmarshal(a.Body, &said) // an answer without such fields is judged by its status
	code, err := strconv.Atoi(said.Code.String())
	_, known := lookup(code)
	uncertain := a.Status >= http.StatusInternalServerError && a.Status != http.StatusServiceUnavailable
	if err != nil || code == 0 || uncertain || !known && (a.Status == http.StatusUnauthorized || a.Status == http.StatusTooManyRequests) {
		e := l.call.Broken(&sms.Failure{Sent: true, Answer: a, Err: errStatus})
		if e.Detail = l.call.Clean(said.Message); e.Detail == "" {
			e.Detail = errStatus.Error()
		}
		return e
	}
	e := sendError(code, l.call.Clean(said.Message))
	e.Retry = max(e.Retry, core.RetryAfter(a.Header))
	e.Trace = a.Header.Get("Twilio-Request-Id")
	return e
}
