package telegram

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

// Check implements core.Link.
func (l *link) Check(ctx context.Context) []core.Finding {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	found, me := l.checkBot(ctx)
	found = append(found, l.checkReceiving(ctx))
	if l.conf.business {
		found = append(found, l.checkOwners(ctx, me)...)
	}
	return found
}

func trouble(subject string, err error) core.Finding {
	return core.Trouble("Telegram", subject, core.AsSendError(failed(err)))
}

// bot is what Telegram says of the bot.
type bot struct {
	user
	Groups   truth `json:"can_join_groups"`
	ReadsAll truth `json:"can_read_all_group_messages"`
	Business truth `json:"can_connect_to_business"`
}

func (l *link) checkBot(ctx context.Context) ([]core.Finding, bot) {
	const subject = "bot"
	var me bot
	if err := l.api.call(ctx, "getMe", params{}, &me); err != nil {
		return []core.Finding{trouble(subject, err)}, me
	}
	found := []core.Finding{core.Good(subject, "%s, @%s.", me.name(), me.Username)}
	if me.ID.String() != l.conf.bot {
		found[0] = core.Finding{Subject: subject, Level: core.HealthBad, Detail: "The token is of another bot than the bot ID says.", Remedy: "Correct the bot ID or the token."}
	}
	if l.conf.groups {
		found = append(found, checkGroups(me))
	}
	return found, me
}

// checkGroups looks at what the bot sees in groups: by Telegram's privacy mode only commands and answers to itself.
func checkGroups(me bot) core.Finding {
	const subject = "groups"
	switch {
	case !bool(me.Groups):
		return core.Warn(subject, "Write /setjoingroups to @BotFather, or set "+keyGroups+" to "+groupsIgnore+".", "The bot cannot be added to groups.")
	case !bool(me.ReadsAll):
		return core.Warn(subject, "Write /setprivacy to @BotFather and disable it, then add the bot to its groups again; or make it an administrator.",
			"The bot's privacy mode is on: in groups it sees only commands and answers to itself.")
	}
	return core.Good(subject, "The bot sees all messages of its groups.")
}

// hook is what Telegram says of the webhook.
type hook struct {
	URL      text   `json:"url"`
	Pending  number `json:"pending_update_count"`
	FailedAt number `json:"last_error_date"`
	Failed   text   `json:"last_error_message"`
	Wanted   []text `json:"allowed_updates"`
}

func (l *link) checkReceiving(ctx context.Context) core.Finding {
	var h hook
	if err := l.api.call(ctx, "getWebhookInfo", params{}, &h); err != nil {
		return trouble("receiving", err)
	}
	if l.conf.polling {
		return checkPolling(h)
	}
	return l.checkHook(h)
}

// backlog is how many waiting updates are more than a moment's.
const backlog = 100

func checkPolling(h hook) core.Finding {
	const subject = "polling"
	switch {
	case h.URL != "":
		return core.Finding{Subject: subject, Level: core.HealthBad, Detail: "A webhook is registered, at " + core.HostOf(string(h.URL)) + ": Telegram then refuses polling.",
			Remedy: "Stop the program that registered it. Causeway takes the webhook away when the channel starts."}
	case h.Pending > backlog:
		return core.Warn(subject, "See whether the gateway runs and reaches its database.", "%d updates wait at Telegram, which keeps them for a day.", h.Pending)
	}
	return core.Good(subject, "No webhook is in the way; %d updates wait.", h.Pending)
}

