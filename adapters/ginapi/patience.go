package ginapi

import (
	"context"
	"net/http"
	"time"

	"causeway/core"
)

// lookTime is how long it may take to find out whose call it is. With the database away, callers hear so before they give up: Meta waits for about ten seconds.
const lookTime = 3 * time.Second

// storing returns the context in which what a webhook brought is stored. A provider that hangs up does not end it: half of the work would be done
// for nothing, and done again at the provider's next try. Its own deadline does, and the end of the server's grace.
func (s *Server) storing(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.AcceptWait)
	stop := context.AfterFunc(s.life, cancel)
	return ctx, func() { stop(); cancel() }
}

// webhook finds the channel of a call.
func (s *Server) webhook(r *http.Request, id core.ChannelID) (core.Channel, core.WebhookLink, error) {
	ctx, cancel := context.WithTimeout(r.Context(), lookTime)
	defer cancel()
	return s.Links.Webhook(ctx, id)
}

// link finds the link of a channel that a browser calls.
func (s *Server) link(ctx context.Context, id core.ChannelID) (core.Link, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	_, _, link, err := s.Links.Link(ctx, id)
	return link, err
}

// answering bounds an operation of the API, unless it is one that waits for somebody else.
func (s *Server) answering(ctx context.Context, o operation) (context.Context, context.CancelFunc) {
	if o.slow {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, s.AcceptWait)
}

// errCrowded turns away who wants to send while too many do.
func errCrowded() error {
	return core.Problemf(core.CodeUnavailable, "Too many messages are being taken at once; nothing was stored.").Remedied("Try again in a few seconds.")
}
