package carrier

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // some providers sign by it
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/bridges/sms"
	"causeway/core"
)

// sign says how a call proves that it comes from the provider.
type sign struct {
	Kind     string `json:"kind"`     // none, query, header, basic, hmac, digest, jwt, ed25519 (the secret is the provider's public key, in base64 or hex)
	At       string `json:"at"`       // where the token or signature is: query.NAME, header.NAME or, in a form, body.NAME
	Prefix   string `json:"prefix"`   // before it, such as "sha256="
	Pattern  string `json:"pattern"`  // where more stands there: a regular expression whose group sign is the signature, and its group time, if any, the call's time
	Secret   string `json:"secret"`   // default: {webhook_secret}
	User     string `json:"user"`     // of basic; default: {username}
	Hash     string `json:"hash"`     // sha256 (default), sha1, sha512, md5
	Encoding string `json:"encoding"` // of the signature: hex (default), base64
	Over     string `json:"over"`     // what is signed; default: {body}. Names: body, url, address (the URL without query), params, secret, time (of the pattern), query.NAME, header.NAME, body.NAME of a form
	Within   string `json:"within"`   // how old a call may be, by the time at Time
	Time     string `json:"time"`     // query.NAME, header.NAME, or time for the pattern's: seconds or milliseconds since 1970

	Claims map[string]string `json:"claims"` // of jwt: what a claim, if there is one, must be

	within  time.Duration
	pattern *regexp.Regexp
}

const (
	signNone   = "none"
	signQuery  = "query"
	signHeader = "header"
	signBasic  = "basic"
	signHMAC   = "hmac"
	signDigest = "digest"
	signJWT    = "jwt"
	signEd     = "ed25519"
)

// overName reports whether a name can be used in what is signed.
func overName(name string) bool {
	switch name {
	case "body", "url", "address", "params", "secret", "time":
		return true
	}
	source, rest, _ := strings.Cut(name, ".")
	return (source == "query" || source == "header" || source == "body") && rest != "" || strings.HasPrefix(name, "extra.")
}

func (s *sign) prepare() error {
	defaults := map[*string]string{&s.Secret: "{" + keyWebhookSecret + "}", &s.User: "{" + keyUser + "}", &s.Hash: "sha256", &s.Encoding: "hex", &s.Over: "{body}"}
	for field, usual := range defaults {
		if *field == "" {
			*field = usual
		}
	}
	if s.Kind == signQuery && s.At == "" {
		s.At = "query.token"
	}
	if (s.Kind == signJWT || s.Kind == signHeader) && s.At == "" {
		s.At, s.Prefix = "header.Authorization", "Bearer "
	}
	if err := errors.Join(oneOf("sign.kind", s.Kind, signNone, signQuery, signHeader, signBasic, signHMAC, signDigest, signJWT, signEd), oneOf("sign.hash", s.Hash, "sha256", "sha1", "sha512", "md5"),
		oneOf("sign.encoding", s.Encoding, "hex", "base64")); err != nil {
		return err
	}
	source, name, _ := strings.Cut(s.At, ".")
	switch {
	case s.Kind != signNone && s.Kind != signBasic && (name == "" || source != "query" && source != "header" && source != "body"):
		return errors.New("sign.at must say where the signature is, as query.NAME, header.NAME or body.NAME")
	case s.Kind == signQuery && source != "query" || s.Kind == signHeader && source != "header":
		return fmt.Errorf("sign.at is not in the %s", s.Kind)
	}
	return s.prepareRest()
}

func (s *sign) prepareRest() error {
	if s.Pattern != "" {
		var err error
		if s.pattern, err = regexp.Compile(s.Pattern); err != nil || s.pattern.SubexpIndex("sign") < 0 {
			return errors.New("sign.pattern must be a regular expression with a group of the name sign, such as v1=(?P<sign>[0-9a-f]+)")
		}
	}
	for where, t := range map[string]string{"sign.secret": s.Secret, "sign.user": s.User} {
		if _, err := parse(t, sendName); err != nil {
			return fmt.Errorf("%s %w", where, err)
		}
	}
	for where, t := range s.Claims {
		if _, err := parse(t, overName); err != nil {
			return fmt.Errorf("sign.claims.%s %w", where, err)
		}
	}
	if _, err := parse(s.Over, overName); err != nil {
		return fmt.Errorf("sign.over %w", err)
	}
	if s.Kind == signDigest && !strings.Contains(s.Over, "{secret") {
		return errors.New("sign.over of a digest must hold {secret}: without it anybody can make one")
	}
	if s.Within != "" {
		var err error
		if s.within, err = time.ParseDuration(s.Within); err != nil || s.within <= 0 || s.Time == "" {
			return errors.New("sign.within is a time such as 5m, and sign.time says where the call's own is")
		}
	}
	return nil
}

