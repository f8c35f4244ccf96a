package webchat

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"causeway/core"
)

const (
	anonymousFor = 30 * 24 * time.Hour // an anonymous visitor's token, from its last use
	provenFor    = 24 * time.Hour      // that of a user whom the site has proven, from the proof
	longestProof = 24 * time.Hour      // a JWT is taken for this long after it was made
	clockSkew    = time.Minute
	longestID    = 200
)

// visitor is who a token says its bearer is.
type visitor struct {
	ID       string `json:"v"` // Value of the identity
	Name     string `json:"n,omitempty"`
	Email    string `json:"m,omitempty"`
	Phone    string `json:"p,omitempty"`
	Page     string `json:"w,omitempty"` // where they were when the chat began
	From     string `json:"r,omitempty"` // the page before that
	Language string `json:"l,omitempty"` // of their browser, or that which the page set
	Asked    bool   `json:"f,omitempty"` // they have seen the form
	Proven   bool   `json:"u,omitempty"` // the site's server has said so
	Mailed   bool   `json:"c,omitempty"` // it has said that the address is this user's
	Expires  int64  `json:"e"`           // seconds since 1970
}

// errToken says that a token, or a proof of identity, does not count.
var errToken = errors.New("the token does not count")

// key is the visitor's identity.
func (v visitor) key(site string) core.IdentityKey {
	return core.IdentityKey{Scheme: Scheme, Scope: site, Value: v.ID}
}

// newVisitor is somebody not seen before.
func newVisitor() visitor { return visitor{ID: "a-" + core.NewToken(16)} }

// seal writes the token of a visitor, good from now on. That of a proven user ends when it would have ended, however often it is used: a new one takes a
// new proof.
func (c conf) seal(v visitor, now time.Time) string {
	switch {
	case !v.Proven:
		v.Expires = now.Add(anonymousFor).Unix()
	case v.Expires == 0:
		v.Expires = now.Add(provenFor).Unix()
	}
	body, _ := json.Marshal(v) // strings and numbers only
	text := base64.RawURLEncoding.EncodeToString(body)
	return text + "." + base64.RawURLEncoding.EncodeToString(c.mac("token", text))
}

// mac signs a text for one purpose.
func (c conf) mac(purpose, text string) []byte {
	m := hmac.New(sha256.New, []byte(c.sign.Reveal()))
	m.Write([]byte("causeway webchat\n" + c.site + "\n" + purpose + "\n" + text))
	return m.Sum(nil)
}

// open reads a token. Nothing of it is parsed before its signature is found good.
func (c conf) open(token string, now time.Time) (visitor, error) {
	text, sum, _ := strings.Cut(token, ".")
	sig, err := base64.RawURLEncoding.DecodeString(sum)
	if err != nil || !hmac.Equal(sig, c.mac("token", text)) {
		return visitor{}, errToken
	}
	var v visitor
	body, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(body, &v) != nil || v.ID == "" || now.Unix() >= v.Expires {
		return visitor{}, errToken
	}
	return v, nil
}

// proof is how a page says who its user is: a JWT, or the user's id with its HMAC-SHA256 in hex.
type proof struct {
	Token string `json:"token,omitempty"`
	ID    string `json:"id,omitempty"`
	Hash  string `json:"hash,omitempty"`
	Name  string `json:"name,omitempty"`
}

// prove returns the user of the site that a proof is of.
func (c conf) prove(p proof, now time.Time) (visitor, error) {
	switch {
	case c.identity.Empty():
		return visitor{}, errToken
	case p.Token != "":
		return c.jwt(p.Token, now)
	}
	sum, err := hex.DecodeString(p.Hash)
	m := hmac.New(sha256.New, []byte(c.identity.Reveal()))
	m.Write([]byte(p.ID))
	if err != nil || !hmac.Equal(sum, m.Sum(nil)) {
		return visitor{}, errToken
	}
	return user(visitor{ID: p.ID, Name: p.Name})
}

// claims are what we read of a JWT. Times are seconds since 1970, fractions allowed.
type claims struct {
	Subject  string  `json:"sub"`
	Name     string  `json:"name"`
	Email    string  `json:"email"`
	Verified bool    `json:"email_verified"`
	Phone    string  `json:"phone_number"`
	Expires  float64 `json:"exp"`
	Issued   float64 `json:"iat"`
	Since    float64 `json:"nbf"`
}

// jwt checks a JSON web token signed with HS256, the one algorithm taken, and never for longer than a day.
func (c conf) jwt(token string, now time.Time) (visitor, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return visitor{}, errToken
	}
	m := hmac.New(sha256.New, []byte(c.identity.Reveal()))
	m.Write([]byte(parts[0] + "." + parts[1]))
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(sig, m.Sum(nil)) {
		return visitor{}, errToken
	}
	var head struct {
		Algorithm string   `json:"alg"`
		Critical  []string `json:"crit"`
	}
	var say claims
	if segment(parts[0], &head) != nil || segment(parts[1], &say) != nil || head.Algorithm != "HS256" || len(head.Critical) > 0 || !say.current(now) {
		return visitor{}, errToken
	}
	return user(visitor{ID: say.Subject, Name: say.Name, Email: say.Email, Phone: say.Phone, Mailed: say.Verified && say.Email != ""})
}

func segment(text string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// current reports whether a JWT counts now: it must end, and soon.
func (s claims) current(now time.Time) bool {
	at, skew, day := float64(now.Unix()), clockSkew.Seconds(), longestProof.Seconds()
	begun := s.Issued
	if begun == 0 {
		begun = at
	}
	return s.Expires > at-skew && s.Expires <= begun+day+skew && begun <= at+skew && s.Since <= at+skew
}

// user makes a visitor of a user of the site.
func user(v visitor) (visitor, error) {
	if v.ID == "" || len(v.ID) > longestID || !utf8.ValidString(v.ID) || strings.IndexFunc(v.ID, unicode.IsControl) >= 0 {
		return visitor{}, errToken
	}
	v.ID, v.Proven = "u-"+v.ID, true
	v.Name, v.Email, v.Phone = clean(v.Name), clean(v.Email), clean(v.Phone)
	v.Mailed = v.Mailed && aMail.MatchString(v.Email)
	return v, nil
}

// clean makes one short line of what a page says of a person.
func clean(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
	if r := []rune(s); len(r) > longestID {
		s = string(r[:longestID])
	}
	return s
}
