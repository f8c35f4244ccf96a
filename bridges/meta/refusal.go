package meta

import (
	"slices"
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

// SendError is what a call without a readable answer means for what it should have sent. Title is what people call the platform, and look says where to
// look whether it went out.
func (f *Failure) SendError(title, look string) *core.SendError {
	e := core.CallFailure{Provider: title, Sent: f.Sent, Status: f.Status, Err: f.Err, Look: look}.SendError()
	if e.Retry, e.Detail = f.RetryAfter, f.Error(); f.Sent && e.Effect == core.EffectPark {
		e.Remedy = "Check the API base, the API version and any proxy in between."
	}
	return e
}
