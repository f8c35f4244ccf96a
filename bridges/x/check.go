package x

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"causeway/core"
)

const subscribe = "Register the webhook: causeway channel subscribe NAME."

// Check implements core.Link.
func (l *link) Check(ctx context.Context) []core.Finding {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	found := []core.Finding{l.checkAccount(ctx)}
	if found[0].Level == core.HealthBad {
		return found // nothing else can be asked
	}
	return append(found, l.checkWebhook(ctx))
}

func (l *link) trouble(subject string, err error) core.Finding {
	return core.Trouble("X", subject, core.AsSendError(l.api.failed(err)))
}

func (l *link) checkAccount(ctx context.Context) core.Finding {
	const subject = "account"
	var me struct {
		Data struct {
			ID   text `json:"id"`
			Name text `json:"username"`
		} `json:"data"`
	}
	req, err := l.api.request(ctx, http.MethodGet, "/2/users/me", nil)
	if err != nil {
		return l.trouble(subject, err)
	}
	l.api.conf.authorize(req, l.host.Now())
	header, err := l.api.answer(req, &me)
	switch {
	case err != nil:
		return l.trouble(subject, err)
	case me.Data.ID.id() != l.conf.account:
		return core.Bad(subject, newToken, "The access token is of another account.")
	case !mayMessage(header):
		return core.Bad(subject, newRights, "The access token lacks the permission for direct messages: it has %q.", clean(header.Get(accessLevel)))
	}
	return core.Good(subject, "The keys are accepted; the account is @%s.", string(me.Data.Name))
}

// accessLevel is the header in which X says what a token may do, such as read-write-directmessages. It is not always there.
const accessLevel = "X-Access-Level"

// mayMessage reports whether a token may read and write direct messages, as far as X says.
func mayMessage(h http.Header) bool {
	level := h.Get(accessLevel)
	return level == "" || strings.Contains(level, "directmessages")
}

// clean bounds a word of X's for people.
func clean(level string) string { return level[:min(len(level), 40)] }

func (l *link) checkWebhook(ctx context.Context) core.Finding {
	const subject = "webhook"
	token, err := l.api.bearer(ctx)
	if err != nil {
		return l.trouble(subject, err)
	}
	all, err := l.webhooks(ctx, token)
	if err != nil {
		return l.trouble(subject, err)
	}
	hook, found := l.ours(all)
	switch {
	case !found:
		return core.Bad(subject, subscribe, "X does not call this channel's address: nothing comes in.")
	case !hook.Valid:
		return core.Bad(subject, "See that the address can be reached from outside, then register it again: causeway channel subscribe NAME.", "X has given up on this channel's address, for it did not prove itself.")
	}
	var f *failure
	err = l.api.call(ctx, http.MethodGet, subscription(hook), nil, nil)
	switch {
	case errors.As(err, &f) && f.reply.status == http.StatusNotFound:
		return core.Bad(subject, subscribe, "The app is not subscribed to what happens at the account: nothing comes in.")
	case err != nil:
		return l.trouble(subject, err)
	}
	return core.Good(subject, "X calls this channel's address.")
}
