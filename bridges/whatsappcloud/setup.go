package whatsappcloud

import (
	"context"
	"errors"
	"slices"

	"causeway/bridges/meta"
	"causeway/core"
)

// Subscribe implements core.SetupLink: it subscribes the token's app to the business account, with our callback instead of the app's own.
// Meta calls the callback with the verify token before it agrees, so the gateway must be reachable by then.
func (l *link) Subscribe(ctx context.Context, callback string) error {
	if l.conf.dialog {
		return l.enterWebhook(ctx, callback)
	}
	if l.conf.account == "" {
		return core.BadSetting(keyAccount, "Add the setting "+keyAccount+".", "The channel does not say which WhatsApp Business Account to subscribe to.")
	}
	if !publicLink(callback) {
		return core.Problemf(core.CodeInvalid, "The address for webhooks is no web address.").Remedied("Set the public URL of this gateway.")
	}
	b := body{"override_callback_uri": callback, "verify_token": l.conf.verify.Reveal()}
	if err := l.graph.Post(ctx, l.conf.account+"/subscribed_apps", b, nil); err != nil {
		return unreachable(err, l.conf.explained(err, "The webhook cannot be registered."))
	}
	return nil
}

// Leave implements core.LeaveLink: it takes back the subscription to our callback, unless another number of the business account needs it.
func (l *link) Leave(ctx context.Context, callback string, staying []core.Channel) error {
	if l.conf.dialog || l.conf.account == "" {
		return core.Problemf(core.CodeUnsupported, "The provider may still call %s, which answers no more.", callback).Remedied("Take that address out at the provider.")
	}
	var answer struct {
		Data []subscribed `json:"data"`
	}
	if err := l.graph.Get(ctx, l.conf.account+"/subscribed_apps", nil, &answer); err != nil {
		return l.conf.explained(err, "The webhook may still be registered.")
	}
	if !slices.ContainsFunc(answer.Data, func(s subscribed) bool { return string(s.Override) == callback }) {
		return nil
	}
	for _, ch := range staying {
		if ch.Kind == Kind && ch.Settings[keyAccount] == l.conf.account {
			return core.Problemf(core.CodeUnsupported, "Meta still calls the address of this channel for all numbers of the account, %s among them.", ch.Name).
				Remedied("Have it call that one's address: causeway channel subscribe %s", ch.Argument())
		}
	}
	if err := l.graph.Delete(ctx, l.conf.account+"/subscribed_apps"); err != nil {
		return l.conf.explained(err, "The webhook may still be registered.")
	}
	return nil
}

// unreachable gives the remedy for a callback that did not answer Meta as it must, which Meta words as an invalid parameter.
func unreachable(cause error, p *core.Problem) error {
	var g *meta.Error
	if errors.As(cause, &g) && g.Code == meta.CodeParameter && g.Subcode != 33 && !meta.Unproven(cause) {
		p.Remedy = "Check that the public URL leads to this gateway from outside, with a certificate that is valid, and that the gateway is running."
	}
	return p
}
