package meta

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"causeway/core"
)

// Trouble is a finding from an error of a call.
func (i *Inbox) Trouble(subject string, err error) core.Finding {
	return Trouble(i.Title, subject, i.failed(err, false))
}

// Explain makes a Problem for people of a call that failed.
func (i *Inbox) Explain(err error, what string) *core.Problem {
	e := i.failed(err, false)
	return &core.Problem{Code: core.CodeUnavailable, Detail: what + " " + e.Reason, Remedy: cmp.Or(e.Remedy, "Try again in some minutes."), Err: err}
}

// tokenNode is what the platform knows of a token.
type tokenNode struct {
	App     Text   `json:"app_id"`
	Valid   *Truth `json:"is_valid"` // nil: not said
	Expires Text   `json:"expires_at"`
	Access  Text   `json:"data_access_expires_at"`
	Scopes  []Text `json:"scopes"`
}

// CheckToken asks what Meta knows of the token, and returns the app it belongs to, "" if it does not tell. The permissions needed come with what
// does not work without them.
func (i *Inbox) CheckToken(ctx context.Context, needed []Permission) (core.Finding, string) {
	const subject = "access token"
	var answer struct {
		Data tokenNode `json:"data"`
	}
	err := i.Graph.Get(ctx, "debug_token", url.Values{"input_token": {i.Graph.Token.Reveal()}}, &answer)
	if err == nil && answer.Data.Valid == nil {
		err = errUntold
	}
	if err == nil {
		return i.judge(answer.Data, needed), string(answer.Data.App)
	}
	if Unproven(err) {
		return i.Trouble(AppSecret, err), ""
	}
	if e := i.failed(err, false); e.Code != "190" && (e.Effect == core.EffectPark || e.Effect == core.EffectFail) { // it may not look at itself
		return core.Warn(subject, "Nothing need be done if the other findings are good.", "Meta does not tell what this token may do."), ""
	}
	return i.Trouble(subject, err), ""
}

// Permission is what a token must be allowed, and what for.
type Permission struct {
	Name string
	For  string // "nothing can be sent without it"
	Bad  bool   // the channel does not work without; else a part of it does not
}

func (i *Inbox) judge(t tokenNode, needed []Permission) core.Finding {
	const subject = "access token"
	if !*t.Valid {
		return core.Bad(subject, newToken, "Meta calls the access token invalid.")
	}
	for _, p := range needed {
		if slices.Contains(t.Scopes, Text(p.Name)) {
			continue
		}
		f := core.Warn(subject, newToken+" Grant "+p.Name+".", "The access token lacks the permission %s: %s.", p.Name, p.For)
		if p.Bad {
			f.Level = core.HealthBad
		}
		return f
	}
	for _, stamp := range []Text{t.Expires, t.Access} {
		if at, dated := stamp.Time(); dated {
			if f := Expiring(subject, at, i.Host.Now(), newToken); f.Level != core.HealthGood {
				return f
			}
		}
	}
	if at, dated := t.Expires.Time(); dated {
		return core.Good(subject, "Valid, with all permissions, until %s.", Day(at))
	}
	return core.Good(subject, "Valid, with all permissions, and does not expire.")
}

// Fields are webhook fields: without the first of them nothing comes in, without another some news does not.
type Fields []string

// judge is the finding about the fields that are subscribed to. Where says where they are set.
func (f Fields) judge(subject string, have []Text, where string) core.Finding {
	var missing []string
	for _, name := range f {
		if !slices.Contains(have, Text(name)) {
			missing = append(missing, name)
		}
	}
	remedy := "Subscribe to " + strings.Join(missing, ", ") + ": " + where
	switch {
	case len(missing) == 0:
		return core.Good(subject, "All fields are subscribed to.")
	case missing[0] == f[0]:
		return core.Bad(subject, remedy, "The field %s is not subscribed to: nothing that customers write comes in.", f[0])
	}
	return core.Warn(subject, remedy, "Some news does not come in: %s.", strings.Join(missing, ", "))
}

const register = "causeway channel subscribe NAME."