// authentic checks a call before anything of it is believed.
func (l *link) authentic(r core.WebhookRequest) bool {
	s := l.def.Sign
	secret := mustFill(s.Secret, l.setting)
	switch s.Kind {
	case signNone:
		return true
	case signBasic:
		user, password, ok := (&http.Request{Header: r.Header}).BasicAuth()
		same := core.NewSecret(mustFill(s.User, l.setting)).Same(user)
		return core.NewSecret(secret).Same(password) && same && ok
	}
	if s.ofFields() && sms.TooManyFields(r.Body) {
		return false
	}
	given, ok := s.given(r)
	if !ok || secret == "" || s.within > 0 && !l.fresh(r) {
		return false
	}
	switch s.Kind {
	case signQuery, signHeader:
		return core.NewSecret(secret).Same(given)
	case signJWT:
		return l.token(r, given, secret)
	case signEd:
		return s.signedBy(given, mustOver(s.Over, l.over(r, secret)), secret)
	}
	return s.matches(given, mustOver(s.Over, l.over(r, secret)), secret)
}

// ofFields reports whether a form must be taken apart to check a call.
func (s sign) ofFields() bool {
	return strings.HasPrefix(s.At, "body.") || strings.Contains(s.Over, "{params") || strings.Contains(s.Over, "{body.")
}

// given is the signature that a call carries: exactly one.
func (s sign) given(r core.WebhookRequest) (string, bool) {
	source, name, _ := strings.Cut(s.At, ".")
	var all []string
	switch source {
	case "query":
		all = r.Query[name]
	case "header":
		all = r.Header.Values(name)
	case "body":
		all = leaves(walk(fromForm(string(r.Body), r.Query), []string{name}))
	}
	if len(all) != 1 || !strings.HasPrefix(all[0], s.Prefix) || all[0] == s.Prefix {
		return "", false
	}
	if s.pattern != nil {
		return s.found(all[0], "sign"), s.found(all[0], "time") != "" || s.pattern.SubexpIndex("time") < 0
	}
	return all[0][len(s.Prefix):], true
}

// found is a group of the pattern in what a call carries, "" if it does not fit.
func (s sign) found(given, group string) string {
	m, i := s.pattern.FindStringSubmatch(given), s.pattern.SubexpIndex(group)
	if m == nil || i < 0 {
		return ""
	}
	return m[i]
}

// signedBy checks a signature by a public key.
func (s sign) signedBy(given, over, public string) bool {
	key, err := keyBytes(public)
	sig, err2 := base64.StdEncoding.DecodeString(given)
	if s.Encoding == "hex" {
		sig, err2 = hex.DecodeString(given)
	}
	return err == nil && err2 == nil && len(key) == ed25519.PublicKeySize && ed25519.Verify(key, []byte(over), sig)
}

// keyBytes reads a key in hex or base64.
func keyBytes(s string) ([]byte, error) {
	if len(s) == 2*ed25519.PublicKeySize {
		return hex.DecodeString(s)
	}
	return base64.StdEncoding.DecodeString(s)
}

func (s sign) matches(given, over, secret string) bool {
	var sum hash.Hash
	if sum = hasher(s.Hash)(); s.Kind == signHMAC {
		sum = hmac.New(hasher(s.Hash), []byte(secret))
	}
	_, _ = sum.Write([]byte(over)) // a hash never fails
	var got []byte
	var err error
	if s.Encoding == "base64" {
		got, err = base64.StdEncoding.DecodeString(given)
	} else {
		got, err = hex.DecodeString(given)
	}
	return err == nil && hmac.Equal(got, sum.Sum(nil))
}

func hasher(name string) func() hash.Hash {
	switch name {
	case "sha1":
		return sha1.New
	case "sha512":
		return sha512.New
	case "md5":
		return md5.New
	}
	return sha256.New
}

