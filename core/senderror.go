package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// Outcome tells what is known about a send that did not succeed.
type Outcome string

const (
	Rejected Outcome = "rejected" // it certainly did not go out
	Unknown  Outcome = "unknown"  // it may have gone out: never sent again unless the provider deduplicates
)

// Effect says what a send error means for those who wait.
type Effect string

const (
	EffectFail     Effect = "fail"      // this message failed; others go on
	EffectRetry    Effect = "retry"     // try this message again after Retry
	EffectSlowPeer Effect = "slow-peer" // wait for this recipient only
	EffectSlow     Effect = "slow"      // wait with the whole channel
	EffectPark     Effect = "park"      // stop the channel, keep the queue, tell an admin
	EffectWindow   Effect = "window"    // the reply window is closed: keep the text, offer templates
	EffectStop     Effect = "stop"      // the contact wants no (more) marketing: remember it
	EffectBlock    Effect = "block"     // the contact has blocked the channel's account: remember it until they write
	EffectAlone    Effect = "alone"     // refused with its album: send it by itself
	EffectResync   Effect = "resync"    // the template is not what we think: sync it, then fail
)

// SendError is a bridge's error of sending. It carries intent: was it rejected, when to retry, what it means for others. An error that is
// not a SendError means Outcome Unknown.
type SendError struct {
	Code    string        `json:"code"` // the provider's code, "" if there was none
	Outcome Outcome       `json:"outcome"`
	Effect  Effect        `json:"effect"`
	Retry   time.Duration `json:"retry,omitempty"`  // wait at least this long; zero: the outbox chooses
	Reason  string        `json:"reason"`           // one sentence for people
	Remedy  string        `json:"remedy,omitempty"` // what to do, one sentence
	Detail  string        `json:"detail,omitempty"` // the provider's words, for the log
	Trace   string        `json:"trace,omitempty"`  // the provider's id of the failed call
}

// Passing are the effects of what goes by: the same message may be taken another time.
func Passing() []Effect { return []Effect{EffectRetry, EffectSlowPeer, EffectSlow} }

// Passes reports whether what stood in the way goes by.
func (e *SendError) Passes() bool { return e != nil && slices.Contains(Passing(), e.Effect) }

// OfChannel reports whether it is not of the message: others would be refused as well until a person looks at the channel.
func (e *SendError) OfChannel() bool {
	return e != nil && (e.Effect == EffectPark || e.Effect == EffectSlow && e.Remedy != "")
}

// Worry is the error as a warning about its channel.
func (e *SendError) Worry(now time.Time) Health {
	return Health{Level: HealthWarning, Code: e.Code, Reason: e.Reason, Remedy: e.Remedy, Since: now}
}

func (e *SendError) Error() string {
	if e.Code == "" {
		return e.Reason
	}
	return fmt.Sprintf("%s (%s)", e.Reason, e.Code)
}

// AsSendError returns err as a SendError. Anything else becomes one with Outcome Unknown and Effect fail; nil stays nil.
func AsSendError(err error) *SendError {
	if err == nil {
		return nil
	}
	var s *SendError
	if errors.As(err, &s) {
		return s
	}
	return &SendError{Outcome: Unknown, Effect: EffectFail, Detail: err.Error(),
		Reason: "The provider did not answer in time; the message may or may not have arrived."}
}

// CallFailure is a call to a provider that brought no answer in the provider's own words: it did not leave, a proxy or the provider's front answered it, or
// nothing came back.
type CallFailure struct {
	Provider string // what people call it
	Sent     bool   // something of it left this machine
	Status   int    // of HTTP; zero: no answer
	Err      error  // what broke
	Look     string // where to look, or whom to ask, whether it went out after all
}

// HTTPCode begins the Code of what was refused with nothing but a status of HTTP.
const HTTPCode = "http-"

// SendError is what the failure means for what the call should have sent: what broke before it left was rejected, what broke later may have gone out.
func (f CallFailure) SendError() *SendError {
	e := &SendError{Outcome: Rejected, Effect: EffectRetry}
	if f.Status != 0 {
		e.Code = HTTPCode + strconv.Itoa(f.Status)
	}
	var p *Problem
	switch {
	case !f.Sent && errors.As(f.Err, &p):
		e.Effect, e.Reason, e.Remedy = EffectPark, p.Detail, p.Remedy
	case !f.Sent:
		e.Reason, e.Remedy = f.Provider+" cannot be reached from this machine.", "Check the network and the name service if this lasts."
	case f.Status == http.StatusTooManyRequests:
		e.Effect, e.Reason = EffectSlow, f.Provider+" asks us to slow down."
	case f.Status == http.StatusServiceUnavailable || f.Status == http.StatusRequestTimeout || f.Status == http.StatusTooEarly:
		e.Reason = f.Provider + " is not available at the moment."
	case f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden || f.Status == http.StatusNotFound || f.Status == http.StatusProxyAuthRequired:
		e.Effect, e.Reason, e.Remedy = EffectPark, "Something between us and "+f.Provider+" refuses our calls.", "Check the API base and any proxy in between."
	case f.Status >= 400 && f.Status < 500:
		e.Effect, e.Reason = EffectFail, f.Provider+" refused the message without a reason that could be read."
	default: // no answer, a 2xx that cannot be read, a redirect, 500, 502, 504
		e.Outcome, e.Effect = Unknown, EffectFail
		e.Reason, e.Remedy = f.Provider+"'s answer did not arrive or cannot be read; the message may or may not have been sent.", f.Look
	}
	return e
}

// Unopened is the error of a message whose file Host.Open did not give: one to try again where only the time, or the place of the files, was wanting.
func Unopened(ctx context.Context, err error) *SendError {
	e := Unsendable("The message's file cannot be read.", "Attach it again.")
	e.Detail = err.Error()
	if ctx.Err() != nil || CodeOf(err) == CodeUnavailable || errors.Is(err, ErrUnavailable) {
		e.Effect = EffectRetry
	}
	return e
}

// Unaddressed takes the address off an error of net/http: secrets stand in addresses.
func Unaddressed(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Watched returns a request to do in the place of req, and what tells then whether any of it has left: an error after that is of Outcome Unknown.
func Watched(req *http.Request) (watched *http.Request, left func() bool) {
	var wrote atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }}
	return req.WithContext(httptrace.WithClientTrace(req.Context(), trace)), wrote.Load
}

// Unsendable is the error of a message that cannot go out as it is, found before anything left.
func Unsendable(reason, remedy string) *SendError {
	return &SendError{Outcome: Rejected, Effect: EffectFail, Reason: reason, Remedy: remedy}
}
