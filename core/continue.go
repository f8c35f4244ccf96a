package core

import (
	"crypto/rand"
	"regexp"
	"strings"
	"time"
)

// ContinueFor is how long the code counts by which a person goes on at another channel.
const ContinueFor = time.Hour

// ContinueOwner is the owner of the values by which such codes are kept, each under its own name.
const ContinueOwner = "continue"

// ContinueBody tells that whoever writes on another channel with this code is the peer. It counts once, and until then.
type ContinueBody struct {
	Code  string
	Until time.Time
}

var (
	continueCode = regexp.MustCompile(`^[a-z2-7]{10}$`)
	continueTag  = regexp.MustCompile(`(?:^|\s)#([a-z2-7]{10})(?:$|[\s.,;])`)
)

// codeWithin is where in a text a code may stand, in bytes: links put it at the beginning, and megabytes would be searched in vain.
const codeWithin = 4 << 10

// NewContinueCode returns a code that nobody guesses while it counts. It may stand in an address.
func NewContinueCode() string { return strings.ToLower(rand.Text()[:10]) }

// ContinueCode returns what may be the code that a message brings from another channel, "" if there is none: a person sends it after a "#", a link of a
// platform hands it over by itself.
func (c Content) ContinueCode() string {
	if c.Referral != nil && continueCode.MatchString(c.Referral.Ref) {
		return c.Referral.Ref
	}
	for _, text := range []string{c.Subject, c.Text} {
		if m := continueTag.FindStringSubmatch(text[:min(len(text), codeWithin)]); m != nil {
			return m[1]
		}
	}
	return ""
}
