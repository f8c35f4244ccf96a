package outhttp

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"causeway/core"
)

const (
	hidden   = "[secret]"
	shortest = 4 // a shorter secret would shred the text, and hides nothing
)

// secretNames are the keys whose values are hidden wherever they stand: in a query, a form or JSON.
const secretNames = `access_?token|refresh_?token|id_?token|auth_?token|bearer_?token|bot_?token|verify_?token|token|input_?token|fb_exchange_?token|` +
	`hub\.verify_token|client_?secret|app_?secret|appsecret_?proof|secret|secret_?token|pass|passwd|password|api_?key|private_?key|authorization|` +
	`signature|sig|x-amz-signature|x-amz-credential|x-amz-security-token|pin|otp`

// queryNames are hidden in URLs and forms only: in JSON they mean something harmless.
const queryNames = secretNames + `|code|state|hash|oh|key`

var (
	inQuery = regexp.MustCompile(`(?i)((?:^|[?&;\s])(?:` + queryNames + `)=)[^&\s"'<>]+`)
	inJSON  = regexp.MustCompile(`(?i)("(?:` + secretNames + `)"\s*:\s*")(?:[^"\\]|\\.)*\\?`)
	inXML   = regexp.MustCompile(`(?i)(<(?:` + secretNames + `)>)[^<]+`)
	bearer  = regexp.MustCompile(`(?i)\b(bearer|basic|oauth)\s+[A-Za-z0-9._~+/=|-]{8,}`)
	botPath = regexp.MustCompile(`/bot\d+:[\w-]+`)
	userIn  = regexp.MustCompile(`://[^/@\s"']+@`)
)

// redactor takes secrets out of what goes into the channel log.
type redactor struct{ values func() []string } // a function does not print

// newRedactor knows the secrets in the ways in which they get written: as they are, and as URL, JSON and base64 write them.
func newRedactor(secrets []core.Secret) redactor {
	var all []string
	for _, s := range secrets {
		v := s.Reveal()
		if len(v) < shortest {
			continue
		}
		quoted, _ := json.Marshal(v)
		all = append(all, v, url.QueryEscape(v), url.PathEscape(v), strings.Trim(string(quoted), `"`),
			base64.StdEncoding.EncodeToString([]byte(v)), base64.RawURLEncoding.EncodeToString([]byte(v)))
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) }) // a secret may be part of another
	all = slices.Compact(all)
	return redactor{func() []string { return all }}
}

// text returns s without secrets. Cut says that s is the beginning of something longer: a secret may then have lost its end.
func (r redactor) text(s string, cut bool) string {
	if cut {
		s = r.trimTorn(s)
	}
	for _, v := range r.values() {
		s = strings.ReplaceAll(s, v, hidden)
	}
	s = inQuery.ReplaceAllString(s, "${1}"+hidden)
	s = inJSON.ReplaceAllString(s, "${1}"+hidden)
	s = inXML.ReplaceAllString(s, "${1}"+hidden)
	s = bearer.ReplaceAllString(s, "$1 "+hidden)
	s = botPath.ReplaceAllString(s, "/bot"+hidden)
	return userIn.ReplaceAllString(s, "://"+hidden+"@")
}

// trimTorn drops an end that is the beginning of a secret.
func (r redactor) trimTorn(s string) string {
	for _, v := range r.values() {
		for n := min(len(v)-1, len(s)); n > 0; n-- {
			if strings.HasSuffix(s, v[:n]) {
				s = s[:len(s)-n]
				break
			}
		}
	}
	return s
}

// url returns the address without secrets.
func (r redactor) url(u *url.URL) string {
	clean := *u
	if clean.User != nil {
		clean.User = url.User("secret")
	}
	return r.text(clean.String(), false)
}
