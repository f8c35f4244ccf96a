package webchat

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"causeway/core"
)

// Keys of the settings.
const (
	keySite     = "site"
	keySign     = "verify_token"
	keyOrigins  = "origins"
	keyIdentity = "identity_secret"
	keyRequire  = "require_identity"
	keyTitle    = "title"
	keyGreeting = "greeting"
	keyAnswer   = "answer_time"
	keyHours    = "hours"
	keyZone     = "time_zone"
	keyColor    = "color"
	keyLanguage = "language"
	keyAsk      = "ask"
	keyWhatsApp = "whatsapp"
	keyEmail    = "email"
	keyTelegram = "telegram"
	keyPage     = "messenger"
	keySMS      = "sms"
	keyUpload   = "upload_mb"
	keyNames    = "author_names"
	keyWork     = "proof_of_work"
)

const (
	defaultColor  = "#0b5cad"
	defaultUpload = 5
	mostUpload    = 10
	leastWork     = 8
	mostWork      = 20
	yes, no, off  = "yes", "no", "off"
)

func settings() []core.Setting {
	return []core.Setting{
		{Key: keySite, Title: "Site", Required: true, Example: "www-example-com", Help: "A short name of your site: letters, digits, - and _. Visitors are known below it; do not change it later."},
		{Key: keyOrigins, Title: "Origins", Required: true, Example: "https://www.example.com",
			Help: "The sites whose pages may chat, as in the address bar, several with commas: https://www.your.shop, https://*.your.shop."},
		{Key: keySign, Title: "Signing key", Secret: true, Required: true, Example: "your-signing-key",
			Help: "A long random word by which the gateway knows its visitors again. Made up for you if you give none."},
		{Key: keyIdentity, Title: "Identity secret", Secret: true, Example: "your-identity-secret",
			Help: "At least 32 random characters that your site's server shares with the gateway, to prove who its users are by a JWT (HS256) or an HMAC."},
		{Key: keyRequire, Title: "Require identity", Default: no, Help: "yes: only users whom the site's server proves may write. no: everybody may."},
		{Key: keyTitle, Title: "Title", Help: "What stands above the chat, such as the name of the business."},
		{Key: keyGreeting, Title: "Greeting", Help: "The first line that a visitor reads."},
		{Key: keyAnswer, Title: "Answer time", Help: "How soon you answer, in a sentence that visitors read."},
		{Key: keyHours, Title: "Opening hours", Help: "When somebody answers: Mon-Fri 09:00-17:00, Sat 10:00-14:00. Outside them visitors are told when you open, and may write all the same."},
		{Key: keyZone, Title: "Time zone", Help: "Of the opening hours, such as Europe/Berlin. UTC if you give none."},
		{Key: keyColor, Title: "Colour", Default: defaultColor, Help: "Of the button and the visitor's own messages, as #rrggbb. White or black text is chosen to be read on it."},
		{Key: keyLanguage, Title: "Language", Default: "en", Help: "en, de, ar or ru, where the visitor's browser asks for none of these."},
		{Key: keyAsk, Title: "Ask before the chat", Help: "What visitors are asked for before they write: name, email, phone, separated by commas; with a * what they must give: name, email*."},
		{Key: keyWhatsApp, Title: "WhatsApp number", Help: "Where visitors may go on by WhatsApp, with the country's code, digits only."},
		{Key: keyTelegram, Title: "Telegram bot", Help: "The user name of the bot by which visitors may go on."},
		{Key: keyPage, Title: "Messenger page", Help: "The name, or the id, of the Facebook page by whose Messenger visitors may go on, as after m.me/."},
		{Key: keySMS, Title: "SMS number", Help: "Where visitors may go on by SMS, with the country's code, digits only."},
		{Key: keyEmail, Title: "E-mail address", Help: "Where visitors may write by e-mail."},
		{Key: keyUpload, Title: "Largest file (MB)", Default: strconv.Itoa(defaultUpload), Help: "What a visitor may send, from 0 (no files) to 10."},
		{Key: keyNames, Title: "Names", Default: yes, Help: "yes: visitors see the name of the person who answers. no: they do not."},
		{Key: keyWork, Title: "Proof of work", Default: off, Help: "While programs pester the chat: a number from 8 to 20 of bits that a new visitor's browser must calculate before the chat begins, rather than solve a captcha. 14 takes about a second, each one more doubles it. The site must be served by https. off: nothing."},
	}
}

