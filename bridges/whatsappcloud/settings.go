package whatsappcloud

import (
	"regexp"
	"strings"

	"causeway/bridges/meta"
	"causeway/core"
)

// Keys of the settings.
const (
	keyNumber    = "phone_number_id"
	keyAccount   = "business_account_id"
	keyToken     = "access_token"
	keyAppSecret = "app_secret"
	keyVerify    = "verify_token"
	keyBase      = "api_base"
	keyVersion   = "api_version"
	keyPhone     = "business_phone"
	keySignature = "signature"
	keyLanguage  = "language"
	keyRate      = "messages_per_second"
	keyProvider  = "provider"
)

func settings() []core.Setting {
	return []core.Setting{
		{Key: keyNumber, Title: "Phone number ID", Required: true, Example: "123456789012345",
			Help: "Meta's id of the number, not the number itself: App dashboard, WhatsApp, API Setup, under the number."},
		{Key: keyAccount, Title: "WhatsApp Business Account ID", Example: "987654321098765",
			Help: "App dashboard, WhatsApp, API Setup, beside the phone number ID. Needed for templates, for registering the webhook and for the check."},
		{Key: keyToken, Title: "Access token", Secret: true, Required: true, Example: "EAAGm0PX4ZCps",
			Help: "Of a system user with the permissions whatsapp_business_messaging and whatsapp_business_management: Business settings, System users, Generate token. Choose no expiry."},
		{Key: keyAppSecret, Title: "App secret", Secret: true, Required: true, Example: "your-app-secret",
			Help: "App dashboard, App settings, Basic. Webhooks are checked with it. With a signature other than meta: the secret that your provider sends."},
		{Key: keyVerify, Title: "Verify token", Secret: true, Told: true, Required: true, Example: "your-verify-token",
			Help: "Any word that only you and Meta's webhook form know. Made up for you if you give none."},
		{Key: keyProvider, Title: "Provider", Default: providerMeta,
			Help: "Whose interface the channel calls. meta: Meta's, or a reseller's that speaks as Meta's does. 360dialog: theirs; the access token is the number's API key then, and webhooks prove themselves by a header that Causeway enters there."},
		{Key: keyBase, Title: "API base", Default: meta.DefaultBase, Help: "Where the Graph interface is, if a stand-in or a proxy takes its place."},
		{Key: keyVersion, Title: "API version", Default: meta.DefaultVersion, Help: "The version of the Graph interface that Causeway was tested with. Leave it."},
		{Key: keyPhone, Title: "Business phone", Help: "The number itself, as people dial it. News of the account is told apart by it; it may be left out."},
		{Key: keySignature, Title: "Signature", Default: signMeta,
			Help: "How webhooks prove where they come from. meta: Meta's own signature. header:NAME or query:NAME: the app secret stands in that header or query parameter, for resellers that do not pass Meta's signature on."},
		{Key: keyLanguage, Title: "Language", Default: "en", Help: "Of the words Causeway puts on buttons, where the contact's own language is not known: en, es, pt, fr, de, ar, ru, hi, id."},
		core.AuthorNamesSetting(),
		{Key: keyRate, Title: "Messages a second", Default: "80", Help: "What Meta lets this number send. A number that is also used in the WhatsApp Business app is found out, and sends 20 at most."},
	}
}

// conf is what the settings say, checked.
type conf struct {
	number, account, phone string
	token                  core.Secret
	appSecret, verify      core.Secret
	base, version          string
	sign, signName         string
	language               string
	names                  bool // of who answers are shown
	rate                   float64
	dialog                 bool // 360dialog's interface is called, not Meta's
}

// proof is the secret of the token's app; empty where another than Meta answers, or app_secret is one agreed with a reseller.
func (c conf) proof() core.Secret {
	if c.dialog || c.sign != signMeta {
		return core.Secret{}
	}
	return c.appSecret
}

const (
	signMeta   = "meta"
	signHeader = "header"
	signQuery  = "query"
)

