package email

import (
	"crypto/tls"
	"crypto/x509"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"causeway/bridges/email/mailbox"
	"causeway/core"
)

// Keys of the settings.
const (
	keyAddress  = "address"
	keyName     = "name"
	keyIMAP     = "imap_url"
	keySMTP     = "smtp_url"
	keyUser     = "user"
	keyPassword = "password"
	keySMTPUser = "smtp_user"
	keySMTPPass = "smtp_password"
	keyFolders  = "folders"
	keyStart    = "start"
	keySubject  = "subject"
	keyLists    = "own_lists"
	keyPoll     = "poll_seconds"
	keyCA       = "tls_ca"
	keyTokenURL = "oauth_token_url" //nolint:gosec // the name of a setting
	keyClient   = "oauth_client_id"
	keyScope    = "oauth_scope"
	keyClientPW = "oauth_client_secret" //nolint:gosec // likewise
	keyRefresh  = "oauth_refresh_token"
)

const (
	startNow    = "now"
	startAll    = "all"
	defaultPoll = 60
	mostFolders = 8
)

func settings() []core.Setting {
	return []core.Setting{
		{Key: keyAddress, Title: "Address", Required: true, Example: "support@your-company.example", Help: "The address that customers write to. Answers come from it."},
		{Key: keyName, Title: "Name", Help: "The name that customers see beside the address, such as Miller's Bakery."},
		{Key: keyIMAP, Title: "IMAP server", Required: true, Example: "imaps://imap.your-company.example",
			Help: "Where the mailbox is read: imaps:// is encrypted from the start (port 993), imap:// by STARTTLS (port 143). Your mail provider's help names it."},
		{Key: keySMTP, Title: "SMTP server", Required: true, Example: "smtps://smtp.your-company.example",
			Help: "Where answers are handed in: smtps:// is encrypted from the start (port 465), smtp:// by STARTTLS (port 587)."},
		{Key: keyUser, Title: "User", Help: "The mailbox's user name. Left out, it is the address."},
		{Key: keyPassword, Title: "Password", Secret: true, Example: "your-app-password",
			Help: "Of the mailbox. Google and others want an app password made for this purpose. Leave it out with OAuth."},
		{Key: keySMTPUser, Title: "SMTP user", Help: "If the SMTP server wants another user than the mailbox; none for a server that wants no login."},
		{Key: keySMTPPass, Title: "SMTP password", Secret: true, Example: "your-smtp-password", Help: "If the SMTP server wants another password than the mailbox."},
		{Key: keyFolders, Title: "Folders", Default: "INBOX", Help: "The folders to read, with commas between. At most eight."},
		{Key: keyStart, Title: "Start with", Default: startNow,
			Help: "What of the mail that is there already is taken in when the channel is new: now for none, all, or a number of days back."},
		{Key: keySubject, Title: "Subject", Help: "Of a mail to somebody who has not written yet. Left out, it is Message from and the name."},
		core.AuthorNamesSetting(),
		{Key: keyLists, Title: "Own lists", Help: "Addresses of groups or lists that deliver to this mailbox, with commas between: their mails count as written to you, not as a list's."},
		{Key: keyPoll, Title: "Look every (seconds)", Default: "60", Help: "How often to look for new mail where the server does not tell of it, from 5 to 3600."},
		{Key: keyCA, Title: "Certificate authority", Help: "In PEM, if your servers' certificates come from an authority of your own."},
		{Key: keyTokenURL, Title: "OAuth token URL", Help: "For a log-in by OAuth 2 (Microsoft 365, Google Workspace) instead of a password: where access tokens are had."},
		{Key: keyClient, Title: "OAuth client ID", Help: "Of the app that you registered at Microsoft or Google."},
		{Key: keyClientPW, Title: "OAuth client secret", Secret: true, Example: "your-client-secret", Help: "Of the same app."},
		{Key: keyRefresh, Title: "OAuth refresh token", Secret: true, Example: "your-refresh-token", Help: "Of the mailbox's user. Left out, the app logs in by itself (client credentials)."},
		{Key: keyScope, Title: "OAuth scope", Help: "What to ask for, if the provider wants it named: https://outlook.office365.com/.default for Microsoft's client credentials."},
	}
}

// server is where and how a server is reached.
type server struct {
	host, port string
	mode       mailbox.Mode
}

// conf is what the settings say, checked.
type conf struct {
	address    string // in its ASCII form
	name       string
	imap, smtp server
	user       string
	password   core.Secret
	smtpUser   string // empty: no login
	smtpPass   core.Secret
	folders    []string
	all        bool
	days       int
	subject    string
	names      bool     // of who answers are shown
	lists      []string // lower case
	poll       time.Duration
	roots      *x509.CertPool // nil: the system's
	oauth      oauth
}

