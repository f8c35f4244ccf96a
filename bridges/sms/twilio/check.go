package twilio

import (
	"context"
	"strings"
	"time"

	"causeway/core"
)

// Check implements core.Link.
func (l *link) Check(ctx context.Context) []core.Finding {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	found := []core.Finding{l.checkAccount(ctx)}
	if found[0].Level == core.HealthBad {
		return found // nothing else can be asked
	}
	return append(append(found, l.checkSender(ctx)...), l.checkDoor(ctx))
}

func (l *link) checkAccount(ctx context.Context) core.Finding {
	const subject = "account"
	var a struct {
		Status string `json:"status"`
		Type   string `json:"type"`
	}
	if err := l.ask(ctx, l.accountURL(".json"), nil, &a); err != nil {
		return l.call.Finding(subject, core.AsSendError(err))
	}
	switch {
	case a.Status != "" && a.Status != "active":
		return core.Bad(subject, mendAccount, "The Twilio account is %s.", a.Status)
	case strings.EqualFold(a.Type, "Trial"):
		return core.Warn(subject, "Upgrade it in Twilio's console.", "The Twilio account is on trial: it writes only to verified numbers, and adds a sentence to each message.")
	}
	return core.Good(subject, "The account SID and the token are accepted.")
}

func (l *link) checkSender(ctx context.Context) []core.Finding {
	switch l.conf.sort {
	case sortService:
		return l.checkService(ctx)
	case sortWhatsApp:
		return l.checkWhatsApp(ctx)
	case sortNumber, sortCode:
		return l.checkNumber(ctx)
	case sortName:
	}
	return []core.Finding{core.Good("sender", "Messages go out under a name; nobody can answer them.")}
}

const subscribe = "Register the webhook: causeway channel subscribe NAME."

func (l *link) checkNumber(ctx context.Context) []core.Finding {
	const subject = "sender"
	n, err := l.number(ctx)
	if err != nil {
		return []core.Finding{l.call.Finding(subject, core.AsSendError(err))}
	}
	found := []core.Finding{core.Good(subject, "%s belongs to the account.", l.conf.sender)}
	if l.conf.sort == sortNumber && !n.Can.SMS {
		found[0] = core.Bad(subject, "Use a number that can, or buy one in Twilio's console.", "%s cannot send text messages.", l.conf.sender)
	} else if l.conf.sort == sortNumber && !n.Can.MMS {
		found = append(found, core.Good("files", "%s cannot send or get files; they go out as Twilio decides.", l.conf.sender))
	}
	if n.App != "" {
		return append(found, core.Warn("webhook", subscribe, "What customers write goes to a TwiML application, not to this gateway."))
	}
	return append(found, l.checkHook(n.URL))
}

// checkHook compares the address at Twilio with the channel's.
func (l *link) checkHook(address string) core.Finding {
	switch {
	case address == "":
		return core.Bad("webhook", subscribe, "Twilio has no address for what customers write: nothing comes in.")
	case l.channel.ID != "" && !strings.Contains(address, string(l.channel.ID)):
		return core.Warn("webhook", subscribe, "Twilio sends what customers write to another address.")
	}
	return core.Good("webhook", "Twilio calls this channel's address.")
}

func (l *link) checkService(ctx context.Context) []core.Finding {
	var s service
	if err := l.ask(ctx, l.serviceURL(), nil, &s); err != nil {
		return []core.Finding{l.call.Finding("sender", core.AsSendError(err))}
	}
	found := []core.Finding{core.Good("sender", "The messaging service %s is there.", s.Name)}
	if s.OnNumber {
		return append(found, core.Warn("webhook", subscribe, "The service leaves what comes in to each number's own webhook."))
	}
	return append(found, l.checkHook(s.URL))
}

func (l *link) checkWhatsApp(ctx context.Context) []core.Finding {
	s, err := l.whatsApp(ctx)
	if err != nil {
		return []core.Finding{l.call.Finding("sender", core.AsSendError(err))}
	}
	found := core.Good("sender", "The WhatsApp sender is online.")
	if s.Status != "" && !strings.HasPrefix(s.Status, "ONLINE") {
		found = core.Bad("sender", "Look at it in Twilio's console, WhatsApp senders.", "The WhatsApp sender is %s.", strings.ToLower(s.Status))
	}
	return []core.Finding{found, l.checkHook(s.Webhook.URL)}
}

// checkDoor looks whether the channel knows its own address, which callbacks and files need.
func (l *link) checkDoor(ctx context.Context) core.Finding {
	if l.door.Address(ctx) == "" {
		return core.Warn("public address", subscribe, "The channel does not know its public address yet: there are no delivery reports, and files cannot be sent.")
	}
	return core.Good("public address", "Delivery reports come to this channel's address.")
}
