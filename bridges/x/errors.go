package x

import (
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

// complaint is what X says of a refusal: version 1.1 with numbers, version 2 with the name of a problem.
type complaint struct {
	Errors []struct {
		Code    json.Number `json:"code"`
		Message text        `json:"message"`
		Detail  text        `json:"detail"`
		Type    text        `json:"type"`
	} `json:"errors"`
	Title  text `json:"title"`
	Detail text `json:"detail"`
	Type   text `json:"type"`
}

func (r reply) complaint() complaint {
	var c complaint
	_ = json.Unmarshal(r.body, &c) // an answer without such fields is judged by its status
	return c
}

// code is the number or the name of the refusal, "" if X gives none.
func (r reply) code() string {
	c := r.complaint()
	kinds := []text{c.Type}
	for _, e := range c.Errors {
		if n, err := e.Code.Int64(); err == nil && n > 0 {
			return e.Code.String()
		}
		kinds = append(kinds, e.Type)
	}
	for _, k := range kinds {
		if name := path.Base(string(k)); strings.Contains(string(k), "/problems/") && aProblem(name) {
			return name
		}
	}
	return ""
}

func aProblem(name string) bool {
	return len(name) < 60 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// words is what X says, for the log.
func (r reply) words() string {
	c := r.complaint()
	all := []text{c.Title, c.Detail}
	for _, e := range c.Errors {
		all = append(all, e.Message, e.Detail)
	}
	var said []string
	for _, t := range all {
		if t != "" {
			said = append(said, string(t))
		}
	}
	if len(said) == 0 {
		return "no reason was given"
	}
	return strings.Join(said, ": ")
}

const maxWait = 24 * time.Hour

// wait is how long X, or what stands before it, asks us to wait: until the exhausted one of its limits is filled again.
func (r reply) wait(now time.Time) time.Duration {
	longest := core.RetryAfter(r.header)
	if r.status != http.StatusTooManyRequests {
		return longest
	}
	for _, limit := range []string{"X-Rate-Limit", "X-User-Limit-24hour", "X-App-Limit-24hour"} {
		at, err := strconv.ParseInt(strings.TrimSpace(r.header.Get(limit+"-Reset")), 10, 64)
		if left := strings.TrimSpace(r.header.Get(limit + "-Remaining")); err == nil && (left == "" || left == "0") {
			longest = max(longest, time.Unix(at, 0).Sub(now))
		}
	}
	return min(longest, maxWait)
}

// failed maps the error of a send; nil stays nil. What broke before the request left was rejected; what broke later may have gone out.
func (a *api) failed(err error) error {
	var f *failure
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &f):
		return core.AsSendError(err)
	}
	e := f.mapped()
	e.Detail, e.Retry = f.Error(), max(e.Retry, f.reply.wait(a.now()))
	e.Trace = f.reply.header.Get("X-Transaction-Id")
	return e
}

const (
	unclear   = "X's answer did not arrive or cannot be read; the message may or may not have been sent."
	lookThere = "It is known when X reports the message; else look in X before sending it again."
)

// mapped finds what a failure means: by X's own code, else by the status, which may be a proxy's.
func (f *failure) mapped() *core.SendError {
	if !f.sent {
		return core.CallFailure{Provider: "X", Err: f.err}.SendError()
	}
	code := f.reply.code()
	r, known := refusals[code]
	if !known {
		r, known = statuses[f.reply.status]
		if code == "" && f.reply.status != 0 {
			code = core.HTTPCode + strconv.Itoa(f.reply.status)
		}
	}
	e := &core.SendError{Code: code, Outcome: core.Rejected, Effect: r.effect, Reason: r.reason, Remedy: r.remedy, Retry: r.wait}
	switch {
	case known:
	case f.reply.status/100 == 4:
		e.Effect, e.Reason, e.Remedy = core.EffectFail, "X refused the message: "+f.err.Error()+".", "See X's words in the channel log."
	default: // no answer, a 2xx that cannot be read, a redirect, 500, 502, 504
		e.Outcome, e.Effect, e.Reason, e.Remedy = core.Unknown, core.EffectFail, unclear, lookThere
	}
	return e
}