var (
	anID      = regexp.MustCompile(`^\d{5,20}$`)
	aName     = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	aLanguage = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$`)
)

// read checks settings. Its errors name the setting in Field and never hold a value that may be secret.
func read(s core.Settings) (conf, error) {
	c := conf{number: s.Get(keyNumber), account: s.Get(keyAccount), phone: core.Digits(s.Get(keyPhone)), token: s.Trimmed(keyToken),
		appSecret: s.Trimmed(keyAppSecret), verify: s.Trimmed(keyVerify), base: s.Get(keyBase), version: s.Get(keyVersion),
		language: s.Get(keyLanguage), sign: signMeta}
	for _, p := range []*core.Problem{meta.CheckSettings(settings(), s), checkProvider(&c, s.Get(keyProvider)), checkNumber(c), checkAccount(c), meta.CheckSecret(keyToken, c.token, 4), meta.CheckSecret(keyAppSecret, c.appSecret, 8),
		meta.CheckSecret(keyVerify, c.verify, 8), meta.CheckBase(keyBase, c.base, keyVersion, c.version), checkSignature(&c, s), checkRest(&c, s)} {
		if p != nil {
			return conf{}, p
		}
	}
	return c, nil
}

func checkNumber(c conf) *core.Problem {
	switch {
	case strings.HasPrefix(c.number, "+") || strings.ContainsAny(c.number, " ()-") && len(core.Digits(c.number)) >= 7 || c.phone != "" && core.Digits(c.number) == c.phone:
		return core.BadSetting(keyNumber, "Copy it from the App dashboard, WhatsApp, API Setup, where it stands under the phone number.", "%q looks like a phone number; the phone number ID is another number, which Meta gave it.", c.number)
	case !anID.MatchString(c.number):
		return core.BadSetting(keyNumber, "Copy it from the App dashboard, WhatsApp, API Setup.", "The phone number ID consists of digits only.")
	}
	return nil
}

func checkAccount(c conf) *core.Problem {
	switch {
	case c.account != "" && !anID.MatchString(c.account):
		return core.BadSetting(keyAccount, "Copy it from the App dashboard, WhatsApp, API Setup.", "The WhatsApp Business Account ID consists of digits only.")
	case c.account != "" && c.account == c.number:
		return core.BadSetting(keyAccount, "They are two ids; the page API Setup shows both.", "The WhatsApp Business Account ID and the phone number ID are the same.")
	}
	return nil
}

// checkSignature reads how webhooks prove where they come from.
func checkSignature(c *conf, s core.Settings) *core.Problem {
	how := s.Get(keySignature)
	switch {
	case c.dialog && (how == "" || how == signMeta):
		how = signHeader + ":" + dialogSecret // they sign with nothing that we have
	case how == "" || how == signMeta:
		return nil
	}
	c.sign, c.signName, _ = strings.Cut(how, ":")
	if c.sign != signHeader && c.sign != signQuery || !aName.MatchString(c.signName) {
		return core.BadSetting(keySignature, "Leave it out, unless your reseller does not pass Meta's signature on.", "The signature is neither meta nor header:NAME nor query:NAME.")
	}
	if len(c.appSecret.Reveal()) < 16 {
		return core.BadSetting(keyAppSecret, "Make a long random one and give it to your provider.", "A secret that travels in a header or an address must have at least 16 characters.")
	}
	return nil
}

// checkRest reads the language, the speed and whether names are shown.
func checkRest(c *conf, s core.Settings) *core.Problem {
	if c.language == "" {
		c.language = "en"
	}
	if !aLanguage.MatchString(c.language) {
		return core.BadSetting(keyLanguage, "Write it like en, es or pt-BR.", "This is not the code of a language.")
	}
	var p *core.Problem
	if c.names, p = s.AuthorNames(); p != nil {
		return p
	}
	c.rate, p = s.Rate(keyRate, defaultRate, "80 is what Meta gives a number, 20 one in coexistence.")
	return p
}
