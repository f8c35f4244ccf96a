package whatsappcloud

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"

	"causeway/bridges/meta"
	"causeway/core"
)

// sendError maps a code of the platform, in an answer to a send or in a receipt: both mean that the message certainly did not arrive. A
// negative code is none.
func sendError(code int, words string) *core.SendError {
	e := &core.SendError{Code: strconv.Itoa(code), Outcome: core.Rejected, Detail: words}
	if code < 0 {
		e.Code = ""
	}
	r, ok := lookup(code)
	if !ok {
		r = unknownCode
	}
	r.Put(e)
	if !ok && words != "" {
		e.Reason = "WhatsApp refused the message: " + words
	}
	return e
}

var unknownCode = meta.Refusal{Effect: core.EffectFail, Reason: "WhatsApp refused the message and gave no reason that Causeway knows.",
	Remedy: "Look the code up in Meta's list of error codes."}

func lookup(code int) (meta.Refusal, bool) {
	switch r, known := refusals.Find(code, 0); {
	case known:
		return r, true
	case code >= 200 && code <= 299:
		return refusals.Find(10, 0)
	case code >= 2388000 && code <= 2388999:
		return meta.Refusal{Effect: core.EffectFail, Reason: "WhatsApp refused a change of a template or an account.", Remedy: "See the details in the channel log."}, true
	}
	return meta.Refusal{}, false
}

// failed maps the error of a send, or of another call. What broke before the request left was rejected; what broke later may have gone out.
func (c conf) failed(err error) error {
	var g *meta.Error
	var f *meta.Failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &g):
		return refused(g)
	case errors.As(err, &f) && c.dialog && (f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden):
		return keyRefused(f)
	case errors.As(err, &f):
		return f.SendError(c.service(), "Ask the customer, or look at the phone, before sending it again.")
	}
	return core.AsSendError(err)
}

func refused(g *meta.Error) *core.SendError {
	e := sendError(g.Code, cmp.Or(g.Details, g.Message))
	e.Trace = g.Trace
	_, known := lookup(g.Code)
	switch {
	case meta.Unproven(g):
		g.Proof().Put(e)
	case g.Code == 100 && g.Subcode == 33:
		e.Effect, e.Reason = core.EffectPark, "Meta does not know the phone number ID, or the token may not use it."
		e.Remedy = "Check the phone number ID, and give the token's system user access to the WhatsApp account."
	case !known && (g.Transient || g.Status >= 500):
		e.Effect, e.Reason, e.Remedy = core.EffectRetry, "WhatsApp has trouble at the moment.", ""
	case !known && g.Status == http.StatusTooManyRequests:
		e.Effect, e.Reason, e.Remedy = core.EffectSlow, "WhatsApp asks us to slow down.", ""
	}
	e.Retry = max(e.Retry, g.RetryAfter)
	return e
}