// CheckSubscription looks whether the account's webhooks go to the token's app, "" if it is not known, and which.
func (i *Inbox) CheckSubscription(ctx context.Context, app string, needed Fields) core.Finding {
	const subject = "webhook subscription"
	var answer struct {
		Data []struct {
			ID     Text   `json:"id"`
			Fields []Text `json:"subscribed_fields"`
		} `json:"data"`
	}
	if err := i.Graph.Get(ctx, i.Node+"/subscribed_apps", nil, &answer); err != nil {
		return i.Trouble(subject, err)
	}
	for _, s := range answer.Data {
		if app == "" || s.ID == "" || string(s.ID) == app {
			return needed.judge(subject, s.Fields, register)
		}
	}
	if len(answer.Data) > 0 {
		return core.Bad(subject, "Run: "+register, "Only other apps are subscribed to the account, not the one that the access token belongs to.")
	}
	return core.Bad(subject, "Run: "+register, "No app is subscribed to the account: nothing that customers write comes in.")
}

// Subscribe has the account's webhooks sent to the token's app.
func (i *Inbox) Subscribe(ctx context.Context, fields Fields) error {
	if err := i.Graph.Post(ctx, i.Node+"/subscribed_apps", body{"subscribed_fields": strings.Join(fields, ",")}, nil); err != nil {
		return i.Explain(err, "The account cannot be subscribed to the app.")
	}
	return nil
}

// Unsubscribe takes the account's subscription to the token's app back, unless another channel may need it: those of a Page and its Instagram account
// have one together, and Meta calls one address for all accounts of an app.
func (i *Inbox) Unsubscribe(ctx context.Context, staying []core.Channel) error {
	for _, ch := range staying {
		if ch.Kind == "messenger" || ch.Kind == "instagram" {
			return core.Problemf(core.CodeUnsupported, "The account is still subscribed to the app, whose webhooks %s may need.", ch.Name).
				Remedied("Have Meta call that one's address: causeway channel subscribe %s", ch.Argument())
		}
	}
	if err := i.Graph.Delete(ctx, i.Node+"/subscribed_apps"); err != nil {
		return i.Explain(err, "The account is still subscribed to the app.")
	}
	return nil
}

// Codes of Meta's for a subscription: a parameter is wrong, such as a field that the app is not given, or the callback does not answer as it must.
const (
	CodeParameter = 100
	codeCallback  = 2200
)

// Register makes an address the one to which all webhooks of the app's object go: for every account behind the app. Meta calls it with the verify
// token before it agrees, so the gateway must be reachable by then. Where the app is not named, a person enters the address: see ByHand.
func (i *Inbox) Register(ctx context.Context, app string, secret core.Secret, callback string, fields Fields) error {
	if app == "" {
		return nil
	}
	b := body{"object": i.Object, "callback_url": callback, "verify_token": i.Verify.Reveal(), "fields": strings.Join(fields, ","), "include_values": true}
	err := i.Graph.As(app, secret).Post(ctx, app+"/subscriptions", b, nil)
	if err == nil {
		return nil
	}
	p := i.Explain(err, "The webhook cannot be registered.")
	var g *Error
	if errors.As(err, &g) && (g.Code == CodeParameter && !Unproven(err) || g.Code == codeCallback) {
		p.Remedy = "Check that the public URL leads to this gateway from outside, with a certificate that is valid, and that the gateway is running."
	}
	return p
}

// ByHand says what is left to do after Subscribe, where the app is not named: nothing where it is. Where says where the address is entered.
func ByHand(app, where string) string {
	if app != "" {
		return ""
	}
	return "If it does not stand there yet, enter this address with the channel's verify token: " + where
}

// CheckApp asks Meta, in the name of the app, for its webhook fields, and judges them.
func (i *Inbox) CheckApp(ctx context.Context, app string, secret core.Secret, needed Fields, where string) []core.Finding {
	if app == "" {
		return nil
	}
	fields, found := i.Graph.CheckSecret(ctx, app, secret)
	if fields == nil {
		return found
	}
	if have, some := fields[i.Object]; some {
		return append(found, needed.judge("webhook fields", have, where))
	}
	return append(found, core.Bad("webhook fields", "Enter the address of this channel's webhook and subscribe to "+strings.Join(needed, ", ")+": "+where,
		"The app gets no webhooks of %s at all.", i.Title))
}
