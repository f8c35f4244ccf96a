package instagram

import (
	"time"

	"causeway/bridges/meta"
	"causeway/core"
)

// Keys of the settings.
const (
	keyAccount   = "account_id"
	keyLogin     = "login"
	keyToken     = "access_token"
	keySecret    = "app_secret"
	keyInstagram = "instagram_app_secret"
	keyVerify    = "verify_token"
	keyApp       = "app_id"
	keyHuman     = "human_window"
	keyBase      = "api_base"
	keyVersion   = "api_version"
)

// The log-ins by which an account's token is got.
const (
	loginFacebook  = "facebook"
	loginInstagram = "instagram"
	instagramBase  = "https://graph.instagram.com"
)

func settings() []core.Setting {
	return []core.Setting{
		{Key: keyAccount, Title: "Instagram account ID", Required: true, Example: "17841400000000000",
			Help: "The number of the professional account, not its name: App dashboard, Instagram, API setup; with Facebook's log-in also the Page's field instagram_business_account."},
		{Key: keyLogin, Title: "Log-in", Default: loginFacebook, Help: "facebook: the account is linked to a Page, and the token is the Page's. instagram: the token was made with Instagram's own log-in; it is renewed by itself."},
		{Key: keyToken, Title: "Access token", Secret: true, Required: true, Example: "EAAGm0PX4ZCps",
			Help: "facebook: the Page's token with instagram_basic, instagram_manage_messages and pages_manage_metadata. instagram: a long-lived token with instagram_business_basic and instagram_business_manage_messages, App dashboard, Instagram, API setup."},
		{Key: keySecret, Title: "App secret", Secret: true, Required: true, Example: "your-app-secret", Help: "App dashboard, App settings, Basic. Webhooks are checked with it."},
		{Key: keyInstagram, Title: "Instagram app secret", Secret: true, Example: "your-instagram-app-secret", Help: "With Instagram's log-in, the second secret that stands under App dashboard, Instagram, API setup. Webhooks signed with either are taken."},
		{Key: keyVerify, Title: "Verify token", Secret: true, Told: true, Required: true, Example: "your-verify-token", Help: "Any word that only you and Meta's webhook form know. Made up for you if you give none."},
		{Key: keyApp, Title: "App ID", Example: "987654321098765",
			Help: "App dashboard, at the top. With it Causeway can enter the webhook's address at Meta by itself. One address serves all accounts of the app, and registering another replaces it."},
		{Key: keyHuman, Title: "Human window", Default: "72h", Help: "How long after the customer's last act a person may still answer, from 24h to 168h. 0: no longer than anybody, for apps without Meta's feature Human Agent."},
		core.AuthorNamesSetting(),
		{Key: keyBase, Title: "API base", Help: "Where the Graph interface is, if a stand-in or a proxy takes its place. Left out: " + meta.DefaultBase + ", or " + instagramBase + " with Instagram's log-in."},
		{Key: keyVersion, Title: "API version", Default: meta.DefaultVersion, Help: "The version of the Graph interface that Causeway was tested with. Leave it."},
	}
}

// conf is what the settings say, checked.
type conf struct {
	account, login, app               string
	token, appSecret, instagramSecret core.Secret
	verify                            core.Secret
	base, version                     string
	human                             time.Duration
	names                             bool // of who answers are shown
}

// read checks settings. Its errors name the setting in Field and never hold a value that may be secret.
func read(s core.Settings) (conf, error) {
	c := conf{account: s.Get(keyAccount), login: s.Get(keyLogin), app: s.Get(keyApp), token: s.Trimmed(keyToken), appSecret: s.Trimmed(keySecret),
		instagramSecret: s.Trimmed(keyInstagram), verify: s.Trimmed(keyVerify), base: s.Get(keyBase), version: s.Get(keyVersion)}
	if c.login == "" {
		c.login = loginFacebook
	}
	human, wrong := meta.HumanWindow(keyHuman, s.Get(keyHuman), usual)
	names, unclear := s.AuthorNames()
	c.human, c.names = human, names
	for _, p := range []*core.Problem{meta.CheckSettings(settings(), s), checkIDs(c), meta.CheckSecret(keyToken, c.token, 4), meta.CheckSecret(keySecret, c.appSecret, 8),
		meta.CheckSecret(keyInstagram, c.instagramSecret, 8), meta.CheckSecret(keyVerify, c.verify, 8), meta.CheckBase(keyBase, c.base, keyVersion, c.version), wrong, unclear} {
		if p != nil {
			return conf{}, p
		}
	}
	if c.base == "" && c.login == loginInstagram {
		c.base = instagramBase
	}
	return c, nil
}

// proof is the secret of the token's app. Tokens of Instagram's own log-in are of no app that could require it.
func (c conf) proof() core.Secret {
	if c.login == loginInstagram {
		return core.Secret{}
	}
	return c.appSecret
}

func checkIDs(c conf) *core.Problem {
	switch {
	case !meta.AnID.MatchString(c.account):
		return core.BadSetting(keyAccount, "Copy it from the App dashboard, Instagram, API setup.", "The Instagram account ID consists of digits only; the account's name is not it.")
	case c.login != loginFacebook && c.login != loginInstagram:
		return core.BadSetting(keyLogin, "Write facebook if the account is linked to a Page whose token you have, else instagram.", "The log-in is neither facebook nor instagram.")
	case c.app != "" && !meta.AnID.MatchString(c.app):
		return core.BadSetting(keyApp, "Copy it from the top of the App dashboard, or leave it out.", "The app ID consists of digits only.")
	}
	return nil
}
