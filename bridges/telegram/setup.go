package telegram

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"causeway/core"
)

// wanted are the updates we ask for. Telegram sends some of them only when they are named.
var wanted = []string{"message", "edited_message", "callback_query", "message_reaction", "my_chat_member", "business_connection", "business_message",
	"edited_business_message", "deleted_business_messages"}

// doors are the ports that Telegram calls.
var doors = []string{"", "443", "80", "88", "8443"}

// Subscribe implements core.SetupLink: it has Telegram call us, with the secret, and keeps what waits there.
func (l hooked) Subscribe(ctx context.Context, callback string) error {
	u, err := url.Parse(callback)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return core.Problemf(core.CodeInvalid, "Telegram calls only addresses that start with https.").
			Remedied("Set the public URL of this gateway, or set %s to %s.", keyReceive, receivePolling)
	}
	if !slices.Contains(doors, u.Port()) {
		return core.Problemf(core.CodeInvalid, "Telegram does not call the port %s.", u.Port()).Remedied("Use one of the ports 443, 80, 88 and 8443.")
	}
	return explained(l.api.call(ctx, "setWebhook", params{"url": callback, "secret_token": l.conf.verify.Reveal(), "allowed_updates": wanted, "max_connections": 40}, nil))
}

// Leave implements core.LeaveLink: it takes the webhook away, unless the bot's updates go to somebody else by now.
func (l hooked) Leave(ctx context.Context, callback string, _ []core.Channel) error {
	var h hook
	if err := l.api.call(ctx, "getWebhookInfo", params{}, &h); err != nil {
		return stillCalled(err)
	}
	if string(h.URL) != callback {
		return nil
	}
	return stillCalled(l.api.call(ctx, "deleteWebhook", params{"drop_pending_updates": false}, nil))
}

// stillCalled says that Telegram may go on calling; nil stays nil.
func stillCalled(err error) error {
	if err == nil {
		return nil
	}
	return core.Problemf(core.CodeUnavailable, "The webhook may still be registered at Telegram. %s", core.AsSendError(failed(err)).Reason).
		Remedied("Write /revoke to @BotFather, if nobody else uses the bot.").Because(err)
}

// explained turns an error of a call that an admin made into one for people; nil stays nil.
func explained(err error) error {
	if err == nil {
		return nil
	}
	e := core.AsSendError(failed(err))
	p := core.Problemf(core.CodeUnavailable, "The webhook cannot be registered. %s", strings.Replace(e.Reason, "refused the message", "refused it", 1)).Remedied("%s", e.Remedy)
	if e.Outcome == core.Unknown {
		p.Detail, p.Remedy = "The webhook may not be registered: Telegram did not answer, or not in a way that can be read.", "Check the API base and the network, then try again."
	}
	p.Err = err
	return p
}
