package whatsappcloud

import (
	"context"
	"errors"

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

// unreachable gives the remedy for a callback that did not answer Meta as it must, which Meta words as an invalid parameter.
func unreachable(cause error, p *core.Problem) error {
	var g *meta.Error
	if errors.As(cause, &g) && g.Code == meta.CodeParameter && g.Subcode != 33 && !meta.Unproven(cause) {
		p.Remedy = "Check that the public URL leads to this gateway from outside, with a certificate that is valid, and that the gateway is running."
	}
	return p
}