func mustOver(s string, v vars) string {
	t, err := parse(s, overName)
	if err != nil {
		return "" // prepare refused it
	}
	return t.fill(v)
}

// over gives the values that a signature may cover.
func (l *link) over(r core.WebhookRequest, secret string) vars {
	return func(name string) string {
		switch name {
		case "body":
			return string(r.Body)
		case "url":
			return r.URL
		case "address":
			address, _, _ := strings.Cut(r.URL, "?")
			return address
		case "secret":
			return secret
		case "params":
			return l.def.Sign.params(r)
		case "time":
			return l.def.Sign.told(r)
		}
		source, rest, _ := strings.Cut(name, ".")
		switch source {
		case "query":
			return r.Query.Get(rest)
		case "header":
			return r.Header.Get(rest)
		case "body":
			return strings.Join(leaves(walk(fromForm(string(r.Body), r.Query), []string{rest})), "")
		}
		return l.setting(name)
	}
}

// told is the call's own time, where it stands beside the signature.
func (s sign) told(r core.WebhookRequest) string {
	_, name, _ := strings.Cut(s.At, ".")
	if s.pattern == nil {
		return ""
	}
	return s.found(r.Header.Get(name)+r.Query.Get(name), "time")
}

// params writes the fields of a form, or of the query, sorted by name, each as &name=value, without the signature; & and = within a value
// become underscores.
func (s sign) params(r core.WebhookRequest) string {
	all := fromForm(string(r.Body), r.Query)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if name == s.At[strings.IndexByte(s.At, '.')+1:] {
			continue
		}
		for _, v := range leaves([]any{all[name]}) {
			b.WriteString("&" + name + "=" + strings.NewReplacer("&", "_", "=", "_").Replace(v))
		}
	}
	return b.String()
}

// fresh reports whether a call's own time is near ours. The time must be among what is signed to mean anything.
func (l *link) fresh(r core.WebhookRequest) bool {
	seconds, err := strconv.ParseInt(l.over(r, "")(l.def.Sign.Time), 10, 64)
	at := time.Unix(seconds, 0)
	if seconds > 1e11 {
		at = time.UnixMilli(seconds)
	}
	return err == nil && l.host.Now().Sub(at).Abs() <= l.def.Sign.within
}

// token checks a JSON web token: signed with the secret by HMAC-SHA256, valid now, and with the claims that the definition asks for.
func (l *link) token(r core.WebhookRequest, given, secret string) bool {
	part := strings.Split(given, ".")
	if len(part) != 3 {
		return false
	}
	m := hmac.New(sha256.New, []byte(secret))
	_, _ = m.Write([]byte(part[0] + "." + part[1])) // a hash never fails
	sum, err := base64.RawURLEncoding.DecodeString(part[2])
	if err != nil || !hmac.Equal(sum, m.Sum(nil)) {
		return false
	}
	var head struct {
		Algorithm string `json:"alg"`
	}
	claims := map[string]any{}
	if !unpacked(part[0], &head) || head.Algorithm != "HS256" || !unpacked(part[1], &claims) {
		return false
	}
	return l.inTime(claims) && l.claimed(r, claims, secret)
}

func unpacked(part string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(raw, into) == nil
}

const leeway = time.Minute

func (l *link) inTime(claims map[string]any) bool {
	now := l.host.Now()
	at := func(name string) (time.Time, bool) {
		seconds, ok := claims[name].(float64)
		return time.Unix(int64(seconds), 0), ok
	}
	if until, ok := at("exp"); ok && now.After(until.Add(leeway)) {
		return false
	}
	from, ok := at("nbf")
	return !ok || !now.Before(from.Add(-leeway))
}

// claimed compares the claims. One that is not there counts as empty, and only a call without a body may lack its hash.
func (l *link) claimed(r core.WebhookRequest, claims map[string]any, secret string) bool {
	for name, want := range l.def.Sign.Claims {
		got, there := claims[name].(string)
		if !there && strings.Contains(want, "{body") && len(r.Body) == 0 {
			continue
		}
		if !there || !hmac.Equal([]byte(got), []byte(mustOver(want, l.over(r, secret)))) {
			return false
		}
	}
	return true
}
