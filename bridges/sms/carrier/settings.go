package carrier

import (
	"slices"
	"strings"

	"causeway/bridges/sms"
	"causeway/core"
)

// Keys of the settings.
const (
	keyProvider      = "provider"
	keyDefinition    = "definition"
	keySender        = "sender"
	keyBase          = "api_base"
	keyUser          = "username"
	keyPassword      = "password"
	keyAPIKey        = "api_key"
	keyAccount       = "account_id"
	keyWebhookSecret = "webhook_secret"
	keyExtra         = "extra"
	keyCountry       = "country"
	keyOptOut        = "opt_out"
	keyStopWords     = "stop_words"
	keyWebhook       = "webhook_url"
)

func settings() []core.Setting {
	return []core.Setting{
		{Key: keySender, Title: "Sender", Required: true, Example: "+15005550006", Help: "The number, short code or name that the provider sends from and that customers write to."},
		{Key: keyProvider, Title: "Provider", Help: "One that Causeway knows: " + strings.Join(presets(), ", ") + "; or custom, with a definition."},
		{Key: keyDefinition, Title: "Definition", Help: `A JSON object that describes another provider, or, with "extends", changes to one that is known. The documentation of SMS providers tells its fields.`},
		{Key: keyBase, Title: "API base", Help: "Where the provider's interface is, if not where the definition says: a server of one's own, a stand-in, a proxy."},
		{Key: keyUser, Title: "User name", Help: "Of the interface, if the provider wants one."},
		{Key: keyPassword, Title: "Password", Secret: true, Example: "your-password", Help: "Of the interface, if the provider wants one."},
		{Key: keyAPIKey, Title: "API key", Secret: true, Example: "your-api-key", Help: "Or token, if the provider wants one."},
		{Key: keyAccount, Title: "Account ID", Help: "Where the provider tells accounts apart by an id."},
		{Key: keyWebhookSecret, Title: "Webhook secret", Secret: true, Example: "your-webhook-secret",
			Help: "What calls from the provider are checked with. Where the provider signs, its key; else a long random word of your own, which the provider is given within the channel's address, as ?token=…, or as a password or header."},
		{Key: keyExtra, Title: "Further values", Help: "Names and values that the definition uses as extra.NAME, such as application_id=123, separated by commas or lines. Not for secrets."},
		{Key: keyCountry, Title: "Country", Example: "XX", Help: "Two letters, such as US: whose numbers may come without their prefix, and whose words for stopping and resuming messages everybody may use."},
		{Key: keyOptOut, Title: "Opt-out", Default: optOutGateway,
			Help: "Who answers STOP and its like. gateway: we do. provider: the provider or carrier does. Either way such a contact gets nothing more."},
		{Key: keyStopWords, Title: "More words that stop messages", Help: "Besides those of the country, separated by commas."},
		core.AuthorNamesSetting(),
		{Key: keyWebhook, Title: "Webhook address", Help: "The channel's own public address, as causeway channel show prints it. Learned from the first call; given here, delivery reports and files work from the start."},
	}
}

const (
	optOutProvider = "provider"
	optOutGateway  = "gateway"
)

// conf is what the settings say, checked.
type conf struct {
	values   map[string]string      // by the names that texts use
	secrets  map[string]core.Secret // likewise
	answered bool                   // the provider answers stop words
	names    bool                   // of who answers are shown
	words    sms.Words
	country  string
	sender   string
	webhook  string
}

// value gives what a name stands for.
func (c conf) value(name string) string {
	if s, secret := c.secrets[name]; secret {
		return s.Reveal()
	}
	return c.values[name]
}

// read checks settings and the definition. Its errors name the setting in Field and never hold a value that may be secret.
func read(s core.Settings) (conf, *definition, error) {
	if p := sms.Present(settings(), s); p != nil {
		return conf{}, nil, p
	}
	d, p := defined(strings.ToLower(s.Get(keyProvider)), s.Get(keyDefinition))
	if p != nil {
		return conf{}, nil, p
	}
	c := conf{values: map[string]string{}, secrets: map[string]core.Secret{}, country: strings.ToUpper(s.Get(keyCountry)), sender: s.Get(keySender)}
	c.values[keyCountry] = c.country
	for _, key := range []string{keyUser, keyAccount} {
		c.values[key] = s.Get(key)
	}
	for _, check := range []func(*conf, *definition, core.Settings) *core.Problem{checkSecrets, checkExtra, checkBase, checkNeeds, checkRest} {
		if p := check(&c, d, s); p != nil {
			return conf{}, nil, p
		}
	}
	c.words = sms.WordsFor(c.country, strings.Split(s.Get(keyStopWords), ",")...)
	return c, d, nil
}

