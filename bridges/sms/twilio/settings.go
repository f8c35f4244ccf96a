package twilio

import (
	"regexp"
	"strings"

	"causeway/bridges/sms"
	"causeway/core"
)

// Keys of the settings.
const (
	keySender    = "sender"
	keyAccount   = "account_sid"
	keyToken     = "auth_token"
	keySecond    = "secondary_auth_token"
	keyAPIKey    = "api_key_sid" //nolint:gosec // the name of a setting
	keyAPISecret = "api_key_secret"
	keyService   = "messaging_service_sid"
	keyCountry   = "country"
	keyOptOut    = "opt_out"
	keyStopWords = "stop_words"
	keyBase      = "api_base"
	keyWebhook   = "webhook_url"
	keyRate      = "messages_per_second"
)

// Where Twilio is. A channel with an API base of its own finds all three there.
const (
	defaultBase   = "https://api.twilio.com"
	contentBase   = "https://content.twilio.com"
	messagingBase = "https://messaging.twilio.com"
)

func settings() []core.Setting {
	return []core.Setting{
		{Key: keySender, Title: "Sender", Required: true, Example: "+15005550006",
			Help: "What customers see and write to: a number like +14155550100, a short code, a name, the SID of a messaging service (MG…), or whatsapp:+14155550100 for a WhatsApp sender. Console: Phone Numbers, Messaging Services, or WhatsApp senders."},
		{Key: keyAccount, Title: "Account SID", Required: true, Example: "ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", Help: "Console, on the first page, under Account Info. It starts with AC."},
		{Key: keyToken, Title: "Auth token", Secret: true, Required: true, Example: "your_auth_token",
			Help: "Console, on the first page, under Account Info. Webhooks are checked with it, also when an API key is given."},
		{Key: keySecond, Title: "Secondary auth token", Secret: true, Example: "your_secondary_auth_token",
			Help: "While tokens are being changed: webhooks signed with either are accepted. Console, API keys & tokens."},
		{Key: keyAPIKey, Title: "API key SID", Example: "SKXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", Help: "To send with a key that can be revoked by itself instead of the auth token. Console, API keys & tokens."},
		{Key: keyAPISecret, Title: "API key secret", Secret: true, Example: "your_api_key_secret", Help: "Shown once, when the API key is made."},
		{Key: keyService, Title: "Messaging service SID", Example: "MGXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", Help: "Of the service that the sender belongs to, if messages shall go through it. Not needed when the sender is the service itself."},
		{Key: keyCountry, Title: "Country", Example: "XX", Help: "Two letters, such as US: whose words for stopping and resuming messages everybody may use, and whose numbers may come without their prefix."},
		{Key: keyOptOut, Title: "Opt-out", Default: optOutProvider,
			Help: "Who answers STOP and its like. provider: Twilio does, as it does by default. gateway: we do, for senders where Twilio's handling is off. Either way such a contact gets nothing more."},
		{Key: keyStopWords, Title: "More words that stop messages", Help: "Besides those of the country, separated by commas."},
		core.AuthorNamesSetting(),
		{Key: keyBase, Title: "API base", Default: defaultBase, Help: "Where the interface is, if another server of the same kind, a stand-in or a proxy takes its place."},
		{Key: keyWebhook, Title: "Webhook address", Help: "The channel's own public address, as causeway channel show prints it. Learned when the webhook is registered; needed only where it cannot be, to get delivery reports and send files from the start."},
		{Key: keyRate, Title: "Messages a second", Default: "1", Help: "What the sender may send: 1 for a US long code, more for short codes and services. Twilio queues what is more."},
	}
}

const (
	optOutProvider = "provider"
	optOutGateway  = "gateway"
)

// sort is what kind of sender a channel has.
type sort string

const (
	sortNumber   sort = "number"
	sortCode     sort = "short code"
	sortName     sort = "name"
	sortService  sort = "messaging service"
	sortWhatsApp sort = "WhatsApp sender"
)

// conf is what the settings say, checked.
type conf struct {
	sender, account, service     string
	sort                         sort
	token, second                core.Secret
	user                         string
	password                     core.Secret
	country                      string
	answered                     bool // Twilio answers stop words
	words                        sms.Words
	base, contentAt, messagingAt string
	webhook                      string
	rate                         float64
	names                        bool // of who answers are shown
}

var (
	anAccount = regexp.MustCompile(`^[A-Za-z0-9_-]{2,64}$`)
	aService  = regexp.MustCompile(`^MG[0-9A-Za-z]{3,62}$`)
	aNumber   = regexp.MustCompile(`^\+[1-9]\d{4,17}$`)
	aCode     = regexp.MustCompile(`^\d{3,8}$`)
	aName     = regexp.MustCompile(`^[A-Za-z0-9 _&+-]{1,11}$`)
)

