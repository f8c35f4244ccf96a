package carrier

import (
	"context"
	"slices"
	"strings"
	"time"

	"causeway/bridges/sms"
	"causeway/core"
)

// Check implements core.Link.
func (l *link) Check(ctx context.Context) []core.Finding {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return []core.Finding{l.checkCredentials(ctx), l.checkSign(), l.checkDoor(ctx)}
}

// testMessage is what is left where nothing can be asked.
const testMessage = "Send a test message to a phone of your own."

func (l *link) checkCredentials(ctx context.Context) core.Finding {
	const subject = "credentials"
	i := slices.IndexFunc(l.def.Check, func(q query) bool { return q.When.suits(l.setting) })
	if i < 0 {
		return core.Finding{Subject: subject, Level: core.HealthWarning, Detail: l.def.Title + " has nothing that can be asked without sending: whether it takes the credentials could not be verified.",
			Remedy: testMessage}
	}
	req, err := l.def.Check[i].build(ctx, l.setting)
	if err != nil {
		return l.call.Finding(subject, l.call.Broken(err))
	}
	got, err := l.call.Do(req)
	if err != nil {
		return l.call.Finding(subject, l.call.Broken(err))
	}
	if slices.Contains(l.def.Check[i].Unclear, got.Status) {
		return core.Finding{Subject: subject, Level: core.HealthWarning, Detail: l.def.Title + " does not let the credentials ask for the account: whether they may send could not be verified.", Remedy: testMessage}
	}
	if !got.OK() {
		return l.call.Finding(subject, l.failed(got, l.def.Answer.read(got, l.setting)))
	}
	return core.Finding{Subject: subject, Level: core.HealthGood, Detail: l.def.Title + " takes the credentials."}
}

func (l *link) checkSign() core.Finding {
	const subject = "webhook signature"
	if l.def.Sign.Kind == signNone {
		return core.Finding{Subject: subject, Level: core.HealthWarning, Detail: "Calls from " + l.def.Title + " prove nothing: whoever knows the channel's address can invent messages.",
			Remedy: `Change "sign" in the definition, at least to a token in the address.`}
	}
	return core.Finding{Subject: subject, Level: core.HealthGood, Detail: "Calls from " + l.def.Title + " must prove where they come from."}
}

func (l *link) checkDoor(ctx context.Context) core.Finding {
	const subject = "webhook"
	if l.door.Address(ctx) == "" {
		return core.Finding{Subject: subject, Level: core.HealthWarning, Detail: "The channel does not know its public address yet: nothing has come in, there are no delivery reports, and files cannot be sent.",
			Remedy: l.how("the channel's address (causeway channel show)")}
	}
	return core.Finding{Subject: subject, Level: core.HealthGood, Detail: "The channel knows its public address."}
}

// ByHand implements core.HandLink: few providers take the address from us.
func (l *link) ByHand() string {
	if len(l.def.Subscribe) > 0 {
		return ""
	}
	return l.how("the webhook URL")
}

// how says how the channel's address gets to the provider.
func (l *link) how(address string) string {
	said := "Enter " + address + " at " + l.def.Title
	if l.def.Setup != "" {
		said += ": " + strings.TrimSuffix(l.def.Setup, ".")
	}
	if l.def.Sign.Kind == signQuery {
		said += "; with ?" + strings.TrimPrefix(l.def.Sign.At, "query.") + "= and the webhook secret behind it"
	}
	return said + "."
}

// Subscribe implements core.SetupLink. Where the definition does not say how to enter the address at the provider, a person must; the channel knows
// it from then on.
func (l *link) Subscribe(ctx context.Context, callback string) error {
	if !core.WebAddress(callback) {
		return core.Problemf(core.CodeInvalid, "The address for webhooks is no web address.").Remedied("Set the public URL of this gateway.")
	}
	if err := l.door.Learn(ctx, callback); err != nil {
		return err
	}
	if len(l.def.Subscribe) == 0 {
		return core.Problemf(core.CodeUnsupported, "%s is told the address by hand; the channel knows it now.", l.def.Title).Remedied("%s", l.how("the channel's address (causeway channel show)"))
	}
	v := func(name string) string {
		if name == "callback" {
			return l.callback(ctx, "")
		}
		return l.setting(name)
	}
	for i := range l.def.Subscribe {
		if err := l.enter(ctx, &l.def.Subscribe[i], v); err != nil {
			return err
		}
	}
	return nil
}

func (l *link) enter(ctx context.Context, r *request, v vars) error {
	req, err := r.build(ctx, v)
	if err == nil {
		var got sms.Answer
		if got, err = l.call.Do(req); err == nil && !got.OK() {
			err = l.failed(got, l.def.Answer.read(got, v))
		}
	}
	if err == nil {
		return nil
	}
	e := l.call.Broken(err)
	return &core.Problem{Code: core.CodeUnavailable, Detail: "The webhook cannot be registered. " + e.Reason, Remedy: e.Remedy, Err: e}
}
