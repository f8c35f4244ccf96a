// Package config reads the settings of the program: defaults, under a file (YAML), under the environment (CAUSEWAY_*), under flags.
//
// It is strict: a key, a variable or a value that it does not know ends the start with a sentence that names the place and the remedy, and all
// of them at once. It is content with nothing: without a file the program starts on this machine's loopback address with SQLite in the user's
// data folder. Values that hold passwords are core.Secret, and any of them can be read from a file instead: relay_url_file names one.
//
// Besides its own variables it leaves alone those that begin with CAUSEWAY_SECRET_ (for the secrets of the business file) and with
// CAUSEWAY_TEST_ and CAUSEWAY_REQUIRE_ (for tests), and those that Kubernetes sets for services.
package config

import (
	"log/slog"
	"net/netip"
	"time"

	"causeway/core"
)

// Config is everything that can be set. Its tags are the truth for loading, for Reference and for Show: key is the name in the file, and in
// capitals behind CAUSEWAY_ the variable; <key> in a default stands for the value of another key.
type Config struct {
	// DataDir holds database, master key and files. The default <user data> is ~/.local/share, for root /var/lib, and on other systems the like.
	DataDir string `key:"data_dir" default:"<user data>/causeway" kind:"path" help:"Folder for the database, the master key and the files. The user's data is in ~/.local/share, root's in /var/lib, and on other systems in the like."`
	// DatabaseURL is the database; default sqlite:<data_dir>/causeway.db.
	DatabaseURL core.Secret `key:"database_url" default:"sqlite:<data_dir>/causeway.db" kind:"database" help:"The database: sqlite:PATH, or postgres://user:password@host/name for more than one node."`
	// FilesURL is where media and mails are kept; default folder:<data_dir>/files.
	FilesURL core.Secret `key:"files_url" default:"folder:<data_dir>/files" kind:"files" help:"Where media and mails are kept: folder:PATH, or s3://ACCESS-KEY:SECRET-KEY@host/bucket for an object store that several nodes share (s3+http:// without TLS; ?region=NAME where the host does not tell it; a folder may follow the bucket). In a key, / is written %2F and + is %2B."`
	// MasterKeyFile seals the secrets in the database; default <data_dir>/master.key. It is made at the first start.
	MasterKeyFile string `key:"master_key_file" default:"<data_dir>/master.key" kind:"path" help:"File with the key that seals the secrets in the database. It is made at the first start with mode 0600. Back it up, apart from the database."`
	// Workspace is the tenant that commands work in; default main.
	Workspace string `key:"workspace" default:"main" kind:"word" help:"The workspace that commands and the API's first key belong to."`

	// HTTPListen serves webhooks and the API; default 127.0.0.1:8080.
	HTTPListen string `key:"http_listen" default:"127.0.0.1:8080" kind:"listen" help:"Address for webhooks and the API. Put a proxy with TLS before it."`
	// PrivateListen serves metrics and health; default 127.0.0.1:9090.
	PrivateListen string `key:"private_listen" default:"127.0.0.1:9090" kind:"listen" help:"Address for /metrics, /healthz and /readyz. Keep it private."`
	// PublicURL is how the world reaches HTTPListen; no default.
	PublicURL string `key:"public_url" kind:"url" help:"How providers and mail clients reach http_listen: https://bridge.example.com. Webhook addresses and links to files are made from it."`

	// SMTPListen takes agents' replies; default 127.0.0.1:2525.
	SMTPListen string `key:"smtp_listen" default:"127.0.0.1:2525" kind:"listen" help:"Address of the mail server that takes agents' replies. Let port 25 of the mail domain's MX lead here."`
	// SMTPTLS encrypts it by STARTTLS; no default.
	SMTPTLS TLS `key:"smtp_tls"`
	// SMTPMaxMB is the largest mail taken; default 40.
	SMTPMaxMB int `key:"smtp_max_mb" default:"40" min:"1" max:"1024" help:"Largest mail taken from an agent, in MB."`
	// MailDomain is the domain of the reply addresses; no default.
	MailDomain string `key:"mail_domain" kind:"domain" help:"Domain of the reply addresses. Its MX leads to this machine. Nothing is mailed without it."`
	// NotifyAddress is the sender of the mails to agents; default notify@<mail_domain>.
	NotifyAddress string `key:"notify_address" default:"notify@<mail_domain>" kind:"address" help:"Sender of the mails to agents."`
	// RelayURL is the mail server through which mails leave; no default.
	RelayURL core.Secret `key:"relay_url" kind:"relay" help:"Mail server that takes our mails: smtp://user:password@host:587 or smtps://…:465. Nothing is mailed without it."`
	// DKIM signs our mails; no default.
	DKIM DKIM `key:"dkim"`
	// Retain is for how long things are kept that nobody needs for ever; each has a default of its own.
	Retain Retain `key:"retain"`
	// TrustedRelays are mail servers whose word on the sender counts; default none.
	TrustedRelays []netip.Prefix `key:"trusted_relays" help:"Networks of one's own mail servers: what they hand over counts as checked by them."`
	// SenderCheck is how an agent's mail must prove its sender; default strict.
	SenderCheck string `key:"sender_check" default:"strict" kind:"choice" choice:"strict,trusted-relay-only" help:"strict: an agent's mail must pass DKIM or SPF for the domain of its sender, unless a trusted relay brings it. trusted-relay-only: only mails from trusted_relays are taken."`
	// AlertTo are the admins; default none.
	AlertTo []string `key:"alert_to" kind:"address" help:"Mail addresses of the admins, who are told when a channel needs them and when it is well again, and of agents who are away or cannot be mailed."`
	// ReplyDays is how long a reply address is valid; default 90.
	ReplyDays int `key:"reply_days" default:"90" min:"1" max:"3650" help:"Days for which the reply address in a mail is valid."`
	// MediaLinkDays is how long a link to a file is valid; default 30.
	MediaLinkDays int `key:"media_link_days" default:"30" min:"1" max:"3650" help:"Days for which a link to a file is valid that was too large for a mail, or that a channel does not take."`
	// AttachLimitMB is what is attached to one mail; default 18.
	AttachLimitMB int `key:"attach_limit_mb" default:"18" min:"0" max:"200" help:"Files up to this size together, in MB, are attached to a mail. Larger ones become links."`
	// MaxMediaMB is the largest file taken from a provider; default 100.
	MaxMediaMB int `key:"max_media_mb" default:"100" min:"1" max:"4096" help:"Largest file taken from a provider, in MB."`
	// FFmpeg converts files that a channel does not take as they are; default the one that the system finds.
	FFmpeg string `key:"ffmpeg" kind:"path" help:"Path of ffmpeg, which converts voice notes, pictures and films that a channel or a mail program does not take as they are. Without it, the one that the system finds."`

	// TextsDir holds the sentences to contacts in one's own words; no default.
	TextsDir string `key:"texts_dir" kind:"path" help:"Folder with files like fr.json: what is said to contacts by itself, in other words or languages than ours, which are en, ar and ru."`

	// TimeZone is that of the times in mails; default Local.
	TimeZone string `key:"time_zone" default:"Local" kind:"zone" help:"Time zone of the times in mails, like Asia/Riyadh. Local is this machine's."`
	// AllowPrivate is what may be called although it is not on the public internet; default none.
	AllowPrivate []string `key:"allow_private" kind:"private" help:"host:port or networks that may be called although they are not on the public internet, such as stand-ins of providers."`
	// FollowAfter is how long an answer in a web chat may stay unread before it follows by mail; default 2m, 0 for never.
	FollowAfter time.Duration `key:"follow_after" default:"2m" min:"0s" help:"How long an answer in a web chat may stay unread before it follows the visitor by mail, if their address is known. 0s: it never does."`
	// Workers is how many conversations are sent at once; a third as many mails go out at once; default 48, for one
	// number may hold three in four of them, and 80 messages a second at 0.3 s each take 24.
	Workers int `key:"workers" default:"48" min:"1" max:"1024" help:"How many conversations are sent at the same time."`
	// StopAfter is how long a stop waits for what runs; default 25s.
	StopAfter time.Duration `key:"stop_after" default:"25s" help:"How long a stop waits for what is being done."`
	// LogFormat is text or json; default text.
	LogFormat string `key:"log_format" default:"text" kind:"choice" choice:"text,json" help:"text for people, json for machines."`
	// LogLevel is the least that is logged; default info.
	LogLevel string `key:"log_level" default:"info" kind:"choice" choice:"debug,info,warn,error" help:"The least important that is logged: debug, info, warn or error."`

	origin map[string]string       // by key: where the value came from
	shown  map[string]string       // by key: the value as Show may print it
	loose  map[string]core.Finding // what is wrong with the file that it came from
}