// read checks settings. Its errors name the setting in Field and never hold a value that may be secret.
func read(s core.Settings) (conf, error) {
	if p := sms.Present(settings(), s); p != nil {
		return conf{}, p
	}
	c := conf{sender: s.Get(keySender), account: s.Get(keyAccount), service: s.Get(keyService), token: s.Trimmed(keyToken), second: s.Trimmed(keySecond),
		country: strings.ToUpper(s.Get(keyCountry))}
	for _, check := range []func(*conf, core.Settings) *core.Problem{checkSender, checkAccount, checkSecrets, checkBase, checkRest} {
		if p := check(&c, s); p != nil {
			return conf{}, p
		}
	}
	c.words = sms.WordsFor(c.country, strings.Split(s.Get(keyStopWords), ",")...)
	return c, nil
}

func checkSender(c *conf, _ core.Settings) *core.Problem {
	rest, whatsapp := strings.CutPrefix(c.sender, "whatsapp:")
	number := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "").Replace(rest)
	switch {
	case whatsapp && aNumber.MatchString(number):
		c.sort, c.sender = sortWhatsApp, "whatsapp:"+number
	case whatsapp:
		return core.BadSetting(keySender, "Write it like whatsapp:+14155550100.", "A WhatsApp sender is a number with its country's prefix.")
	case aService.MatchString(c.sender) && len(c.sender) > 11:
		c.sort = sortService
	case aNumber.MatchString(number):
		c.sort, c.sender = sortNumber, number
	case aCode.MatchString(c.sender):
		c.sort = sortCode
	case core.Digits(number) == number:
		return core.BadSetting(keySender, "Write it like +14155550100.", "The sender is a number without its country's prefix.")
	case aName.MatchString(c.sender):
		c.sort = sortName
	default:
		return core.BadSetting(keySender, "Write a number like +14155550100, a short code, a name of up to 11 letters, or the SID of a messaging service.", "The sender is nothing that Twilio can send from.")
	}
	return nil
}

func checkAccount(c *conf, _ core.Settings) *core.Problem {
	switch {
	case !anAccount.MatchString(c.account):
		return core.BadSetting(keyAccount, "Copy it from the first page of the console; it starts with AC.", "The account SID is none.")
	case strings.HasPrefix(c.account, "SK"):
		return core.BadSetting(keyAccount, "Put the one that starts with AC here, and this one into "+keyAPIKey+".", "This is the SID of an API key, not of an account.")
	case c.service != "" && !aService.MatchString(c.service):
		return core.BadSetting(keyService, "Copy it from the console; it starts with MG.", "The messaging service SID is none.")
	case c.service == "" && c.sort == sortService:
		c.service = c.sender
	}
	return nil
}

func checkSecrets(c *conf, s core.Settings) *core.Problem {
	key, secret := s.Get(keyAPIKey), s.Trimmed(keyAPISecret)
	for _, one := range []struct {
		key   string
		value core.Secret
	}{{keyToken, c.token}, {keySecond, c.second}, {keyAPISecret, secret}} {
		if p := sms.CheckSecret(one.key, one.value, 4); p != nil {
			return p
		}
	}
	switch {
	case key == "" && secret.Empty():
		c.user, c.password = c.account, c.token
	case key == "":
		return core.BadSetting(keyAPIKey, "Add the SID of the key, which starts with SK, or leave both out.", "An API key's secret is given, but not its SID.")
	case secret.Empty():
		return core.BadSetting(keyAPISecret, "Add the secret that was shown when the key was made, or leave both out.", "An API key's SID is given, but not its secret.")
	case !anAccount.MatchString(key):
		return core.BadSetting(keyAPIKey, "Copy it from the console; it starts with SK.", "The API key SID is none.")
	default:
		c.user, c.password = key, secret
	}
	return nil
}

func checkBase(c *conf, s core.Settings) *core.Problem {
	c.base, c.contentAt, c.messagingAt = defaultBase, contentBase, messagingBase
	given := s.Get(keyBase)
	if given == "" || strings.TrimRight(given, "/") == defaultBase {
		return nil
	}
	base, p := sms.CheckBase(keyBase, given)
	c.base, c.contentAt, c.messagingAt = base, base, base
	return p
}

func checkRest(c *conf, s core.Settings) *core.Problem {
	if given := s.Get(keyWebhook); given != "" {
		var p *core.Problem
		if c.webhook, p = sms.CheckBase(keyWebhook, given); p != nil {
			return p
		}
	}
	if c.country != "" && !sms.Region(c.country) {
		return core.BadSetting(keyCountry, "Write it in two letters, like US or BR.", "This is not the code of a country.")
	}
	ours, p := s.Other(keyOptOut, optOutProvider, optOutGateway)
	if p != nil {
		return p
	}
	c.answered = !ours
	if c.names, p = s.AuthorNames(); p != nil {
		return p
	}
	c.rate, p = s.Rate(keyRate, 1, "1 is what a US long code may send.")
	return p
}
