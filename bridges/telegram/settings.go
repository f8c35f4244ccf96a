package telegram

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

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
	keyNames    = "author_names"
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
		{Key: keyNames, Title: "Names", Default: no, Help: "yes: customers see the name of the person who answers, in a line before the text. no: they do not."},
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
)

// read checks settings. Its errors name the setting in Field and never hold a value that may be secret.
func read(s core.Settings) (conf, error) {
	for _, def := range settings() {
		if p := present(def, s); p != nil {
			return conf{}, p
		}
	}
	c := conf{bot: value(s, keyBot), token: core.NewSecret(strings.TrimSpace(s.Secret(keyToken).Reveal())),
		verify: core.NewSecret(strings.TrimSpace(s.Secret(keyVerify).Reveal())), rate: defaultRate}
	for _, check := range []func(*conf, core.Settings) *core.Problem{checkBot, checkSecret, checkChoices, checkBase, checkRate} {
		if p := check(&c, s); p != nil {
			return conf{}, p
		}
	}
	return c, nil
}

func value(s core.Settings, key string) string { return strings.TrimSpace(s.Get(key)) }

// present says why a setting is missing or still the sample, or nil.
func present(def core.Setting, s core.Settings) *core.Problem {
	v := value(s, def.Key)
	if def.Secret {
		v = strings.TrimSpace(s.Secret(def.Key).Reveal())
	}
	switch {
	case v == "" && def.Required:
		return bad(def.Key, def.Help, "%s is missing.", def.Title)
	case v != "" && (v == def.Example || sample(v)):
		return bad(def.Key, "Put your own value there. "+def.Help, "%s is still the sample from the instructions.", def.Title)
	}
	return nil
}

// sample reports whether a value is one that documentation uses as a placeholder. The token is one of Telegram's own pages.
func sample(v string) bool {
	low := strings.ToLower(v)
	if strings.HasPrefix(v, "<") && strings.HasSuffix(v, ">") || strings.HasPrefix(v, "${") || strings.HasPrefix(v, "{{") {
		return true
	}
	for _, s := range []string{"changeme", "change-me", "change_me", "secret", "token", "password", "example", "sample", "your-token", "your_token", "your-bot-token",
		"your_bot_token", "123456:abc-def1234ghikl-zyx57w2v1u123ew11", "110201543:aahdqtcvch1vgwjxfseofsas0k5pakdsaw"} {
		if low == s {
			return true
		}
	}
	return false
}

func bad(field, remedy, format string, args ...any) *core.Problem {
	p := core.Problemf(core.CodeInvalid, format, args...).Remedied("%s", remedy)
	p.Field = field
	return p
}

func checkBot(c *conf, _ core.Settings) *core.Problem {
	m := aToken.FindStringSubmatch(c.token.Reveal())
	switch {
	case !aBot.MatchString(c.bot):
		return bad(keyBot, "It is the number before the colon of the token.", "The bot ID is not a number.")
	case m == nil:
		return bad(keyToken, "Copy the whole of it from @BotFather.", "The bot token is not of the form 123456789:AA….")
	case m[1] != c.bot:
		return bad(keyToken, "Correct the bot ID, or copy the token of that bot from @BotFather.", "The token is of another bot than the bot ID says.")
	}
	return nil
}

func checkSecret(c *conf, _ core.Settings) *core.Problem {
	if !aSecret.MatchString(c.verify.Reveal()) {
		return bad(keyVerify, "Leave it out: one is made up for you.", "The webhook secret must have 16 to 256 letters, digits, _ and - and nothing else.")
	}
	return nil
}

// checkChoices reads the settings that have two values.
func checkChoices(c *conf, s core.Settings) *core.Problem {
	for _, f := range []struct {
		key, off, on string
		into         *bool
	}{{keyReceive, receiveWebhook, receivePolling, &c.polling}, {keyBusiness, no, yes, &c.business}, {keyGroups, groupsIgnore, groupsTake, &c.groups},
		{keyNames, no, yes, &c.names}} {
		switch v := value(s, f.key); v {
		case "", f.off:
		case f.on:
			*f.into = true
		default:
			return bad(f.key, "Write one of the two, or leave it out.", "The setting %s is neither %s nor %s.", f.key, f.off, f.on)
		}
	}
	return nil
}

func checkBase(c *conf, s core.Settings) *core.Problem {
	if c.base = value(s, keyBase); c.base == "" {
		c.base = defaultBase
	}
	u, err := url.Parse(c.base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return bad(keyBase, "Leave it out, or write it like "+defaultBase+".", "The API base is not a web address.")
	}
	c.base = strings.TrimRight(c.base, "/")
	return nil
}

func checkRate(c *conf, s core.Settings) *core.Problem {
	v := value(s, keyRate)
	if v == "" {
		return nil
	}
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || !(n > 0 && n <= 1000) {
		return bad(keyRate, "30 is what Telegram gives a bot.", "The messages a second are a number from 1 to 1000.")
	}
	c.rate = n
	return nil
}