// oauth is a login by access token; without a url there is none.
type oauth struct {
	url, client, scope string
	secret, refresh    core.Secret
}

func (c conf) tls(host string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, RootCAs: c.roots}
}

// read checks settings. Its errors name the setting in Field and never hold a value that may be secret.
func read(s core.Settings) (conf, error) {
	if p := s.Lacking(settings(), samples); p != nil {
		return conf{}, p
	}
	c := conf{name: oneLine(s.Get(keyName)), subject: oneLine(s.Get(keySubject)), poll: defaultPoll * time.Second}
	for _, check := range []func(*conf, core.Settings) *core.Problem{checkAddress, checkServers, checkLogin, checkOAuth, checkFolders, checkStart, checkNames, checkPoll, checkCA} {
		if p := check(&c, s); p != nil {
			return conf{}, p
		}
	}
	return c, nil
}

// secret returns a secret without the line's end that a file may have put behind it.
func secret(s core.Settings, key string) core.Secret {
	return core.NewSecret(strings.TrimRight(s.Secret(key).Reveal(), "\r\n"))
}

// samples are what instructions for mail programs use as placeholders.
var samples = regexp.MustCompile(`(?i)^(your[-_]password|app-password)$`)

func checkAddress(c *conf, s core.Settings) *core.Problem {
	address, ok := plainAddress(s.Get(keyAddress))
	if !ok {
		return core.BadSetting(keyAddress, "Write it like support@your-company.example, without a name.", "The address is not a mail address.")
	}
	c.address = address
	for list := range strings.SplitSeq(s.Get(keyLists), ",") {
		if list = strings.ToLower(strings.TrimSpace(list)); list != "" {
			c.lists = append(c.lists, list)
		}
	}
	return nil
}

// plainAddress returns the ASCII form of an address that can be written to.
func plainAddress(address string) (string, bool) {
	a, err := mail.ParseAddress(address)
	i := strings.LastIndexByte(address, '@')
	if err != nil || a.Name != "" || i <= 0 || strings.ContainsAny(address, "<>\", \t\r\n") || !ascii(address[:i]) {
		return "", false
	}
	domain, err := idna.Lookup.ToASCII(address[i+1:])
	if err != nil {
		if domain = address[i+1:]; !ascii(domain) { // an underscore: the server decides
			return "", false
		}
	}
	return address[:i+1] + strings.ToLower(domain), true
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 127 || r <= ' ' })
}

func checkServers(c *conf, s core.Settings) (p *core.Problem) {
	if c.imap, p = readServer(s, keyIMAP, "imap", "993", "143"); p != nil {
		return p
	}
	c.smtp, p = readServer(s, keySMTP, "smtp", "465", "587")
	return p
}

// readServer takes ?tls= (none, starttls, implicit) at its word. Without it the scheme decides, and to this machine nothing is encrypted.
func readServer(s core.Settings, key, scheme, implicit, start string) (server, *core.Problem) {
	u, err := url.Parse(s.Get(key))
	if err != nil || u.Scheme != scheme && u.Scheme != scheme+"s" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return server{}, core.BadSetting(key, "Write it like "+scheme+"s://mail.your-company.example.", "The %s server is not an address of that kind.", strings.ToUpper(scheme))
	}
	if u.User != nil {
		return server{}, core.BadSetting(key, "Put them into the settings of their own.", "The %s server's address holds a user or a password.", strings.ToUpper(scheme))
	}
	to := server{host: u.Hostname(), port: u.Port(), mode: mailbox.Mode(u.Query().Get("tls"))}
	switch {
	case to.mode == mailbox.Plain || to.mode == mailbox.StartTLS || to.mode == mailbox.Implicit:
	case to.mode != "":
		return server{}, core.BadSetting(key, "Known are none, starttls and implicit.", "The %s server's address has an unknown tls=.", strings.ToUpper(scheme))
	case u.Scheme == scheme+"s":
		to.mode = mailbox.Implicit
	case core.Loopback(to.host):
		to.mode = mailbox.Plain
	default:
		to.mode = mailbox.StartTLS
	}
	if to.port == "" && to.mode == mailbox.Implicit {
		to.port = implicit
	} else if to.port == "" {
		to.port = start
	}
	return to, nil
}

