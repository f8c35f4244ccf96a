package twilio

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // as Twilio signs
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"

	"causeway/bridges/sms"
	"causeway/core"
)

const (
	signHeader = "X-Twilio-Signature"
	bodyHash   = "bodySHA256"
)

// authentic checks where a call comes from, before anything of it is believed. Twilio signs the address and the parameters of a form, or the
// address alone, which then holds a hash of the body.
func authentic(r core.WebhookRequest, tokens ...core.Secret) bool {
	all := r.Header.Values(signHeader)
	if len(all) != 1 || all[0] == "" {
		return false
	}
	given, err := base64.StdEncoding.DecodeString(all[0])
	if err != nil {
		return false
	}
	params := ""
	switch hashes := r.Query[bodyHash]; {
	case len(hashes) > 1 || len(hashes) == 1 && !hashed(r.Body, hashes[0]):
		return false
	case len(hashes) == 0 && len(r.Body) > 0:
		if r.Method != http.MethodPost || aJSON(r.Body) || sms.TooManyFields(r.Body) {
			return false // nothing that was signed speaks of such a body
		}
		params = joined(sms.Form(string(r.Body)))
	}
	for _, token := range tokens {
		for _, address := range addresses(r.URL) {
			if !token.Empty() && hmac.Equal(given, sum(address+params, token)) {
				return true
			}
		}
	}
	return false
}

func hashed(body []byte, want string) bool {
	h := sha256.Sum256(body)
	return hmac.Equal([]byte(hex.EncodeToString(h[:])), []byte(strings.ToLower(want)))
}

func sum(text string, token core.Secret) []byte {
	m := hmac.New(sha1.New, []byte(token.Reveal()))
	_, _ = m.Write([]byte(text)) // a hash never fails
	return m.Sum(nil)
}

// joined writes parameters as they are signed: by name in the order of bytes, each with its values, sorted, none twice.
func joined(params map[string][]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(params)) {
		values := slices.Clone(params[name])
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			b.WriteString(name + v)
		}
	}
	return b.String()
}

// addresses are the ways in which Twilio may have written the address that it called: without its fragment, with and without the port.
func addresses(url string) []string {
	url, _, _ = strings.Cut(url, "#")
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return []string{url}
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, tail := rest[:end], rest[end:]
	bare := host
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexAny(host, "@]") {
		bare = host[:i]
	}
	port := ":443"
	if scheme == "http" {
		port = ":80"
	}
	all := []string{scheme + "://" + bare + tail, scheme + "://" + bare + port + tail}
	if host != bare && host != bare+port {
		all = append(all, url)
	}
	return all
}
