package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
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