// TLS is a certificate with its key, both as PEM files. Both or none are set.
type TLS struct {
	// CertFile has no default.
	CertFile string `key:"cert_file" kind:"path" help:"Certificate (PEM) for STARTTLS on smtp_listen."`
	// KeyFile has no default.
	KeyFile string `key:"key_file" kind:"path" help:"Its private key (PEM)."`
}

// DKIM is a key to sign mails with. All or none are set; Domain falls back to the mail domain.
type DKIM struct {
	// Domain is the default <mail_domain>.
	Domain string `key:"domain" default:"<mail_domain>" kind:"domain" help:"Domain that signs our mails."`
	// Selector has no default.
	Selector string `key:"selector" kind:"word" help:"Selector of the key: it stands in the DNS as SELECTOR._domainkey.DOMAIN."`
	// KeyFile has no default.
	KeyFile string `key:"key_file" kind:"path" help:"Private key (PEM) to sign our mails with. Without it they are not signed."`
}

// Retain is for how many days things are kept. Zero keeps them for ever.
type Retain struct {
	// EventDays is for ids of events; default 30.
	EventDays int `key:"event_days" default:"30" min:"0" max:"36500" help:"Days for which the id of an event is remembered, so that one which its provider repeats changes nothing. Providers repeat for up to 7 days, so less than 8 counts as 8. 0: for ever."`
	// LogDays is for the channel log; default 30.
	LogDays int `key:"log_days" default:"30" min:"0" max:"36500" help:"Days for which entries of the channel log are kept. 0: for ever."`
	// BodyDays is for the bodies in it; default 7.
	BodyDays int `key:"body_days" default:"7" min:"0" max:"36500" help:"Days for which entries of the channel log show what was sent and answered; after that they only say that it was. 0: as long as the entry."`
	// DeadDays is for dead letters and dead jobs; default 90.
	DeadDays int `key:"dead_days" default:"90" min:"0" max:"36500" help:"Days for which dead letters and given-up jobs are kept. 0: for ever."`
	// MailDays is for the raw text of mails; default 180.
	MailDays int `key:"mail_days" default:"180" min:"0" max:"36500" help:"Days for which the raw text of agents' mails, and of the mails to them, is kept. The messages made of them stay. 0: for ever."`
}

// MaxMedia is the largest file taken from a provider, in bytes.
func (c Config) MaxMedia() int64 { return int64(c.MaxMediaMB) << 20 }

// AttachLimit is what is attached to one mail, in bytes.
func (c Config) AttachLimit() int64 { return int64(c.AttachLimitMB) << 20 }

// SMTPMax is the largest mail taken, in bytes.
func (c Config) SMTPMax() int64 { return int64(c.SMTPMaxMB) << 20 }

// ReplyFor is how long a reply address is valid.
func (c Config) ReplyFor() time.Duration { return time.Duration(c.ReplyDays) * 24 * time.Hour }

// MediaLinkFor is how long a link to a file is valid.
func (c Config) MediaLinkFor() time.Duration { return time.Duration(c.MediaLinkDays) * 24 * time.Hour }

// Location is the time zone of the times in mails. Load has checked it.
func (c Config) Location() *time.Location {
	l, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		return time.UTC
	}
	return l
}

// Level is LogLevel for slog.
func (c Config) Level() slog.Level {
	var l slog.Level
	_ = l.UnmarshalText([]byte(c.LogLevel))
	return l
}