func (l *link) checkHook(h hook) core.Finding {
	const subject = "webhook"
	register := "Register the webhook: causeway channel subscribe NAME."
	switch at, failing := h.FailedAt.time(); {
	case h.URL == "":
		return core.Finding{Subject: subject, Level: core.HealthBad, Detail: "No webhook is registered: nothing that customers write comes in.", Remedy: register}
	case l.channel.ID != "" && !strings.Contains(string(h.URL), string(l.channel.ID)):
		return core.Finding{Subject: subject, Level: core.HealthBad, Detail: "Telegram sends this bot's updates to another address, on " + core.HostOf(string(h.URL)) + ".", Remedy: register}
	case failing && l.host.Now().Sub(at) < time.Hour:
		return core.Finding{Subject: subject, Level: core.HealthBad, Remedy: remedyFor(string(h.Failed)),
			Detail: fmt.Sprintf("Telegram could not hand over updates at %s (%s); %d wait.", at.Format("15:04 MST"), core.Hide(string(h.Failed), l.api.hidden...), h.Pending)}
	case len(missing(h.Wanted)) > 0:
		return core.Warn(subject, register, "Telegram was not asked for %s.", strings.Join(missing(h.Wanted), ", "))
	case h.Pending > backlog:
		return core.Warn(subject, "See whether the gateway answers quickly.", "%d updates wait at Telegram, which keeps them for a day.", h.Pending)
	}
	return core.Good(subject, "Telegram sends updates to this channel's address; %d wait.", h.Pending)
}

// remedyFor says what to do about Telegram's words on a failed call to us.
func remedyFor(words string) string {
	low := strings.ToLower(words)
	switch {
	case strings.Contains(low, "401"), strings.Contains(low, "403"):
		return "The secret is not the one registered: causeway channel subscribe NAME."
	case strings.Contains(low, "404"):
		return "The path is not this channel's: causeway channel subscribe NAME."
	case strings.Contains(low, "certificate"), strings.Contains(low, "ssl"):
		return "Renew the certificate of the public address, with its whole chain."
	case strings.Contains(low, "resolve"), strings.Contains(low, "timed out"), strings.Contains(low, "refused"), strings.Contains(low, "unreachable"):
		return "Open the public address to the internet, or set " + keyReceive + " to " + receivePolling + "."
	}
	return "See the gateway's log of that time."
}

// missing returns the updates that were not asked for. An empty list means Telegram's own choice, which leaves reactions out.
func missing(asked []text) []string {
	var none []string
	for _, w := range wanted {
		if !slices.Contains(asked, text(w)) && (len(asked) > 0 || w == "message_reaction") {
			none = append(none, w)
		}
	}
	return none
}

// checkOwners looks at each account that the bot is connected to.
func (l *link) checkOwners(ctx context.Context, me bot) []core.Finding {
	const subject = "business account"
	if me.ID != 0 && !bool(me.Business) {
		return []core.Finding{{Subject: subject, Level: core.HealthBad, Detail: "The bot cannot be connected to business accounts.",
			Remedy: "Write /mybots to @BotFather, choose the bot, Bot Settings, Business Mode, and turn it on."}}
	}
	all, err := l.known(ctx)
	if err != nil {
		return []core.Finding{core.Warn(subject, "Look again in some minutes.", "The business connections cannot be looked up.")}
	}
	var found []core.Finding
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if all[id].Enabled {
			found = append(found, l.checkOwner(ctx, id))
		}
	}
	if len(found) == 0 {
		return []core.Finding{core.Warn(subject, reconnect, "No account is known to have connected the bot yet.")}
	}
	return found
}

func (l *link) checkOwner(ctx context.Context, id string) core.Finding {
	const subject = "business account"
	var c connection
	if err := l.api.call(ctx, "getBusinessConnection", params{"business_connection_id": id}, &c); err != nil {
		return trouble(subject, err)
	}
	switch {
	case !bool(c.Enabled):
		return core.Warn(subject, reconnect, "The bot is no longer connected to the account of %s.", c.User.name())
	case !c.mayReply():
		return core.Finding{Subject: subject, Level: core.HealthBad, Detail: "The account of " + c.User.name() + " does not let the bot reply.", Remedy: allowChat}
	case !bool(c.Rights.Read):
		return core.Warn(subject, "In Telegram, Settings, Telegram Business, Chatbots, the owner can allow it.", "The bot answers for %s, but may not mark messages as read.", c.User.name())
	}
	return core.Good(subject, "The bot answers for %s.", c.User.name())
}
