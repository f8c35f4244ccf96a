package instagram

import (
	"context"
	"errors"
	"net/url"
	"time"

	"causeway/bridges/meta"
	"causeway/core"
)

// fields are those of the app's webhook; ownFields those that an account is subscribed to with Instagram's log-in, pageFields those of a Page with
// Facebook's: there one is enough, and the app's fields decide.
var (
	fields     = meta.Fields{"messages", "messaging_postbacks", "messaging_seen", "message_reactions", "messaging_referral", "messaging_optins", "messaging_handover", "standby"}
	ownFields  = meta.Fields{"messages", "messaging_postbacks", "messaging_seen", "message_reactions", "messaging_referral"}
	pageFields = meta.Fields{"messages"}
)

const where = "App dashboard, Instagram, Webhooks."

var permissions = []meta.Permission{{Name: "instagram_manage_messages", For: "nothing can be received or sent", Bad: true}, {Name: "instagram_basic", For: "the account cannot be looked at"},
	{Name: "pages_manage_metadata", For: "the webhook cannot be registered"}}

// Check implements core.Link.
func (l *link) Check(ctx context.Context) []core.Finding {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	app, needed := l.conf.app, ownFields
	var found []core.Finding
	if l.conf.login == loginFacebook {
		token, of := l.CheckToken(ctx, permissions)
		if found, needed = append(found, token), pageFields; of != "" {
			app = of
		}
		found = append(found, l.checkPage(ctx))
	} else {
		found = append(append(found, l.checkAccount(ctx)), append(l.checkMessages(ctx), l.ending(ctx))...)
	}
	found = append(found, meta.CheckClock(ctx, l.Graph, l.Host, l.Node)...)
	found = append(found, l.CheckSubscription(ctx, app, needed))
	if l.conf.login == loginFacebook { // only there the app can be asked where the account's calls go
		found = append(found, l.CheckApp(ctx, app, l.conf.appSecret, fields, where)...)
	}
	return found
}

// checkPage looks whether the token is of a Page that the account is linked to.
func (l *link) checkPage(ctx context.Context) core.Finding {
	const subject = "account"
	var answer struct {
		Name      meta.Text `json:"name"`
		Instagram struct {
			ID       meta.Text `json:"id"`
			Username meta.Text `json:"username"`
		} `json:"instagram_business_account"`
	}
	err := l.Graph.Get(ctx, "me", url.Values{"fields": {"id,name,instagram_business_account{id,username}"}}, &answer)
	switch {
	case err != nil:
		return l.Trouble(subject, err)
	case answer.Instagram.ID == "":
		return core.Bad(subject, "Link the Instagram account in the Page's settings, allow access to messages there, and use the Page's token.", "The access token is of %s, which is no Page with an Instagram account.", answer.Name)
	}
	return l.same(answer.Instagram.ID, answer.Instagram.Username)
}

func (l *link) checkAccount(ctx context.Context) core.Finding {
	const subject = "account"
	var answer struct {
		User     meta.Text `json:"user_id"`
		Username meta.Text `json:"username"`
	}
	if err := l.Graph.Get(ctx, "me", url.Values{"fields": {"user_id,username"}}, &answer); err != nil {
		return l.Trouble(subject, err)
	}
	return l.same(answer.User, answer.Username)
}

// ownPermission is what Instagram's log-in must allow, beside looking at the account.
const ownPermission = "instagram_business_manage_messages"

// checkMessages looks whether a token of Instagram's log-in may read conversations: nobody tells what such a token may do. Other trouble shows in the
// other findings.
func (l *link) checkMessages(ctx context.Context) []core.Finding {
	const subject = "access token"
	err := l.Graph.Get(ctx, "me/conversations", url.Values{"platform": {"instagram"}, "fields": {"id"}, "limit": {"1"}}, nil)
	var g *meta.Error
	switch {
	case err == nil:
		return []core.Finding{core.Good(subject, "It has the permission %s.", ownPermission)}
	case errors.As(err, &g) && (g.Code == 3 || g.Code == 10 || g.Code >= 200 && g.Code <= 299):
		return []core.Finding{core.Bad(subject, loginAnew+" Allow access to messages.", "The access token lacks the permission %s: nothing can be received or sent.", ownPermission)}
	}
	return nil
}

func (l *link) same(id, name meta.Text) core.Finding {
	if string(id) != l.conf.account {
		return core.Bad("account", "Put the token of this account in the channel, or correct "+keyAccount+".", "The access token is for the account %s (%s), and the channel for %s.", name, id, l.conf.account)
	}
	return core.Good("account", "@%s.", name)
}

// ByHand implements core.HandLink: Meta takes the address from us only in the name of the app, and not at all with Instagram's log-in.
func (l *link) ByHand() string {
	if l.conf.login == loginInstagram {
		return meta.ByHand("", where)
	}
	return meta.ByHand(l.conf.app, where)
}

// Subscribe implements core.SetupLink: it subscribes the account, or the Page it is linked to, to the token's app and, where the app is named and may
// be told, has Meta send its webhooks here.
func (l *link) Subscribe(ctx context.Context, callback string) error {
	if l.conf.login == loginInstagram {
		return l.Inbox.Subscribe(ctx, ownFields)
	}
	if err := l.Register(ctx, l.conf.app, l.conf.appSecret, callback, fields); err != nil {
		return err
	}
	return l.Inbox.Subscribe(ctx, pageFields)
}

// Leave implements core.LeaveLink: it takes back the subscription, where no other channel may need it. With Instagram's log-in it is the account's own.
func (l *link) Leave(ctx context.Context, _ string, staying []core.Channel) error {
	if l.conf.login == loginInstagram {
		staying = nil
	}
	return l.Unsubscribe(ctx, staying)
}
