package simulator

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

var errClosed = errors.New("the simulator is closed")

// wamid makes a message id in the platform's own format: Thrift-compact bytes around the remote user
// and the stanza id, in base64.
func wamid(remote string, business bool, stanza string) string {
	kind, side := byte(0x02), byte(0x12)
	if strings.ContainsFunc(remote, func(r rune) bool { return r < '0' || r > '9' }) {
		kind = 0x14 // a business-scoped user id
	}
	if business {
		side = 0x11
	}
	raw := append([]byte{0x1c, 0x18, byte(len(remote))}, remote...)
	raw = append(raw, 0x15, kind, 0x00, side, 0x18, byte(len(stanza)))
	raw = append(raw, stanza...)
	return "wamid." + base64.StdEncoding.EncodeToString(append(raw, 0x00))
}

// Stanza ids as their makers write them: the platform's API, an iPhone.
func apiStanza() string   { return randomHex(9) }
func phoneStanza() string { return "3A" + randomHex(9) }

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return strings.ToUpper(hex.EncodeToString(b))
}

// digits is a decimal id of n digits that does not begin with zero.
func digits(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	b[0] = '1' + (b[0]-'0')%9
	return string(b)
}

// fbtrace is the id that Meta puts into every error.
func fbtrace() string {
	b := make([]byte, 17)
	_, _ = rand.Read(b)
	return "A" + base64.RawURLEncoding.EncodeToString(b)
}

// onlyDigits strips what people write into phone numbers.
func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