func checkLogin(c *conf, s core.Settings) *core.Problem {
	if c.user = s.Get(keyUser); c.user == "" {
		c.user = c.address
	}
	c.password = secret(s, keyPassword)
	c.smtpUser, c.smtpPass = c.user, c.password
	if u := s.Get(keySMTPUser); u != "" {
		c.smtpUser = u
	}
	if c.smtpUser == "none" {
		c.smtpUser = ""
	}
	if p := secret(s, keySMTPPass); p.Reveal() != "" {
		c.smtpPass = p
	}
	for _, f := range [][2]string{{keyUser, c.user}, {keyPassword, c.password.Reveal()}, {keySMTPUser, c.smtpUser}, {keySMTPPass, c.smtpPass.Reveal()}} {
		if strings.ContainsAny(f[1], "\r\n\x00") {
			return core.BadSetting(f[0], "Copy it again.", "The user or password holds a line break.")
		}
	}
	return nil
}

func checkOAuth(c *conf, s core.Settings) *core.Problem {
	c.oauth = oauth{url: s.Get(keyTokenURL), client: s.Get(keyClient), scope: s.Get(keyScope), secret: secret(s, keyClientPW), refresh: secret(s, keyRefresh)}
	if c.oauth.url == "" {
		if c.password.Reveal() == "" {
			return core.BadSetting(keyPassword, "Give the mailbox's password, or the settings of a log-in by OAuth.", "There is neither a password nor a log-in by OAuth.")
		}
		return nil
	}
	u, err := url.Parse(c.oauth.url)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !core.Loopback(u.Hostname())) || u.User != nil {
		return core.BadSetting(keyTokenURL, "Write it like https://oauth2.googleapis.com/token.", "The OAuth token URL is not an https address.")
	}
	if c.oauth.client == "" {
		return core.BadSetting(keyClient, "Copy it from the app's page at Microsoft or Google.", "The OAuth client ID is missing.")
	}
	if c.oauth.refresh.Reveal() == "" && c.oauth.secret.Reveal() == "" {
		return core.BadSetting(keyRefresh, "Give the user's refresh token, or the app's secret.", "There is neither a refresh token nor a client secret.")
	}
	return nil
}

func checkFolders(c *conf, s core.Settings) *core.Problem {
	for f := range strings.SplitSeq(s.Get(keyFolders), ",") {
		if f = strings.TrimSpace(f); f != "" && !has(c.folders, f) {
			c.folders = append(c.folders, f)
		}
	}
	if len(c.folders) == 0 {
		c.folders = []string{"INBOX"}
	}
	if len(c.folders) > mostFolders {
		return core.BadSetting(keyFolders, "Have the mailbox sort what you want into fewer folders.", "More than %d folders cannot be read.", mostFolders)
	}
	for _, f := range c.folders {
		if strings.ContainsAny(f, "\r\n\x00*%") {
			return core.BadSetting(keyFolders, "Write the names as your mail program shows them.", "A folder's name holds a character that no folder has.")
		}
	}
	return nil
}

// has compares folders' names: INBOX is the same however it is written.
func has(folders []string, name string) bool {
	for _, f := range folders {
		if f == name || strings.EqualFold(f, "INBOX") && strings.EqualFold(name, "INBOX") {
			return true
		}
	}
	return false
}

func checkNames(c *conf, s core.Settings) (p *core.Problem) {
	c.names, p = s.AuthorNames()
	return p
}

func checkStart(c *conf, s core.Settings) *core.Problem {
	switch v := s.Get(keyStart); v {
	case "", startNow:
	case startAll:
		c.all = true
	default:
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 3650 {
			return core.BadSetting(keyStart, "Write now, all or a number of days.", "What to start with is neither now nor all nor a number of days.")
		}
		c.days = n
	}
	return nil
}

func checkPoll(c *conf, s core.Settings) *core.Problem {
	v := s.Get(keyPoll)
	if v == "" {
		return nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 5 || n > 3600 {
		return core.BadSetting(keyPoll, "60 is good for most.", "The seconds between two looks are a number from 5 to 3600.")
	}
	c.poll = time.Duration(n) * time.Second
	return nil
}

func checkCA(c *conf, s core.Settings) *core.Problem {
	v := s.Get(keyCA)
	if v == "" {
		return nil
	}
	c.roots = x509.NewCertPool()
	if !c.roots.AppendCertsFromPEM([]byte(v)) {
		return core.BadSetting(keyCA, "Copy the whole file, with its BEGIN and END lines.", "The certificate authority is not a certificate in PEM.")
	}
	return nil
}

// oneLine makes text fit for a header: one line without control characters.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 127 || r == 0x2028 || r == 0x2029 || r == 0x85 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}
