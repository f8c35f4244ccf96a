package ginapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"causeway/core"

	"github.com/gin-gonic/gin"
)

// WebhookURL is the address that a channel's provider calls. Public is the scheme and host under which providers reach us.
func WebhookURL(public string, id core.ChannelID) string {
	return strings.TrimRight(public, "/") + hookPath + string(id)
}

// hook answers a provider's call to a channel's webhook.
func (s *Server) hook(c *gin.Context) {
	start := time.Now()
	v := s.visit(c.Writer, c.Request, core.ChannelID(c.Param("channel")))
	v.reply(c.Writer)
	took := time.Since(start)
	kind := cmp.Or(v.channel.Kind, "none")
	s.meters.hooks.WithLabelValues(kind, v.outcome).Inc()
	s.meters.hookTime.WithLabelValues(kind).Observe(took.Seconds())
	s.record(v, took)
}

// visit is one call to a webhook.
type visit struct {
	channel core.Channel
	request core.WebhookRequest
	answer  core.WebhookAnswer
	outcome string
	note    string // for the channel log
	traces  []string
}

// visit does all of a call but the answering.
func (s *Server) visit(w http.ResponseWriter, r *http.Request, id core.ChannelID) *visit {
	v := &visit{}
	if !plausible(string(id)) {
		return v.end(http.StatusNotFound, outcomeUnknown, "")
	}
	ch, link, err := s.webhook(r, id)
	if err != nil {
		return s.unopened(r.Context(), v, id, err)
	}
	v.channel, v.request = ch, s.requestOf(r)
	// Whoever knows a channel's address can send a body drop by drop: small ones are waited for without taking a turn from anybody, large ones,
	// which cost memory, have few turns of their own.
	if r.ContentLength < 0 || r.ContentLength > smallBody {
		if !enter(s.large) {
			return v.end(http.StatusServiceUnavailable, outcomeBusy, "too many large calls at once")
		}
		defer leave(s.large)
	}
	if v.request.Body, err = s.bodyOf(w, r); err != nil {
		return v.unread(err)
	}
	if !enter(s.slots) {
		return v.end(http.StatusServiceUnavailable, outcomeBusy, "too many calls at once")
	}
	defer leave(s.slots)
	s.meters.busy.Inc()
	defer s.meters.busy.Dec()
	ctx, done := s.storing(r.Context())
	defer done()
	return s.receive(ctx, v, link)
}

// enter takes a turn if there is one; leave gives it back.
func enter(turns chan struct{}) bool {
	select {
	case turns <- struct{}{}:
		return true
	default:
		return false
	}
}

func leave(turns chan struct{}) { <-turns }

// unopened ends a call to a channel that is not there, or whose settings or secrets need a person: for that the provider comes again.
func (s *Server) unopened(ctx context.Context, v *visit, id core.ChannelID, err error) *visit {
	if errors.Is(err, core.ErrNotFound) || core.CodeOf(err) == core.CodeNotFound {
		return v.end(http.StatusNotFound, outcomeUnknown, "")
	}
	if again(err) {
		s.missed(ctx, id, "open channel", err)
	} else {
		s.Log.WarnContext(ctx, "webhook's channel cannot be opened", "channel", id, "err", err)
	}
	return v.end(http.StatusServiceUnavailable, outcomeUnavailable, "")
}

// receive hands the call to the channel's link and stores what came of it. A panic of the bridge is this call's alone.
func (s *Server) receive(ctx context.Context, v *visit, link core.WebhookLink) (out *visit) {
	defer func() {
		if p := recover(); p != nil {
			i := incident(ctx, s.Log, "panic in webhook", fmt.Errorf("panic: %v", p), "channel", v.channel.ID, "stack", string(debug.Stack()))
			out = v.end(http.StatusInternalServerError, outcomeFailed, "incident "+i.Incident)
		}
	}()
	return s.take(ctx, v, link)
}

// mostEvents is how many a call may bring. Providers send a thousand at most, but for a history, which may have many; a body of nothing but brackets would be a million, which could never
// be stored in the time that a provider waits. It is kept whole instead.
const mostEvents = 20_000

