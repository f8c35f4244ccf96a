package meta

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

// Refusal is what codes of the platform's errors mean for what was to be sent.
type Refusal struct {
	Codes   []int
	Subs    []int // none: any subcode that has no refusal of its own
	Effect  core.Effect
	Wait    time.Duration
	Unknown bool // the message may have gone out all the same
	Reason  string
	Remedy  string
}

// Put writes what the refusal means into an error.
func (r Refusal) Put(e *core.SendError) {
	e.Effect, e.Retry, e.Reason, e.Remedy = r.Effect, r.Wait, r.Reason, r.Remedy
	if r.Unknown {
		e.Outcome = core.Unknown
	}
}

// Refusals are what a platform's codes mean.
type Refusals []Refusal

// Find returns what a code means, false if nobody knows. A refusal for its subcode counts before one for any.
func (all Refusals) Find(code, sub int) (found Refusal, known bool) {
	for _, r := range all {
		switch {
		case !slices.Contains(r.Codes, code):
		case slices.Contains(r.Subs, sub):
			return r, true
		case len(r.Subs) == 0:
			found, known = r, true
		}
	}
	return found, known
}

// unproven and unasked are what Unproven means where a proof was sent, and where none was.
var (
	unproven = Refusal{Effect: core.EffectPark, Reason: "The access token was not made for the app whose secret the channel has.",
		Remedy: "Copy the secret of the token's own app (App dashboard, App settings, Basic), or make the token with the app that the secret is of, and resume the channel."}
	unasked = Refusal{Effect: core.EffectPark, Reason: "The app takes only calls that prove its secret, and this channel cannot.",
		Remedy: "Switch Require App Secret off (App dashboard, App settings, Advanced) and resume the channel."}
)

// Proof is what a refusal that is Unproven means.
func (e *Error) Proof() Refusal {
	if strings.Contains(e.Message, "require") {
		return unasked
	}
	return unproven
}

// httpCode begins the codes of what was refused without an error of Meta's.
const httpCode = "http-"

// SendError is what a call without a readable answer means for what it should have sent: what broke before the request left was rejected, what broke
// later may have gone out. Title is what people call the platform, and look says where to look whether it did. The HTTP statuses are those of proxies and
// of the platform's own front.
func (f *Failure) SendError(title, look string) *core.SendError {
	e := &core.SendError{Outcome: core.Rejected, Effect: core.EffectRetry, Retry: f.RetryAfter, Detail: f.Error()}
	if f.Status != 0 {
		e.Code = httpCode + strconv.Itoa(f.Status)
	}
	var p *core.Problem
	switch {
	case !f.Sent && errors.As(f.Err, &p):
		e.Effect, e.Reason, e.Remedy = core.EffectPark, p.Detail, p.Remedy
	case !f.Sent:
		e.Reason, e.Remedy = title+" cannot be reached from this machine.", "Check the network and the name service if this lasts."
	case f.Status == http.StatusTooManyRequests:
		e.Effect, e.Reason = core.EffectSlow, title+" asks us to slow down."
	case f.Status == http.StatusServiceUnavailable || f.Status == http.StatusRequestTimeout || f.Status == http.StatusTooEarly:
		e.Reason = title + " is not available at the moment."
	case f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden || f.Status == http.StatusNotFound || f.Status == http.StatusProxyAuthRequired:
		e.Effect, e.Reason, e.Remedy = core.EffectPark, "Something between us and "+title+" refuses our calls.", "Check the API base, the API version and any proxy in between."
	case f.Status >= 400 && f.Status < 500:
		e.Effect, e.Reason = core.EffectFail, title+" refused the message without a reason that could be read."
	default: // no answer, a 2xx that is not ours, a redirect, 500, 502, 504
		e.Outcome, e.Effect = core.Unknown, core.EffectFail
		e.Reason, e.Remedy = title+"'s answer did not arrive or cannot be read; the message may or may not have been sent.", look
	}
	return e
}