func defined(provider, own string) (*definition, *core.Problem) {
	switch {
	case provider == "" && own == "":
		return nil, core.BadSetting(keyProvider, "Name one of "+strings.Join(presets(), ", ")+", or write custom and give a definition.", "The channel does not say which provider it uses.")
	case provider == custom && own == "":
		return nil, core.BadSetting(keyDefinition, "Write one; the documentation of SMS providers tells its fields.", "A custom provider needs a definition.")
	case provider != "" && provider != custom && !slices.Contains(presets(), provider):
		return nil, core.BadSetting(keyProvider, "Name one of "+strings.Join(presets(), ", ")+", or write custom and give a definition.", "Causeway does not know this provider.")
	}
	d, err := define(provider, own)
	if err != nil {
		return nil, core.BadSetting(keyDefinition, "Correct it; the documentation of SMS providers tells its fields.", "The definition cannot be used: %s.", err)
	}
	return d, nil
}

func checkSecrets(c *conf, d *definition, s core.Settings) *core.Problem {
	for _, one := range []struct {
		key   string
		least int
	}{{keyPassword, 1}, {keyAPIKey, 3}, {keyWebhookSecret, 6}} {
		secret := s.Trimmed(one.key)
		if p := sms.CheckSecret(one.key, secret, one.least); p != nil {
			return p
		}
		c.secrets[one.key] = secret
	}
	travels := d.Sign.Kind == signQuery || d.Sign.Kind == signHeader
	if travels && strings.Contains(d.Sign.Secret, keyWebhookSecret) && len(c.secrets[keyWebhookSecret].Reveal()) < 16 {
		return core.BadSetting(keyWebhookSecret, "Make a long random one, and give it to the provider with the channel's address.", "A secret that travels with every call must have at least 16 characters.")
	}
	return nil
}

func checkExtra(c *conf, _ *definition, s core.Settings) *core.Problem {
	for _, pair := range strings.FieldsFunc(s.Get(keyExtra), func(r rune) bool { return r == ',' || r == '\n' || r == ';' }) {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if name = strings.TrimSpace(name); !ok && name != "" || ok && name == "" {
			return core.BadSetting(keyExtra, "Write them like application_id=123, separated by commas.", "The further values are not names with values.")
		}
		c.values["extra."+name] = strings.TrimSpace(value)
	}
	return nil
}

func checkBase(c *conf, d *definition, s core.Settings) *core.Problem {
	base := s.Get(keyBase)
	if base == "" {
		base = d.Base
	}
	if base == "" {
		return core.BadSetting(keyBase, "Write where its interface is, like https://gateway.example.net.", "The definition does not say where the provider is.")
	}
	filled, p := sms.CheckBase(keyBase, base)
	c.values["base"] = filled
	if p == nil && s.Get(keyWebhook) != "" {
		c.webhook, p = sms.CheckBase(keyWebhook, s.Get(keyWebhook))
	}
	return p
}

func checkNeeds(c *conf, d *definition, _ core.Settings) *core.Problem {
	needs := d.Needs
	if d.Sign.Kind != signNone && strings.Contains(d.Sign.Secret, keyWebhookSecret) {
		needs = append(slices.Clone(needs), keyWebhookSecret)
	}
	for _, name := range needs {
		if c.value(name) != "" {
			continue
		}
		if rest, extra := strings.CutPrefix(name, "extra."); extra {
			return core.BadSetting(keyExtra, "Add "+rest+"=… to it.", "%s needs the further value %s.", d.Title, rest)
		}
		return core.BadSetting(name, "Add it; it is found at the provider.", "%s needs the setting %s.", d.Title, name)
	}
	return nil
}

func checkRest(c *conf, _ *definition, s core.Settings) (p *core.Problem) {
	if c.country != "" && !sms.Region(c.country) {
		return core.BadSetting(keyCountry, "Write it in two letters, like US or BR.", "This is not the code of a country.")
	}
	if c.names, p = s.AuthorNames(); p != nil {
		return p
	}
	c.answered, p = s.Other(keyOptOut, optOutGateway, optOutProvider)
	return p
}