func (s *Server) take(ctx context.Context, v *visit, link core.WebhookLink) *visit {
	answer, events, err := link.Receive(ctx, v.request)
	if err != nil {
		return s.unreceived(ctx, v, err)
	}
	v.outcome = outcomeEmpty
	if len(events) > mostEvents {
		return s.unreceived(ctx, v, core.Problemf(core.CodeInvalid, "The body brings %d events, and no provider sends more than %d.", len(events), mostEvents))
	}
	if len(events) > 0 {
		v.outcome = outcomeAccepted
		discreet, concealed := core.Discreet(ctx)
		v.note, err = s.store(discreet, v, events)
		if concealed() {
			v.request.Body, v.note = nil, "about a contact who was erased: nothing of it is kept"
		}
		if err != nil {
			return s.failed(ctx, v, "accept events", err)
		}
		s.taken(ctx)
	}
	v.answer = answer
	v.answer.Status = cmp.Or(answer.Status, http.StatusOK)
	return v
}

// unreceived ends a call that the link did not take.
func (s *Server) unreceived(ctx context.Context, v *visit, err error) *visit {
	var malformed *core.Problem
	switch {
	case errors.Is(err, core.ErrUnauthenticated):
		return v.end(http.StatusUnauthorized, outcomeRefused, "signature, token or challenge refused")
	case again(err):
		return s.failed(ctx, v, "receive webhook", err)
	case errors.As(err, &malformed):
		ctx, done := s.storing(ctx) // reading may have taken all of the time
		defer done()
		if err := s.Inbox.Malformed(ctx, v.channel, v.request.Body, malformed.Error()); err != nil {
			return s.failed(ctx, v, "keep malformed webhook", err)
		}
		return v.end(http.StatusOK, outcomeMalformed, "kept as a dead letter: "+malformed.Error())
	}
	return s.failed(ctx, v, "receive webhook", err)
}

// failed makes the provider come again: nothing may be acknowledged.
func (s *Server) failed(ctx context.Context, v *visit, doing string, err error) *visit {
	if again(err) || ctx.Err() != nil {
		s.missed(ctx, v.channel.ID, doing, err)
		return v.end(http.StatusServiceUnavailable, outcomeUnavailable, "not taken now, the provider is asked to come again")
	}
	p := incident(ctx, s.Log, "webhook", err, "channel", v.channel.ID, "doing", doing)
	return v.end(http.StatusInternalServerError, outcomeFailed, "incident "+p.Incident)
}

// again reports whether an error says that a later try may work.
func again(err error) bool {
	return errors.Is(err, core.ErrUnavailable) || core.CodeOf(err) == core.CodeUnavailable
}

func (v *visit) end(status int, outcome, note string) *visit {
	v.answer, v.outcome, v.note = core.WebhookAnswer{Status: status}, outcome, note
	return v
}

// unread ends a call whose body did not come as it should.
func (v *visit) unread(err error) *visit {
	switch {
	case errors.Is(err, errTooLarge):
		return v.end(http.StatusRequestEntityTooLarge, outcomeTooLarge, "the body is longer than allowed")
	case late(err):
		return v.end(http.StatusRequestTimeout, outcomeLate, "the body did not arrive in time")
	}
	return v.end(http.StatusBadRequest, outcomeLate, "the body did not arrive whole")
}

func (v *visit) reply(w http.ResponseWriter) {
	h := w.Header()
	if len(v.traces) > 0 {
		h.Set(core.TraceHeader, strings.Join(v.traces, ", "))
	}
	switch v.answer.Status {
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", retryAfter)
		h.Set("Connection", "close") // so that it is balanced anew
	case http.StatusRequestEntityTooLarge, http.StatusRequestTimeout, http.StatusBadRequest:
		h.Set("Connection", "close") // what is left of the body is not read
	}
	if len(v.answer.Body) > 0 {
		h.Set("Content-Type", cmp.Or(v.answer.Type, "text/plain; charset=utf-8"))
		h.Set("X-Content-Type-Options", "nosniff") // a challenge is echoed
	}
	h.Set("Content-Length", strconv.Itoa(len(v.answer.Body)))
	w.WriteHeader(v.answer.Status)
	_, _ = w.Write(v.answer.Body)
}

// record puts a call into the channel log. Calls to channels that do not exist have none.
func (s *Server) record(v *visit, took time.Duration) {
	if v.channel.ID == "" {
		return
	}
	entry := call{workspace: v.channel.Workspace, channel: v.channel.ID, at: s.Now().Add(-took), took: took, method: v.request.Method, url: v.request.URL,
		status: v.answer.Status, request: headOf(v.request.Body), response: headOf(v.answer.Body), note: v.note}
	switch v.outcome {
	case outcomeAccepted, outcomeEmpty, outcomeMalformed:
		s.journal.add(entry)
	default:
		s.journal.stranger(entry)
	}
}
