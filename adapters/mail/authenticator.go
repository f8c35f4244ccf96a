package mail

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"causeway/core/forward"

	"blitiri.com.ar/go/spf"
	"golang.org/x/net/publicsuffix"
)

// AuthenticatorOptions configure an Authenticator. The zero value trusts nobody and asks DNS.
type AuthenticatorOptions struct {
	// TrustedRelays are addresses whose mail is believed as it is: the company's own server, which checks its senders itself.
	TrustedRelays []netip.Prefix
	// AuthservID is the name under which a server of ours writes Authentication-Results. Empty: such fields are not looked at.
	AuthservID string
	// ResultsFrom are the addresses from which that server hands mail to us; a field in mail from elsewhere is the sender's invention. Mail
	// that came through no connection (fetched from a mailbox) is believed, since the mailbox's server wrote the topmost field.
	ResultsFrom []netip.Prefix
	Resolver    spf.DNSResolver // default net.DefaultResolver
	Timeout     time.Duration   // for one mail, DNS included; default 5 s
}

// Authenticator finds out whether a mail comes from the domain that its From names. It is safe for concurrent use.
type Authenticator struct{ opts AuthenticatorOptions }

var _ forward.Authenticator = (*Authenticator)(nil)

// NewAuthenticator fills the options' defaults.
func NewAuthenticator(opts AuthenticatorOptions) *Authenticator {
	if opts.Resolver == nil {
		opts.Resolver = net.DefaultResolver
	}
	if opts.Timeout <= 0 {
		opts.Timeout = 5 * time.Second
	}
	return &Authenticator{opts}
}

// Authenticate tries what is cheap first: a trusted relay, a login, a trusted server's results, then DKIM, then SPF. A mail whose header holds
// anything but one From with one address, the given one, is never aligned, whatever else passes: a second From is how signed mail is forged.
func (a *Authenticator) Authenticate(ctx context.Context, env forward.Envelope, from string, raw []byte) forward.Proof {
	ctx, cancel := context.WithTimeout(ctx, a.opts.Timeout)
	defer cancel()
	domain, why := soleSender(raw, from)
	if why != "" {
		return forward.Proof{Detail: why}
	}
	var unclear bool
	c := check{Authenticator: a, env: env, from: from, domain: domain, raw: raw, unclear: &unclear}
	var tried []string
	for _, method := range []func(context.Context) (string, string){c.relay, c.login, c.results, c.dkim, c.spf} {
		passed, detail := method(ctx)
		if detail != "" {
			tried = append(tried, detail)
		}
		if passed != "" {
			return forward.Proof{Aligned: true, Method: passed, Detail: strings.Join(tried, "; ")}
		}
	}
	return forward.Proof{Detail: strings.Join(tried, "; "), Temporary: unclear}
}

// check is one mail under examination. Its methods return the method that passed, or "", and what to log.
type check struct {
	*Authenticator
	env    forward.Envelope
	from   string
	domain string
	raw    []byte

	unclear *bool // set where DNS did not answer
}

func (c check) relay(context.Context) (string, string) {
	if c.env.Remote.IsValid() && within(c.opts.TrustedRelays, c.env.Remote.Unmap()) {
		return "relay", fmt.Sprintf("%s is a trusted relay", c.env.Remote)
	}
	return "", ""
}

func (c check) login(context.Context) (string, string) {
	switch {
	case c.env.User == "":
		return "", ""
	case strings.EqualFold(c.env.User, c.from):
		return "login", "logged in as " + c.env.User
	}
	return "", fmt.Sprintf("login: %s is not %s", c.env.User, c.from)
}

// soleSender makes sure that every reader of the mail sees the same one sender: our tolerant parser, and a strict one that reads the header
// as DKIM does. It returns the sender's domain.
func soleSender(raw []byte, from string) (domain, why string) {
	strict := strictFrom(raw)
	if len(strict) != 1 {
		return "", fmt.Sprintf("from: %d From fields", len(strict))
	}
	header, _, err := scanHeader(front(raw), false, nil)
	if err != nil {
		return "", "from: the header cannot be read"
	}
	tolerant := header.all("From")
	if len(tolerant) != 1 {
		return "", fmt.Sprintf("from: %d From fields", len(tolerant))
	}
	for _, value := range []string{strict[0], tolerant[0]} {
		list := parseAddresses(value)
		if len(list) != 1 {
			return "", fmt.Sprintf("from: %d addresses", len(list))
		}
		if !strings.EqualFold(list[0].Address, from) {
			return "", fmt.Sprintf("from: the mail says %q, not %q", list[0].Address, from)
		}
	}
	i := strings.LastIndexByte(from, '@')
	if i <= 0 || i == len(from)-1 {
		return "", fmt.Sprintf("from: %q has no domain", from)
	}
	return asciiDomain(from[i+1:]), ""
}

// strictFrom reads the header line by line as the DKIM library does: the first line begins a field even if it is indented, blanks around a
// name do not count.
func strictFrom(raw []byte) []string {
	var out []string
	in := false
	for pos := 0; pos < len(raw); {
		next := lineEnd(raw, pos)
		line := trimEOL(raw[pos:next])
		if len(line) == 0 {
			break
		}
		if pos > 0 && (line[0] == ' ' || line[0] == '\t') {
			if in {
				out[len(out)-1] += " " + string(bytes.TrimSpace(line))
			}
			pos = next
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if in = bytes.EqualFold(bytes.TrimSpace(name), []byte("from")); in {
			out = append(out, string(bytes.TrimSpace(value)))
		}
		pos = next
	}
	return out
}

// aligned is DMARC's relaxed alignment: both domains belong to one organization, by the public suffix list.
func aligned(a, b string) bool {
	a, b = asciiDomain(a), asciiDomain(b)
	if a == "" || b == "" {
		return false
	}
	if a == b {
		return true
	}
	orgA, errA := publicsuffix.EffectiveTLDPlusOne(a)
	orgB, errB := publicsuffix.EffectiveTLDPlusOne(b)
	return errA == nil && errB == nil && orgA == orgB
}