// field is one question of the form before the chat.
type field struct {
	Name     string `json:"name"` // name, email, phone
	Required bool   `json:"required,omitempty"`
}

// conf is what the settings say, checked.
type conf struct {
	site            string
	sign, identity  core.Secret
	require, names  bool
	origins         []string
	title, greeting string
	answer, color   string
	language        string
	ask             []field
	elsewhere       map[string]string // accounts by which visitors may go on, by the word of the way
	upload          int64             // bytes
	work            int               // bits that a new visitor must calculate; zero: none
	hours           core.Hours
}

var (
	aSite   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	aColor  = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
	aNumber = regexp.MustCompile(`^[1-9]\d{6,14}$`)
	aBot    = regexp.MustCompile(`^[A-Za-z0-9_]{5,32}$`)
	aPage   = regexp.MustCompile(`^[A-Za-z0-9.]{3,64}$`)
	aLocale = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$`)
	aMail   = regexp.MustCompile(`^[^\s@<>"',;:]+@[^\s@<>"',;:]+$`)
)

// read checks settings. Its errors name the setting in Field and never hold a value that may be secret.
func read(s core.Settings) (conf, error) {
	for _, def := range settings() {
		if p := present(def, s); p != nil {
			return conf{}, p
		}
	}
	c := conf{site: s.Get(keySite), sign: s.Secret(keySign), identity: s.Secret(keyIdentity), title: s.Get(keyTitle), greeting: s.Get(keyGreeting),
		answer: s.Get(keyAnswer), color: cmp.Or(s.Get(keyColor), defaultColor), language: cmp.Or(s.Get(keyLanguage), "en"),
		elsewhere: map[string]string{"whatsapp": s.Get(keyWhatsApp), "telegram": strings.TrimPrefix(s.Get(keyTelegram), "@"), "messenger": s.Get(keyPage), "sms": s.Get(keySMS), "mail": s.Get(keyEmail)}}
	for _, check := range []func(*conf, core.Settings) *core.Problem{checkNames, checkSecrets, checkAuthors, checkOrigins, checkAsk, checkUpload, checkWork, checkHours} {
		if p := check(&c, s); p != nil {
			return conf{}, p
		}
	}
	return c, nil
}

// present says why a setting is missing or still the sample, or nil.
func present(def core.Setting, s core.Settings) *core.Problem {
	v := s.Get(def.Key)
	if def.Secret {
		v = s.Trimmed(def.Key).Reveal()
	}
	switch low := strings.ToLower(v); {
	case v == "" && def.Required:
		return core.BadSetting(def.Key, def.Help, "%s is missing.", def.Title)
	case v != "" && v == def.Example, def.Secret && (low == "changeme" || low == "secret" || strings.HasPrefix(v, "${") || strings.HasPrefix(v, "<")):
		return core.BadSetting(def.Key, "Put your own value there. "+def.Help, "%s is still the sample from the instructions.", def.Title)
	}
	return nil
}

func checkNames(c *conf, _ core.Settings) *core.Problem {
	switch {
	case !aSite.MatchString(c.site):
		return core.BadSetting(keySite, "Use letters, digits, - and _, at most 64.", "The site's name cannot be used.")
	case !aColor.MatchString(c.color):
		return core.BadSetting(keyColor, "Write it like "+defaultColor+".", "The colour is not of the form #rrggbb.")
	case words[c.language] == nil:
		return core.BadSetting(keyLanguage, "Write en, de, ar or ru.", "The widget does not speak the language %q.", c.language)
	}
	for _, w := range []struct {
		word, key, remedy, what string
		form                    *regexp.Regexp
	}{{"whatsapp", keyWhatsApp, "Write the country's code and the number, digits only.", "The WhatsApp number is not a phone number.", aNumber},
		{"telegram", keyTelegram, "Write the bot's user name, such as your_shop_bot.", "The Telegram bot's name is not a user name.", aBot},
		{"messenger", keyPage, "Write what follows m.me/ in the page's link.", "The Messenger page's name is not one.", aPage},
		{"sms", keySMS, "Write the country's code and the number, digits only.", "The SMS number is not a phone number.", aNumber},
		{"mail", keyEmail, "Write it like support@your.shop.", "The e-mail address is not one.", aMail}} {
		if to := c.elsewhere[w.word]; to != "" && !w.form.MatchString(to) {
			return core.BadSetting(w.key, w.remedy, "%s", w.what)
		}
	}
	return nil
}

func checkSecrets(c *conf, s core.Settings) *core.Problem {
	switch n := len(c.identity.Reveal()); {
	case len(c.sign.Reveal()) < 16:
		return core.BadSetting(keySign, "Leave it out: one is made up for you.", "The signing key is shorter than 16 characters.")
	case n > 0 && n < 32:
		return core.BadSetting(keyIdentity, "Make one of at least 32 random characters, for example by: openssl rand -hex 32.", "The identity secret is too short to be safe.")
	case n > 0 && c.identity.Reveal() == c.sign.Reveal():
		return core.BadSetting(keyIdentity, "Make another one: whoever knows it could make the gateway's own tokens.", "The identity secret is the signing key.")
	}
	var p *core.Problem
	if c.require, p = s.Other(keyRequire, no, yes); p != nil {
		return p
	}
	if c.require && c.identity.Empty() {
		return core.BadSetting(keyIdentity, "Set the secret that your site's server signs its users with, or set require_identity to no.", "Only proven users may write, and there is no secret to prove them by.")
	}
	return nil
}

func checkAuthors(c *conf, s core.Settings) *core.Problem {
	nobody, p := s.Other(keyNames, yes, no)
	c.names = !nobody
	return p
}

func checkOrigins(c *conf, s core.Settings) *core.Problem {
	for _, text := range strings.Split(s.Get(keyOrigins), ",") {
		o := strings.ToLower(strings.TrimRight(strings.TrimSpace(text), "/"))
		u, err := url.Parse(strings.Replace(o, "://*.", "://any.", 1))
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || strings.Contains(u.Host, "*") {
			return core.BadSetting(keyOrigins, "Write scheme and host of each site, as in the address bar, separated by commas.", "%q is not the origin of a site.", strings.TrimSpace(text))
		}
		c.origins = append(c.origins, o)
	}
	return nil
}

// local reports whether an origin is of a developer's own machine.
func local(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
}

// allows reports whether pages of an origin may chat. A pattern with a star is for every host below, not for the domain itself.
func (c conf) allows(origin string) bool {
	origin = strings.ToLower(origin)
	for _, o := range c.origins {
		scheme, domain, wild := strings.Cut(o, "*")
		if o == origin || wild && strings.HasPrefix(origin, scheme) && strings.HasSuffix(origin, domain) && len(origin) > len(o)-1 &&
			!strings.ContainsAny(origin[len(scheme):len(origin)-len(domain)], "/@:") {
			return true
		}
	}
	return false
}

func checkAsk(c *conf, s core.Settings) *core.Problem {
	for _, text := range strings.Split(s.Get(keyAsk), ",") {
		name, star := strings.CutSuffix(strings.TrimSpace(text), "*")
		switch name {
		case "":
		case "name", "email", "phone":
			c.ask = append(c.ask, field{name, star})
		default:
			return core.BadSetting(keyAsk, "Write some of name, email, phone, separated by commas.", "Visitors cannot be asked for %q.", name)
		}
	}
	return nil
}

func checkWork(c *conf, s core.Settings) *core.Problem {
	v := cmp.Or(s.Get(keyWork), off)
	if v == off {
		return nil
	}
	var err error
	if c.work, err = strconv.Atoi(v); err != nil || c.work < leastWork || c.work > mostWork {
		return core.BadSetting(keyWork, fmt.Sprintf("Write off, or a number from %d to %d.", leastWork, mostWork), "The proof of work is no number of bits.")
	}
	return nil
}

func checkUpload(c *conf, s core.Settings) *core.Problem {
	n := int64(defaultUpload)
	if v := s.Get(keyUpload); v != "" {
		var err error
		if n, err = strconv.ParseInt(v, 10, 64); err != nil || n < 0 || n > mostUpload {
			return core.BadSetting(keyUpload, "Write a number from 0 to 10.", "The largest file is not a number of megabytes.")
		}
	}
	c.upload = n << 20
	return nil
}
