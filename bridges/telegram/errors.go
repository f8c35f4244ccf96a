package telegram

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

// meaning is what a refusal of Telegram means for us. Telegram's codes are those of HTTP and say little; its words say which case it is.
type meaning struct {
	code   int      // zero: any
	words  []string // one of them occurs in the description, upper and lower case alike; none: any description
	effect core.Effect
	wait   time.Duration
	reason string
	remedy string
}

func (m meaning) fits(code int, words string) bool {
	if m.code != 0 && m.code != code {
		return false
	}
	for _, w := range m.words {
		if strings.Contains(words, strings.ToLower(w)) {
			return true
		}
	}
	return len(m.words) == 0
}

// lookup finds the first meaning that fits; false if nothing is known.
func lookup(code int, words string) (meaning, bool) {
	words = strings.ToLower(words)
	for _, m := range meanings {
		if m.fits(code, words) {
			return m, true
		}
	}
	return meaning{effect: core.EffectFail, reason: "Telegram refused the message.", remedy: "See Telegram's words in the channel log."}, false
}

// says reports whether an error is a refusal with one of the words.
func says(err error, words ...string) bool {
	var r *refusal
	return errors.As(err, &r) && meaning{words: words}.fits(r.Code, strings.ToLower(r.Words))
}

// failed maps the error of a send; nil stays nil. What broke before the request left was rejected; what broke later may have gone out.
func failed(err error) error {
	var r *refusal
	var f *failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &r):
		return refused(r)
	case errors.As(err, &f):
		return broken(f)
	}
	return core.AsSendError(err)
}

func refused(r *refusal) *core.SendError {
	m, known := lookup(r.Code, r.Words)
	e := &core.SendError{Code: strconv.Itoa(r.Code), Outcome: core.Rejected, Effect: m.effect, Retry: max(m.wait, r.Retry), Reason: m.reason,
		Remedy: m.remedy, Detail: r.Words}
	if !known && r.Words != "" {
		e.Reason = "Telegram refused the message: " + strings.TrimRight(r.Words, ".") + "."
	}
	if r.uncertain() {
		e.Outcome, e.Effect, e.Reason, e.Remedy = core.Unknown, core.EffectFail, unclear, lookThere
	}
	return e
}

// uncertain reports whether a refusal leaves open what became of the call: Telegram's server stopped while it worked on it, or its front, which words what
// a proxy would say as Telegram does, got no answer from that server.
func (r *refusal) uncertain() bool {
	return r.Code == http.StatusBadGateway || r.Code == http.StatusGatewayTimeout || r.Code >= 500 && strings.Contains(strings.ToLower(r.Words), "restart")
}

const (
	unclear   = "Telegram's answer did not arrive or cannot be read; the message may or may not have been sent."
	lookThere = "Ask the customer, or look in Telegram, before sending it again."
)

// broken maps a call without a readable answer.
func broken(f *failure) *core.SendError {
	e := core.CallFailure{Provider: "Telegram", Sent: f.Sent, Status: f.Status, Err: f.Err, Look: lookThere}.SendError()
	if e.Retry, e.Detail = f.Retry, f.Error(); f.Sent && f.Status == http.StatusRequestEntityTooLarge {
		e.Reason, e.Remedy = "The file is larger than Telegram takes from a bot.", "Send it smaller, or as a link."
	}
	return e
}

// migratedTo returns the new id of a group that a refusal tells, zero if it tells none.
func migratedTo(err error) int64 {
	var r *refusal
	if !errors.As(err, &r) {
		return 0
	}
	return r.Migrate
}
