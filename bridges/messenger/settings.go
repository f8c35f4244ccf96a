package messenger

import (
	"time"

	"causeway/bridges/meta"
	"causeway/core"
)

// Keys of the settings.
const (
	keyPage    = "page_id"
	keyToken   = "access_token"
	keySecret  = "app_secret"
	keyVerify  = "verify_token"
	keyApp     = "app_id"
	keyHuman   = "human_window"
	keyBase    = "api_base"
	keyVersion = "api_version"
)

func settings() []core.Setting {
	return []core.Setting{
		{Key: keyPage, Title: "Page ID", Required: true, Example: "123456789012345", Help: "The number of the Facebook Page: the Page, About, Page transparency, or App dashboard, Messenger, Messenger API Settings."},
		{Key: keyToken, Title: "Page access token", Secret: true, Required: true, Example: "EAAGm0PX4ZCps",
			Help: "App dashboard, Messenger, Messenger API Settings, Generate token; with the permissions pages_messaging and pages_manage_metadata. It does not expire, but dies with the password or the role of who made it."},
		{Key: keySecret, Title: "App secret", Secret: true, Required: true, Example: "your-app-secret", Help: "App dashboard, App settings, Basic. Webhooks are checked with it."},
		{Key: keyVerify, Title: "Verify token", Secret: true, Told: true, Required: true, Example: "your-verify-token", Help: "Any word that only you and Meta's webhook form know. Made up for you if you give none."},
		{Key: keyApp, Title: "App ID", Example: "987654321098765",
			Help: "App dashboard, at the top. With it Causeway can enter the webhook's address at Meta by itself. One address serves all Pages of the app, and registering another replaces it."},
		{Key: keyHuman, Title: "Human window", Default: "168h", Help: "How long after the customer's last act a person may still answer, from 24h to 168h. 0: no longer than anybody, for apps without Meta's feature Human Agent."},
		core.AuthorNamesSetting(),
		{Key: keyBase, Title: "API base", Default: meta.DefaultBase, Help: "Where the Graph interface is, if a stand-in or a proxy takes its place."},
		{Key: keyVersion, Title: "API version", Default: meta.DefaultVersion, Help: "The version of the Graph interface that Causeway was tested with. Leave it."},
	}
}

// conf is what the settings say, checked.
type conf struct {
	page, app                string
	token, appSecret, verify core.Secret
	base, version            string
	human                    time.Duration
	names                    bool // of who answers are shown
}

// read checks settings. Its errors name the setting in Field and never hold a value that may be secret.
func read(s core.Settings) (conf, error) {
	c := conf{page: s.Get(keyPage), app: s.Get(keyApp), token: s.Trimmed(keyToken), appSecret: s.Trimmed(keySecret), verify: s.Trimmed(keyVerify),
		base: s.Get(keyBase), version: s.Get(keyVersion)}
	human, wrong := meta.HumanWindow(keyHuman, s.Get(keyHuman), meta.Longest)
	names, unclear := s.AuthorNames()
	c.human, c.names = human, names
	for _, p := range []*core.Problem{meta.CheckSettings(settings(), s), checkIDs(c), meta.CheckSecret(keyToken, c.token, 4), meta.CheckSecret(keySecret, c.appSecret, 8),
		meta.CheckSecret(keyVerify, c.verify, 8), meta.CheckBase(keyBase, c.base, keyVersion, c.version), wrong, unclear} {
		if p != nil {
			return conf{}, p
		}
	}
	return c, nil
}

func checkIDs(c conf) *core.Problem {
	switch {
	case !meta.AnID.MatchString(c.page):
		return core.BadSetting(keyPage, "Copy it from the App dashboard, Messenger, Messenger API Settings.", "The Page ID consists of digits only; a Page's name is not it.")
	case c.app != "" && !meta.AnID.MatchString(c.app):
		return core.BadSetting(keyApp, "Copy it from the top of the App dashboard, or leave it out.", "The app ID consists of digits only.")
	case c.app != "" && c.app == c.page:
		return core.BadSetting(keyApp, "They are two ids; copy the app's from the top of the App dashboard.", "The app ID and the Page ID are the same.")
	}
	return nil
}
