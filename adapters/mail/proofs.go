package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-msgauth/authres"
	"github.com/emersion/go-msgauth/dkim"

	"blitiri.com.ar/go/spf"
	"golang.org/x/net/idna"
)

// maxSignatures bounds what a mail can make us verify and look up.
const maxSignatures = 5

// dkim looks for a valid signature of the sender's organization.
func (c check) dkim(ctx context.Context) (string, string) {
	lookup := func(name string) ([]string, error) { return c.opts.Resolver.LookupTXT(ctx, name) }
	verified, err := dkim.VerifyWithOptions(bytes.NewReader(crlf(c.raw)), &dkim.VerifyOptions{LookupTXT: lookup, MaxVerifications: maxSignatures})
	if err != nil && !errors.Is(err, dkim.ErrTooManySignatures) {
		return "", "dkim: " + err.Error()
	}
	if len(verified) == 0 {
		return "", "dkim: not signed"
	}
	var tried []string
	for _, v := range verified {
		switch {
		case v.Err != nil:
			*c.unclear = *c.unclear || dkim.IsTempFail(v.Err)
			tried = append(tried, fmt.Sprintf("dkim: %s: %v", v.Domain, v.Err))
		case !aligned(v.Domain, c.domain):
			tried = append(tried, fmt.Sprintf("dkim: %s passes but is not %s", v.Domain, c.domain))
		default:
			return "dkim", fmt.Sprintf("dkim: %s passes", v.Domain)
		}
	}
	return "", strings.Join(tried, "; ")
}

// crlf gives a mail that was stored with bare line feeds the line ends under which it was signed.
func crlf(raw []byte) []byte {
	if bytes.Contains(raw, []byte("\r\n")) {
		return raw
	}
	return bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
}

// spf checks the server that connected against the return path's domain or, for the null sender, the name it gave.
func (c check) spf(ctx context.Context) (string, string) {
	if !c.env.Remote.IsValid() {
		return "", ""
	}
	domain := c.env.Helo
	if i := strings.LastIndexByte(c.env.From, '@'); i >= 0 {
		domain = c.env.From[i+1:]
	}
	if !aligned(domain, c.domain) {
		return "", fmt.Sprintf("spf: %s is not %s", domain, c.domain)
	}
	result, err := spf.CheckHostWithSender(c.env.Remote.Unmap().AsSlice(), c.env.Helo, c.env.From, spf.WithContext(ctx), spf.WithResolver(c.opts.Resolver))
	if result == spf.Pass {
		return "spf", fmt.Sprintf("spf: %s passes for %s", c.env.Remote, domain)
	}
	*c.unclear = *c.unclear || result == spf.TempError
	return "", fmt.Sprintf("spf: %s for %s from %s: %v", result, domain, c.env.Remote, err)
}

// results reads the topmost Authentication-Results, if it is our server's and came the way on which nobody else can have written it.
func (c check) results(context.Context) (string, string) {
	if c.opts.AuthservID == "" || c.env.Remote.IsValid() && !within(c.opts.ResultsFrom, c.env.Remote.Unmap()) {
		return "", ""
	}
	header, _, err := scanHeader(front(c.raw), false, nil)
	if err != nil {
		return "", ""
	}
	value, ok := bareResults(header.get("Authentication-Results"))
	id, list, err := authres.Parse(value)
	if !ok || err != nil || !strings.EqualFold(id, c.opts.AuthservID) {
		return "", "results: none of " + c.opts.AuthservID
	}
	for _, one := range list {
		if method := c.believed(one); method != "" {
			return method, fmt.Sprintf("results: %s passes according to %s", method, id)
		}
	}
	return "", "results: nothing aligned passes according to " + id
}

// bareResults removes comments and quoted strings, which repeat what the sender chose and which the parser does not know: a semicolon in
// there would otherwise begin a result of the sender's own making. It refuses a value whose brackets or quotes do not end.
func bareResults(value string) (string, bool) {
	var out strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\' && (quoted || depth > 0):
			i++
		case c == '"' && depth == 0:
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth < 0 {
				return "", false
			}
		case depth == 0:
			out.WriteByte(c)
		}
	}
	return out.String(), depth == 0 && !quoted
}

// believed returns the method of a result that passes for the sender's domain.
func (c check) believed(result authres.Result) string {
	switch r := result.(type) {
	case *authres.DMARCResult:
		if r.Value == authres.ResultPass && asciiDomain(r.From) == c.domain {
			return "dmarc"
		}
	case *authres.DKIMResult:
		domain := r.Domain
		if domain == "" {
			domain = domainOf(r.Identifier)
		}
		if r.Value == authres.ResultPass && aligned(domain, c.domain) {
			return "dkim"
		}
	case *authres.SPFResult:
		if r.Value == authres.ResultPass && aligned(domainOf(r.From), c.domain) {
			return "spf"
		}
	}
	return ""
}

// domainOf takes an address or a bare domain.
func domainOf(s string) string { return s[strings.LastIndexByte(s, '@')+1:] }

// asciiDomain is the form in which domains are compared.
func asciiDomain(s string) string {
	s = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(s), "."))
	if a, err := idna.Lookup.ToASCII(s); err == nil {
		return a
	}
	return s
}
