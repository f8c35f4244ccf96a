package x

import (
	"regexp"

	"causeway/core"
)

// Keys of the settings.
const (
	keyAccount  = "user_id"
	keyAPIKey   = "api_key"
	keySecret   = "api_key_secret"
	keyToken    = "access_token"
	keyTokenSec = "access_token_secret" //nolint:gosec // the name of a setting
	keyVersion1 = "version_1"
	keyBase     = "api_base"
)

const (
	defaultBase = "https://api.x.com"
	yes, no     = "yes", "no"
)

func settings() []core.Setting {
	return []core.Setting{
		{Key: keyAccount, Title: "User ID", Required: true, Example: "2244994945",
			Help: "The number of the account that customers write to, not its @name. It is the part before the hyphen of the access token."},
		{Key: keyAPIKey, Title: "API key", Required: true, Example: "xvz1evFS4wEEPTGEFPHBog",
			Help: "Developer portal, your app, Keys and tokens, Consumer keys. The app needs the permission to read and write direct messages."},
		{Key: keySecret, Title: "API key secret", Secret: true, Required: true, Example: "your-api-key-secret", Help: "Shown with the API key. X signs its webhooks with it."},
		{Key: keyToken, Title: "Access token", Secret: true, Required: true, Example: "2244994945-your-access-token",
			Help: "Developer portal, your app, Keys and tokens, Access token, made after the app got its permissions. It does not expire."},
		{Key: keyTokenSec, Title: "Access token secret", Secret: true, Required: true, Example: "your-access-token-secret", Help: "Shown with the access token."},
		{Key: keyVersion1, Title: "Version 1.1", Default: no,
			Help: "yes if your plan still has version 1.1 of direct messages: choices are then shown as quick replies, and typing and reading are told to the customer. no: choices go out as a numbered text."},
		core.AuthorNamesSetting(),
		{Key: keyBase, Title: "API base", Default: defaultBase, Help: "Where the interface is, if a stand-in takes its place."},
	}
}

// conf is what the settings say, checked.
type conf struct {
	account, key               string
	secret, token, tokenSecret core.Secret
	version1, names            bool
	base                       string
}

var (
	anAccount = regexp.MustCompile(`^[1-9]\d{0,18}$`)
	aKey      = regexp.MustCompile(`^[A-Za-z0-9_-]{10,100}$`)
	aToken    = regexp.MustCompile(`^(\d{1,19})-[A-Za-z0-9_-]{10,200}$`)

	// samples are what X's own pages use as placeholders.
	samples = regexp.MustCompile(`(?is)^(your[-_].*|consumer_secret)$`)
)

// read checks settings. Its errors name the setting in Field and never hold a value that may be secret.
func read(s core.Settings) (conf, error) {
	if p := s.Lacking(settings(), samples); p != nil {
		return conf{}, p
	}
	c := conf{account: s.Get(keyAccount), key: s.Get(keyAPIKey), secret: s.Trimmed(keySecret), token: s.Trimmed(keyToken), tokenSecret: s.Trimmed(keyTokenSec)}
	for _, check := range []func(*conf, core.Settings) *core.Problem{checkAccount, checkKeys, checkVersion, checkNames, checkBase} {
		if p := check(&c, s); p != nil {
			return conf{}, p
		}
	}
	return c, nil
}

func checkAccount(c *conf, _ core.Settings) *core.Problem {
	m := aToken.FindStringSubmatch(c.token.Reveal())
	switch {
	case !anAccount.MatchString(c.account):
		return core.BadSetting(keyAccount, "It is the part before the hyphen of the access token.", "The user ID is not a number.")
	case m == nil:
		return core.BadSetting(keyToken, "Copy the whole of it from the developer portal. A bearer token is something else and cannot be used.", "The access token is not of the form 2244994945-….")
	case m[1] != c.account:
		return core.BadSetting(keyToken, "Correct the user ID, or make an access token of that account.", "The access token is of another account than the user ID says.")
	}
	return nil
}

func checkKeys(c *conf, _ core.Settings) *core.Problem {
	switch {
	case !aKey.MatchString(c.key):
		return core.BadSetting(keyAPIKey, "Copy the whole of it from the developer portal.", "The API key is none.")
	case len(c.secret.Reveal()) < 20:
		return core.BadSetting(keySecret, "Copy the whole of it from the developer portal.", "The API key's secret is too short to be one.")
	case len(c.tokenSecret.Reveal()) < 20:
		return core.BadSetting(keyTokenSec, "Copy the whole of it from the developer portal.", "The access token's secret is too short to be one.")
	}
	return nil
}

func checkVersion(c *conf, s core.Settings) (p *core.Problem) {
	c.version1, p = s.Other(keyVersion1, no, yes)
	return p
}

func checkNames(c *conf, s core.Settings) (p *core.Problem) {
	c.names, p = s.AuthorNames()
	return p
}

func checkBase(c *conf, s core.Settings) (p *core.Problem) {
	c.base, p = s.Base(keyBase, defaultBase)
	return p
}
