package x

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // what OAuth 1.0a signs with
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// authorize signs a request as OAuth 1.0a demands (RFC 5849). Of its body nothing is signed: it is JSON, or a file.
func (c conf) authorize(req *http.Request, now time.Time) {
	c.sign(req, now, rand.Text())
}

func (c conf) sign(req *http.Request, now time.Time, nonce string) {
	said := url.Values{"oauth_consumer_key": {c.key}, "oauth_nonce": {nonce}, "oauth_signature_method": {"HMAC-SHA1"},
		"oauth_timestamp": {strconv.FormatInt(now.Unix(), 10)}, "oauth_token": {c.token.Reveal()}, "oauth_version": {"1.0"}}
	m := hmac.New(sha1.New, []byte(escape(c.secret.Reveal())+"&"+escape(c.tokenSecret.Reveal())))
	_, _ = m.Write([]byte(signed(req, said)))
	said.Set("oauth_signature", base64.StdEncoding.EncodeToString(m.Sum(nil)))
	var fields []string
	for name := range said {
		fields = append(fields, fmt.Sprintf("%s=%q", name, escape(said.Get(name))))
	}
	slices.Sort(fields)
	req.Header.Set("Authorization", "OAuth "+strings.Join(fields, ", "))
}

// signed is the text that is signed: the method, the address, and all parameters in the order of their names.
func signed(req *http.Request, said url.Values) string {
	var pairs []string
	for _, values := range []url.Values{said, req.URL.Query()} {
		for name, all := range values {
			for _, v := range all {
				pairs = append(pairs, escape(name)+"="+escape(v))
			}
		}
	}
	slices.Sort(pairs)
	address := strings.ToLower(req.URL.Scheme) + "://" + strings.ToLower(req.URL.Host) + req.URL.EscapedPath()
	return req.Method + "&" + escape(address) + "&" + escape(strings.Join(pairs, "&"))
}

// escape is percent encoding as OAuth wants it: a space is %20.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
