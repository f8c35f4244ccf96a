package x

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"causeway/core"
)

// webhook is an address that X calls for the app.
type webhook struct {
	ID    text `json:"id"`
	URL   text `json:"url"`
	Valid bool `json:"valid"`
}

// Subscribe implements core.SetupLink: X calls us for what happens at the account.
func (l *link) Subscribe(ctx context.Context, callback string) error {
	u, err := url.Parse(callback)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Port() != "" {
		return core.Problemf(core.CodeInvalid, "X calls only addresses that start with https and name no port.").Remedied("Set the public URL of this gateway to such an address.")
	}
	token, err := l.api.bearer(ctx)
	if err != nil {
		return l.explained(err)
	}
	hook, err := l.register(ctx, token, callback)
	if err != nil {
		return l.explained(err)
	}
	return l.explained(l.api.call(ctx, http.MethodPost, subscription(hook), nil, nil))
}

func subscription(hook webhook) string {
	return "/2/account_activity/webhooks/" + hook.ID.id() + "/subscriptions/all"
}

// register finds the webhook at X, or makes it. One that X has given up on is tried again; each time X has the address prove itself.
func (l *link) register(ctx context.Context, token core.Secret, callback string) (webhook, error) {
	all, err := l.webhooks(ctx, token)
	if err != nil {
		return webhook{}, err
	}
	for _, h := range all {
		if string(h.URL) != callback {
			continue
		}
		if h.Valid {
			return h, nil
		}
		return h, l.api.app(ctx, token, http.MethodPut, "/2/webhooks/"+h.ID.id(), nil, nil)
	}
	var made struct {
		Data webhook `json:"data"`
		webhook
	}
	if err := l.api.app(ctx, token, http.MethodPost, "/2/webhooks", map[string]string{"url": callback}, &made); err != nil {
		return webhook{}, err
	}
	if made.Data.ID.id() == "" {
		made.Data = made.webhook
	}
	return made.Data, nil
}

func (l *link) webhooks(ctx context.Context, token core.Secret) ([]webhook, error) {
	var answer struct {
		Data []webhook `json:"data"`
	}
	err := l.api.app(ctx, token, http.MethodGet, "/2/webhooks", nil, &answer)
	return answer.Data, err
}

// ours finds the webhook that leads to this channel.
func (l *link) ours(all []webhook) (webhook, bool) {
	for _, h := range all {
		if l.channel.ID != "" && strings.Contains(string(h.URL), string(l.channel.ID)) {
			return h, true
		}
	}
	return webhook{}, false
}

// explained turns an error of a call that an admin made into one for people; nil stays nil.
func (l *link) explained(err error) error {
	if err == nil {
		return nil
	}
	e := core.AsSendError(l.api.failed(err))
	p := core.Problemf(core.CodeUnavailable, "The webhook cannot be registered. %s", e.Reason).Remedied("%s", e.Remedy)
	if e.Outcome == core.Unknown {
		p.Detail, p.Remedy = "The webhook may not be registered: X did not answer, or not in a way that can be read.", "Check the API base and the network, then try again."
	}
	p.Err = err
	return p
}
