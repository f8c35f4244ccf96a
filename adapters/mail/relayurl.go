package mail

import (
	"net"
	"net/url"
	"strings"

	"causeway/core"
)

// tlsMode is how a connection to the relay is encrypted.
type tlsMode string

const (
	tlsNone     tlsMode = "none"
	tlsStart    tlsMode = "starttls"
	tlsImplicit tlsMode = "implicit"
)

// target is where and how a relay is reached.
type target struct {
	host string
	port string
	tls  tlsMode
	user string
	pass core.Secret
}

func (t target) address() string { return net.JoinHostPort(t.host, t.port) }

// parseRelay reads smtp://user:pass@host:port?tls=…. Its errors never repeat the URL, which holds a password.
func parseRelay(secret core.Secret) (target, error) {
	u, err := url.Parse(secret.Reveal())
	if err != nil {
		return target{}, badRelay("cannot be read. Write it as smtp://user:password@host:587, with %2F for a slash, %40 for an @ and so on in the password")
	}
	t := target{host: u.Hostname(), port: u.Port(), user: u.User.Username()}
	pass, _ := u.User.Password()
	t.pass = core.NewSecret(pass)
	switch {
	case u.Scheme != "smtp" && u.Scheme != "smtps":
		return target{}, badRelay("must begin with smtp:// or smtps://")
	case t.host == "":
		return target{}, badRelay("names no host")
	case strings.Trim(u.Path, "/") != "" || u.Fragment != "":
		return target{}, badRelay("has something after the host. If that is part of the password, write %2F for a slash and %23 for a #")
	case strings.ContainsAny(t.user+pass, "\r\n\x00"):
		return target{}, badRelay("holds a line break in the user or the password")
	}
	if t.tls, err = relayTLS(u, t.host); err != nil {
		return target{}, err
	}
	if t.port == "" {
		t.port = map[tlsMode]string{tlsImplicit: "465", tlsStart: "587", tlsNone: "25"}[t.tls]
	}
	return t, nil
}

// relayTLS takes ?tls= at its word. Without it smtps is encrypted from the start and smtp by STARTTLS, except to this machine.
func relayTLS(u *url.URL, host string) (tlsMode, error) {
	switch mode := tlsMode(u.Query().Get("tls")); mode {
	case tlsNone, tlsStart, tlsImplicit:
		return mode, nil
	case "":
	default:
		return "", badRelay("has an unknown tls=. Known are none, starttls and implicit")
	}
	switch {
	case u.Scheme == "smtps":
		return tlsImplicit, nil
	case core.Loopback(host):
		return tlsNone, nil
	}
	return tlsStart, nil
}

func badRelay(what string) error {
	p := core.Problemf(core.CodeInvalid, "The relay URL %s.", what)
	p.Field = "relay_url"
	return p
}
