package mail

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"

	"causeway/core"

	"github.com/emersion/go-smtp"
)

// Check connects, encrypts and logs in as Send does, sends nothing, and says in words what is wrong.
func (r *Relay) Check(ctx context.Context) core.Finding {
	f := core.Finding{Subject: "mail relay", Level: core.HealthBad}
	c, err := r.connect(ctx)
	if err != nil {
		f.Detail, f.Remedy = r.explain(err)
		return f
	}
	defer c.quit()
	f.Level = core.HealthGood
	f.Detail = fmt.Sprintf("%s takes our mail%s.", r.to.host, r.manner(c))
	if r.to.tls == tlsNone && !core.Loopback(r.to.host) {
		f.Level = core.HealthWarning
		f.Remedy = "Mail and password go over the network unencrypted: take ?tls=none out of the relay URL if the server can do TLS."
	}
	return f
}

func (r *Relay) manner(c *relayConn) string {
	how := ", without encryption"
	if _, ok := c.client.TLSConnectionState(); ok {
		how = ", encrypted"
	}
	if r.to.user != "" {
		how += ", logged in as " + r.to.user
	}
	return how
}

// explain says what went wrong and what to do about it.
func (r *Relay) explain(err error) (detail, remedy string) {
	switch {
	case atStage(err, stageDial):
		return r.explainDial(err)
	case errors.Is(err, errNoSTARTTLS):
		return fmt.Sprintf("%s does not offer encryption (STARTTLS) on port %s.", r.to.host, r.to.port),
			"Use smtps:// if its port is 465, or add ?tls=none to the relay URL if the network in between is your own."
	case atStage(err, stageTLS):
		return r.explainTLS(err)
	case errors.Is(err, errNoLogin):
		return fmt.Sprintf("%s offers no login that we know (PLAIN or LOGIN).", r.to.host),
			"Take user and password out of the relay URL, or use the port for submission, mostly 587 or 465."
	case atStage(err, stageLogin):
		return r.explainLogin(err)
	}
	return fmt.Sprintf("%s did not greet us as a mail server does: %s.", r.to.host, r.scrub(err.Error())), "Check host and port of the relay URL."
}

func (r *Relay) explainDial(err error) (detail, remedy string) {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return fmt.Sprintf("There is no host called %s.", r.to.host), "Check the host name of the relay URL and this machine's DNS."
	}
	return fmt.Sprintf("%s does not answer on port %s: %v.", r.to.host, r.to.port, errors.Unwrap(err)),
		"Check host and port of the relay URL, and whether a firewall or the hosting provider blocks outgoing mail."
}

func (r *Relay) explainTLS(err error) (detail, remedy string) {
	var name x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &name):
		return fmt.Sprintf("The certificate of %s is for another name.", r.to.host), "Put the name that the certificate carries into the relay URL."
	case errors.As(err, &unknown):
		return fmt.Sprintf("The certificate of %s is from an issuer that this machine does not trust.", r.to.host),
			"Install the issuer's certificate on this machine, or have the server use a public one."
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("The certificate of %s has expired, or this machine's clock is wrong.", r.to.host), "Renew the certificate or set the clock."
	}
	return fmt.Sprintf("No encrypted connection to %s on port %s came about: %s.", r.to.host, r.to.port, r.scrub(err.Error())),
		"Use smtps:// with port 465 and smtp:// with port 587."
}

func (r *Relay) explainLogin(err error) (detail, remedy string) {
	var reply *smtp.SMTPError
	if errors.As(err, &reply) && !reply.Temporary() {
		return fmt.Sprintf("%s refused the password for %s: %d %s.", r.to.host, r.to.user, reply.Code, r.scrub(reply.Message)),
			"Check user and password of the relay URL; many providers want an app password here."
	}
	return fmt.Sprintf("%s could not check the login of %s: %s.", r.to.host, r.to.user, r.scrub(err.Error())), "Try again in a few minutes."
}
