package telegram

import (
	"regexp"

	"causeway/core"
)

// Keys of the settings.
const (
	keyBot      = "bot_id"
	keyToken    = "bot_token"
	keyVerify   = "verify_token"
	keyReceive  = "receive"
	keyBusiness = "business"
	keyGroups   = "groups"
	keyBase     = "api_base"
	keyRate     = "messages_per_second"
)

const (
	defaultBase    = "https://api.telegram.org"
	receiveWebhook = "webhook"
	receivePolling = "polling"
	groupsIgnore   = "ignore"
	groupsTake     = "conversations"
	yes, no        = "yes", "no"
)

func settings() []core.Setting {
	return []core.Setting{
		{Key: keyBot, Title: "Bot ID", Required: true, Example: "123456789", Help: "The number before the colon of the bot's token."},
		{Key: keyToken, Title: "Bot token", Secret: true, Required: true, Example: "123456789:AAExampleExampleExampleExampleExample",
			Help: "Write /newbot to @BotFather in Telegram, or /token for a bot that exists. It does not expire."},
		{Key: keyVerify, Title: "Webhook secret", Secret: true, Required: true, Example: "your-webhook-secret",
			Help: "A long random word of letters, digits, _ and - by which Telegram proves its calls. Made up for you if you give none."},
		{Key: keyReceive, Title: "Receive by", Default: receiveWebhook,
			Help: "webhook: Telegram calls this gateway, which needs a public https address. polling: this gateway asks Telegram; no public address is needed."},
		{Key: keyBusiness, Title: "Business account", Default: no,
			Help: "yes if the bot is connected to the owner's own Telegram account (Settings, Telegram Business, Chatbots) and answers for it. Customers can then be answered for 24 hours after they wrote."},
		{Key: keyGroups, Title: "Groups", Default: groupsIgnore,
			Help: "ignore: only private chats are conversations. conversations: each group that the bot is in is a contact too, and answers go to the whole group."},
		core.AuthorNamesSetting(),
		{Key: keyBase, Title: "API base", Default: defaultBase, Help: "Where the Bot API is, if a server of your own or a stand-in takes its place."},
		{Key: keyRate, Title: "Messages a second", Default: "30", Help: "What Telegram lets a bot send in a second. Leave it, unless Telegram allows your bot more."},
	}
}

// conf is what the settings say, checked.
type conf struct {
	bot              string
	token, verify    core.Secret
	polling          bool
	business, groups bool
	names            bool
	base             string
	rate             float64
}

var (
	aBot    = regexp.MustCompile(`^[1-9]\d{2,19}$`)
	aToken  = regexp.MustCompile(`^(\d{3,20}):[A-Za-z0-9_-]{20,128}$`)
	aSecret = regexp.MustCompile(`^[A-Za-z0-9_-]{16,256}$`)

	// samples are the tokens that Telegram's own pages show, and what others use as placeholders.
	samples = regexp.MustCompile(`(?i)^(your[-_](bot[-_])?token|123456:abc-def1234ghikl-zyx57w2v1u123ew11|110201543:aahdqtcvch1vgwjxfseofsas0k5pakdsaw)$`)
)

// read checks settings. Its errors name the setting in Field and never hold a value that may be secret.
func read(s core.Settings) (conf, error) {
	if p := s.Lacking(settings(), samples); p != nil {
		return conf{}, p
	}
	c := conf{bot: s.Get(keyBot), token: s.Trimmed(keyToken), verify: s.Trimmed(keyVerify)}
	for _, check := range []func(*conf, core.Settings) *core.Problem{checkBot, checkSecret, checkChoices, checkBase, checkRate} {
		if p := check(&c, s); p != nil {
			return conf{}, p
		}
	}
	return c, nil
}

func checkBot(c *conf, _ core.Settings) *core.Problem {
	m := aToken.FindStringSubmatch(c.token.Reveal())
	switch {
	case !aBot.MatchString(c.bot):
		return core.BadSetting(keyBot, "It is the number before the colon of the token.", "The bot ID is not a number.")
	case m == nil:
		return core.BadSetting(keyToken, "Copy the whole of it from @BotFather.", "The bot token is not of the form 123456789:AA….")
	case m[1] != c.bot:
		return core.BadSetting(keyToken, "Correct the bot ID, or copy the token of that bot from @BotFather.", "The token is of another bot than the bot ID says.")
	}
	return nil
}

func checkSecret(c *conf, _ core.Settings) *core.Problem {
	if !aSecret.MatchString(c.verify.Reveal()) {
		return core.BadSetting(keyVerify, "Leave it out: one is made up for you.", "The webhook secret must have 16 to 256 letters, digits, _ and - and nothing else.")
	}
	return nil
}

// checkChoices reads the settings that have two values.
func checkChoices(c *conf, s core.Settings) *core.Problem {
	for _, f := range []struct {
		key, off, on string
		into         *bool
	}{{keyReceive, receiveWebhook, receivePolling, &c.polling}, {keyBusiness, no, yes, &c.business}, {keyGroups, groupsIgnore, groupsTake, &c.groups}} {
		var p *core.Problem
		if *f.into, p = s.Other(f.key, f.off, f.on); p != nil {
			return p
		}
	}
	var p *core.Problem
	c.names, p = s.AuthorNames()
	return p
}

func checkBase(c *conf, s core.Settings) (p *core.Problem) {
	c.base, p = s.Base(keyBase, defaultBase)
	return p
}

func checkRate(c *conf, s core.Settings) (p *core.Problem) {
	c.rate, p = s.Rate(keyRate, defaultRate, "30 is what Telegram gives a bot.")
	return p
}
