package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"causeway/core"
)

const (
	steady      = time.Minute // a session that lasts so long is well
	longestWait = 5 * time.Minute
	patience    = 3 // ends in a row before the channel's health tells of them
)

// codeSession is of the health that is told here.
const codeSession = "session"

// tenure is the time in which this node runs a channel's session, under one lease. The session may end and begin again in it.
type tenure struct {
	opened   *opened
	lease    core.Lease
	ctx      context.Context //nolint:containedctx // its end is the tenure's
	end      context.CancelCauseFunc
	deadline *time.Timer // ends it when the lease was not renewed for so long that another may soon have it
	mu       sync.Mutex  // guards the requests
	requests requests
}

// prolong moves the deadline after a renewal that was asked for at that time.
func (t *tenure) prolong(asked time.Time) { t.deadline.Reset(time.Until(asked.Add(leaseSafe))) }

// keep runs the session, again and again, until the tenure is over.
func (t *tenure) keep() {
	if _, pairs := t.opened.link.(core.PairingLink); pairs {
		t.lookForAsk()
		t.lookForTakeBack()
		var watching sync.WaitGroup
		watching.Go(t.watchAsks)
		defer watching.Wait()
	}
	for failed := 0; t.ctx.Err() == nil; {
		if t.pair() {
			failed = 0
			continue
		}
		began := time.Now()
		err := t.run()
		if errors.Is(err, core.ErrLeaseLost) {
			t.end(core.ErrLeaseLost)
		}
		if t.ctx.Err() != nil {
			return
		}
		if errors.Is(err, errAsked) || errors.Is(err, errTakeBack) {
			continue
		}
		if time.Since(began) >= steady {
			failed = 0
		}
		failed++
		t.pause(err, failed)
	}
}

// pause waits before a session is begun again that ended so many times in a row, unless somebody asks for something.
func (t *tenure) pause(err error, failed int) {
	wait := backoff(failed, err)
	t.opened.host.log.WarnContext(t.ctx, "session ended; it is begun again", "err", err, "failures", failed, "wait", wait)
	t.tellFailure(err, failed)
	select {
	case <-t.ctx.Done():
	case <-t.requests.asked:
	case <-time.After(wait):
	}
}

// run runs the session once, until it is over, or a person asks for a pairing or wants it back.
func (t *tenure) run() error {
	ctx, end := t.begin("")
	defer end(nil)
	well := time.AfterFunc(steady, t.tellRecovery)
	defer well.Stop()
	err := t.guarded(func() error { return t.opened.link.(core.SessionLink).Run(ctx) })
	if cause := context.Cause(ctx); errors.Is(cause, errAsked) || errors.Is(cause, errTakeBack) {
		return cause
	}
	return err
}

// guarded calls a link. A panic is its error.
func (t *tenure) guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			t.opened.host.log.ErrorContext(t.ctx, "session panicked", "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return f()
}

// backoff is how long to wait after so many ends in a row: longer each time, as long as the provider says, and not all channels at once.
func backoff(failed int, err error) time.Duration {
	wait := min(longestWait, time.Second<<min(failed-1, 10))
	var e *core.SendError
	if errors.As(err, &e) {
		wait = max(wait, e.Retry)
	}
	return time.Duration(float64(wait) * (1 + 0.25*rand.Float64())) //nolint:gosec // jitter needs no secrecy
}

// tellFailure tells why the session ended, at once if a person must act, else when it happens again and again.
func (t *tenure) tellFailure(err error, failed int) {
	h := healthOf(err)
	if h.Level == core.HealthBad || h.Level == core.HealthWarning && failed >= patience {
		t.opened.host.Health(t.ctx, h)
	}
}

// healthOf is what an end of a session says of the channel. A trouble of our own database says nothing.
func healthOf(err error) core.Health {
	h := core.Health{Level: core.HealthWarning, Code: codeSession, Reason: "The connection to the provider ends again and again.",
		Remedy: "If this lasts, see the gateway's log and the provider's status page."}
	var e *core.SendError
	var p *core.Problem
	switch {
	case errors.Is(err, core.ErrUnavailable):
		return core.Health{}
	case errors.As(err, &e):
		h.Reason, h.Remedy = e.Reason, e.Remedy
		if e.Effect == core.EffectPark {
			h.Level = core.HealthBad
		}
	case errors.As(err, &p):
		h.Reason, h.Remedy = p.Detail, p.Remedy
		if p.Code != core.CodeUnavailable {
			h.Level = core.HealthBad
		}
	}
	return h
}

// tellRecovery takes back what tellFailure told, here or on another node.
func (t *tenure) tellRecovery() {
	t.opened.host.wellAgain(t.ctx, core.Health{Level: core.HealthGood, Code: codeSession, Reason: "The connection to the provider holds again."})
}

// watchEnd says so if the session does not end though it is told to. Its lease is given up by then: others may run it, and it can store nothing.
func (t *tenure) watchEnd(done <-chan struct{}) {
	select {
	case <-done:
	case <-time.After(endWithin):
		t.opened.host.log.ErrorContext(t.ctx, "session does not end; restart the gateway if this channel is needed here", "fence", t.lease.Fence)
	}
}
