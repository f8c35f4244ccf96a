package config

import (
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"causeway/core"
)

// longestWord is how many characters a name may have.
const longestWord = 100

var (
	domainForm = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z0-9-]{2,63}$|^localhost$`)
	wordForm   = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._ -]*$`) // its length apart: counting these classes would take 2 MB
)

// check looks at the form of a value. Empty means not set, and is right. A value that may hold a password is never repeated.
func (k key) check(text string) *fault {
	if text == "" {
		return nil
	}
	switch k.kind {
	case "choice":
		if !slices.Contains(k.choices, text) {
			return faulty("Write one of: "+strings.Join(k.choices, ", ")+".", "%s cannot be %q.", k.name, text)
		}
	case "listen":
		return k.checkListen(text)
	case "url":
		return k.checkURL(text)
	case "domain":
		if !domainForm.MatchString(text) {
			return faulty("Write it like reply.example.com.", "%s is %q, which is not a domain name.", k.name, text)
		}
	case "address":
		if a, err := mail.ParseAddress(text); err != nil || a.Address != text {
			return faulty("Write it like notify@example.com.", "%s is %q, which is not a mail address.", k.name, text)
		}
	case "zone":
		if _, err := time.LoadLocation(text); err != nil {
			return faulty("Write it like Asia/Riyadh, or Local.", "%s is %q, and there is no such time zone.", k.name, text)
		}
	case "word":
		if !wordForm.MatchString(text) || utf8.RuneCountInString(text) > longestWord {
			return faulty("Use letters, digits, - and _.", "%s is %q.", k.name, text)
		}
	case "private":
		return k.checkPrivate(text)
	case "database":
		return k.checkScheme(text, "Write sqlite:PATH or postgres://user:password@host/name.", "sqlite:", "postgres://", "postgresql://")
	case "files":
		return k.checkScheme(text, "Write folder:PATH or s3://ACCESS-KEY:SECRET-KEY@host/bucket.", "folder:", "s3://", "s3+http://")
	case "relay":
		return k.checkScheme(text, "Write smtp://user:password@host:587 or smtps://user:password@host:465.", "smtp://", "smtps://")
	}
	return nil
}

func (k key) checkListen(text string) *fault {
	_, port, err := net.SplitHostPort(text)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n > 65535 {
		return faulty("Write it like "+k.standard+", or :8080 for all addresses of the machine.", "%s is %q, which is not an address with a port.", k.name, text)
	}
	return nil
}

func (k key) checkURL(text string) *fault {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return faulty("Write it like https://bridge.example.com.", "%s is %q, which is not an address of the web.", k.name, text)
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return faulty("Write it like https://bridge.example.com.", "%s has more than scheme, host and path.", k.name)
	}
	return nil
}

func (k key) checkPrivate(text string) *fault {
	if _, err := netip.ParsePrefix(text); err == nil {
		return nil
	}
	host, port, err := net.SplitHostPort(text)
	if _, bad := strconv.ParseUint(port, 10, 16); err != nil || host == "" || bad != nil {
		return faulty("Write it like 127.0.0.1:9000 or 10.1.0.0/16.", "%q in %s is neither host:port nor a network.", text, k.name)
	}
	return nil
}

func (k key) checkScheme(text, remedy string, schemes ...string) *fault {
	for _, s := range schemes {
		if rest, ok := strings.CutPrefix(text, s); ok && strings.Trim(rest, "/") != "" {
			return nil
		}
	}
	return faulty(remedy, "%s does not begin with %s.", k.name, strings.Join(schemes, " or "))
}

// Check looks at what the values mean together. Bad findings keep mail or webhooks from working, or let others in; serve may start with them, and
// says them. What is wrong with a single value has ended Load.
func (c Config) Check() []core.Finding {
	var all []core.Finding
	add := func(subject string, level core.HealthLevel, detail, remedy string) {
		all = append(all, core.Finding{Subject: subject, Level: level, Detail: detail, Remedy: remedy})
	}
	for _, k := range keys() {
		if f, ok := c.loose[k.name]; ok {
			all = append(all, f)
		}
	}
	if c.MailDomain == "" {
		add("mail_domain", core.HealthBad, "There is no mail domain, so that agents cannot answer by mail.", "Set mail_domain (CAUSEWAY_MAIL_DOMAIN) to a domain whose MX leads to this machine.")
	}
	if c.RelayURL.Empty() {
		add("relay_url", core.HealthBad, "There is no mail server for outgoing mail, so that agents get none.", "Set relay_url (CAUSEWAY_RELAY_URL) like smtp://user:password@mail.example.com:587.")
	}
	if sample(c.RelayURL.Reveal()) {
		add("relay_url", core.HealthBad, "The relay URL is the sample from the documentation.", "Put the host, user and password of your own mail server.")
	}
	if (c.SMTPTLS.CertFile == "") != (c.SMTPTLS.KeyFile == "") {
		add("smtp_tls", core.HealthBad, "Of smtp_tls only one of cert_file and key_file is set.", "Set both, or none.")
	}
	if (c.DKIM.Selector == "") != (c.DKIM.KeyFile == "") {
		add("dkim", core.HealthBad, "Of dkim only one of selector and key_file is set.", "Set both, or none.")
	}
	if c.SenderCheck == "trusted-relay-only" && len(c.TrustedRelays) == 0 {
		add("sender_check", core.HealthBad, "Only mails from trusted relays are taken, and there is none.", "Name your mail server's network in trusted_relays, or set sender_check to strict.")
	}
	return append(all, c.checkPrivacy()...)
}

// sample reports whether a relay URL is one of the documentation.
func sample(relay string) bool {
	u, err := url.Parse(relay)
	if err != nil {
		return false
	}
	host := u.Hostname()
	return host == "example.com" || strings.HasSuffix(host, ".example.com") || host == "host"
}

func (c Config) checkPrivacy() []core.Finding {
	var all []core.Finding
	if host, _, err := net.SplitHostPort(c.PrivateListen); err == nil {
		if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
			all = append(all, core.Finding{Subject: "private_listen", Level: core.HealthWarning, Detail: "Metrics and health are served on every address of this machine.",
				Remedy: "Set private_listen to 127.0.0.1:9090 unless a firewall keeps the port private."})
		}
	}
	for _, p := range c.TrustedRelays {
		if p.Bits() == 0 {
			all = append(all, core.Finding{Subject: "trusted_relays", Level: core.HealthBad, Detail: "Every machine in the world is a trusted relay: anybody can write as an agent.",
				Remedy: "Name only your own mail servers in trusted_relays."})
		}
	}
	return all
}
