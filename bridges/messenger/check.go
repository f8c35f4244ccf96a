package messenger

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"causeway/bridges/meta"
	"causeway/core"
)

// fields are those of the webhook that are used. Without the first nothing comes in; without another some news does not.
var fields = meta.Fields{"messages", "messaging_postbacks", "message_deliveries", "message_reads", "message_echoes", "message_reactions", "message_edits", "messaging_referrals",
	"messaging_optins", "messaging_handovers", "messaging_policy_enforcement", "standby"}

// forms are fields of what few Pages use, and not every app is given: they are subscribed to where that is possible, and nobody is told if it is not.
var forms = meta.Fields{"messaging_feedback", "messaging_customer_information"}

const where = "App dashboard, Messenger, Messenger API Settings, Configure webhooks."

var permissions = []meta.Permission{{Name: "pages_messaging", For: "nothing can be received or sent", Bad: true}, {Name: "pages_manage_metadata", For: "the webhook cannot be registered"}}

// Check implements core.Link.
func (l *link) Check(ctx context.Context) []core.Finding {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	token, app := l.CheckToken(ctx, permissions)
	if app == "" {
		app = l.conf.app
	}
	found := append([]core.Finding{token}, l.checkPage(ctx, app)...)
	found = append(found, meta.CheckClock(ctx, l.Graph, l.Host, l.Node)...)
	found = append(found, l.CheckSubscription(ctx, app, fields))
	return append(found, l.CheckApp(ctx, app, l.conf.appSecret, fields, where)...)
}

// checkPage looks whether the token is the Page's, and whether the app is the one that the channel names.
func (l *link) checkPage(ctx context.Context, app string) []core.Finding {
	const subject = "page"
	var answer struct {
		ID   meta.Text `json:"id"`
		Name meta.Text `json:"name"`
	}
	if err := l.Graph.Get(ctx, "me", url.Values{"fields": {"id,name"}}, &answer); err != nil {
		return []core.Finding{l.Trouble(subject, err)}
	}
	if answer.ID != "" && string(answer.ID) != l.conf.page {
		return []core.Finding{core.Bad(subject, "Put the token of the Page in the channel, or correct "+keyPage+".", "The access token belongs to %s (%s), and the channel is for the Page %s.", answer.Name, answer.ID, l.conf.page)}
	}
	found := []core.Finding{core.Good(subject, "%s.", answer.Name)}
	if app != "" && l.conf.app != "" && app != l.conf.app {
		found = append(found, core.Warn("app", "Correct "+keyApp+", or make the token with that app.", "The access token was made by the app %s, and the channel names another.", app))
	}
	return found
}

// Subscribe implements core.SetupLink: it subscribes the Page to the token's app and, where the app is named, has Meta send its webhooks here.
func (l *link) Subscribe(ctx context.Context, callback string) error {
	err := l.subscribe(ctx, callback, slices.Concat(fields, forms))
	var g *meta.Error
	if errors.As(err, &g) && g.Code == meta.CodeParameter {
		return l.subscribe(ctx, callback, fields)
	}
	return err
}

// ByHand implements core.HandLink: Meta takes the address from us only in the name of the app.
func (l *link) ByHand() string { return meta.ByHand(l.conf.app, where) }

func (l *link) subscribe(ctx context.Context, callback string, fields meta.Fields) error {
	if err := l.Register(ctx, l.conf.app, l.conf.appSecret, callback, fields); err != nil {
		return err
	}
	return l.Inbox.Subscribe(ctx, fields)
}

// Leave implements core.LeaveLink: it takes back the subscription, where no other channel may need it.
func (l *link) Leave(ctx context.Context, _ string, staying []core.Channel) error {
	return l.Unsubscribe(ctx, staying)
}
